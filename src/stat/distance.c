#include "stat/distance.h"

#include <math.h>

#define BITS_PER_NAT 1.4426950408889634 /* 1 / ln 2 */
#define EMPTY_COUNT 0.5                 /* added to each bin of a PSI */

typedef struct {
    double a, b;      /* examples on each side */
    double bin_count; /* bins that are not empty on both */
} totals;

static totals add_up(const uint64_t *a, const uint64_t *b, size_t bin_count) {
    totals t = {0};
    for (size_t i = 0; i < bin_count; i++) {
        t.a += (double)a[i];
        t.b += (double)b[i];
        t.bin_count += a[i] + b[i] > 0;
    }
    return t;
}

/* The part of a side that has the share p where the middle of both has m, in nats. */
static double divergence(double p, double m) {
    return p > 0 ? p * log(p / m) : 0;
}

double mw_jensen_shannon(const uint64_t *a, const uint64_t *b, size_t bin_count) {
    totals t = add_up(a, b, bin_count);
    if (t.a == 0 || t.b == 0) return NAN;
    double sum = 0;
    for (size_t i = 0; i < bin_count; i++) {
        double p = (double)a[i] / t.a, q = (double)b[i] / t.b, m = (p + q) / 2;
        sum += divergence(p, m) + divergence(q, m);
    }
    return sum / 2 * BITS_PER_NAT;
}

double mw_jensen_shannon_noise(const uint64_t *a, const uint64_t *b, size_t bin_count) {
    totals t = add_up(a, b, bin_count);
    if (t.a == 0 || t.b == 0) return NAN;
    return (t.bin_count - 1) / 8 * (1 / t.a + 1 / t.b) * BITS_PER_NAT;
}

double mw_drift(const uint64_t *a, const uint64_t *b, size_t bin_count) {
    double drift = mw_jensen_shannon(a, b, bin_count) - mw_jensen_shannon_noise(a, b, bin_count);
    return drift < 0 ? 0 : drift;
}

double mw_population_stability(const uint64_t *a, const uint64_t *b, size_t bin_count) {
    totals t = add_up(a, b, bin_count);
    if (t.a == 0 || t.b == 0) return NAN;
    double added = EMPTY_COUNT * t.bin_count, sum = 0;
    for (size_t i = 0; i < bin_count; i++) {
        if (a[i] + b[i] == 0) continue;
        double p = ((double)a[i] + EMPTY_COUNT) / (t.a + added);
        double q = ((double)b[i] + EMPTY_COUNT) / (t.b + added);
        sum += (p - q) * log(p / q);
    }
    return sum;
}
