/*
 * addition: what an ingest would add to the lake: files that are written and wait to be listed.
 *
 * Who writes them need not be who lists them. Beside a running server a command writes the files,
 * and the server, which gives the places, lists them: so an addition travels as bytes. What it
 * points to lies in an arena of the caller's.
 */
#pragma once
#include "table/table.h"

enum { MW_ADDED_FILES_MAX = 1 << 16 };
#define MW_NO_CHECKSUM INT64_C(-1) /* in memory, and of files from before they were kept */

/* Events of one stream, in the order of their places. */
typedef struct {
    mw_str stream, path; /* relative to the lake's folder */
    mw_schema schema;
    int64_t event_count, size;
    int64_t known_min, known_max; /* the latter not before any event counts, as history */
    int64_t correction_count;
    mw_str rows_hash;    /* of the stream's name, its fields and the events, in canonical bytes */
    int64_t checksum;    /* CRC32C of the file's own bytes; or MW_NO_CHECKSUM */
} mw_added_file;

typedef struct {
    int64_t number; /* of the ingest; no other addition ever has it */
    mw_added_file *files;
    size_t file_count;
} mw_addition;

/* Where the events of an addition count: row r of each file at `first` + r * `step`. Those of a
   large one trickle in, so that a server which feeds them goes on with its predictions. */
typedef struct {
    int64_t first; /* MW_TIME_MISSING: each where its file says */
    int64_t step;
} mw_places;

void mw_schema_append(mw_buf *out, const mw_schema *schema);
MW_MUST_USE mw_status mw_schema_read(mw_reader *reader, mw_arena *arena, mw_schema *out_schema,
                                     mw_error *err);
/* Texts, with their size before them; views of the bytes when read. */
void mw_text_append(mw_buf *out, mw_str text);
mw_str mw_text_read(mw_reader *reader);

void mw_addition_append(mw_buf *out, const mw_addition *addition);
/* Texts are views of the reader's bytes. MW_MALFORMED if they are no addition. */
MW_MUST_USE mw_status mw_addition_read(mw_reader *reader, mw_arena *arena,
                                       mw_addition *out_addition, mw_error *err);
/* The least known of all its events; INT64_MAX if it has none. */
int64_t mw_addition_known_min(const mw_addition *addition);
/* The step at which its events come in at one every `event_us` on average. */
int64_t mw_addition_step(const mw_addition *addition, int64_t event_us);
