#include "serve/pulse.h"

#include <math.h>

#include "base/calendar.h"

enum {
    SLICES = 12,
    STEPS = 4,           /* buckets an octave */
    BUCKETS = 32 * STEPS /* up to 2^32 us, which is more than an hour */
};
#define SLICE_US (5 * MW_MINUTE_US)

typedef struct {
    int64_t number; /* of the slice of time that is counted here */
    uint64_t asked, refused, failed;
    uint32_t buckets[BUCKETS]; /* of the others */
} slice;

typedef struct {
    slice slices[SLICES];
} model_pulse;

struct mw_pulse {
    size_t model_count;
    model_pulse *models;
};

mw_status mw_pulse_create(size_t model_count, mw_pulse **out_pulse, mw_error *err) {
    mw_pulse *pulse = mw_allocate(sizeof *pulse);
    model_pulse *models = mw_allocate((model_count + 1) * sizeof *models);
    if (!pulse || !models) {
        mw_free(pulse);
        mw_free(models);
        return mw_fail(err, MW_NO_MEMORY, "pulse: no memory");
    }
    *pulse = (mw_pulse){model_count, models};
    *out_pulse = pulse;
    return MW_OK;
}

void mw_pulse_destroy(mw_pulse *pulse) {
    if (!pulse) return;
    mw_free(pulse->models);
    mw_free(pulse);
}

static size_t bucket_of(int64_t span_us) {
    if (span_us < 1) return 0;
    double position = STEPS * log2((double)span_us);
    return position < BUCKETS - 1 ? (size_t)position : BUCKETS - 1;
}

/* The middle of a bucket, by ratio. */
static double middle_of(size_t bucket) {
    return exp2(((double)bucket + 0.5) / STEPS);
}

void mw_pulse_answer(mw_pulse *pulse, size_t model, int code, int64_t span_us, int64_t now_us) {
    MW_ASSERT(model < pulse->model_count && now_us >= 0);
    int64_t number = now_us / SLICE_US;
    slice *now = &pulse->models[model].slices[number % SLICES];
    if (now->number != number) *now = (slice){.number = number};
    now->asked++;
    if (code >= 500) now->failed++;
    else if (code >= 400) now->refused++;
    else now->buckets[bucket_of(span_us)]++;
}

/* Nearest rank. */
static double quantile(const uint64_t *buckets, double p) {
    uint64_t count = 0, passed = 0;
    for (size_t b = 0; b < BUCKETS; b++) count += buckets[b];
    if (count == 0) return NAN;
    uint64_t rank = (uint64_t)ceil(p * (double)count);
    size_t b = 0;
    while (passed + buckets[b] < rank) passed += buckets[b++];
    return middle_of(b);
}

mw_pulse_reading mw_pulse_read(const mw_pulse *pulse, size_t model, int64_t now_us) {
    MW_ASSERT(model < pulse->model_count);
    int64_t number = now_us / SLICE_US;
    uint64_t buckets[BUCKETS] = {0};
    mw_pulse_reading reading = {.asked = 0};
    for (size_t i = 0; i < SLICES; i++) {
        const slice *of = &pulse->models[model].slices[i];
        if (of->number <= number - SLICES || of->number > number) continue;
        reading.asked += of->asked;
        reading.refused += of->refused;
        reading.failed += of->failed;
        for (size_t b = 0; b < BUCKETS; b++) buckets[b] += of->buckets[b];
    }
    reading.p50_us = quantile(buckets, 0.5);
    reading.p99_us = quantile(buckets, 0.99);
    return reading;
}
