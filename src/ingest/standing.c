#include "ingest/standing.h"

enum { CAPACITY_MIN = 64 };

/* A slot is 0 when free, else four times the row's number plus 4, plus 1 if the row is fresh, plus
   2 if this ingest has a row that is the same. */
enum { IS_FRESH = 1, IS_SEEN = 2, ROW = 4 };

struct mw_standing {
    const mw_stream *stream;
    const mw_stream_events *events[2]; /* lake, fresh */
    uint64_t *slots;
    size_t capacity; /* a power of two */
    size_t count;
    size_t older_begin; /* the lake's rows from here on came before its others */
};

static mw_event event_of(const mw_standing *standing, uint64_t slot) {
    return mw_stream_events_row(standing->events[slot & IS_FRESH], slot / ROW - 1);
}

static const mw_cell *cells_of(const mw_standing *standing, uint64_t slot) {
    return mw_table_row(&standing->events[slot & IS_FRESH]->rows, slot / ROW - 1);
}

static uint64_t hash_id(const mw_stream *stream, const mw_cell *cells) {
    uint64_t hash = 0;
    for (int32_t i = 0; i < stream->id_count; i++)
        hash = mw_hash_join(hash, cells[stream->id_fields[i]].bits);
    return hash;
}

static bool same_id(const mw_stream *stream, const mw_cell *a, const mw_cell *b) {
    for (int32_t i = 0; i < stream->id_count; i++)
        if (a[stream->id_fields[i]].bits != b[stream->id_fields[i]].bits) return false;
    return true;
}

/* The slot of the id, or the free one where it belongs. */
static uint64_t *find_slot(const mw_standing *standing, const mw_cell *cells) {
    size_t mask = standing->capacity - 1;
    size_t at = hash_id(standing->stream, cells) & mask;
    while (standing->slots[at] != 0 &&
           !same_id(standing->stream, cells_of(standing, standing->slots[at]), cells))
        at = (at + 1) & mask;
    return &standing->slots[at];
}

static mw_status grow(mw_standing *standing, mw_error *err) {
    size_t capacity = standing->capacity ? 2 * standing->capacity : CAPACITY_MIN;
    uint64_t *old = standing->slots;
    size_t old_capacity = standing->capacity;
    uint64_t *slots = mw_allocate(capacity * sizeof *slots);
    if (!slots) return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for %zu ids", capacity / 2);
    standing->slots = slots;
    standing->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i] != 0) *find_slot(standing, cells_of(standing, old[i])) = old[i];
    mw_free(old);
    return MW_OK;
}

/* Which of two events came first: those of the lake that were found older, then its others, then
   the fresh ones; among these by their rows. */
static bool comes_first(const mw_standing *standing, uint64_t slot, uint64_t other) {
    const uint64_t slots[] = {slot, other};
    int ranks[2];
    for (int i = 0; i < 2; i++) {
        bool is_older = slots[i] / ROW - 1 >= standing->older_begin;
        ranks[i] = slots[i] & IS_FRESH ? 2 : is_older ? 0 : 1;
    }
    return ranks[0] != ranks[1] ? ranks[0] < ranks[1] : slot / ROW < other / ROW;
}

/* The first event with an id stands, until a correction replaces it. */
static bool takes_over(const mw_standing *standing, uint64_t standing_slot, uint64_t slot) {
    mw_event before = event_of(standing, standing_slot), after = event_of(standing, slot);
    return after.replaced && (!before.replaced || after.place >= before.place);
}

static mw_status take_up(mw_standing *standing, size_t row, bool is_fresh, mw_error *err) {
    if (2 * (standing->count + 1) > standing->capacity) MW_TRY(grow(standing, err));
    uint64_t slot = ROW * ((uint64_t)row + 1) + (is_fresh ? IS_FRESH : 0);
    uint64_t *at = find_slot(standing, cells_of(standing, slot));
    if (*at != 0) {
        bool is_replaced = comes_first(standing, slot, *at) ? !takes_over(standing, slot, *at)
                                                            : takes_over(standing, *at, slot);
        if (is_replaced) *at = slot | (*at & IS_SEEN);
        return MW_OK;
    }
    *at = slot;
    standing->count++;
    return MW_OK;
}

mw_status mw_standing_create(const mw_stream *stream, int32_t number, const mw_events *lake,
                             const mw_events *fresh, mw_standing **out_standing, mw_error *err) {
    MW_ASSERT(stream->id_count > 0);
    mw_standing *standing = mw_allocate(sizeof *standing);
    if (!standing) return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for ids");
    standing->stream = stream;
    standing->older_begin = SIZE_MAX;
    standing->events[0] = &lake->streams[number];
    standing->events[1] = &fresh->streams[number];
    mw_status status = grow(standing, err);
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; status == MW_OK && i < standing->events[side]->rows.row_count; i++)
            status = take_up(standing, i, side == 1, err);
    if (status != MW_OK) {
        mw_standing_destroy(standing);
        return status;
    }
    *out_standing = standing;
    return MW_OK;
}

mw_stands mw_standing_find(const mw_standing *standing, const mw_event *event) {
    uint64_t slot = *find_slot(standing, event->row);
    if (slot == 0) return MW_STANDS_NOT;
    mw_event stands = event_of(standing, slot);
    bool is_equal = stands.time == event->time && stands.known == event->known;
    size_t count = standing->events[0]->rows.schema->field_count - standing->stream->entry_count;
    for (size_t i = 0; is_equal && i < count; i++)
        is_equal = stands.row[i].bits == event->row[i].bits;
    bool is_here = (slot & (IS_FRESH | IS_SEEN)) != 0;
    if (is_here) return is_equal ? MW_STANDS_FRESH : MW_STANDS_FRESH_OTHERWISE;
    return is_equal ? MW_STANDS_IN_LAKE : MW_STANDS_OTHERWISE;
}

void mw_standing_see(mw_standing *standing, const mw_event *event) {
    uint64_t *slot = find_slot(standing, event->row);
    MW_ASSERT(*slot != 0);
    *slot |= IS_SEEN;
}

void mw_standing_correct(const mw_standing *standing, mw_event *event) {
    mw_event stands = event_of(standing, *find_slot(standing, event->row));
    event->replaced = stands.row;
    event->replaced_time = stands.time;
    event->replaced_from = mw_event_counts_from(&stands);
}

mw_event mw_standing_of(const mw_standing *standing, const mw_event *event, size_t *out_row) {
    uint64_t slot = *find_slot(standing, event->row);
    MW_ASSERT(slot != 0 && (slot & IS_FRESH) == 0);
    *out_row = slot / ROW - 1;
    return event_of(standing, slot);
}

mw_status mw_standing_add(mw_standing *standing, mw_error *err) {
    size_t count = standing->events[1]->rows.row_count;
    MW_ASSERT(count > 0);
    return take_up(standing, count - 1, true, err);
}

mw_status mw_standing_add_older(mw_standing *standing, size_t row, mw_error *err) {
    size_t end = standing->events[0]->rows.row_count;
    if (row < standing->older_begin) standing->older_begin = row;
    for (size_t i = row; i < end; i++) MW_TRY(take_up(standing, i, false, err));
    return MW_OK;
}

void mw_standing_destroy(mw_standing *standing) {
    if (!standing) return;
    mw_free(standing->slots);
    mw_free(standing);
}
