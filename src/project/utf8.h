/*
 * utf8: finds the first byte that a text file must not hold; texts of others in ours.
 */
#pragma once
#include "base/str.h"

/* The offset of the first byte that starts no well-formed UTF-8 character (RFC 3629), or of a
   control character other than tab, LF and CR; `bytes.size` if there is none. */
size_t mw_utf8_find_bad(mw_str bytes);
/* `text` cut to `size_max` bytes at most, between two characters. */
mw_str mw_utf8_cut(mw_str text, size_t size_max);

/* A text from data, which may be anything, within a line for people: cut, where it is long, and
   without what would break the line or a terminal would obey. */
enum { MW_SHOWN_SIZE_MAX = 60 };
typedef struct {
    char text[MW_SHOWN_SIZE_MAX + sizeof "..."];
} mw_shown;
mw_shown mw_utf8_show(mw_str text);
