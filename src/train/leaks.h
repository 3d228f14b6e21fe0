/*
 * leaks: what each feature would have gained by cheating.
 *
 * The events are replayed by the rules, and again with one rule bent: with the other streams'
 * events known when they happen instead of when they are known (rule 2), and with the predicted
 * instance's own events left in (rule 3). Both are what a pipeline of joins by time does without
 * meaning to. A feature's worth is how well its values alone tell the labels apart, whichever way
 * they point, missing below all others (stat/concordance.h): of a yes or no that is ROC AUC, of a
 * number the c index, of classes the ROC AUC of each two. A text stands for the label that comes
 * with it elsewhere (stat/held_out.h), for each class against the others. What bending gains is
 * what the feature would have shown offline and never kept in production.
 */
#pragma once
#include "table/answer_kind.h"
#include "train/examples.h"

typedef enum {
    MW_CHEAT_NONE,
    MW_CHEAT_EVENT_TIME,
    MW_CHEAT_OWN_EVENTS,
    MW_CHEAT_COUNT,
} mw_cheat;

/* One feature. */
typedef struct {
    double worth[MW_CHEAT_COUNT];
    double changed[MW_CHEAT_COUNT]; /* share of examples whose value the cheat changes */
} mw_leak;

typedef void (*mw_leaks_progress)(void *context, size_t moment_count);

/* Fills `out_leaks`, one for each feature of config.model. `progress` (may be NULL) is told of all
   moments so far, each of which comes once a cheat. MW_INVALID where no two labels differ, or
   there are more classes than can be learned. */
MW_MUST_USE mw_status mw_leaks_measure(mw_replay_config config, mw_leaks_progress progress,
                                       void *context, mw_leak *out_leaks,
                                       size_t *out_example_count, mw_error *err);
/* What the worse of the cheats gains. */
double mw_leak_gain(const mw_leak *leak);
/* What worth is of this kind of answer, as JSON names it: "roc_auc". */
const char *mw_leak_measure_name(mw_answer_kind kind);
