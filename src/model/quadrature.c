#include "model/quadrature.h"

#include <math.h>

enum { NEWTON_STEPS = 8 };

/* Legendre's polynomial of this degree and its derivative, at x inside -1 to 1. */
static double legendre(uint32_t degree, double x, double *out_slope) {
    double before = 1, here = x;
    for (uint32_t k = 2; k <= degree; k++) {
        double next = ((2 * k - 1) * x * here - (k - 1) * before) / k;
        before = here;
        here = next;
    }
    *out_slope = degree * (x * here - before) / (x * x - 1);
    return here;
}

/* The points are the roots of Legendre's polynomial, found by Newton from Tricomi's first guess. */
void mw_quadrature_fill(mw_quadrature *quadrature, uint32_t count) {
    const double pi = 3.14159265358979323846;
    MW_ASSERT(count >= 1 && count <= MW_QUADRATURE_POINTS_MAX);
    quadrature->count = count;
    for (uint32_t i = 0; i < count; i++) {
        double x = cos(pi * (i + 0.75) / (count + 0.5)), slope;
        for (int step = 0; step < NEWTON_STEPS; step++) x -= legendre(count, x, &slope) / slope;
        (void)legendre(count, x, &slope);
        quadrature->at[i] = (1 + x) / 2;
        quadrature->weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
}
