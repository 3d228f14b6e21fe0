/*
 * duck_rows: rows that gather in a chunk of DuckDB's, for those who write (internal).
 *
 * Long texts fill them before their number does, so that what is held stays within bounds.
 * Times become UTC timestamps without a zone, durations whole us. Texts are copied out of the
 * symbols as they come, so who takes the chunk needs none of them.
 */
#pragma once
#include "store/duck_api.h"

enum { MW_DUCK_TEXTS_SIZE_MAX = 1 << 22 }; /* of a chunk, but for its last row's */

typedef struct {
    mw_type type;
    duck_vector vector;
    uint64_t *values;   /* of the chunk; of its bools bytes, of its texts unused */
    uint64_t *validity; /* NULL: none is missing so far */
} mw_duck_column;

typedef struct {
    const duck_api *api;
    const mw_symbols *symbols; /* they and the schema are the caller's */
    const mw_schema *schema;
    mw_duck_column *columns;
    duck_type *types; /* of the columns */
    duck_chunk chunk;
    size_t count, count_max;
    size_t text_size; /* bytes of their texts */
} mw_duck_rows;

/* Of a database that is ready. To be released whatever this returns. */
MW_MUST_USE mw_status mw_duck_rows_init(mw_duck_rows *rows, const mw_duck *duck,
                                        const mw_schema *schema, const mw_symbols *symbols,
                                        mw_error *err);
void mw_duck_rows_release(mw_duck_rows *rows);
static inline bool mw_duck_rows_are_full(const mw_duck_rows *rows) {
    return rows->count == rows->count_max || rows->text_size >= MW_DUCK_TEXTS_SIZE_MAX;
}
/* About how many bytes they take: a text is a view of 16 bytes, and what it views. */
size_t mw_duck_rows_size(const mw_duck_rows *rows);
/* Adds one, if they are not full. Where `name` has data, it is the text of the first column, and
   need not be in the symbols. */
void mw_duck_rows_add(mw_duck_rows *rows, mw_str name, const mw_cell *row);
/* Tells the chunk how many it holds. */
void mw_duck_rows_close(mw_duck_rows *rows);
/* Begins anew in the same chunk. */
void mw_duck_rows_clear(mw_duck_rows *rows);
/* The same in another one: the chunk that was filled becomes the caller's, who destroys it. NULL
   where memory is out; then it stays. */
duck_chunk mw_duck_rows_take(mw_duck_rows *rows);
