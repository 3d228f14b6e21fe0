/*
 * assumed_columns: columns for a stream whose data could not be read.
 *
 * Without them each name of the project would be a mistake, and what is truly wrong would drown
 * among those or, as data come first, wait until they are there. So every name that the
 * declarations mention anywhere counts as a column of such a stream, of the type MW_TYPE_COUNT: as
 * a field with a mistake of its own, about whose uses the compiler keeps silent. Private to lang.
 */
#pragma once
#include "lang/compiler.h"

/* The columns that are known, then the assumed ones. */
mw_schema mw_assume_columns(mw_compiler *compiler, const mw_declarations *declarations,
                            const mw_stream_declaration *stream);
