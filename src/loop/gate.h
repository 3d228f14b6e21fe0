/*
 * gate: whether a challenger may take the champion's place.
 *
 * Both predict the same matured examples, later than either was trained on, each from the features
 * of its own program; where these programs see other moments or other labels, there is nothing to
 * compare, and people decide. Each rule
 * compares what that was worth. The challenger chose its threshold on those very examples, which
 * would flatter its decisions: here it decides on every other one of them by the threshold that is
 * best on the rest. A rule on segments must hold within each; segments with too few examples are
 * left out and named. What cannot be measured does not pass.
 *
 * Costs one walk of both forests over those examples. Pure, but for the scorers' scratch.
 */
#pragma once
#include "decide/scorer.h"
#include "monitor/quality.h"
#include "project/rule.h"
#include "train/examples.h"

typedef struct {
    mw_scorer *challenger, *champion;
    const mw_examples *examples;
    const mw_examples *champion_examples; /* likewise, by its own program; NULL: the same */
    size_t example_count; /* of the first: those that have matured by now */
    const mw_rule *rules;
    size_t rule_count;
    mw_costs costs;
    const mw_symbols *symbols;
} mw_gate_question;

typedef struct {
    const mw_rule *rule;
    bool holds;
    double challenger, champion; /* what was measured; in the worst segment, if it is on segments */
    mw_str text;                 /* the rule with its values, for people */
} mw_gate_check;

typedef struct {
    bool passed;
    size_t example_count; /* that both predicted */
    int64_t from_us;      /* their t is at or after this */
    mw_gate_check *checks;
    size_t check_count;   /* 0 if there were too few examples */
    mw_str text;          /* all of it in a sentence or two */
} mw_gate_result;

/* The result lives in `arena`. */
MW_MUST_USE mw_status mw_gate_judge(const mw_gate_question *question, mw_arena *arena,
                                    mw_gate_result *out_result, mw_error *err);
