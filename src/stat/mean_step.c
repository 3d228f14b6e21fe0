#include "stat/mean_step.h"

void mw_mean_step_fit(mw_mean_rows rows, double out_steps[MW_STEP_BINS_MAX]) {
    double sums[MW_STEP_BINS_MAX] = {0}, counts[MW_STEP_BINS_MAX] = {0};
    for (size_t i = 0; i < rows.count; i++) {
        sums[rows.bins[i]] += rows.labels[i] - rows.foretold[i];
        counts[rows.bins[i]]++;
    }
    for (size_t b = 0; b < MW_STEP_BINS_MAX; b++)
        out_steps[b] = sums[b] / (counts[b] + MW_STEP_PRIOR);
}

mw_step_gain mw_mean_step_gain(mw_mean_rows rows, const double steps[MW_STEP_BINS_MAX]) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < rows.count; i++) {
        double lacks = rows.labels[i] - rows.foretold[i], left = lacks - steps[rows.bins[i]];
        double fall = lacks * lacks - left * left;
        sum += fall;
        squares += fall * fall;
    }
    return mw_step_gain_of(sum, squares, rows.count);
}

void mw_mean_step_take(const uint8_t *bins, size_t count, const double steps[MW_STEP_BINS_MAX],
                       double *foretold) {
    for (size_t i = 0; i < count; i++) foretold[i] += steps[bins[i]];
}

double mw_mean_loss(const double *foretold, const double *labels, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double lacks = labels[i] - foretold[i];
        sum += lacks * lacks;
    }
    return count > 0 ? sum / (double)count : 0;
}

void mw_mean_level(mw_mean_rows rows, size_t fit_count, double *foretold) {
    double lacking = 0;
    for (size_t i = 0; i < fit_count; i++) lacking += rows.labels[i] - rows.foretold[i];
    if (fit_count > 0) lacking /= (double)fit_count;
    for (size_t i = 0; i < rows.count; i++) foretold[i] += lacking;
}
