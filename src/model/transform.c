#include "model/transform.h"

#include <math.h>

enum { EXPONENT_MIN = -1000 }; /* of which the reverse is a double too */

static bool are_ascending(const double *numbers, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!(numbers[i - 1] < numbers[i])) return false;
    return true;
}

bool mw_transform_is_joint(mw_transform_kind kind) {
    return kind == MW_TRANSFORM_TF_IDF || kind == MW_TRANSFORM_PCA;
}

bool mw_transform_is_sound(const mw_transform *transform, size_t value_count, size_t together) {
    const double *numbers = transform->numbers;
    size_t count = transform->count;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(numbers[i])) return false;
    switch (transform->kind) {
    case MW_TRANSFORM_IMPUTE: return count == 1;
    case MW_TRANSFORM_SCALE: return count == 2 && numbers[1] > 0;
    case MW_TRANSFORM_RANK: return are_ascending(numbers, count);
    case MW_TRANSFORM_TARGET: return count == value_count + 1;
    case MW_TRANSFORM_TF_IDF: return count == 1 && numbers[0] > 0;
    case MW_TRANSFORM_PCA: return count == 1 || count == 1 + together;
    case MW_TRANSFORM_COUNT: break;
    }
    return false;
}

/* How many of the bounds are at most the value. */
static double rank_of(const mw_transform *transform, double value) {
    size_t low = 0, high = transform->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (transform->numbers[middle] <= value) low = middle + 1;
        else high = middle;
    }
    return (double)low;
}

double mw_transform_apply(const mw_transform *transform, double value) {
    const double *numbers = transform->numbers;
    switch (transform->kind) {
    case MW_TRANSFORM_IMPUTE: return isnan(value) ? numbers[0] : value;
    case MW_TRANSFORM_SCALE: return (value - numbers[0]) / numbers[1];
    case MW_TRANSFORM_RANK: return isnan(value) ? value : rank_of(transform, value);
    case MW_TRANSFORM_TARGET: break;
    case MW_TRANSFORM_TF_IDF:
    case MW_TRANSFORM_PCA:
    case MW_TRANSFORM_COUNT: MW_ASSERT(false && "a transform of one number");
    }
    return isnan(value) ? numbers[transform->count - 1] : numbers[(size_t)value];
}

/* --- numbers together ----------------------------------------------------------------------- */

/* What brings the greatest of the values to about 1: a power of two, which changes no digits. */
static double unit_of(const double *values, size_t count) {
    double greatest = 0;
    int exponent;
    for (size_t i = 0; i < count; i++) greatest = fmax(greatest, fabs(values[i]));
    (void)frexp(greatest, &exponent);
    return ldexp(1, -(exponent > EXPONENT_MIN ? exponent : EXPONENT_MIN));
}

/* A row without any word stays one of zeros. */
static void weigh(const mw_transform *const *shares, double *values, size_t count) {
    double unit = unit_of(values, count), squares = 0; /* which neither overflow nor vanish */
    for (size_t i = 0; i < count; i++) {
        values[i] = values[i] * unit * shares[i]->numbers[0];
        squares += values[i] * values[i];
    }
    double length = squares == 0 ? 1 : sqrt(squares);
    for (size_t i = 0; i < count; i++) values[i] /= length;
}

static void project(const mw_transform *const *shares, double *values, size_t count) {
    double centred[MW_TOGETHER_MAX];
    for (size_t i = 0; i < count; i++) centred[i] = values[i] - shares[i]->numbers[0];
    for (size_t i = 0; i < count; i++) {
        const double *component = shares[i]->numbers + 1;
        values[i] = shares[i]->count == 1 ? NAN : 0;
        for (size_t k = 0; k < shares[i]->count - 1; k++) values[i] += component[k] * centred[k];
    }
}

void mw_transform_apply_jointly(const mw_transform *const *shares, double *values, size_t count) {
    MW_ASSERT(count <= MW_TOGETHER_MAX);
    if (shares[0]->kind == MW_TRANSFORM_PCA) project(shares, values, count);
    else weigh(shares, values, count);
}
