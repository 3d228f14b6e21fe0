#include "loop/gate.h"

#include <math.h>

enum { GATE_TEXT_MAX = 64 << 10, NAMED_SEGMENTS_MAX = 5 };

/* One side: what a version makes of the examples, and what that was worth. */
typedef struct {
    mw_outcomes outcomes;
    mw_quality quality;
    mw_segment_quality *segments;
    size_t segment_count;
} side;

typedef struct {
    const mw_gate_question *question;
    mw_arena *arena;
    side challenger, champion;
    mw_buf text;
    mw_gate_result result;
} judgement;

static int64_t trained_until(const mw_gate_question *question) {
    int64_t challenger = mw_scorer_version(question->challenger)->to_us;
    int64_t champion = mw_scorer_version(question->champion)->to_us;
    return challenger > champion ? challenger : champion;
}

/* `features` are those of the scorer's program. */
static mw_status predict(const judgement *job, mw_scorer *scorer, const mw_table *features,
                         side *of, mw_error *err) {
    const mw_examples *examples = job->question->examples;
    for (size_t i = 0; i < job->question->example_count; i++) {
        const mw_example *example = &examples->items[i];
        if (example->t < job->result.from_us) continue;
        mw_score score = mw_scorer_run(scorer, mw_table_row(features, i));
        mw_outcome outcome = {.t = example->t,
                              .matured = example->matured,
                              .prediction = score.prediction,
                              .decision = score.decision,
                              .label = example->label != 0};
        MW_TRY(mw_outcomes_add(&of->outcomes, outcome, mw_table_row(&examples->segment_cells, i),
                               err));
    }
    return MW_OK;
}

/* Decides on the outcomes of one parity by the threshold that is best on the others. */
static mw_status decide_half(const judgement *job, mw_outcomes *outcomes, size_t parity,
                             mw_error *err) {
    size_t others = 0;
    mw_threshold best;
    double *scores = mw_arena_alloc(job->arena, outcomes->count, sizeof *scores);
    unsigned char *labels = mw_arena_alloc(job->arena, outcomes->count, 1);
    if (!scores || !labels) return mw_fail(err, MW_NO_MEMORY, "gate: no memory for a threshold");
    for (size_t i = 1 - parity; i < outcomes->count; i += 2) {
        scores[others] = outcomes->items[i].prediction;
        labels[others++] = outcomes->items[i].label;
    }
    MW_TRY(mw_threshold_best((mw_scored){scores, labels, others}, job->question->costs, &best,
                             err));
    for (size_t i = parity; i < outcomes->count; i += 2)
        outcomes->items[i].decision = outcomes->items[i].prediction >= best.threshold;
    return MW_OK;
}

static mw_status decide_fairly(const judgement *job, mw_outcomes *outcomes, mw_error *err) {
    if (outcomes->count < 2) return MW_OK;
    mw_status status = decide_half(job, outcomes, 0, err);
    return status == MW_OK ? decide_half(job, outcomes, 1, err) : status;
}

static mw_status measure(const judgement *job, mw_scorer *scorer, const mw_table *features,
                         side *of, mw_error *err) {
    MW_TRY(predict(job, scorer, features, of, err));
    if (of == &job->challenger) MW_TRY(decide_fairly(job, &of->outcomes, err));
    mw_quality_question question = {&of->outcomes, 0, of->outcomes.count, job->question->costs};
    MW_TRY(mw_quality_measure(question, &of->quality, err));
    bool by_segment = false;
    for (size_t i = 0; i < job->question->rule_count; i++)
        by_segment |= job->question->rules[i].is_segment;
    if (!by_segment) return MW_OK;
    return mw_quality_by_segment(question, job->question->symbols, job->arena, &of->segments,
                                 &of->segment_count, err);
}

/* --- words ------------------------------------------------------------------------------ */

static void append_value(mw_buf *text, double value) {
    if (isnan(value)) mw_buf_append_text(text, "not measured");
    else mw_buf_printf(text, fabs(value) >= 100 ? "%.0f" : "%.4f", value);
}

static void append_values(mw_buf *text, const mw_gate_check *check) {
    append_value(text, check->challenger);
    if (!check->rule->is_relative) return;
    mw_buf_append_text(text, ", champion ");
    append_value(text, check->champion);
}

static mw_status keep_text(judgement *job, mw_str *out_text, mw_error *err) {
    MW_TRY(mw_buf_check(&job->text, "gate: its text", err));
    *out_text = mw_str_copy(job->arena, mw_buf_str(&job->text));
    mw_buf_clear(&job->text);
    return out_text->data ? MW_OK : mw_fail(err, MW_NO_MEMORY, "gate: no memory for its text");
}

/* --- checks ----------------------------------------------------------------------------- */

static void check_all(judgement *job, mw_gate_check *check) {
    const mw_rule *rule = check->rule;
    check->challenger = mw_quality_read(&job->challenger.quality, rule->quantity);
    check->champion = mw_quality_read(&job->champion.quality, rule->quantity);
    check->holds = mw_rule_holds(rule, check->challenger, check->champion);
    mw_buf_printf(&job->text, "%.*s %s (", MW_STR_ARGS(rule->text),
                  check->holds ? "holds" : "fails");
    append_values(&job->text, check);
    mw_buf_append_char(&job->text, ')');
}

/* By how much a rule is missed or kept: the greater, the worse. */
static double excess(const mw_rule *rule, double value, double champion_value) {
    double bound = rule->number + (rule->is_relative ? champion_value : 0);
    bool is_upper = rule->operator== MW_RULE_LESS || rule->operator== MW_RULE_AT_MOST;
    return is_upper ? value - bound : bound - value;
}

/* The segments that fail, or the one that comes nearest to it. */
static void append_segments(judgement *job, mw_gate_check *check) {
    const mw_rule *rule = check->rule;
    double worst = -INFINITY;
    size_t failed_count = 0;
    for (size_t i = 0; i < job->challenger.segment_count; i++) {
        const mw_segment_quality *segment = &job->challenger.segments[i];
        if (segment->quality.is_small) continue;
        double own = mw_quality_read(&segment->quality, rule->quantity);
        double other = mw_quality_read(&job->champion.segments[i].quality, rule->quantity);
        if (excess(rule, own, other) > worst) {
            worst = excess(rule, own, other);
            check->challenger = own;
            check->champion = other;
        }
        if (mw_rule_holds(rule, own, other)) continue;
        check->holds = false;
        if (++failed_count > NAMED_SEGMENTS_MAX) continue;
        mw_buf_printf(&job->text, "%s%.*s=%.*s (", failed_count == 1 ? " fails in " : ", ",
                      MW_STR_ARGS(segment->column), MW_STR_ARGS(segment->value));
        append_values(&job->text,
                      &(mw_gate_check){.rule = rule, .challenger = own, .champion = other});
        mw_buf_append_char(&job->text, ')');
    }
    if (failed_count > NAMED_SEGMENTS_MAX)
        mw_buf_printf(&job->text, " and %zu more", failed_count - NAMED_SEGMENTS_MAX);
}

static void append_small_segments(judgement *job) {
    size_t small_count = 0;
    for (size_t i = 0; i < job->challenger.segment_count; i++) {
        const mw_segment_quality *segment = &job->challenger.segments[i];
        if (!segment->quality.is_small || ++small_count > NAMED_SEGMENTS_MAX) continue;
        mw_buf_printf(&job->text, "%s%.*s=%.*s", small_count == 1 ? "; too small to say: " : ", ",
                      MW_STR_ARGS(segment->column), MW_STR_ARGS(segment->value));
    }
    if (small_count > NAMED_SEGMENTS_MAX)
        mw_buf_printf(&job->text, " and %zu more", small_count - NAMED_SEGMENTS_MAX);
}

static void check_segments(judgement *job, mw_gate_check *check) {
    check->holds = true;
    check->challenger = check->champion = NAN;
    mw_buf_append_str(&job->text, check->rule->text);
    append_segments(job, check);
    bool is_measured = !isnan(check->challenger);
    if (!is_measured) {
        check->holds = false;
        mw_buf_append_text(&job->text, " fails (no segment could be measured)");
    } else if (check->holds) {
        mw_buf_append_text(&job->text, " holds (nearest: ");
        append_values(&job->text, check);
        mw_buf_append_char(&job->text, ')');
    }
    append_small_segments(job);
}

static mw_status check_rules(judgement *job, mw_error *err) {
    const mw_gate_question *question = job->question;
    mw_gate_check *checks = mw_arena_alloc(job->arena, question->rule_count + 1, sizeof *checks);
    if (!checks) return mw_fail(err, MW_NO_MEMORY, "gate: no memory for its checks");
    job->result.passed = true;
    for (size_t i = 0; i < question->rule_count; i++) {
        checks[i].rule = &question->rules[i];
        if (checks[i].rule->is_segment) check_segments(job, &checks[i]);
        else check_all(job, &checks[i]);
        job->result.passed &= checks[i].holds;
        MW_TRY(keep_text(job, &checks[i].text, err));
    }
    job->result.checks = checks;
    job->result.check_count = question->rule_count;
    return MW_OK;
}

static mw_status conclude(judgement *job, mw_error *err) {
    mw_gate_result *result = &job->result;
    mw_buf_printf(&job->text, "%s on %zu examples: ", result->passed ? "passed" : "refused",
                  result->example_count);
    if (job->challenger.quality.is_small)
        mw_buf_printf(&job->text, "too few to compare (%d, with %d of each class, are needed)",
                      MW_QUALITY_OUTCOMES_MIN, MW_QUALITY_CLASS_MIN);
    for (size_t i = 0; i < result->check_count; i++) {
        if (i > 0) mw_buf_append_text(&job->text, "; ");
        mw_buf_append_str(&job->text, result->checks[i].text);
    }
    return keep_text(job, &result->text, err);
}

/* Whether the two programs see the same moments, and the same came of them. */
static bool are_comparable(const mw_examples *a, const mw_examples *b, size_t count) {
    if (b->count < count) return false;
    for (size_t i = 0; i < count; i++) {
        const mw_example *x = &a->items[i], *y = &b->items[i];
        if (x->t != y->t || x->place != y->place || x->label != y->label) return false;
    }
    return true;
}

static mw_status refuse(judgement *job, mw_error *err) {
    mw_buf_append_text(&job->text, "refused: the project file has another moment or label than "
                                   "the champion's, so that nothing can be compared; promote it "
                                   "by hand if it is to answer");
    return keep_text(job, &job->result.text, err);
}

static mw_status judge(judgement *job, mw_error *err) {
    const mw_gate_question *question = job->question;
    const mw_examples *own = question->examples, *champions = question->champion_examples;
    if (!champions) champions = own;
    job->result.from_us = trained_until(question);
    if (champions != own && !are_comparable(own, champions, question->example_count))
        return refuse(job, err);
    MW_TRY(measure(job, question->challenger, &own->features, &job->challenger, err));
    MW_TRY(measure(job, question->champion, &champions->features, &job->champion, err));
    job->result.example_count = job->challenger.outcomes.count;
    if (!job->challenger.quality.is_small) MW_TRY(check_rules(job, err));
    return conclude(job, err);
}

/* `check` refuses the gate of such a model; this is for a version of another label than today's. */
static mw_status check_kinds(const mw_gate_question *question, mw_error *err) {
    const mw_version *challenger = mw_scorer_version(question->challenger);
    const mw_version *champion = mw_scorer_version(question->champion);
    if (mw_answer_kind_decides(challenger->answer) && mw_answer_kind_decides(champion->answer))
        return MW_OK;
    return mw_fail(err, MW_NOT_BUILT,
                   "gate: compares answers of yes or no alone so far; the challenger's kind is %s, "
                   "the champion's %s", mw_answer_kind_word(challenger->answer),
                   mw_answer_kind_word(champion->answer));
}

mw_status mw_gate_judge(const mw_gate_question *question, mw_arena *arena,
                        mw_gate_result *out_result, mw_error *err) {
    MW_TRY(check_kinds(question, err));
    judgement job = {.question = question, .arena = arena};
    mw_outcomes_init(&job.challenger.outcomes, &question->examples->segment_schema);
    mw_outcomes_init(&job.champion.outcomes, &question->examples->segment_schema);
    mw_buf_init(&job.text, GATE_TEXT_MAX);
    mw_status status = judge(&job, err);
    mw_buf_release(&job.text);
    mw_outcomes_release(&job.challenger.outcomes);
    mw_outcomes_release(&job.champion.outcomes);
    if (status == MW_OK) *out_result = job.result;
    return status;
}
