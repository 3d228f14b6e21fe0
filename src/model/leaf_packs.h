/*
 * leaf_packs: a forest's leaves by eights, to explain one row with full vectors.
 *
 * The explainer (model/explainer.h) runs eight rows in the lanes of a vector, leaf by leaf. One row
 * would leave seven of them idle, so for it eight leaves run side by side: those of a section of
 * neighbouring trees whose paths are about as long. A lane whose path is over has steps that every
 * row passes and all data take, which leave its product as it is; and what a leaf adds is added in
 * the order of the leaves. So the values have the bits of a row among others, in a third to a
 * quarter of its time.
 *
 * Costs some 100 bytes a leaf. Immutable, in the arena that was given.
 */
#pragma once
#include "model/forest_kernels.h"
#include "model/forest_paths.h"
#include "model/quadrature.h"

typedef struct mw_leaf_packs mw_leaf_packs;

/* Of paths with shares; `quadratures` by their number of points, as paths need them. Both must
   outlive the packs. */
MW_MUST_USE mw_status mw_leaf_packs_make(mw_arena *arena, const mw_forest_paths *paths,
                                         const mw_quadrature *quadratures,
                                         const mw_leaf_packs **out_packs, mw_error *err);
/* Adds what each leaf adds to class_count x (feature_count + 1) values, of which each class's last
   is left as it is. MW_NO_MEMORY adds nothing. */
MW_MUST_USE mw_status mw_leaf_packs_add(const mw_leaf_packs *packs, mw_lanes_kind kind,
                                        const double *row, double *values, mw_error *err);
