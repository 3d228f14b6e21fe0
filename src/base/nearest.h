/*
 * nearest: the one of the known words that was meant by an unknown one, for "Did you mean X?".
 *
 * The known words are offered one by one, in any order; the first of those at the smallest edit
 * distance is kept, if that is near at all: at most a third of the word's letters, rounded up.
 * Nothing is copied: what is found lives as long as what was offered.
 */
#pragma once
#include "base/str.h"

typedef struct {
    mw_str word;  /* that is looked for */
    mw_str found; /* the nearest so far; of size 0: none is near */
    size_t bound; /* what is nearer is below it */
} mw_nearest;

mw_nearest mw_nearest_to(mw_str word);
void mw_nearest_offer(mw_nearest *nearest, mw_str known);
void mw_nearest_offer_text(mw_nearest *nearest, const char *known);
/* Adds "Did you mean X?" to the error that mw_fail has just filled, if a word is near; returns
   `status`. */
mw_status mw_hint_nearest(mw_error *err, mw_status status, const mw_nearest *nearest);
