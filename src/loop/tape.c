#include "loop/tape.h"

#define MOMENTS_MAX ((size_t)1 << 32)

typedef struct {
    const mw_backtest_config *config;
    mw_tape *tape;
    mw_course *course;
} recording;

static mw_status no_memory(const mw_tape *tape, mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "backtest: no memory for %zu moments",
                   tape->moment_count + 1);
}

static mw_status note(mw_tape *tape, mw_tape_entry entry, mw_error *err) {
    if (!mw_grow((void **)&tape->entries, &tape->entry_capacity, tape->entry_count + 1,
                 sizeof *tape->entries, 2 * MOMENTS_MAX))
        return no_memory(tape, err);
    tape->entries[tape->entry_count++] = entry;
    return MW_OK;
}

static mw_status note_moment(recording *job, const mw_step *step, mw_error *err) {
    mw_tape *tape = job->tape;
    if (step->moment.t < job->config->from) return MW_OK;
    if (!mw_grow((void **)&tape->moments, &tape->moment_capacity, tape->moment_count + 1,
                 sizeof *tape->moments, MOMENTS_MAX))
        return no_memory(tape, err);
    MW_TRY(mw_table_add(&tape->features, step->features, NULL, err));
    MW_TRY(note(tape, (mw_tape_entry){step->place, tape->moment_count, MW_TAPE_NO_EXAMPLE}, err));
    tape->moments[tape->moment_count++] =
        (mw_tape_moment){.number = step->number, .t = step->moment.t};
    return MW_OK;
}

/* The index of the predicted moment with this number; the count if it was not predicted. */
static size_t find_moment(const mw_tape *tape, uint64_t number) {
    size_t low = 0, high = tape->moment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tape->moments[middle].number < number) low = middle + 1;
        else high = middle;
    }
    bool is_it = low < tape->moment_count && tape->moments[low].number == number;
    return is_it ? low : tape->moment_count;
}

static mw_status note_label(recording *job, const mw_step *step, mw_error *err) {
    mw_tape *tape = job->tape;
    size_t example = tape->examples.count;
    MW_TRY(mw_examples_add(&tape->examples, step, err));
    size_t index = find_moment(tape, step->number);
    if (tape->examples.count == example || index == tape->moment_count) return MW_OK;
    tape->moments[index].is_labelled = true;
    tape->moments[index].label = tape->examples.items[example].label != 0;
    return note(tape, (mw_tape_entry){step->place, index, example}, err);
}

/* Everything that falls due at or before `place`. */
static mw_status take_steps(recording *job, int64_t place, mw_error *err) {
    for (;;) {
        mw_step step;
        bool found = false;
        MW_TRY(mw_course_next(job->course, place, &step, &found, err));
        if (!found) return MW_OK;
        job->tape->end = step.place;
        if (step.kind == MW_DUE_LABEL) MW_TRY(note_label(job, &step, err));
        else MW_TRY(note_moment(job, &step, err));
    }
}

static mw_status pass(recording *job, mw_error *err) {
    const mw_backtest_config *config = job->config;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < config->events->event_count; i++) {
        mw_event event = mw_events_at(config->events, i);
        last = event.place;
        MW_TRY(take_steps(job, event.place - 1, err));
        bool is_over = event.place >= config->to && mw_course_next_due(job->course) == INT64_MAX;
        if (is_over) break;
        MW_TRY(mw_course_event(job->course, &event, err));
        job->tape->end = event.place;
        job->tape->event_count++;
    }
    return take_steps(job, last, err); /* labels beyond the last event stay open */
}

mw_status mw_tape_record(mw_tape *tape, const mw_backtest_config *config, mw_error *err) {
    const mw_project_model *model = config->project_model;
    *tape = (mw_tape){.events = config->events, .end = INT64_MIN};
    MW_TRY(mw_examples_init(&tape->examples, config->program, config->model, model->segments,
                            model->segment_count, err));
    mw_table_init(&tape->features, &tape->examples.schema);
    recording job = {config, tape, NULL};
    mw_course_config course = {.engine = {.program = config->program,
                                          .model = config->model,
                                          .symbols = config->symbols,
                                          .with_label = true,
                                          .memory = config->memory},
                               .from = INT64_MIN,
                               .to = config->to};
    MW_TRY(mw_course_create(course, &job.course, err));
    mw_status status = pass(&job, err);
    tape->refused_moments = mw_course_refused_moments(job.course);
    mw_course_destroy(job.course);
    return status;
}

void mw_tape_release(mw_tape *tape) {
    mw_examples_release(&tape->examples);
    mw_table_release(&tape->features);
    mw_free(tape->moments);
    mw_free(tape->entries);
    *tape = (mw_tape){0};
}
