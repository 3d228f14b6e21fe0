#include "loop/loop.h"

#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "loop/loop_world_test.h"

enum { EVENTS_MAX = 400, VISITS_A_DAY = 60 };

/* A loop at work on made-up days, with a trainer that gives what it is told to. */
typedef struct {
    examples_world world;
    uint64_t prng;
    mw_project_model model;
    mw_rule when[2], gate[1];
    mw_str first;          /* the version that it began with */
    loop_world_stump next; /* what a training gives */
    bool training_fails, is_put_off, is_overtaken;
    mw_loop *loop;
    struct {
        mw_loop_event_kind kind;
        int64_t day;
        char text[200];
    } events[EVENTS_MAX];
    size_t event_count;
    size_t training_count;
} fixture;

static mw_status train(void *context, int64_t now, mw_str why, mw_loop_training *out_training,
                       mw_error *err) {
    fixture *it = context;
    MW_CHECK(why.size > 0 && now % MW_DAY_US == 0);
    it->training_count++;
    if (it->training_fails) return mw_fail(err, MW_INVALID, "nothing to learn");
    if (it->is_put_off) {
        *out_training = (mw_loop_training){.is_put_off = true};
        return MW_OK;
    }
    *out_training = (mw_loop_training){
        .version_bytes = loop_world_version(&it->world.arena, it->world.symbols, it->next),
        .examples = &it->world.examples,
        .example_count = it->world.examples.count,
        .costs = mw_model_costs(&it->model)};
    return MW_OK;
}

static mw_status record(void *context, const mw_loop_event *event, mw_error *err) {
    fixture *it = context;
    if (it->event_count == EVENTS_MAX) return mw_fail(err, MW_TOO_LARGE, "too much happens");
    it->events[it->event_count].kind = event->kind;
    it->events[it->event_count].day = event->time / MW_DAY_US;
    size_t size = event->text.size < 199 ? event->text.size : 199;
    memcpy(it->events[it->event_count].text, event->text.data, size);
    it->events[it->event_count++].text[size] = 0;
    if (it->is_overtaken && event->kind == MW_LOOP_PROMOTED) mw_loop_end(it->loop);
    return MW_OK;
}

static const loop_world_stump good = {.cut = 0.5, .slope = 2, .threshold = 0.5};
static const loop_world_stump poor = {.cut = 0.9, .slope = 2, .threshold = 0.5};
static const loop_world_stump wrong = {.cut = 0.5, .slope = -2, .threshold = 0.5};

static mw_loop_config config_of(fixture *it, const char *policy) {
    mw_error err;
    mw_loop_config config = {.zone = mw_zone_utc(),
                             .model = &it->model,
                             .segments = &it->world.examples.segment_schema,
                             .symbols = it->world.symbols,
                             .hooks = {it, train, record}};
    MW_CHECK_OK(mw_policy_find(mw_str_of(policy), &it->model.retrain, &config.policy, &err), &err);
    return config;
}

static void make(fixture *it, const char *policy, const char *when, loop_world_stump first) {
    mw_error err;
    *it = (fixture){.prng = mw_test_seed(), .next = good};
    examples_world_begin(&it->world);
    MW_CHECK_OK(mw_rule_parse(mw_str_of(when), &it->when[0], &err), &err);
    MW_CHECK_OK(mw_rule_parse(MW_STR("cost <= champion.cost"), &it->gate[0], &err), &err);
    it->model = (mw_project_model){.has_cost = true,
                                   .false_alarm_cost = 1,
                                   .miss_cost = 5,
                                   .retrain = {.every_us = 30 * MW_DAY_US,
                                               .when = it->when,
                                               .when_count = 1,
                                               .gate = it->gate,
                                               .gate_count = 1}};
    it->first = loop_world_version(&it->world.arena, it->world.symbols, first);
    MW_CHECK_OK(mw_loop_create(config_of(it, policy), it->first, 0, 0, &it->loop, &err), &err);
}

static void release(fixture *it) {
    mw_loop_destroy(it->loop);
    examples_world_end(&it->world);
}

/* One visit: predicted, and matured two hours later. */
static void visit(fixture *it, int64_t t, double shift) {
    mw_error err;
    double weight = mw_prng_double(&it->prng);
    bool label = (weight > 0.5) != (mw_prng_below(&it->prng, 10) == 0);
    const char *who = mw_prng_below(&it->prng, 2) ? "ann" : "bob";
    mw_cell name = {.symbol = mw_symbols_intern(it->world.symbols, mw_str_of(who))};
    mw_cell features[2] = {mw_cell_number(weight + shift), name};
    mw_score score = mw_scorer_run(mw_loop_champion(it->loop), features);
    MW_CHECK_OK(mw_loop_predicted(it->loop, t, features, score.prediction, &err), &err);
    mw_outcome outcome = {t, t + 2 * MW_HOUR_US, score.prediction, score.decision, label};
    MW_CHECK_OK(mw_loop_matured(it->loop, outcome, &name, &err), &err);
    examples_world_add(&it->world, t, who, weight + shift, label);
}

static mw_status live(fixture *it, int64_t from_day, int64_t to_day, double shift) {
    mw_error err;
    for (int64_t day = from_day; day < to_day; day++) {
        mw_status status = mw_loop_advance(it->loop, day * MW_DAY_US, &err);
        if (status != MW_OK) return status;
        for (int64_t i = 0; i < VISITS_A_DAY; i++)
            visit(it, day * MW_DAY_US + i * 20 * MW_MINUTE_US, shift);
    }
    return MW_OK;
}

static size_t count_of(const fixture *it, mw_loop_event_kind kind) {
    size_t count = 0;
    for (size_t i = 0; i < it->event_count; i++) count += it->events[i].kind == kind;
    return count;
}

MW_TEST(loop_that_never_retrains_still_watches) {
    static fixture it;
    make(&it, "never", "drift.weight > 0.1", good);
    MW_CHECK(isnan(mw_loop_quality(it.loop).of[MW_METRIC_roc_auc]));
    MW_CHECK(live(&it, 0, 60, 0) == MW_OK);
    MW_CHECK(it.event_count == 0 && it.training_count == 0);
    MW_CHECK(mw_loop_quality(it.loop).of[MW_METRIC_roc_auc] > 0.85);
    MW_CHECK(live(&it, 60, 120, 0.5) == MW_OK);
    MW_CHECK(live(&it, 120, 180, 0) == MW_OK);
    MW_CHECK_EQUAL_INT(it.event_count, 3);
    MW_CHECK(it.events[0].kind == MW_LOOP_ALARM && it.events[0].day > 60);
    MW_CHECK(it.events[1].kind == MW_LOOP_ALARM && it.events[1].day == 90);
    MW_CHECK(strstr(it.events[1].text, "champion.age > 3: 3") != NULL); /* of 30 days */
    MW_CHECK(it.events[2].kind == MW_LOOP_CALM && it.events[2].day > 120);
    MW_CHECK(strstr(it.events[0].text, "drift.weight > 0.1: 0.1") != NULL);
    MW_CHECK(!mw_loop_alert(it.loop, 0)->is_open);
    release(&it);
}

MW_TEST(loop_promotes_blindly_every_month) {
    static fixture it;
    make(&it, "monthly", "drift.max > 0.9", good);
    it.next = wrong;
    MW_CHECK(live(&it, 0, 100, 0) == MW_OK); /* January 1970 to April 10 */
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_TRAINED), 3);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_PROMOTED), 1); /* the same version thrice */
    MW_CHECK(it.events[0].day == 31 && it.events[2].day == 59 && it.events[3].day == 90);
    MW_CHECK_EQUAL_STR(it.events[0].text, "the month began");
    MW_CHECK_EQUAL_STR(it.events[1].text, "blindly");
    release(&it);
}

MW_TEST(loop_trains_on_an_alert_after_the_pause_and_again_while_it_stands) {
    static fixture it;
    make(&it, "drift", "roc_auc < 0.65", wrong);
    it.next = wrong;
    it.next.cut = 0.6;
    MW_CHECK(live(&it, 0, 16, 0) == MW_OK);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_ALARM), 1); /* it opened once */
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_TRAINED), 2);
    MW_CHECK(it.events[0].kind == MW_LOOP_ALARM && it.events[0].day == 2);
    MW_CHECK(it.events[1].kind == MW_LOOP_TRAINED && it.events[1].day == 7);
    MW_CHECK_EQUAL_STR(it.events[1].text, "roc_auc < 0.65");
    MW_CHECK(it.events[3].kind == MW_LOOP_TRAINED && it.events[3].day == 14);
    release(&it);
}

MW_TEST(loop_gate_keeps_the_worse_out_and_lets_the_better_in) {
    static fixture it;
    make(&it, "gated", "drift.max > 0.9", good);
    mw_str champion = mw_scorer_name(mw_loop_champion(it.loop));
    char first[MW_VERSION_NAME_SIZE + 1] = {0};
    memcpy(first, champion.data, champion.size);
    it.next = poor;
    MW_CHECK(live(&it, 0, 31, 0) == MW_OK);
    MW_CHECK(it.event_count == 2 && it.events[0].day == 30);
    MW_CHECK(it.events[0].kind == MW_LOOP_TRAINED && it.events[1].kind == MW_LOOP_REFUSED);
    MW_CHECK_EQUAL_STR(it.events[0].text, "its time had come");
    MW_CHECK(strstr(it.events[1].text, "cost <= champion.cost fails") != NULL);
    MW_CHECK_EQUAL_STR(mw_scorer_name(mw_loop_champion(it.loop)), first);
    release(&it);

    make(&it, "gated", "drift.max > 0.9", poor);
    MW_CHECK(live(&it, 0, 61, 0) == MW_OK);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_PROMOTED), 1);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_TRAINED), 2);
    MW_CHECK_EQUAL_STR(mw_scorer_name(mw_loop_champion(it.loop)), first);
    release(&it);
}

MW_TEST(loop_holds_drift_against_the_version_that_answers) {
    static fixture it;
    make(&it, "monthly", "drift.max > 0.9", good);
    it.next = poor;
    MW_CHECK(live(&it, 0, 31, 0) == MW_OK);
    MW_CHECK_EQUAL_INT(mw_drift_watch_read(mw_loop_drift(it.loop)).row_count, 30 * VISITS_A_DAY);
    MW_CHECK(live(&it, 31, 33, 0) == MW_OK); /* promoted at the first midnight of these */
    MW_CHECK_EQUAL_INT(mw_drift_watch_read(mw_loop_drift(it.loop)).row_count, 2 * VISITS_A_DAY);
    release(&it);
}

MW_TEST(loop_passes_a_failed_training_on_and_goes_on_after_it) {
    static fixture it;
    make(&it, "gated", "drift.max > 0.9", poor);
    it.training_fails = true;
    MW_CHECK(live(&it, 0, 40, 0) == MW_INVALID);
    MW_CHECK(it.event_count == 0 && it.training_count == 1);
    it.training_fails = false;
    MW_CHECK(live(&it, 31, 62, 0) == MW_OK); /* its next time comes a month later */
    MW_CHECK_EQUAL_INT(it.training_count, 2);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_PROMOTED), 1);
    release(&it);
}

MW_TEST(loop_asks_each_midnight_for_a_training_that_is_put_off) {
    static fixture it;
    make(&it, "gated", "drift.max > 0.9", poor);
    it.is_put_off = true;
    MW_CHECK(live(&it, 0, 36, 0) == MW_OK);
    MW_CHECK(it.event_count == 0 && it.training_count == 6); /* on days 30 to 35 */
    it.is_put_off = false;
    MW_CHECK(live(&it, 36, 62, 0) == MW_OK);
    MW_CHECK_EQUAL_INT(it.training_count, 7); /* and 30 days after it at the earliest again */
    MW_CHECK(it.events[0].kind == MW_LOOP_TRAINED && it.events[0].day == 36);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_PROMOTED), 1);
    release(&it);
}

/* Its driver found another champion than the loop's as it was to promote. */
MW_TEST(loop_is_over_where_another_was_promoted_meanwhile) {
    static fixture it;
    make(&it, "monthly", "drift.max > 0.9", good);
    it.next = wrong;
    it.is_overtaken = true;
    MW_CHECK(live(&it, 0, 100, 0) == MW_OK);
    MW_CHECK(mw_loop_is_over(it.loop) && it.training_count == 1);
    char first[MW_VERSION_NAME_SIZE + 1];
    mw_version_name(it.first, first);
    MW_CHECK(mw_str_is(mw_scorer_name(mw_loop_champion(it.loop)), first));
    release(&it);
}

MW_TEST(loop_watches_segments) {
    static fixture it;
    make(&it, "never", "segment.roc_auc < 0.65", wrong);
    MW_CHECK(live(&it, 0, 10, 0) == MW_OK);
    MW_CHECK_EQUAL_INT(count_of(&it, MW_LOOP_ALARM), 1);
    const char *text = it.events[0].text; /* whichever had enough visits first */
    MW_CHECK(strstr(text, "(ann)") != NULL || strstr(text, "(bob)") != NULL);
    release(&it);
}

static mw_status create(void *context) {
    fixture *it = context;
    mw_loop *loop = NULL;
    mw_status status = mw_loop_create(config_of(it, "gated"), it->first, 0, 0, &loop, NULL);
    if (status == MW_OK) mw_loop_destroy(loop);
    return status;
}

MW_TEST(loop_survives_the_failure_of_any_allocation) {
    static fixture it;
    make(&it, "gated", "drift.max > 0.9", good);
    MW_CHECK(mw_test_every_allocation_fails(create, &it) > 5);
    release(&it);
}
