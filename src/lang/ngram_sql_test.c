#include "lang/ngram_sql.h"

#include "base/letters.h"
#include "testing/test.h"

#include <string.h>

/* What DuckDB makes of them, tests/e2e/exported_sql_test.py compares with what the engine makes. */
MW_TEST(ngram_sql_counts_in_a_column_called_as_the_vector_is) {
    mw_buf sql;
    mw_buf_init(&sql, 1 << 12);
    mw_vector vector = {.kind = MW_VECTOR_NGRAMS, .width = 64, .words_min = 1, .words_max = 2,
                        .text = MW_STR("ngrams(concat(note, \"x\"), 1, 2, 64)")};
    mw_ngram_sql_begin_buckets(&sql);
    mw_buf_append_text(&sql, "m.note || 'x'");
    mw_ngram_sql_end_buckets(&vector, &sql);
    MW_CHECK_EQUAL_STR(mw_buf_str(&sql), "mw_buckets(m.note || 'x', 1, 2, 64) AS "
                                         "\"ngrams(concat(note, \"\"x\"\"), 1, 2, 64)\"");
    mw_buf_clear(&sql);
    mw_ngram_sql_append_number(&vector, 63, "m.", &sql);
    MW_CHECK_EQUAL_STR(mw_buf_str(&sql),
                       "mw_count(m.\"ngrams(concat(note, \"\"x\"\"), 1, 2, 64)\", 63)");
    mw_buf_release(&sql);
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
