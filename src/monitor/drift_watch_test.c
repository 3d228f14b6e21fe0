#include "monitor/drift_watch.h"

#include <math.h>
#include <string.h>

#include "base/prng.h"
#include "stat/distance.h"
#include "testing/test.h"

enum { FEATURES = 3, WIDTH = FEATURES + 1, TRAINING = 2000, ROWS_MAX = 4000 };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_profile *profiles[2];
    mw_drift_watch *watch;
    uint64_t prng;
} fixture;

/* A number, a bool, a category, and the prediction; `shift` moves the number. */
static void draw(fixture *it, double shift, mw_cell row[WIDTH]) {
    static const char *const shops[] = {"a", "b", "c"};
    row[0] = mw_cell_number(mw_prng_double(&it->prng) + shift);
    row[1] = mw_cell_bool(mw_prng_below(&it->prng, 3) == 0);
    row[2].symbol = mw_symbols_intern(it->symbols, mw_str_of(shops[mw_prng_below(&it->prng, 3)]));
    row[3] = mw_cell_number(mw_prng_double(&it->prng));
    if (mw_prng_below(&it->prng, 20) == 0) row[0] = mw_cell_missing(MW_TYPE_NUMBER);
}

static const mw_profile *make_profile(fixture *it, double shift) {
    static const mw_type types[WIDTH] = {MW_TYPE_NUMBER, MW_TYPE_BOOL, MW_TYPE_CATEGORY,
                                         MW_TYPE_NUMBER};
    static const char *const names[WIDTH] = {"amount", "is_new", "shop", "prediction"};
    static mw_cell rows[TRAINING][WIDTH];
    mw_error err;
    mw_profile *profile;
    for (size_t i = 0; i < TRAINING; i++) draw(it, shift, rows[i]);
    MW_CHECK_OK(mw_profile_create(&it->arena, it->symbols, WIDTH, &profile, &err), &err);
    for (size_t c = 0; c < WIDTH; c++) {
        mw_column column = {&rows[0][c], WIDTH, TRAINING};
        MW_CHECK_OK(mw_profile_add(profile, mw_str_of(names[c]), types[c], column, &err), &err);
    }
    return profile;
}

static void make(fixture *it) {
    mw_error err;
    *it = (fixture){.prng = mw_test_seed()};
    mw_arena_init(&it->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &it->symbols, &err), &err);
    it->profiles[0] = make_profile(it, 0);
    it->profiles[1] = make_profile(it, 0.5);
    MW_CHECK_OK(mw_drift_watch_create(FEATURES, &it->watch, &err), &err);
}

static void release(fixture *it) {
    mw_drift_watch_destroy(it->watch);
    mw_symbols_destroy(it->symbols);
    mw_arena_release(&it->arena);
}

typedef struct {
    int64_t time;
    size_t day;
    mw_cell cells[WIDTH];
} kept_row;

/* All rows ever seen, and which of them count. */
typedef struct {
    const mw_profile *profile;
    kept_row rows[ROWS_MAX];
    size_t row_count, today;
    int64_t since;
} history;

/* The counts are what a plain recount says. */
static void check_counts(const fixture *it, const history *past) {
    uint64_t counts[256] = {0};
    uint64_t counted = 0;
    size_t bin_count = mw_profile_bin_count(past->profile);
    MW_CHECK(bin_count <= 256);
    for (size_t i = 0; i < past->row_count; i++) {
        const kept_row *row = &past->rows[i];
        if (row->time < past->since || row->day + MW_DRIFT_DAYS <= past->today) continue;
        mw_profile_count(past->profile, row->cells, 1, counts);
        counted++;
    }
    MW_CHECK(memcmp(counts, mw_drift_watch_counts(it->watch), bin_count * sizeof *counts) == 0);
    MW_CHECK(mw_drift_watch_read(it->watch).row_count == counted);
}

/* So is the drift of a week. */
static bool check_week(const fixture *it, const history *past, size_t column, size_t ago) {
    uint64_t counts[256] = {0};
    uint64_t counted = 0;
    for (size_t i = 0; i < past->row_count; i++) {
        const kept_row *row = &past->rows[i];
        size_t age = past->today - row->day;
        bool is_kept = row->time >= past->since && age < MW_DRIFT_DAYS;
        if (!is_kept || age < ago || age >= ago + 7) continue;
        mw_profile_count(past->profile, row->cells, 1, counts);
        counted++;
    }
    const mw_profile_column *bins = mw_profile_column_at(past->profile, column);
    double expected = NAN, drift = 0;
    if (counted >= MW_DRIFT_ROWS_MIN)
        expected = mw_drift(mw_profile_counts(past->profile) + bins->first_bin,
                            counts + bins->first_bin, bins->bin_count);
    MW_CHECK_OK(mw_drift_watch_week(it->watch, column, ago, &drift, NULL), NULL);
    MW_CHECK((isnan(drift) && isnan(expected)) || drift == expected);
    return !isnan(drift);
}

MW_TEST(drift_watch_counts_what_a_recount_counts) {
    static fixture it;
    static history past;
    mw_error err;
    make(&it);
    size_t champion = 0, change_count = 0, week_count = 0;
    int64_t now = 0;
    past = (history){.profile = it.profiles[0]};
    MW_CHECK_OK(mw_drift_watch_begin(it.watch, past.profile, past.since, &err), &err);
    while (past.row_count < ROWS_MAX) {
        now += (int64_t)mw_prng_below(&it.prng, 3);
        kept_row *row = &past.rows[past.row_count++];
        *row = (kept_row){.time = now, .day = past.today};
        draw(&it, 0, row->cells);
        MW_CHECK_OK(
            mw_drift_watch_add(it.watch, now, row->cells, row->cells[FEATURES].number, &err), &err);
        if (mw_prng_below(&it.prng, 40) == 0) {
            mw_drift_watch_end_day(it.watch);
            past.today++;
        }
        if (mw_prng_below(&it.prng, 200) == 0) {
            champion = 1 - champion;
            past.profile = it.profiles[champion];
            past.since = now - (int64_t)mw_prng_below(&it.prng, 800);
            MW_CHECK_OK(mw_drift_watch_begin(it.watch, past.profile, past.since, &err), &err);
            change_count++;
        }
        if (past.row_count % 16 != 0) continue;
        check_counts(&it, &past);
        week_count += check_week(&it, &past, mw_prng_below(&it.prng, WIDTH),
                                 mw_prng_below(&it.prng, MW_DRIFT_DAYS));
    }
    MW_CHECK(past.today > 2 * MW_DRIFT_DAYS && change_count > 3 && week_count > 20);
    release(&it);
}

static void feed(fixture *it, double shift, size_t count) {
    mw_error err;
    for (size_t i = 0; i < count; i++) {
        mw_cell row[WIDTH];
        draw(it, shift, row);
        MW_CHECK_OK(mw_drift_watch_add(it->watch, 0, row, row[FEATURES].number, &err), &err);
    }
}

MW_TEST(drift_watch_sees_a_shift_and_no_shift_where_there_is_none) {
    static fixture it;
    mw_error err;
    make(&it);
    MW_CHECK_OK(mw_drift_watch_begin(it.watch, it.profiles[0], 0, &err), &err);
    feed(&it, 0, MW_DRIFT_ROWS_MIN - 1);
    MW_CHECK(isnan(mw_drift_watch_read(it.watch).max)); /* too few to say */
    feed(&it, 0, 1000);
    MW_CHECK(mw_drift_watch_read(it.watch).max < 0.02);
    MW_CHECK(mw_drift_watch_read(it.watch).prediction < 0.02);
    for (size_t i = 0; i < MW_DRIFT_DAYS; i++) mw_drift_watch_end_day(it.watch);
    MW_CHECK(isnan(mw_drift_watch_read(it.watch).max));
    feed(&it, 0.4, 1000);
    mw_drift_summary drift = mw_drift_watch_read(it.watch);
    MW_CHECK(drift.max > 0.2 && drift.max_column == 0 && drift.prediction < 0.02);
    MW_CHECK_EQUAL_DOUBLE_BITS(mw_drift_watch_column(it.watch, 0), drift.max);
    MW_CHECK(mw_drift_watch_stability(it.watch, 0) > mw_drift_watch_stability(it.watch, 1));
    release(&it);
}

static mw_status watch_some(void *context) {
    fixture *it = context;
    mw_drift_watch *watch = NULL;
    mw_status status = mw_drift_watch_create(FEATURES, &watch, NULL);
    if (status == MW_OK) status = mw_drift_watch_begin(watch, it->profiles[0], 0, NULL);
    for (size_t i = 0; status == MW_OK && i < 20; i++) {
        mw_cell row[WIDTH];
        draw(it, 0, row);
        status = mw_drift_watch_add(watch, 0, row, 0.5, NULL);
    }
    if (status == MW_OK) status = mw_drift_watch_begin(watch, it->profiles[1], 0, NULL);
    mw_drift_watch_destroy(watch);
    return status;
}

MW_TEST(drift_watch_survives_the_failure_of_any_allocation) {
    static fixture it;
    make(&it);
    MW_CHECK(mw_test_every_allocation_fails(watch_some, &it) > MW_DRIFT_DAYS);
    release(&it);
}
