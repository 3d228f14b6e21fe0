#include "base/hash.h"
#include "base/prng.h"
#include "testing/test.h"

#include <string.h>

static void check_sha256(const void *bytes, size_t size, const char *expected) {
    mw_sha256 sha;
    char hex[MW_SHA256_HEX_SIZE + 1];
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, bytes, size);
    mw_sha256_hex(&sha, hex);
    MW_CHECK_EQUAL_STR(hex, expected);
}

MW_TEST(sha256_gives_the_digests_of_the_standard) {
    check_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
                 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    static char million[1000000];
    memset(million, 'a', sizeof million);
    check_sha256(million, sizeof million,
                 "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

MW_TEST(sha256_does_not_see_how_its_input_was_cut) {
    unsigned char bytes[300];
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)mw_prng_next(&prng);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        unsigned char whole_digest[MW_SHA256_SIZE], cut_digest[MW_SHA256_SIZE];
        mw_sha256 whole, cut;
        mw_sha256_init(&whole);
        mw_sha256_init(&cut);
        mw_sha256_add(&whole, bytes, size);
        for (size_t at = 0; at < size;) {
            size_t step = 1 + mw_prng_below(&prng, size - at);
            mw_sha256_add(&cut, bytes + at, step);
            at += step;
        }
        mw_sha256_bytes(&whole, whole_digest);
        mw_sha256_bytes(&cut, cut_digest);
        MW_CHECK(memcmp(whole_digest, cut_digest, MW_SHA256_SIZE) == 0);
    }
}

MW_TEST(sha256_of_texts_tells_their_borders) {
    char first[MW_SHA256_HEX_SIZE + 1], second[MW_SHA256_HEX_SIZE + 1];
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, MW_STR("ab"));
    mw_sha256_add_str(&sha, MW_STR("c"));
    mw_sha256_hex(&sha, first);
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, MW_STR("a"));
    mw_sha256_add_str(&sha, MW_STR("bc"));
    mw_sha256_hex(&sha, second);
    MW_CHECK(strcmp(first, second) != 0);
}

/* The definition, bit by bit. */
static uint32_t crc32c_plain(const unsigned char *bytes, size_t size) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    return ~crc;
}

MW_TEST(crc32c_gives_the_published_values) {
    unsigned char bytes[32] = {0};
    MW_CHECK_EQUAL_INT(mw_crc32c(0, "123456789", 9), 0xe3069283);
    MW_CHECK_EQUAL_INT(mw_crc32c(0, bytes, 32), 0x8a9136aa); /* RFC 3720, B.4 */
    memset(bytes, 0xff, sizeof bytes);
    MW_CHECK_EQUAL_INT(mw_crc32c(0, bytes, 32), 0x62a8ab43);
    MW_CHECK_EQUAL_INT(mw_crc32c(0, "", 0), 0);
}

MW_TEST(crc32c_agrees_with_its_definition_however_cut) {
    unsigned char bytes[257];
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)mw_prng_next(&prng);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        size_t cut = mw_prng_below(&prng, size + 1);
        uint32_t crc = mw_crc32c(mw_crc32c(0, bytes, cut), bytes + cut, size - cut);
        MW_CHECK_EQUAL_INT(crc, crc32c_plain(bytes, size));
    }
}

MW_TEST(hash_spreads_neighbours_over_all_buckets) {
    enum { KEYS = 64000, BUCKETS = 64 };
    int by_number[BUCKETS] = {0}, by_bytes[BUCKETS] = {0}, by_pair[BUCKETS] = {0};
    for (uint64_t key = 0; key < KEYS; key++) {
        by_number[mw_hash_u64(key) % BUCKETS]++;
        by_bytes[mw_hash_bytes(&key, sizeof key) % BUCKETS]++;
        by_pair[mw_hash_join(key / 250, key % 250) % BUCKETS]++;
    }
    for (int i = 0; i < BUCKETS; i++) { /* 6 standard deviations around 1000 */
        MW_CHECK(by_number[i] > 810 && by_number[i] < 1190);
        MW_CHECK(by_bytes[i] > 810 && by_bytes[i] < 1190);
        MW_CHECK(by_pair[i] > 810 && by_pair[i] < 1190);
    }
}

MW_TEST(hash_sees_every_byte_and_the_size) {
    unsigned char bytes[40] = {0};
    uint64_t seen[41];
    for (size_t size = 0; size <= sizeof bytes; size++) {
        seen[size] = mw_hash_bytes(bytes, size);
        for (size_t i = 0; i < size; i++) {
            MW_CHECK(seen[i] != seen[size]);
            bytes[i] = 1;
            MW_CHECK(mw_hash_bytes(bytes, size) != seen[size]);
            bytes[i] = 0;
        }
    }
}

MW_TEST(hash_compresses_as_its_plain_twin_does) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 2000; round++) {
        uint32_t state[8];
        unsigned char block[64];
        for (int i = 0; i < 8; i++) state[i] = (uint32_t)mw_prng_next(&prng);
        for (int i = 0; i < 64; i++) block[i] = (unsigned char)mw_prng_next(&prng);
        MW_CHECK(mw_sha256_compress_agree(state, block));
    }
}

/* The expected values are those of scikit-learn's murmurhash3_32. */
MW_TEST(murmur3_is_the_one_that_others_have) {
    MW_CHECK_EQUAL_INT(mw_murmur3("", 0), 0);
    MW_CHECK_EQUAL_INT(mw_murmur3("a", 1), 1009084850);
    MW_CHECK_EQUAL_INT(mw_murmur3("invoice", 7), 1742945020);
    MW_CHECK_EQUAL_INT(mw_murmur3("past due", 8), 1520180347);
    MW_CHECK_EQUAL_INT(mw_murmur3("gr\xc3\xb6\xc3\x9f" "er", 8), 3595530982);
}
