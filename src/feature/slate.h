/*
 * slate: the moments of one event, one for each different element of its list, with their
 * features.
 *
 * They are made together, for a feature may look across them (feature/family.h). They come in the
 * order of the list; a missing list, like an empty one, has none.
 *
 * What it gives is valid until it is filled again. One thread uses it.
 */
#pragma once
#include "feature/engine.h"

typedef struct mw_slate mw_slate;

/* For a model with `each`. */
MW_MUST_USE mw_status mw_slate_create(mw_engine_config config, mw_slate **out_slate,
                                      mw_error *err);
void mw_slate_destroy(mw_slate *slate); /* NULL is allowed */

/* Makes the moments of an announced one, whose element is not read, by an engine that stands at
   its place. */
MW_MUST_USE mw_status mw_slate_fill(mw_slate *slate, mw_engine *engine,
                                    const mw_moment *announced, mw_error *err);
size_t mw_slate_count(const mw_slate *slate);
mw_moment mw_slate_moment(const mw_slate *slate, size_t index);
const mw_cell *mw_slate_features(const mw_slate *slate, size_t index);
/* Test hook: how many lists were gone through for their lengths, ever. */
uint64_t mw_slate_overflowed(const mw_slate *slate); /* features that it has given, ever */
uint64_t mw_slate_lists_counted(const mw_slate *slate);

/* The different elements of a list, in its order. The owner frees the cells. */
typedef struct {
    mw_cell *cells;
    size_t count, capacity;
} mw_elements;

/* Takes those of an announced moment's list, which may be missing, in place of those before. Texts
   are interned. */
MW_MUST_USE mw_status mw_elements_take(mw_elements *elements, const mw_engine_config *config,
                                       const mw_cell *announced, mw_error *err);
