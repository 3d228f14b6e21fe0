#include "model/forest_output.h"

#include <math.h>

/* --- LightGBM, in doubles ---------------------------------------------------------------- */

static void softmax_doubles(double *sums, uint32_t count) {
    double greatest = sums[0], total = 0;
    for (uint32_t i = 1; i < count; i++)
        if (sums[i] > greatest) greatest = sums[i];
    for (uint32_t i = 0; i < count; i++) {
        sums[i] = exp(sums[i] - greatest);
        total += sums[i];
    }
    for (uint32_t i = 0; i < count; i++) sums[i] /= total;
}

static double in_doubles(const mw_forest_head *head, double sum) {
    switch (head->output) {
    case MW_OUTPUT_SIGMOID: return 1.0 / (1.0 + exp(-head->sigmoid * sum));
    case MW_OUTPUT_EXP:
    case MW_OUTPUT_EXP_WIDE: return exp(sum);
    case MW_OUTPUT_SQUARE: return ((sum > 0) - (sum < 0)) * sum * sum;
    case MW_OUTPUT_LOG_EXP: return log1p(exp(sum));
    case MW_OUTPUT_STEP: return sum > 0;
    case MW_OUTPUT_IDENTITY:
    case MW_OUTPUT_SOFTMAX:
    case MW_OUTPUT_COUNT: break;
    }
    return sum;
}

/* --- XGBoost, in floats ------------------------------------------------------------------ */

/* XGBoost adds its classes up in a double, and divides by what that is as a float. */
static void softmax_floats(double *sums, uint32_t count) {
    float greatest = (float)sums[0];
    double total = 0;
    for (uint32_t i = 1; i < count; i++) greatest = fmaxf((float)sums[i], greatest);
    for (uint32_t i = 0; i < count; i++) {
        sums[i] = expf((float)sums[i] - greatest);
        total += sums[i];
    }
    for (uint32_t i = 0; i < count; i++) sums[i] = (float)sums[i] / (float)total;
}

/* XGBoost keeps expf from overflowing, and its sum from being 0. */
static float sigmoid_float(float sum) {
    float power = -sum < 88.7f ? -sum : 88.7f;
    float below = expf(power) + 1.0f + 1e-16f;
    return 1.0f / below;
}

static double in_floats(const mw_forest_head *head, double sum) {
    switch (head->output) {
    case MW_OUTPUT_SIGMOID: return sigmoid_float((float)sum);
    case MW_OUTPUT_EXP: return expf((float)sum);
    case MW_OUTPUT_EXP_WIDE: return (double)(float)exp(sum); /* expf may round to its neighbour */
    default: return in_doubles(head, sum);
    }
}

void mw_forest_output_apply(const mw_forest_head *head, double *sums) {
    uint32_t trees_of_class = head->tree_count / head->class_count;
    if (head->is_average)
        for (uint32_t i = 0; i < head->class_count; i++) sums[i] /= trees_of_class;
    if (head->output == MW_OUTPUT_SOFTMAX) {
        if (head->is_float) softmax_floats(sums, head->class_count);
        else softmax_doubles(sums, head->class_count);
        return;
    }
    for (uint32_t i = 0; i < head->class_count; i++)
        sums[i] = head->is_float ? in_floats(head, sums[i]) : in_doubles(head, sums[i]);
}
