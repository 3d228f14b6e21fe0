#include "sys/parallel.h"
#include "testing/test.h"

#include <stdatomic.h>
#include <string.h>

enum { PIECES = 1000 };

typedef struct {
    atomic_int runs[PIECES];
    size_t first_failing; /* it and every seventh after it fail */
} context;

static mw_status run_piece(void *shared, size_t piece, mw_error *err) {
    context *at = shared;
    atomic_fetch_add(&at->runs[piece], 1);
    if (piece >= at->first_failing && (piece - at->first_failing) % 7 == 0)
        return mw_fail(err, MW_CHECK_FAILED, "piece %zu", piece);
    return MW_OK;
}

MW_TEST(parallel_runs_each_piece_once) {
    static const size_t thread_counts[] = {0, 1, 2, 7, MW_THREADS_MAX + 1};
    for (size_t t = 0; t < sizeof thread_counts / sizeof *thread_counts; t++) {
        context at = {.first_failing = PIECES};
        mw_error err;
        MW_CHECK_OK(mw_parallel(mw_sys_real(), thread_counts[t], PIECES, run_piece, &at, &err),
                    &err);
        for (size_t i = 0; i < PIECES; i++) MW_CHECK_EQUAL_INT(at.runs[i], 1);
    }
    MW_CHECK_OK(mw_parallel(mw_sys_real(), 4, 0, run_piece, NULL, NULL), NULL);
}

MW_TEST(parallel_returns_the_lowest_failure) {
    for (size_t first = 0; first < 100; first++) {
        context at = {.first_failing = first};
        mw_error err;
        MW_CHECK_STATUS(mw_parallel(mw_sys_real(), 4, PIECES, run_piece, &at, &err),
                        MW_CHECK_FAILED);
        mw_error expected;
        MW_CHECK(mw_fail(&expected, MW_CHECK_FAILED, "piece %zu", first) != MW_OK);
        MW_CHECK_EQUAL_STR(err.message, expected.message);
        for (size_t i = 0; i <= first; i++) MW_CHECK_EQUAL_INT(at.runs[i], 1);
    }
    MW_CHECK(mw_sys_core_count(mw_sys_real()) >= 1);
}
