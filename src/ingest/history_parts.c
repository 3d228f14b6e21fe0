#include "ingest/history_parts.h"

#include <stdlib.h>

enum { PART_EVENTS_USUAL = 1 << 18, FRESH_GROUP_EVENTS = 1 << 16 };

struct mw_history_parts {
    mw_event_parts parts; /* first: a mw_event_parts is cast back to this */
    mw_history_parts_wish wish;
    mw_lake_snapshot lake;
    mw_events fresh;       /* that the log alone has */
    size_t fresh_given;    /* so many, in their order */
    mw_lake_groups groups; /* of all streams and of these, by their last place */
    size_t *counts;        /* events of each stream */
    mw_events given[2];    /* the part that was given last, and the one before */
    size_t part_count;     /* that were given */
    int64_t after;         /* events up to this place were given */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "history: no memory to read it in parts");
}

/* --- where parts end ------------------------------------------------------------------------ */

static int by_last(const void *a, const void *b) {
    const mw_lake_group *one = a, *other = b;
    return (one->last > other->last) - (one->last < other->last);
}

/* About how many events of a group lie behind a place and up to another. */
static double share_within(const mw_lake_group *group, int64_t after, int64_t through) {
    if (group->last <= after || group->first > through) return 0;
    double span = (double)group->last - (double)group->first + 1;
    double from = (double)(group->first > after + 1 ? group->first : after + 1);
    double to = (double)(group->last < through ? group->last : through);
    return (double)group->count * (to - from + 1) / span;
}

/* The last place of the next part: where a group ends, so that little is read twice. */
static int64_t next_end(const mw_history_parts *it, int64_t after) {
    int64_t end = INT64_MIN;
    for (size_t i = 0; i < it->groups.count; i++) {
        int64_t last = it->groups.items[i].last;
        double events = 0;
        if (last <= after || last == end) continue;
        for (size_t k = 0; k < it->groups.count; k++)
            events += share_within(&it->groups.items[k], after, last);
        if (end != INT64_MIN && events > (double)it->wish.part_events) break;
        end = last;
    }
    return end;
}

/* --- reading -------------------------------------------------------------------------------- */

static mw_status add_fresh(mw_history_parts *it, int64_t through, mw_events *part,
                           mw_error *err) {
    for (; it->fresh_given < it->fresh.event_count; it->fresh_given++) {
        mw_event event = mw_events_at(&it->fresh, it->fresh_given);
        if (event.place > through) break;
        MW_TRY(mw_events_add(part, &event, err));
    }
    return MW_OK;
}

static mw_status read_through(mw_history_parts *it, int64_t through, mw_events *part,
                              mw_error *err) {
    const mw_program *program = it->wish.program;
    for (size_t s = 0; s < program->stream_count; s++) {
        mw_lake_wish wish = {program->streams[s].name, (int32_t)s, it->wish.symbols, it->after, 0};
        MW_TRY(mw_lake_read_through(mw_state_lake(it->wish.state), &it->lake, wish, through, part,
                                    err));
    }
    it->after = through;
    return add_fresh(it, through, part, err);
}

static mw_status next_part(mw_event_parts *parts, const mw_events **out_part, mw_error *err) {
    mw_history_parts *it = (mw_history_parts *)parts;
    mw_events *part = &it->given[it->part_count % 2];
    *out_part = NULL;
    if (it->after >= parts->last_place) return MW_OK; /* what was given stands */
    for (size_t s = 0; s < part->stream_count; s++) mw_events_clear_stream(part, (int32_t)s);
    while (part->event_count < MW_PART_EVENTS_MIN && it->after < parts->last_place)
        MW_TRY(read_through(it, next_end(it, it->after), part, err));
    if (part->event_count == 0) return MW_OK;
    if (parts->counts_in_place && !mw_events_count_in_place(part))
        return mw_fail(err, MW_CORRUPT, "lake: an event is known after its place in history");
    MW_TRY(mw_events_sort(part, err));
    it->part_count++;
    *out_part = part;
    return MW_OK;
}

/* --- life ----------------------------------------------------------------------------------- */

static mw_status list_fresh(mw_history_parts *it, mw_error *err) {
    const mw_events *fresh = &it->fresh;
    for (size_t s = 0; s < fresh->stream_count; s++)
        it->counts[s] += fresh->streams[s].rows.row_count;
    for (size_t from = 0; from < fresh->event_count; from += FRESH_GROUP_EVENTS) {
        size_t count = fresh->event_count - from;
        if (count > FRESH_GROUP_EVENTS) count = FRESH_GROUP_EVENTS;
        mw_lake_group group = {mw_events_place_at(fresh, from),
                               mw_events_place_at(fresh, from + count - 1), count};
        MW_TRY(mw_lake_add_group(&it->groups, group, err));
    }
    return MW_OK;
}

static mw_status list_groups(mw_history_parts *it, mw_error *err) {
    const mw_program *program = it->wish.program;
    for (size_t s = 0, from = 0; s < program->stream_count; s++, from = it->groups.count) {
        MW_TRY(mw_lake_list_groups(mw_state_lake(it->wish.state), &it->lake,
                                   program->streams[s].name, &it->groups, err));
        for (; from < it->groups.count; from++) it->counts[s] += it->groups.items[from].count;
    }
    return list_fresh(it, err);
}

/* Where it begins and ends. */
static void take_bounds(mw_history_parts *it) {
    int64_t first = INT64_MAX;
    it->parts.last_place = INT64_MIN;
    for (size_t i = 0; i < it->groups.count; i++) {
        if (it->groups.items[i].first < first) first = it->groups.items[i].first;
        if (it->groups.items[i].last > it->parts.last_place)
            it->parts.last_place = it->groups.items[i].last;
    }
    it->after = first == INT64_MAX ? first : first - 1;
    if (it->groups.count > 0)
        qsort(it->groups.items, it->groups.count, sizeof *it->groups.items, by_last);
}

static mw_status fill(mw_history_parts *it, mw_history *out_history, mw_error *err) {
    const mw_history_parts_wish *wish = &it->wish;
    mw_load_wish fresh = {wish->state, wish->program, wish->symbols, INT64_MIN};
    bool lake_counts = false;
    for (size_t i = 0; i < wish->program->source_count; i++)
        MW_TRY(mw_source_check(wish->state, wish->program, (int32_t)i, err));
    MW_TRY(mw_history_load_fresh(fresh, INT64_MAX, out_history, &it->fresh, err));
    it->lake = out_history->lake;
    it->counts = mw_allocate((wish->program->stream_count + 1) * sizeof *it->counts);
    if (!it->counts) return no_memory(err);
    for (size_t i = 0; i < 2; i++) MW_TRY(mw_program_events(wish->program, &it->given[i], err));
    MW_TRY(mw_lake_counts_in_place(mw_state_lake(wish->state), &it->lake, &lake_counts, err));
    it->parts.counts_in_place = lake_counts && mw_events_count_in_place(&it->fresh);
    MW_TRY(list_groups(it, err));
    take_bounds(it);
    return MW_OK;
}

mw_status mw_history_parts_open(mw_history_parts_wish wish, mw_history *out_history,
                                mw_history_parts **out_parts, mw_error *err) {
    mw_history_parts *it = mw_allocate(sizeof *it);
    if (!it) return no_memory(err);
    mw_history history;
    *it = (mw_history_parts){.parts = {.next = next_part}, .wish = wish};
    if (wish.part_events == 0) it->wish.part_events = PART_EVENTS_USUAL;
    mw_status status = fill(it, &history, err);
    if (status != MW_OK) {
        mw_history_parts_close(it);
        return status;
    }
    *out_history = history;
    *out_parts = it;
    return MW_OK;
}

mw_event_parts *mw_history_parts_events(mw_history_parts *parts) {
    return &parts->parts;
}

int64_t mw_history_parts_first_place(const mw_history_parts *parts) {
    return parts->part_count == 0 && parts->groups.count > 0 ? parts->after + 1 : INT64_MAX;
}

size_t mw_history_parts_count(const mw_history_parts *parts, int32_t stream) {
    return parts->counts[stream];
}

void mw_history_parts_close(mw_history_parts *parts) {
    if (!parts) return;
    for (size_t i = 0; i < 2; i++) mw_events_release(&parts->given[i]);
    mw_events_release(&parts->fresh);
    mw_free(parts->groups.items);
    mw_free(parts->counts);
    mw_free(parts);
}
