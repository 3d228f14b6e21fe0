#include "monitor/drift_watch.h"

#include <math.h>
#include <string.h>

#include "stat/distance.h"

#define DAY_CELLS_MAX ((size_t)1 << 36)
enum { WEEK_DAYS = 7 };

/* Rows are features, then the prediction: `width` cells. */
typedef struct {
    mw_cell *cells;
    size_t cell_capacity;
    int64_t *times;
    size_t time_capacity;
    size_t row_count;
    uint64_t *counts;       /* by the bins of the present profile */
    uint64_t counted_count; /* rows in `counts` */
} day;

struct mw_drift_watch {
    const mw_profile *profile;
    size_t width;
    day days[MW_DRIFT_DAYS]; /* a ring; days[today] is filled */
    size_t today;
    uint64_t *counts; /* the sum of the days' */
    uint64_t counted_count;
    int64_t since;
};

mw_status mw_drift_watch_create(size_t feature_count, mw_drift_watch **out_watch, mw_error *err) {
    mw_drift_watch *watch = mw_allocate(sizeof *watch);
    if (!watch) return mw_fail(err, MW_NO_MEMORY, "drift: no memory");
    watch->width = feature_count + 1;
    *out_watch = watch;
    return MW_OK;
}

void mw_drift_watch_destroy(mw_drift_watch *watch) {
    if (!watch) return;
    for (size_t i = 0; i < MW_DRIFT_DAYS; i++) {
        mw_free(watch->days[i].cells);
        mw_free(watch->days[i].times);
        mw_free(watch->days[i].counts);
    }
    mw_free(watch->counts);
    mw_free(watch);
}

static void count_row(mw_drift_watch *watch, day *of, const mw_cell *row) {
    for (size_t i = 0; i < watch->width; i++) {
        size_t bin = mw_profile_bin(watch->profile, i, row[i]);
        of->counts[bin]++;
        watch->counts[bin]++;
    }
    of->counted_count++;
    watch->counted_count++;
}

static mw_status make_counters(mw_drift_watch *watch, size_t bin_count, mw_error *err) {
    uint64_t *made[MW_DRIFT_DAYS + 1];
    size_t count = 0;
    while (count <= MW_DRIFT_DAYS && (made[count] = mw_allocate(bin_count * sizeof **made)))
        count++;
    if (count <= MW_DRIFT_DAYS) {
        while (count > 0) mw_free(made[--count]);
        return mw_fail(err, MW_NO_MEMORY, "drift: no memory for %zu bins", bin_count);
    }
    for (size_t i = 0; i < MW_DRIFT_DAYS; i++) {
        mw_free(watch->days[i].counts);
        watch->days[i].counts = made[i];
        watch->days[i].counted_count = 0;
    }
    mw_free(watch->counts);
    watch->counts = made[MW_DRIFT_DAYS];
    watch->counted_count = 0;
    return MW_OK;
}

mw_status mw_drift_watch_begin(mw_drift_watch *watch, const mw_profile *profile, int64_t since,
                               mw_error *err) {
    MW_ASSERT(mw_profile_column_count(profile) == watch->width);
    MW_TRY(make_counters(watch, mw_profile_bin_count(profile), err));
    watch->profile = profile;
    watch->since = since;
    for (size_t d = 0; d < MW_DRIFT_DAYS; d++) {
        day *past = &watch->days[d];
        for (size_t i = 0; i < past->row_count; i++)
            if (past->times[i] >= since) count_row(watch, past, past->cells + i * watch->width);
    }
    return MW_OK;
}

mw_status mw_drift_watch_add(mw_drift_watch *watch, int64_t time, const mw_cell *features,
                             double prediction, mw_error *err) {
    MW_ASSERT(watch->profile != NULL);
    day *today = &watch->days[watch->today];
    MW_ASSERT(today->row_count == 0 || today->times[today->row_count - 1] <= time);
    size_t used = today->row_count * watch->width;
    if (!mw_grow((void **)&today->cells, &today->cell_capacity, used + watch->width,
                 sizeof *today->cells, DAY_CELLS_MAX) ||
        !mw_grow((void **)&today->times, &today->time_capacity, today->row_count + 1,
                 sizeof *today->times, DAY_CELLS_MAX))
        return mw_fail(err, MW_NO_MEMORY, "drift: no memory for the rows of a day");
    mw_cell *row = today->cells + used;
    memcpy(row, features, (watch->width - 1) * sizeof *row);
    row[watch->width - 1] = mw_cell_number(prediction);
    today->times[today->row_count++] = time;
    if (time >= watch->since) count_row(watch, today, row);
    return MW_OK;
}

void mw_drift_watch_end_day(mw_drift_watch *watch) {
    MW_ASSERT(watch->profile != NULL);
    watch->today = (watch->today + 1) % MW_DRIFT_DAYS;
    day *oldest = &watch->days[watch->today];
    size_t bin_count = mw_profile_bin_count(watch->profile);
    for (size_t b = 0; b < bin_count; b++) watch->counts[b] -= oldest->counts[b];
    watch->counted_count -= oldest->counted_count;
    memset(oldest->counts, 0, bin_count * sizeof *oldest->counts);
    oldest->counted_count = 0;
    oldest->row_count = 0;
}

double mw_drift_watch_column(const mw_drift_watch *watch, size_t column) {
    MW_ASSERT(watch->profile != NULL);
    if (watch->counted_count < MW_DRIFT_ROWS_MIN) return NAN;
    const mw_profile_column *bins = mw_profile_column_at(watch->profile, column);
    return mw_drift(mw_profile_counts(watch->profile) + bins->first_bin,
                    watch->counts + bins->first_bin, bins->bin_count);
}

double mw_drift_watch_stability(const mw_drift_watch *watch, size_t column) {
    MW_ASSERT(watch->profile != NULL);
    if (watch->counted_count < MW_DRIFT_ROWS_MIN) return NAN;
    const mw_profile_column *bins = mw_profile_column_at(watch->profile, column);
    return mw_population_stability(mw_profile_counts(watch->profile) + bins->first_bin,
                                   watch->counts + bins->first_bin, bins->bin_count);
}

/* A week that begins before the oldest day that is kept is shorter. */
mw_status mw_drift_watch_week(const mw_drift_watch *watch, size_t column, size_t days_ago,
                              double *out_drift, mw_error *err) {
    MW_ASSERT(watch->profile != NULL && days_ago < MW_DRIFT_DAYS);
    const mw_profile_column *bins = mw_profile_column_at(watch->profile, column);
    uint64_t row_count = 0;
    uint64_t *counts = mw_allocate(bins->bin_count * sizeof *counts);
    if (!counts) return mw_fail(err, MW_NO_MEMORY, "drift: no memory for a week's counts");
    for (size_t ago = days_ago; ago < days_ago + WEEK_DAYS && ago < MW_DRIFT_DAYS; ago++) {
        const day *of = &watch->days[(watch->today + MW_DRIFT_DAYS - ago) % MW_DRIFT_DAYS];
        for (size_t b = 0; b < bins->bin_count; b++) counts[b] += of->counts[bins->first_bin + b];
        row_count += of->counted_count;
    }
    double drift = NAN;
    if (row_count >= MW_DRIFT_ROWS_MIN)
        drift = mw_drift(mw_profile_counts(watch->profile) + bins->first_bin, counts,
                         bins->bin_count);
    mw_free(counts);
    *out_drift = drift;
    return MW_OK;
}

mw_drift_summary mw_drift_watch_read(const mw_drift_watch *watch) {
    mw_drift_summary summary = {.max = NAN,
                                .prediction = mw_drift_watch_column(watch, watch->width - 1),
                                .row_count = watch->counted_count};
    for (size_t i = 0; i + 1 < watch->width; i++) {
        double drift = mw_drift_watch_column(watch, i);
        if (!(drift > summary.max || isnan(summary.max))) continue;
        summary.max = drift;
        summary.max_column = i;
    }
    return summary;
}

const uint64_t *mw_drift_watch_counts(const mw_drift_watch *watch) {
    return watch->counts;
}
