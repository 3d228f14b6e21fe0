#include "stat/class_step.h"

#include <string.h>

enum { ROUNDS = 3 }; /* of Newton, as for log odds */
static const double probability_min = 1e-15; /* for the logarithm */
static const double step_max = 30; /* beyond it a class is as good as sure; its power is a number */

mw_status mw_class_steps_init(mw_class_steps *steps, size_t width, mw_error *err) {
    size_t size = MW_STEP_BINS_MAX * width;
    double *room = mw_allocate((4 * size + width) * sizeof *room);
    if (!room)
        return mw_fail(err, MW_NO_MEMORY, "classes: no memory for a step of %zu of them", width);
    *steps = (mw_class_steps){width, room, room + size, room + 2 * size, room + 3 * size,
                              room + 4 * size};
    return MW_OK;
}

void mw_class_steps_release(mw_class_steps *steps) {
    mw_free(steps->steps);
    *steps = (mw_class_steps){0};
}

/* What a row's probabilities add up to once each is taken so many times. */
static double sum_moved(const double *probabilities, const double *factors, size_t width) {
    double sum = 0;
    for (size_t k = 0; k < width; k++) sum += probabilities[k] * factors[k];
    return sum;
}

static double loss(double probability) {
    return -log(fmax(probability, probability_min));
}

double mw_class_loss(const double *probabilities, const uint32_t *labels, size_t width,
                     size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += loss(probabilities[i * width + labels[i]]);
    return count > 0 ? sum / (double)count : 0;
}

static void add_slopes(mw_class_rows rows, mw_class_steps *it) {
    size_t width = it->width;
    memset(it->slopes, 0, MW_STEP_BINS_MAX * width * sizeof *it->slopes);
    memset(it->curves, 0, MW_STEP_BINS_MAX * width * sizeof *it->curves);
    for (size_t i = 0; i < rows.count; i++) {
        const double *standing = rows.probabilities + i * width;
        size_t bin = rows.bins[i] * width;
        double whole = sum_moved(standing, it->factors + bin, width);
        for (size_t k = 0; k < width; k++) {
            double p = standing[k] * it->factors[bin + k] / whole;
            it->slopes[bin + k] -= p;
            it->curves[bin + k] += p * (1 - p);
        }
        it->slopes[bin + rows.labels[i]]++;
    }
}

/* Before the first step: the mean curve of each class, as many times as the prior has rows. */
static void find_priors(mw_class_steps *it, size_t count) {
    for (size_t k = 0; k < it->width; k++) {
        double curve = 0;
        for (size_t b = 0; b < MW_STEP_BINS_MAX; b++) curve += it->curves[b * it->width + k];
        it->priors[k] = count > 0 ? MW_STEP_PRIOR * curve / (double)count : 0;
    }
}

static void improve(mw_class_steps *it) {
    double stretch = it->width > 1 ? (double)it->width / (double)(it->width - 1) : 1;
    for (size_t i = 0; i < MW_STEP_BINS_MAX * it->width; i++) {
        double prior = it->priors[i % it->width], curve = stretch * (it->curves[i] + prior);
        if (curve > 0) it->steps[i] += (it->slopes[i] - stretch * prior * it->steps[i]) / curve;
        it->steps[i] = fmin(fmax(it->steps[i], -step_max), step_max);
        it->factors[i] = exp(it->steps[i]);
    }
}

void mw_class_step_fit(mw_class_rows rows, mw_class_steps *steps) {
    MW_ASSERT(rows.width == steps->width);
    for (size_t i = 0; i < MW_STEP_BINS_MAX * steps->width; i++) {
        steps->steps[i] = 0;
        steps->factors[i] = 1;
    }
    for (int round = 0; round < ROUNDS; round++) {
        add_slopes(rows, steps);
        if (round == 0) find_priors(steps, rows.count);
        improve(steps);
    }
}

mw_step_gain mw_class_step_gain(mw_class_rows rows, const mw_class_steps *steps) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows.count; i++) {
        const double *standing = rows.probabilities + i * rows.width;
        const double *factors = steps->factors + rows.bins[i] * rows.width;
        double p = standing[rows.labels[i]], whole = sum_moved(standing, factors, rows.width);
        double fall = loss(p) - loss(p * factors[rows.labels[i]] / whole);
        sum += fall;
        squares += fall * fall;
    }
    return mw_step_gain_of(sum, squares, rows.count);
}

void mw_class_step_take(const uint8_t *bins, size_t count, const mw_class_steps *steps,
                        double *probabilities) {
    size_t width = steps->width;
    for (size_t i = 0; i < count; i++) {
        double *standing = probabilities + i * width;
        const double *factors = steps->factors + bins[i] * width;
        double whole = sum_moved(standing, factors, width);
        for (size_t k = 0; k < width; k++) standing[k] *= factors[k] / whole;
    }
}

/* Of each class so many rows as came, over so many as are expected, and one more of either. */
static void add_shares(mw_class_rows rows, const double *factors, double *came, double *expected) {
    for (size_t k = 0; k < rows.width; k++) came[k] = expected[k] = 1;
    for (size_t i = 0; i < rows.count; i++) {
        const double *standing = rows.probabilities + i * rows.width;
        double whole = sum_moved(standing, factors, rows.width);
        for (size_t k = 0; k < rows.width; k++) expected[k] += standing[k] * factors[k] / whole;
        came[rows.labels[i]]++;
    }
}

void mw_class_level(mw_class_rows rows, size_t fit_count, mw_class_steps *steps,
                    double *probabilities) {
    size_t width = rows.width;
    double *factors = steps->factors, lacking = 1;
    mw_class_rows fitted = rows;
    fitted.count = fit_count;
    for (size_t k = 0; k < width; k++) factors[k] = 1;
    for (int i = 0; i < MW_LEVEL_ROUNDS_MAX && lacking > MW_LEVEL_NEAR; i++) {
        add_shares(fitted, factors, steps->slopes, steps->curves);
        lacking = 0;
        for (size_t k = 0; k < width; k++) {
            double factor = steps->slopes[k] / steps->curves[k];
            lacking = fmax(lacking, fabs(log(factor)));
            factors[k] *= factor;
        }
    }
    for (size_t i = 0; i < rows.count; i++) {
        double *standing = probabilities + i * width;
        double whole = sum_moved(standing, factors, width);
        for (size_t k = 0; k < width; k++) standing[k] *= factors[k] / whole;
    }
}
