#include "ingest/ingest.h"

#include <stdio.h>
#include <string.h>

#include "ingest/asking.h"
#include "ingest/data_file.h"
#include "ingest/entering.h"
#include "ingest/load.h"
#include "ingest/sources.h"
#include "ingest/taking.h"

enum { ARENA_SIZE_MAX = 1 << 28, HASH_STEP = 1 << 20 };

/* The files that are to be taken, found before anything is read. */
typedef struct {
    const mw_ingest_config *config;
    mw_ingest_report *report;
    mw_arena arena;
    mw_taking_file *files;
    size_t file_count, file_capacity;
    bool *is_chosen, *is_taken; /* one a source: asked for; with a file to take */
} plan;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "ingest: no memory");
}

void mw_ingest_report_release(mw_ingest_report *report) {
    mw_free(report->files);
    mw_free(report->reasons);
    mw_arena_release(&report->arena);
    *report = (mw_ingest_report){.place = MW_TIME_MISSING};
}

/* --- which streams, which files ------------------------------------------------------------- */

static mw_status choose(plan *p, mw_error *err) {
    const mw_program *program = p->config->program;
    p->is_chosen = mw_arena_alloc(&p->arena, program->source_count + 1, sizeof *p->is_chosen);
    p->is_taken = mw_arena_alloc(&p->arena, program->source_count + 1, sizeof *p->is_taken);
    if (!p->is_chosen || !p->is_taken) return no_memory(err);
    for (size_t i = 0; i < program->source_count; i++)
        p->is_chosen[i] = p->config->stream_count == 0;
    for (size_t i = 0; i < p->config->stream_count; i++) {
        mw_str name = p->config->streams[i];
        int32_t source = mw_program_find_source(program, name);
        if (source < 0)
            return mw_fail(err, MW_NOT_FOUND, "ingest: the project has no stream %.*s",
                           MW_STR_ARGS(name));
        p->is_chosen[source] = true;
    }
    return MW_OK;
}

static mw_status hash_open_file(mw_file *file, char *piece, mw_sha256 *sha, mw_error *err) {
    size_t size = 1;
    for (uint64_t offset = 0; size > 0; offset += size) {
        MW_TRY(mw_file_read(file, offset, piece, HASH_STEP, &size, err));
        mw_sha256_add(sha, piece, size);
    }
    return MW_OK;
}

static mw_status hash_file(mw_sys *sys, const char *path, char out_hash[MW_SHA256_HEX_SIZE + 1],
                           mw_error *err) {
    mw_file *file = NULL;
    mw_sha256 sha;
    MW_TRY(mw_sys_open(sys, path, MW_FILE_READ, &file, err));
    char *piece = mw_allocate(HASH_STEP);
    mw_sha256_init(&sha);
    mw_status status = piece ? hash_open_file(file, piece, &sha, err) : no_memory(err);
    mw_free(piece);
    mw_file_close(file);
    if (status == MW_OK) mw_sha256_hex(&sha, out_hash);
    return status;
}

/* What the catalog knows: whether these contents were taken in, and else how many rows of what
   hash this path had when it was last read. */
static mw_status look_up(mw_catalog *catalog, mw_str source, mw_taking_file *file,
                         bool *out_is_known, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_catalog_query(catalog,
                            "SELECT content_hash = ?, row_count, rows_hash, "
                            "quarantined + repeats + left_out = row_count FROM ingested_files "
                            "WHERE source = ? AND (content_hash = ? OR path = ?) "
                            "ORDER BY content_hash = ? DESC, ingest DESC LIMIT 1",
                            MW_SQL(mw_sql_text(file->content_hash), mw_sql_str(source),
                                   mw_sql_text(file->content_hash),
                                   mw_sql_str(file->file.name),
                                   mw_sql_text(file->content_hash)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    if (status == MW_OK && has_row) {
        *out_is_known = mw_catalog_int(rows, 0) != 0;
        file->known_rows = (size_t)mw_catalog_int(rows, 1);
        snprintf(file->known_hash, sizeof file->known_hash, "%.*s",
                 MW_STR_ARGS(mw_catalog_text(rows, 2)));
        file->gave_none = mw_catalog_int(rows, 3) != 0;
    }
    mw_catalog_rows_close(rows);
    return status;
}

static mw_status plan_file(plan *p, int32_t source, mw_source_file found, mw_error *err) {
    mw_sys *sys = mw_state_sys(p->config->state);
    mw_file_info info;
    bool is_known = false;
    MW_TRY(mw_data_file_check(sys, found.path, &info, err));
    mw_taking_file file = {.source = source, .file = found, .size = info.size};
    MW_TRY(hash_file(sys, found.path, file.content_hash, err));
    MW_TRY(look_up(mw_state_catalog(p->config->state), p->config->program->sources[source].name,
                   &file, &is_known, err));
    if (is_known) {
        p->report->unchanged_count++;
        return MW_OK;
    }
    void *files = p->files;
    bool grown = mw_grow(&files, &p->file_capacity, p->file_count + 1, sizeof *p->files,
                         SIZE_MAX / sizeof *p->files);
    p->files = files;
    if (!grown) return no_memory(err);
    p->files[p->file_count++] = file;
    p->is_taken[source] = true;
    return MW_OK;
}

static mw_status plan_source(plan *p, int32_t source, mw_error *err) {
    const mw_ingest_config *config = p->config;
    const mw_project_stream *stream = &config->project->streams[source];
    const mw_str *from = config->from.size > 0 ? &config->from : stream->from;
    size_t from_count = config->from.size > 0 ? 1 : stream->from_count;
    mw_source_list list = {0};
    MW_TRY(mw_source_check(config->state, config->program, source, err));
    for (size_t i = 0; i < from_count; i++)
        MW_TRY(mw_sources_add(mw_state_sys(config->state), config->folder, from[i], &p->arena,
                              &list, err));
    for (size_t i = 0; i < list.count; i++) MW_TRY(plan_file(p, source, list.files[i], err));
    return MW_OK;
}

static mw_status make_plan(plan *p, mw_error *err) {
    MW_TRY(choose(p, err));
    for (size_t i = 0; i < p->config->program->source_count; i++) {
        if (!p->is_chosen[i]) continue;
        mw_status status = plan_source(p, (int32_t)i, err);
        if (status != MW_OK)
            return mw_fail_within(err, status, "streams.%.*s",
                                  MW_STR_ARGS(p->config->program->sources[i].name));
    }
    return MW_OK;
}

/* --- the offer ---------------------------------------------------------------------------- */

/* By rule 1. The next place that a server gives is greater still. */
static mw_status accept_here(const plan *p, const mw_taking *taking, const mw_offer *offer,
                             mw_accepted *out_accepted, mw_error *err) {
    mw_places places = {mw_taking_place(taking), 0};
    MW_TRY(mw_offer_place(offer, taking->log.last_prediction, places, &places, err));
    return mw_offer_accept(offer, p->config->state, places, out_accepted, err);
}

/* An acceptor that fails may still have accepted: nobody knows what became of a message whose
   answer did not come. */
static mw_status accept(const plan *p, const mw_taking *taking, const mw_offer *offer,
                        const mw_lake_batch *batch, mw_error *err) {
    const mw_ingest_acceptor *acceptor = &p->config->acceptor;
    mw_accepted accepted;
    mw_status status = acceptor->accept
                           ? acceptor->accept(acceptor->context, offer, batch, &accepted, err)
                           : accept_here(p, taking, offer, &accepted, err);
    if (status != MW_OK) {
        bool is_accepted = false;
        mw_error ignored;
        mw_status given_up = mw_offer_give_up(offer, p->config->state, &is_accepted, &accepted,
                                              &ignored);
        if (given_up != MW_OK || !is_accepted) return status;
    }
    p->report->ingest = accepted.ingest;
    p->report->place = accepted.places.first;
    memcpy(p->report->data_version, accepted.data_version, sizeof accepted.data_version);
    return MW_OK;
}

static mw_status store(plan *p, mw_taking *taking, mw_error *err) {
    const mw_program *program = p->config->program;
    mw_str names[MW_STREAMS_MAX];
    for (size_t i = 0; i < program->stream_count; i++) names[i] = program->streams[i].name;
    mw_lake_batch batch = {&taking->fresh, names, p->config->symbols};
    mw_offer offer = {.at_us = p->config->now_us,
                      .log_through = MW_TIME_MISSING,
                      .wants_history = p->config->wants_history,
                      .files = p->report->files,
                      .file_count = p->report->file_count};
    MW_TRY(mw_offer_describe(&offer, program, p->is_taken, &p->arena, err));
    MW_TRY(mw_lake_stage(mw_state_lake(p->config->state), &batch, &p->arena, &offer.addition,
                         err));
    return accept(p, taking, &offer, &batch, err);
}

/* --- the whole ---------------------------------------------------------------------------- */

/* Named by its contents' hash, so that it is the same file whenever the same rows are refused. */
static mw_status write_quarantine(const plan *p, const mw_buf *lines, mw_error *err) {
    char name[64], hash[MW_SHA256_HEX_SIZE + 1];
    mw_state *state = p->config->state;
    mw_sha256 sha;
    if (lines->size == 0) return MW_OK;
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, lines->data, lines->size);
    mw_sha256_hex(&sha, hash);
    snprintf(name, sizeof name, "quarantine/%.12s.ndjson", hash);
    const char *folder = mw_state_path(state, &p->report->arena, "quarantine");
    const char *path = mw_state_path(state, &p->report->arena, name);
    if (!folder || !path) return MW_OK; /* a state in memory keeps the counts only */
    MW_TRY(mw_sys_make_folder(mw_state_sys(state), folder, err));
    MW_TRY(mw_sys_write_file(mw_state_sys(state), path, mw_buf_str(lines), err));
    p->report->quarantine = path;
    return MW_OK;
}

static mw_status took_nothing(mw_ingest_report *report, mw_error *err) {
    const mw_ingest_reason *first = &report->reasons[0];
    report->took_nothing = true;
    mw_status status = mw_fail(err, MW_INVALID, "ingest: all %zu rows were refused; %.*s: %.*s",
                               report->row_count, MW_STR_ARGS(first->stream),
                               MW_STR_ARGS(first->rule));
    if (!report->quarantine) return status;
    return mw_hint(err, status, "They stand in %s with the reasons.", report->quarantine);
}

/* --- what processes are asked for ------------------------------------------------------------ */

static mw_status ask_for_stream(mw_asking *asking, mw_taking *taking, int32_t stream,
                                mw_error *err) {
    const mw_table *rows = &taking->fresh.streams[stream].rows;
    mw_cell **items = mw_arena_alloc(&taking->arena, MW_PROCESS_BATCH_MAX, sizeof *items);
    if (!items) return no_memory(err);
    for (size_t from = 0, count = 0; from < rows->row_count; from += count) {
        for (count = 0; count < MW_PROCESS_BATCH_MAX && from + count < rows->row_count; count++)
            items[count] = mw_table_row(rows, from + count);
        MW_TRY(mw_asking_fill(asking, stream, items, count, err));
    }
    return MW_OK;
}

static mw_status ask_for_streams(mw_asking *asking, mw_taking *taking, mw_error *err) {
    const mw_program *program = taking->config->program;
    if (taking->fresh.event_count == 0) return MW_OK;
    for (size_t i = 0; i < program->stream_count; i++) {
        bool has_rows = taking->fresh.streams[i].rows.row_count > 0;
        if (!has_rows || !mw_asking_has(asking, (int32_t)i)) continue;
        MW_TRY(ask_for_stream(asking, taking, (int32_t)i, err));
    }
    return MW_OK;
}

/* Before fields with windows are worked out, which may read the answers. */
static mw_status ask(plan *p, mw_taking *taking, mw_error *err) {
    const mw_ingest_config *config = p->config;
    mw_asking *asking;
    MW_TRY(mw_asking_create((mw_asking_config){mw_state_sys(config->state), config->project,
                                               config->program, config->symbols, config->folder,
                                               false},
                            &asking, err));
    mw_status status = asking ? ask_for_streams(asking, taking, err) : MW_OK;
    mw_asking_counts counts = mw_asking_read_counts(asking);
    p->report->answered = counts.answered;
    p->report->unanswered = counts.unanswered;
    p->report->unanswered_why = mw_str_copy(&p->report->arena, mw_str_of(counts.why));
    mw_asking_destroy(asking);
    return status;
}

static mw_status look_for_overdue(const mw_taking *taking, mw_ingest_report *report,
                                  mw_error *err) {
    const mw_program *program = taking->config->program;
    report->overdue = mw_arena_alloc(&report->arena, program->stream_count + 1,
                                     sizeof *report->overdue);
    if (!report->overdue) return no_memory(err);
    report->overdue_count = mw_overdue_find(program, &taking->fresh, report->overdue);
    return MW_OK;
}

static mw_status take_all(plan *p, mw_error *err) {
    mw_taking taking;
    mw_taking_plan coming = {.is_taken = p->is_taken};
    for (size_t i = 0; i < p->file_count; i++) coming.size += p->files[i].size;
    mw_status status = mw_taking_init(&taking, p->config, p->report, coming, err);
    for (size_t i = 0; status == MW_OK && i < p->file_count; i++)
        status = mw_take_file(&taking, &p->files[i], err);
    mw_file_rows_release(&taking.rows); /* room for what follows */
    mw_progress_end(&taking.progress);
    if (status == MW_OK) status = write_quarantine(p, &taking.quarantine, err);
    bool is_all_refused = p->report->row_count > 0 &&
                          p->report->quarantined == p->report->row_count;
    if (status == MW_OK && is_all_refused) status = took_nothing(p->report, err);
    if (status == MW_OK) status = look_for_overdue(&taking, p->report, err);
    if (status == MW_OK) status = ask(p, &taking, err);
    if (status == MW_OK) status = mw_entering_run(&taking, err);
    if (status == MW_OK) status = store(p, &taking, err);
    mw_taking_release(&taking);
    return status;
}

static mw_status ingest(plan *p, mw_error *err) {
    mw_lake *lake = mw_state_lake(p->config->state);
    MW_TRY(mw_lake_claim(lake, err));
    mw_status status = mw_lake_version(lake, p->report->data_version, err);
    if (status == MW_OK) status = make_plan(p, err);
    if (status == MW_OK && p->file_count > 0) status = take_all(p, err);
    mw_lake_yield(lake);
    return status;
}

mw_status mw_ingest(const mw_ingest_config *config, mw_ingest_report *out_report,
                    mw_error *err) {
    plan p = {.config = config, .report = out_report};
    *out_report = (mw_ingest_report){.place = MW_TIME_MISSING};
    mw_arena_init(&out_report->arena, ARENA_SIZE_MAX);
    mw_arena_init(&p.arena, ARENA_SIZE_MAX);
    out_report->stream_events = mw_arena_alloc(&out_report->arena,
                                               config->program->stream_count + 1,
                                               sizeof *out_report->stream_events);
    mw_status status = out_report->stream_events ? ingest(&p, err) : no_memory(err);
    mw_free(p.files);
    mw_arena_release(&p.arena);
    return status;
}
