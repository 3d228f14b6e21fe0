/*
 * timeline: events in, predictions out, without a server: mw_timeline of millwright.h.
 *
 * It is what a server's sequencer is to one model: the row becomes the events of its source, the
 * roster tells what of it is new, fields with windows are worked out as it enters, the course keeps
 * the order of places. The clock is the caller's, and what it says is checked, as all input is.
 */
#include "edge/loaded.h"
#include "feature/entrance.h"
#include "feature/roster.h"

enum { ID_TEXT_MAX = 1 << 20, WHAT_SIZE = MW_NAME_SIZE_MAX + 8 };
#define ARENA_SIZE_MAX ((size_t)1 << 30)
#define TEXT_SIZE_MAX ((size_t)1 << 34)

struct mw_timeline {
    const mw_model *model;
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    const mw_model_program *compiled;
    const mw_encoder *encoder;
    mw_course *course;
    mw_entrance *entrance; /* NULL: no field has windows */
    mw_roster *roster;
    mw_cell *row;          /* of the source at hand: columns, then derived fields */
    mw_cell **cells;       /* one row a stream */
    mw_event *events;      /* likewise; a NULL `row`: the source's row has none */
    mw_cell **old_cells;   /* the same, of the row that is corrected */
    mw_event *old_events;
    mw_cell *features;
    double *values;        /* a feature each, then a probability a class: mw_loaded_judge */
    const mw_slate *slate; /* with `each`: the moments that were asked for */
    mw_buf id, element;    /* of the moment that was answered */
    int64_t now; /* the greatest that was said */
    bool has_answered;
    bool is_broken;
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "timeline: no memory");
}

/* --- making --------------------------------------------------------------------------------- */

static mw_status compile(mw_timeline *timeline, mw_error *err) {
    mw_diagnostics *diagnostics = mw_arena_alloc(&timeline->arena, 1, sizeof *diagnostics);
    if (!diagnostics) return no_memory(err);
    mw_diagnostics_init(diagnostics, &timeline->arena);
    diagnostics->of_version = true;
    mw_status status = mw_program_compile(&timeline->model->bundle.declarations,
                                          &timeline->arena, timeline->symbols, diagnostics,
                                          &timeline->program);
    if (status != MW_OK && diagnostics->count == 0) return no_memory(err);
    if (mw_diagnostics_status(diagnostics, err) != MW_OK)
        return mw_fail_within(err, MW_CORRUPT, "timeline");
    timeline->compiled = &timeline->program->models[0];
    return MW_OK;
}

static mw_status check_features(const mw_timeline *timeline, mw_error *err) {
    const mw_model_program *compiled = timeline->compiled;
    mw_model_features features = timeline->model->bundle.version->features;
    bool fits = compiled->feature_count == features.count;
    for (size_t i = 0; fits && i < features.count; i++)
        fits = compiled->features[i].type == features.items[i].type &&
               mw_str_equal(compiled->features[i].name, features.items[i].name);
    if (fits) return MW_OK;
    return mw_fail(err, MW_CORRUPT, "timeline: the version has other features than its project");
}

/* A row a stream, and its event. */
static mw_status make_events_room(mw_timeline *timeline, mw_cell ***out_cells,
                                  mw_event **out_events, mw_error *err) {
    const mw_program *program = timeline->program;
    mw_arena *arena = &timeline->arena;
    mw_cell **cells = mw_arena_alloc(arena, program->stream_count + 1, sizeof *cells);
    mw_event *events = mw_arena_alloc(arena, program->stream_count + 1, sizeof *events);
    if (!cells || !events) return no_memory(err);
    for (size_t i = 0; i < program->stream_count; i++) {
        cells[i] =
            mw_arena_alloc(arena, program->streams[i].schema.field_count + 1, sizeof **cells);
        if (!cells[i]) return no_memory(err);
    }
    *out_cells = cells;
    *out_events = events;
    return MW_OK;
}

static mw_status make_rows(mw_timeline *timeline, mw_error *err) {
    const mw_program *program = timeline->program;
    mw_arena *arena = &timeline->arena;
    size_t widest = 1, features = timeline->compiled->feature_count;
    size_t values = features + mw_model_class_count(timeline->model) + 1;
    for (size_t i = 0; i < program->source_count; i++)
        if (program->sources[i].row.field_count > widest)
            widest = program->sources[i].row.field_count;
    timeline->row = mw_arena_alloc(arena, widest, sizeof *timeline->row);
    timeline->features = mw_arena_alloc(arena, features + 1, sizeof *timeline->features);
    timeline->values = mw_arena_alloc(arena, values, sizeof *timeline->values);
    if (!timeline->row || !timeline->features || !timeline->values) return no_memory(err);
    MW_TRY(make_events_room(timeline, &timeline->cells, &timeline->events, err));
    return make_events_room(timeline, &timeline->old_cells, &timeline->old_events, err);
}

static bool is_asked(const mw_model_program *model) {
    return model->moment_offset_us == 0 && !model->schedule;
}

static mw_status prepare(mw_timeline *timeline, mw_error *err) {
    MW_TRY(mw_symbols_create(TEXT_SIZE_MAX, &timeline->symbols, err));
    MW_TRY(compile(timeline, err));
    MW_TRY(check_features(timeline, err));
    MW_TRY(make_rows(timeline, err));
    MW_TRY(mw_encoder_create(&timeline->arena, timeline->symbols,
                             timeline->model->bundle.version->features, &timeline->encoder, err));
    MW_TRY(mw_entrance_create(timeline->program, timeline->symbols, MW_ENTRANCE_ALL,
                              &timeline->entrance, err));
    /* Ids are the caller's own: there is nobody from whom a key would have to be kept. */
    MW_TRY(mw_roster_create(timeline->program, timeline->symbols, (mw_hash_key){{0}},
                            &timeline->roster, err));
    mw_course_config course = {.engine = {.program = timeline->program,
                                          .model = timeline->compiled,
                                          .symbols = timeline->symbols},
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .announces_none = is_asked(timeline->compiled)};
    return mw_course_create(course, &timeline->course, err);
}

mw_result mw_timeline_create(const mw_model *model, mw_timeline **out_timeline,
                             mw_problem *problem) {
    mw_error err;
    mw_timeline *timeline = mw_allocate(sizeof *timeline);
    if (!timeline) return mw_loaded_result(no_memory(&err), &err, problem);
    timeline->model = model;
    timeline->now = INT64_MIN;
    mw_arena_init(&timeline->arena, ARENA_SIZE_MAX);
    mw_buf_init(&timeline->id, ID_TEXT_MAX);
    mw_buf_init(&timeline->element, ID_TEXT_MAX);
    mw_status status = prepare(timeline, &err);
    if (status != MW_OK) mw_timeline_destroy(timeline);
    else *out_timeline = timeline;
    return mw_loaded_result(status, &err, problem);
}

void mw_timeline_destroy(mw_timeline *timeline) {
    if (!timeline) return;
    mw_course_destroy(timeline->course);
    mw_roster_destroy(timeline->roster);
    mw_entrance_destroy(timeline->entrance);
    mw_symbols_destroy(timeline->symbols);
    mw_buf_release(&timeline->id);
    mw_buf_release(&timeline->element);
    mw_arena_release(&timeline->arena);
    mw_free(timeline);
}

/* Without memory an event may have got only half of its way. */
static mw_result told(mw_timeline *timeline, mw_status status, const mw_error *err,
                      mw_problem *problem) {
    if (status == MW_NO_MEMORY) timeline->is_broken = true;
    return mw_loaded_result(status, err, problem);
}

/* --- a row as events ------------------------------------------------------------------------ */

static mw_status check_now(const mw_timeline *timeline, int64_t now, mw_error *err) {
    if (timeline->is_broken) return no_memory(err);
    if (!mw_time_is_in_range(now))
        return mw_fail(err, MW_INVALID, "now: must be a time within the years 1 to 9999");
    if (now >= timeline->now) return MW_OK;
    return mw_fail(err, MW_INVALID, "now: must not go back");
}

static mw_status read_columns(mw_timeline *timeline, const mw_stream_source *source, mw_row row,
                              mw_error *err) {
    char what[WHAT_SIZE];
    mw_buf text;
    mw_buf_init(&text, sizeof what - 1);
    mw_buf_printf(&text, "stream %.*s", MW_STR_ARGS(source->name));
    mw_status status = mw_buf_check(&text, "stream", err);
    if (status == MW_OK) {
        mw_row_target target = {.what = mw_buf_str(&text).data,
                                .part = "column",
                                .fields = source->row.fields,
                                .field_count = source->column_count,
                                .symbols = timeline->symbols};
        status = mw_row_values_read(&target, row, timeline->row, err);
    }
    mw_buf_release(&text);
    return status;
}

static mw_status make_ready(mw_timeline *timeline, const mw_stream_source *source, mw_error *err) {
    for (size_t i = source->column_count; i < source->row.field_count; i++)
        timeline->row[i] = mw_cell_missing(source->row.fields[i].type);
    mw_frame frame = {.row = timeline->row,
                      .time_us = MW_TIME_MISSING,
                      .symbols = timeline->symbols,
                      .zone = timeline->program->zone};
    mw_row_fate fate = mw_source_ready(source, timeline->row, &frame, NULL);
    MW_TRY(mw_symbols_settle(timeline->symbols, err));
    if (fate == MW_ROW_IS_EVENT) return MW_OK;
    return mw_fail(err, MW_INVALID, "%s: the row is no event of stream %.*s",
                   fate == MW_ROW_DROPPED ? "clean" : "where", MW_STR_ARGS(source->name));
}

static mw_status check_id(const mw_stream *stream, const mw_cell *cells, mw_error *err) {
    for (int32_t i = 0; i < stream->id_count; i++) {
        const mw_field *field = &stream->schema.fields[stream->id_fields[i]];
        if (mw_cell_is_missing(field->type, cells[stream->id_fields[i]]))
            return mw_fail(err, MW_INVALID, "id: %.*s must be there", MW_STR_ARGS(field->name));
    }
    return MW_OK;
}

static mw_status refuse_time(const mw_stream *stream, const mw_frame *frame, mw_error *err) {
    bool has_time = mw_code_run(stream->time, frame).time != MW_TIME_MISSING;
    return mw_fail(err, MW_INVALID, "%s: %.*s must be there", has_time ? "known" : "time",
                   MW_STR_ARGS(mw_code_text(has_time ? stream->known : stream->time)));
}

/* Makes the events of a row of `source`, that of the stream itself first. */
static mw_status make_events(mw_timeline *timeline, const mw_stream_source *source, mw_row row,
                             int64_t now, mw_error *err) {
    MW_TRY(read_columns(timeline, source, row, err));
    MW_TRY(make_ready(timeline, source, err));
    mw_frame frame = {.row = timeline->row,
                      .symbols = timeline->symbols,
                      .zone = timeline->program->zone};
    for (int32_t i = source->first_stream; i < source->first_stream + source->stream_count; i++) {
        mw_event *event = &timeline->events[i];
        bool is_event =
            mw_stream_event(timeline->program, i, &frame, timeline->cells[i], event);
        event->row = is_event ? timeline->cells[i] : NULL;
        event->stream = i;
        event->place = now;
    }
    MW_TRY(mw_symbols_settle(timeline->symbols, err));
    const mw_event *first = &timeline->events[source->first_stream];
    const mw_stream *own = &timeline->program->streams[source->first_stream];
    if (!first->row) return refuse_time(own, &frame, err);
    return check_id(own, first->row, err);
}

/* --- events in ------------------------------------------------------------------------------ */

static mw_status find_source(const mw_timeline *timeline, const char *name,
                             const mw_stream_source **out_source, mw_error *err) {
    int32_t source = mw_program_find_source(timeline->program, mw_str_of(name));
    if (source < 0) return mw_fail(err, MW_INVALID, "%s: the model knows no such stream", name);
    *out_source = &timeline->program->sources[source];
    return MW_OK;
}

static mw_status check_due(const mw_timeline *timeline, int64_t now, mw_error *err) {
    if (mw_course_next_due(timeline->course) >= now) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID, "now: a moment fell due before it");
    return mw_hint(err, status, "Take it by mw_timeline_next.");
}

/* Which of the row's events are new; those that are not lose their row. */
static mw_status sort_out(mw_timeline *timeline, const mw_stream_source *source, mw_error *err) {
    for (int32_t i = 0; i < source->stream_count; i++) {
        mw_event *event = &timeline->events[source->first_stream + i];
        if (!event->row) continue;
        mw_event_standing standing = mw_roster_find(timeline->roster, event, NULL);
        if (standing == MW_EVENT_CONFLICTS) {
            mw_status status = mw_fail(err, MW_INVALID, "id: stands already with other contents");
            return mw_hint(err, status, "Correct it by mw_timeline_correct.");
        }
        if (standing == MW_EVENT_REPEATS) event->row = NULL;
    }
    return MW_OK;
}

static mw_status take(mw_timeline *timeline, const mw_stream_source *source, mw_error *err) {
    int32_t first = source->first_stream;
    for (int32_t i = first; i < first + source->stream_count; i++) {
        const mw_event *event = &timeline->events[i];
        if (!event->row) continue;
        if (i == first)
            MW_TRY(mw_entrance_fill(timeline->entrance, event, event->place, timeline->cells[i],
                                    err));
        MW_TRY(mw_roster_add(timeline->roster, event, MW_FROM_LOG, err));
        MW_TRY(mw_entrance_event(timeline->entrance, event, err));
        MW_TRY(mw_course_event(timeline->course, event, err));
        mw_engine_advance(mw_course_engine(timeline->course), event->place);
    }
    return MW_OK;
}

static mw_status push(mw_timeline *timeline, int64_t now, const char *stream, mw_row row,
                      mw_error *err) {
    const mw_stream_source *source = NULL;
    MW_TRY(check_now(timeline, now, err));
    MW_TRY(check_due(timeline, now, err));
    MW_TRY(find_source(timeline, stream, &source, err));
    MW_TRY(make_events(timeline, source, row, now, err));
    MW_TRY(sort_out(timeline, source, err));
    timeline->now = now;
    timeline->slate = NULL;
    return take(timeline, source, err);
}

mw_result mw_timeline_push(mw_timeline *timeline, int64_t now_us, const char *stream, mw_row row,
                           mw_problem *problem) {
    mw_error err;
    mw_status status = push(timeline, now_us, stream, row, &err);
    return told(timeline, status, &err, problem);
}

/* --- corrections ---------------------------------------------------------------------------- */

/* Makes the row that is said to stand into `old_events`. */
static mw_status make_old(mw_timeline *timeline, const mw_stream_source *source, mw_row before,
                          int64_t now, mw_error *err) {
    mw_status status = make_events(timeline, source, before, now, err);
    mw_cell **cells = timeline->cells;
    mw_event *events = timeline->events;
    timeline->cells = timeline->old_cells;
    timeline->events = timeline->old_events;
    timeline->old_cells = cells;
    timeline->old_events = events;
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "before");
}

/* Joins an event with the one that it corrects. The roster has digests alone, so the caller says
   what stands, and they tell whether it does. From when that counted follows from itself, for what
   does not count yet is not corrected. */
static mw_status replace(mw_timeline *timeline, mw_event *event, int64_t now, mw_error *err) {
    mw_event *old = &timeline->old_events[event->stream];
    const mw_stream *stream = &timeline->program->streams[event->stream];
    if (!old->row || !mw_stream_same_id(stream, old->row, event->row) ||
        mw_roster_find(timeline->roster, old, NULL) != MW_EVENT_REPEATS)
        return mw_fail(err, MW_INVALID, "before: must be the row that stands under this id");
    old->place = mw_roster_place(timeline->roster, old);
    if (mw_event_counts_from(old) >= now)
        return mw_fail(err, MW_INVALID, "now: must be after the row that is corrected counts");
    event->replaced = old->row;
    event->replaced_time = old->time;
    event->replaced_from = mw_event_counts_from(old);
    return MW_OK;
}

/* Which of the row's events correct one; those that repeat it lose their row. */
static mw_status sort_corrections(mw_timeline *timeline, const mw_stream_source *source,
                                  int64_t now, mw_error *err) {
    for (int32_t i = 0; i < source->stream_count; i++) {
        mw_event *event = &timeline->events[source->first_stream + i];
        if (!event->row) continue;
        mw_event_standing standing = mw_roster_find(timeline->roster, event, NULL);
        if (i == 0 && standing == MW_EVENT_NEW)
            return mw_fail(err, MW_INVALID, "id: nothing stands that it could correct");
        if (standing == MW_EVENT_CONFLICTS) MW_TRY(replace(timeline, event, now, err));
        if (standing == MW_EVENT_REPEATS) event->row = NULL;
    }
    return MW_OK;
}

/* The fields with windows that the replaced row had when it entered: its caller has none. */
static mw_status fill_old(mw_timeline *timeline, const mw_stream_source *source, mw_error *err) {
    const mw_event *event = &timeline->events[source->first_stream];
    const mw_event *old = &timeline->old_events[source->first_stream];
    if (!event->row || !event->replaced) return MW_OK;
    return mw_entrance_fill(timeline->entrance, old, event->place,
                            timeline->old_cells[source->first_stream], err);
}

static mw_status correct(mw_timeline *timeline, int64_t now, const char *stream,
                         mw_change rows, mw_error *err) {
    const mw_stream_source *source = NULL;
    MW_TRY(check_now(timeline, now, err));
    MW_TRY(check_due(timeline, now, err));
    MW_TRY(find_source(timeline, stream, &source, err));
    MW_TRY(make_old(timeline, source, rows.before, now, err));
    MW_TRY(make_events(timeline, source, rows.after, now, err));
    MW_TRY(sort_corrections(timeline, source, now, err));
    timeline->now = now;
    timeline->slate = NULL;
    MW_TRY(fill_old(timeline, source, err));
    return take(timeline, source, err);
}

mw_result mw_timeline_correct(mw_timeline *timeline, int64_t now_us, const char *stream,
                              mw_change rows, mw_problem *problem) {
    mw_error err;
    mw_status status = correct(timeline, now_us, stream, rows, &err);
    return told(timeline, status, &err, problem);
}

/* --- predictions out ------------------------------------------------------------------------ */

static mw_status name_moment(mw_timeline *timeline, const mw_cell *row, mw_error *err) {
    const mw_model_program *model = timeline->compiled;
    const mw_stream *moments = &timeline->program->streams[model->moment_stream];
    mw_buf_clear(&timeline->id);
    mw_buf_clear(&timeline->element);
    mw_stream_append_id(moments, row, timeline->symbols, &timeline->id);
    if (model->each)
        mw_cell_append(&timeline->element, moments->schema.fields[model->each->element].type,
                       row[model->each->element], timeline->symbols);
    MW_TRY(mw_buf_check(&timeline->id, "the event's id", err));
    return mw_buf_check(&timeline->element, "the element", err);
}

static mw_status answer(mw_timeline *timeline, const mw_moment *moment, const mw_cell *features,
                        mw_reply *out_reply, mw_error *err) {
    MW_TRY(name_moment(timeline, moment->row, err));
    mw_loaded_judge(timeline->model, timeline->encoder, features, timeline->values, out_reply);
    out_reply->t_us = moment->t;
    out_reply->id = mw_buf_str(&timeline->id).data;
    out_reply->element = mw_buf_str(&timeline->element).data;
    timeline->has_answered = true;
    return MW_OK;
}

const double *mw_timeline_probabilities(const mw_timeline *timeline) {
    bool are_there = timeline->has_answered && mw_model_class_count(timeline->model) > 0;
    return are_there ? timeline->values + timeline->compiled->feature_count : NULL;
}

static mw_status check_moment(const mw_timeline *timeline, const mw_moment *moment,
                              mw_error *err) {
    const mw_model_program *model = timeline->compiled;
    if (moment->place - moment->t > model->lateness_us)
        return mw_fail(err, MW_INVALID, "moment: its event must be known within %lld s of its time",
                       (long long)(model->lateness_us / MW_SECOND_US));
    return MW_OK;
}

/* The moment of a row now, whose fields are all worked out. */
static mw_status meet(mw_timeline *timeline, int64_t now, mw_row row, mw_moment *out_moment,
                      mw_error *err) {
    const mw_model_program *model = timeline->compiled;
    MW_TRY(check_now(timeline, now, err));
    if (model->schedule) {
        mw_status status = mw_fail(err, MW_INVALID, "model %s: its moments fall due by themselves",
                                   mw_model_name(timeline->model));
        return mw_hint(err, status, "Take them by mw_timeline_next.");
    }
    MW_TRY(check_due(timeline, now, err));
    int32_t stream = mw_model_announcer(model);
    const mw_stream_source *source =
        &timeline->program->sources[timeline->program->streams[stream].source];
    MW_TRY(make_events(timeline, source, row, now, err));
    const mw_event *event = &timeline->events[stream];
    if (!event->row) /* what is announced may be known later than its row */
        return mw_fail(err, MW_INVALID, "time: the row has none for the moment");
    mw_moment moment = {event->time + model->moment_offset_us, now, event->row};
    MW_TRY(check_moment(timeline, &moment, err));
    timeline->now = now;
    timeline->slate = NULL;
    MW_TRY(mw_entrance_fill(timeline->entrance, event, now, timeline->cells[stream], err));
    *out_moment = moment;
    return MW_OK;
}

static mw_status predict(mw_timeline *timeline, int64_t now, mw_row row, mw_reply *out_reply,
                         mw_error *err) {
    if (timeline->compiled->each) {
        mw_status status = mw_fail(err, MW_INVALID, "model %s: it predicts for each element of a "
                                   "list", mw_model_name(timeline->model));
        return mw_hint(err, status, "Ask by mw_timeline_rank.");
    }
    mw_moment moment;
    MW_TRY(meet(timeline, now, row, &moment, err));
    MW_TRY(mw_course_features(timeline->course, &moment, timeline->features, err));
    return answer(timeline, &moment, timeline->features, out_reply, err);
}

mw_result mw_timeline_predict(mw_timeline *timeline, int64_t now_us, mw_row row,
                              mw_reply *out_reply, mw_problem *problem) {
    mw_error err;
    mw_status status = predict(timeline, now_us, row, out_reply, &err);
    return told(timeline, status, &err, problem);
}

static mw_status rank(mw_timeline *timeline, int64_t now, mw_row row, size_t *out_count,
                      mw_error *err) {
    if (!timeline->compiled->each)
        return mw_fail(err, MW_INVALID, "model %s: it predicts for no list",
                       mw_model_name(timeline->model));
    mw_moment announced;
    MW_TRY(meet(timeline, now, row, &announced, err));
    MW_TRY(mw_course_slate(timeline->course, &announced, &timeline->slate, err));
    *out_count = mw_slate_count(timeline->slate);
    return MW_OK;
}

mw_result mw_timeline_rank(mw_timeline *timeline, int64_t now_us, mw_row row, size_t *out_count,
                           mw_problem *problem) {
    mw_error err;
    mw_status status = rank(timeline, now_us, row, out_count, &err);
    return told(timeline, status, &err, problem);
}

static mw_status ranked(mw_timeline *timeline, size_t index, mw_reply *out_reply, mw_error *err) {
    size_t count = timeline->slate ? mw_slate_count(timeline->slate) : 0;
    if (index >= count)
        return mw_fail(err, MW_INVALID, "index: must be below the %zu elements that were ranked "
                       "last, got %zu", count, index);
    mw_moment moment = mw_slate_moment(timeline->slate, index);
    return answer(timeline, &moment, mw_slate_features(timeline->slate, index), out_reply, err);
}

mw_result mw_timeline_ranked(mw_timeline *timeline, size_t index, mw_reply *out_reply,
                             mw_problem *problem) {
    mw_error err;
    mw_status status = ranked(timeline, index, out_reply, &err);
    return told(timeline, status, &err, problem);
}

static mw_status next(mw_timeline *timeline, int64_t now, mw_reply *out_reply, bool *out_found,
                      mw_error *err) {
    mw_step step;
    bool found = false;
    MW_TRY(check_now(timeline, now, err));
    timeline->slate = NULL;
    MW_TRY(mw_course_next(timeline->course, now, &step, &found, err));
    if (found) MW_TRY(answer(timeline, &step.moment, step.features, out_reply, err));
    else timeline->now = now;
    *out_found = found;
    return MW_OK;
}

mw_result mw_timeline_next(mw_timeline *timeline, int64_t now_us, mw_reply *out_reply,
                           bool *out_found, mw_problem *problem) {
    mw_error err;
    mw_status status = next(timeline, now_us, out_reply, out_found, &err);
    return told(timeline, status, &err, problem);
}
