#include "lang/ngram_sql.h"

#include "base/hash.h"
#include "base/letters.h"
#include "lang/sql.h"

#include <stdio.h>

/* Bytes are pairs of hexadecimal digits. A word of four of them is its number, and one that is cut
   short 2^32 more, for the hash is not turned after it. Macros are written out where they stand, so
   each name within a list is one of its own. */
static const char macros[] =
    "CREATE OR REPLACE MACRO mw_turn(x, bits) AS\n"
    "  (x << bits) % 4294967296 | (x >> (32 - bits));\n"
    "CREATE OR REPLACE MACRO mw_stir(hash, word) AS xor(hash,\n"
    "  mw_turn(word % 4294967296 * 3432918353 % 4294967296, 15) * 461845907 % 4294967296);\n"
    "CREATE OR REPLACE MACRO mw_word(digits, first) AS CAST(CAST('0x' ||\n"
    "  CASE WHEN first + 6 < length(digits) THEN '0' ELSE '1' END ||\n"
    "  rpad(substring(digits, first + 6, 2), 2, '0') ||\n"
    "  rpad(substring(digits, first + 4, 2), 2, '0') ||\n"
    "  rpad(substring(digits, first + 2, 2), 2, '0') ||\n"
    "  substring(digits, first, 2) AS BIGINT) AS UBIGINT);\n"
    "CREATE OR REPLACE MACRO mw_mix(hashes, bits, factor) AS\n"
    "  [xor(hash, hash >> bits) * factor % 4294967296 FOR hash IN hashes];\n"
    "CREATE OR REPLACE MACRO mw_murmur3(digits) AS mw_mix(mw_mix(mw_mix([xor(list_reduce(\n"
    "  [CAST(0 AS UBIGINT)] ||\n"
    "    [mw_word(digits, spot) FOR spot IN range(1, length(digits), 8)],\n"
    "  LAMBDA hash, word: CASE WHEN word >= 4294967296 THEN mw_stir(hash, word)\n"
    "    ELSE (mw_turn(mw_stir(hash, word), 13) * 5 + 3864292196) % 4294967296 END),\n"
    "  CAST(length(digits) // 2 AS UBIGINT))], 16, 2246822507), 13, 3266489909), 16, 1);\n"
    "CREATE OR REPLACE MACRO mw_buckets(x, fewest, most, width) AS CASE WHEN x IS NOT NULL THEN\n"
    "  [least(run, 4294967296 - run) % width FOR run IN flatten(flatten(flatten(\n"
    "    [[[mw_murmur3(hex(array_to_string(words[begun : begun + n - 1], ' ')))\n"
    "       FOR begun IN range(1, len(words) - n + 2)]\n"
    "      FOR n IN range(fewest, most + 1)] FOR words IN [mw_words(x)]])))] END;\n"
    "CREATE OR REPLACE MACRO mw_count(buckets, bucket) AS\n"
    "  CAST(len(list_filter(buckets, LAMBDA each: each = bucket)) AS DOUBLE);\n";

/* All letters of words, in runs: DuckDB's own tables may be of another Unicode. */
static void append_letters(mw_buf *out) {
    uint32_t letter = 0;
    while (letter <= MW_LETTER_MAX) {
        uint32_t end = letter;
        while (end <= MW_LETTER_MAX && mw_letter_is_word(end)) end++;
        if (end > letter) mw_buf_printf(out, "\\x{%x}-\\x{%x}", letter, end - 1);
        letter = end + 1;
    }
}

void mw_ngram_sql_append_macros(mw_buf *out) {
    mw_buf_append_text(out, "CREATE OR REPLACE MACRO mw_words(x) AS regexp_extract_all(x, '[");
    append_letters(out);
    mw_buf_append_text(out, "]+');\n");
    mw_buf_append_text(out, macros);
}

/* Not as the vector is spelled: SQL would take two columns for one whose names differ in case. */
static void append_column(const mw_vector *vector, mw_buf *out) {
    char name[24];
    uint64_t hash = mw_hash_bytes(vector->text.data, vector->text.size);
    snprintf(name, sizeof name, "ngrams %016llx", (unsigned long long)hash);
    mw_sql_append_name(out, mw_str_of(name));
}

void mw_ngram_sql_begin_buckets(mw_buf *out) {
    mw_buf_append_text(out, "mw_buckets(");
}

void mw_ngram_sql_end_buckets(const mw_vector *vector, mw_buf *out) {
    mw_buf_printf(out, ", %zu, %zu, %zu) AS ", vector->words_min, vector->words_max,
                  vector->width);
    append_column(vector, out);
}

void mw_ngram_sql_append_number(const mw_vector *vector, size_t index, const char *columns,
                                mw_buf *out) {
    mw_buf_printf(out, "mw_count(%s", columns);
    append_column(vector, out);
    mw_buf_printf(out, ", %zu)", index);
}
