/*
 * declaration_format: declarations as bytes, for programs that have no project file.
 *
 * What they say of streams and features and of one model is kept, with the columns; places in a
 * file are not (a mistake found in declarations that were read has none), and the zone is the
 * reader's affair. The bytes have no seal of their own: whoever keeps them gives them one.
 *
 * Little endian: a count is u64, a text u64 size and its bytes, a source that was not given the
 * size ffffffffffffffff alone.
 *     streams:  count, then each: name, columns (count, then name and type each), fields (count,
 *               then name and source each), where, time, known, ids (count, then names), laters
 *               (as fields), i64 late_us
 *     features: as fields
 *     model:    name, moment, label
 *     mends:    of each stream, a count, then each: name, u64 kind, f64 factor, value, f64 min,
 *               f64 max, allowed (count, then texts)
 *     asks:     of each stream, a count, then each: name, source, type; left out where none asks
 */
#pragma once
#include "lang/declaration.h"

/* Appends what is declared for the model of this index. */
void mw_declarations_append(mw_buf *out, const mw_declarations *declarations, size_t model);
/* Reads them back, with one model and without a zone; texts are views into `bytes`, lists lie in
   the arena. MW_CORRUPT names the part; MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_declarations_read(mw_str bytes, mw_arena *arena,
                                           mw_declarations *out_declarations, mw_error *err);
