#include "base/keyed_hash.h"

#include <stdio.h>
#include <string.h>

#include "testing/test.h"

/* The authors' own vectors: key 00 01 .. 0f, input 00 01 .. of each size. */
MW_TEST(keyed_hash_is_siphash) {
    static const struct {
        size_t size;
        const char *hex;
    } cases[] = {{0, "a3817f04ba25a8e66df67214c7550293"},
                 {1, "da87c1d86b99af44347659119b22fc45"},
                 {8, "3b62a9ba6258f5610f83e264f31497b4"},
                 {15, "5493e99933b0a8117e08ec0f97cfc3d9"},
                 {63, "5150d1772f50834a503e069a973fbd7c"}};
    mw_hash_key key = {{UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};
    unsigned char input[64];
    for (size_t i = 0; i < sizeof input; i++) input[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_keyed_hash hash = mw_hash_with_key(key, input, cases[i].size);
        char hex[33];
        for (int b = 0; b < 16; b++)
            snprintf(hex + 2 * b, 3, "%02x", (unsigned)(hash.words[b / 8] >> (8 * (b % 8)) & 255));
        MW_CHECK(strcmp(hex, cases[i].hex) == 0);
    }
}

MW_TEST(keyed_hash_goes_by_its_key) {
    mw_keyed_hash a = mw_hash_with_key((mw_hash_key){{1, 2}}, "text", 4);
    mw_keyed_hash b = mw_hash_with_key((mw_hash_key){{1, 3}}, "text", 4);
    MW_CHECK(a.words[0] != b.words[0] && a.words[1] != b.words[1]);
}
