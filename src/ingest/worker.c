#include "ingest/worker.h"

#include "store/arrow_reader.h"
#include "store/arrow_writer.h"

enum { READ_SIZE = 1 << 16, QUESTION_SIZE_MAX = 1 << 30, TYPE_SHOWN_MAX = 60, SIGNALLED = 128 };
#define LOOK_EVERY_US (MW_SECOND_US / 20) /* whether it is given up */
#define END_WITHIN_US MW_SECOND_US /* of one that has closed a pipe */
#define PAUSE_MIN_US (MW_SECOND_US / 10)
#define PAUSE_MAX_US (10 * MW_SECOND_US)

struct mw_worker {
    mw_sys *sys;
    mw_worker_config config;
    mw_process *process;     /* NULL: none runs */
    mw_arrow_reader *reader; /* of what it writes */
    mw_buf question;         /* the batch that is being sent */
    mw_table nothing;        /* of its first batch */
    size_t batch_count;      /* that it answered, the first one included */
    int64_t pause_us;        /* after the next failure */
    int64_t paused_until_us; /* monotonic */
    char bytes[READ_SIZE];
};

mw_status mw_worker_create(mw_sys *sys, mw_worker_config config, mw_worker **out_worker,
                           mw_error *err) {
    mw_worker *worker = mw_allocate(sizeof *worker);
    if (!worker) return mw_fail(err, MW_NO_MEMORY, "process: no memory");
    worker->sys = sys;
    worker->config = config;
    worker->pause_us = PAUSE_MIN_US;
    mw_buf_init(&worker->question, QUESTION_SIZE_MAX);
    mw_table_init(&worker->nothing, config.takes);
    *out_worker = worker;
    return MW_OK;
}

/* What it has started goes with it; one that only waits for more ends by itself. */
static void stop(mw_worker *worker) {
    mw_process_destroy(worker->process);
    mw_arrow_reader_destroy(worker->reader);
    worker->process = NULL;
    worker->reader = NULL;
}

void mw_worker_destroy(mw_worker *worker) {
    if (!worker) return;
    stop(worker);
    mw_buf_release(&worker->question);
    mw_table_release(&worker->nothing);
    mw_free(worker);
}

/* --- one batch -------------------------------------------------------------------------------- */

/* It has closed one of its pipes, mostly because it ends. */
static mw_status tell_end(mw_worker *worker, mw_error *err) {
    mw_process_result result;
    if (!mw_process_ends_within(worker->process, END_WITHIN_US))
        return mw_fail(err, MW_UNAVAILABLE, "it closed its input or output, and did not end");
    MW_TRY(mw_process_wait(worker->process, &result, err));
    if (result.exit_code > SIGNALLED)
        return mw_fail(err, MW_UNAVAILABLE, "it was ended by signal %d",
                       result.exit_code - SIGNALLED);
    return mw_hint(err, mw_fail(err, MW_UNAVAILABLE, "it ended with exit code %d",
                                result.exit_code),
                   "What it wrote on standard error says why.");
}

static mw_status tell_malformed(mw_status status, mw_error *err) {
    if (status != MW_MALFORMED) return status;
    return mw_hint(err, status, "Standard output is for answers alone: let it write messages to "
                                "standard error.");
}

/* Gives a piece of what it wrote to the reader, which must not come to more than one batch. */
static mw_status take_piece(mw_worker *worker, mw_str piece, bool *out_has_batch, mw_error *err) {
    while (piece.size > 0) {
        mw_arrow_step step;
        if (*out_has_batch)
            return mw_fail(err, MW_MALFORMED, "it must answer a batch with one, but wrote more");
        MW_TRY(tell_malformed(mw_arrow_reader_take(worker->reader, &piece, &step, err), err));
        if (step == MW_ARROW_END)
            return mw_fail(err, MW_MALFORMED, "it ended its stream before it was asked to");
        *out_has_batch = step == MW_ARROW_BATCH;
    }
    return MW_OK;
}

/* What it has written unasked would be taken for its next answer. */
static mw_status check_silence(mw_worker *worker, mw_error *err) {
    mw_str nothing = {.size = 0};
    mw_process_turn turn = {&nothing, worker->bytes, sizeof worker->bytes, 0};
    size_t size = 0;
    bool has_ended = false;
    mw_status status = mw_process_talk(worker->process, turn, &size, &has_ended, err);
    if (status == MW_TIMED_OUT) return MW_OK;
    MW_TRY(status);
    if (has_ended) return tell_end(worker, err);
    return size == 0 ? MW_OK
                     : mw_fail(err, MW_MALFORMED, "it must write when it is asked, but did before");
}

static bool is_given_up(const mw_worker *worker) {
    return worker->config.is_given_up && atomic_load(worker->config.is_given_up);
}

/* Sends the question and reads until an answer stands. */
static mw_status converse(mw_worker *worker, int64_t span_us, mw_error *err) {
    mw_str question = mw_buf_str(&worker->question);
    int64_t deadline_us = mw_sys_monotonic_us(worker->sys) + span_us;
    bool has_batch = false, has_ended = false;
    while (!has_batch || question.size > 0) {
        if (is_given_up(worker)) return mw_fail(err, MW_TIMED_OUT, "it was given up");
        int64_t left_us = deadline_us - mw_sys_monotonic_us(worker->sys);
        int64_t span_now_us = left_us < LOOK_EVERY_US ? left_us : LOOK_EVERY_US;
        mw_process_turn turn = {&question, worker->bytes, sizeof worker->bytes, span_now_us};
        size_t size = 0;
        mw_status status = mw_process_talk(worker->process, turn, &size, &has_ended, err);
        if (status == MW_TIMED_OUT && left_us > span_now_us) continue;
        if (status == MW_TIMED_OUT || (status == MW_OK && left_us <= 0))
            return mw_fail(err, MW_TIMED_OUT, "it did not answer within %lld ms",
                           (long long)(span_us / 1000));
        if (status == MW_UNAVAILABLE || has_ended) return tell_end(worker, err);
        MW_TRY(status);
        MW_TRY(take_piece(worker, (mw_str){worker->bytes, size}, &has_batch, err));
    }
    return MW_OK;
}

static bool gives(mw_arrow_kind kind, mw_type type) {
    switch (kind) {
    case MW_ARROW_NOTHING: return true;
    case MW_ARROW_BOOL: return type == MW_TYPE_BOOL;
    case MW_ARROW_INTEGER:
    case MW_ARROW_NUMBER: return type == MW_TYPE_NUMBER;
    case MW_ARROW_TEXT: return mw_type_is_text(type);
    case MW_ARROW_TIME: return type == MW_TYPE_TIME;
    case MW_ARROW_DURATION: return type == MW_TYPE_DURATION;
    case MW_ARROW_LIST: return type == MW_TYPE_LIST;
    case MW_ARROW_NUMBER_LIST: return type == MW_TYPE_NUMBER_LIST;
    case MW_ARROW_LOCAL_TIME:
    case MW_ARROW_OTHER: break;
    }
    return false;
}

/* Whether the batch that stands answers `row_count` rows by one column of the right type. */
static mw_status check_answer(const mw_worker *worker, size_t row_count, mw_error *err) {
    size_t count = mw_arrow_column_count(worker->reader);
    if (count != 1)
        return mw_fail(err, MW_INVALID, "it must answer by one column, got %zu", count);
    if (!gives(mw_arrow_column_kind(worker->reader, 0), worker->config.gives)) {
        char type[TYPE_SHOWN_MAX];
        mw_arrow_column_describe(worker->reader, 0, type, sizeof type);
        return mw_fail(err, MW_INVALID, "it must give a %s, got a column of %s",
                       mw_type_name(worker->config.gives), type);
    }
    if (mw_arrow_row_count(worker->reader) != row_count)
        return mw_fail(err, MW_INVALID, "it must answer %zu rows, got %zu", row_count,
                       mw_arrow_row_count(worker->reader));
    return MW_OK;
}

static mw_status read_answers(const mw_worker *worker, size_t row_count, mw_symbols *symbols,
                              mw_cell *out_answers, mw_error *err) {
    mw_arrow_target target = {worker->config.gives, NULL, symbols};
    MW_TRY(check_answer(worker, row_count, err));
    for (size_t i = 0; i < row_count; i++) {
        mw_status status = mw_arrow_cell(worker->reader, 0, i, target, &out_answers[i], err);
        if (status != MW_OK) return mw_fail_within(err, status, "its answer to row %zu", i + 1);
    }
    return MW_OK;
}

/* --- one process ------------------------------------------------------------------------------ */

static mw_status greet(mw_worker *worker, mw_error *err) {
    mw_buf_clear(&worker->question);
    MW_TRY(mw_arrow_write_schema(worker->config.takes, &worker->question, err));
    MW_TRY(mw_arrow_write_rows(&worker->nothing, 0, 0, NULL, &worker->question, err));
    MW_TRY(mw_buf_check(&worker->question, "its question", err));
    MW_TRY(converse(worker, MW_WORKER_START_US, err));
    return read_answers(worker, 0, NULL, NULL, err);
}

static mw_status begin(mw_worker *worker, mw_error *err) {
    mw_process_config config = {.arguments = worker->config.arguments,
                                .folder = worker->config.folder,
                                .pipe_input = true,
                                .pipe_output = true,
                                .own_group = true};
    MW_TRY(mw_arrow_reader_create(MW_WORKER_ANSWER_SIZE_MAX, &worker->reader, err));
    mw_status status = mw_process_start(worker->sys, config, &worker->process, err);
    if (status != MW_OK && status != MW_NO_MEMORY)
        status = mw_fail_within(err, MW_UNAVAILABLE, "it cannot be started");
    worker->batch_count = 0;
    return status == MW_OK ? greet(worker, err) : status;
}

/* After a failure the process is not to be asked again. */
static mw_status note(mw_worker *worker, mw_status status, mw_error *err) {
    const mw_worker_config *config = &worker->config;
    if (status == MW_OK) {
        worker->batch_count++;
        worker->pause_us = PAUSE_MIN_US;
        return MW_OK;
    }
    stop(worker);
    worker->paused_until_us = mw_sys_monotonic_us(worker->sys) + worker->pause_us;
    worker->pause_us = worker->pause_us * 2 < PAUSE_MAX_US ? worker->pause_us * 2 : PAUSE_MAX_US;
    if (worker->batch_count == 0)
        return mw_fail_within(err, status, "process %.*s", MW_STR_ARGS(config->name));
    return mw_fail_within(err, status, "process %.*s: batch %zu", MW_STR_ARGS(config->name),
                          worker->batch_count);
}

static mw_status check_pause(const mw_worker *worker, mw_error *err) {
    int64_t left_us = worker->paused_until_us - mw_sys_monotonic_us(worker->sys);
    if (!worker->config.pauses || left_us <= 0) return MW_OK;
    return mw_fail(err, MW_UNAVAILABLE, "process %.*s: it has failed, and starts again in %lld ms",
                   MW_STR_ARGS(worker->config.name), (long long)(left_us / 1000 + 1));
}

mw_status mw_worker_start(mw_worker *worker, mw_error *err) {
    if (worker->process) return MW_OK;
    MW_TRY(check_pause(worker, err));
    return note(worker, begin(worker, err), err);
}

static mw_status ask_once(mw_worker *worker, const mw_table *rows, mw_symbols *symbols,
                          mw_cell *out_answers, mw_error *err) {
    MW_TRY(check_silence(worker, err));
    mw_buf_clear(&worker->question);
    MW_TRY(mw_arrow_write_rows(rows, 0, rows->row_count, symbols, &worker->question, err));
    MW_TRY(mw_buf_check(&worker->question, "its question", err));
    MW_TRY(converse(worker, worker->config.timeout_us, err));
    return read_answers(worker, rows->row_count, symbols, out_answers, err);
}

mw_status mw_worker_ask(mw_worker *worker, const mw_table *rows, mw_symbols *symbols,
                        mw_cell *out_answers, mw_error *err) {
    MW_TRY(mw_worker_start(worker, err));
    mw_status status = note(worker, ask_once(worker, rows, symbols, out_answers, err), err);
    if (status != MW_UNAVAILABLE) return status;
    MW_TRY(note(worker, begin(worker, err), err));
    return note(worker, ask_once(worker, rows, symbols, out_answers, err), err);
}
