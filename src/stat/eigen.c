#include "stat/eigen.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/status.h"

enum { ROUNDS_MAX = 64 }; /* it takes six to ten; the bound is for the prover */

typedef struct {
    double *matrix, *vectors; /* the latter as rows */
    size_t count;
    double small; /* what does not matter */
} work;

typedef struct {
    double cosine, sine;
} turn;

static void rotate_pair(double *a, double *b, turn by) {
    double x = *a, y = *b;
    *a = by.cosine * x - by.sine * y;
    *b = by.sine * x + by.cosine * y;
}

static void rotate_rows(double *matrix, size_t p, size_t q, size_t count, turn by) {
    for (size_t k = 0; k < count; k++)
        rotate_pair(&matrix[p * count + k], &matrix[q * count + k], by);
}

static void rotate_columns(double *matrix, size_t p, size_t q, size_t count, turn by) {
    for (size_t k = 0; k < count; k++)
        rotate_pair(&matrix[k * count + p], &matrix[k * count + q], by);
}

/* Makes the element (p, q) zero; false if it does not matter. */
static bool rotate(work *w, size_t p, size_t q) {
    size_t n = w->count;
    double *of_p = w->matrix + p * n, *of_q = w->matrix + q * n, apart = of_p[q];
    if (fabs(apart) <= w->small) return false;
    double slope = (of_q[q] - of_p[p]) / (2 * apart);
    double t = 1 / (fabs(slope) + sqrt(slope * slope + 1));
    if (slope < 0) t = -t;
    double cosine = 1 / sqrt(t * t + 1);
    turn by = {cosine, t * cosine};
    rotate_rows(w->matrix, p, q, n, by);
    rotate_columns(w->matrix, p, q, n, by);
    rotate_rows(w->vectors, p, q, n, by);
    of_p[q] = of_q[p] = 0;
    return true;
}

static double size_of(const double *matrix, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count * count; i++) sum += fabs(matrix[i]);
    return sum;
}

static void swap_rows(double *a, double *b, size_t count) {
    for (size_t k = 0; k < count; k++) {
        double kept = a[k];
        a[k] = b[k];
        b[k] = kept;
    }
}

static void sort(const work *w, double *values) {
    size_t n = w->count;
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && values[k] > values[k - 1]; k--) {
            swap_rows(values + k, values + k - 1, 1);
            swap_rows(w->vectors + k * n, w->vectors + (k - 1) * n, n);
        }
}

static void fix_sign(double *vector, size_t count) {
    size_t farthest = 0;
    for (size_t k = 1; k < count; k++)
        if (fabs(vector[k]) > fabs(vector[farthest])) farthest = k;
    if (vector[farthest] > 0) return;
    for (size_t k = 0; k < count; k++) vector[k] = -vector[k];
}

void mw_eigen_symmetric(double *matrix, size_t count, double *out_values, double *out_vectors) {
    MW_ASSERT(count <= MW_EIGEN_SIZE_MAX);
    work w = {matrix, out_vectors, count, size_of(matrix, count) * DBL_EPSILON * DBL_EPSILON};
    memset(out_vectors, 0, count * count * sizeof *out_vectors);
    for (size_t i = 0; i < count; i++) out_vectors[i * count + i] = 1;
    bool is_turning = true;
    for (int round = 0; is_turning && round < ROUNDS_MAX; round++) {
        is_turning = false;
        for (size_t p = 0; p < count; p++)
            for (size_t q = p + 1; q < count; q++) is_turning = rotate(&w, p, q) || is_turning;
    }
    for (size_t i = 0; i < count; i++) out_values[i] = matrix[i * count + i];
    sort(&w, out_values);
    for (size_t i = 0; i < count; i++) fix_sign(out_vectors + i * count, count);
}
