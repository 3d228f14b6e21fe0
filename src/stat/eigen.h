/*
 * eigen: eigenvalues and eigenvectors of a symmetric matrix, with the same bits everywhere.
 *
 * Cyclic Jacobi: each rotation makes one pair of elements zero, row by row in a fixed order, until
 * none is left that matters. Divisions and square roots alone, so no library has a say; about ten
 * rounds of 4 count^3 steps, half a second for 256 columns. Small eigenvectors are as accurate as
 * large ones.
 */
#pragma once
#include <stddef.h>

enum { MW_EIGEN_SIZE_MAX = 256 };

/* `matrix` is count x count, symmetric, finite, and is lost. The eigenvalues come in descending
   order (equal ones in the order of their columns), `out_vectors` has the eigenvector of each as a
   row, of length 1; the element that is farthest from 0, the first among equals, is positive. */
void mw_eigen_symmetric(double *matrix, size_t count, double *out_values, double *out_vectors);
