#include "feature/rounds.h"

void mw_rounds_init(mw_rounds *rounds, const mw_schedule *schedule, const mw_zone *zone) {
    *rounds = (mw_rounds){
        .schedule = schedule, .zone = zone, .from = INT64_MIN, .to = INT64_MAX, .next = INT64_MAX};
    mw_key_list_init(&rounds->keys, (size_t)schedule->key_count);
}

/* The first beat after `us` that is to be met. */
static int64_t beat_after(const mw_rounds *rounds, int64_t us) {
    if (us < rounds->from) us = rounds->from - 1;
    int64_t beat = mw_beat_after(rounds->schedule->beat, rounds->zone, us);
    return beat < rounds->to ? beat : INT64_MAX;
}

void mw_rounds_limit(mw_rounds *rounds, int64_t from, int64_t to) {
    MW_ASSERT(rounds->keys.count == 0);
    rounds->from = from;
    rounds->to = to;
}

static bool note(mw_rounds *rounds, const mw_cell *key, int64_t time) {
    size_t number = mw_key_list_find(&rounds->keys, key);
    if (number != MW_KEY_NONE) {
        if (time > rounds->times[number]) rounds->times[number] = time;
        return true;
    }
    size_t needed = rounds->keys.count + 1;
    if (!mw_grow((void **)&rounds->times, &rounds->time_capacity, needed, sizeof *rounds->times,
                 SIZE_MAX / sizeof *rounds->times) ||
        !mw_grow((void **)&rounds->is_kept, &rounds->kept_capacity, needed,
                 sizeof *rounds->is_kept, SIZE_MAX / sizeof *rounds->is_kept) ||
        !mw_key_list_add(&rounds->keys, key))
        return false;
    rounds->times[needed - 1] = time;
    return true;
}

bool mw_rounds_add(mw_rounds *rounds, const mw_event *event) {
    const mw_schedule *schedule = rounds->schedule;
    mw_cell key[MW_KEYS_MAX];
    for (int32_t i = 0; i < schedule->key_count; i++) key[i] = event->row[schedule->keys[i]];
    if (!note(rounds, key, event->time)) return false;
    /* An event that is placed at a beat is not known there yet (rule 2). */
    if (rounds->next == INT64_MAX) rounds->next = beat_after(rounds, event->place);
    return true;
}

size_t mw_rounds_moments_of_key(const mw_rounds *rounds) {
    const mw_schedule *schedule = rounds->schedule;
    if (schedule->ahead_first_us == 0) return 1;
    return (size_t)(schedule->ahead_last_us / schedule->ahead_first_us);
}

void mw_rounds_fill(const mw_rounds *rounds, size_t key, size_t index, mw_cell *row) {
    const mw_schedule *schedule = rounds->schedule;
    const mw_cell *cells = mw_key_list_at(&rounds->keys, key);
    for (int32_t i = 0; i < schedule->key_count; i++) row[i] = cells[i];
    row[schedule->key_count] = mw_cell_time(rounds->next);
    if (schedule->ahead_first_us > 0)
        row[schedule->key_count + 1] =
            mw_cell_time(schedule->ahead_first_us * ((int64_t)index + 1));
}

static void sweep(mw_rounds *rounds, int64_t time) {
    size_t kept = 0;
    for (size_t i = 0; i < rounds->keys.count; i++) {
        rounds->is_kept[i] = rounds->times[i] >= time;
        if (rounds->is_kept[i]) rounds->times[kept++] = rounds->times[i];
    }
    mw_key_list_keep(&rounds->keys, rounds->is_kept);
}

void mw_rounds_pass(mw_rounds *rounds) {
    int64_t over_us = rounds->schedule->over_us;
    if (over_us > 0) sweep(rounds, rounds->next - over_us);
    rounds->next = rounds->keys.count > 0 ? beat_after(rounds, rounds->next) : INT64_MAX;
}

void mw_rounds_release(mw_rounds *rounds) {
    mw_key_list_release(&rounds->keys);
    mw_free(rounds->times);
    mw_free(rounds->is_kept);
}

void mw_rounds_save(const mw_rounds *rounds, const mw_schema *row, const mw_symbols *symbols,
                    mw_buf *out) {
    mw_buf_append_u64(out, (uint64_t)rounds->next);
    mw_buf_append_u32(out, (uint32_t)rounds->keys.count);
    for (size_t i = 0; i < rounds->keys.count; i++) {
        const mw_cell *key = mw_key_list_at(&rounds->keys, i);
        for (int32_t k = 0; k < rounds->schedule->key_count; k++)
            mw_cell_append_canonical(out, row->fields[k].type, key[k], symbols);
        mw_buf_append_u64(out, (uint64_t)rounds->times[i]);
    }
}

mw_status mw_rounds_load(mw_rounds *rounds, const mw_schema *row, mw_symbols *symbols,
                         mw_reader *in, mw_error *err) {
    MW_ASSERT(rounds->keys.count == 0);
    int64_t next = (int64_t)mw_read_u64(in);
    uint32_t count = mw_read_u32(in);
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        mw_cell key[MW_KEYS_MAX];
        bool is_good = true;
        for (int32_t k = 0; is_good && k < rounds->schedule->key_count; k++)
            is_good = mw_cell_read_canonical(in, row->fields[k].type, symbols, &key[k]);
        int64_t time = (int64_t)mw_read_u64(in);
        if (!is_good || in->failed || mw_key_list_find(&rounds->keys, key) != MW_KEY_NONE)
            return mw_fail(err, MW_CORRUPT, "schedule: its bytes break their format");
        if (!note(rounds, key, time))
            return mw_fail(err, MW_NO_MEMORY, "schedule: no memory for another key");
    }
    if (in->failed) return mw_fail(err, MW_CORRUPT, "schedule: its bytes break their format");
    rounds->next = count > 0 && next < rounds->to ? next : INT64_MAX;
    return MW_OK;
}
