/*
 * state: the folder `.millwright/` beside a project file, and the stores that live in it.
 *
 *     format       "millwright state 1": a newer one is refused, both versions named
 *     lock         held by the one process that writes the log
 *     lake.lock    held by the one process that adds to the lake
 *     catalog.db   SQLite           lake/        STREAM/NUMBER.parquet
 *     artefacts/   ab/cdef...       quarantine/  rows that were refused, one file an ingest
 *     ids/         where the lake has which id (ingest/lake_ids.h)
 *     log/         segments         checkpoints/ what a server knew, to start from
 *
 * Readers need no lock. A process that only adds to the catalog and the artefacts (training, a
 * promotion) needs none either: SQLite orders such writes. To add to the lake, it claims that.
 * All stores can be had in memory too, with nothing on the disk.
 */
#pragma once
#include "store/artefacts.h"
#include "store/lake.h"
#include "store/spill_files.h"

enum { MW_STATE_FORMAT = 1 };

typedef struct mw_state mw_state;

typedef enum {
    MW_STATE_READ,    /* must exist */
    MW_STATE_CATALOG, /* must exist; all but the log may be added to */
    MW_STATE_WRITE,   /* made if absent; MW_BUSY if another process has it so */
} mw_state_mode;

/* `folder` is the state folder itself; NULL: all stores in memory, which is MW_STATE_WRITE. */
MW_MUST_USE mw_status mw_state_open(mw_sys *sys, const char *folder, mw_state_mode mode,
                                    mw_state **out_state, mw_error *err);
void mw_state_close(mw_state *state);

/* The stores belong to the state. */
mw_catalog *mw_state_catalog(mw_state *state);
mw_lake *mw_state_lake(mw_state *state);
mw_artefacts *mw_state_artefacts(mw_state *state);
mw_duck *mw_state_duck(mw_state *state);
mw_sys *mw_state_sys(mw_state *state);
/* Where window state goes that memory has no room for; NULL: the state is in memory. */
mw_spill_disk *mw_state_spill_disk(mw_state *state);
bool mw_state_is_in_memory(const mw_state *state);
/* The path of a file or folder in the state folder, in `arena`; NULL: memory is out, or the
   state is in memory and there is no folder. */
const char *mw_state_path(const mw_state *state, mw_arena *arena, const char *name);
