/*
 * Recovery: what a log and a history say, told to a sequencer that knows nothing yet.
 *
 * The log is read twice. A survey learns where it begins, under which clock it was made and what
 * was predicted; then its events are fed in the order of their places, together with history,
 * while the moments that fall due pass: what was made of them stands in the log. Moments that
 * fell due after its last record are met by the sequencer afterwards, as if time had stood still.
 */
#include <yyjson.h>

#include "serve/sequencer_state.h"

enum { MEANING_SIZE_MAX = 1 << 20, NO_STREAM = -1 };

typedef struct {
    mw_sequencer *sequencer;
    mw_arena arena;
    int32_t *streams; /* by the log's stream number: the program's stream, or NO_STREAM */
    mw_str *meanings; /* of the program's streams */
    mw_cell **rows;   /* one a stream of the program, to read events into */
    bool has_begun, is_virtual;
} recovery;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "recovery: no memory");
}

/* --- what stream numbers mean ----------------------------------------------------------- */

static void append_meaning(mw_buf *out, const mw_stream *stream) {
    mw_buf_append_u32(out, (uint32_t)stream->name.size);
    mw_buf_append_str(out, stream->name);
    for (size_t i = 0; i < stream->schema.field_count; i++) {
        const mw_field *field = &stream->schema.fields[i];
        mw_buf_append_u32(out, (uint32_t)field->type);
        mw_buf_append_u32(out, (uint32_t)field->name.size);
        mw_buf_append_str(out, field->name);
    }
}

static mw_status word_meanings(recovery *r, mw_error *err) {
    const mw_program *program = r->sequencer->config.program;
    mw_buf meaning;
    mw_buf_init(&meaning, MEANING_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < program->stream_count; i++) {
        const mw_schema *schema = &program->streams[i].schema;
        mw_buf_clear(&meaning);
        append_meaning(&meaning, &program->streams[i]);
        status = mw_buf_check(&meaning, "a stream's definition", err);
        if (status != MW_OK) break;
        r->meanings[i] = mw_str_copy(&r->arena, mw_buf_str(&meaning));
        r->rows[i] = mw_arena_alloc(&r->arena, schema->field_count + 1, sizeof(mw_cell));
        if (!r->meanings[i].data || !r->rows[i]) status = no_memory(err);
    }
    mw_buf_release(&meaning);
    return status;
}

static mw_status learn_definition(recovery *r, const mw_record *record, mw_error *err) {
    if (record->stream >= MW_STREAMS_MAX)
        return mw_fail(err, MW_CORRUPT, "log: there is no stream %u", record->stream);
    r->streams[record->stream] = NO_STREAM;
    for (size_t i = 0; i < r->sequencer->config.program->stream_count; i++)
        if (mw_str_equal(r->meanings[i], record->payload))
            r->streams[record->stream] = (int32_t)i;
    return MW_OK;
}

static mw_status define_streams(recovery *r, mw_error *err) {
    for (size_t i = 0; i < r->sequencer->config.program->stream_count; i++)
        MW_TRY(mw_log_define(r->sequencer->log, (uint32_t)i, r->meanings[i], err));
    return MW_OK;
}

/* --- the survey --------------------------------------------------------------------------- */

static bool control_is(mw_str payload, const char *kind) {
    yyjson_doc *doc = yyjson_read(payload.data, payload.size, 0);
    bool is_kind = yyjson_equals_str(yyjson_obj_get(yyjson_doc_get_root(doc), "kind"), kind);
    yyjson_doc_free(doc);
    return is_kind;
}

static void survey_control(recovery *r, const mw_record *record) {
    mw_sequencer *sequencer = r->sequencer;
    bool is_virtual = control_is(record->payload, MW_CONTROL_BEGIN_VIRTUAL);
    if (is_virtual || control_is(record->payload, MW_CONTROL_BEGIN_WALL)) {
        r->has_begun = true;
        r->is_virtual = is_virtual;
        sequencer->begin = record->place;
    }
    if (record->time > sequencer->now_us) sequencer->now_us = record->time;
}

static mw_status survey_prediction(recovery *r, const mw_record *record, mw_error *err) {
    const mw_program *program = r->sequencer->config.program;
    mw_prediction prediction;
    MW_TRY(mw_prediction_read_head(record->payload, &prediction, err));
    uint32_t model = 0;
    while (model < program->model_count &&
           !mw_str_equal(program->models[model].name, prediction.model))
        model++;
    mw_ledger_entry entry = {record->place, model, prediction.event_id, record->payload};
    return mw_ledger_add(r->sequencer->ledger, &entry, err);
}

static mw_status survey(recovery *r, const mw_record *record, mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION) return MW_OK;
    r->sequencer->last_place = record->place;
    if (record->type == MW_RECORD_CONTROL) survey_control(r, record);
    return record->type == MW_RECORD_PREDICTION ? survey_prediction(r, record, err) : MW_OK;
}

static mw_status check_clock(const recovery *r, mw_error *err) {
    if (!r->has_begun || r->is_virtual == r->sequencer->config.is_virtual) return MW_OK;
    const char *had = r->is_virtual ? "a virtual" : "the wall";
    mw_status status = mw_fail(err, MW_CONFLICT, "clock: the log was made under %s clock", had);
    return mw_hint(err, status, r->is_virtual ? "Go on with serve --clock TIME."
                                              : "A virtual clock needs a log of its own: copy "
                                                "the project without its log.");
}

/* --- feeding ------------------------------------------------------------------------------ */

static mw_status read_event(const recovery *r, const mw_record *record, mw_event *out_event,
                            mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    int32_t stream = record->stream < MW_STREAMS_MAX ? r->streams[record->stream] : NO_STREAM;
    if (stream == NO_STREAM) {
        mw_status status = mw_fail(err, MW_CONFLICT,
                                   "log: its events have fields that the project file no longer "
                                   "gives to their stream");
        return mw_hint(err, status, "Undo the change of the stream, or begin a new log.");
    }
    const mw_schema *schema = &sequencer->config.program->streams[stream].schema;
    mw_reader reader = {.rest = record->payload};
    for (size_t i = 0; i < schema->field_count; i++)
        if (!mw_cell_read_canonical(&reader, schema->fields[i].type, sequencer->config.symbols,
                                    &r->rows[stream][i]))
            return mw_fail(err, MW_CORRUPT, "log: an event cannot be read");
    if (reader.failed || reader.rest.size > 0)
        return mw_fail(err, MW_CORRUPT, "log: an event has the wrong size");
    *out_event = (mw_event){stream, record->time, record->known, record->place,
                            r->rows[stream]};
    return MW_OK;
}

static mw_status feed(recovery *r, const mw_record *record, mw_error *err) {
    if (record->type == MW_RECORD_DEFINITION) return learn_definition(r, record, err);
    if (record->type != MW_RECORD_EVENT) return MW_OK;
    mw_sequencer *sequencer = r->sequencer;
    mw_event event;
    MW_TRY(read_event(r, record, &event, err));
    MW_TRY(mw_sequencer_reach(sequencer, event.place, err));
    /* Since it was logged, an ingest may have brought the same event into the lake. */
    if (mw_sequencer_find(sequencer, &event) != MW_EVENT_NEW) {
        sequencer->stats.repeats++;
        return MW_OK;
    }
    sequencer->stats.log_events++;
    if (sequencer->standing[event.stream]) {
        MW_TRY(mw_events_add(&sequencer->fresh, &event, err));
        MW_TRY(mw_standing_add(sequencer->standing[event.stream], err));
    }
    return mw_sequencer_feed(sequencer, &event, err);
}

/* --- all of it ---------------------------------------------------------------------------- */

typedef mw_status (*use_record)(recovery *r, const mw_record *record, mw_error *err);

static mw_status read_log(recovery *r, use_record use, mw_error *err) {
    const mw_sequencer_config *config = &r->sequencer->config;
    mw_log_scan *scan = NULL;
    bool has_record = true;
    MW_TRY(mw_log_scan_begin(config->sys, config->log_folder, INT64_MIN, &scan, err));
    mw_status status = MW_OK;
    while (status == MW_OK) {
        mw_record record;
        status = mw_log_scan_next(scan, &record, &has_record, err);
        if (status != MW_OK || !has_record) break;
        status = use(r, &record, err);
    }
    mw_log_scan_end(scan);
    return status;
}

static mw_status create_deciders(mw_sequencer *sequencer, mw_error *err) {
    const mw_program *program = sequencer->config.program;
    int64_t now = mw_sequencer_now(sequencer);
    int64_t begin = sequencer->begin == INT64_MIN ? now : sequencer->begin;
    for (size_t i = 0; i < program->model_count; i++) {
        const mw_model_program *model = &program->models[i];
        /* A moment before the log's beginning may still be made when its event comes late. */
        mw_decider_config config = {.program = program,
                                    .model = model,
                                    .symbols = sequencer->config.symbols,
                                    .from = begin - model->lateness_us};
        MW_TRY(mw_decider_create(config, &sequencer->deciders[i], err));
    }
    return MW_OK;
}

static mw_status begin_log(recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    MW_TRY(mw_sequencer_control(sequencer,
                                sequencer->config.is_virtual ? MW_CONTROL_BEGIN_VIRTUAL
                                                             : MW_CONTROL_BEGIN_WALL, err));
    sequencer->begin = sequencer->last_place;
    return MW_OK;
}

static mw_status recover(recovery *r, mw_error *err) {
    mw_sequencer *sequencer = r->sequencer;
    r->streams = mw_arena_alloc(&r->arena, MW_STREAMS_MAX, sizeof *r->streams);
    r->meanings = mw_arena_alloc(&r->arena, MW_STREAMS_MAX, sizeof *r->meanings);
    r->rows = mw_arena_alloc(&r->arena, MW_STREAMS_MAX, sizeof *r->rows);
    if (!r->streams || !r->meanings || !r->rows) return no_memory(err);
    for (size_t i = 0; i < MW_STREAMS_MAX; i++) r->streams[i] = NO_STREAM;
    MW_TRY(word_meanings(r, err));
    MW_TRY(read_log(r, survey, err));
    MW_TRY(check_clock(r, err));
    MW_TRY(create_deciders(sequencer, err));
    sequencer->is_recovering = true;
    MW_TRY(read_log(r, feed, err));
    MW_TRY(define_streams(r, err));
    if (!r->has_begun) MW_TRY(begin_log(r, err));
    sequencer->is_recovering = false;
    return MW_OK;
}

mw_status mw_recovery_run(mw_sequencer *sequencer, mw_error *err) {
    recovery r = {.sequencer = sequencer};
    mw_arena_init(&r.arena, (size_t)1 << 28);
    mw_status status = recover(&r, err);
    mw_arena_release(&r.arena);
    return status;
}
