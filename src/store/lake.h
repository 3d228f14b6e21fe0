/*
 * lake: all events of a project's streams, in files of columns that the catalog lists.
 *
 * An ingest adds one file a stream, sorted by place: the columns time, known and place, then
 * the stream's fields. It is staged first (written under temporary names, synced, renamed) and
 * then listed, in the transaction of the catalog that records the ingest: a crash at any point
 * leaves all of it or none. What is not listed is not there; the writer removes it when it next
 * opens the lake. Files are Parquet in a folder, or tables in memory.
 *
 * The data version of an ingest is a hash over the canonical bytes of its events and the
 * version before, so it is independent of Parquet, of paths and of the order of streams.
 *
 * One thread uses a lake. One process writes; any number may read.
 */
#pragma once
#include "base/hash.h"
#include "store/catalog.h"
#include "store/duck.h"
#include "table/event.h"

typedef struct mw_lake mw_lake;
typedef struct mw_lake_staged mw_lake_staged;

typedef struct {
    mw_sys *sys;
    mw_catalog *catalog;
    mw_duck *duck;
    const char *folder; /* NULL: in memory */
    bool is_writer;
} mw_lake_config;

/* Events to add: `names[i]` is the stream of events->streams[i]. */
typedef struct {
    mw_events *events; /* get sorted */
    const mw_str *names;
    const mw_symbols *symbols;
} mw_lake_batch;

/* What the config names outlives the lake; the folder's path is copied. */
MW_MUST_USE mw_status mw_lake_open(mw_lake_config config, mw_lake **out_lake, mw_error *err);
void mw_lake_close(mw_lake *lake);

/* Writes the batch's files; nothing shows yet. MW_CONFLICT if a stream stands with other
   fields. */
MW_MUST_USE mw_status mw_lake_stage(mw_lake *lake, const mw_lake_batch *batch,
                                    mw_lake_staged **out_staged, mw_error *err);
/* The hash of the data, once the staged files are listed. */
const char *mw_lake_staged_version(const mw_lake_staged *staged);
/* Lists the staged files and records their ingest, within the caller's transaction: what else
   belongs to the ingest goes there too. The files stay when the staged is destroyed. */
MW_MUST_USE mw_status mw_lake_list(mw_lake_staged *staged, int64_t at_us, int64_t *out_ingest,
                                   mw_error *err);
void mw_lake_staged_destroy(mw_lake_staged *staged); /* NULL is allowed */

/* The data version: that of the last ingest; empty text before the first. */
MW_MUST_USE mw_status mw_lake_version(mw_lake *lake, char out_version[MW_SHA256_HEX_SIZE + 1],
                                      mw_error *err);
/* Adds the events of stream `name` to those of `stream` in `out_events`, whose schema may hold
   fewer fields than the lake has. MW_CONFLICT names a field that the lake lacks. */
MW_MUST_USE mw_status mw_lake_read(mw_lake *lake, mw_str name, int32_t stream,
                                   mw_symbols *symbols, mw_events *out_events, mw_error *err);
