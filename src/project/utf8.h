/*
 * utf8: finds the first byte that a text file must not hold.
 */
#pragma once
#include "base/str.h"

/* The offset of the first byte that starts no well-formed UTF-8 character (RFC 3629), or of a
   control character other than tab, LF and CR; `bytes.size` if there is none. */
size_t mw_utf8_find_bad(mw_str bytes);
/* `text` cut to `size_max` bytes at most, between two characters. */
mw_str mw_utf8_cut(mw_str text, size_t size_max);
