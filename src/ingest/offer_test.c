#include "ingest/offer.h"

#include <string.h>

#include "testing/test.h"

static mw_field fields[] = {{{"price", 5}, MW_TYPE_NUMBER}};
static mw_added_file added[] = {
    {{"sales", 5}, {"sales/000003.parquet", 20}, {fields, 1}, 4, 500, 100, 900, 2, {"ab", 2},
     1},
};
static mw_ingest_file files[] = {
    {{"sales", 5}, {"a.csv", 5}, 9, 1, 4, 2, 3, 1, 1, 3, 7, NULL, 0, "c0", "d1"}};
static mw_offer_source sources[] = {{{"sales", 5}, {"e2", 2}, {fields, 1}}};
static const mw_offer offer = {
    {3, added, 1}, 77, MW_TIME_MISSING, {NULL, 0}, true, files, 1, sources, 1,
};

MW_TEST(offer_reads_back_what_was_appended) {
    mw_buf bytes;
    mw_arena arena;
    mw_offer read;
    mw_error err;
    mw_buf_init(&bytes, 1 << 16);
    mw_arena_init(&arena, 1 << 24);
    mw_offer_append(&bytes, &offer);
    MW_CHECK_OK(mw_offer_read(mw_buf_str(&bytes), &arena, &read, &err), &err);
    MW_CHECK(read.addition.number == 3 && read.at_us == 77 && read.wants_history);
    MW_CHECK(read.log_through == MW_TIME_MISSING && read.file_count == 1);
    const mw_ingest_file *file = &read.files[0];
    MW_CHECK_EQUAL_STR(file->stream, "sales");
    MW_CHECK_EQUAL_STR(file->file, "a.csv");
    MW_CHECK(file->row_count == 9 && file->known_count == 1 && file->event_count == 4);
    MW_CHECK(file->left_out == 2 && file->repeats == 1 && file->quarantined == 1);
    MW_CHECK_EQUAL_STR(file->content_hash, "c0");
    MW_CHECK_EQUAL_STR(file->rows_hash, "d1");
    MW_CHECK_EQUAL_INT(read.source_count, 1);
    MW_CHECK_EQUAL_STR(read.sources[0].definition, "e2");
    MW_CHECK(mw_schema_equal(&read.sources[0].columns, &sources[0].columns));

    for (size_t size = 0; size < bytes.size; size++)
        MW_CHECK_STATUS(mw_offer_read((mw_str){bytes.data, size}, &arena, &read, &err),
                        MW_MALFORMED);
    mw_buf_append_char(&bytes, 0);
    MW_CHECK_STATUS(mw_offer_read(mw_buf_str(&bytes), &arena, &read, &err), MW_MALFORMED);
    mw_arena_release(&arena);
    mw_buf_release(&bytes);
}

MW_TEST(offer_answer_reads_back) {
    mw_buf bytes;
    mw_accepted answer = {12, {-5, 7}, "f00"}, read;
    mw_error err;
    mw_buf_init(&bytes, 1 << 10);
    mw_accepted_append(&bytes, &answer);
    MW_CHECK_OK(mw_accepted_read(mw_buf_str(&bytes), &read, &err), &err);
    MW_CHECK(read.ingest == 12 && read.places.first == -5 && read.places.step == 7);
    MW_CHECK_EQUAL_STR(read.data_version, "f00");
    for (size_t size = 0; size < bytes.size; size++)
        MW_CHECK_STATUS(mw_accepted_read((mw_str){bytes.data, size}, &read, &err), MW_MALFORMED);
    mw_buf_release(&bytes);
}

/* The offer's events are known from 100 on. */
MW_TEST(offer_is_placed_by_what_was_predicted) {
    static const struct {
        int64_t last_prediction;
        bool wants_history;
        mw_status status;
        int64_t place;
    } cases[] = {
        {INT64_MIN, false, MW_OK, MW_TIME_MISSING}, {INT64_MIN, true, MW_OK, MW_TIME_MISSING},
        {50, false, MW_OK, 5000},                   {5, true, MW_OK, MW_TIME_MISSING},
        {100, true, MW_OK, MW_TIME_MISSING},        {101, true, MW_CONFLICT, 0},
        {101, false, MW_OK, 5000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_offer one = offer;
        mw_error err;
        mw_places places = {0, 0};
        one.wants_history = cases[i].wants_history;
        MW_CHECK_STATUS(mw_offer_place(&one, cases[i].last_prediction, (mw_places){5000, 3},
                                       &places, &err),
                        cases[i].status);
        MW_CHECK_EQUAL_INT(places.first, cases[i].place);
        MW_CHECK_EQUAL_INT(places.step, cases[i].place == 5000 ? 3 : 0);
    }
    mw_offer empty = offer;
    mw_error err;
    mw_places places;
    empty.addition.file_count = 0; /* nothing that could count from anywhere */
    MW_CHECK_OK(mw_offer_place(&empty, 101, (mw_places){5000, 3}, &places, &err), &err);
    MW_CHECK_EQUAL_INT(places.first, MW_TIME_MISSING);
}
