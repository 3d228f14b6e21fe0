/*
 * decider: one model on the live line of time: events go in, predictions come out.
 *
 * It joins the course (windows and due moments) with the scorer of the version that answers.
 * The server and the backtest drive it alike, so it has no clock, no network and no files:
 * places are arguments. Models `on STREAM` are asked by a caller (mw_decider_predict); those at
 * a time before or after their event fall due by themselves (mw_decider_next). Without a
 * version the windows are kept all the same, so that one can be promoted at any moment.
 *
 * Where the project names a fallback, that answers in place of a version that cannot: that is
 * missing, that gives no number, or that lacks too many features; a caller adds its own reasons.
 *
 * What a prediction points to is valid until the next call. One thread owns a decider.
 */
#pragma once
#include "decide/prediction.h"
#include "decide/scorer.h"
#include "feature/course.h"
#include "project/project.h"

typedef struct mw_decider mw_decider;

typedef struct {
    const mw_program *program; /* outlives the decider, as the model does */
    const mw_model_program *model;
    const int32_t *streams; /* the program's number of each stream that events name, -1 where it
                               has none; outlives the decider. NULL: they are the same */
    size_t stream_count;    /* of `streams` */
    mw_symbols *symbols;
    int64_t from;      /* due moments with t before this pass in silence */
    mw_engine_memory memory; /* of the windows' state */
    mw_fallback fallback;
} mw_decider_config;

MW_MUST_USE mw_status mw_decider_create(mw_decider_config config, mw_decider **out_decider,
                                        mw_error *err);
void mw_decider_destroy(mw_decider *decider); /* NULL is allowed */

/* From now on this version answers. MW_CONFLICT if it has other features than the program; then,
   as after any failure, the version before goes on. */
MW_MUST_USE mw_status mw_decider_promote(mw_decider *decider, mw_str version_bytes,
                                         mw_error *err);
/* The same for one that was read before (mw_scorer_read), perhaps in another thread: it is the
   decider's from then on, whatever comes back. */
MW_MUST_USE mw_status mw_decider_promote_read(mw_decider *decider, mw_scorer *read, mw_error *err);
/* This version was the one before: it stands in where the fallback is the previous one, and tells
   what it said of classes. Each promotion leaves the version before as that. Fails as a promotion
   does. */
MW_MUST_USE mw_status mw_decider_precede(mw_decider *decider, mw_str version_bytes,
                                         mw_error *err);
/* Takes the next event. Places do not go back, and nothing due before the event may be left. */
MW_MUST_USE mw_status mw_decider_event(mw_decider *decider, const mw_event *event,
                                       mw_error *err);
/* The prediction of the next moment that falls due at or before `place`, its place being when
   it fell due; `*out_found` is false when there is none. */
MW_MUST_USE mw_status mw_decider_next(mw_decider *decider, int64_t place,
                                      mw_prediction *out_prediction, bool *out_found,
                                      mw_error *err);
/* The same without an answer, which takes most of the time: for moments that pass in silence. */
MW_MUST_USE mw_status mw_decider_pass(mw_decider *decider, int64_t place,
                                      mw_prediction *out_prediction, bool *out_found,
                                      mw_error *err);
/* What the version that answers makes of features that were read before. */
void mw_decider_judge(mw_decider *decider, mw_prediction *prediction);
/* The prediction of a moment now; nothing is kept of it. */
MW_MUST_USE mw_status mw_decider_predict(mw_decider *decider, const mw_moment *moment,
                                         mw_prediction *out_prediction, mw_error *err);

/* Whether a fallback can answer: the version before and the baseline need the version. */
bool mw_decider_has_fallback(const mw_decider *decider);
const mw_fallback *mw_decider_fallback(const mw_decider *decider);
/* How many answers of the decider were the fallback's, for this reason. */
uint64_t mw_decider_fallbacks(const mw_decider *decider, mw_fallback_reason reason);
/* How many values of categories were read as missing since training never saw them (rule 14), in
   all answers of versions. */
uint64_t mw_decider_unseen_values(const mw_decider *decider);
/* The fallback's answer, without asking the version that answers. Features are read only if it
   looks at them, and not where they have failed. `moment` is NULL where it is not known. */
MW_MUST_USE mw_status mw_decider_stand_in(mw_decider *decider, const mw_moment *moment,
                                          mw_fallback_reason reason,
                                          mw_prediction *out_prediction, mw_error *err);
/* With `each`, of all the moments of an event now: `announced` has the event's row. The answers, in
   the order of the list, are to be asked for before the next event; what one points to is valid
   until the next is asked for, its features as long as all are. */
MW_MUST_USE mw_status mw_decider_ask(mw_decider *decider, const mw_moment *announced,
                                     size_t *out_count, mw_error *err);
MW_MUST_USE mw_status mw_decider_answer(mw_decider *decider, size_t index, mw_cell *out_element,
                                        mw_prediction *out_prediction, mw_error *err);

/* Whether the version before is of use: a model of classes is asked for what that one said. */
bool mw_decider_keeps_previous(const mw_decider *decider);
/* Whether it is the version that answers, or the one before as far as that was kept. Both have the
   decider's features. */
bool mw_decider_knows(const mw_decider *decider, mw_str version);
/* Fills the classes of a prediction that was read back (decide/recall.h). False: its version is
   not known. */
bool mw_decider_recall(mw_decider *decider, mw_prediction *prediction);

/* What was made for a moment that fell due is found again by its event's id alone. MW_INVALID: the
   events have none, so nothing that the model says of them can be recorded. */
MW_MUST_USE mw_status mw_decider_check_moments(const mw_program *program,
                                               const mw_model_program *model, mw_error *err);
int64_t mw_decider_next_due(const mw_decider *decider); /* INT64_MAX: nothing is */
bool mw_decider_is_asked(const mw_decider *decider);    /* `on STREAM`: nothing falls due */
/* The stream whose events announce the model's moments, by the number that events name it by. */
int32_t mw_decider_announcer(const mw_decider *decider);
const mw_program *mw_decider_program(const mw_decider *decider);
const mw_model_program *mw_decider_model(const mw_decider *decider);
const mw_schema *mw_decider_features(const mw_decider *decider);
/* The version that answers; NULL: there is none, and its predictions have an empty version. */
const mw_scorer *mw_decider_scorer(const mw_decider *decider);
/* Makes the version that answers ready to explain (mw_scorer_prepare). MW_UNAVAILABLE: there is
   none. */
MW_MUST_USE mw_status mw_decider_prepare(mw_decider *decider, mw_error *err);
/* Why a version that it knows says what it says of these features (mw_scorer_explain). */
MW_MUST_USE mw_status mw_decider_explain(mw_decider *decider, mw_str version,
                                         const mw_cell *features, mw_reasons *out_reasons,
                                         mw_error *err);
mw_course *mw_decider_course(mw_decider *decider);
