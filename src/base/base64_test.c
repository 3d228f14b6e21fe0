#include "base/base64.h"

#include "base/prng.h"
#include "testing/test.h"

/* RFC 4648, section 10. */
MW_TEST(base64_gives_the_texts_of_the_standard) {
    static const char *const cases[][2] = {
        {"", ""},           {"f", "Zg=="},      {"fo", "Zm8="},        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf text;
        mw_buf_init(&text, 100);
        mw_base64_append(&text, mw_str_of(cases[i][0]));
        MW_CHECK_EQUAL_STR(mw_buf_str(&text), cases[i][1]);
        mw_buf_release(&text);
    }
}

MW_TEST(base64_survives_any_bytes) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 500; round++) {
        char bytes[64];
        size_t size = (size_t)mw_prng_below(&prng, sizeof bytes);
        mw_buf text, back;
        mw_buf_init(&text, 1000);
        mw_buf_init(&back, 1000);
        for (size_t i = 0; i < size; i++) bytes[i] = (char)mw_prng_next(&prng);
        mw_base64_append(&text, (mw_str){bytes, size});
        MW_CHECK(mw_base64_decode(mw_buf_str(&text), &back));
        MW_CHECK(mw_str_equal(mw_buf_str(&back), (mw_str){bytes, size}));
        mw_buf_release(&text);
        mw_buf_release(&back);
    }
}

MW_TEST(base64_takes_one_text_alone_for_bytes) {
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zm=v", "Zg==Zg==", "====",
                                      "Zm9 ", "Zm-v", "Z\xc3\xb6v", "=m9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mw_buf back;
        mw_buf_init(&back, 100);
        MW_CHECK(!mw_base64_decode(mw_str_of(bad[i]), &back));
        mw_buf_release(&back);
    }
}
