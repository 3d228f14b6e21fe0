/*
 * service: what a client can ask of a running project, between HTTP and the sequencer.
 *
 * Rows come as JSON values and go through reception, ids and sequencer; what comes back is plain
 * values. Whatever is refused has changed nothing. What was taken, predicted or moved is
 * promised after the next commit, which is the caller's.
 *
 * What an answer points to is valid until the next call. One thread uses a service at
 * a time: who holds the baton (decision 0021).
 */
#pragma once
#include "serve/receiving.h"

typedef struct mw_service mw_service;

/* Where to find what the features of a version are that does not answer any more, and those of
   them that hang on what a process was asked for (NULL: that cannot be told); and the version
   itself, ready to be asked until the next call. MW_NOT_FOUND: it is known no more. */
typedef struct {
    void *context;
    mw_status (*features)(void *context, mw_str model, mw_str version,
                          const mw_schema **out_features, const mw_schema **out_asked,
                          mw_error *err);
    mw_status (*scorer)(void *context, mw_str model, mw_str version, mw_scorer **out_scorer,
                        mw_error *err);
} mw_service_archive;

typedef struct {
    mw_sequencer *sequencer; /* all of these outlive the service */
    const mw_project *project;
    const mw_program *program;
    mw_symbols *symbols;
    const mw_zone *const *zones;
    mw_service_archive archive; /* all NULL: only those that answer are known */
    mw_sys *sys;                /* how long an answer takes */
    mw_asking *asking;          /* NULL: no stream asks */
} mw_service_config;

typedef struct {
    mw_prediction prediction; /* `features` only of one just made or found; of a class all
                                 probabilities, unless the version that said it is kept no more */
    const mw_schema *features; /* what these are; of one that was found */
    const mw_model_program *model; /* likewise; NULL: its version answers no more, */
    const mw_schema *asked;   /* and these are not proved exact; NULL: that cannot be told */
    const mw_error *failure;  /* why the fallback answered, of one just made; NULL: it says it */
    int64_t stamp;            /* names it */
    bool is_recorded;         /* else it has no name */
} mw_answer;

MW_MUST_USE mw_status mw_service_create(mw_service_config config, mw_service **out_service,
                                        mw_error *err);
void mw_service_destroy(mw_service *service); /* NULL is allowed */

/* Where what its rows need is awaited: a call that takes one and fails with MW_BUSY while
   mw_receiving_awaits is to be made again, with that at hand. */
mw_receiving *mw_service_receiving(const mw_service *service);

/* Takes a row as event of a declared stream, and of its later fields as far as they are there.
   `*out_standing`: how it stood; MW_EVENT_CONFLICTS: it corrects what stood. */
MW_MUST_USE mw_status mw_service_take(mw_service *service, int32_t source, mw_sent_row row,
                                      mw_event_standing *out_standing, mw_error *err);
/* The prediction for a row of the model's stream. A model `on STREAM` predicts now, and appends
   the event if it is new (what it corrects is corrected first); asked again for the same event it
   answers the same, and MW_CONFLICT for what was predicted with other contents. The stored
   prediction of a moment that fell due by itself is returned if it was made; before, and where
   `record` is false, one is computed and forgotten. Where the model has a fallback, that answers
   if the version cannot, or fails so often that it is left alone for a while (decide/breaker.h),
   and for a row that fails its checks, of which nothing is recorded. */
MW_MUST_USE mw_status mw_service_predict(mw_service *service, size_t model, mw_sent_row row,
                                         bool record, mw_answer *out_answer, mw_error *err);
/* The version's own answer with its features, whatever fallback there is; nothing is recorded. */
MW_MUST_USE mw_status mw_service_see(mw_service *service, size_t model, yyjson_val *object,
                                     mw_answer *out_answer, mw_error *err);
/* With `each`: what was said of one element of the event's list. */
typedef struct {
    mw_cell element;
    mw_answer answer; /* without model and event's id of its own */
    char version[MW_VERSION_NAME_SIZE + 1]; /* that said it, or of which the fallback is */
} mw_ranked;

typedef struct {
    const mw_ranked *items; /* by their predictions, the greatest first; among equal ones by the
                               element */
    size_t count;
    mw_field element; /* its name and type */
    mw_str event_id;  /* of the event */
    mw_str version;   /* the one that answers now if it said any of them, else that of the first;
                         of none: the one that would answer */
    int64_t t, place;
} mw_ranking;

typedef struct {
    bool record;
    size_t element_size; /* bytes that what is said of an element takes at most, written, but for
                            the element itself; */
    size_t size_max;     /* of them all, and the event's id. SIZE_MAX: nothing is refused for it */
} mw_ranking_wish;

bool mw_service_ranks(const mw_service *service, size_t model); /* whether the model has `each` */
/* The same as mw_service_predict for all moments of an event. Each has a prediction of its own,
   recorded under a name of its own. What might be too large to be written is MW_INVALID. */
MW_MUST_USE mw_status mw_service_rank(mw_service *service, size_t model, yyjson_val *object,
                                      mw_ranking_wish wish, mw_ranking *out_ranking,
                                      mw_error *err);
/* A recorded prediction with its features as its version has them; NULL if that is not known any
   more. */
MW_MUST_USE mw_status mw_service_find(mw_service *service, int64_t stamp, mw_answer *out_answer,
                                      mw_error *err);
const mw_service_config *mw_service_parts(const mw_service *service);

typedef struct {
    uint64_t accepted, corrections, repeats, rejected; /* rows */
    uint64_t predicted;                   /* recorded by a call */
    uint64_t cleaned;                     /* values that `clean` has changed */
} mw_service_counts;
mw_service_counts mw_service_read_counts(const mw_service *service);
mw_known_gap mw_service_known_gap(const mw_service *service, int32_t stream);
