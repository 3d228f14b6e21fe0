#include "loop/loop.h"

#include <math.h>

#include "loop/gate.h"

enum { SCRATCH_MAX = 1 << 26, WHY_MAX = 1 << 11 };

struct mw_loop {
    mw_loop_config config;
    mw_scorer *champion;
    mw_drift_watch *drift;
    mw_outcomes outcomes;
    mw_quality quality;
    mw_segment_quality *segments; /* of today's check, if a rule asks for them; in scratch */
    size_t segment_count;
    mw_alert *alerts; /* one a rule of `when` */
    mw_vitals *vitals;
    int64_t trained;
    int64_t crowned; /* when the champion became it */
    int64_t next_check, next_look;
    bool is_over;     /* a version of another program was promoted */
    mw_arena scratch; /* for one check */
};

const char *mw_loop_event_word(mw_loop_event_kind kind) {
    static const char *const words[] = {
#define X(name, word) [MW_LOOP_##name] = word,
        MW_LOOP_EVENT_MAP(X)
#undef X
    };
    return words[kind];
}

mw_costs mw_model_costs(const mw_project_model *model) {
    if (!model->has_cost) return (mw_costs){1, 1};
    return (mw_costs){model->false_alarm_cost, model->miss_cost};
}

/* The version answers from now on: drift is held against what it was trained on. */
static mw_status enthrone(mw_loop *loop, mw_scorer *scorer, mw_error *err) {
    MW_TRY(mw_drift_watch_begin(loop->drift, mw_scorer_profile(scorer), loop->trained, err));
    mw_scorer_destroy(loop->champion);
    loop->champion = scorer;
    loop->crowned = loop->trained;
    return MW_OK;
}

static mw_status set_up(mw_loop *loop, mw_str champion, mw_error *err) {
    const mw_retrain *retrain = &loop->config.model->retrain;
    loop->alerts = mw_allocate((retrain->when_count + 1) * sizeof *loop->alerts);
    if (!loop->alerts) return mw_fail(err, MW_NO_MEMORY, "loop: no memory for its alerts");
    for (size_t i = 0; i < retrain->when_count; i++)
        mw_alert_init(&loop->alerts[i], &retrain->when[i]);
    const mw_loop_sight *sight = &loop->config.sight;
    MW_TRY(mw_vitals_create(sight->program, sight->model_program, &loop->vitals, err));
    mw_scorer *scorer = NULL;
    MW_TRY(mw_scorer_create(champion, loop->config.symbols, &scorer, err));
    mw_status status =
        mw_drift_watch_create(mw_scorer_version(scorer)->features.count, &loop->drift, err);
    if (status == MW_OK) status = enthrone(loop, scorer, err);
    if (status != MW_OK) mw_scorer_destroy(scorer);
    return status;
}

mw_status mw_loop_create(mw_loop_config config, mw_str champion, int64_t trained, int64_t now,
                         mw_loop **out_loop, mw_error *err) {
    mw_loop *loop = mw_allocate(sizeof *loop);
    if (!loop) return mw_fail(err, MW_NO_MEMORY, "loop: no memory");
    *loop = (mw_loop){.config = config,
                      .trained = trained,
                      .quality = {.is_small = true},
                      .next_check = mw_next_midnight(config.zone, now),
                      .next_look = (now / MW_LOOK_EVERY_US + 1) * MW_LOOK_EVERY_US};
    for (size_t m = 0; m < MW_METRIC_COUNT; m++) loop->quality.of[m] = NAN;
    mw_arena_init(&loop->scratch, SCRATCH_MAX);
    mw_outcomes_init(&loop->outcomes, config.segments);
    mw_status status = set_up(loop, champion, err);
    if (status != MW_OK) mw_loop_destroy(loop);
    else *out_loop = loop;
    return status;
}

void mw_loop_destroy(mw_loop *loop) {
    if (!loop) return;
    mw_scorer_destroy(loop->champion);
    mw_drift_watch_destroy(loop->drift);
    mw_outcomes_release(&loop->outcomes);
    mw_free(loop->alerts);
    mw_vitals_destroy(loop->vitals);
    mw_arena_release(&loop->scratch);
    mw_free(loop);
}

mw_status mw_loop_predicted(mw_loop *loop, int64_t time, const mw_cell *features, double prediction,
                            mw_error *err) {
    if (loop->is_over) return MW_OK;
    return mw_drift_watch_add(loop->drift, time, features, prediction, err);
}

mw_status mw_loop_matured(mw_loop *loop, mw_outcome outcome, const mw_cell *segments,
                          mw_error *err) {
    if (loop->is_over) return MW_OK;
    return mw_outcomes_add(&loop->outcomes, outcome, segments, err);
}

static mw_status tell(mw_loop *loop, mw_loop_event event, mw_error *err) {
    return loop->config.hooks.record(loop->config.hooks.context, &event, err);
}

/* --- taking stock ----------------------------------------------------------------------- */

static mw_status measure_quality(mw_loop *loop, int64_t now, mw_error *err) {
    const mw_retrain *retrain = &loop->config.model->retrain;
    mw_outcomes_forget(&loop->outcomes, now - MW_QUALITY_DAYS * MW_DAY_US);
    size_t first = mw_outcomes_since(&loop->outcomes, now - MW_QUALITY_DAYS * MW_DAY_US);
    mw_quality_question question = {&loop->outcomes, first, loop->outcomes.count - first,
                                    mw_model_costs(loop->config.model)};
    MW_TRY(mw_quality_measure(question, &loop->quality, err));
    bool by_segment = false;
    for (size_t i = 0; i < retrain->when_count; i++) by_segment |= retrain->when[i].is_segment;
    loop->segment_count = 0;
    if (!by_segment) return MW_OK;
    return mw_quality_by_segment(question, loop->config.symbols, &loop->scratch, &loop->segments,
                                 &loop->segment_count, err);
}

static mw_str feature_name(const mw_loop *loop, size_t column) {
    return mw_profile_column_at(mw_scorer_profile(loop->champion), column)->name;
}

static mw_loop_reading read_drift(const mw_loop *loop, mw_str what) {
    if (mw_str_is(what, "max")) {
        mw_drift_summary drift = mw_drift_watch_read(loop->drift);
        return (mw_loop_reading){.value = drift.max, .where = feature_name(loop, drift.max_column)};
    }
    size_t column_count = mw_profile_column_count(mw_scorer_profile(loop->champion));
    for (size_t i = 0; i < column_count; i++)
        if (mw_str_equal(feature_name(loop, i), what))
            return (mw_loop_reading){.value = mw_drift_watch_column(loop->drift, i)};
    return (mw_loop_reading){.value = NAN};
}

/* The first segment within which the rule holds, else any that could be measured. */
static mw_loop_reading read_segments(const mw_loop *loop, const mw_rule *rule) {
    mw_loop_reading found = {.value = NAN};
    for (size_t i = 0; i < loop->segment_count; i++) {
        const mw_segment_quality *segment = &loop->segments[i];
        double value = mw_quality_read(&segment->quality, rule->quantity);
        if (isnan(value)) continue;
        found = (mw_loop_reading){value, mw_rule_holds(rule, value, value), segment->value};
        if (found.holds) break;
    }
    return found;
}

mw_loop_reading mw_loop_read(const mw_loop *loop, const mw_rule *rule) {
    mw_str drift = MW_STR("drift.");
    if (rule->is_segment) return read_segments(loop, rule);
    mw_loop_reading found = {.value = mw_quality_read(&loop->quality, rule->quantity)};
    if (mw_str_starts(rule->quantity, drift))
        found = read_drift(loop, mw_str_slice(rule->quantity, drift.size, rule->quantity.size));
    found.holds = mw_rule_holds(rule, found.value, found.value);
    return found;
}

static mw_status tell_alert(mw_loop *loop, const mw_alert *alert, mw_str where, int64_t now,
                            mw_error *err) {
    mw_buf text;
    mw_buf_init(&text, WHY_MAX);
    mw_buf_append_str(&text, alert->rule->text);
    mw_buf_printf(&text, alert->is_open ? ": %.4g" : " no longer: %.4g", alert->value);
    if (where.size == 0 && alert->is_open) where = alert->detail;
    if (where.size > 0) mw_buf_printf(&text, " (%.*s)", MW_STR_ARGS(where));
    mw_status status = mw_buf_check(&text, "alert: its text", err);
    mw_loop_event event = {.time = now,
                           .kind = alert->is_open ? MW_LOOP_ALARM : MW_LOOP_CALM,
                           .version = mw_scorer_name(loop->champion),
                           .text = mw_buf_str(&text)};
    if (status == MW_OK) status = tell(loop, event, err);
    mw_buf_release(&text);
    return status;
}

static mw_status update_alerts(mw_loop *loop, int64_t now, mw_error *err) {
    for (size_t i = 0; i < loop->config.model->retrain.when_count; i++) {
        mw_alert *alert = &loop->alerts[i];
        mw_loop_reading found = mw_loop_read(loop, alert->rule);
        mw_alert_change change = mw_alert_update(alert, found.value, found.holds, now);
        if (change != MW_ALERT_SAME) MW_TRY(tell_alert(loop, alert, found.where, now, err));
    }
    return MW_OK;
}

static const mw_alert *open_alert(const mw_loop *loop) {
    for (size_t i = 0; i < loop->config.model->retrain.when_count; i++)
        if (loop->alerts[i].is_open) return &loop->alerts[i];
    return NULL;
}

/* --- retraining ------------------------------------------------------------------------- */

static mw_str why(const mw_loop *loop, mw_policy_reason reason) {
    switch (reason) {
    case MW_DUE_MONTH: return MW_STR("the month began");
    case MW_DUE_EVERY: return MW_STR("its time had come");
    case MW_DUE_ALERT: return open_alert(loop)->rule->text;
    case MW_DUE_NOT: break;
    }
    MW_ASSERT(reason != MW_DUE_NOT);
    return MW_STR("");
}

static mw_status judge(mw_loop *loop, mw_scorer *challenger, const mw_loop_training *training,
                       mw_gate_result *out_result, mw_error *err) {
    const mw_retrain *retrain = &loop->config.model->retrain;
    if (!loop->config.policy.is_gated) {
        *out_result = (mw_gate_result){.passed = true, .text = MW_STR("blindly")};
        return MW_OK;
    }
    mw_gate_question question = {.challenger = challenger,
                                 .champion = loop->champion,
                                 .examples = training->examples,
                                 .example_count = training->example_count,
                                 .champion_examples = training->champion_examples,
                                 .rules = retrain->gate,
                                 .rule_count = retrain->gate_count,
                                 .costs = training->costs,
                                 .symbols = loop->config.symbols};
    return mw_gate_judge(&question, &loop->scratch, out_result, err);
}

static mw_status try_challenger(mw_loop *loop, const mw_loop_training *training, int64_t now,
                                mw_error *err) {
    mw_scorer *challenger = NULL;
    MW_TRY(mw_scorer_create(training->version_bytes, loop->config.symbols, &challenger, err));
    mw_gate_result gate = {0};
    mw_status status = judge(loop, challenger, training, &gate, err);
    mw_loop_event event = {.time = now,
                           .kind = gate.passed ? MW_LOOP_PROMOTED : MW_LOOP_REFUSED,
                           .version = mw_scorer_name(challenger),
                           .text = gate.text};
    if (status == MW_OK) status = tell(loop, event, err);
    if (status == MW_OK && gate.passed && !loop->is_over) {
        loop->is_over = training->champion_examples != NULL;
        if (!loop->is_over) status = enthrone(loop, challenger, err);
        if (status == MW_OK && !loop->is_over) return MW_OK;
    }
    mw_scorer_destroy(challenger);
    return status;
}

static mw_status retrain(mw_loop *loop, mw_str reason, int64_t now, mw_error *err) {
    mw_loop_training training = {0};
    int64_t before = loop->trained;
    loop->trained = now;
    MW_TRY(loop->config.hooks.train(loop->config.hooks.context, now, reason, &training, err));
    if (training.is_put_off) {
        loop->trained = before;
        return MW_OK;
    }
    char name[MW_VERSION_NAME_SIZE + 1];
    mw_version_name(training.version_bytes, name);
    mw_loop_event event = {
        .time = now, .kind = MW_LOOP_TRAINED, .version = mw_str_of(name), .text = reason};
    MW_TRY(tell(loop, event, err));
    if (mw_str_is(mw_scorer_name(loop->champion), name)) return MW_OK;
    return try_challenger(loop, &training, now, err);
}

static mw_status check(mw_loop *loop, int64_t now, mw_error *err) {
    mw_drift_watch_end_day(loop->drift);
    MW_TRY(measure_quality(loop, now, err));
    MW_TRY(update_alerts(loop, now, err));
    mw_policy_reason reason = mw_policy_due(&loop->config.policy, loop->config.zone, loop->trained,
                                            now, open_alert(loop) != NULL);
    if (reason == MW_DUE_NOT) return MW_OK;
    return retrain(loop, why(loop, reason), now, err);
}

/* --- the vitals ------------------------------------------------------------------------- */

mw_status mw_loop_look(mw_loop *loop, int64_t now, mw_error *err) {
    if (loop->is_over) return MW_OK;
    const mw_loop_sight *sight = &loop->config.sight;
    int64_t every_us = loop->config.model->retrain.every_us;
    mw_vital_signs signs = {NAN, NAN, NAN, NAN, NAN};
    if (sight->see) sight->see(sight->context, now, &signs);
    if (every_us > 0) signs.champion_age = (double)(now - loop->crowned) / (double)every_us;
    mw_vitals_look(loop->vitals, sight->freshness, &signs, now);
    for (size_t i = 0; i < mw_vitals_count(loop->vitals); i++)
        if (mw_vitals_change(loop->vitals, i) != MW_ALERT_SAME)
            MW_TRY(tell_alert(loop, mw_vitals_alert(loop->vitals, i), MW_STR(""), now, err));
    return MW_OK;
}

/* --- the line of time ------------------------------------------------------------------- */

static mw_status pass_midnight(mw_loop *loop, mw_error *err) {
    int64_t midnight = loop->next_check;
    loop->next_check = mw_next_midnight(loop->config.zone, midnight);
    MW_TRY(check(loop, midnight, err));
    mw_arena_clear(&loop->scratch);
    loop->segment_count = 0;
    return MW_OK;
}

mw_status mw_loop_advance(mw_loop *loop, int64_t now, mw_error *err) {
    while (!loop->is_over && mw_loop_next_look(loop) <= now) {
        int64_t at = mw_loop_next_look(loop);
        if (at == loop->next_look) {
            loop->next_look += MW_LOOK_EVERY_US;
            MW_TRY(mw_loop_look(loop, at, err));
        }
        if (at == loop->next_check) MW_TRY(pass_midnight(loop, err));
    }
    return MW_OK;
}

void mw_loop_resume(mw_loop *loop, mw_policy policy, int64_t trained) {
    loop->config.policy = policy;
    loop->trained = trained;
}

mw_status mw_loop_measure(mw_loop *loop, int64_t now, mw_error *err) {
    mw_arena_clear(&loop->scratch);
    return loop->is_over ? MW_OK : measure_quality(loop, now, err);
}

void mw_loop_end(mw_loop *loop) {
    loop->is_over = true;
}

bool mw_loop_is_over(const mw_loop *loop) {
    return loop->is_over;
}
mw_scorer *mw_loop_champion(mw_loop *loop) {
    return loop->champion;
}
int64_t mw_loop_next_check(const mw_loop *loop) {
    return loop->next_check;
}
int64_t mw_loop_next_look(const mw_loop *loop) {
    return loop->next_look < loop->next_check ? loop->next_look : loop->next_check;
}
mw_quality mw_loop_quality(const mw_loop *loop) {
    return loop->quality;
}
const mw_drift_watch *mw_loop_drift(const mw_loop *loop) {
    return loop->drift;
}

const mw_outcomes *mw_loop_outcomes(const mw_loop *loop) {
    return &loop->outcomes;
}

size_t mw_loop_alert_count(const mw_loop *loop) {
    return loop->config.model->retrain.when_count + mw_vitals_count(loop->vitals);
}

const mw_alert *mw_loop_alert(const mw_loop *loop, size_t index) {
    size_t when_count = loop->config.model->retrain.when_count;
    if (index < when_count) return &loop->alerts[index];
    return mw_vitals_alert(loop->vitals, index - when_count);
}
