/*
 * quadrature: Gauss's, over 0 to 1: integrals of polynomials, exact but for rounding.
 *
 * With n points all polynomials of a degree below 2 n are integrated exactly. Points and weights
 * are positive, so nothing cancels where the values are.
 */
#pragma once
#include "base/status.h"

enum { MW_QUADRATURE_POINTS_MAX = 128 };

typedef struct {
    double at[MW_QUADRATURE_POINTS_MAX], weight[MW_QUADRATURE_POINTS_MAX];
    uint32_t count;
} mw_quadrature;

/* One of 1 to MW_QUADRATURE_POINTS_MAX points. */
void mw_quadrature_fill(mw_quadrature *quadrature, uint32_t count);
