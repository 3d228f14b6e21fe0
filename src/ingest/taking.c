#include "ingest/taking.h"

#include <string.h>

#include "feature/entrance.h"
#include "ingest/data_file.h"
#include "ingest/load.h"
#include "ingest/quarantine.h"
#include "ingest/row_check.h"
#include "ingest/row_events.h"

enum { ARENA_SIZE_MAX = 1 << 26, SHOW_EVERY_ROWS = 1024 };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "ingest: no memory");
}

static bool is_compared(const mw_stream *stream, mw_taking_plan plan) {
    return stream->id_count > 0 && plan.is_taken[stream->source];
}

/* Fields with windows are worked out from all events, and compared with those of all. */
static bool needs_all(const mw_program *program, int32_t number) {
    const mw_stream *stream = &program->streams[number];
    return mw_entrance_reads(program, number) || (stream->id_count > 0 && stream->entry_count > 0);
}

/* All of a stream's events in the lake, or those that are not found by their ids. */
static mw_status read_stream(mw_taking *taking, int32_t number, mw_taking_plan plan,
                             mw_error *err) {
    const mw_ingest_config *config = taking->config;
    const mw_stream *stream = &config->program->streams[number];
    mw_lake_wish wish = {stream->name, number, config->symbols, INT64_MIN, 0};
    mw_lake_ids_config ids = {config->state,   &taking->snapshot, config->program, number,
                              config->symbols, config->lake_ids_behind_max};
    bool has_ids = is_compared(stream, plan) && !needs_all(config->program, number);
    if (!has_ids && !needs_all(config->program, number)) return MW_OK;
    if (has_ids) MW_TRY(mw_lake_ids_open(ids, &taking->lake_ids[number], err));
    if (has_ids) wish.behind = mw_lake_ids_through(taking->lake_ids[number]);
    return mw_lake_read(mw_state_lake(config->state), &taking->snapshot, wish, &taking->lake, err);
}

static mw_status index_ids(mw_taking *taking, mw_taking_plan plan, mw_error *err) {
    const mw_program *program = taking->config->program;
    for (size_t i = 0; i < program->stream_count; i++) {
        if (!is_compared(&program->streams[i], plan)) continue;
        MW_TRY(mw_standing_create(&program->streams[i], (int32_t)i, &taking->lake,
                                  &taking->fresh, &taking->standing[i], err));
    }
    return MW_OK;
}

static mw_status read_standing(mw_taking *taking, mw_taking_plan plan, mw_error *err) {
    const mw_ingest_config *config = taking->config;
    MW_TRY(mw_lake_look(mw_state_lake(config->state), &taking->snapshot, err));
    size_t count = config->program->stream_count;
    for (size_t i = 0; i < count; i++) {
        MW_TRY(read_stream(taking, (int32_t)i, plan, err));
        taking->log_begin[i] = taking->lake.streams[i].rows.row_count;
    }
    mw_log_tail tail = {config->state, config->program, config->symbols,
                        &taking->snapshot, INT64_MAX, MW_LOG_POSITION_MAX};
    MW_TRY(mw_log_tail_read(tail, &taking->lake, &taking->log, err));
    for (size_t i = 0; i < count; i++)
        taking->log_end[i] = taking->lake.streams[i].rows.row_count;
    return MW_OK;
}

static mw_status make_lists(mw_taking *taking, mw_error *err) {
    size_t count = taking->config->program->stream_count + 1;
    taking->standing = mw_arena_alloc(&taking->arena, count, sizeof *taking->standing);
    taking->lake_ids = mw_arena_alloc(&taking->arena, count, sizeof *taking->lake_ids);
    taking->log_begin = mw_arena_alloc(&taking->arena, 2 * count, sizeof *taking->log_begin);
    if (!taking->standing || !taking->lake_ids || !taking->log_begin) return no_memory(err);
    taking->log_end = taking->log_begin + count;
    return MW_OK;
}

mw_status mw_taking_init(mw_taking *taking, const mw_ingest_config *config,
                         mw_ingest_report *report, mw_taking_plan plan, mw_error *err) {
    const mw_program *program = config->program;
    mw_sys *sys = mw_state_sys(config->state);
    *taking = (mw_taking){.config = config, .report = report};
    taking->progress = mw_progress_begin(sys, "reading the data", plan.size);
    mw_arena_init(&taking->arena, ARENA_SIZE_MAX);
    mw_file_rows_init(&taking->rows);
    mw_buf_init(&taking->quarantine, MW_QUARANTINE_SIZE_MAX);
    MW_TRY(make_lists(taking, err));
    MW_TRY(mw_program_events(program, &taking->fresh, err));
    MW_TRY(mw_program_events(program, &taking->lake, err));
    MW_TRY(read_standing(taking, plan, err));
    return index_ids(taking, plan, err);
}

bool mw_taking_is_history(const mw_taking *taking) {
    return taking->log.last_prediction == INT64_MIN || taking->config->wants_history;
}

int64_t mw_taking_place(const mw_taking *taking) {
    const mw_log_facts *log = &taking->log;
    int64_t place = log->is_virtual ? log->now : taking->config->now_us;
    if (place <= log->last_place) place = log->last_place + 1;
    if (place <= taking->snapshot.last_place) place = taking->snapshot.last_place + 1;
    return place;
}

void mw_taking_release(mw_taking *taking) {
    mw_progress_end(&taking->progress);
    for (size_t i = 0; taking->log_end && i < taking->config->program->stream_count; i++) {
        mw_standing_destroy(taking->standing[i]);
        mw_lake_ids_close(taking->lake_ids[i]);
    }
    mw_file_rows_release(&taking->rows);
    mw_events_release(&taking->fresh);
    mw_events_release(&taking->lake);
    mw_buf_release(&taking->quarantine);
    mw_arena_release(&taking->arena);
}

/* --- one file ------------------------------------------------------------------------------- */

typedef enum { FATE_OPEN, FATE_REFUSED, FATE_LEFT_OUT } fate;

typedef struct {
    mw_taking *taking;
    const mw_taking_file *from;
    const mw_project_stream *declared;
    const mw_stream_source *source;
    mw_ingest_file line; /* of the report */
    mw_arena arena;      /* of this file alone */
    mw_table *rows;      /* the taking's */
    mw_refusals refusals;
    mw_row_checks *checks;
    unsigned char *fates; /* one a row */
    mw_row_events *events; /* of the row at hand */
} job;

static mw_status refuse(job *j, size_t row, mw_str rule, mw_str value, mw_error *err) {
    j->fates[row] = FATE_REFUSED;
    return mw_refuse(&j->refusals, row, rule, value, err);
}

static mw_status read_rows(job *j, mw_error *err) {
    const mw_ingest_config *config = j->taking->config;
    mw_data_reader reader = {.sys = mw_state_sys(config->state),
                             .duck = mw_state_duck(config->state),
                             .symbols = config->symbols,
                             .zone = config->zones[j->from->source],
                             .stream = j->declared};
    mw_file_rows *read = &j->taking->rows;
    mw_file_wish wish = {j->from->file.path, &j->source->row, j->source->column_count};
    MW_TRY(mw_file_rows_read(read, &reader, wish, err));
    j->rows = &read->rows;
    j->line.row_count = j->rows->row_count;
    j->fates = mw_arena_alloc(&j->arena, j->rows->row_count + 1, 1);
    if (!j->fates) return no_memory(err);
    for (size_t i = 0; i < read->refusals.item_count; i++) {
        const mw_refusal *one = &read->refusals.items[i];
        MW_TRY(refuse(j, one->row, read->refusals.rules[one->rule].text, one->value, err));
    }
    return MW_OK;
}

/* A file that has grown begins with the rows that it had: those are done. If it does not, ids
   must tell what is new (DESIGN.md rule 8), unless nothing is there yet. Runs before fields are
   derived. */
static mw_status pass_over_known(job *j, mw_error *err) {
    const mw_taking_file *from = j->from;
    const mw_file_rows *read = &j->taking->rows;
    memcpy(j->line.rows_hash, read->hash, sizeof j->line.rows_hash);
    if (from->known_rows == 0) return MW_OK;
    char hash[MW_SHA256_HEX_SIZE + 1] = "";
    if (from->known_rows <= j->rows->row_count)
        MW_TRY(mw_file_rows_hash(read, from->known_rows, j->taking->config->symbols, hash, err));
    if (strcmp(hash, from->known_hash) == 0) {
        j->line.known_count = from->known_rows;
        return MW_OK;
    }
    if (j->declared->declaration.id_count > 0 || from->gave_none) return MW_OK;
    mw_status status = mw_fail(
        err, MW_CONFLICT, "%.*s: its first %zu rows have changed since they were taken in",
        MW_STR_ARGS(from->file.name), from->known_rows);
    return mw_hint(err, status, "Without an id nothing tells which rows of stream %.*s are new. "
                                "Put these into a file of their own.",
                   MW_STR_ARGS(j->source->name));
}

/* Makes all new rows ready, so that shares can be counted. */
static void ready_rows(job *j) {
    uint64_t cleaned = 0;
    for (size_t r = j->line.known_count; r < j->rows->row_count; r++) {
        if (j->fates[r] != FATE_OPEN) continue;
        mw_cell *row = mw_table_row(j->rows, r);
        mw_row_fate found = mw_row_events_ready(j->events, row, &cleaned);
        if (found == MW_ROW_IS_EVENT) mw_row_checks_count(j->checks, row);
        else j->fates[r] = FATE_LEFT_OUT;
        j->line.left_out += found == MW_ROW_LEFT_OUT;
        j->line.dropped += found == MW_ROW_DROPPED;
    }
    j->line.cleaned = (size_t)cleaned;
}

static mw_status refuse_id(job *j, size_t row, mw_str rule, mw_error *err) {
    const mw_ingest_config *config = j->taking->config;
    mw_buf id;
    mw_buf_init(&id, 1 << 20);
    mw_stream_append_id(&config->program->streams[j->source->first_stream],
                        mw_row_events_cells(j->events), config->symbols, &id);
    mw_status status = refuse(j, row, rule, mw_buf_str(&id), err);
    mw_buf_release(&id);
    return status;
}

static mw_status add_event(job *j, const mw_event *event, mw_error *err) {
    mw_taking *taking = j->taking;
    MW_TRY(mw_events_add(&taking->fresh, event, err));
    taking->report->stream_events[event->stream]++;
    mw_standing *standing = taking->standing[event->stream];
    return standing ? mw_standing_add(standing, err) : MW_OK;
}

/* How a row's events stand. */
typedef struct {
    bool is_new, corrects, is_fresh_repeat, differs_here, is_ahead;
} stand;

/* In history it stands where it counts from, which is not before what it corrects does; after an
   event of the log, which may move to the lake behind it, one place later. False: what it corrects
   stands ahead of the place that the ingest would get, history which is known only later. */
static bool correct(const mw_taking *taking, mw_event *event) {
    const mw_standing *standing = taking->standing[event->stream];
    size_t row;
    mw_event stands = mw_standing_of(standing, event, &row);
    mw_standing_correct(standing, event);
    event->place = mw_event_counts_from(event);
    bool is_of_log = row >= taking->log_begin[event->stream] &&
                     row < taking->log_end[event->stream];
    if (is_of_log && event->place == stands.place) event->place++;
    return mw_taking_is_history(taking) || stands.place < mw_taking_place(taking);
}

/* Events that are there already are left out; those that stand with other contents, from before
   this ingest, become corrections of that (DESIGN.md rule 8). */
static stand look_up(job *j, mw_event *events) {
    stand found = {.is_new = false};
    for (int32_t i = 0; i < j->source->stream_count; i++) {
        mw_standing *standing = j->taking->standing[j->source->first_stream + i];
        if (!events[i].row) continue;
        mw_stands stands = standing ? mw_standing_find(standing, &events[i]) : MW_STANDS_NOT;
        found.is_new = found.is_new || stands == MW_STANDS_NOT;
        found.corrects = found.corrects || stands == MW_STANDS_OTHERWISE;
        found.is_fresh_repeat = found.is_fresh_repeat || (i == 0 && stands == MW_STANDS_FRESH);
        found.differs_here = found.differs_here || stands == MW_STANDS_FRESH_OTHERWISE;
        if (stands == MW_STANDS_OTHERWISE) {
            bool is_in_order = correct(j->taking, &events[i]);
            found.is_ahead = found.is_ahead || !is_in_order;
        } else if (stands != MW_STANDS_NOT) {
            if (stands == MW_STANDS_IN_LAKE) mw_standing_see(standing, &events[i]);
            events[i].row = NULL;
        }
    }
    return found;
}

/* Adds what is new among the row's events, and what corrects; a row with neither is a repeat. Of
   two rows of one ingest nothing says which one corrects the other: the later is refused whole. */
static mw_status settle(job *j, size_t row, mw_error *err) {
    mw_event *events = mw_row_events_items(j->events);
    stand found = look_up(j, events);
    if (found.differs_here)
        return refuse_id(j, row, MW_STR("id: stands in this ingest with other contents"), err);
    if (found.is_ahead)
        return refuse_id(j, row, MW_STR("id: stands in history that is known only later"), err);
    if (found.is_fresh_repeat && j->declared->id_is_unique)
        return refuse_id(j, row, MW_STR("id: must be unique"), err);
    j->line.event_count += found.is_new && !found.corrects;
    j->line.corrections += found.corrects;
    j->line.repeats += !found.is_new && !found.corrects;
    for (int32_t i = 0; i < j->source->stream_count; i++)
        if (events[i].row) MW_TRY(add_event(j, &events[i], err));
    return MW_OK;
}

static mw_status take_row(job *j, size_t r, mw_error *err) {
    const mw_cell *row = mw_table_row(j->rows, r);
    bool is_refused = false;
    mw_str broken = mw_row_events_make(j->events, row);
    MW_TRY(mw_symbols_settle(j->taking->config->symbols, err));
    if (broken.size > 0) return refuse(j, r, broken, MW_STR(""), err);
    MW_TRY(mw_row_checks_apply(j->checks, r, row, &j->refusals, &is_refused, err));
    if (!is_refused) return settle(j, r, err);
    j->fates[r] = FATE_REFUSED;
    return MW_OK;
}

/* --- what the lake has of a file's ids ---------------------------------------------------- */

static mw_lake_ids **lake_ids_of(const job *j) {
    return j->taking->lake_ids + j->source->first_stream;
}

static bool asks_lake(const job *j) {
    for (int32_t i = 0; i < j->source->stream_count; i++)
        if (lake_ids_of(j)[i] && mw_lake_ids_through(lake_ids_of(j)[i]) > 0) return true;
    return false;
}

static mw_status ask_for_row(job *j, const mw_cell *row, mw_error *err) {
    mw_str broken = mw_row_events_make(j->events, row);
    const mw_event *events = mw_row_events_items(j->events);
    for (int32_t i = 0; broken.size == 0 && i < j->source->stream_count; i++)
        if (events[i].row && lake_ids_of(j)[i])
            MW_TRY(mw_lake_ids_ask(lake_ids_of(j)[i], events[i].row, err));
    return MW_OK;
}

static mw_status read_asked(mw_taking *taking, int32_t stream, mw_error *err) {
    const mw_table *rows = &taking->lake.streams[stream].rows;
    size_t before = rows->row_count;
    if (!taking->lake_ids[stream]) return MW_OK;
    MW_TRY(mw_lake_ids_read(taking->lake_ids[stream], &taking->lake, err));
    return mw_standing_add_older(taking->standing[stream], before, err);
}

/* Reads from the lake what stands there under the ids of all rows, before the first is settled. */
static mw_status read_known(job *j, mw_error *err) {
    if (!asks_lake(j)) return MW_OK;
    for (size_t r = j->line.known_count; r < j->rows->row_count; r++)
        if (j->fates[r] == FATE_OPEN) MW_TRY(ask_for_row(j, mw_table_row(j->rows, r), err));
    for (int32_t i = 0; i < j->source->stream_count; i++)
        MW_TRY(read_asked(j->taking, j->source->first_stream + i, err));
    return MW_OK;
}

/* Half of the work on a file is reading it, whose end is not known before. */
static void show_progress(job *j, size_t rows_taken) {
    uint64_t half = j->from->size / 2;
    uint64_t taken = j->rows->row_count > 0 ? half * rows_taken / j->rows->row_count : 0;
    mw_progress_update(&j->taking->progress, j->taking->done + half + taken);
}

static mw_status take_rows(job *j, mw_error *err) {
    for (size_t r = j->line.known_count; r < j->rows->row_count; r++) {
        if (r % SHOW_EVERY_ROWS == 0) show_progress(j, r);
        if (j->fates[r] == FATE_OPEN) MW_TRY(take_row(j, r, err));
    }
    j->taking->done += j->from->size;
    return MW_OK;
}

static mw_status prepare(job *j, mw_error *err) {
    const mw_ingest_config *config = j->taking->config;
    MW_TRY(mw_row_events_create(&j->arena, config->program, j->from->source, config->symbols,
                                &j->events, err));
    return mw_row_checks_create(&j->arena, j->declared, &j->source->row, config->symbols,
                                &j->checks, err);
}

/* --- the report --------------------------------------------------------------------------- */

static mw_status add_reason(mw_ingest_report *report, mw_str stream, mw_str rule,
                            const mw_refusal *refusal, mw_error *err) {
    for (size_t i = 0; i < report->reason_count; i++) {
        mw_ingest_reason *one = &report->reasons[i];
        if (!mw_str_equal(one->stream, stream) || !mw_str_equal(one->rule, rule)) continue;
        one->row_count++;
        return MW_OK;
    }
    void *reasons = report->reasons;
    bool grown = mw_grow(&reasons, &report->reason_capacity, report->reason_count + 1,
                         sizeof *report->reasons, SIZE_MAX / sizeof *report->reasons);
    report->reasons = reasons;
    mw_str stream_copy = mw_str_copy(&report->arena, stream);
    mw_str rule_copy = mw_str_copy(&report->arena, rule);
    mw_str value = mw_str_copy(&report->arena, refusal->value);
    if (!grown || !stream_copy.data || !rule_copy.data || !value.data) return no_memory(err);
    report->reasons[report->reason_count++] =
        (mw_ingest_reason){stream_copy, rule_copy, 1, refusal->row + 1, value};
    return MW_OK;
}

static mw_status report_columns(job *j, mw_error *err) {
    const mw_refusals *read = &j->taking->rows.refusals;
    mw_arena *arena = &j->taking->report->arena;
    mw_str *names = mw_arena_alloc(arena, read->column_count + 1, sizeof *names);
    if (!names) return no_memory(err);
    for (size_t i = 0; i < read->column_count; i++) {
        names[i] = mw_str_copy(arena, read->columns[i]);
        if (!names[i].data) return no_memory(err);
    }
    j->line.columns = names;
    j->line.column_count = read->column_count;
    return MW_OK;
}

static mw_status report_file(job *j, mw_error *err) {
    mw_ingest_report *report = j->taking->report;
    for (size_t i = 0; i < j->refusals.item_count; i++) {
        const mw_refusal *one = &j->refusals.items[i];
        if (one->row < j->line.known_count) continue;
        j->line.quarantined++;
        MW_TRY(add_reason(report, j->source->name, j->refusals.rules[one->rule].text, one, err));
    }
    void *files = report->files;
    bool grown = mw_grow(&files, &report->file_capacity, report->file_count + 1,
                         sizeof *report->files, SIZE_MAX / sizeof *report->files);
    report->files = files;
    j->line.stream = mw_str_copy(&report->arena, j->source->name);
    j->line.file = mw_str_copy(&report->arena, j->from->file.name);
    if (!grown || !j->line.stream.data || !j->line.file.data) return no_memory(err);
    MW_TRY(report_columns(j, err));
    memcpy(j->line.content_hash, j->from->content_hash, sizeof j->line.content_hash);
    report->files[report->file_count++] = j->line;
    report->row_count += j->line.row_count - j->line.known_count;
    report->quarantined += j->line.quarantined;
    return MW_OK;
}

static void keep_refused(job *j) {
    mw_quarantine_source source = {.stream = j->source->name,
                                   .file = j->from->file.name,
                                   .rows = j->rows,
                                   .column_count = j->source->column_count,
                                   .skip = j->line.known_count,
                                   .symbols = j->taking->config->symbols};
    mw_quarantine_append(&j->taking->quarantine, &source, &j->refusals);
}

static mw_status run(job *j, mw_error *err) {
    MW_TRY(prepare(j, err));
    MW_TRY(read_rows(j, err));
    MW_TRY(pass_over_known(j, err));
    ready_rows(j);
    MW_TRY(mw_symbols_settle(j->taking->config->symbols, err));
    MW_TRY(read_known(j, err));
    MW_TRY(take_rows(j, err));
    MW_TRY(report_file(j, err));
    keep_refused(j);
    return mw_buf_check(&j->taking->quarantine, "ingest: the quarantine", err);
}

mw_status mw_take_file(mw_taking *taking, const mw_taking_file *file, mw_error *err) {
    const mw_stream_source *source = &taking->config->program->sources[file->source];
    job j = {.taking = taking,
             .from = file,
             .source = source,
             .declared = &taking->config->project->streams[file->source]};
    MW_ASSERT(mw_str_equal(j.declared->declaration.name, source->name));
    mw_arena_init(&j.arena, (size_t)1 << 34);
    mw_refusals_init(&j.refusals);
    mw_status status = run(&j, err);
    mw_refusals_release(&j.refusals);
    mw_arena_release(&j.arena);
    return status;
}
