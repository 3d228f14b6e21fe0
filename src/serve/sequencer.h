/*
 * sequencer: gives every record its place, and lets nothing due be overtaken.
 *
 * It owns the one line of time of a log: the clock (the wall's, or a virtual one that is moved
 * by hand), the log itself, the deciders of all models, the ids that stand and the predictions
 * made. A place is max(now, the last one + 1). Before a place is given away, history up to it
 * (events of the lake, whose place is their known) is fed and the moments due by it are made,
 * in the order of their places: rules 1 and 4 of the design, here and nowhere else.
 *
 * A due moment's features are read at the place where it fell due, the `place` inside its record;
 * the record's own stamp, which names the prediction, is that place or the next free one after it.
 *
 * What was appended is in the log after the next commit. If anything fails in between, memory and
 * log have parted: it is broken, says so at each commit, and must be made anew. One thread owns it.
 */
#pragma once
#include "base/json.h"
#include "decide/decider.h"
#include "feature/roster.h"
#include "serve/ledger.h"
#include "serve/lookback.h"
#include "serve/past.h"
#include "serve/receipts.h"
#include "store/log.h"

typedef struct mw_sequencer mw_sequencer;

/* The version that answers for a model, by the program that it carries (rule 14). */
typedef struct {
    mw_str bytes;              /* of the version; empty: none yet */
    const mw_program *program; /* its own; outlives its reign. NULL: the sequencer's */
    const mw_model_program *model;
    mw_scorer *read; /* in place of its bytes, for a promotion, whose it is then. NULL: by them */
} mw_champion;

/* What a sequencer asks of those around it. */
typedef struct {
    void *context;
    /* The events of the lake behind a place. */
    mw_status (*recall)(void *context, int64_t after, mw_past **out_past, mw_error *err);
    /* A version that answered once, by its name, for good. NULL: champions alone are known. */
    mw_status (*find_version)(void *context, size_t model, const char *version,
                              mw_champion *out_champion, mw_error *err);
    mw_lookback_look *look_back; /* NULL: nothing is to be corrected */
    mw_lookback_room *lookback_room; /* they may outlive a sequencer */
} mw_sequencer_sources;

typedef struct {
    mw_sys *sys;
    const char *log_folder;
    const char *checkpoint_folder; /* NULL: there are none */
    const mw_program *program; /* of the project file. It and the symbols outlive the sequencer */
    mw_symbols *symbols;
    mw_sequencer_sources sources;
    const mw_champion *champions; /* one a model of the program */
    const mw_fallback *fallbacks; /* likewise; NULL: no model has one */
    mw_engine_memory memory;   /* of each model's windows */
    mw_lake_snapshot lake;
    size_t old_entries_min;    /* of a list, that leave memory, and an entrance has; 0: theirs */
    bool only_reads;           /* the log is another process's: nothing is made or recorded */
    bool is_virtual;
    int64_t clock_us;          /* where a virtual clock starts */
} mw_sequencer_config;

/* Opens the log, and is to be recovered before anything else (sequencer_start.h). */
MW_MUST_USE mw_status mw_sequencer_open(const mw_sequencer_config *config,
                                        mw_sequencer **out_sequencer, mw_error *err);
void mw_sequencer_close(mw_sequencer *sequencer); /* what is not committed is gone */
int64_t mw_sequencer_now(const mw_sequencer *sequencer);
bool mw_sequencer_is_virtual(const mw_sequencer *sequencer);
/* Moves a virtual clock, and makes what falls due by then. MW_INVALID: it only goes forward. */
MW_MUST_USE mw_status mw_sequencer_set_now(mw_sequencer *sequencer, int64_t now_us, mw_error *err);
/* Feeds history and makes moments up to now. */
MW_MUST_USE mw_status mw_sequencer_advance(mw_sequencer *sequencer, mw_error *err);
/* The next free place; all that is due by it is made. It is taken by whoever records there. */
MW_MUST_USE mw_status mw_sequencer_next_place(mw_sequencer *sequencer, int64_t *out_place,
                                              mw_error *err);

/* Whether the event's id stands already. Without an id every event is new. */
MW_MUST_USE mw_status mw_sequencer_find(const mw_sequencer *sequencer, const mw_event *event,
                                        mw_event_standing *out_standing, mw_error *err);
/* Works out the fields with windows of an event that would enter at `place`, which comes from
   mw_sequencer_next_place, in its row `cells`. They are those that stand if its id does. */
MW_MUST_USE mw_status mw_sequencer_enter(mw_sequencer *sequencer, const mw_event *event,
                                         int64_t place, mw_cell *cells, mw_error *err);
/* Appends an event at the next place; its own is not read. `cells`: its row, to be entered there;
   NULL: it was entered before. */
MW_MUST_USE mw_status mw_sequencer_append(mw_sequencer *sequencer, const mw_event *event,
                                          mw_cell *cells, mw_error *err);
/* Records a prediction of the model at `stamp`, a place from mw_sequencer_next_place. */
MW_MUST_USE mw_status mw_sequencer_record(mw_sequencer *sequencer, size_t model, int64_t stamp,
                                          const mw_prediction *prediction, mw_error *err);
/* MW_NO_SPACE: what was gathered waits for room on the disk, promised to nobody, and no more is to
   be gathered behind it: check_room says so. Any other failure parts memory and log for good. */
MW_MUST_USE mw_status mw_sequencer_commit(mw_sequencer *sequencer, mw_error *err);
MW_MUST_USE mw_status mw_sequencer_check_room(mw_sequencer *sequencer, mw_error *err);
MW_MUST_USE mw_status mw_sequencer_sync(mw_sequencer *sequencer, mw_error *err);
mw_log_position mw_sequencer_committed(const mw_sequencer *sequencer); /* see mw_log_committed */

/* This version answers for the model from the next place on. One that brings another program
   than the one before (another address) needs other windows: it answers once mw_sequencer_rebuild
   has filled them. After a failure the one before goes on. MW_CONFLICT if a stream that its
   program uses has changed since. */
MW_MUST_USE mw_status mw_sequencer_promote(mw_sequencer *sequencer, size_t model,
                                           const mw_champion *champion, mw_error *err);
/* Fills the windows of versions that were promoted, by some events, and lets a version take over
   whose windows are full. It commits what was appended. `*out_is_busy`: there is more to do. A
   failure is the sequencer's own; that of a succession is told by mw_sequencer_successor. */
MW_MUST_USE mw_status mw_sequencer_rebuild(mw_sequencer *sequencer, size_t step_max,
                                           bool *out_is_busy, mw_error *err);
/* The version that answers, by the log; empty: none does. */
const char *mw_sequencer_answering(const mw_sequencer *sequencer, size_t model);
/* The version that was promoted and does not answer yet. */
typedef struct {
    mw_str version; /* empty: there is none */
    double share;   /* of all events, that its windows have seen */
    mw_status failure; /* it never will, and why; the version before goes on */
    const mw_error *error;
} mw_successor;
mw_successor mw_sequencer_successor(const mw_sequencer *sequencer, size_t model);
/* The members "version" and "share", or "failure" in its place. */
void mw_successor_write_json(const mw_successor *successor, mw_json *json);
/* Of an answer under this name in the last MW_RECEIPT_SPAN_US, or NULL; until the next record. */
const mw_receipt *mw_sequencer_find_receipt(const mw_sequencer *sequencer,
                                            const unsigned char name[MW_RECEIPT_NAME_SIZE]);
/* Records what was answered; stamp and position of the receipt are not read. */
MW_MUST_USE mw_status mw_sequencer_add_receipt(mw_sequencer *sequencer, const mw_receipt *receipt,
                                               int code, mw_str answer, mw_error *err);
/* What was answered, appended to `out`. MW_NOT_FOUND: it was too large to be kept. */
MW_MUST_USE mw_status mw_sequencer_read_receipt(mw_sequencer *sequencer, const mw_receipt *receipt,
                                                int *out_code, mw_buf *out, mw_error *err);
mw_decider *mw_sequencer_decider(const mw_sequencer *sequencer, size_t model);
mw_ledger *mw_sequencer_ledger(const mw_sequencer *sequencer);
/* With `each`: whether any element of the event was ranked, whatever its list says now. */
MW_MUST_USE mw_status mw_sequencer_was_ranked(const mw_sequencer *sequencer, size_t model,
                                              mw_str event_id, bool *out_was_ranked, mw_error *err);
/* The bytes of a recorded prediction, valid until the next are read. */
MW_MUST_USE mw_status mw_sequencer_read_prediction(mw_sequencer *sequencer,
                                                   const mw_ledger_found *found,
                                                   mw_str *out_payload, mw_error *err);

typedef struct {
    uint64_t history_events; /* fed from the lake */
    uint64_t log_events;     /* recovered or appended */
    uint64_t repeats;        /* of the log, that the lake has too */
    uint64_t replayed;       /* events that were fed to recover; the rest came by a checkpoint */
    int64_t last_place;
    uint64_t log_size;
} mw_sequencer_stats;
mw_sequencer_stats mw_sequencer_read_stats(const mw_sequencer *sequencer);
