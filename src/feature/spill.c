#include "feature/spill.h"

#include "base/hash.h"

#include <string.h>

/* A record: u32 CRC32C of its place, the tag and the piece; u32 0; u64 tag; the piece. */
enum { HEAD_SIZE = 16, CHECKED_FROM = 8, SMALLEST_BITS = 5, CLASSES_BITS = 3 };
#define SLOTS_MAX ((size_t)1 << 40)

void mw_spill_init(mw_spill *spill, mw_spill_disk *disk) {
    MW_ASSERT(disk);
    *spill = (mw_spill){.disk = disk};
}

static mw_status open_file(mw_spill *spill, mw_error *err) {
    if (spill->is_open) return MW_OK;
    MW_TRY(spill->disk->open(spill->disk, &spill->file, err));
    spill->is_open = true;
    return MW_OK;
}

/* The class of the smallest slots that hold a record of that size, and their size. */
static size_t class_of(size_t size, size_t *out_slot_size) {
    if (size < 1 << SMALLEST_BITS) size = 1 << SMALLEST_BITS;
    size_t step_bits = (size_t)(63 - __builtin_clzll(size)) - CLASSES_BITS;
    size_t steps = (size + ((size_t)1 << step_bits) - 1) >> step_bits; /* 8 to 16 */
    size_t number = (step_bits - (SMALLEST_BITS - CLASSES_BITS)) * (1 << CLASSES_BITS) + steps -
                    (1 << CLASSES_BITS);
    MW_ASSERT(number < MW_SPILL_CLASSES);
    *out_slot_size = steps << step_bits;
    return number;
}

static bool make_room(mw_spill *spill, size_t size) {
    return mw_grow((void **)&spill->room, &spill->room_size, size, 1, SIZE_MAX / 2);
}

/* A free slot, or a new one at the end; false if memory is out. */
static bool take_slot(mw_spill *spill, size_t size, uint64_t *out_offset) {
    size_t slot_size;
    mw_spill_slots *slots = &spill->slots[class_of(size, &slot_size)];
    if (slots->count > 0) {
        *out_offset = slots->free[--slots->count];
        return true;
    }
    if (!mw_grow((void **)&slots->free, &slots->capacity, slots->slot_count + 1,
                 sizeof *slots->free, SLOTS_MAX))
        return false;
    slots->slot_count++;
    *out_offset = spill->end;
    spill->end += slot_size;
    return true;
}

static void give_slot(mw_spill *spill, size_t size, uint64_t offset) {
    size_t slot_size;
    mw_spill_slots *slots = &spill->slots[class_of(size, &slot_size)];
    MW_ASSERT(slots->count < slots->slot_count);
    slots->free[slots->count++] = offset;
}

static uint32_t checksum(uint64_t offset, const char *record, size_t size) {
    uint32_t crc = mw_crc32c(0, &offset, sizeof offset);
    return mw_crc32c(crc, record + CHECKED_FROM, size - CHECKED_FROM);
}

mw_status mw_spill_put(mw_spill *spill, uint64_t tag, mw_str bytes, uint64_t *out_place,
                       mw_error *err) {
    size_t size = HEAD_SIZE + bytes.size;
    uint64_t offset;
    MW_TRY(open_file(spill, err));
    if (!make_room(spill, size) || !take_slot(spill, size, &offset))
        return mw_fail(err, MW_NO_MEMORY, "features: no memory to spill %zu bytes", bytes.size);
    char *record = spill->room;
    memset(record, 0, CHECKED_FROM);
    memcpy(record + CHECKED_FROM, &tag, sizeof tag);
    memcpy(record + HEAD_SIZE, bytes.data, bytes.size);
    uint32_t crc = checksum(offset, record, size);
    memcpy(record, &crc, sizeof crc);
    mw_status status =
        spill->disk->write(spill->disk, spill->file, offset, (mw_str){record, size}, err);
    if (status != MW_OK) {
        give_slot(spill, size, offset);
        return status;
    }
    spill->count++;
    spill->size += bytes.size;
    *out_place = offset;
    return MW_OK;
}

mw_status mw_spill_look(mw_spill *spill, uint64_t place, size_t size, uint64_t *out_tag,
                        const void **out_bytes, mw_error *err) {
    size_t whole = HEAD_SIZE + size;
    if (!make_room(spill, whole))
        return mw_fail(err, MW_NO_MEMORY, "features: no memory to have %zu bytes back", size);
    MW_TRY(spill->disk->read(spill->disk, spill->file, place, spill->room, whole, err));
    uint32_t crc;
    memcpy(&crc, spill->room, sizeof crc);
    if (crc != checksum(place, spill->room, whole))
        return mw_hint(err,
                       mw_fail(err, MW_CORRUPT,
                               "features: %zu spilled bytes came back otherwise", size),
                       "Its disk is failing. Start again: state is made anew from the log.");
    memcpy(out_tag, spill->room + CHECKED_FROM, sizeof *out_tag);
    *out_bytes = spill->room + HEAD_SIZE;
    return MW_OK;
}

void mw_spill_drop(mw_spill *spill, uint64_t place, size_t size) {
    MW_ASSERT(spill->count > 0 && spill->size >= size);
    give_slot(spill, HEAD_SIZE + size, place);
    spill->count--;
    spill->size -= size;
}

void mw_spill_release(mw_spill *spill) {
    for (size_t i = 0; i < MW_SPILL_CLASSES; i++) mw_free(spill->slots[i].free);
    mw_free(spill->room);
    if (spill->is_open) spill->disk->close(spill->disk, spill->file);
    mw_spill_init(spill, spill->disk);
}
