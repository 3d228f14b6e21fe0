/*
 * lake_ids: which events of a stream the lake has under some ids, found without the others.
 *
 * Sorted files (store/digest_runs, in `ids/STREAM` of the state folder) have of each id a digest,
 * the place of the event that stands, and whether that is a correction. They are made of the lake
 * alone, of all ingests up to one, and say of which: so they may be behind the lake, and are
 * brought up where they lack more events than who asks likes to read; they never say what it does
 * not. What is found is read from the lake itself, by place. Where the files are of no use
 * (damaged, of another lake, not to be written) the whole stream is gone through instead, and the
 * next who opens them makes them anew. Decision 0056.
 *
 * Costs 34 bytes an id on the disk and 2.1 in memory, while it is open. For who has the lake's
 * claim; what the config names outlives it.
 */
#pragma once
#include "lang/program.h"
#include "store/state.h"

enum { MW_LAKE_IDS_BEHIND_MAX = 1 << 16 };

typedef struct {
    mw_state *state; /* in memory: there are no files */
    const mw_lake_snapshot *lake;
    const mw_program *program;
    int32_t stream; /* it has an id */
    mw_symbols *symbols;
    size_t behind_max; /* events that the files may lack; 0: MW_LAKE_IDS_BEHIND_MAX */
} mw_lake_ids_config;

typedef struct mw_lake_ids mw_lake_ids;

MW_MUST_USE mw_status mw_lake_ids_open(mw_lake_ids_config config, mw_lake_ids **out_ids,
                                       mw_error *err);
/* The ingest up to which it answers; 0: none, there is nothing to ask for. Who asks reads what is
   behind it. */
int64_t mw_lake_ids_through(const mw_lake_ids *ids);
/* Notes the id of a row of the stream for mw_lake_ids_read. */
MW_MUST_USE mw_status mw_lake_ids_ask(mw_lake_ids *ids, const mw_cell *row, mw_error *err);
/* Adds the events that stand in the lake under the ids that were noted since the last time, and
   perhaps others that have these ids. */
MW_MUST_USE mw_status mw_lake_ids_read(mw_lake_ids *ids, mw_events *out_events, mw_error *err);
void mw_lake_ids_close(mw_lake_ids *ids); /* NULL is allowed */
