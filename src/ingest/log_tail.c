#include "ingest/log_tail.h"

#include "store/saved_log.h"
#include "sys/pace.h"

static void learn_control(const mw_record *record, mw_log_facts *facts) {
    if (mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL)) facts->is_virtual = true;
    if (record->time > facts->now) facts->now = record->time;
}

typedef struct {
    const mw_log_tail *tail;
    mw_log_events *log_events;
    mw_events *events;
    mw_log_facts facts;
} reading;

static mw_status take_event(reading *it, const mw_record *record, mw_error *err) {
    mw_event event;
    mw_log_facts *facts = &it->facts;
    if (record->place <= it->tail->lake->log_through) return MW_OK;
    mw_log_digest_add(&facts->digest, mw_log_events_meaning(it->log_events, record), record);
    facts->last_event = record->place;
    if (mw_log_events_is_foreign(it->log_events, record)) {
        if (facts->first_foreign == INT64_MAX) facts->first_foreign = record->place;
        return MW_OK;
    }
    MW_TRY(mw_log_events_read(it->log_events, record, &event, err));
    return mw_events_add(it->events, &event, err);
}

static mw_status take(reading *it, const mw_record *record, mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION)
        return mw_log_events_learn(it->log_events, record, err);
    it->facts.last_place = record->place;
    if (record->type == MW_RECORD_PREDICTION) it->facts.last_prediction = record->place;
    if (record->type == MW_RECORD_CONTROL) learn_control(record, &it->facts);
    return record->type == MW_RECORD_EVENT ? take_event(it, record, err) : MW_OK;
}

static mw_status read_records(reading *it, mw_log_scan *scan, mw_error *err) {
    const mw_log_tail *tail = it->tail;
    MW_TRY(mw_log_events_create(tail->program, tail->symbols, &it->log_events, err));
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_record record;
        bool has_record = false;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        if (record.type != MW_RECORD_DEFINITION && record.place > tail->through) break;
        status = take(it, &record, err);
        mw_pace_breathe();
    }
    mw_log_events_destroy(it->log_events);
    return status;
}

mw_status mw_log_tail_check(mw_state *state, mw_error *err) {
    mw_arena arena;
    if (mw_state_is_in_memory(state)) return MW_OK;
    mw_arena_init(&arena, 1 << 16);
    mw_checkpoints saved = {mw_state_sys(state), mw_state_path(state, &arena, "checkpoints")};
    const char *folder = mw_state_path(state, &arena, "log");
    mw_status status = folder && saved.folder
                           ? mw_saved_log_check(saved, folder, err)
                           : mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    mw_arena_release(&arena);
    return status;
}

mw_status mw_log_tail_end(mw_state *state, mw_log_position *out_end, mw_error *err) {
    mw_arena arena;
    *out_end = (mw_log_position){INT64_MIN, 0};
    if (mw_state_is_in_memory(state)) return MW_OK;
    mw_arena_init(&arena, 1 << 16);
    const char *folder = mw_state_path(state, &arena, "log");
    mw_status status = folder ? mw_log_end(mw_state_sys(state), folder, out_end, err)
                              : mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
    mw_arena_release(&arena);
    return status;
}

mw_status mw_log_tail_read(mw_log_tail tail, mw_events *out_events, mw_log_facts *out_facts,
                           mw_error *err) {
    reading it = {.tail = &tail,
                  .events = out_events,
                  .facts = {.now = INT64_MIN,
                            .last_place = INT64_MIN,
                            .last_event = INT64_MIN,
                            .first_foreign = INT64_MAX,
                            .last_prediction = INT64_MIN,
                            .digest = mw_log_digest_of_lake(tail.lake)}};
    mw_arena arena;
    mw_log_scan *scan = NULL;
    mw_status status = MW_OK;
    MW_TRY(mw_log_tail_check(tail.state, err));
    mw_arena_init(&arena, 1 << 16);
    if (!mw_state_is_in_memory(tail.state)) {
        const char *folder = mw_state_path(tail.state, &arena, "log");
        status = folder ? mw_log_scan_begin(mw_state_sys(tail.state), folder, INT64_MIN, &scan,
                                            err)
                        : mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
        if (status == MW_OK) mw_log_scan_until(scan, tail.end);
        if (status == MW_OK) status = read_records(&it, scan, err);
        mw_log_scan_end(scan);
    }
    mw_arena_release(&arena);
    if (status == MW_OK) *out_facts = it.facts;
    return status;
}
