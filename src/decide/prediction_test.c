#include "decide/prediction.h"

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "testing/test.h"

static mw_field fields[] = {{{"delay", 5}, MW_TYPE_NUMBER}, {{"carrier", 7}, MW_TYPE_TEXT}};
static const mw_schema schema = {fields, 2};

static mw_symbols *new_symbols(void) {
    mw_symbols *symbols = NULL;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    return symbols;
}

MW_TEST(prediction_ids_name_places_and_sort_like_them) {
    uint64_t prng = mw_test_seed();
    char before[MW_PREDICTION_ID_SIZE + 1], after[MW_PREDICTION_ID_SIZE + 1];
    for (int i = 0; i < 1000; i++) {
        int64_t place = (int64_t)mw_prng_next(&prng), read;
        if (place == INT64_MAX) continue;
        mw_prediction_id(place, before);
        mw_prediction_id(place + 1, after);
        MW_CHECK(strcmp(before, after) < 0);
        MW_CHECK(mw_prediction_id_parse(mw_str_of(before), &read) && read == place);
    }
    static const char *const wrong[] = {"", "p", "p000000000000", "x0000000000000",
                                        "pzzzzzzzzzzzzz", "p00000000000i0"};
    int64_t untouched = 7;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        MW_CHECK(!mw_prediction_id_parse(mw_str_of(wrong[i]), &untouched));
    MW_CHECK_EQUAL_INT(untouched, 7);
}

static mw_prediction example(mw_cell *cells, mw_symbols *symbols) {
    cells[0] = mw_cell_number(12.5);
    cells[1].symbol = mw_symbols_intern(symbols, MW_STR("UA"));
    return (mw_prediction){.place = 42,
                           .t = 40,
                           .model = MW_STR("late"),
                           .version = MW_STR("0123456789ab"),
                           .event_id = MW_STR("UA|15"),
                           .element_size = 3,
                           .prediction = 0.25,
                           .decision = true,
                           .features = cells};
}

MW_TEST(prediction_reads_back_what_was_written_into_another_process) {
    mw_symbols *ours = new_symbols(), *theirs = new_symbols();
    mw_symbols_intern(theirs, MW_STR("other")); /* so that codes differ */
    mw_cell cells[2], read_cells[2];
    mw_prediction written = example(cells, ours), read = {0};
    mw_buf bytes;
    mw_buf_init(&bytes, 1000);
    mw_prediction_append(&bytes, &written, &schema, ours);
    mw_error err;
    MW_CHECK_OK(mw_prediction_read(mw_buf_str(&bytes), &schema, theirs, read_cells, &read, &err),
                &err);
    MW_CHECK(read.place == 42 && read.t == 40 && read.decision && read.prediction == 0.25);
    MW_CHECK_EQUAL_STR(read.event_id, "UA|15");
    MW_CHECK_EQUAL_STR(mw_prediction_announced(&read), "UA");
    MW_CHECK(read_cells[0].number == 12.5);
    MW_CHECK_EQUAL_STR(mw_symbols_text(theirs, read_cells[1].symbol), "UA");
    MW_CHECK(read_cells[1].symbol != cells[1].symbol);

    /* Cut anywhere, it is corrupt and never a crash. */
    for (size_t size = 0; size < bytes.size; size++)
        MW_CHECK(mw_prediction_read((mw_str){bytes.data, size}, &schema, theirs, read_cells,
                                    &read, &err) != MW_OK);
    bytes.data[0] = 9;
    MW_CHECK_STATUS(mw_prediction_read_head(mw_buf_str(&bytes), &read, &err), MW_NEWER_FORMAT);
    mw_buf_release(&bytes);
    mw_symbols_destroy(ours);
    mw_symbols_destroy(theirs);
}

MW_TEST(prediction_keeps_why_the_fallback_answered) {
    mw_symbols *symbols = new_symbols();
    mw_cell cells[2], read_cells[2];
    mw_prediction written = example(cells, symbols), read;
    mw_error err;
    for (int reason = 0; reason < MW_BECAUSE_COUNT; reason++) {
        mw_buf bytes;
        mw_buf_init(&bytes, 1000);
        written.fallback = (mw_fallback_reason)reason;
        written.is_blind = reason % 2 > 0;
        mw_prediction_append(&bytes, &written, &schema, symbols);
        MW_CHECK_OK(mw_prediction_read(mw_buf_str(&bytes), &schema, symbols, read_cells, &read,
                                       &err), &err);
        MW_CHECK_EQUAL_INT(read.fallback, reason);
        MW_CHECK(read.is_blind == written.is_blind);
        mw_buf_release(&bytes);
    }
    MW_CHECK_EQUAL_STR(mw_fallback_reason_word(MW_BECAUSE_MISSING), "missing_features");
    mw_symbols_destroy(symbols);
}

/* What says yes or no is written as it ever was; the rest tells what it is. */
MW_TEST(prediction_keeps_what_kind_of_answer_it_is) {
    static const struct {
        mw_answer_kind kind;
        mw_str class_name;
        char format;
    } rows[] = {{MW_ANSWER_YES_NO, {"", 0}, 3},
                {MW_ANSWER_NUMBER, {"", 0}, 4},
                {MW_ANSWER_CLASS, {"billing", 7}, 4},
                {MW_ANSWER_CLASS, {"", 0}, 4}, /* a version that gave no number */
                {MW_ANSWER_SCORE, {"", 0}, 4}};
    mw_symbols *symbols = new_symbols();
    mw_cell cells[2], read_cells[2];
    mw_prediction written = example(cells, symbols), read;
    mw_error err;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mw_buf bytes;
        mw_buf_init(&bytes, 1000);
        written.kind = rows[i].kind;
        written.class_name = rows[i].class_name;
        mw_prediction_append(&bytes, &written, &schema, symbols);
        MW_CHECK_EQUAL_INT(bytes.data[0], rows[i].format);
        MW_CHECK_OK(mw_prediction_read(mw_buf_str(&bytes), &schema, symbols, read_cells, &read,
                                       &err), &err);
        MW_CHECK(read.kind == rows[i].kind && read.classes.names.count == 0);
        MW_CHECK_EQUAL_STR(read.class_name, rows[i].class_name);
        MW_CHECK_EQUAL_DOUBLE_BITS(read.prediction, written.prediction);
        for (size_t size = 0; size < bytes.size; size++)
            MW_CHECK_STATUS(mw_prediction_read((mw_str){bytes.data, size}, &schema, symbols,
                                               read_cells, &read, &err), MW_CORRUPT);
        mw_buf_release(&bytes);
    }
    mw_symbols_destroy(symbols);
}

/* Each kind has one spelling, and only a class has a name. */
MW_TEST(prediction_of_a_kind_that_is_none_is_corrupt) {
    mw_symbols *symbols = new_symbols();
    mw_cell cells[2];
    mw_prediction written = example(cells, symbols), read;
    mw_buf bytes;
    size_t kind = 4 + 8 + 8 + 4 + 4 + 4 + 12 + 4 + 5 + 4 + 8 + 4 + 4;
    mw_buf_init(&bytes, 1000);
    written.kind = MW_ANSWER_CLASS;
    written.class_name = MW_STR("billing");
    mw_prediction_append(&bytes, &written, &schema, symbols);
    MW_CHECK_EQUAL_INT(bytes.data[kind], MW_ANSWER_CLASS);
    for (int wrong = 0; wrong <= MW_ANSWER_COUNT; wrong++) {
        bytes.data[kind] = (char)wrong;
        MW_CHECK_STATUS(mw_prediction_read_head(mw_buf_str(&bytes), &read, NULL),
                        wrong == MW_ANSWER_CLASS ? MW_OK : MW_CORRUPT);
    }
    mw_buf_release(&bytes);
    mw_symbols_destroy(symbols);
}

/* Format 1 knew neither elements nor fallbacks, format 2 no elements. */
static void check_format(int format) {
    mw_symbols *symbols = new_symbols();
    mw_cell cells[2], read_cells[2];
    mw_prediction written = example(cells, symbols), read;
    mw_error err;
    mw_buf bytes, before;
    mw_buf_init(&bytes, 1000);
    mw_buf_init(&before, 1000);
    mw_prediction_append(&bytes, &written, &schema, symbols);
    size_t element = 4 + 8 + 8 + 4 + 4 + 4 + 12 + 4 + 5, fallback = element + 4 + 8 + 4;
    size_t rest = fallback + (format == 1 ? 4 : 0);
    mw_buf_append(&before, bytes.data, element);
    mw_buf_append(&before, bytes.data + element + 4, fallback - element - 4);
    mw_buf_append(&before, bytes.data + rest, bytes.size - rest);
    before.data[0] = (char)format;
    MW_CHECK_OK(mw_prediction_read(mw_buf_str(&before), &schema, symbols, read_cells, &read,
                                   &err), &err);
    MW_CHECK(read.fallback == MW_BECAUSE_NONE && !read.is_blind);
    MW_CHECK_EQUAL_STR(mw_prediction_announced(&read), "UA|15");
    MW_CHECK_EQUAL_DOUBLE_BITS(read.prediction, written.prediction);
    MW_CHECK_EQUAL_DOUBLE_BITS(read_cells[0].number, cells[0].number);
    mw_buf_release(&bytes);
    mw_buf_release(&before);
    mw_symbols_destroy(symbols);
}

MW_TEST(prediction_of_a_format_before_is_read) {
    check_format(1);
    check_format(2);
}

/* Records of other models stand between them; a scan may begin in their midst. */
MW_TEST(prediction_elements_are_numbered_from_the_first_stamp) {
    static const struct {
        int64_t place, stamp;
        size_t number;
    } records[] = {{3, 5, SIZE_MAX}, {3, 6, SIZE_MAX}, {8, 8, 0},   {8, 9, 1},
                   {8, 12, 2},       {20, 20, 0},      {21, 21, 0}, {30, 31, SIZE_MAX}};
    mw_prediction_order order = MW_PREDICTION_ORDER;
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        mw_prediction prediction = {.place = records[i].place};
        MW_CHECK(mw_prediction_number(&order, &prediction, records[i].stamp) == records[i].number);
    }
}

/* Else a fuzzer would start from what is refused at its first bytes. */
MW_TEST(prediction_fuzzer_starts_from_records) {
    static const struct {
        const char *name;
        mw_answer_kind kind;
        mw_fallback_reason fallback;
    } kept_ones[] = {{"first_format", MW_ANSWER_YES_NO, MW_BECAUSE_NONE},
                     {"second_format", MW_ANSWER_YES_NO, MW_BECAUSE_MISSING},
                     {"yes_no", MW_ANSWER_YES_NO, MW_BECAUSE_NONE},
                     {"number", MW_ANSWER_NUMBER, MW_BECAUSE_NONE},
                     {"class", MW_ANSWER_CLASS, MW_BECAUSE_NONE},
                     {"class_of_a_fallback", MW_ANSWER_CLASS, MW_BECAUSE_BREAKER},
                     {"no_class", MW_ANSWER_CLASS, MW_BECAUSE_NONE},
                     {"score", MW_ANSWER_SCORE, MW_BECAUSE_NONE}};
    for (size_t i = 0; i < sizeof kept_ones / sizeof *kept_ones; i++) {
        char kept[200], path[100];
        snprintf(path, sizeof path, "tests/corpus/prediction/%s", kept_ones[i].name);
        FILE *file = fopen(path, "rb");
        MW_CHECK(file);
        size_t size = fread(kept, 1, sizeof kept, file);
        fclose(file);
        mw_symbols *symbols = new_symbols();
        mw_cell cells[2];
        mw_prediction read;
        mw_error err;
        MW_CHECK_OK(mw_prediction_read((mw_str){kept, size}, &schema, symbols, cells, &read, &err),
                    &err);
        MW_CHECK_EQUAL_INT(read.kind, kept_ones[i].kind);
        MW_CHECK_EQUAL_INT(read.fallback, kept_ones[i].fallback);
        MW_CHECK_EQUAL_INT(read.place, 42);
        MW_CHECK_EQUAL_DOUBLE_BITS(read.prediction, 0.25);
        mw_symbols_destroy(symbols);
    }
}
