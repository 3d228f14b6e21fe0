/*
 * base64: bytes as text and back (RFC 4648, section 4, with padding): how a picture stands in a
 * column or a request.
 */
#pragma once
#include "base/str.h"

void mw_base64_append(mw_buf *out, mw_str bytes);
/* Appends what `text` stands for. False if it is not such a text, to the letter; `out` is then to
   be thrown away. */
MW_MUST_USE bool mw_base64_decode(mw_str text, mw_buf *out);
