#include "feature/course_state.h"

#include "table/passing.h"

#include <string.h>

enum { WAITING_EVENTS_MAX = 1 << 24 };
#define WAITING_CELLS_MAX ((size_t)1 << 32)

mw_status mw_course_create(mw_course_config config, mw_course **out_course, mw_error *err) {
    mw_course *course = mw_allocate(sizeof *course);
    if (!course) return mw_fail(err, MW_NO_MEMORY, "course: no memory");
    *course = (mw_course){.config = config, .last_place = INT64_MIN};
    size_t feature_count = config.engine.model->feature_count;
    course->features = mw_allocate((feature_count + 1) * sizeof *course->features);
    mw_status status = MW_OK;
    if (!course->features) status = mw_fail(err, MW_NO_MEMORY, "course: no memory");
    if (status == MW_OK) status = mw_engine_create(config.engine, &course->engine, err);
    if (status == MW_OK)
        status = mw_agenda_create(config.engine.model, config.engine.program,
                                  config.engine.symbols, &course->agenda, err);
    if (status == MW_OK && config.engine.model->each)
        status = mw_slate_create(config.engine, &course->slate, err);
    if (status == MW_OK) mw_agenda_limit(course->agenda, config.from, config.to);
    if (status != MW_OK) mw_course_destroy(course);
    else *out_course = course;
    return status;
}

void mw_course_destroy(mw_course *course) {
    if (!course) return;
    mw_course_drop_waiting(course);
    mw_engine_destroy(course->engine);
    mw_agenda_destroy(course->agenda);
    mw_slate_destroy(course->slate);
    mw_free(course->waiting);
    mw_free(course->cells);
    mw_free(course->features);
    mw_free(course);
}

static size_t width_of(const mw_course *course, int32_t stream) {
    return course->config.engine.program->streams[stream].schema.field_count;
}

mw_event mw_course_waiting(const mw_course *course, size_t index) {
    const mw_waiting_event *entry = &course->waiting[index];
    mw_event event = entry->event;
    event.row = course->cells + entry->first_cell;
    if (event.replaced) event.replaced = event.row + width_of(course, event.stream);
    return event;
}

static void hold(const mw_course *course, const mw_event *event) {
    mw_symbols *symbols = course->config.engine.symbols;
    const mw_schema *schema = &course->config.engine.program->streams[event->stream].schema;
    mw_passing_hold(symbols, schema, event->row);
    if (event->replaced) mw_passing_hold(symbols, schema, event->replaced);
}

/* Once for all who call it: small is better than fast, as cmake/edge.cmake says. */
__attribute__((noinline)) static void let_go(const mw_course *course, const mw_event *event) {
    mw_symbols *symbols = course->config.engine.symbols;
    const mw_schema *schema = &course->config.engine.program->streams[event->stream].schema;
    mw_passing_let_go(symbols, schema, event->row);
    if (event->replaced) mw_passing_let_go(symbols, schema, event->replaced);
}

void mw_course_drop_waiting(mw_course *course) {
    for (size_t i = 0; i < course->waiting_count; i++) {
        mw_event event = mw_course_waiting(course, i);
        let_go(course, &event);
    }
    course->waiting_count = course->cell_count = 0;
}

/* What code has worked out holds only if no text was lost on the way. One that was lost in what has
   failed is forgotten: whoever comes next has not asked for it. */
static mw_status settle(const mw_course *course, mw_status status, mw_error *err) {
    mw_status lost = mw_symbols_settle(course->config.engine.symbols, status == MW_OK ? err : NULL);
    return status == MW_OK ? lost : status;
}

/* Lets the waiting events stamped before `place` into the engine. */
static mw_status let_in(mw_course *course, int64_t place, mw_error *err) {
    size_t used = 0;
    mw_status status = MW_OK;
    while (used < course->waiting_count && course->waiting[used].event.place < place) {
        mw_event event = mw_course_waiting(course, used);
        status = settle(course, mw_engine_apply(course->engine, &event, err), err);
        if (status != MW_OK) break;
        let_go(course, &event);
        used++;
    }
    if (used == 0) return status;
    course->waiting_count -= used;
    memmove(course->waiting, course->waiting + used,
            course->waiting_count * sizeof *course->waiting);
    if (course->waiting_count == 0) course->cell_count = 0;
    return status;
}

mw_status mw_course_wait(mw_course *course, const mw_event *event, mw_error *err) {
    size_t width = width_of(course, event->stream);
    size_t cell_count = event->replaced ? 2 * width : width;
    if (!mw_grow((void **)&course->waiting, &course->waiting_capacity,
                 course->waiting_count + 1, sizeof *course->waiting, WAITING_EVENTS_MAX) ||
        !mw_grow((void **)&course->cells, &course->cell_capacity,
                 course->cell_count + cell_count, sizeof *course->cells, WAITING_CELLS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "course: no memory for the events of one stamp");
    mw_cell *cells = course->cells + course->cell_count;
    memcpy(cells, event->row, width * sizeof *cells);
    if (event->replaced) memcpy(cells + width, event->replaced, width * sizeof *cells);
    course->waiting[course->waiting_count++] = (mw_waiting_event){*event, course->cell_count};
    course->cell_count += cell_count;
    hold(course, event);
    return MW_OK;
}

static bool is_announced(const mw_course *course, const mw_event *event) {
    const mw_model_program *model = course->config.engine.model;
    return !course->config.announces_none && event->stream == mw_model_announcer(model);
}

mw_status mw_course_event(mw_course *course, const mw_event *event, mw_error *err) {
    MW_ASSERT(event->place >= course->last_place);
    MW_ASSERT(mw_course_next_due(course) >= event->place);
    MW_TRY(let_in(course, event->place, err));
    MW_TRY(mw_course_wait(course, event, err));
    course->last_place = event->place;
    if (!is_announced(course, event)) return MW_OK;
    bool taken = false;
    MW_TRY(mw_agenda_add_event(course->agenda, event, &taken, err));
    if (!taken) course->refused_moments++;
    return MW_OK;
}

static mw_status fill_slate(mw_course *course, const mw_moment *announced, mw_error *err) {
    return settle(course, mw_slate_fill(course->slate, course->engine, announced, err), err);
}

/* Tells a moment, whose features are these, and expects its label. */
static mw_status tell_moment(mw_course *course, const mw_moment *moment, const mw_cell *features,
                             mw_step *out_step, mw_error *err) {
    uint64_t number = course->next_number++;
    if (course->config.engine.with_label)
        MW_TRY(mw_agenda_add_label(course->agenda, moment, number, features, err));
    *out_step = (mw_step){.kind = MW_DUE_MOMENT,
                          .place = moment->place,
                          .moment = *moment,
                          .number = number,
                          .features = features};
    return MW_OK;
}

/* The next of the moments that one event makes. */
static mw_status tell_of_slate(mw_course *course, mw_step *out_step, mw_error *err) {
    size_t index = course->slate_next++;
    mw_moment moment = mw_slate_moment(course->slate, index);
    return tell_moment(course, &moment, mw_slate_features(course->slate, index), out_step, err);
}

/* `*out_is_taken` is false for a moment of a schedule that is not for this key, and for one of an
   empty list. */
static mw_status step_at_moment(mw_course *course, const mw_due *due, mw_step *out_step,
                                bool *out_is_taken, mw_error *err) {
    if (course->slate) {
        course->slate_next = 0;
        MW_TRY(fill_slate(course, &due->moment, err));
        *out_is_taken = mw_course_has_slate(course);
        return *out_is_taken ? tell_of_slate(course, out_step, err) : MW_OK;
    }
    mw_status status = mw_engine_features(course->engine, &due->moment, course->features, err);
    bool is_taken = status == MW_OK &&
                    mw_engine_takes(course->engine, &due->moment, course->features);
    MW_TRY(settle(course, status, err));
    *out_is_taken = is_taken;
    if (!is_taken) return MW_OK;
    return tell_moment(course, &due->moment, course->features, out_step, err);
}

mw_status mw_course_next(mw_course *course, int64_t place, mw_step *out_step, bool *out_found,
                         mw_error *err) {
    *out_found = mw_course_has_slate(course) && course->last_place <= place;
    if (*out_found) return tell_of_slate(course, out_step, err);
    while (!*out_found) {
        mw_due due;
        MW_TRY(mw_agenda_meet(course->agenda, place, err));
        if (!mw_agenda_pop(course->agenda, place, &due)) return MW_OK;
        MW_TRY(let_in(course, due.due, err));
        mw_engine_advance(course->engine, due.due);
        if (due.due > course->last_place) course->last_place = due.due;
        if (due.kind == MW_DUE_MOMENT) {
            MW_TRY(step_at_moment(course, &due, out_step, out_found, err));
            continue;
        }
        mw_label label;
        mw_status status =
            mw_engine_label(course->engine, &due.moment, due.features, &label, err);
        MW_TRY(settle(course, status, err));
        *out_step = (mw_step){due.kind, due.due, due.moment, due.number, due.features, label};
        *out_found = true;
    }
    return MW_OK;
}

mw_status mw_course_features(mw_course *course, const mw_moment *moment, mw_cell *out_features,
                             mw_error *err) {
    MW_ASSERT(moment->place >= course->last_place);
    MW_TRY(let_in(course, moment->place, err));
    return settle(course, mw_engine_features(course->engine, moment, out_features, err), err);
}

mw_status mw_course_slate(mw_course *course, const mw_moment *announced,
                          const mw_slate **out_slate, mw_error *err) {
    MW_ASSERT(course->slate && !mw_course_has_slate(course));
    MW_ASSERT(announced->place >= course->last_place);
    MW_TRY(let_in(course, announced->place, err));
    MW_TRY(fill_slate(course, announced, err));
    course->slate_next = mw_slate_count(course->slate);
    *out_slate = course->slate;
    return MW_OK;
}

int64_t mw_course_next_due(const mw_course *course) {
    return mw_course_has_slate(course) ? course->last_place : mw_agenda_next(course->agenda);
}
mw_engine *mw_course_engine(mw_course *course) { return course->engine; }
mw_agenda *mw_course_agenda(mw_course *course) { return course->agenda; }
uint64_t mw_course_overflowed(const mw_course *course) {
    uint64_t in_slate = course->slate ? mw_slate_overflowed(course->slate) : 0;
    return in_slate + mw_engine_read_stats(course->engine).values_overflowed;
}

uint64_t mw_course_refused_moments(const mw_course *course) { return course->refused_moments; }
int64_t mw_course_last_place(const mw_course *course) { return course->last_place; }
