/*
 * target: the target of a request ("/v1/models/late?as=json") taken apart.
 *
 * Pieces are views into the request; only escapes (%2F) need memory, which the caller gives, so
 * nothing is allocated. A path is cut at its slashes before its pieces are unescaped: an escaped
 * slash belongs to a name and never separates two.
 */
#pragma once
#include "base/str.h"

typedef struct {
    mw_str path;  /* begins with "/" (or is "*"), still escaped */
    mw_str query; /* what follows the "?", still escaped; may be empty */
} mw_target;

/* Takes "/path?query" and "http://host/path?query"; false for anything else. */
MW_MUST_USE bool mw_target_parse(mw_str text, mw_target *out_target);

/* Writes the meaning of `escaped` to `bytes` and leaves `*out_text` there. False if an escape is
   malformed, means a NUL, or the text does not fit into `size_max` bytes. */
MW_MUST_USE bool mw_target_unescape(mw_str escaped, char *bytes, size_t size_max,
                                    mw_str *out_text);

/* The same of what stands in a query, where a plus is a blank, as forms and clients write it. */
MW_MUST_USE bool mw_target_unescape_query(mw_str escaped, char *bytes, size_t size_max,
                                          mw_str *out_text);
