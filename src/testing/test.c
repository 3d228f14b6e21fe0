#include "testing/test.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TESTS_MAX = 4096,
    DIRECTORIES_MAX = 1024,
    REMOVAL_DEPTH_MAX = 16, /* folders that nftw keeps open at once */
};

static struct {
    const char *name;
    void (*body)(void);
} tests[TESTS_MAX];
static size_t test_count;
static const char *running = "(none)";

static char *directories[DIRECTORIES_MAX];
static size_t directory_count;

void mw_test_register(const char *name, void (*body)(void)) {
    MW_ASSERT(test_count < TESTS_MAX);
    tests[test_count].name = name;
    tests[test_count++].body = body;
}

uint64_t mw_test_seed(void) {
    const char *text = getenv("MW_SEED");
    return text ? strtoull(text, NULL, 10) : 1;
}

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *at) {
    (void)facts, (void)kind, (void)at;
    return remove(path);
}

static void directories_remove(void) {
    for (size_t i = 0; i < directory_count; i++) {
        nftw(directories[i], remove_entry, REMOVAL_DEPTH_MAX, FTW_DEPTH | FTW_PHYS);
        free(directories[i]);
    }
    directory_count = 0;
}

const char *mw_test_directory(void) {
    MW_ASSERT(directory_count < DIRECTORIES_MAX);
    if (directory_count == 0) atexit(directories_remove);
    const char *parent = getenv("TMPDIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/millwright-test-XXXXXX", parent ? parent : "/tmp");
    char *directory = mkdtemp(path) ? strdup(path) : NULL;
    if (!directory) mw_test_fail(MW_TEST_PLACE("mkdtemp"), "%s", path);
    directories[directory_count++] = directory;
    return directory;
}

/* Ends by _Exit, since other threads may still run and nothing is to be told about leaks now. */
void mw_test_fail(mw_test_place place, const char *format, ...) {
    fflush(stdout);
    fprintf(stderr, "%s:%d: check failed: %s (MW_SEED=%" PRIu64 ")\n", place.file, place.line,
            place.expression, mw_test_seed());
    va_list args;
    va_start(args, format);
    fputs("  ", stderr);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nnot ok %s\n", running);
    directories_remove();
    _Exit(1);
}

void mw_test_check_int(mw_test_place place, int64_t actual, int64_t expected) {
    if (actual == expected) return;
    mw_test_fail(place, "got %" PRId64 ", expected %" PRId64, actual, expected);
}

void mw_test_check_bits(mw_test_place place, double actual, double expected) {
    if (memcmp(&actual, &expected, sizeof actual) == 0) return;
    mw_test_fail(place, "got %.17g (%a), expected %.17g (%a)", actual, actual, expected, expected);
}

void mw_test_check_str(mw_test_place place, mw_str actual, mw_str expected) {
    if (mw_str_equal(actual, expected)) return;
    mw_test_fail(place, "got      \"%.*s\" (%zu bytes)\n  expected \"%.*s\" (%zu bytes)",
                 MW_STR_ARGS(actual), actual.size, MW_STR_ARGS(expected), expected.size);
}

void mw_test_check_status(mw_test_place place, mw_status actual, mw_status expected,
                          const mw_error *err) {
    if (actual == expected) return;
    mw_test_fail(place, "got %s, expected %s%s%s", mw_status_name(actual),
                 mw_status_name(expected), err && actual != MW_OK ? ": " : "",
                 err && actual != MW_OK ? err->message : "");
}

size_t mw_test_every_allocation_fails(mw_status (*body)(void *context), void *context) {
    for (size_t n = 0;; n++) {
        size_t live_before = mw_memory_live_count();
        mw_memory_fail_after(n);
        mw_status status = body(context);
        mw_memory_fail_after(SIZE_MAX);
        size_t live_after = mw_memory_live_count();
        if (live_after != live_before)
            mw_test_fail(MW_TEST_PLACE("every block is given back"),
                         "allocation %zu failed: %zu blocks before, %zu after", n, live_before,
                         live_after);
        if (status == MW_OK) return n;
        if (status != MW_NO_MEMORY)
            mw_test_fail(MW_TEST_PLACE("a failed allocation is no-memory"),
                         "allocation %zu failed: got %s", n, mw_status_name(status));
    }
}

/* Says what a test cost that took longer than a second of CPU, of all threads: the whole suite is
   run again and again, also by sanitizers, which are ten times as slow. */
static void report_cost(clock_t taken) {
    double seconds = (double)taken / CLOCKS_PER_SEC;
    if (seconds > 1) printf(" (%.1f s of CPU)", seconds);
    putchar('\n');
}

int main(int argc, char **argv) {
    const char *wanted = argc > 1 ? argv[1] : "";
    size_t number = 0;
    for (size_t i = 0; i < test_count; i++) {
        if (!strstr(tests[i].name, wanted)) continue;
        running = tests[i].name;
        clock_t begun = clock();
        tests[i].body();
        printf("ok %zu %s", ++number, tests[i].name);
        report_cost(clock() - begun);
    }
    if (number > 0) return 0;
    fprintf(stderr, "no test has \"%s\" in its name\n", wanted);
    return 1;
}
