#include "ingest/offer.h"

#include <stdio.h>
#include <string.h>

#include "ingest/inferred.h"
#include "ingest/load.h"

enum { OFFER_FORMAT = 5, FILES_MAX = 1 << 20 };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "ingest: no memory for its offer");
}

static mw_status malformed(mw_error *err) {
    mw_status status = mw_fail(err, MW_MALFORMED, "ingest: its offer cannot be read");
    return mw_hint(err, status, "Use the same millwright for the server and for the ingest.");
}

mw_status mw_offer_describe(mw_offer *offer, const mw_program *program, const bool *is_chosen,
                            mw_arena *arena, mw_error *err) {
    offer->source_count = 0;
    offer->sources = mw_arena_alloc(arena, program->source_count + 1, sizeof *offer->sources);
    if (!offer->sources) return no_memory(err);
    for (size_t i = 0; i < program->source_count; i++) {
        if (!is_chosen[i]) continue;
        char definition[MW_SHA256_HEX_SIZE + 1];
        const mw_stream_source *source = &program->sources[i];
        mw_source_definition(program, (int32_t)i, definition);
        mw_str copy = mw_str_copy(arena, mw_str_of(definition));
        if (!copy.data) return no_memory(err);
        offer->sources[offer->source_count++] =
            (mw_offer_source){source->name, copy, {source->row.fields, source->column_count}};
    }
    return MW_OK;
}

/* --- as bytes ----------------------------------------------------------------------------- */

static void append_file(mw_buf *out, const mw_ingest_file *file) {
    const size_t counts[] = {file->row_count, file->known_count, file->event_count,
                             file->left_out,  file->corrections, file->repeats,
                             file->quarantined, file->dropped, file->cleaned};
    mw_text_append(out, file->stream);
    mw_text_append(out, file->file);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        mw_buf_append_u64(out, counts[i]);
    mw_text_append(out, mw_str_of(file->content_hash));
    mw_text_append(out, mw_str_of(file->rows_hash));
}

static void read_hash(mw_reader *reader, char out_hash[MW_SHA256_HEX_SIZE + 1]) {
    mw_str text = mw_text_read(reader);
    if (text.size > MW_SHA256_HEX_SIZE) reader->failed = true;
    else snprintf(out_hash, MW_SHA256_HEX_SIZE + 1, "%.*s", MW_STR_ARGS(text));
}

static void read_file(mw_reader *reader, mw_ingest_file *file) {
    size_t *const counts[] = {&file->row_count, &file->known_count, &file->event_count,
                              &file->left_out,  &file->corrections, &file->repeats,
                              &file->quarantined, &file->dropped, &file->cleaned};
    *file = (mw_ingest_file){.stream = mw_text_read(reader)};
    file->file = mw_text_read(reader);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        *counts[i] = (size_t)mw_read_u64(reader);
    read_hash(reader, file->content_hash);
    read_hash(reader, file->rows_hash);
}

void mw_offer_append(mw_buf *out, const mw_offer *offer) {
    MW_ASSERT(offer->log_through == MW_TIME_MISSING);
    mw_buf_append_u32(out, OFFER_FORMAT);
    mw_addition_append(out, &offer->addition);
    mw_buf_append_u64(out, (uint64_t)offer->at_us);
    mw_buf_append_u32(out, offer->wants_history);
    mw_buf_append_u32(out, (uint32_t)offer->file_count);
    for (size_t i = 0; i < offer->file_count; i++) append_file(out, &offer->files[i]);
    mw_buf_append_u32(out, (uint32_t)offer->source_count);
    for (size_t i = 0; i < offer->source_count; i++) {
        mw_text_append(out, offer->sources[i].name);
        mw_text_append(out, offer->sources[i].definition);
        mw_schema_append(out, &offer->sources[i].columns);
    }
}

static mw_status read_files(mw_reader *reader, mw_arena *arena, mw_offer *offer, mw_error *err) {
    size_t count = mw_read_u32(reader);
    if (reader->failed || count > FILES_MAX) return malformed(err);
    mw_ingest_file *files = mw_arena_alloc(arena, count + 1, sizeof *files);
    if (!files) return no_memory(err);
    for (size_t i = 0; i < count; i++) read_file(reader, &files[i]);
    offer->files = files;
    offer->file_count = count;
    return MW_OK;
}

static mw_status read_sources(mw_reader *reader, mw_arena *arena, mw_offer *offer,
                              mw_error *err) {
    size_t count = mw_read_u32(reader);
    if (reader->failed || count > MW_STREAMS_MAX) return malformed(err);
    offer->sources = mw_arena_alloc(arena, count + 1, sizeof *offer->sources);
    if (!offer->sources) return no_memory(err);
    for (; offer->source_count < count; offer->source_count++) {
        mw_offer_source *source = &offer->sources[offer->source_count];
        source->name = mw_text_read(reader);
        source->definition = mw_text_read(reader);
        MW_TRY(mw_schema_read(reader, arena, &source->columns, err));
    }
    return MW_OK;
}

mw_status mw_offer_read(mw_str bytes, mw_arena *arena, mw_offer *out_offer, mw_error *err) {
    mw_reader reader = {.rest = bytes};
    mw_offer offer = {.log_through = MW_TIME_MISSING};
    if (mw_read_u32(&reader) != OFFER_FORMAT) return malformed(err);
    MW_TRY(mw_addition_read(&reader, arena, &offer.addition, err));
    offer.at_us = (int64_t)mw_read_u64(&reader);
    offer.wants_history = mw_read_u32(&reader) != 0;
    MW_TRY(read_files(&reader, arena, &offer, err));
    MW_TRY(read_sources(&reader, arena, &offer, err));
    if (reader.failed || reader.rest.size > 0) return malformed(err);
    *out_offer = offer;
    return MW_OK;
}

void mw_accepted_append(mw_buf *out, const mw_accepted *accepted) {
    mw_buf_append_u64(out, (uint64_t)accepted->ingest);
    mw_buf_append_u64(out, (uint64_t)accepted->places.first);
    mw_buf_append_u64(out, (uint64_t)accepted->places.step);
    mw_text_append(out, mw_str_of(accepted->data_version));
}

mw_status mw_accepted_read(mw_str bytes, mw_accepted *out_accepted, mw_error *err) {
    mw_reader reader = {.rest = bytes};
    mw_accepted accepted = {.ingest = (int64_t)mw_read_u64(&reader)};
    accepted.places.first = (int64_t)mw_read_u64(&reader);
    accepted.places.step = (int64_t)mw_read_u64(&reader);
    read_hash(&reader, accepted.data_version);
    if (reader.failed || reader.rest.size > 0) return malformed(err);
    *out_accepted = accepted;
    return MW_OK;
}

/* --- acceptance --------------------------------------------------------------------------- */

static mw_status too_late(int64_t last_prediction, int64_t known, mw_error *err) {
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "ingest --history: must be of what became known after the last "
                               "recorded prediction, made at %s, got events known from %s",
                               mw_time_text_of(last_prediction).text, mw_time_text_of(known).text);
    return mw_hint(err, status, "Predictions were made without it. Leave --history out, and it "
                                "counts from now on; or begin a new log.");
}

mw_status mw_offer_place(const mw_offer *offer, int64_t last_prediction, mw_places next,
                         mw_places *out_places, mw_error *err) {
    int64_t known = mw_addition_known_min(&offer->addition);
    bool is_history = last_prediction == INT64_MIN || offer->addition.file_count == 0 ||
                      offer->wants_history;
    if (offer->wants_history && known < last_prediction)
        return too_late(last_prediction, known, err);
    *out_places = is_history ? (mw_places){MW_TIME_MISSING, 0} : next;
    return MW_OK;
}

static mw_status list_file(mw_catalog *catalog, int64_t ingest, const mw_ingest_file *file,
                           mw_error *err) {
    return mw_catalog_run(
        catalog, "INSERT INTO ingested_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        MW_SQL(mw_sql_int(ingest), mw_sql_str(file->stream), mw_sql_str(file->file),
               mw_sql_text(file->content_hash), mw_sql_text(file->rows_hash),
               mw_sql_int((int64_t)file->row_count), mw_sql_int((int64_t)file->quarantined),
               mw_sql_int((int64_t)file->repeats),
               mw_sql_int((int64_t)(file->left_out + file->dropped))), err);
}

static mw_status keep_source(mw_catalog *catalog, const mw_offer_source *source, mw_error *err) {
    MW_TRY(mw_catalog_run(catalog,
                          "DELETE FROM source_definitions WHERE source = ? AND NOT has_zone",
                          MW_SQL(mw_sql_str(source->name)), err));
    MW_TRY(mw_catalog_run(catalog, "INSERT OR IGNORE INTO source_definitions VALUES (?, ?, 1)",
                          MW_SQL(mw_sql_str(source->name), mw_sql_str(source->definition)),
                          err));
    return mw_keep_columns(catalog, source->name, &source->columns, source->columns.field_count,
                           err);
}

static mw_status record(const mw_offer *offer, mw_state *state, mw_accepted *accepted,
                        mw_error *err) {
    mw_catalog *catalog = mw_state_catalog(state);
    mw_acceptance acceptance = {offer->at_us, accepted->places, offer->log_through,
                                offer->log_digest};
    MW_TRY(mw_lake_accept(mw_state_lake(state), &offer->addition, acceptance,
                          accepted->data_version, err));
    for (size_t i = 0; i < offer->file_count; i++)
        MW_TRY(list_file(catalog, accepted->ingest, &offer->files[i], err));
    for (size_t i = 0; i < offer->source_count; i++)
        MW_TRY(keep_source(catalog, &offer->sources[i], err));
    return MW_OK;
}

mw_status mw_offer_accept(const mw_offer *offer, mw_state *state, mw_places places,
                          mw_accepted *out_accepted, mw_error *err) {
    mw_catalog *catalog = mw_state_catalog(state);
    mw_accepted accepted = {.ingest = offer->addition.number, .places = places};
    MW_TRY(mw_catalog_begin(catalog, err));
    mw_status status = record(offer, state, &accepted, err);
    if (status == MW_OK) status = mw_catalog_commit(catalog, err);
    else mw_catalog_rollback(catalog);
    if (status == MW_OK) *out_accepted = accepted;
    return status;
}

mw_status mw_offer_give_up(const mw_offer *offer, mw_state *state, bool *out_is_accepted,
                           mw_accepted *out_accepted, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_TRY(mw_lake_discard(mw_state_lake(state), err));
    MW_TRY(mw_catalog_query(mw_state_catalog(state),
                            "SELECT place_us, data_version, step_us FROM ingests WHERE id = ?",
                            MW_SQL(mw_sql_int(offer->addition.number)), &rows, err));
    mw_status status = mw_catalog_next(rows, &has_row, err);
    *out_is_accepted = status == MW_OK && has_row;
    if (*out_is_accepted) {
        out_accepted->ingest = offer->addition.number;
        out_accepted->places = (mw_places){mw_catalog_time(rows, 0), mw_catalog_int(rows, 2)};
        snprintf(out_accepted->data_version, sizeof out_accepted->data_version, "%.*s",
                 MW_STR_ARGS(mw_catalog_text(rows, 1)));
    }
    mw_catalog_rows_close(rows);
    return status;
}
