#include "stat/class_metrics.h"

#include <math.h>
#include <string.h>

#define PROBABILITY_MIN 1e-15 /* for the logarithm */

/* Of a class: how often it was answered and came, was answered, came. */
typedef struct {
    uint64_t right, answered, came;
} tally;

typedef struct {
    mw_classified classified;
    double *losses;
    tally *tallies; /* label_count of them */
    unsigned char *weights;
} sample;

static double f1_macro(const tally *tallies, size_t count) {
    double sum = 0;
    size_t classes = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t whole = tallies[i].answered + tallies[i].came;
        if (whole == 0) continue;
        sum += 2.0 * (double)tallies[i].right / (double)whole;
        classes++;
    }
    return sum / (double)classes; /* of none: 0 / 0 */
}

static void measure(void *context, double *out_of) {
    sample *s = context;
    const mw_classified *classified = &s->classified;
    uint64_t count = 0, right = 0;
    double loss = 0;
    memset(s->tallies, 0, classified->label_count * sizeof *s->tallies);
    for (size_t i = 0; i < classified->count; i++) {
        uint64_t weight = s->weights[i];
        uint32_t answer = classified->answers[i], label = classified->labels[i];
        count += weight;
        loss += (double)weight * s->losses[i];
        s->tallies[answer].answered += weight;
        s->tallies[label].came += weight;
        if (answer != label) continue;
        right += weight;
        s->tallies[label].right += weight;
    }
    out_of[MW_CLASS_accuracy] = (double)right / (double)count;
    out_of[MW_CLASS_log_loss] = loss / (double)count;
    out_of[MW_CLASS_f1_macro] = f1_macro(s->tallies, classified->label_count);
}

static mw_status fill_losses(sample *s, mw_error *err) {
    const mw_classified *classified = &s->classified;
    for (size_t i = 0; i < classified->count; i++) {
        MW_ASSERT(classified->answers[i] < classified->label_count);
        MW_ASSERT(classified->labels[i] < classified->label_count);
        double given = classified->given[i];
        if (isnan(given))
            return mw_fail(err, MW_INVALID,
                           "metrics: a probability must be a number, that of example %zu is none",
                           i);
        if (given < PROBABILITY_MIN) given = PROBABILITY_MIN;
        if (given > 1 - PROBABILITY_MIN) given = 1 - PROBABILITY_MIN;
        s->losses[i] = -log(given);
    }
    return MW_OK;
}

mw_status mw_class_metrics_measure(mw_classified classified, mw_bootstrap bootstrap,
                                   mw_estimate out_of[MW_CLASS_METRIC_COUNT], mw_error *err) {
    sample s = {.classified = classified,
                .losses = mw_allocate((classified.count + 1) * sizeof *s.losses),
                .tallies = mw_allocate((classified.label_count + 1) * sizeof *s.tallies),
                .weights = mw_allocate(classified.count + 1)};
    mw_status status = MW_OK;
    if (!s.losses || !s.tallies || !s.weights)
        status = mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for %zu examples",
                         classified.count);
    if (status == MW_OK) status = fill_losses(&s, err);
    if (status == MW_OK) {
        mw_resampled measured = {&s, measure, MW_CLASS_METRIC_COUNT, s.weights, classified.count};
        status = mw_resample_measure(measured, bootstrap, out_of, err);
    }
    mw_free(s.losses);
    mw_free(s.tallies);
    mw_free(s.weights);
    return status;
}
