/*
 * source_compiler: from a declared stream to its source and its streams.
 *
 * Works off the keys in DESIGN.md's order: columns, fields, where, time, known, id, and a
 * stream more for each group of later fields. Private to lang.
 */
#pragma once
#include "lang/model_compiler.h"

/* Adds the streams at `streams[*stream_count]` on: at most 1 + later_count of them. Mistakes
   are told; a field whose type is unknown by one has the type MW_TYPE_COUNT. So have the fields
   with windows, which are given back: they are compiled when all streams are there. */
mw_feature_list mw_compile_source(mw_compiler *compiler, const mw_stream_declaration *declaration,
                                  mw_stream_source *out_source, mw_stream *streams,
                                  size_t *stream_count);
/* Numbers the sets of id columns, once all streams are there. */
void mw_compile_id_sets(mw_stream *streams, size_t stream_count);
/* The number of a later stream's, by those that have one; -1: none of them has the same. */
int32_t mw_find_id_set(const mw_stream *streams, size_t stream_count, const mw_stream *stream);
/* Whether the source's field named so is known only later than its event. */
bool mw_source_is_later(const mw_stream_source *source, const mw_stream *streams, mw_str field);
