#include "store/addition.h"

#include "testing/test.h"

static mw_field fields[] = {{{"price", 5}, MW_TYPE_NUMBER}, {{"shop", 4}, MW_TYPE_CATEGORY}};
static mw_added_file files[] = {
    {{"sales", 5}, {"sales/000007.parquet", 20}, {fields, 2}, 30, 4000, -5, 99, 3, {"ab", 2}, 5},
    {{"rates", 5}, {"rates/000007.parquet", 20}, {fields, 1}, 1, 300, 12, 12, 0, {"cd", 2},
     MW_NO_CHECKSUM},
};
static const mw_addition addition = {7, files, 2};

static mw_status read_back(mw_str bytes, mw_arena *arena, mw_addition *out) {
    mw_reader reader = {.rest = bytes};
    mw_error err;
    return mw_addition_read(&reader, arena, out, &err);
}

MW_TEST(addition_reads_back_what_was_appended) {
    mw_buf bytes;
    mw_arena arena;
    mw_addition read;
    mw_buf_init(&bytes, 1 << 16);
    mw_arena_init(&arena, 1 << 20);
    mw_addition_append(&bytes, &addition);
    MW_CHECK_OK(read_back(mw_buf_str(&bytes), &arena, &read), NULL);
    MW_CHECK(read.number == 7 && read.file_count == 2);
    for (size_t i = 0; i < 2; i++) {
        const mw_added_file *file = &read.files[i], *expected = &files[i];
        MW_CHECK_EQUAL_STR(file->stream, expected->stream);
        MW_CHECK_EQUAL_STR(file->path, expected->path);
        MW_CHECK_EQUAL_STR(file->rows_hash, expected->rows_hash);
        MW_CHECK(mw_schema_equal(&file->schema, &expected->schema));
        MW_CHECK(file->event_count == expected->event_count && file->size == expected->size);
        MW_CHECK_EQUAL_INT(file->checksum, expected->checksum);
        MW_CHECK(file->known_min == expected->known_min &&
                 file->known_max == expected->known_max);
    }
    MW_CHECK_EQUAL_INT(mw_addition_known_min(&read), -5);
    MW_CHECK_EQUAL_INT(mw_addition_known_min(&(const mw_addition){7, files, 0}), INT64_MAX);
    MW_CHECK_EQUAL_INT(mw_addition_step(&read, 6), 7); /* 31 events in 30 steps take 31 * 6 us */
    MW_CHECK_EQUAL_INT(mw_addition_step(&(const mw_addition){7, files, 0}, 6), 0);
    mw_arena_release(&arena);
    mw_buf_release(&bytes);
}

/* Bytes that end too early, or count more than can be, are refused wherever that is. */
MW_TEST(addition_refuses_what_is_cut_short) {
    mw_buf bytes;
    mw_arena arena;
    mw_addition read;
    mw_buf_init(&bytes, 1 << 16);
    mw_arena_init(&arena, 1 << 24);
    mw_addition_append(&bytes, &addition);
    for (size_t size = 0; size < bytes.size; size++)
        MW_CHECK_STATUS(read_back((mw_str){bytes.data, size}, &arena, &read), MW_MALFORMED);
    for (size_t i = 8; i < 12; i++) bytes.data[i] = (char)0xff; /* the number of files */
    MW_CHECK_STATUS(read_back(mw_buf_str(&bytes), &arena, &read), MW_MALFORMED);
    mw_arena_release(&arena);
    mw_buf_release(&bytes);
}
