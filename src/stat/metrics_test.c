#include "stat/metrics.h"

#include "base/prng.h"
#include "testing/test.h"

#include <math.h>

enum { EXAMPLES = 2000 };
static double scores[EXAMPLES];
static unsigned char labels[EXAMPLES];

static mw_metrics measure(size_t count, uint32_t resamples) {
    mw_metrics metrics;
    mw_error err;
    MW_CHECK_OK(mw_metrics_measure((mw_scored){scores, labels, count},
                                   (mw_bootstrap){resamples, 7}, &metrics, &err),
                &err);
    return metrics;
}

static void set(const double *new_scores, const unsigned char *new_labels, size_t count) {
    for (size_t i = 0; i < count; i++) scores[i] = new_scores[i], labels[i] = new_labels[i];
}

static bool near(double a, double b) {
    return fabs(a - b) < 1e-12;
}

/* Calibrated: an example is positive with the probability that is its score. */
static void draw(uint64_t *prng, size_t count, bool with_ties) {
    for (size_t i = 0; i < count; i++) {
        scores[i] = mw_prng_double(prng);
        if (with_ties) scores[i] = floor(scores[i] * 20) / 20;
        labels[i] = mw_prng_double(prng) < scores[i];
    }
}

MW_TEST(metrics_have_the_values_worked_out_by_hand) {
    set((double[]){0.1, 0.4, 0.35, 0.8}, (unsigned char[]){0, 0, 1, 1}, 4);
    mw_metrics m = measure(4, 0);
    MW_CHECK(m.example_count == 4 && m.positive_count == 2);
    MW_CHECK_EQUAL_DOUBLE_BITS(m.of[MW_METRIC_roc_auc].value, 0.75);
    MW_CHECK(near(m.of[MW_METRIC_average_precision].value, 0.5 * 1 + 0.5 * 2 / 3));
    MW_CHECK(near(m.of[MW_METRIC_log_loss].value,
                  -(log(0.9) + log(0.6) + log(0.35) + log(0.8)) / 4));
    MW_CHECK(near(m.of[MW_METRIC_brier].value, (0.01 + 0.16 + 0.4225 + 0.04) / 4));
    /* four bins with one example each */
    MW_CHECK(near(m.of[MW_METRIC_calibration_error].value, (0.1 + 0.4 + 0.65 + 0.2) / 4));
    MW_CHECK(isnan(m.of[MW_METRIC_brier].low) && isnan(m.of[MW_METRIC_brier].high));
}

/* What ranks is no probability; clipped it would be one of nothing. */
MW_TEST(metrics_read_no_probability_into_a_score) {
    set((double[]){-1, 0.4, 0.35, 0.8}, (unsigned char[]){0, 0, 1, 1}, 4);
    mw_metrics m = measure(4, 20);
    MW_CHECK_EQUAL_DOUBLE_BITS(m.of[MW_METRIC_roc_auc].value, 0.75);
    MW_CHECK(m.of[MW_METRIC_roc_auc].low <= 0.75 && !isnan(m.of[MW_METRIC_average_precision].low));
    for (size_t i = MW_METRIC_log_loss; i < MW_METRIC_COUNT; i++)
        MW_CHECK(isnan(m.of[i].value) && isnan(m.of[i].low) && isnan(m.of[i].high));
}

MW_TEST(metrics_take_equal_scores_as_one) {
    set((double[]){0.5, 0.5, 0.5, 0.5}, (unsigned char[]){0, 1, 1, 0}, 4);
    mw_metrics m = measure(4, 0);
    MW_CHECK_EQUAL_DOUBLE_BITS(m.of[MW_METRIC_roc_auc].value, 0.5);
    MW_CHECK_EQUAL_DOUBLE_BITS(m.of[MW_METRIC_average_precision].value, 0.5);
    MW_CHECK_EQUAL_DOUBLE_BITS(m.of[MW_METRIC_calibration_error].value, 0);
}

/* Against the definitions, pair by pair and threshold by threshold. */
MW_TEST(metrics_agree_with_their_definitions) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 40; round++) {
        size_t count = 2 + mw_prng_below(&prng, 150);
        draw(&prng, count, round % 2);
        labels[0] = 0, labels[1] = 1;
        double pairs = 0, wins = 0, precision = 0, positives = 0;
        for (size_t i = 0; i < count; i++) {
            if (!labels[i]) continue;
            double above = 0, positives_above = 0;
            for (size_t j = 0; j < count; j++) {
                if (scores[j] >= scores[i]) above++, positives_above += labels[j];
                if (labels[j]) continue;
                pairs++;
                wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
            }
            positives++;
            precision += positives_above / above;
        }
        mw_metrics m = measure(count, 0);
        MW_CHECK_EQUAL_DOUBLE_BITS(m.of[MW_METRIC_roc_auc].value, wins / pairs);
        MW_CHECK(near(m.of[MW_METRIC_average_precision].value, precision / positives));
    }
}

MW_TEST(metrics_do_not_depend_on_the_order_of_examples) {
    uint64_t prng = mw_test_seed();
    draw(&prng, EXAMPLES, true);
    mw_metrics before = measure(EXAMPLES, 20);
    for (size_t i = EXAMPLES - 1; i > 0; i--) {
        size_t j = mw_prng_below(&prng, i + 1);
        double score = scores[i];
        unsigned char label = labels[i];
        scores[i] = scores[j], labels[i] = labels[j];
        scores[j] = score, labels[j] = label;
    }
    mw_metrics after = measure(EXAMPLES, 20);
    for (size_t m = 0; m < MW_METRIC_COUNT; m++) {
        MW_CHECK_EQUAL_DOUBLE_BITS(after.of[m].value, before.of[m].value);
        MW_CHECK_EQUAL_DOUBLE_BITS(after.of[m].low, before.of[m].low);
        MW_CHECK_EQUAL_DOUBLE_BITS(after.of[m].high, before.of[m].high);
    }
}

/* The interval of a mean is about as wide as the normal law says, and holds the truth: for
   calibrated scores, evenly spread, the Brier score is 1/6 and the area 5/6. */
MW_TEST(metrics_have_intervals_that_hold_the_truth) {
    enum { TRIALS = 60 };
    uint64_t prng = mw_test_seed();
    size_t held_brier = 0, held_auc = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        draw(&prng, EXAMPLES, false);
        mw_metrics m = measure(EXAMPLES, 200);
        mw_estimate brier = m.of[MW_METRIC_brier], auc = m.of[MW_METRIC_roc_auc];
        MW_CHECK(brier.low < brier.value && brier.value < brier.high);
        held_brier += brier.low <= 1.0 / 6 && 1.0 / 6 <= brier.high;
        held_auc += auc.low <= 5.0 / 6 && 5.0 / 6 <= auc.high;

        double variance = 0;
        for (size_t i = 0; i < EXAMPLES; i++) {
            double square = (labels[i] - scores[i]) * (labels[i] - scores[i]);
            variance += (square - brier.value) * (square - brier.value) / EXAMPLES;
        }
        double width = 2 * 1.96 * sqrt(variance / EXAMPLES);
        MW_CHECK((brier.high - brier.low) / width > 0.7 && (brier.high - brier.low) / width < 1.35);
    }
    MW_CHECK(held_brier >= TRIALS * 8 / 10 && held_auc >= TRIALS * 8 / 10);
}

/* The truth is what the gaps of the bins would be without noise: 0 where a yes comes as often as
   its score says, 0.02 in the mean where each score is 0.02 too low. Among few examples the noise
   is larger than that. */
MW_TEST(metrics_have_an_interval_of_the_calibration_error_that_holds_value_and_truth) {
    enum { TRIALS = 60 };
    uint64_t prng = mw_test_seed();
    for (int world = 0; world < 4; world++) {
        size_t count = world < 2 ? 200 : EXAMPLES, held = 0, above_zero = 0;
        double shift = world % 2 ? 0.02 : 0;
        for (int trial = 0; trial < TRIALS; trial++) {
            draw(&prng, count, false);
            for (size_t i = 0; i < count; i++) scores[i] = fmax(0, 0.98 * scores[i] - shift);
            for (size_t i = 0; i < count; i++)
                labels[i] = mw_prng_double(&prng) < scores[i] + shift;
            mw_estimate error = measure(count, 100).of[MW_METRIC_calibration_error];
            MW_CHECK(error.low <= error.value && error.value <= error.high);
            held += error.low <= shift && shift <= error.high;
            above_zero += error.low > 0;
        }
        MW_CHECK(held >= TRIALS * 8 / 10);
        MW_CHECK(shift > 0 || above_zero <= TRIALS * 2 / 10);
    }
}

/* With gaps far wider than the noise the interval is narrow and leaves 0 out. */
MW_TEST(metrics_are_sure_of_a_calibration_error_that_is_large) {
    uint64_t prng = mw_test_seed();
    draw(&prng, EXAMPLES, false);
    for (size_t i = 0; i < EXAMPLES; i++) scores[i] /= 2; /* 0.25 too low in the mean */
    mw_estimate error = measure(EXAMPLES, 200).of[MW_METRIC_calibration_error];
    MW_CHECK(error.low > 0.15 && error.high > error.value && error.high < 0.3);
}

MW_TEST(metrics_say_nothing_where_there_is_nothing_to_say) {
    mw_metrics none = measure(0, 10);
    for (size_t m = 0; m < MW_METRIC_COUNT; m++) MW_CHECK(isnan(none.of[m].value));
    set((double[]){0.25, 0.5}, (unsigned char[]){0, 0}, 2);
    mw_metrics negatives = measure(2, 10);
    MW_CHECK(isnan(negatives.of[MW_METRIC_roc_auc].value));
    MW_CHECK(isnan(negatives.of[MW_METRIC_roc_auc].low));
    MW_CHECK(isnan(negatives.of[MW_METRIC_average_precision].value));
    MW_CHECK(near(negatives.of[MW_METRIC_brier].value, (0.0625 + 0.25) / 2));
    set((double[]){0, 1}, (unsigned char[]){1, 0}, 2); /* sure, and wrong */
    MW_CHECK(near(measure(2, 0).of[MW_METRIC_log_loss].value / -log(1e-15), 1));
}

MW_TEST(metrics_refuse_scores_that_are_no_numbers) {
    set((double[]){0.5, NAN}, (unsigned char[]){0, 1}, 2);
    mw_metrics metrics;
    mw_error err;
    MW_CHECK_STATUS(mw_metrics_measure((mw_scored){scores, labels, 2}, (mw_bootstrap){0},
                                       &metrics, &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "metrics: a score must be a number, that of example 1 is none");
}

static mw_status measure_once(void *context) {
    (void)context;
    mw_metrics metrics;
    return mw_metrics_measure((mw_scored){scores, labels, 2}, (mw_bootstrap){3, 1}, &metrics, NULL);
}

MW_TEST(metrics_survive_every_shortage_of_memory) {
    set((double[]){0.25, 0.5}, (unsigned char[]){0, 1}, 2);
    MW_CHECK(mw_test_every_allocation_fails(measure_once, NULL) > 5);
}

MW_TEST(metrics_know_their_names) {
    MW_CHECK_EQUAL_STR(mw_metric_name(MW_METRIC_average_precision), "average_precision");
    MW_CHECK(mw_metric_greater_is_better(MW_METRIC_roc_auc));
    MW_CHECK(!mw_metric_greater_is_better(MW_METRIC_log_loss));
}
