/*
 * What one key costs online: reading 50 windows of it, applying an event to all of them, and the
 * memory of a million keys, as a checkpoint too; then the same with a third of that memory, where
 * most keys are read back from a file in the folder that it is started in; then one key that has a
 * million events an hour, with windows that hold them one by one and with `every 1m`. Goals: 5 us
 * to read and 2 us to apply in memory, 50 us to read a key back, a hot key bounded.
 *
 * Payments of 1,000,000 cards come in order of time, ten a card; then cards are drawn at random, so
 * that most reads find nothing of theirs in the caches. Times are of single calls, by the
 * monotonic clock (whose own cost is in them), in microseconds.
 */
#include "base/prng.h"
#include "feature/engine.h"
#include "store/checkpoint.h"
#include "store/spill_files.h"

#include <ftw.h>
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
    HOT_SPANS = 4, /* the first of them: up to six hours */
    HOT_HOURS = 12,
    HOT_EVENTS = 1000000, /* in an hour */
};

static void must(mw_status status, const mw_error *err) {
    if (status == MW_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(mw_status_exit_code(status));
}

static mw_source source(const char *text) {
    return (mw_source){mw_str_of(text), {1, 1}};
}

/* Windows of the first spans, that keep to `every` if it is not empty. */
static const mw_program *compile(mw_arena *arena, mw_symbols *symbols, size_t span_count,
                                 const char *every) {
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
    for (size_t i = 0; i < AGGREGATES * span_count; i++) {
        snprintf(names[i], sizeof names[i], "f%zu", i);
        snprintf(texts[i], sizeof texts[i], "%s by card over %s%s)", aggregates[i % AGGREGATES],
                 spans[i / AGGREGATES], every);
        list[i] = (mw_named_source){mw_str_of(names[i]), {1, 1}, source(texts[i])};
    }
    mw_model_declaration model = {.name = MW_STR("fraud"),
                                  .moment = source("on payments"),
                                  .label = source("any(chargebacks by card over next 1h)")};
    mw_declarations declarations = {.zone = mw_zone_utc(),
                                    .streams = streams,
                                    .stream_count = 2,
                                    .features = list,
                                    .feature_count = AGGREGATES * span_count,
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

static void print_times(const char *what, double *times, size_t count) {
    qsort(times, count, sizeof *times, by_value);
    printf("  %-42s p50 %6.2f   p99 %6.2f us\n", what, times[count / 2],
           times[count - count / 100]);
}

static double cpu_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
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

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info, (void)kind, (void)where;
    return remove(path);
}

/* The state as a checkpoint has it: put together, written to a file, synced, and had back. */
static void save(const mw_engine *engine, mw_engine_config config) {
    char folder[] = "/tmp/online_bench.XXXXXX";
    if (!mkdtemp(folder)) must(MW_IO, &(mw_error){.message = "no temporary folder"});
    mw_checkpoints in = {mw_sys_real(), folder};
    mw_buf bytes, read;
    mw_arena arena;
    mw_engine *again;
    mw_checkpoint back;
    mw_error err;
    uint64_t number;
    mw_buf_init(&bytes, MW_CHECKPOINT_SIZE_MAX);
    mw_buf_init(&read, MW_CHECKPOINT_SIZE_MAX);
    mw_arena_init(&arena, 1 << 20);
    double start = cpu_s();
    must(mw_engine_save(engine, &bytes, &err), &err);
    double saved = cpu_s();
    mw_checkpoint_section section = {MW_STR("windows"), mw_buf_str(&bytes)};
    must(mw_checkpoint_write(in, &(mw_checkpoint){1, 1, &section, 1}, &err), &err);
    double written = cpu_s();
    must(mw_checkpoint_newest(in, UINT64_MAX, &number, &err), &err);
    must(mw_checkpoint_read(in, number, &arena, &read, &back, &err), &err);
    must(mw_engine_create(config, &again, &err), &err);
    must(mw_engine_load(again, back.sections[0].bytes, &err), &err);
    double loaded = cpu_s();
    nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
    printf("  as a checkpoint %zu bytes; CPU: %.2f s to put together, %.2f to write, %.2f to have "
           "back\n", bytes.size, saved - start, written - saved, loaded - written);
    mw_engine_destroy(again);
    mw_arena_release(&arena);
    mw_buf_release(&bytes);
    mw_buf_release(&read);
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
    printf("%s\n", where);
    print_times("read 50 windows of one of a million keys", reads, CALLS);
    print_times("apply an event to them", applies, CALLS);
    printf("  state of %zu keys with %d events: %zu bytes in memory, %.0f a key; %zu keys and %zu "
           "bytes on disk\n", stats.keys, PAYMENTS, stats.bytes,
           (double)stats.bytes / (double)stats.keys, stats.keys_spilled, stats.bytes_spilled);
    if (!memory.disk) save(engine, config);
    mw_engine_destroy(engine);
    return stats;
}

/* One card, a million payments an hour; each twentieth reads first, timed in the last hour. */
static void measure_hot(const mw_program *program, mw_symbols *symbols, const char *what) {
    static double reads[HOT_EVENTS / 20], applies[HOT_EVENTS / 20];
    mw_engine *engine;
    mw_error err;
    mw_engine_config config = {
        .program = program, .model = &program->models[0], .symbols = symbols};
    must(mw_engine_create(config, &engine, &err), &err);
    uint64_t prng = 7;
    mw_cell row[COLUMNS], features[FEATURES_MAX];
    printf("a key with a million events an hour, %s\n", what);
    double start = cpu_s();
    for (size_t i = 0, call = 0; i < (size_t)HOT_EVENTS * HOT_HOURS; i++) {
        int64_t t = (int64_t)i * (MW_HOUR_US / HOT_EVENTS);
        bool is_timed = i % 20 == 0 && i / HOT_EVENTS == HOT_HOURS - 1;
        draw(&prng, t, row);
        row[1] = mw_cell_number(1);
        mw_engine_advance(engine, t);
        double before = is_timed ? now_us() : 0;
        if (i % 20 == 0)
            must(mw_engine_features(engine, &(mw_moment){t, t, row}, features, &err), &err);
        double middle = is_timed ? now_us() : 0;
        apply(engine, row);
        if (is_timed) {
            reads[call] = middle - before;
            applies[call++] = now_us() - middle;
        }
        if ((i + 1) % (HOT_EVENTS * (HOT_HOURS / 4)) == 0)
            printf("  after %2zu hours %11zu bytes\n", (i + 1) / HOT_EVENTS,
                   mw_engine_read_stats(engine).bytes);
    }
    double taken = cpu_s() - start;
    print_times("read its 20 windows", reads, HOT_EVENTS / 20);
    print_times("apply an event to them", applies, HOT_EVENTS / 20);
    printf("  in all %.2f us of CPU an event\n", 1e6 * taken / HOT_EVENTS / HOT_HOURS);
    mw_engine_destroy(engine);
}

int main(void) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_symbols *symbols;
    mw_spill_files *files;
    mw_error err;
    must(mw_symbols_create(1 << 16, &symbols, &err), &err);
    must(mw_spill_files_create(mw_sys_real(), ".", &files, &err), &err);
    const mw_program *program = compile(&arena, symbols, SPANS, "");
    mw_engine_stats plenty =
        measure(program, symbols, (mw_engine_memory){0}, "all keys in memory");
    mw_engine_memory little = {plenty.bytes / 3, mw_spill_files_disk(files)};
    (void)measure(program, symbols, little, "a third of that memory");
    measure_hot(compile(&arena, symbols, HOT_SPANS, ""), symbols, "each held");
    measure_hot(compile(&arena, symbols, HOT_SPANS, " every 1m"), symbols, "`every 1m`");
    mw_spill_files_destroy(files);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return 0;
}
