#include "stat/eigen.h"

#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "testing/test.h"

enum { SIZE_MAX_HERE = 24 };

/* G' G of a random G with `rank` rows: symmetric, no eigenvalue below 0. */
static void random_matrix(uint64_t *prng, size_t count, size_t rank, double *out_matrix) {
    double g[SIZE_MAX_HERE][SIZE_MAX_HERE];
    for (size_t r = 0; r < rank; r++)
        for (size_t i = 0; i < count; i++) g[r][i] = mw_prng_double(prng) - 0.3;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++) {
            double *sum = &out_matrix[i * count + k];
            *sum = 0;
            for (size_t r = 0; r < rank; r++) *sum += g[r][i] * g[r][k];
        }
}

/* A v = value v, rows of length 1 at right angles, the greatest value first. */
static void check(const double *matrix, const double *values, const double *vectors,
                  size_t count) {
    for (size_t i = 0; i < count; i++) {
        const double *v = vectors + i * count, *other = vectors + (i + 1) % count * count;
        double length = 0, product = 0, farthest = 0;
        for (size_t k = 0; k < count; k++) {
            double image = 0;
            for (size_t j = 0; j < count; j++) image += matrix[k * count + j] * v[j];
            MW_CHECK(fabs(image - values[i] * v[k]) < 1e-12 * (1 + fabs(values[0])));
            length += v[k] * v[k];
            product += v[k] * other[k];
            if (fabs(v[k]) > fabs(farthest)) farthest = v[k];
        }
        MW_CHECK(fabs(length - 1) < 1e-13 && (count == 1 || fabs(product) < 1e-13));
        MW_CHECK(farthest > 0);
        MW_CHECK(i == 0 || values[i - 1] >= values[i]);
    }
}

MW_TEST(eigen_finds_the_axes_of_random_matrices) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 60; round++) {
        double matrix[SIZE_MAX_HERE * SIZE_MAX_HERE] = {0}, lost[SIZE_MAX_HERE * SIZE_MAX_HERE],
            values[SIZE_MAX_HERE], vectors[SIZE_MAX_HERE * SIZE_MAX_HERE];
        size_t count = 1 + mw_prng_below(&prng, SIZE_MAX_HERE);
        size_t rank = mw_prng_below(&prng, count + 1);
        random_matrix(&prng, count, rank, matrix);
        memcpy(lost, matrix, sizeof lost);
        mw_eigen_symmetric(lost, count, values, vectors);
        check(matrix, values, vectors, count);
        for (size_t i = rank; i < count; i++) MW_CHECK(fabs(values[i]) < 1e-13 * (1 + values[0]));
    }
}

MW_TEST(eigen_knows_the_axes_of_small_matrices) {
    double turned[] = {2, -1, -1, 2}, still[] = {1, 0, 0, 0, 3, 0, 0, 0, 2}, values[3], vectors[9];
    mw_eigen_symmetric(turned, 2, values, vectors);
    MW_CHECK(fabs(values[0] - 3) < 1e-15 && fabs(values[1] - 1) < 1e-15);
    MW_CHECK(fabs(fabs(vectors[0]) - sqrt(0.5)) < 1e-15 && vectors[0] * vectors[1] < 0);
    mw_eigen_symmetric(still, 3, values, vectors);
    static const double sorted[] = {3, 2, 1}, axes[] = {0, 1, 0, 0, 0, 1, 1, 0, 0};
    MW_CHECK(memcmp(values, sorted, sizeof sorted) == 0);
    MW_CHECK(memcmp(vectors, axes, sizeof axes) == 0);
}
