#include "project/utf8.h"

#include <string.h>

#include "testing/test.h"

MW_TEST(utf8_finds_the_first_bad_byte) {
    static const struct {
        mw_str bytes;
        size_t bad;
    } cases[] = {
        {{"plain\ttext\r\n", 12}, 12},
        {{"\xc3\xbc\xe2\x82\xac\xf0\x9f\x9b\xab", 9}, 9}, /* two, three and four bytes */
        {{"\xee\x80\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf", 10}, 10},
        {{"a\x00z", 3}, 1}, /* a control character */
        {{"a\x7f", 2}, 1},
        {{"ab\xff", 3}, 2},   /* never a first byte */
        {{"\x80", 1}, 0},     /* a continuation alone */
        {{"\xc0\xaf", 2}, 0}, /* overlong */
        {{"\xe0\x9f\xbf", 3}, 0},
        {{"\xf0\x8f\xbf\xbf", 4}, 0},
        {{"\xed\xa0\x80", 3}, 0},     /* a surrogate */
        {{"\xf4\x90\x80\x80", 4}, 0}, /* past U+10FFFF */
        {{"x\xe2\x82", 3}, 1},        /* cut off */
        {{"\xe2\x82y", 3}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        MW_CHECK_EQUAL_INT(mw_utf8_find_bad(cases[i].bytes), cases[i].bad);
}

MW_TEST(utf8_cuts_between_characters) {
    mw_str text = MW_STR("a\xc3\xbc\xe2\x82\xac");
    MW_CHECK_EQUAL_INT(mw_utf8_cut(text, 9).size, 6);
    MW_CHECK_EQUAL_INT(mw_utf8_cut(text, 5).size, 3);
    MW_CHECK_EQUAL_INT(mw_utf8_cut(text, 3).size, 3);
    MW_CHECK_EQUAL_INT(mw_utf8_cut(text, 2).size, 1);
    MW_CHECK_EQUAL_INT(mw_utf8_cut(text, 0).size, 0);
}

MW_TEST(utf8_shows_what_neither_breaks_a_line_nor_is_obeyed) {
    static char longer[MW_SHOWN_SIZE_MAX * 2];
    for (size_t i = 0; i < sizeof longer; i += 2) memcpy(longer + i, "\xc3\xbc", 2);
    MW_CHECK_EQUAL_STR(mw_str_of(mw_utf8_show(MW_STR("\xc3\xbc, 'b'")).text), "\xc3\xbc, 'b'");
    MW_CHECK_EQUAL_STR(mw_str_of(mw_utf8_show(MW_STR("a\nb\x1b[2J\x7f")).text), "a?b?[2J?");
    MW_CHECK_EQUAL_STR(mw_str_of(mw_utf8_show(MW_STR("\xc2\x9b, \xc2\xa0")).text), "?, \xc2\xa0");
    mw_shown shown = mw_utf8_show((mw_str){longer, sizeof longer});
    MW_CHECK_EQUAL_INT(strlen(shown.text), MW_SHOWN_SIZE_MAX + 3);
    MW_CHECK(mw_str_ends(mw_str_of(shown.text), MW_STR("\xbc...")));
    MW_CHECK_EQUAL_STR(mw_str_of(mw_utf8_show(MW_STR("")).text), "");
}
