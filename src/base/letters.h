/*
 * letters: the characters of a text, which of them make words, and their lower and upper case.
 *
 * Unicode 14.0.0 whatever the machine has: a letter, mark or number is of a word; case changes
 * by the simple mappings, one character for one, which hang on no language (so ß stays in upper
 * case, and I becomes i in Turkish texts too).
 */
#pragma once
#include "base/str.h"

enum { MW_LETTER_NONE = 0xfffd, MW_LETTER_MAX = 0x10ffff };

/* Cuts the first character off `*rest`, which is not empty. A byte that starts no well-formed one
   (RFC 3629) is cut off alone, as MW_LETTER_NONE. */
uint32_t mw_letter_take(mw_str *rest);
bool mw_letters_are_well_formed(mw_str text); /* UTF-8 throughout */
void mw_letter_append(mw_buf *out, uint32_t letter); /* in UTF-8 */

bool mw_letter_is_word(uint32_t letter); /* and _ */
uint32_t mw_letter_lower(uint32_t letter);
uint32_t mw_letter_upper(uint32_t letter);
