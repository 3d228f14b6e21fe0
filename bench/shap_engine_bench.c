/*
 * Our side of the SHAP bench: what each feature adds, for rows of a LightGBM model.
 *
 *     shap_engine_bench MODEL.txt ROWS.f64 BACKGROUND.f64 VALUES.f64
 *
 * All but the model are doubles one behind the other, from shap_bench.py; VALUES are LightGBM's
 * own contributions. Prints a line of JSON for each kind: CPU seconds for all rows (the best of
 * three), the greatest distance from LightGBM's values, and from the row's sum. Without arguments
 * it does nothing.
 */
#include "model/background.h"
#include "model/explainer.h"
#include "model/lightgbm_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { REPEATS = 3 };

typedef struct {
    const mw_forest *forest;
    const mw_explainer *explainer;
    const mw_background *background;
    const double *rows, *theirs;
    size_t row_count, width;
    double *ours;
} work;

static double cpu_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static _Noreturn void stop(const char *what) {
    fprintf(stderr, "shap_engine_bench: %s\n", what);
    exit(1);
}

static void run_by_data(const work *w) {
    mw_error err;
    if (mw_explainer_run(w->explainer, w->rows, w->row_count, w->ours, &err) != MW_OK)
        stop(err.message);
}

static void run_one_by_one(const work *w) {
    mw_error err;
    for (size_t row = 0; row < w->row_count; row++)
        if (mw_explainer_run(w->explainer, w->rows + row * w->width, 1,
                             w->ours + row * (w->width + 1), &err) != MW_OK)
            stop(err.message);
}

static void run_by_background(const work *w) {
    mw_error err;
    if (mw_background_run(w->background, w->rows, w->row_count, w->ours, &err) != MW_OK)
        stop(err.message);
}

static void measure(const work *w, const char *how, bool has_theirs, void (*run)(const work *)) {
    double best = INFINITY, from_theirs = 0, from_sums = 0;
    for (int i = 0; i < REPEATS; i++) {
        double start = cpu_seconds();
        run(w);
        best = fmin(best, cpu_seconds() - start);
    }
    for (size_t row = 0; row < w->row_count; row++) {
        double total = -mw_forest_raw(w->forest, w->rows + row * w->width);
        for (size_t f = 0; f <= w->width; f++) {
            double value = w->ours[row * (w->width + 1) + f];
            total += value;
            if (has_theirs)
                from_theirs = fmax(from_theirs,
                                   fabs(value - w->theirs[row * (w->width + 1) + f]));
        }
        from_sums = fmax(from_sums, fabs(total));
    }
    printf("{\"how\": \"%s\", \"cpu\": %.6f, \"from_theirs\": %.3g, \"from_sums\": %.3g}\n", how,
           best, from_theirs, from_sums);
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

static void run_all(mw_arena *arena, char **paths) {
    mw_error err;
    mw_str files[4];
    work w = {.row_count = 0};
    for (int i = 0; i < 4; i++) files[i] = read_file(arena, paths[i]);
    if (mw_lightgbm_text_read(arena, files[0], &w.forest, &err) != MW_OK) stop(err.message);
    w.width = mw_forest_facts(w.forest).feature_count;
    w.rows = (const double *)(const void *)files[1].data;
    w.theirs = (const double *)(const void *)files[3].data;
    w.row_count = files[1].size / sizeof(double) / w.width;
    w.ours = mw_arena_alloc(arena, w.row_count * (w.width + 1), sizeof *w.ours);
    if (!w.ours) stop("out of memory");
    for (int kind = (int)mw_lanes_best(); kind >= 0; kind--) {
        if (mw_explainer_make(arena, w.forest, (mw_lanes_kind)kind, &w.explainer, &err) != MW_OK)
            stop(err.message);
        char alone[32];
        snprintf(alone, sizeof alone, "%s, one", mw_lanes_name((mw_lanes_kind)kind));
        measure(&w, mw_lanes_name((mw_lanes_kind)kind), true, run_by_data);
        measure(&w, alone, true, run_one_by_one);
    }
    const double *others = (const double *)(const void *)files[2].data;
    size_t other_count = files[2].size / sizeof(double) / w.width;
    if (mw_background_make(arena, w.forest, others, other_count, &w.background, &err) != MW_OK)
        stop(err.message);
    measure(&w, "background", false, run_by_background);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 5) {
        puts("shap_engine_bench: shap_bench.py runs it");
        return 0;
    }
    mw_arena arena;
    mw_arena_init(&arena, SIZE_MAX);
    run_all(&arena, arguments + 1);
    mw_arena_release(&arena);
    return 0;
}
