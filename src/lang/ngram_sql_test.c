#include "lang/ngram_sql.h"

#include "base/letters.h"
#include "testing/test.h"

#include <string.h>

/* What DuckDB makes of them, tests/e2e/exported_sql_test.py compares with what the engine makes. */
MW_TEST(ngram_sql_counts_in_a_column_of_the_vector) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 12);
    mw_vector vector = {.kind = MW_VECTOR_NGRAMS, .width = 64, .words_min = 1, .words_max = 2,
                        .text = MW_STR("ngrams(concat(note, \"x\"), 1, 2, 64)")};
    mw_ngram_sql_begin_buckets(&sql);
    mw_buf_append_text(&sql, "m.note || 'x'");
    mw_ngram_sql_end_buckets(&vector, &sql);
    char column[] = "\"ngrams 0123456789abcdef\"";
    mw_str made = mw_buf_str(&sql);
    mw_str before = MW_STR("mw_buckets(m.note || 'x', 1, 2, 64) AS ");
    MW_CHECK_EQUAL_STR(mw_str_slice(made, 0, before.size), before);
    MW_CHECK_EQUAL_INT(made.size - before.size, sizeof column - 1);
    memcpy(column, made.data + before.size, sizeof column - 1);
    mw_buf_clear(&sql);
    mw_ngram_sql_append_number(&vector, 63, "m.", &sql);
    mw_buf counts;
    mw_buf_init(&counts, 1 << 12);
    mw_buf_printf(&counts, "mw_count(m.%s, 63)", column);
    MW_CHECK_EQUAL_STR(mw_buf_str(&sql), mw_buf_str(&counts));
    mw_buf_release(&counts);
    mw_buf_release(&sql);
}

/* To SQL two names are one that differ in case alone. */
MW_TEST(ngram_sql_tells_vectors_apart_whatever_the_case) {
    mw_vector large = {.kind = MW_VECTOR_NGRAMS, .text = MW_STR("ngrams(concat(note, 'X'), 1, 2)")};
    mw_vector small = {.kind = MW_VECTOR_NGRAMS, .text = MW_STR("ngrams(concat(note, 'x'), 1, 2)")};
    mw_buf one, other;
    mw_buf_init(&one, 1 << 12);
    mw_buf_init(&other, 1 << 12);
    mw_ngram_sql_append_number(&large, 0, "m.", &one);
    mw_ngram_sql_append_number(&small, 0, "m.", &other);
    MW_CHECK(!mw_str_equal_but_for_case(mw_buf_str(&one), mw_buf_str(&other)));
    mw_buf_release(&one);
    mw_buf_release(&other);
}

/* Runs of letters, first and last of each, as a regular expression has them. */
MW_TEST(ngram_sql_lists_the_letters_of_words) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 16);
    mw_ngram_sql_append_macros(&sql);
    MW_CHECK_OK(mw_buf_check(&sql, "macros", NULL), NULL);
    const char *text = mw_buf_str(&sql).data;
    MW_CHECK(strstr(text, "regexp_extract_all(x, '[\\x{30}-\\x{39}\\x{41}-\\x{5a}\\x{5f}-\\x{5f}"
                          "\\x{61}-\\x{7a}\\x{aa}-\\x{aa}\\x{b2}-\\x{b3}"));
    MW_CHECK(mw_letter_is_word(0xe01ef) && !mw_letter_is_word(0xe01f0));
    MW_CHECK(strstr(text, "-\\x{e01ef}]+');\n"));
    mw_buf_release(&sql);
}
