#include "ingest/asking.h"

#include <math.h>

enum { ARENA_SIZE_MAX = 1 << 24, WORDS_MAX = 256 };

/* One field that is asked for. */
typedef struct {
    int32_t stream;
    int32_t field;            /* of the stream's events */
    const int32_t *arguments; /* likewise */
    mw_schema takes;          /* the arguments' names and types */
    const mw_project_process *process;
    mw_worker *worker;
    mw_table rows;            /* what is sent of the batch at hand */
    mw_cell *answers;         /* to that */
    size_t failures;          /* in a row */
    bool has_started;         /* it was there once; of one that is live it does not matter */
    _Atomic uint64_t answered, timed_out, failed, fallen_back; /* values */
} question;

struct mw_asking {
    mw_asking_config config;
    mw_arena arena;
    question *questions;
    size_t count;
    mw_error last;
    bool is_claimed;
    atomic_bool is_given_up; /* by who has claimed it */
};

static mw_status no_memory(mw_error *err) { return mw_fail(err, MW_NO_MEMORY, "ask: no memory"); }

/* --- what is asked ---------------------------------------------------------------------------- */

/* Where a field of the source's row stands in the events of the stream. */
static int32_t in_stream(const mw_stream *stream, int32_t row_field) {
    int32_t field = 0;
    while (stream->row_fields[field] != row_field) field++;
    return field;
}

static mw_status find_process(const mw_asking *asking, const mw_ask *ask,
                              const mw_project_process **out_process, mw_error *err) {
    *out_process = mw_project_find_process(asking->config.project, ask->process);
    return *out_process ? MW_OK
                        : mw_fail(err, MW_NOT_FOUND,
                                  "process %.*s: the project file declares none of this name",
                                  MW_STR_ARGS(ask->process));
}

static mw_status list_arguments(mw_asking *asking, const mw_ask *ask, const mw_stream *stream,
                                question *q, mw_error *err) {
    int32_t *arguments = mw_arena_alloc(&asking->arena, ask->argument_count, sizeof *arguments);
    q->takes.fields = mw_arena_alloc(&asking->arena, ask->argument_count, sizeof(mw_field));
    if (!arguments || !q->takes.fields) return no_memory(err);
    for (size_t i = 0; i < ask->argument_count; i++) {
        arguments[i] = in_stream(stream, ask->arguments[i]);
        q->takes.fields[i] = stream->schema.fields[arguments[i]];
    }
    q->takes.field_count = ask->argument_count;
    q->arguments = arguments;
    return MW_OK;
}

/* The command as words, a NULL behind them. */
static mw_status split_command(mw_asking *asking, mw_str command, const char *const **out_words,
                               mw_error *err) {
    const char **words = mw_arena_alloc(&asking->arena, WORDS_MAX + 1, sizeof *words);
    size_t count = 0;
    mw_str word;
    if (!words) return no_memory(err);
    while (mw_str_split(&command, ' ', &word)) {
        if (word.size == 0) continue;
        if (count == WORDS_MAX)
            return mw_fail(err, MW_INVALID, "process: its command must have at most %d words",
                           WORDS_MAX);
        words[count] = mw_arena_copy(&asking->arena, word.data, word.size);
        if (!words[count++]) return no_memory(err);
    }
    if (count == 0) return mw_fail(err, MW_INVALID, "process: its command must not be empty");
    *out_words = words;
    return MW_OK;
}

static mw_status open_question(mw_asking *asking, const mw_ask *ask, int32_t stream, question *q,
                               mw_error *err) {
    const mw_stream *events = &asking->config.program->streams[stream];
    mw_worker_config config = {.name = ask->process,
                               .folder = asking->config.folder,
                               .pauses = asking->config.is_live,
                               .is_given_up = &asking->is_given_up};
    MW_TRY(find_process(asking, ask, &q->process, err));
    MW_TRY(list_arguments(asking, ask, events, q, err));
    MW_TRY(split_command(asking, q->process->command, &config.arguments, err));
    q->stream = stream;
    q->field = in_stream(events, ask->field);
    q->answers = mw_arena_alloc(&asking->arena, q->process->batch, sizeof *q->answers);
    if (!q->answers) return no_memory(err);
    mw_table_init(&q->rows, &q->takes);
    config.takes = &q->takes;
    config.gives = events->schema.fields[q->field].type;
    config.timeout_us = q->process->timeout_us;
    return mw_worker_create(asking->config.sys, config, &q->worker, err);
}

static mw_status open_questions(mw_asking *asking, size_t count, mw_error *err) {
    const mw_program *program = asking->config.program;
    asking->questions = mw_arena_alloc(&asking->arena, count, sizeof *asking->questions);
    if (!asking->questions) return no_memory(err);
    for (size_t i = 0; i < program->source_count; i++) {
        const mw_stream_source *source = &program->sources[i];
        for (size_t k = 0; k < source->ask_count; k++)
            MW_TRY(open_question(asking, &source->asks[k], source->first_stream,
                                 &asking->questions[asking->count++], err));
    }
    return MW_OK;
}

mw_status mw_asking_create(mw_asking_config config, mw_asking **out_asking, mw_error *err) {
    size_t count = 0;
    for (size_t i = 0; i < config.program->source_count; i++)
        count += config.program->sources[i].ask_count;
    *out_asking = NULL;
    if (count == 0) return MW_OK;
    mw_asking *asking = mw_allocate(sizeof *asking);
    if (!asking) return no_memory(err);
    asking->config = config;
    mw_arena_init(&asking->arena, ARENA_SIZE_MAX);
    mw_status status = open_questions(asking, count, err);
    if (status == MW_OK) *out_asking = asking;
    else mw_asking_destroy(asking);
    return status;
}

void mw_asking_destroy(mw_asking *asking) {
    if (!asking) return;
    for (size_t i = 0; i < asking->count; i++) {
        mw_worker_destroy(asking->questions[i].worker);
        mw_table_release(&asking->questions[i].rows);
    }
    mw_arena_release(&asking->arena);
    mw_free(asking);
}

mw_status mw_asking_start(mw_asking *asking, mw_error *err) {
    for (size_t i = 0; asking && i < asking->count; i++)
        MW_TRY(mw_worker_start(asking->questions[i].worker, err));
    return MW_OK;
}

bool mw_asking_claim(mw_asking *asking, mw_symbols *symbols) {
    if (asking->is_claimed) return false;
    asking->config.symbols = symbols;
    asking->is_claimed = true;
    atomic_store(&asking->is_given_up, false);
    return true;
}

void mw_asking_yield(mw_asking *asking) { asking->is_claimed = false; }

void mw_asking_give_up(mw_asking *asking) { atomic_store(&asking->is_given_up, true); }

bool mw_asking_has(const mw_asking *asking, int32_t stream) {
    for (size_t i = 0; asking && i < asking->count; i++)
        if (asking->questions[i].stream == stream) return true;
    return false;
}

/* --- asking ----------------------------------------------------------------------------------- */

static mw_cell fallback_of(const question *q) {
    return isnan(q->process->fallback) ? mw_cell_missing(q->process->gives)
                                       : mw_cell_number(q->process->fallback);
}

/* What stands in place of answers that did not come; a failure if nothing may. */
static mw_status go_without(mw_asking *asking, question *q, size_t count, mw_status status,
                            mw_error *err) {
    asking->last = *err;
    bool is_given_up = atomic_load(&asking->is_given_up);
    if (!is_given_up) atomic_fetch_add(status == MW_TIMED_OUT ? &q->timed_out : &q->failed, count);
    bool has_failed_often = ++q->failures >= MW_ASKING_FAILURES_MAX && !asking->config.is_live;
    if (status == MW_NO_MEMORY || q->process->refuses) return status;
    if (has_failed_often)
        return mw_hint(err, status, "Its last %d batches were not answered, so nothing was taken.",
                       MW_ASKING_FAILURES_MAX);
    for (size_t i = 0; i < count; i++) q->answers[i] = fallback_of(q);
    if (!is_given_up) atomic_fetch_add(&q->fallen_back, count);
    return MW_OK;
}

static mw_status ask_batch(mw_asking *asking, question *q, mw_cell *const *rows, size_t count,
                           mw_error *err) {
    mw_error why = {0};
    mw_table_clear(&q->rows);
    for (size_t r = 0; r < count; r++) {
        mw_cell *sent;
        MW_TRY(mw_table_add(&q->rows, NULL, &sent, err));
        for (size_t i = 0; i < q->takes.field_count; i++) sent[i] = rows[r][q->arguments[i]];
    }
    mw_status status =
        mw_worker_ask(q->worker, &q->rows, asking->config.symbols, q->answers, &why);
    if (status == MW_OK) {
        q->failures = 0;
        atomic_fetch_add(&q->answered, count);
    } else {
        status = go_without(asking, q, count, status, &why);
        if (status != MW_OK && err) *err = why;
    }
    for (size_t r = 0; status == MW_OK && r < count; r++) rows[r][q->field] = q->answers[r];
    return status;
}

/* Where nobody waits for an answer, a program that is not there at all is no matter of a row, which
   its fallback could stand in for. */
static mw_status start_first(const mw_asking *asking, question *q, mw_error *err) {
    if (asking->config.is_live || q->has_started) return MW_OK;
    MW_TRY(mw_worker_start(q->worker, err));
    q->has_started = true;
    return MW_OK;
}

mw_status mw_asking_fill(mw_asking *asking, int32_t stream, mw_cell *const *rows, size_t count,
                         mw_error *err) {
    for (size_t i = 0; asking && i < asking->count; i++) {
        question *q = &asking->questions[i];
        if (q->stream != stream) continue;
        if (count > 0) MW_TRY(start_first(asking, q, err));
        for (size_t from = 0; from < count; from += q->process->batch) {
            size_t left = count - from;
            MW_TRY(ask_batch(asking, q, rows + from,
                             left < q->process->batch ? left : q->process->batch, err));
        }
    }
    return MW_OK;
}

mw_asking_counts mw_asking_read_counts(const mw_asking *asking) {
    mw_asking_counts counts = {.why = asking ? asking->last.message : ""};
    for (size_t i = 0; i < mw_asking_field_count(asking); i++) {
        mw_asked_field field = mw_asking_read_field(asking, i);
        counts.answered += field.answered;
        counts.unanswered += field.timed_out + field.failed;
    }
    return counts;
}

size_t mw_asking_field_count(const mw_asking *asking) { return asking ? asking->count : 0; }

mw_asked_field mw_asking_read_field(const mw_asking *asking, size_t index) {
    const question *q = &asking->questions[index];
    const mw_program *program = asking->config.program;
    const mw_stream *stream = &program->streams[q->stream];
    return (mw_asked_field){.stream = program->sources[stream->source].name,
                            .field = stream->schema.fields[q->field].name,
                            .process = q->process->name,
                            .answered = atomic_load(&q->answered),
                            .timed_out = atomic_load(&q->timed_out),
                            .failed = atomic_load(&q->failed),
                            .fallen_back = atomic_load(&q->fallen_back)};
}
