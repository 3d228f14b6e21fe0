#include "serve/pulse.h"

#include <math.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/prng.h"
#include "testing/test.h"

enum { ANSWERS = 4000 };

typedef struct {
    int64_t at_us, span_us;
    int code;
} answer;

static int compare(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* The quantile of the answers of the slices that count, sorted out at length. */
static double naive_quantile(const answer *answers, size_t count, int64_t now_us, double p) {
    static double spans[ANSWERS];
    size_t kept = 0;
    int64_t from = (now_us / (5 * MW_MINUTE_US) - 11) * 5 * MW_MINUTE_US;
    for (size_t i = 0; i < count; i++)
        if (answers[i].at_us >= from && answers[i].code < 400)
            spans[kept++] = (double)answers[i].span_us;
    if (kept == 0) return NAN;
    qsort(spans, kept, sizeof *spans, compare);
    return spans[(size_t)ceil(p * (double)kept) - 1];
}

static bool is_close(double a, double b) {
    return (isnan(a) && isnan(b)) || fabs(log2(a) - log2(b)) <= 0.125 + 1e-9;
}

MW_TEST(pulse_is_that_of_the_last_hour) {
    static answer answers[ANSWERS];
    uint64_t prng = mw_test_seed();
    mw_pulse *pulse = NULL;
    MW_CHECK_OK(mw_pulse_create(2, &pulse, NULL), NULL);
    int64_t now = 7 * MW_DAY_US;
    size_t silent = 0;
    for (size_t i = 0; i < ANSWERS; i++) {
        bool rests = mw_prng_below(&prng, 500) == 0;
        now += (int64_t)mw_prng_below(&prng, (uint64_t)(rests ? 3 * MW_HOUR_US : MW_MINUTE_US));
        if (rests) silent += isnan(mw_pulse_read(pulse, 1, now).p50_us) != 0;
        static const int codes[] = {200, 200, 200, 200, 422, 503};
        answers[i] = (answer){now, 1 + (int64_t)(exp2(20 * mw_prng_double(&prng))),
                              codes[mw_prng_below(&prng, 6)]};
        mw_pulse_answer(pulse, 1, answers[i].code, answers[i].span_us, now);
        if (i % 37 > 0) continue;
        mw_pulse_reading found = mw_pulse_read(pulse, 1, now);
        uint64_t asked = 0, refused = 0, failed = 0;
        int64_t from = (now / (5 * MW_MINUTE_US) - 11) * 5 * MW_MINUTE_US;
        for (size_t k = 0; k <= i; k++) {
            if (answers[k].at_us < from) continue;
            asked++;
            refused += answers[k].code == 422;
            failed += answers[k].code == 503;
        }
        MW_CHECK(found.asked == asked && found.refused == refused && found.failed == failed);
        MW_CHECK(is_close(found.p50_us, naive_quantile(answers, i + 1, now, 0.5)));
        MW_CHECK(is_close(found.p99_us, naive_quantile(answers, i + 1, now, 0.99)));
    }
    MW_CHECK(silent > 0);
    MW_CHECK(mw_pulse_read(pulse, 0, now).asked == 0); /* the other model was not asked */
    mw_pulse_destroy(pulse);
}

MW_TEST(pulse_takes_any_span) {
    mw_pulse *pulse = NULL;
    MW_CHECK_OK(mw_pulse_create(1, &pulse, NULL), NULL);
    static const int64_t spans[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
    for (size_t i = 0; i < 5; i++) mw_pulse_answer(pulse, 0, 200, spans[i], 0);
    mw_pulse_reading found = mw_pulse_read(pulse, 0, 1);
    MW_CHECK(found.asked == 5 && found.p50_us < 2 && found.p99_us > 3.6e9);
    mw_pulse_destroy(pulse);
}

static mw_status make(void *context) {
    (void)context;
    mw_pulse *pulse = NULL;
    MW_TRY(mw_pulse_create(3, &pulse, NULL));
    mw_pulse_destroy(pulse);
    return MW_OK;
}

MW_TEST(pulse_survives_the_failure_of_any_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(make, NULL) == 2);
}
