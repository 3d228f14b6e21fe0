#include "stat/logit_step.h"

#include <math.h>

enum { ROUNDS = 3 }; /* of Newton: what is left then is far below the noise */

double mw_logit(double probability) {
    const double least = 1e-15;
    double p = fmin(fmax(probability, least), 1 - least);
    return log(p / (1 - p));
}

static double probability_of(double margin) {
    return 1 / (1 + exp(-margin));
}

/* -ln of the probability given to what happened, without overflow. */
static double loss(double margin, unsigned char label) {
    double against = label ? -margin : margin;
    return against > 0 ? against + log1p(exp(-against)) : log1p(exp(against));
}

double mw_logit_loss(const double *margins, const unsigned char *labels, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += loss(margins[i], labels[i]);
    return count > 0 ? sum / (double)count : 0;
}

/* One more Newton step of every bin; `prior` pulls it back to no step at all. */
static void improve(mw_logit_rows rows, double prior, double steps[MW_STEP_BINS_MAX]) {
    double slopes[MW_STEP_BINS_MAX] = {0}, curves[MW_STEP_BINS_MAX] = {0};
    for (size_t i = 0; i < rows.count; i++) {
        double p = probability_of(rows.margins[i] + steps[rows.bins[i]]);
        slopes[rows.bins[i]] += rows.labels[i] - p;
        curves[rows.bins[i]] += p * (1 - p);
    }
    for (size_t b = 0; b < MW_STEP_BINS_MAX; b++)
        if (curves[b] + prior > 0)
            steps[b] += (slopes[b] - prior * steps[b]) / (curves[b] + prior);
}

void mw_logit_step_fit(mw_logit_rows rows, double out_steps[MW_STEP_BINS_MAX]) {
    double curve = 0;
    for (size_t i = 0; i < rows.count; i++) {
        double p = probability_of(rows.margins[i]);
        curve += p * (1 - p);
    }
    double prior = rows.count > 0 ? MW_STEP_PRIOR * curve / (double)rows.count : 0;
    for (size_t b = 0; b < MW_STEP_BINS_MAX; b++) out_steps[b] = 0;
    for (int i = 0; i < ROUNDS; i++) improve(rows, prior, out_steps);
}

mw_step_gain mw_logit_step_gain(mw_logit_rows rows, const double steps[MW_STEP_BINS_MAX]) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows.count; i++) {
        double margin = rows.margins[i];
        double fall = loss(margin, rows.labels[i]) -
                      loss(margin + steps[rows.bins[i]], rows.labels[i]);
        sum += fall;
        squares += fall * fall;
    }
    return mw_step_gain_of(sum, squares, rows.count);
}

void mw_logit_step_take(const uint8_t *bins, size_t count,
                        const double steps[MW_STEP_BINS_MAX], double *margins) {
    for (size_t i = 0; i < count; i++) margins[i] += steps[bins[i]];
}

/* One row more of either, as expected, keeps odds of nothing from being none. */
static double odds_lacking(mw_logit_rows rows, size_t fit_count, double shift) {
    double came = 1, expected = 1, all = (double)fit_count + 2;
    for (size_t i = 0; i < fit_count; i++) {
        came += rows.labels[i];
        expected += probability_of(rows.margins[i] + shift);
    }
    return log(came / (all - came)) - log(expected / (all - expected));
}

void mw_logit_level(mw_logit_rows rows, size_t fit_count, double *margins) {
    double shift = 0, lacking = 1;
    for (int i = 0; i < MW_LEVEL_ROUNDS_MAX && fabs(lacking) > MW_LEVEL_NEAR; i++)
        shift += lacking = odds_lacking(rows, fit_count, shift);
    for (size_t i = 0; i < rows.count; i++) margins[i] += shift;
}
