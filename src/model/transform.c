#include "model/transform.h"

#include <math.h>

static bool are_ascending(const double *numbers, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (!(numbers[i - 1] < numbers[i])) return false;
    return true;
}

bool mw_transform_is_sound(const mw_transform *transform, size_t value_count) {
    const double *numbers = transform->numbers;
    size_t count = transform->count;
    for (size_t i = 0; i < count; i++)
        if (!isfinite(numbers[i])) return false;
    switch (transform->kind) {
    case MW_TRANSFORM_IMPUTE: return count == 1;
    case MW_TRANSFORM_SCALE: return count == 2 && numbers[1] > 0;
    case MW_TRANSFORM_RANK: return are_ascending(numbers, count);
    case MW_TRANSFORM_TARGET: return count == value_count + 1;
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
    case MW_TRANSFORM_COUNT: MW_ASSERT(false && "a kind of transform");
    }
    return isnan(value) ? numbers[transform->count - 1] : numbers[(size_t)value];
}
