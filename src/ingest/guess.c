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

void mw_guess_add(mw_guess *guess, mw_str text) {
    if (text.size > 0) mw_guess_add_type(guess, vote_of(text));
}

void mw_guess_add_type(mw_guess *guess, mw_type type) {
    guess->votes[type]++;
    guess->count++;
}

mw_type mw_guess_type(const mw_guess *guess) {
    static const mw_type types[] = {MW_TYPE_NUMBER, MW_TYPE_BOOL, MW_TYPE_TIME, MW_TYPE_LIST,
                                    MW_TYPE_NUMBER_LIST};
    for (size_t i = 0; guess->count > 0 && i < sizeof types / sizeof *types; i++)
        if (guess->votes[types[i]] * VOTES_OF >= guess->count * VOTES_NEEDED) return types[i];
    return MW_TYPE_TEXT;
}
