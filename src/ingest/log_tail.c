#include "ingest/log_tail.h"

#include "ingest/log_events.h"

static void learn_control(const mw_record *record, mw_log_facts *facts) {
    if (mw_log_control_is(record, MW_CONTROL_BEGIN_VIRTUAL)) facts->is_virtual = true;
    if (record->time > facts->now) facts->now = record->time;
}

static mw_status take(const mw_log_tail *tail, mw_log_events *log_events,
                      const mw_record *record, mw_events *events, mw_error *err) {
    mw_event event;
    if (record->type == MW_RECORD_DEFINITION) return mw_log_events_learn(log_events, record, err);
    if (record->type != MW_RECORD_EVENT || record->place <= tail->after) return MW_OK;
    MW_TRY(mw_log_events_read(log_events, record, &event, err));
    return mw_events_add(events, &event, err);
}

static mw_status read_records(const mw_log_tail *tail, mw_log_scan *scan, mw_events *events,
                              mw_log_facts *facts, mw_error *err) {
    mw_log_events *log_events = NULL;
    MW_TRY(mw_log_events_create(tail->program, tail->symbols, &log_events, err));
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_record record;
        bool has_record = false;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        bool is_definition = record.type == MW_RECORD_DEFINITION;
        if (!is_definition && record.place > tail->through) break;
        if (!is_definition) facts->last_place = record.place;
        if (record.type == MW_RECORD_PREDICTION) facts->last_prediction = record.place;
        if (record.type == MW_RECORD_CONTROL) learn_control(&record, facts);
        status = take(tail, log_events, &record, events, err);
    }
    mw_log_events_destroy(log_events);
    return status;
}

mw_status mw_log_tail_read(mw_log_tail tail, mw_events *out_events, mw_log_facts *out_facts,
                           mw_error *err) {
    mw_log_facts facts = {.now = INT64_MIN, .last_place = INT64_MIN,
                          .last_prediction = INT64_MIN};
    mw_arena arena;
    mw_log_scan *scan = NULL;
    mw_status status = MW_OK;
    mw_arena_init(&arena, 1 << 16);
    if (!mw_state_is_in_memory(tail.state)) {
        const char *folder = mw_state_path(tail.state, &arena, "log");
        status = folder ? mw_log_scan_begin(mw_state_sys(tail.state), folder, INT64_MIN, &scan,
                                            err)
                        : mw_fail(err, MW_NO_MEMORY, "log: no memory to read");
        if (status == MW_OK) status = read_records(&tail, scan, out_events, &facts, err);
        mw_log_scan_end(scan);
    }
    mw_arena_release(&arena);
    if (status == MW_OK) *out_facts = facts;
    return status;
}
