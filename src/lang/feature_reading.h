/*
 * feature_reading: that something of a model reads one of its features by name.
 *
 * Code does not tell it all: a feature in the key of a window is written out there, and what is
 * asked within the moment stands apart from the feature that asks.
 */
#pragma once
#include <stdint.h>

/* `unless` goes with the label; a schedule's `where` is the moment's. */
enum { MW_READ_BY_LABEL = -1, MW_READ_BY_MOMENT = -2 };

typedef struct {
    int32_t feature;
    int32_t reader; /* a feature too, or one of these */
} mw_feature_reading;
