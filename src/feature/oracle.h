/*
 * oracle: the slow twin of engine and replay: rescans the whole log for every value, straight
 * from the rules of DESIGN.md section 3. Quadratic; only who proves what the engine has worked out
 * runs it: tests, `features verify`, the prover beside a server, and who replays or explains one
 * moment.
 *
 * It shares with the engine the program and mw_code_run, nothing else: no state, no agenda,
 * and numbers of its own (`long_number`). What is asked across the moments of one event it works
 * out anew for each of them, or once for those that are asked about in turn.
 */
#pragma once
#include "feature/engine.h"

/* What is asked about. */
typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_events *events; /* need not be sorted */
    mw_symbols *symbols;
} mw_oracle;

MW_MUST_USE mw_status mw_oracle_features(const mw_oracle *oracle, const mw_moment *moment,
                                         mw_cell *out_features, mw_error *err);
/* The same, where more moments of one event are asked about in turn: what they share is kept in
   `*kept` (NULL at first), which is released at the end. The oracle must not move. */
typedef struct mw_oracle_family mw_oracle_family;
MW_MUST_USE mw_status mw_oracle_features_among(const mw_oracle *oracle, const mw_moment *moment,
                                               mw_oracle_family **kept, mw_cell *out_features,
                                               mw_error *err);
void mw_oracle_family_release(mw_oracle_family *family); /* NULL is allowed */
/* Whether a schedule takes the moment, which has these features. */
MW_MUST_USE mw_status mw_oracle_takes(const mw_oracle *oracle, const mw_moment *moment,
                                      const mw_cell *features, bool *out_takes, mw_error *err);
MW_MUST_USE mw_status mw_oracle_label(const mw_oracle *oracle, const mw_moment *moment,
                                      mw_label *out_label, mw_error *err);
/* The label as it matured, and as it would be by all that was known before `known_by`: a label
   never changes, later truth is counted as revised (rule 6). */
MW_MUST_USE mw_status mw_oracle_labels(const mw_oracle *oracle, const mw_moment *moment,
                                       int64_t known_by, mw_label *out_matured,
                                       mw_label *out_later, mw_error *err);

/* What a window makes of an event of its stream, at a moment. */
typedef enum {
    MW_VERDICT_IN,
    MW_VERDICT_ELSEWHERE,     /* outside of its span, or of other keys */
    MW_VERDICT_OWN,           /* the predicted instance's (rule 3) */
    MW_VERDICT_CONDITION,     /* its `where` does not hold */
    MW_VERDICT_NOT_YET_KNOWN, /* in its span, but known too late (rule 2) */
    MW_VERDICT_REPLACED,      /* likewise, and a correction of it was known (rule 8) */
} mw_verdict;
/* From when a correction replaces the event; INT64_MAX: none does. */
int64_t mw_oracle_counts_until(const mw_oracle *oracle, const mw_event *event);
/* A moment and what a key may ask for there. */
typedef struct {
    const mw_moment *moment;
    const mw_cell *features; /* those that it had */
    const mw_cell *windows;  /* by mw_oracle_windows, of the kind that is asked about */
} mw_oracle_moment;
/* The windows of the features, or those of the label, which alone reads `features`; the others are
   of no meaning. */
MW_MUST_USE mw_status mw_oracle_windows(const mw_oracle *oracle, const mw_oracle_moment *at,
                                        bool of_label, mw_cell *out_windows, mw_error *err);
mw_verdict mw_oracle_judge(const mw_oracle *oracle, const mw_oracle_moment *at, size_t window,
                           const mw_event *event);
