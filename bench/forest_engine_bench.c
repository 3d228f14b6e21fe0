/*
 * Our side of the forest bench: sums of a library's model over rows, in batches and one by one.
 *
 *     forest_engine_bench MODEL ROWS.f64 SUMS.f64
 *
 * The model is LightGBM's text or XGBoost's JSON; rows and the library's own raw scores are
 * doubles one behind the other, from forest_bench.py. Prints a line of JSON for each kind of lanes
 * that this processor has: CPU seconds for all rows (the best of five), and whether every sum has
 * the library's bits. Without arguments it does nothing.
 */
#include "model/forest_lanes.h"
#include "model/forest_tree.h"
#include "model/library_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPEATS = 5 };

typedef struct {
    const mw_forest *forest;
    const double *rows, *sums; /* the latter the library's */
    size_t row_count;
    double *ours;
} work;

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void run_batch(const work *w, mw_lanes_kind kind) {
    mw_forest_lanes_rows(w->forest->layout, kind, w->rows, w->row_count, w->ours);
}

static void run_one_by_one(const work *w, mw_lanes_kind kind) {
    size_t width = mw_forest_facts(w->forest).feature_count;
    for (size_t i = 0; i < w->row_count; i++)
        mw_forest_lanes_row(w->forest->layout, kind, w->rows + i * width, &w->ours[i]);
}

static void measure(const work *w, mw_lanes_kind kind, const char *how,
                    void (*run)(const work *, mw_lanes_kind)) {
    double best = 0;
    for (int i = 0; i < REPEATS; i++) {
        double start = cpu_seconds();
        run(w, kind);
        double taken = cpu_seconds() - start;
        if (i == 0 || taken < best) best = taken;
    }
    bool is_equal = memcmp(w->ours, w->sums, w->row_count * sizeof *w->sums) == 0;
    printf("{\"kind\": \"%s\", \"how\": \"%s\", \"cpu\": %.6f, \"equal\": %s}\n",
           mw_lanes_name(kind), how, best, is_equal ? "true" : "false");
}

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "forest_engine_bench: %s\n", what);
    exit(1);
}

static mw_str read_file(mw_arena *arena, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) stop(path);
    long size = ftell(file);
    rewind(file);
    char *bytes = size > 0 ? mw_arena_alloc(arena, (size_t)size, 1) : NULL;
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size) stop(path);
    fclose(file);
    return (mw_str){bytes, (size_t)size};
}

int main(int argument_count, char **arguments) {
    if (argument_count != 4) {
        puts("forest_engine_bench: forest_bench.py runs it");
        return 0;
    }
    mw_arena arena;
    mw_arena_init(&arena, SIZE_MAX);
    mw_error err;
    mw_str files[3];
    for (int i = 0; i < 3; i++) files[i] = read_file(&arena, arguments[i + 1]);
    work w = {.rows = (const double *)(const void *)files[1].data,
              .sums = (const double *)(const void *)files[2].data,
              .row_count = files[2].size / sizeof(double)};
    double start = cpu_seconds();
    mw_library_model model;
    if (mw_library_model_read(&arena, files[0], &model, &err) != MW_OK) stop(err.message);
    w.forest = model.forest;
    printf("{\"kind\": \"load\", \"how\": \"load\", \"cpu\": %.6f, \"equal\": true}\n",
           cpu_seconds() - start);
    w.ours = mw_arena_alloc(&arena, w.row_count, sizeof *w.ours);
    if (!w.ours || !w.forest->layout) stop("the forest has no layout for lanes");
    for (int kind = (int)mw_lanes_best(); kind >= 0; kind--) {
        measure(&w, (mw_lanes_kind)kind, "batch", run_batch);
        measure(&w, (mw_lanes_kind)kind, "one", run_one_by_one);
    }
    mw_arena_release(&arena);
    return 0;
}
