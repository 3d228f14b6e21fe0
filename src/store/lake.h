/*
 * lake: all events of a project's streams, in files of columns that the catalog lists.
 *
 * An ingest adds one file a stream, sorted by place: the columns time, known and place, then
 * the stream's fields, and where it holds corrections what each of them replaces. It is staged
 * first (written under temporary names, synced, renamed) and then accepted: listed, in the
 * transaction of the catalog that records the ingest. A crash at any point leaves all of it or
 * none. What is not listed is not there; whoever stages next removes it. Files are Parquet in a
 * folder, or tables in memory.
 *
 * An ingest is history, and its events stand at the places that are in their file, or it was
 * accepted at a place of its own (DESIGN.md rule 1): then they count from there on, whatever the
 * file says, all at once or trickling in (mw_places).
 *
 * The version of an ingest is a hash over the canonical bytes of its events, its places
 * and the version before, so it is independent of Parquet, of paths and of the order of streams.
 * What is moved here from the log is no news to who goes by lake and log: it leaves the version
 * as it is, and says up to which place of the log it goes, with the digest of the events there.
 *
 * One thread uses a lake. One process at a time adds to it; any number may read.
 */
#pragma once
#include "base/hash.h"
#include "store/addition.h"
#include "store/catalog.h"
#include "store/duck.h"
#include "store/lake_storage.h"
#include "table/event.h"

typedef struct mw_lake mw_lake;

typedef struct {
    mw_sys *sys;
    mw_catalog *catalog;
    mw_duck *duck;
    const char *folder;    /* NULL: in memory */
    const char *lock_path; /* held by who adds; unused in memory */
} mw_lake_config;

/* What the config names outlives the lake; the paths are copied. */
MW_MUST_USE mw_status mw_lake_open(mw_lake_config config, mw_lake **out_lake, mw_error *err);
void mw_lake_close(mw_lake *lake);

/* --- reading --- */

/* The lake as it stands at one moment: reading by it shows nothing that comes later. */
typedef struct {
    int64_t ingest;      /* the last one; 0: there is none yet */
    int64_t last_place;  /* at which one was accepted, or of the log's events; or INT64_MIN */
    int64_t log_through; /* the log's events up to this place are in the lake; or INT64_MIN */
    char version[MW_SHA256_HEX_SIZE + 1]; /* of what was ingested; empty before the first */
    char log_digest[MW_SHA256_HEX_SIZE + 1]; /* of the log's events (ingest/log_digest.h) */
} mw_lake_snapshot;
MW_MUST_USE mw_status mw_lake_look(mw_lake *lake, mw_lake_snapshot *out_snapshot, mw_error *err);
/* The snapshot's version alone. */
MW_MUST_USE mw_status mw_lake_version(mw_lake *lake, char out_version[MW_SHA256_HEX_SIZE + 1],
                                      mw_error *err);

/* Whose events are read, and as which stream of the events that they are added to. Its schema may
   hold fewer fields than the lake has. */
typedef struct {
    mw_str name;
    int32_t stream;
    mw_symbols *symbols;
    int64_t after; /* INT64_MIN: all; else only what was ingested, behind this place: for who has
                      read lake and log up to it, and goes on in the log */
    int64_t behind; /* only what came with later ingests than this one; 0: all */
} mw_lake_wish;
/* MW_CONFLICT names a field that the lake lacks. */
MW_MUST_USE mw_status mw_lake_read(mw_lake *lake, const mw_lake_snapshot *snapshot,
                                   mw_lake_wish wish, mw_events *out_events, mw_error *err);

/* The same of the events alone that the filter takes, read without holding the others. */
MW_MUST_USE mw_status mw_lake_sift(mw_lake *lake, const mw_lake_snapshot *snapshot,
                                   mw_lake_wish wish, mw_lake_filter filter,
                                   mw_events *out_events, mw_error *err);
/* The events alone behind the wish's `after` and up to `through`, read without the rest. */
MW_MUST_USE mw_status mw_lake_read_through(mw_lake *lake, const mw_lake_snapshot *snapshot,
                                           mw_lake_wish wish, int64_t through,
                                           mw_events *out_events, mw_error *err);
/* Single events: those at some places (one at least) that the filter takes. */
typedef struct {
    mw_lake_places places;
    mw_lake_filter filter;
    bool unchecked; /* who asks knows what must stand there: no more is read of a file than the rows
                       around, so whether its bytes are those that were written is not looked at */
} mw_lake_picks;
/* All in one pass, over the row groups alone that hold any. The wish's `after` goes for nothing. */
MW_MUST_USE mw_status mw_lake_pick(mw_lake *lake, const mw_lake_snapshot *snapshot,
                                   mw_lake_wish wish, const mw_lake_picks *picks,
                                   mw_events *out_events, mw_error *err);
/* What reading otherwise does by itself, for who lets others read the stream's files: MW_CORRUPT
   where their bytes are not those that were written. */
MW_MUST_USE mw_status mw_lake_check(mw_lake *lake, const mw_lake_snapshot *snapshot, mw_str stream,
                                    mw_error *err);
/* Whether no event counts later than it stands (mw_event_counts_from). Files that came from the log
   or hold corrections are looked into. */
MW_MUST_USE mw_status mw_lake_counts_in_place(mw_lake *lake, const mw_lake_snapshot *snapshot,
                                              bool *out_does, mw_error *err);
/* Adds the groups of a stream's files; an ingest that was accepted at a place of its own is one. */
MW_MUST_USE mw_status mw_lake_list_groups(mw_lake *lake, const mw_lake_snapshot *snapshot,
                                          mw_str stream, mw_lake_groups *groups, mw_error *err);

/* --- adding --- */

/* The right to add, until it is yielded or the process ends. MW_BUSY if another has it. */
MW_MUST_USE mw_status mw_lake_claim(mw_lake *lake, mw_error *err);
void mw_lake_yield(mw_lake *lake);

/* Events to add: `names[i]` is the stream of events->streams[i]. */
typedef struct {
    mw_events *events; /* get sorted */
    const mw_str *names;
    const mw_symbols *symbols;
} mw_lake_batch;
/* Writes the batch's files; nothing shows yet. Takes a claim. MW_CONFLICT if a stream stands with
   other fields. */
MW_MUST_USE mw_status mw_lake_stage(mw_lake *lake, const mw_lake_batch *batch, mw_arena *arena,
                                    mw_addition *out_addition, mw_error *err);
/* Who has the claim takes back what it staged: from here on it can be accepted no more. */
MW_MUST_USE mw_status mw_lake_discard(mw_lake *lake, mw_error *err);

typedef struct {
    int64_t at_us;       /* when it is said to have happened */
    mw_places places;
    int64_t log_through; /* MW_TIME_MISSING: its events are not from the log */
    mw_str log_digest;   /* else that of all its events up to there */
} mw_acceptance;
/* Lists the files and records the ingest, within the caller's transaction: what else belongs to
   the ingest goes there too. Any process may, for who has the claim. MW_CONFLICT if the addition
   was discarded, or another begun since. */
MW_MUST_USE mw_status mw_lake_accept(mw_lake *lake, const mw_addition *addition,
                                     mw_acceptance acceptance,
                                     char out_version[MW_SHA256_HEX_SIZE + 1], mw_error *err);
