#include "serve/repeated_head.h"

#include "testing/test.h"

#define HEAD "POST / HTTP/1.1\r\nContent-Length: 12\r\nHost: h\r\n\r\n"
#define NO_BODY "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

static mw_repeated_head keep(mw_str head, const char *length) {
    mw_repeated_head kept;
    mw_repeated_head_init(&kept);
    const char *at = length ? strstr(head.data, length) : NULL;
    mw_repeated_head_keep(&kept, head, (mw_str){at, length ? strlen(length) : 0});
    return kept;
}

MW_TEST(repeated_head_fits_but_for_the_digits_of_its_length) {
    static const struct {
        const char *bytes, *body; /* NULL: it does not fit */
    } cases[] = {
        {HEAD "{\"a\": \"bc\"} and more", "{\"a\": \"bc\"} "},
        {"POST / HTTP/1.1\r\nContent-Length: 03\r\nHost: h\r\n\r\nabc", "abc"},
        {"POST / HTTP/1.1\r\nContent-Length: 00\r\nHost: h\r\n\r\nabc", ""},
        {HEAD "eleven byte", NULL},
        {"POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: h\r\n\r\nabc", NULL},
        {"POST / HTTP/1.1\r\nContent-Length: +3\r\nHost: h\r\n\r\nabc", NULL},
        {"POST / HTTP/1.1\r\nContent-Length: 3 \r\nHost: h\r\n\r\nabc", NULL},
        {"POST / HTTP/1.1\r\nContent-Length: 0a\r\nHost: h\r\n\r\nabc", NULL},
        {"POST / HTTP/1.1\r\nContent-length: 03\r\nHost: h\r\n\r\nabc", NULL},
        {"POST / HTTP/1.1\r\nContent-Length: 03\r\nHost: i\r\n\r\nabc", NULL},
        {"PUT / HTTP/1.1\r\nContent-Length: 03\r\nHost: h\r\n\r\nabc", NULL},
        {"POST / HTTP/1.1\r\nContent-Length: 03\r\nHost: h\r\n\r", NULL},
        {"", NULL},
    };
    mw_repeated_head kept = keep(MW_STR(HEAD), "12");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_str body;
        bool fits = mw_repeated_head_fits(&kept, mw_str_of(cases[i].bytes), &body);
        MW_CHECK_EQUAL_INT(fits, cases[i].body != NULL);
        if (fits) MW_CHECK_EQUAL_STR(body, cases[i].body);
    }
    mw_repeated_head_release(&kept);
}

MW_TEST(repeated_head_may_have_no_body) {
    mw_str body;
    mw_repeated_head kept = keep(MW_STR(NO_BODY), NULL);
    MW_CHECK(mw_repeated_head_fits(&kept, MW_STR(NO_BODY "GET"), &body));
    MW_CHECK_EQUAL_INT(body.size, 0);
    mw_repeated_head_forget(&kept);
    MW_CHECK(!mw_repeated_head_fits(&kept, MW_STR(NO_BODY), &body));
    mw_repeated_head_release(&kept);
}

MW_TEST(repeated_head_is_not_kept_if_it_is_long_or_odd) {
    char text[MW_REPEATED_HEAD_SIZE_MAX + 1];
    mw_str body, head = {text, sizeof text};
    memset(text, 'a', sizeof text);
    mw_repeated_head kept = keep(head, NULL);
    MW_CHECK(!mw_repeated_head_fits(&kept, head, &body));
    mw_repeated_head_release(&kept);
    kept = keep(MW_STR("Content-Length: 1234567890\r\n\r\n"), "1234567890");
    MW_CHECK(!mw_repeated_head_fits(&kept, MW_STR("Content-Length: 0000000000\r\n\r\n"), &body));
    mw_repeated_head_release(&kept);
    kept = keep(MW_STR("Content-Length: 1 \r\n\r\n"), "1 ");
    MW_CHECK(!mw_repeated_head_fits(&kept, MW_STR("Content-Length: 1 \r\n\r\n."), &body));
    mw_repeated_head_release(&kept);
}
