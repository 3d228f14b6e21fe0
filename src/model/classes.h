/*
 * classes: the classes that a model tells apart, each with a probability.
 *
 * They stand in the order of the forest's sums, which is that of their names where this program
 * trained it, and the file's where it was imported. A plain value that points to what others own.
 */
#pragma once
#include "table/dictionary.h"

enum { MW_CLASSES_MIN = 2, MW_CLASSES_MAX = 256 };

typedef struct {
    mw_values names;
    const double *probabilities; /* one a class */
} mw_classes;

/* Whether there are as many as a model may have, each with a name of its own. */
bool mw_classes_are_sound(mw_values names);
/* The one that is likeliest; of equals the first by name. SIZE_MAX if a probability is NaN. */
size_t mw_classes_likeliest(mw_classes classes);
