/*
 * drift_watch: how far live rows have moved from those that a version was trained on.
 *
 * Compares the champion's profile (stat/profile.h) with the rows of the last 30 days, or of the
 * time since its training, if that is shorter. Rows and their counts are kept by day in a ring:
 * a day leaves by subtracting its counts, whatever it held. A new champion has other bins, so
 * the rows that count for it are counted again.
 *
 * A row costs a look-up in each column. Memory: 30 days of rows, 8 bytes a cell; whoever has more
 * rows than memory gives it a sample, for drift is about shares. One thread.
 */
#pragma once
#include "stat/profile.h"

enum { MW_DRIFT_DAYS = 30, MW_DRIFT_ROWS_MIN = 100 };

typedef struct mw_drift_watch mw_drift_watch;

MW_MUST_USE mw_status mw_drift_watch_create(size_t feature_count, mw_drift_watch **out_watch,
                                            mw_error *err);
void mw_drift_watch_destroy(mw_drift_watch *watch);

/* A version answers that was trained at `since`: rows from then on are held against its profile,
   which has a column a feature and one for the prediction, and outlives its use here. */
MW_MUST_USE mw_status mw_drift_watch_begin(mw_drift_watch *watch, const mw_profile *profile,
                                           int64_t since, mw_error *err);
/* A row of today, with what was predicted from it. Times never go back. */
MW_MUST_USE mw_status mw_drift_watch_add(mw_drift_watch *watch, int64_t time,
                                         const mw_cell *features, double prediction,
                                         mw_error *err);
/* The day is over; the oldest of 30 leaves. */
void mw_drift_watch_end_day(mw_drift_watch *watch);

typedef struct {
    double max;         /* of the features; NaN under MW_DRIFT_ROWS_MIN rows */
    size_t max_column;  /* the feature that has it */
    double prediction;  /* NaN too if the version's profile has no predictions */
    uint64_t row_count; /* that were held against the profile */
} mw_drift_summary;
mw_drift_summary mw_drift_watch_read(const mw_drift_watch *watch);
/* Of one column (the prediction is the last): Jensen-Shannon less noise, and PSI. */
double mw_drift_watch_column(const mw_drift_watch *watch, size_t column);
double mw_drift_watch_stability(const mw_drift_watch *watch, size_t column);
/* The drift of a column in the week that ended so many days ago, 0 being today: how it came. */
MW_MUST_USE mw_status mw_drift_watch_week(const mw_drift_watch *watch, size_t column,
                                          size_t days_ago, double *out_drift, mw_error *err);
/* The live counts, by the profile's bins. */
const uint64_t *mw_drift_watch_counts(const mw_drift_watch *watch);
