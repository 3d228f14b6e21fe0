#include "base/prng.h"
#include "table/table.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static mw_field flight_fields[] = {{{"carrier", 7}, MW_TYPE_CATEGORY},
                                   {{"distance", 8}, MW_TYPE_NUMBER},
                                   {{"left", 4}, MW_TYPE_TIME}};
static const mw_schema flights = {flight_fields, 3};

MW_TEST(schema_is_found_compared_and_copied) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_schema copy;
    mw_error err;
    MW_CHECK_OK(mw_schema_copy(&arena, &flights, &copy, &err), &err);
    MW_CHECK(mw_schema_equal(&flights, &copy));
    MW_CHECK_EQUAL_INT(mw_schema_find(&copy, MW_STR("left")), 2);
    MW_CHECK_EQUAL_INT(mw_schema_find(&copy, MW_STR("lef")), MW_NO_FIELD);

    copy.fields[1].type = MW_TYPE_DURATION;
    MW_CHECK(!mw_schema_equal(&flights, &copy));
    copy.fields[1] = (mw_field){MW_STR("Distance"), MW_TYPE_NUMBER};
    MW_CHECK(!mw_schema_equal(&flights, &copy));
    copy.field_count = 2;
    MW_CHECK(!mw_schema_equal(&flights, &copy));

    MW_CHECK_OK(mw_schema_copy(&arena, &(mw_schema){NULL, 0}, &copy, &err), &err);
    MW_CHECK_EQUAL_INT(copy.field_count, 0);
    mw_arena_release(&arena);
}

MW_TEST(table_agrees_with_a_plain_array) {
    enum { ROWS = 3000 };
    static mw_cell model[ROWS][3];
    mw_table table;
    mw_error err;
    mw_table_init(&table, &flights);
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 2; round++) {
        for (size_t r = 0; r < ROWS; r++) {
            bool missing = mw_prng_below(&prng, 10) == 0;
            for (size_t i = 0; i < 3; i++)
                model[r][i] = missing ? mw_cell_missing(flight_fields[i].type)
                                      : (mw_cell){.bits = mw_prng_next(&prng)};
            mw_cell *added;
            MW_CHECK_OK(mw_table_add(&table, missing ? NULL : model[r], &added, &err), &err);
            MW_CHECK(added == mw_table_row(&table, r));
        }
        MW_CHECK_EQUAL_INT(table.row_count, ROWS);
        MW_CHECK(memcmp(table.cells, model, sizeof model) == 0);
        mw_table_clear(&table);
    }
    mw_table_release(&table);
    MW_CHECK(table.cells == NULL && table.schema == &flights);
}

MW_TEST(table_without_fields_counts_rows) {
    mw_table table;
    mw_table_init(&table, &(mw_schema){NULL, 0});
    MW_CHECK_OK(mw_table_add(&table, NULL, NULL, NULL), NULL);
    MW_CHECK_OK(mw_table_reserve(&table, 10, NULL), NULL);
    MW_CHECK_EQUAL_INT(table.row_count, 1);
    mw_table_release(&table);
}

typedef struct {
    char hex[MW_SHA256_HEX_SIZE + 1];
} hash_text;

static hash_text hash_rows(const mw_table *table, size_t from, size_t to,
                           const mw_symbols *symbols) {
    mw_sha256 sha;
    mw_error err;
    hash_text text;
    mw_sha256_init(&sha);
    MW_CHECK_OK(mw_table_hash(table, from, to, symbols, &sha, &err), &err);
    mw_sha256_hex(&sha, text.hex);
    return text;
}

static void add_flight(mw_table *table, mw_symbols *symbols, const char *carrier, double distance) {
    mw_error err;
    mw_cell row[] = {{.symbol = mw_symbols_intern(symbols, mw_str_of(carrier))},
                     mw_cell_number(distance), mw_cell_time(MW_SECOND_US)};
    MW_CHECK_OK(mw_table_add(table, row, NULL, &err), &err);
}

/* Equal rows hash alike, whatever codes their texts have; any change shows. */
MW_TEST(table_hash_follows_values_only) {
    mw_symbols *symbols[2];
    mw_table tables[2];
    for (int i = 0; i < 2; i++) {
        MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols[i], NULL), NULL);
        mw_table_init(&tables[i], &flights);
    }
    mw_symbols_intern(symbols[1], MW_STR("UA"));
    add_flight(&tables[1], symbols[1], "DL", 1);
    for (int i = 0; i < 2; i++) {
        add_flight(&tables[i], symbols[i], "AA", 733);
        add_flight(&tables[i], symbols[i], "UA", -0.0);
    }
    hash_text whole = hash_rows(&tables[0], 0, 2, symbols[0]);
    MW_CHECK_EQUAL_STR(hash_rows(&tables[1], 1, 3, symbols[1]).hex, whole.hex);
    MW_CHECK(strcmp(hash_rows(&tables[0], 0, 1, symbols[0]).hex, whole.hex) != 0);
    MW_CHECK(strcmp(hash_rows(&tables[1], 0, 2, symbols[1]).hex, whole.hex) != 0);
    mw_table_row(&tables[0], 1)[2].time++;
    MW_CHECK(strcmp(hash_rows(&tables[0], 0, 2, symbols[0]).hex, whole.hex) != 0);
    for (int i = 0; i < 2; i++) {
        mw_table_release(&tables[i]);
        mw_symbols_destroy(symbols[i]);
    }
}

/* Lineage rests on this text (from an independent implementation): it may change only with a
   new format version. */
MW_TEST(table_hash_is_golden) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_table table;
    mw_table_init(&table, &flights);
    add_flight(&table, symbols, "AA", 733);
    MW_CHECK_OK(mw_table_add(&table, NULL, NULL, NULL), NULL);
    MW_CHECK_EQUAL_STR(hash_rows(&table, 0, 2, symbols).hex,
                       "4019f72a1194efcf5866b5373b33620dd624538abe24c76e202d6d1d062f868a");
    mw_table_release(&table);
    mw_symbols_destroy(symbols);
}

static mw_cell draw_cell(uint64_t *prng, mw_type type, mw_symbols *symbols) {
    char text[20];
    if (mw_prng_below(prng, 8) == 0) return mw_cell_missing(type);
    snprintf(text, sizeof text, "text %d", (int)mw_prng_below(prng, 30));
    if (type == MW_TYPE_NUMBER) return mw_cell_number((double)mw_prng_below(prng, 1000) / 7);
    if (type == MW_TYPE_BOOL) return mw_cell_bool(mw_prng_below(prng, 2));
    if (type == MW_TYPE_CATEGORY || type == MW_TYPE_TEXT)
        return (mw_cell){.symbol = mw_symbols_intern(symbols, mw_str_of(text))};
    return (mw_cell){.time = (int64_t)mw_prng_below(prng, 1 << 30)};
}

/* However many numbers stand side by side, a row is its cells. */
MW_TEST(row_is_the_canonical_bytes_of_its_cells) {
    enum { ROWS = 500, FIELDS_MAX = 150 };
    static const mw_type others[] = {MW_TYPE_BOOL, MW_TYPE_CATEGORY, MW_TYPE_TIME,
                                     MW_TYPE_DURATION, MW_TYPE_TEXT};
    uint64_t prng = mw_test_seed();
    mw_field fields[FIELDS_MAX];
    mw_cell row[FIELDS_MAX], again[FIELDS_MAX];
    mw_symbols *symbols;
    mw_buf whole, by_cell;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_buf_init(&whole, 1 << 16);
    mw_buf_init(&by_cell, 1 << 16);
    for (int r = 0; r < ROWS; r++) {
        mw_schema schema = {fields, mw_prng_below(&prng, FIELDS_MAX + 1)};
        uint64_t numbers = mw_prng_below(&prng, 60); /* to each other one */
        mw_buf_clear(&whole);
        mw_buf_clear(&by_cell);
        for (size_t i = 0; i < schema.field_count; i++) {
            bool is_other = mw_prng_below(&prng, numbers + 1) == 0;
            fields[i].type = is_other ? others[mw_prng_below(&prng, 5)] : MW_TYPE_NUMBER;
            row[i] = draw_cell(&prng, fields[i].type, symbols);
            mw_cell_append_canonical(&by_cell, fields[i].type, row[i], symbols);
        }
        mw_row_append_canonical(&whole, &schema, row, symbols);
        MW_CHECK(mw_str_equal(mw_buf_str(&whole), mw_buf_str(&by_cell)));
        mw_reader reader = {.rest = mw_buf_str(&whole)};
        MW_CHECK(mw_row_read_canonical(&reader, &schema, symbols, again));
        MW_CHECK_EQUAL_INT(reader.rest.size, 0);
        MW_CHECK(memcmp(again, row, schema.field_count * sizeof *row) == 0);
        reader.rest = mw_str_slice(mw_buf_str(&whole), 0, whole.size - 1);
        MW_CHECK(whole.size == 0 || !mw_row_read_canonical(&reader, &schema, symbols, again));
    }
    mw_buf_release(&whole);
    mw_buf_release(&by_cell);
    mw_symbols_destroy(symbols);
}

static mw_status copy_fill_and_hash(void *context) {
    mw_symbols *symbols = context;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_schema schema;
    mw_table table = {.row_count = 0};
    mw_status status = mw_schema_copy(&arena, &flights, &schema, NULL);
    if (status == MW_OK) mw_table_init(&table, &schema);
    for (size_t i = 0; i < 100 && status == MW_OK; i++) {
        status = mw_table_add(&table, NULL, NULL, NULL);
        MW_CHECK_EQUAL_INT(table.row_count, status == MW_OK ? i + 1 : i);
    }
    mw_sha256 sha;
    mw_sha256_init(&sha);
    if (status == MW_OK) status = mw_table_hash(&table, 0, 100, symbols, &sha, NULL);
    mw_table_release(&table);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(table_survives_every_failing_allocation) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    MW_CHECK(mw_test_every_allocation_fails(copy_fill_and_hash, symbols) > 5);
    mw_symbols_destroy(symbols);
}
