#include "base/shortest.h"

#include "base/powers.h"
#include "base/status.h"

#include <math.h>
#include <string.h>

enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1075, DIGITS_MAX = 17, PLAIN_DIGITS = 15 };

/* digits * 10^exponent */
typedef struct {
    uint64_t digits;
    int exponent;
} decimal;

/* The product of `value` with a power's 128 bits over 2^128, whose bits past the point are kept
   as one that is set if any was: enough to compare with integers. The power is rounded up by less
   than one, which shows in the lowest bit before these at most, and is left out. */
static uint64_t multiply_to_odd(mw_power power, uint64_t value) {
    __uint128_t low = (__uint128_t)power.low * value;
    __uint128_t high = (__uint128_t)power.high * value + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* floor(log10(2^e)), or floor(log10(3/4 * 2^e)); for any exponent of a double. */
static int floor_log10(int e, bool of_three_quarters) {
    return (e * 1262611 - (of_three_quarters ? 524031 : 0)) >> 22;
}

static int floor_log2_of_power(int k) { return (k * 1741647) >> 19; } /* floor(log2(10^k)) */

/* The decimal for c * 2^q. The interval that rounds to it reaches half a step to both sides, but
   a quarter below where steps become finer (`is_edge`); its ends belong to it if c is even. All
   of it is taken four times, so that halves and quarters of steps are integers. */
static decimal shortest(uint64_t c, int q, bool is_edge) {
    int k = floor_log10(q, is_edge);
    int shift = q + floor_log2_of_power(-k) + 1;
    mw_power power = mw_power_of_ten(-k);
    uint64_t is_open = c & 1;
    uint64_t value = multiply_to_odd(power, (4 * c) << shift);
    uint64_t lower = multiply_to_odd(power, (4 * c - 2 + is_edge) << shift) + is_open;
    uint64_t upper = multiply_to_odd(power, (4 * c + 2) << shift) - is_open;

    uint64_t fine = value / 4, coarse = fine / 10;
    bool below = lower <= 40 * coarse, above = 40 * coarse + 40 <= upper;
    if (fine >= 10 && below != above) return (decimal){coarse + above, k + 1};
    below = lower <= 4 * fine;
    above = 4 * fine + 4 <= upper;
    if (below != above) return (decimal){fine + above, k};
    uint64_t middle = 4 * fine + 2;
    bool up = value > middle || (value == middle && (fine & 1));
    return (decimal){fine + up, k};
}

/* Of a positive finite value. */
static decimal decimal_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t fraction = bits & ((UINT64_C(1) << FRACTION_BITS) - 1);
    int biased = (int)(bits >> FRACTION_BITS);
    bool is_normal = biased != 0;
    uint64_t c = is_normal ? fraction | UINT64_C(1) << FRACTION_BITS : fraction;
    decimal d = shortest(c, (is_normal ? biased : 1) - EXPONENT_BIAS,
                         fraction == 0 && biased > 1);
    while (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/* Writes the digits so that they end before `end`; where they begin. */
static char *write_digits(uint64_t value, char *end) {
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    while (value >= 100) {
        end -= 2;
        memcpy(end, pairs + 2 * (value % 100), 2);
        value /= 100;
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, pairs + 2 * value, 2);
    } else {
        *--end = (char)('0' + value);
    }
    return end;
}

size_t mw_int_write(long long value, char out_text[MW_DOUBLE_TEXT_SIZE]) {
    char digits[MW_DOUBLE_TEXT_SIZE], *end = digits + sizeof digits;
    uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *begin = write_digits(size, end);
    if (value < 0) *--begin = '-';
    memcpy(out_text, begin, (size_t)(end - begin));
    return (size_t)(end - begin);
}

static char *put(char *at, const char *bytes, int size) {
    memcpy(at, bytes, (size_t)size);
    return at + size;
}

static char *put_zeros(char *at, int count) {
    memset(at, '0', (size_t)count);
    return at + count;
}

/* "12.5", "0.00125", "1250000": `point` digits stand before the point. */
static char *write_plain(char *at, const char *digits, int count, int point) {
    if (point >= count) return put_zeros(put(at, digits, count), point - count);
    if (point > 0) {
        at = put(at, digits, point);
        *at++ = '.';
        return put(at, digits + point, count - point);
    }
    at = put_zeros(put(at, "0.", 2), -point);
    return put(at, digits, count);
}

/* "1.25e-7" */
static char *write_scientific(char *at, const char *digits, int count, int exponent) {
    *at++ = digits[0];
    if (count > 1) *at++ = '.';
    at = put(at, digits + 1, count - 1);
    *at++ = 'e';
    *at++ = exponent < 0 ? '-' : '+';
    char text[8], *end = text + sizeof text;
    const char *begin = write_digits((uint64_t)(exponent < 0 ? -exponent : exponent), end);
    return put(at, begin, (int)(end - begin));
}

size_t mw_double_write(double value, char out_text[MW_DOUBLE_TEXT_SIZE]) {
    if (!isfinite(value)) return 0;
    if (fabs(value) < 0x1p53 && value == trunc(value)) /* exact as an integer */
        return mw_int_write((long long)value, out_text);
    char text[MW_DOUBLE_TEXT_SIZE], *end = text + sizeof text, *at = out_text;
    decimal d = decimal_of(fabs(value));
    const char *digits = write_digits(d.digits, end);
    int count = (int)(end - digits), exponent = d.exponent + count - 1; /* of the first digit */
    MW_ASSERT(count <= DIGITS_MAX);
    if (value < 0) *at++ = '-';
    bool is_plain = exponent >= -4 && exponent < (count > PLAIN_DIGITS ? count : PLAIN_DIGITS);
    at = is_plain ? write_plain(at, digits, count, exponent + 1)
                  : write_scientific(at, digits, count, exponent);
    return (size_t)(at - out_text);
}
