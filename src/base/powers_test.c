#include "base/powers.h"
#include "testing/test.h"

enum { LIMBS = 40, BITS = 32 * LIMBS };

/* An integer of many bits, the lowest first. */
typedef struct {
    uint32_t limbs[LIMBS];
} big;

static void multiply(big *b, uint32_t factor) {
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (uint64_t)b->limbs[i] * factor;
        b->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    MW_CHECK_EQUAL_INT(carry, 0);
}

static void divide(big *b, uint32_t divisor) { /* rounding down, also when done again and again */
    uint64_t rest = 0;
    for (int i = LIMBS - 1; i >= 0; i--) {
        rest = rest << 32 | b->limbs[i];
        b->limbs[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
}

static bool bit(const big *b, int i) { return i >= 0 && b->limbs[i / 32] >> i % 32 & 1; }

/* The first 128 bits from the highest that is set, rounded up. */
static mw_power leading(const big *b, bool is_exact) {
    int top = BITS - 1;
    while (!bit(b, top)) top--;
    __uint128_t value = 0;
    for (int i = 0; i < 128; i++) value = value << 1 | bit(b, top - i);
    bool rest = !is_exact;
    for (int i = 0; i <= top - 128; i++) rest = rest || bit(b, i);
    value += rest;
    return (mw_power){(uint64_t)(value >> 64), (uint64_t)value};
}

static void check(int k, const big *b, bool is_exact) {
    mw_power expected = leading(b, is_exact), power = mw_power_of_ten(k);
    MW_CHECK(power.high == expected.high && power.low == expected.low);
    MW_CHECK(power.high >> 63 == 1);
}

MW_TEST(powers_are_those_of_ten) {
    big up = {{1}}, down = {{0}};
    down.limbs[LIMBS - 1] = 1; /* 2^1248: 278 bits more than 10^292 has */
    check(0, &up, true);
    for (int k = 1; k <= MW_POWER_MAX; k++) {
        multiply(&up, 10);
        check(k, &up, true);
    }
    for (int k = -1; k >= MW_POWER_MIN; k--) {
        divide(&down, 10);
        check(k, &down, false);
    }
}
