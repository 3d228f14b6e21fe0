/*
 * Our side of the replay bench: 16 window features of card payments, by one replay.
 *
 *     replay_engine_bench [FILE [THREADS [TIMES]]]
 *
 * With a file (from replay_bench.py: N, then columns ts, card, merchant, amount as 8 bytes each,
 * in order of time) it reads the payments from there; else it draws a million of its own. Each time
 * it prints one line of JSON: seconds, CPU seconds, those of them that were the kernel's, keys and
 * bytes of window state at the end, the totals of three features, which the peers must find too,
 * and a hash of all bits, which no number of threads may change.
 */
#include "base/hash.h"
#include "base/prng.h"
#include "feature/replay.h"
#include "sys/team.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { COLUMNS = 4, OWN_EVENTS = 1000000 };

static const char *const features[][2] = {
    {"c1", "count(payments by card over 1h)"},    {"s1", "sum(payments.amount by card over 1h)"},
    {"m1", "mean(payments.amount by card over 1h)"},
    {"c24", "count(payments by card over 24h)"},  {"s24", "sum(payments.amount by card over 24h)"},
    {"m24", "mean(payments.amount by card over 24h)"},
    {"c7", "count(payments by card over 7d)"},    {"s7", "sum(payments.amount by card over 7d)"},
    {"m7", "mean(payments.amount by card over 7d)"},
    {"c30", "count(payments by card over 30d)"},  {"s30", "sum(payments.amount by card over 30d)"},
    {"m30", "mean(payments.amount by card over 30d)"},
    {"x24", "max(payments.amount by card over 24h)"},
    {"d", "since(payments by card over 30d)"},
    {"cm", "count(payments by merchant over 24h)"},
    {"mm", "mean(payments.amount by merchant over 24h)"},
};
enum { FEATURES = sizeof features / sizeof *features, S24 = 4, C30 = 9, CM = 14 };

static void must(mw_status status, const mw_error *err) {
    if (status == MW_OK) return;
    fprintf(stderr, "%s\n", err->message);
    exit(mw_status_exit_code(status));
}

static mw_source source(const char *text) {
    return (mw_source){mw_str_of(text), {1, 1}};
}

static const mw_program *compile(mw_arena *arena, mw_symbols *symbols) {
    static mw_field columns[COLUMNS] = {{{"ts", 2}, MW_TYPE_TIME},
                                        {{"card", 4}, MW_TYPE_NUMBER},
                                        {{"merchant", 8}, MW_TYPE_NUMBER},
                                        {{"amount", 6}, MW_TYPE_NUMBER}};
    mw_stream_declaration streams[2]; /* the second stays empty: it is there for the label */
    static const char *const names[2] = {"payments", "chargebacks"};
    for (size_t i = 0; i < 2; i++)
        streams[i] = (mw_stream_declaration){.name = mw_str_of(names[i]),
                                             .columns = {columns, COLUMNS},
                                             .time = source("ts"),
                                             .late_us = MW_HOUR_US};
    mw_named_source list[FEATURES];
    for (size_t i = 0; i < FEATURES; i++)
        list[i] = (mw_named_source){mw_str_of(features[i][0]), {1, 1}, source(features[i][1])};
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
    mw_status status =
        mw_program_compile(&declarations, arena, symbols, &diagnostics, &program);
    mw_error err;
    if (status != MW_OK) must(mw_diagnostics_status(&diagnostics, &err), &err);
    return program;
}

static void add(mw_events *events, int64_t ts, double card, double merchant, double amount) {
    mw_cell row[COLUMNS] = {mw_cell_time(ts), mw_cell_number(card), mw_cell_number(merchant),
                            mw_cell_number(amount)};
    mw_error err;
    mw_event event = {.time = ts, .known = ts, .place = ts, .row = row};
    must(mw_events_add(events, &event, &err), &err);
}

static void read_column(FILE *file, void *into, size_t count) {
    if (fread(into, 8, count, file) == count) return;
    fprintf(stderr, "the payments end early\n");
    exit(3);
}

static void read_events(mw_events *events, const char *path) {
    FILE *file = fopen(path, "rb");
    int64_t count = 0;
    if (!file || fread(&count, sizeof count, 1, file) != 1) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(3);
    }
    size_t n = (size_t)count;
    int64_t *ts = mw_allocate(n * sizeof *ts);
    double *columns = mw_allocate(3 * n * sizeof *columns);
    if (!ts || !columns) exit(4);
    read_column(file, ts, n);
    read_column(file, columns, 3 * n);
    fclose(file);
    for (size_t i = 0; i < n; i++)
        add(events, ts[i], columns[i], columns[n + i], columns[2 * n + i]);
    mw_free(ts);
    mw_free(columns);
}

static void draw_events(mw_events *events) {
    uint64_t prng = 7;
    for (int64_t i = 0; i < OWN_EVENTS; i++) {
        double skewed = mw_prng_double(&prng), other = mw_prng_double(&prng);
        add(events, i * (90 * MW_DAY_US / OWN_EVENTS), floor(1e5 * skewed * skewed * skewed),
            floor(5e3 * other * other), floor(1e4 * mw_prng_double(&prng)) / 100);
    }
}

typedef struct {
    double wall, cpu, kernel; /* seconds; the kernel's are some of the CPU's */
} times;

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static times read_times(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (times){seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID),
                   (double)usage.ru_stime.tv_sec + 1e-6 * (double)usage.ru_stime.tv_usec};
}

typedef struct {
    size_t moments;
    mw_engine_stats state; /* at the end */
    double totals[FEATURES];
} outcome;

/* All features go to `table`, as a training set would; the totals are taken on the way. */
static outcome replay_all(mw_replay_config config, mw_cell *table) {
    mw_replay *replay;
    mw_error err;
    outcome out = {0};
    must(mw_replay_create(config, &replay, &err), &err);
    for (bool is_done = false;;) {
        mw_step step;
        must(mw_replay_next(replay, &step, &is_done, &err), &err);
        if (is_done) break;
        mw_cell *row = table + out.moments++ * FEATURES;
        for (size_t i = 0; i < FEATURES; i++) row[i] = step.features[i];
        out.totals[C30] += row[C30].number;
        out.totals[S24] += row[S24].number;
        out.totals[CM] += row[CM].number;
    }
    out.state = mw_engine_read_stats(mw_replay_engine(replay));
    mw_replay_destroy(replay);
    return out;
}

static void print(const outcome *out, times from, times to, uint64_t bits) {
    double cpu = to.cpu - from.cpu;
    printf("{\"wall\": %.3f, \"cpu\": %.3f, \"kernel\": %.3f, \"moments\": %zu, "
           "\"keys\": %zu, \"state_bytes\": %zu, \"events_per_cpu_second\": %.0f, \"c30\": %.0f, "
           "\"s24\": %.17g, \"cm\": %.0f, \"bits\": \"%016llx\"}\n",
           to.wall - from.wall, cpu, to.kernel - from.kernel, out->moments, out->state.keys,
           out->state.bytes, (double)out->moments / cpu, out->totals[C30], out->totals[S24],
           out->totals[CM], (unsigned long long)bits);
    fflush(stdout);
}

int main(int argc, char **argv) {
    size_t thread_count = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    size_t times_left = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_symbols *symbols;
    mw_error err;
    must(mw_symbols_create(1 << 16, &symbols, &err), &err);
    const mw_program *program = compile(&arena, symbols);
    const mw_schema *schema = &program->streams[0].schema;
    mw_events events;
    must(mw_events_init(&events, &schema, 1, &err), &err);
    if (argc > 1)
        read_events(&events, argv[1]);
    else
        draw_events(&events);
    size_t table_size = events.event_count * FEATURES * sizeof(mw_cell);
    mw_cell *table = mw_allocate(table_size);
    if (!table) return 4;

    mw_replay_config config = {.program = program, .model = &program->models[0],
                               .events = &events, .symbols = symbols,
                               .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX};
    if (thread_count > 1) config.crew = mw_team_crew(mw_sys_real(), thread_count);
    for (; times_left > 0; times_left--) {
        times from = read_times();
        must(mw_events_sort(&events, &err), &err);
        outcome out = replay_all(config, table);
        times to = read_times();
        print(&out, from, to, mw_hash_bytes(table, table_size));
    }

    mw_free(table);
    mw_events_release(&events);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    return 0;
}
