#include "sys/team.h"

#include "sys/parallel.h"
#include "sys/simulated.h"
#include "testing/test.h"

#include <stdatomic.h>

enum { PIECES = 200, LATER_PIECES = 3, SHIFTS = 50 };

typedef struct {
    atomic_int runs[PIECES], later_runs[LATER_PIECES];
    atomic_int done;     /* of the first stage */
    atomic_int too_early; /* pieces of the second that saw the first unfinished */
    size_t failing;
} context;

static mw_status run_piece(void *shared, size_t piece, mw_error *err) {
    context *at = shared;
    atomic_fetch_add(&at->runs[piece], 1);
    atomic_fetch_add(&at->done, 1);
    return piece == at->failing ? mw_fail(err, MW_CHECK_FAILED, "piece %zu", piece) : MW_OK;
}

static mw_status run_later_piece(void *shared, size_t piece, mw_error *err) {
    (void)err;
    context *at = shared;
    atomic_fetch_add(&at->later_runs[piece], 1);
    if (atomic_load(&at->done) % PIECES != 0) atomic_fetch_add(&at->too_early, 1);
    return MW_OK;
}

static const mw_crew_stage stages[] = {
    {run_later_piece, 0}, {run_piece, PIECES}, {run_later_piece, LATER_PIECES}};

MW_TEST(team_does_each_piece_once_and_stage_after_stage) {
    static const size_t sizes[] = {0, 1, 2, 3, 7, MW_THREADS_MAX + 1};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        context at = {.failing = PIECES};
        mw_crew crew = mw_team_crew(mw_sys_real(), sizes[s]);
        mw_shift shift;
        MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
        for (int i = 0; i < SHIFTS; i++) {
            mw_shift_begin(&shift, stages, 3, &at);
            MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
        }
        mw_shift_release(&shift);
        for (size_t i = 0; i < PIECES; i++) MW_CHECK_EQUAL_INT(at.runs[i], SHIFTS);
        for (size_t i = 0; i < LATER_PIECES; i++) MW_CHECK_EQUAL_INT(at.later_runs[i], SHIFTS);
        MW_CHECK_EQUAL_INT(at.too_early, 0);
    }
}

/* Two wait for each other: so they work at once, one of them before the end is asked for. */
static mw_status meet(void *shared, size_t piece, mw_error *err) {
    (void)err;
    context *at = shared;
    atomic_fetch_add(&at->runs[piece], 1);
    while (atomic_load(&at->runs[1 - piece]) == 0) continue;
    return MW_OK;
}

MW_TEST(team_works_while_its_caller_does_something_else) {
    static const mw_crew_stage meeting[] = {{meet, 2}};
    context at = {.failing = PIECES};
    mw_crew crew = mw_team_crew(mw_sys_real(), 2);
    mw_shift shift;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    mw_shift_begin(&shift, meeting, 1, &at);
    while (atomic_load(&at.runs[1]) == 0) continue;
    MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
    mw_shift_release(&shift);
}

MW_TEST(team_stops_at_a_failure_and_may_begin_anew) {
    context at = {.failing = 10};
    mw_crew crew = mw_team_crew(mw_sys_real(), 3);
    mw_shift shift;
    mw_error err;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    mw_shift_begin(&shift, stages, 3, &at);
    MW_CHECK_STATUS(mw_shift_end(&shift, &err), MW_CHECK_FAILED);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message), "piece 10");
    MW_CHECK_EQUAL_INT(at.runs[10], 1);
    for (size_t i = 0; i < LATER_PIECES; i++) MW_CHECK_EQUAL_INT(at.later_runs[i], 0);
    at.failing = PIECES;
    mw_shift_begin(&shift, stages, 3, &at);
    MW_CHECK_OK(mw_shift_end(&shift, &err), &err);
    mw_shift_begin(&shift, stages, 3, &at);
    mw_shift_release(&shift); /* what has not begun is left out */
}

static mw_status hire(void *unused) {
    (void)unused;
    mw_crew crew = mw_team_crew(mw_sys_real(), 2);
    mw_shift shift;
    MW_TRY(mw_shift_init(&shift, &crew, NULL));
    mw_shift_release(&shift);
    return MW_OK;
}

MW_TEST(team_needs_memory_and_a_real_system) {
    MW_CHECK(mw_test_every_allocation_fails(hire, NULL) >= 2);
    mw_sys *sys;
    MW_CHECK_OK(mw_simulated_create((mw_simulated_config){.seed = 1}, &sys, NULL), NULL);
    mw_crew crew = mw_team_crew(sys, 2);
    mw_shift shift;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    MW_CHECK(!shift.hired);
    mw_simulated_destroy(sys);
}
