#include "ingest/heading.h"

#include "testing/test.h"

static mw_status read_heading(mw_str text, mw_arena *arena, mw_heading *heading, mw_error *err) {
    mw_arena_release(arena);
    mw_arena_init(arena, 1 << 22);
    return mw_heading_read(text, arena, heading, err);
}

/* The names with a | between, after the delimiter. */
static void check_heading(mw_str text, const char *expected) {
    mw_arena arena;
    mw_heading heading;
    mw_error err;
    mw_buf found;
    mw_arena_init(&arena, 1);
    mw_buf_init(&found, 10000);
    MW_CHECK_OK(read_heading(text, &arena, &heading, &err), &err);
    mw_buf_append_char(&found, heading.form.delimiter);
    for (size_t i = 0; i < heading.count; i++)
        mw_buf_printf(&found, "|%.*s", MW_STR_ARGS(heading.names[i]));
    MW_CHECK_EQUAL_STR(mw_buf_str(&found), expected);
    mw_buf_release(&found);
    mw_arena_release(&arena);
}

MW_TEST(heading_finds_delimiter_and_names) {
    check_heading(MW_STR("a,b,c\n1,2,3\n"), ",|a|b|c");
    check_heading(MW_STR("\xef\xbb\xbf" "a;b,c;d\r\n"), ";|a|b,c|d");
    check_heading(MW_STR("a\tb"), "\t|a|b");
    check_heading(MW_STR("one\n1;2;3\n"), ",|one");
    check_heading(MW_STR("\"a;b;c\",\"say \"\"x\"\"\",\"two\nlines\"\n"),
                  ",|a;b;c|say \"x\"|two\nlines");
    check_heading(MW_STR(",b, c \n"), ",|column1|b| c ");
    check_heading(MW_STR("a,b,\n"), ",|a|b|column3");
    check_heading(MW_STR("a\"b\",c\n"), ",|a\"b\"|c");
    check_heading(MW_STR("\"\"\n1\n"), ",|column1");
}

MW_TEST(heading_tells_how_lines_end) {
    static const struct {
        mw_str text;
        size_t size;
        bool ends_by_return;
    } cases[] = {{{"a,b\n1,2\n", 8}, 4, false},   {{"a,b\r\n1,2\r\n", 10}, 5, false},
                 {{"a,b\r1,2\r", 8}, 4, true},    {{"\xef\xbb\xbf" "a\n1", 6}, 5, false},
                 {{"\"a\r\nb\"\n1\n", 9}, 7, false}, {{"a,b", 3}, 3, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_arena arena;
        mw_heading heading;
        mw_error err;
        mw_arena_init(&arena, 1);
        MW_CHECK_OK(read_heading(cases[i].text, &arena, &heading, &err), &err);
        MW_CHECK_EQUAL_INT(heading.size, cases[i].size);
        MW_CHECK_EQUAL_INT(heading.form.ends_by_return, cases[i].ends_by_return);
        mw_arena_release(&arena);
    }
}

MW_TEST(heading_refuses_what_is_none) {
    static const struct {
        mw_str text;
        const char *message;
    } cases[] = {
        {{"a,\"b\n1,2\n", 9}, "heading: a quote is not closed"},
        {{"a\0,b\n", 5}, "heading: must be text in UTF-8, got a zero byte"},
        {{" \r\n1\n", 5}, "heading: must name the columns, is blank"},
        {{"", 0}, "heading: must name the columns, is blank"},
        {{"a,b,a\n", 6}, "each column needs a name of its own, got a twice"},
    };
    mw_arena arena;
    mw_heading heading;
    mw_error err;
    mw_arena_init(&arena, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        MW_CHECK_STATUS(read_heading(cases[i].text, &arena, &heading, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), cases[i].message);
    }
    mw_buf wide;
    mw_buf_init(&wide, 1 << 21);
    for (int i = 0; i < 5000; i++) mw_buf_printf(&wide, "%d,", i);
    MW_CHECK_STATUS(read_heading(mw_buf_str(&wide), &arena, &heading, &err), MW_INVALID);
    while (wide.size < MW_HEADING_SIZE_MAX) mw_buf_append_char(&wide, 'x');
    MW_CHECK_STATUS(read_heading(mw_buf_str(&wide), &arena, &heading, &err), MW_INVALID);
    mw_buf_release(&wide);
    mw_arena_release(&arena);
}
