/*
 * What one key costs online: reading 50 windows of it, applying an event to all of them, and the
 * memory of a million keys; then the same with a third of that memory, where most keys are read
 * back from a file in the folder that it is started in. Goals: 5 us to read and 2 us to apply in
 * memory, 50 us to read a key back.
 *
 * Payments of 1,000,000 cards come in order of time, ten a card; then cards are drawn at random, so
 * that most reads find nothing of theirs in the caches. Times are of single calls, by the
 * monotonic clock (whose own cost is in them), in microseconds.
 */
#include "base/prng.h"
#include "feature/engine.h"
#include "store/spill_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { COLUMNS = 3, CARDS = 1000000, PAYMENTS = 10 * CARDS, CALLS = 200000, FEATURES_MAX = 64 };

static const char *const aggregates[] = {"count(payments", "sum(payments.amount",
                                         "mean(payments.amount", "max(payments.amount",
                                         "min(payments.amount"};
static const char *const spans[] = {"10m", "1h", "3h", "6h", "12h", "1d", "3d", "7d", "14d", "30d"};
enum {
    AGGREGATES = sizeof aggregates / sizeof *aggregates,
    SPANS = sizeof spans / sizeof *spans,
    FEATURES = AGGREGATES * SPANS,
};

static void must(mw_status status, const mw_error *err) {
    if (status == MW_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(mw_status_exit_code(status));
}

static mw_source source(const char *text) {
    return (mw_source){mw_str_of(text), {1, 1}};
}

static const mw_program *compile(mw_arena *arena, mw_symbols *symbols) {
    static mw_field columns[COLUMNS] = {
        {{"ts", 2}, MW_TYPE_TIME}, {{"card", 4}, MW_TYPE_NUMBER}, {{"amount", 6}, MW_TYPE_NUMBER}};
    static char texts[FEATURES][80], names[FEATURES][8];
    static mw_named_source list[FEATURES];
    mw_stream_declaration streams[2]; /* the second stays empty: it is there for the label */
    static const char *const stream_names[2] = {"payments", "chargebacks"};
    for (size_t i = 0; i < 2; i++)
        streams[i] = (mw_stream_declaration){.name = mw_str_of(stream_names[i]),
                                             .columns = {columns, COLUMNS},
                                             .time = source("ts"),
                                             .late_us = MW_HOUR_US};
    for (size_t i = 0; i < FEATURES; i++) {
        snprintf(names[i], sizeof names[i], "f%zu", i);
        snprintf(texts[i], sizeof texts[i], "%s by card over %s)", aggregates[i % AGGREGATES],
                 spans[i / AGGREGATES]);
        list[i] = (mw_named_source){mw_str_of(names[i]), {1, 1}, source(texts[i])};
    }
    mw_model_declaration model = {.name = MW_STR("fraud"),
                                  .moment = source("on payments"),
                                  .label = source("any(chargebacks by card over next 1h)")};
    mw_declarations declarations = {.zone = mw_zone_utc(),
                                    .streams = streams,
                                    .stream_count = 2,
                                    .features = list,
                                    .feature_count = FEATURES,
                                    .models = &model,
                                    .model_count = 1};
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, arena);
    const mw_program *program = NULL;
    mw_status status = mw_program_compile(&declarations, arena, symbols, &diagnostics, &program);
    mw_error err;
    if (status != MW_OK) must(mw_diagnostics_status(&diagnostics, &err), &err);
    return program;
}

static double now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double one = *(const double *)a, other = *(const double *)b;
    return (one > other) - (one < other);
}

static void print_times(const char *what, double times[CALLS]) {
    qsort(times, CALLS, sizeof *times, by_value);
    printf("  %-42s p50 %6.2f   p99 %6.2f us\n", what, times[CALLS / 2],
           times[CALLS - CALLS / 100]);
}

/* The next payment of a card drawn at random. */
static void draw(uint64_t *prng, int64_t t, mw_cell row[COLUMNS]) {
    row[0] = mw_cell_time(t);
    row[1] = mw_cell_number((double)mw_prng_below(prng, CARDS));
    row[2] = mw_cell_number((double)mw_prng_below(prng, 100000) / 100);
}

static void apply(mw_engine *engine, const mw_cell *row) {
    mw_error err;
    int64_t t = row[0].time;
    mw_event event = {.time = t, .known = t, .place = t, .row = row};
    must(mw_engine_apply(engine, &event, &err), &err);
}

/* Ten payments a card, then calls. */
static mw_engine_stats measure(const mw_program *program, mw_symbols *symbols,
                               mw_engine_memory memory, const char *where) {
    static double reads[CALLS], applies[CALLS];
    mw_engine *engine;
    mw_error err;
    mw_engine_config config = {.program = program, .model = &program->models[0],
                               .symbols = symbols, .memory = memory};
    must(mw_engine_create(config, &engine, &err), &err);

    const int64_t step = 25 * MW_DAY_US / PAYMENTS;
    uint64_t prng = 7;
    mw_cell row[COLUMNS], features[FEATURES_MAX];
    int64_t t = 0;
    for (size_t i = 0; i < PAYMENTS; i++, t += step) {
        draw(&prng, t, row);
        mw_engine_advance(engine, t);
        apply(engine, row);
    }
    mw_engine_stats stats = mw_engine_read_stats(engine);
    for (size_t i = 0; i < CALLS; i++, t += step) {
        draw(&prng, t, row);
        mw_engine_advance(engine, t);
        double start = now_us();
        must(mw_engine_features(engine, &(mw_moment){t, t, row}, features, &err), &err);
        double middle = now_us();
        apply(engine, row);
        applies[i] = now_us() - middle;
        reads[i] = middle - start;
    }
    mw_engine_destroy(engine);
    printf("%s\n", where);
    print_times("read 50 windows of one of a million keys", reads);
    print_times("apply an event to them", applies);
    printf("  state of %zu keys with %d events: %zu bytes in memory, %.0f a key; %zu keys and %zu "
           "bytes on disk\n", stats.keys, PAYMENTS, stats.bytes,
           (double)stats.bytes / (double)stats.keys, stats.keys_spilled, stats.bytes_spilled);
    return stats;
}

int main(void) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_symbols *symbols;
    mw_spill_files *files;
    mw_error err;
    must(mw_symbols_create(1 << 16, &symbols, &err), &err);
    must(mw_spill_files_create(mw_sys_real(), ".", &files, &err), &err);
    const mw_program *program = compile(&arena, symbols);
    mw_engine_stats plenty =
        measure(program, symbols, (mw_engine_memory){0}, "all keys in memory");
    mw_engine_memory little = {plenty.bytes / 3, mw_spill_files_disk(files)};
    (void)measure(program, symbols, little, "a third of that memory");
    mw_spill_files_destroy(files);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return 0;
}
