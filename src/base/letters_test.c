#include "base/letters.h"

#include "base/hash.h"
#include "base/prng.h"
#include "testing/test.h"

MW_TEST(letters_change_their_case_one_for_one) {
    static const struct {
        uint32_t upper, lower;
    } pairs[] = {
        {'A', 'a'},       {'Z', 'z'},       {0xc4, 0xe4},       {0x100, 0x101},
        {0x178, 0xff},    {0x391, 0x3b1},   {0x42f, 0x44f},     {0x1e9e, 0xdf},
        {0x10400, 0x10428}, {0xff21, 0xff41}, {0x1f88, 0x1f80},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        MW_CHECK_EQUAL_INT(mw_letter_lower(pairs[i].upper), pairs[i].lower);
        MW_CHECK_EQUAL_INT(mw_letter_lower(pairs[i].lower), pairs[i].lower);
        if (pairs[i].lower != 0xdf) /* ß has no upper case of one letter that goes back */
            MW_CHECK_EQUAL_INT(mw_letter_upper(pairs[i].lower), pairs[i].upper);
    }
    MW_CHECK_EQUAL_INT(mw_letter_upper(0xdf), 0xdf);
    MW_CHECK_EQUAL_INT(mw_letter_lower(0x130), 'i'); /* the dotted I of Turkish */
    MW_CHECK_EQUAL_INT(mw_letter_lower('@'), '@');
    MW_CHECK_EQUAL_INT(mw_letter_upper(MW_LETTER_MAX), MW_LETTER_MAX);
}

/* An upper case has no upper case of its own. */
MW_TEST(letters_reach_their_case_in_one_step) {
    size_t changed = 0;
    for (uint32_t letter = 0; letter <= MW_LETTER_MAX; letter++) {
        uint32_t lower = mw_letter_lower(letter), upper = mw_letter_upper(letter);
        MW_CHECK_EQUAL_INT(mw_letter_lower(lower), lower);
        MW_CHECK_EQUAL_INT(mw_letter_upper(upper), upper);
        bool is_circled = letter >= 0x24b6 && letter < 0x24d0; /* a symbol with a case */
        MW_CHECK(lower == letter || mw_letter_is_word(letter) || is_circled);
        changed += lower != letter;
    }
    MW_CHECK_EQUAL_INT(changed, 1407 + 26);
}

MW_TEST(letters_know_what_words_are_made_of) {
    static const uint32_t in[] = {'a', 'Z', '0', '9', '_', 0xdf, 0xe9, 0x301, 0x5d0, 0x4e2d, 0xbd,
                                  0x1d400, 0x93f};
    static const uint32_t out[] = {' ', '-', '.', '@', '\'', 0xa0, 0xab, 0x2019, 0x3002, 0x20ac,
                                   0xfffd, 0x1f600, MW_LETTER_MAX};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) MW_CHECK(mw_letter_is_word(in[i]));
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) MW_CHECK(!mw_letter_is_word(out[i]));
}

static void add_u32(mw_sha256 *sha, uint32_t value) {
    for (int i = 0; i < 4; i++, value >>= 8) mw_sha256_add(sha, &(unsigned char){value & 0xff}, 1);
}

/* The digest is that of what Python's unicodedata 14.0.0 says of each character. */
MW_TEST(letters_are_all_as_python_knows_them) {
    char hex[MW_SHA256_HEX_SIZE + 1];
    mw_sha256 sha;
    mw_sha256_init(&sha);
    for (uint32_t letter = 0; letter <= MW_LETTER_MAX; letter++) {
        add_u32(&sha, mw_letter_is_word(letter));
        add_u32(&sha, mw_letter_lower(letter));
        add_u32(&sha, mw_letter_upper(letter));
    }
    mw_sha256_hex(&sha, hex);
    MW_CHECK_EQUAL_STR(hex, "35c80b0d19d8c6a14ab3bcf6d245a5d68a16c2449de36e789cb9ac8905e54d81");
    MW_CHECK(!mw_letter_is_word(MW_LETTER_MAX + 1) && !mw_letter_is_word(UINT32_MAX));
    MW_CHECK_EQUAL_INT(mw_letter_lower(UINT32_MAX), UINT32_MAX);
}

MW_TEST(letters_survive_their_bytes) {
    mw_buf buf;
    mw_buf_init(&buf, 16);
    for (uint32_t letter = 0; letter <= MW_LETTER_MAX; letter++) {
        if (letter >= 0xd800 && letter < 0xe000) continue; /* surrogates are no characters */
        mw_buf_clear(&buf);
        mw_letter_append(&buf, letter);
        mw_str rest = mw_buf_str(&buf);
        MW_CHECK_EQUAL_INT(mw_letter_take(&rest), letter);
        MW_CHECK_EQUAL_INT(rest.size, 0);
    }
    mw_buf_release(&buf);
}

/* Longer than needed, a surrogate, past the end, cut short, a continuation alone: byte by byte. */
MW_TEST(letters_take_bad_bytes_one_by_one) {
    static const char *const bad[] = {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
                                      "\x80", "\xff", "\xe2(\xa1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mw_str rest = mw_str_of(bad[i]);
        size_t size = rest.size;
        MW_CHECK_EQUAL_INT(mw_letter_take(&rest), MW_LETTER_NONE);
        MW_CHECK_EQUAL_INT(rest.size, size - 1);
    }
}

MW_TEST(letters_take_any_bytes_to_their_end) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 2000; round++) {
        char bytes[24];
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)mw_prng_next(&prng);
        mw_str rest = {bytes, (size_t)mw_prng_below(&prng, sizeof bytes)};
        while (rest.size > 0) {
            size_t before = rest.size;
            MW_CHECK(mw_letter_take(&rest) <= MW_LETTER_MAX);
            MW_CHECK(rest.size < before && before - rest.size <= 4);
        }
    }
}

MW_TEST(letters_know_well_formed_texts) {
    static const struct {
        mw_str text;
        bool is_well_formed;
    } cases[] = {{{"", 0}, true},
                 {{"plain\0text of more than eight", 30}, true},
                 {{"gr\xc3\xb6\xc3\x9f" "e \xf0\x9f\x99\x82", 12}, true},
                 {{"\xff", 1}, false},
                 {{"cut off \xc3", 9}, false},
                 {{"long form \xc0\x80", 12}, false},
                 {{"a surrogate \xed\xa0\x80", 15}, false},
                 {{"too great \xf4\x90\x80\x80", 14}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_INT(mw_letters_are_well_formed(cases[i].text), cases[i].is_well_formed);
}
