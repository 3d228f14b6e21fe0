#include "model/quadrature.h"

#include <math.h>

#include "testing/test.h"

/* The integral of x^k over 0 to 1 is 1 / (k + 1). */
MW_TEST(quadrature_integrates_polynomials_exactly) {
    static const uint32_t counts[] = {1, 2, 3, 7, 32, MW_QUADRATURE_POINTS_MAX};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        mw_quadrature q;
        mw_quadrature_fill(&q, counts[c]);
        for (uint32_t k = 0; k < 2 * counts[c]; k++) {
            double sum = 0;
            for (uint32_t i = 0; i < q.count; i++) sum += q.weight[i] * pow(q.at[i], k);
            MW_CHECK(fabs(sum - 1.0 / (k + 1)) < 1e-14);
        }
    }
}

/* A split that says nothing is to leave a product as it is (model/explainer_tree.h). */
MW_TEST(quadrature_points_and_what_is_left_of_one_are_one) {
    for (uint32_t count = 1; count <= MW_QUADRATURE_POINTS_MAX; count++) {
        mw_quadrature q;
        mw_quadrature_fill(&q, count);
        for (uint32_t i = 0; i < count; i++) {
            MW_CHECK(q.at[i] > 0 && q.at[i] < 1 && q.weight[i] > 0);
            MW_CHECK(1 * q.at[i] + 1 * (1 - q.at[i]) == 1);
        }
    }
}
