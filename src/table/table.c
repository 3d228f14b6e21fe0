#include "table/table.h"

#include <endian.h>

enum { WORDS_AT_ONCE = 32 };

int32_t mw_schema_find(const mw_schema *schema, mw_str name) {
    for (size_t i = 0; i < schema->field_count; i++)
        if (mw_str_equal(schema->fields[i].name, name)) return (int32_t)i;
    return MW_NO_FIELD;
}

bool mw_schema_equal(const mw_schema *a, const mw_schema *b) {
    if (a->field_count != b->field_count) return false;
    for (size_t i = 0; i < a->field_count; i++) {
        if (a->fields[i].type != b->fields[i].type) return false;
        if (!mw_str_equal(a->fields[i].name, b->fields[i].name)) return false;
    }
    return true;
}

mw_status mw_schema_copy(mw_arena *arena, const mw_schema *schema, mw_schema *out_schema,
                         mw_error *err) {
    mw_schema copy = {.field_count = schema->field_count};
    if (copy.field_count > 0)
        copy.fields = mw_arena_alloc(arena, copy.field_count, sizeof *copy.fields);
    bool full = copy.field_count > 0 && !copy.fields;
    for (size_t i = 0; i < schema->field_count && !full; i++) {
        mw_str name = mw_str_copy(arena, schema->fields[i].name);
        copy.fields[i] = (mw_field){.name = name, .type = schema->fields[i].type};
        full = !name.data;
    }
    if (full)
        return mw_fail(err, MW_NO_MEMORY, "schema: no memory to copy %zu fields",
                       schema->field_count);
    *out_schema = copy;
    return MW_OK;
}

/* Whether its canonical bytes are the cell's own. */
static bool is_word(mw_type type) {
    return type == MW_TYPE_NUMBER || type == MW_TYPE_TIME || type == MW_TYPE_DURATION;
}

/* Most columns are numbers: many of them are moved in one go. */
static void append_words(mw_buf *buf, const mw_cell *cells, size_t count) {
    uint64_t words[WORDS_AT_ONCE];
    while (count > 0) {
        size_t taken = count < WORDS_AT_ONCE ? count : WORDS_AT_ONCE;
        for (size_t i = 0; i < taken; i++) words[i] = htole64(cells[i].bits);
        mw_buf_append(buf, words, taken * sizeof *words);
        cells += taken;
        count -= taken;
    }
}

void mw_row_append_canonical(mw_buf *buf, const mw_schema *schema, const mw_cell *row,
                             const mw_symbols *symbols) {
    for (size_t i = 0; i < schema->field_count;) {
        size_t end = i;
        while (end < schema->field_count && is_word(schema->fields[end].type)) end++;
        append_words(buf, row + i, end - i);
        if (end < schema->field_count)
            mw_cell_append_canonical(buf, schema->fields[end].type, row[end], symbols);
        i = end + 1;
    }
}

bool mw_row_read_canonical(mw_reader *reader, const mw_schema *schema, mw_symbols *symbols,
                           mw_cell *out_row) {
    bool is_good = true;
    for (size_t i = 0; is_good && i < schema->field_count; i++)
        is_good = mw_cell_read_canonical(reader, schema->fields[i].type, symbols, &out_row[i]);
    return is_good;
}

void mw_table_init(mw_table *table, const mw_schema *schema) {
    MW_ASSERT(schema->field_count <= MW_FIELDS_MAX);
    *table = (mw_table){.schema = schema};
}

mw_status mw_table_reserve(mw_table *table, size_t row_count, mw_error *err) {
    size_t field_count = table->schema->field_count;
    if (row_count <= table->row_capacity || field_count == 0) return MW_OK;
    if (!mw_grow((void **)&table->cells, &table->row_capacity, row_count,
                 field_count * sizeof(mw_cell), MW_ROWS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "table: no memory for %zu rows of %zu fields",
                       row_count, field_count);
    return MW_OK;
}

mw_status mw_table_add(mw_table *table, const mw_cell *row, mw_cell **out_row, mw_error *err) {
    const mw_schema *schema = table->schema;
    MW_TRY(mw_table_reserve(table, table->row_count + 1, err));
    mw_cell *added = schema->field_count > 0 ? mw_table_row(table, table->row_count) : NULL;
    for (size_t i = 0; i < schema->field_count; i++)
        added[i] = row ? row[i] : mw_cell_missing(schema->fields[i].type);
    table->row_count++;
    if (out_row) *out_row = added;
    return MW_OK;
}

void mw_table_clear(mw_table *table) {
    table->row_count = 0;
}

void mw_table_release(mw_table *table) {
    mw_free(table->cells);
    *table = (mw_table){.schema = table->schema};
}

void mw_schema_hash(const mw_schema *schema, mw_sha256 *sha) {
    mw_sha256_add_u64(sha, schema->field_count);
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_sha256_add_str(sha, schema->fields[i].name);
        mw_sha256_add_str(sha, mw_str_of(mw_type_name(schema->fields[i].type)));
    }
}

mw_status mw_table_hash(const mw_table *table, size_t from, size_t to,
                        const mw_symbols *symbols, mw_sha256 *sha, mw_error *err) {
    enum { FLUSH_SIZE = 1 << 16 };
    MW_ASSERT(from <= to && to <= table->row_count);
    const mw_schema *schema = table->schema;
    mw_schema_hash(schema, sha);
    mw_sha256_add_u64(sha, to - from);

    mw_buf bytes;
    mw_buf_init(&bytes, SIZE_MAX / 2);
    for (size_t r = from; r < to && !bytes.failed; r++) {
        mw_row_append_canonical(&bytes, schema, mw_table_row(table, r), symbols);
        if (bytes.failed || (bytes.size < FLUSH_SIZE && r + 1 < to)) continue;
        mw_sha256_add(sha, bytes.data, bytes.size);
        mw_buf_clear(&bytes);
    }
    mw_status status = mw_buf_check(&bytes, "table: canonical bytes", err);
    mw_buf_release(&bytes);
    return status;
}
