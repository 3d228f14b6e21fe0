/*
 * lookback: events that stand, read back in a thread of its own: what corrections replace, and what
 * an event had as it entered (serve/recalling.h).
 *
 * A sequencer knows ids and digests of what stands, not the rows (decision 0005). A correction
 * carries the row that it replaces, so that is read back, by its place: from the log, whose segment
 * is read up to there, or from the lake, whose row groups that hold any are read, each once for all
 * that is wished. That takes some ms each, for which nobody waits but the request that asked: the
 * thread has symbols and a state of its own, keeps the events that are wished alone, and what it
 * has found is handed over in the symbols of the process.
 *
 * A reading has a time, too: what it has not come to by then is not covered, and is wished again,
 * so that others have their turn in between. Each reads something.
 *
 * One thread uses a lookback at a time: who holds the baton (decision 0021). What the config names
 * outlives it.
 */
#pragma once
#include "lang/program.h"
#include "store/lake.h"

enum {
    MW_LOOKBACK_WISHES_MAX = 1 << 16,
    MW_LOOKBACKS_AT_ONCE_MAX = 2, /* that read; others wait for these */
    MW_LOOKBACK_SPAN_US = 250 * 1000, /* after which a reading begins nothing more */
};

typedef struct mw_lookback mw_lookback;

typedef struct {
    int32_t stream;
    int64_t place;
    bool is_in_log; /* else, and where the log no longer has it, the lake is asked */
    uint64_t id;    /* many events stand at one place: mw_lookback_id of this one */
} mw_lookback_wish;

/* Of the id in a row of a stream, equal in any symbols; different ones may be equal, too. */
uint64_t mw_lookback_id(const mw_stream *stream, const mw_symbols *symbols, const mw_cell *row);

/* Events of one stream that the lake is asked for. */
typedef struct {
    int32_t stream;
    mw_lake_places places;
    mw_lake_filter filter;
} mw_lookback_part;
/* The next part to look for, once the one before was found; false: enough. */
bool mw_lookback_next(mw_lookback *lookback, mw_lookback_part *out_part);

/* Adds what the lake has of all parts, in these symbols; in any thread. */
typedef mw_status mw_lookback_look(void *context, mw_symbols *symbols, mw_lookback *lookback,
                                   mw_events *out_events, mw_error *err);

/* Those that read, of all that share this, which outlives them; {{NULL}} to begin with. */
typedef struct {
    mw_lookback *reading[MW_LOOKBACKS_AT_ONCE_MAX]; /* NULL: there is room */
} mw_lookback_room;

typedef struct {
    mw_sys *sys;
    const char *log_folder;
    const mw_program *program;
    mw_symbols *symbols; /* of the process */
    mw_lookback_room *room;
    void *context;
    mw_lookback_look *look;
} mw_lookback_config;

/* The wishes, in any order, are copied. */
MW_MUST_USE mw_status mw_lookback_create(mw_lookback_config config, const mw_lookback_wish *wishes,
                                         size_t count, mw_lookback **out_lookback, mw_error *err);
/* What an earlier one of the same request has found, which it owns from now on, counts too. */
void mw_lookback_follow(mw_lookback *lookback, mw_lookback *earlier);
/* Begins to read as soon as others are over, whether anybody asks after these or not, and tells
   whether it is over itself. Does not wait: to be called again until it is. One that is not wanted
   any more does not begin, and is over unless it has; then it ends soon. */
bool mw_lookback_run(mw_lookback *lookback, bool is_wanted);
/* Whether it, or one that it follows, is over and has looked for this, or failed to. */
bool mw_lookback_covers(const mw_lookback *lookback, mw_lookback_wish wish);
/* What is sought of what was found. */
typedef struct {
    mw_lookback_wish wish;
    const mw_cell *row; /* in the symbols of the process: events under its id */
    size_t next;        /* where to go on; 0 to begin with */
} mw_lookback_search;

/* Of one that is over the next event that is sought; `*out_found` is false where there is no more.
   Fails as the reading did. An event is valid until the next is asked for. */
MW_MUST_USE mw_status mw_lookback_find(mw_lookback *lookback, mw_lookback_search *search,
                                       mw_event *out_event, bool *out_found, mw_error *err);
/* If it reads, tells it to end and waits; NULL is allowed. */
void mw_lookback_destroy(mw_lookback *lookback);
/* Nobody wants it any more (NULL is allowed): it is told to end, and stays in a list while it
   reads. To tidy that gives back the memory of those that are over, and waits for none. */
void mw_lookback_leave(mw_lookback *lookback, mw_lookback **list);
void mw_lookback_tidy(mw_lookback **list);
/* Of all in the list, and waits; all are told before. */
void mw_lookback_destroy_left(mw_lookback *list);
