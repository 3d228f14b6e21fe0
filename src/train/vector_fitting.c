#include "train/vector_fitting.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/exact_sum.h"
#include "stat/eigen.h"

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "train: no memory to fit a vector");
}

/* The row; NULL if it lacks a number. */
static const double *whole_row(const mw_vector_rows *rows, size_t index) {
    const double *row = rows->values + index * rows->width;
    for (size_t i = 0; i < rows->width; i++)
        if (!mw_exact_sum_takes(row[i])) return NULL;
    return row;
}

mw_status mw_fit_tf_idf(mw_vector_rows rows, mw_arena *arena, mw_transform *out_shares,
                        mw_error *err) {
    double *weights = mw_arena_alloc(arena, rows.width, sizeof *weights), whole = 0;
    if (!weights) return no_memory(err);
    for (size_t n = 0; n < rows.row_count; n++) {
        const double *row = whole_row(&rows, n);
        whole += row != NULL;
        for (size_t i = 0; row && i < rows.width; i++) weights[i] += row[i] != 0;
    }
    for (size_t i = 0; i < rows.width; i++) {
        weights[i] = log((1 + whole) / (1 + weights[i])) + 1;
        out_shares[i] = (mw_transform){MW_TRANSFORM_TF_IDF, &weights[i], 1};
    }
    return MW_OK;
}

/* --- principal components --------------------------------------------------------------------- */

/* Matrices are width x width. */
typedef struct {
    mw_vector_rows rows;
    size_t whole; /* rows */
    double *means, *covariance, *directions, *variances, *centred;
} components;

static bool has_room(components *c) {
    size_t width = c->rows.width, cells = width * width;
    double *room = mw_allocate((2 * cells + 3 * width) * sizeof *room);
    c->covariance = room;
    if (!room) return false;
    c->directions = room + cells;
    c->means = c->directions + cells;
    c->variances = c->means + width;
    c->centred = c->variances + width;
    return true;
}

static void find_means(components *c) {
    mw_exact_sum sums[MW_EIGEN_SIZE_MAX] = {{{0}}};
    for (size_t n = 0; n < c->rows.row_count; n++) {
        const double *row = whole_row(&c->rows, n);
        c->whole += row != NULL;
        for (size_t i = 0; row && i < c->rows.width; i++) mw_exact_sum_add(&sums[i], row[i]);
    }
    for (size_t i = 0; c->whole > 0 && i < c->rows.width; i++)
        c->means[i] = mw_exact_sum_mean(&sums[i], c->whole);
}

static void find_covariance(components *c) {
    size_t width = c->rows.width;
    for (size_t n = 0; n < c->rows.row_count; n++) {
        const double *row = whole_row(&c->rows, n);
        for (size_t i = 0; row && i < width; i++)
            c->centred[i] = mw_fit_centred(row[i], c->means[i]);
        for (size_t i = 0; row && i < width; i++) {
            double away = c->centred[i], *sums = c->covariance + i * width;
            for (size_t k = 0; away != 0 && k < width; k++) sums[k] += away * c->centred[k];
        }
    }
    double freedom = c->whole > 1 ? (double)c->whole - 1 : 1;
    for (size_t i = 0; i < width * width; i++) c->covariance[i] /= freedom;
}

static mw_status give_shares(const components *c, size_t count, mw_arena *arena,
                             mw_transform *out_shares) {
    size_t width = c->rows.width;
    double rounding = c->variances[0] * DBL_EPSILON * (double)width;
    for (size_t i = 0; i < width; i++) {
        size_t size = i < count ? 1 + width : 1;
        double *numbers = mw_arena_alloc(arena, size, sizeof *numbers);
        if (!numbers) return MW_NO_MEMORY;
        numbers[0] = c->means[i];
        if (i < count && c->variances[i] > rounding)
            memcpy(numbers + 1, c->directions + i * width, width * sizeof *numbers);
        out_shares[i] = (mw_transform){MW_TRANSFORM_PCA, numbers, size};
    }
    return MW_OK;
}

mw_status mw_fit_pca(mw_vector_rows rows, size_t component_count, mw_arena *arena,
                     mw_transform *out_shares, mw_error *err) {
    components c = {.rows = rows};
    if (!has_room(&c)) return no_memory(err);
    find_means(&c);
    mw_status status = MW_OK;
    if (c.whole < component_count) {
        status = mw_fail(err, MW_INVALID,
                         "pca: %zu components take as many examples that lack no number, got %zu",
                         component_count, c.whole);
    } else {
        find_covariance(&c);
        mw_eigen_symmetric(c.covariance, rows.width, c.variances, c.directions);
        status = give_shares(&c, component_count, arena, out_shares);
        if (status != MW_OK) status = no_memory(err);
    }
    mw_free(c.covariance);
    return status;
}
