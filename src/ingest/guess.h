/*
 * guess: the type of a CSV column, from the texts that stand in it.
 *
 * Each text votes for the first of number, bool and time that it reads as (table/cell.h says what
 * a text means), or for text. A type needs 19 votes of 20: a few bad values in a column of numbers
 * are refused with their rows, and do not turn all others into texts. Whole numbers that begin
 * with a needless zero, such as 01067, are names: one of them makes the column one of texts, for
 * as a number it would be another's name.
 */
#pragma once
#include "table/cell.h"

typedef struct {
    size_t votes[MW_TYPE_COUNT];
    size_t count; /* of all votes */
    bool has_padded;
} mw_guess;

void mw_guess_add(mw_guess *guess, mw_str text); /* empty texts are missing values: no vote */
/* A vote where the value itself shows its type. */
void mw_guess_add_type(mw_guess *guess, mw_type type);
bool mw_guess_is_time(mw_str text);
mw_type mw_guess_type(const mw_guess *guess);    /* text where nothing was added */
