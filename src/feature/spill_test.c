#include "feature/spill.h"

#include "base/prng.h"
#include "feature/memory_disk_test.h"

enum { PIECES = 60, SIZE_SMALL = 200, SIZE_LARGE = 20000 };

typedef struct {
    char bytes[SIZE_LARGE];
    size_t size;
    uint64_t place, tag;
    bool is_out;
} piece;

static mw_status put(mw_spill *spill, piece *p, uint64_t *prng) {
    p->size = mw_prng_below(prng, mw_prng_below(prng, 4) == 0 ? SIZE_LARGE : SIZE_SMALL);
    p->tag = mw_prng_next(prng);
    for (size_t i = 0; i < p->size; i++) p->bytes[i] = (char)mw_prng_next(prng);
    MW_TRY(mw_spill_put(spill, p->tag, (mw_str){p->bytes, p->size}, &p->place, NULL));
    p->is_out = true;
    return MW_OK;
}

static void check(mw_spill *spill, const piece *p) {
    uint64_t tag;
    const void *bytes;
    MW_CHECK_OK(mw_spill_look(spill, p->place, p->size, &tag, &bytes, NULL), NULL);
    MW_CHECK(tag == p->tag && memcmp(bytes, p->bytes, p->size) == 0);
}

/* Pieces go out and come back at random; what is out stays as it was, and the file holds little
   more than was out at once. */
MW_TEST(spill_gives_back_what_was_put_out) {
    static piece pieces[PIECES];
    memory_disk disk;
    mw_spill spill;
    memory_disk_init(&disk);
    mw_spill_init(&spill, &disk.disk);
    uint64_t prng = mw_test_seed(), size_max = 0;
    for (size_t i = 0; i < 5000; i++) {
        piece *p = &pieces[mw_prng_below(&prng, PIECES)];
        if (!p->is_out) {
            MW_CHECK_OK(put(&spill, p, &prng), NULL);
        } else {
            check(&spill, p);
            mw_spill_drop(&spill, p->place, p->size);
            p->is_out = false;
        }
        if (spill.size > size_max) size_max = spill.size;
    }
    size_t count = 0;
    for (size_t i = 0; i < PIECES; i++) count += pieces[i].is_out;
    for (size_t i = 0; i < PIECES; i++)
        if (pieces[i].is_out) check(&spill, &pieces[i]);
    MW_CHECK_EQUAL_INT(spill.count, count);
    MW_CHECK(spill.end < 5 * size_max && disk.files[0].size <= spill.end);
    mw_spill_release(&spill);
    memory_disk_release(&disk);
    memset(pieces, 0, sizeof pieces);
}

MW_TEST(spill_knows_when_bytes_have_changed_or_stand_elsewhere) {
    static piece one, other;
    memory_disk disk;
    mw_spill spill;
    mw_error err;
    memory_disk_init(&disk);
    mw_spill_init(&spill, &disk.disk);
    uint64_t prng = 7, tag;
    const void *bytes;
    MW_CHECK_OK(put(&spill, &one, &prng), NULL);
    do MW_CHECK_OK(put(&spill, &other, &prng), NULL);
    while (other.size < one.size);
    char *file = disk.files[0].data;
    for (size_t at = 0; at < one.size + 16; at += 1 + one.size / 50) {
        file[one.place + at] ^= 4;
        bool is_unused = at >= 4 && at < 8;
        MW_CHECK(mw_spill_look(&spill, one.place, one.size, &tag, &bytes, &err) ==
                 (is_unused ? MW_OK : MW_CORRUPT));
        file[one.place + at] ^= 4;
    }
    memcpy(file + other.place, file + one.place, one.size + 16);
    MW_CHECK(mw_spill_look(&spill, other.place, one.size, &tag, &bytes, &err) == MW_CORRUPT);
    MW_CHECK(strstr(err.message, " spilled bytes came back otherwise"));
    check(&spill, &one);
    mw_spill_release(&spill);
    memory_disk_release(&disk);
}

/* A piece that could not be put out takes no room. */
MW_TEST(spill_goes_on_after_a_failure) {
    static piece p;
    memory_disk disk;
    mw_spill spill;
    memory_disk_init(&disk);
    mw_spill_init(&spill, &disk.disk);
    uint64_t prng = 7;
    disk.failure = MW_NO_SPACE;
    for (disk.failing_call = 1; disk.failing_call <= 3; disk.failing_call++, prng = 7)
        MW_CHECK(put(&spill, &p, &prng) == MW_NO_SPACE && spill.count == 0);
    disk.failing_call = 0;
    MW_CHECK_OK(put(&spill, &p, &prng), NULL);
    MW_CHECK_EQUAL_INT(p.place, 0);
    check(&spill, &p);
    mw_spill_release(&spill);
    memory_disk_release(&disk);
}
