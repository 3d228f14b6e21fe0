#include "ingest/guess.h"

#include "base/calendar.h"

enum { VOTES_OF = 20, VOTES_NEEDED = 19 };

bool mw_guess_is_time(mw_str text) {
    int64_t us;
    bool has_zone;
    return mw_time_parse(text, &us, &has_zone);
}

static mw_type vote_of(mw_str text) {
    mw_cell cell;
    if (mw_cell_parse(MW_TYPE_NUMBER, text, NULL, NULL, &cell, NULL) == MW_OK)
        return MW_TYPE_NUMBER;
    if (mw_cell_parse(MW_TYPE_BOOL, text, NULL, NULL, &cell, NULL) == MW_OK) return MW_TYPE_BOOL;
    return mw_guess_is_time(text) ? MW_TYPE_TIME : MW_TYPE_TEXT;
}

/* Digits alone, of which the first is a zero that says nothing. */
static bool is_padded(mw_str text) {
    if (text.size < 2 || text.data[0] != '0') return false;
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < '0' || text.data[i] > '9') return false;
    return true;
}

void mw_guess_add(mw_guess *guess, mw_str text) {
    if (text.size == 0) return;
    mw_guess_add_type(guess, vote_of(text));
    guess->has_padded = guess->has_padded || is_padded(text);
}

void mw_guess_add_type(mw_guess *guess, mw_type type) {
    guess->votes[type]++;
    guess->count++;
}

mw_type mw_guess_type(const mw_guess *guess) {
    static const mw_type types[] = {MW_TYPE_NUMBER, MW_TYPE_BOOL, MW_TYPE_TIME, MW_TYPE_LIST,
                                    MW_TYPE_NUMBER_LIST};
    for (size_t i = 0; guess->count > 0 && i < sizeof types / sizeof *types; i++)
        if (guess->votes[types[i]] * VOTES_OF >= guess->count * VOTES_NEEDED)
            return types[i] == MW_TYPE_NUMBER && guess->has_padded ? MW_TYPE_TEXT : types[i];
    return MW_TYPE_TEXT;
}
