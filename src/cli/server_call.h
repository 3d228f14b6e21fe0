/*
 * server_call: what other commands tell and ask the server that runs on the same state, over its
 * control socket.
 *
 * Where no server runs nothing is to be told, and there is nothing to ask.
 */
#pragma once
#include "cli/prover.h"
#include "cli/workspace.h"
#include "loop/recheck.h"

#define MW_SERVE_SOCKET "socket"

/* Control messages. */
enum {
    MW_SERVE_CHAMPION = 1,   /* the model that is named has another champion */
    MW_SERVE_SUCCESSORS = 2, /* which versions were promoted and do not answer yet, as JSON */
    MW_SERVE_TOKENS = 3,     /* the catalog lists other tokens */
    MW_SERVE_OFFER = 4,      /* an ingest (mw_offer_append) */
    MW_SERVE_EVENTS = 5,     /* a piece of its events (mw_offer_events_append) */
    MW_SERVE_ACCEPT = 6,     /* u64 number of the ingest: the answer is a mw_accepted */
    MW_SERVE_ARRIVING = 7,   /* u64: how many of its events do not count yet */
    MW_SERVE_PULSE = 8,      /* how the model that is named was asked of late, as JSON */
    MW_SERVE_PROGRESS = 9,   /* whether it answers already and, if not, how far it is, as JSON */
    MW_SERVE_RECHECKED = 10, /* text model, u64 predictions compared, u64 that differ, u64
                                proved, u64 of them that differ */
};

/* Whether a server runs in the folder of the command. */
bool mw_serve_is_up(mw_cli *cli);
/* Tells that the model has another champion. It answers then or, if it carries another program,
   once its windows are filled. MW_CONFLICT: the server cannot use it, and goes on as before. */
MW_MUST_USE mw_status mw_serve_tell_champion(const mw_workspace *workspace, mw_str model,
                                             mw_error *err);
/* Tells that the catalog lists other tokens, which count from then on. */
MW_MUST_USE mw_status mw_serve_tell_tokens(const mw_workspace *workspace, mw_error *err);
/* Tells what became of recorded features that were computed again, for its metrics. */
typedef struct {
    mw_recheck_count count; /* by another course */
    mw_proof proof;         /* by the rules */
} mw_serve_rechecked;
MW_MUST_USE mw_status mw_serve_tell_rechecked(const mw_workspace *workspace, mw_str model,
                                              const mw_serve_rechecked *rechecked,
                                              mw_error *err);
/* Waits until the model's champion answers, with a progress bar. */
MW_MUST_USE mw_status mw_serve_await_champion(const mw_workspace *workspace, mw_str model,
                                              mw_error *err);

/* How far a server is. */
typedef struct {
    bool is_up, is_ready;
    double recovered; /* share of its events */
    int64_t accepted_us; /* ready, by a project file that is not today's: since then */
    char project[MW_SHA256_HEX_SIZE + 1]; /* ready: of the bytes of the file that it goes by */
} mw_serve_progress;

/* Of a server in the folder of the command. */
MW_MUST_USE mw_status mw_serve_ask_progress(mw_cli *cli, mw_serve_progress *out_progress,
                                            mw_error *err);

/* A version that was promoted and does not answer yet. */
typedef struct {
    mw_str model, version;
    double share;   /* of the events, that its windows have seen */
    mw_str failure; /* why it never will; empty: it will */
} mw_serve_successor;

typedef struct {
    const mw_serve_successor *items;
    size_t count;
} mw_serve_successors;

MW_MUST_USE mw_status mw_serve_list_successors(const mw_workspace *workspace, mw_arena *arena,
                                               mw_serve_successors *out_successors,
                                               mw_error *err);

/* How the requests for a model were answered in the last hour. */
typedef struct {
    bool is_served; /* false: no server runs, or it has no such model: nothing is known */
    uint64_t asked, refused, failed; /* by mistakes of the client's (4xx), of ours (5xx) */
    double p50_s, p99_s;             /* NaN: there was no answer */
} mw_serve_pulse;

MW_MUST_USE mw_status mw_serve_read_pulse(const mw_workspace *workspace, mw_str model,
                                          mw_serve_pulse *out_pulse, mw_error *err);
/* What rules may go by; NaN under a hundred requests. */
double mw_serve_pulse_latency_p99_s(const mw_serve_pulse *pulse);
double mw_serve_pulse_error_share(const mw_serve_pulse *pulse);
