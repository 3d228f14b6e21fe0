#include "ingest/csv_record.h"

#include <string.h>

#include "base/prng.h"
#include "testing/test.h"

enum { ROOM = 4, TEXT_MAX = 60 };

/* All records of a text as text: values in brackets, ! behind a misquoted record, + behind one with
   more than its room. Each is cut from windows that grow by a byte until they hold it whole. */
static void append_records(mw_csv_form form, mw_str text, mw_buf *out) {
    char window[TEXT_MAX];
    for (size_t from = 0, size = 1; from < text.size; size++) {
        mw_str values[ROOM];
        mw_csv_record record = {.values = values, .room = ROOM};
        memcpy(window, text.data + from, size);
        bool is_last = from + size == text.size;
        mw_csv_found found = mw_csv_cut(form, (mw_str){window, size}, is_last, &record);
        MW_CHECK(memcmp(window, text.data + from, size) == 0);
        if (found == MW_CSV_UNCLOSED) mw_buf_append_char(out, '?');
        if (found == MW_CSV_UNCLOSED) return;
        MW_CHECK(found == MW_CSV_RECORD || !is_last);
        if (found == MW_CSV_CUT_OFF) continue;
        mw_csv_join_doubles(&record, window);
        for (size_t i = 0; i < record.count && i < ROOM; i++)
            mw_buf_printf(out, "[%.*s]", MW_STR_ARGS(values[i]));
        mw_buf_printf(out, "%s%s\n", record.is_misquoted ? "!" : "", record.has_more ? "+" : "");
        MW_CHECK(record.size > 0 && record.size <= size && record.text.size <= record.size);
        from += record.size;
        size = 0;
    }
}

static void check_records(mw_csv_form form, const char *text, const char *expected) {
    mw_buf found;
    mw_buf_init(&found, 1000);
    append_records(form, mw_str_of(text), &found);
    MW_CHECK_EQUAL_STR(mw_buf_str(&found), expected);
    mw_buf_release(&found);
}

static const mw_csv_form commas = {',', false}, returns = {',', true};

MW_TEST(csv_records_are_cut_into_values) {
    check_records(commas, "a,b\nc,\n,\n\nd", "[a][b]\n[c][]\n[][]\n[]\n[d]\n");
    check_records(commas, "a,b\r\n\r\nc\rd,e\r\n", "[a][b]\n[]\n[c\rd][e]\n");
    check_records(returns, "a,b\rc\nd,e\r", "[a][b]\n[c\nd][e]\n");
    check_records((mw_csv_form){';', false}, "a,b;\"c;d\"\n", "[a,b][c;d]\n");
    check_records(commas, "\"a,\r\n\"\"b\"\"\",\"\"\r\n", "[a,\r\n\"b\"][]\n");
    check_records(commas, " \"a\" , b ,x\"y\"\"z\"\n", "[a][ b ][x\"y\"\"z\"]\n");
    check_records(commas, "1,2,3,4,\n1,2,3,4,5\n", "[1][2][3][4]\n[1][2][3][4]+\n");
}

MW_TEST(csv_records_tell_wrong_quotes) {
    check_records(commas, "\"no\"rth,1\n\"a\" b\nc\n", "[no][1]!\n[a]!\n[c]\n");
    check_records(commas, "a\n\"b\nc,\"\"\n", "[a]\n?");
}

/* --- a plain twin, a byte at a time ----------------------------------------------------------- */

typedef struct {
    mw_csv_form form;
    mw_str text;
    size_t at, count;
    mw_buf record;
    bool is_misquoted, has_more;
} twin;

/* A line end stands here: its size, or 0. */
static size_t line_end(const twin *t, size_t at) {
    mw_str rest = mw_str_slice(t->text, at, t->text.size);
    if (t->form.ends_by_return) return mw_str_starts(rest, MW_STR("\r"));
    if (mw_str_starts(rest, MW_STR("\r\n"))) return 2;
    if (mw_str_equal(rest, MW_STR("\r"))) return 1;
    return mw_str_starts(rest, MW_STR("\n"));
}

static bool value_ends(const twin *t) {
    return t->at == t->text.size || line_end(t, t->at) > 0 ||
           t->text.data[t->at] == t->form.delimiter;
}

/* False: its quote is not closed. */
static bool take_value(twin *t) {
    char value[TEXT_MAX];
    size_t size = 0, blanks = t->at;
    while (blanks < t->text.size && t->text.data[blanks] == ' ') blanks++;
    if (blanks < t->text.size && t->text.data[blanks] == '"') {
        for (t->at = blanks + 1;; t->at++) {
            if (t->at >= t->text.size) return false;
            if (t->text.data[t->at] == '"' && t->text.data[++t->at] != '"') break;
            value[size++] = t->text.data[t->at];
        }
        while (t->at < t->text.size && t->text.data[t->at] == ' ') t->at++;
        t->is_misquoted |= !value_ends(t);
        while (!value_ends(t)) t->at++;
    } else {
        while (!value_ends(t)) value[size++] = t->text.data[t->at++];
    }
    if (t->count++ < ROOM) mw_buf_printf(&t->record, "[%.*s]", (int)size, value);
    else t->has_more |= size > 0;
    return true;
}

static void append_as_twin(mw_csv_form form, mw_str text, mw_buf *out) {
    twin t = {.form = form, .text = text};
    while (t.at < text.size) {
        mw_buf_init(&t.record, 1000);
        t.count = 0;
        t.is_misquoted = t.has_more = false;
        bool goes_on = true, is_closed = true;
        while (goes_on && (is_closed = take_value(&t))) {
            goes_on = t.at < text.size && line_end(&t, t.at) == 0;
            t.at += goes_on;
        }
        if (is_closed) mw_buf_append_str(out, mw_buf_str(&t.record));
        mw_buf_release(&t.record);
        if (!is_closed) mw_buf_append_char(out, '?');
        if (!is_closed) return;
        mw_buf_printf(out, "%s%s\n", t.is_misquoted ? "!" : "", t.has_more ? "+" : "");
        t.at += line_end(&t, t.at);
    }
}

MW_TEST(csv_records_are_those_of_the_twin) {
    static const char letters[] = {'a', ',', '"', '\n', '\r', ' ', ',', '"'};
    uint64_t prng = mw_test_seed();
    size_t unclosed = 0, misquoted = 0;
    for (int round = 0; round < 20000; round++) {
        char bytes[TEXT_MAX + 1] = {0}; /* the twin looks one byte further */
        size_t size = 1 + mw_prng_below(&prng, TEXT_MAX - 1);
        for (size_t i = 0; i < size; i++) bytes[i] = letters[mw_prng_below(&prng, sizeof letters)];
        mw_csv_form form = {',', mw_prng_below(&prng, 4) == 0};
        mw_buf found, expected;
        mw_buf_init(&found, 10000);
        mw_buf_init(&expected, 10000);
        append_records(form, (mw_str){bytes, size}, &found);
        append_as_twin(form, (mw_str){bytes, size}, &expected);
        MW_CHECK_EQUAL_STR(mw_buf_str(&found), mw_buf_str(&expected).data);
        unclosed += mw_str_ends(mw_buf_str(&found), MW_STR("?"));
        misquoted += memchr(found.data, '!', found.size) != NULL;
        mw_buf_release(&found);
        mw_buf_release(&expected);
    }
    MW_CHECK(unclosed > 1000 && misquoted > 1000);
}
