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
            mw_shift_begin(&shift, (mw_crew_load){stages, 3, &at});
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
    mw_shift_begin(&shift, (mw_crew_load){meeting, 1, &at});
    while (atomic_load(&at.runs[1]) == 0) continue;
    MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
    mw_shift_release(&shift);
}

/* A load of what stands in rows: each stage adds to all of them, and looks whether the stage before
   in its load and the same row of the load before were there before it. */
enum { ROWS = 6, LOADS = 200, STEPS = 3 };

typedef struct flow flow;
struct flow {
    const flow *before;           /* the load before; NULL: none */
    atomic_int done[STEPS];       /* pieces of each stage, */
    atomic_int rows[STEPS][ROWS]; /* and how often each of them */
    atomic_int *early, *overtook; /* counts breaches */
    bool is_failing;
};

static mw_status take_step(flow *at, int step, size_t piece) {
    if (step > 0 && atomic_load(&at->done[step - 1]) != ROWS) atomic_fetch_add(at->early, 1);
    if (at->before && atomic_load(&at->before->rows[step][piece]) != 1)
        atomic_fetch_add(at->overtook, 1);
    atomic_fetch_add(&at->rows[step][piece], 1);
    atomic_fetch_add(&at->done[step], 1);
    return MW_OK;
}

static mw_status take_first(void *at, size_t piece, mw_error *err) {
    flow *of = at;
    if (of->is_failing && piece == 1) return mw_fail(err, MW_CHECK_FAILED, "it fails");
    return take_step(of, 0, piece);
}
static mw_status take_second(void *at, size_t piece, mw_error *err) {
    (void)err;
    return take_step(at, 1, piece);
}
static mw_status take_third(void *at, size_t piece, mw_error *err) {
    (void)err;
    return take_step(at, 2, piece);
}

static const mw_crew_stage steps[] = {{take_first, ROWS}, {take_second, ROWS}, {take_third, ROWS}};

MW_TEST(team_lets_no_piece_overtake_that_of_the_load_before) {
    for (size_t size = 2; size < 8; size++) {
        static flow flows[LOADS];
        atomic_int early = 0, overtook = 0;
        mw_crew crew = mw_team_crew(mw_sys_real(), size);
        mw_shift shift;
        MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
        size_t begun = 0;
        for (size_t ended = 0; ended < LOADS; ended++) {
            for (; begun < LOADS && begun < ended + 1 + size % MW_CREW_LOADS_MAX; begun++) {
                flows[begun] = (flow){.before = begun > 0 ? &flows[begun - 1] : NULL,
                                      .early = &early,
                                      .overtook = &overtook};
                mw_shift_begin(&shift, (mw_crew_load){steps, STEPS, &flows[begun]});
            }
            MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
            for (int i = 0; i < STEPS; i++) MW_CHECK_EQUAL_INT(flows[ended].done[i], ROWS);
        }
        MW_CHECK_EQUAL_INT(early, 0);
        MW_CHECK_EQUAL_INT(overtook, 0);
        mw_shift_release(&shift);
    }
}

/* The second load's first stage waits for nobody but the first load's. */
static mw_status stay(void *shared, size_t piece, mw_error *err) {
    (void)piece, (void)err;
    atomic_int *later = shared;
    while (atomic_load(later) == 0) continue;
    return MW_OK;
}

static mw_status let_go(void *shared, size_t piece, mw_error *err) {
    (void)piece, (void)err;
    atomic_store((atomic_int *)shared, 1);
    return MW_OK;
}

MW_TEST(team_goes_on_with_the_next_load_while_a_piece_is_at_work) {
    static const mw_crew_stage staying[] = {{let_go, 0}, {stay, 1}}, later[] = {{let_go, 1}};
    atomic_int is_let_go = 0;
    mw_crew crew = mw_team_crew(mw_sys_real(), 2);
    mw_shift shift;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){staying, 2, &is_let_go});
    mw_shift_begin(&shift, (mw_crew_load){later, 1, &is_let_go});
    for (int i = 0; i < 2; i++) MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
    mw_shift_release(&shift);
}

/* Pieces of two loads, one stage each. The last piece of the first load waits until a piece of the
   second was at work or, where none may be, for a while. */
enum { MANY = MW_CREW_FOLLOWED_MAX + 1, LOOKS = 20000000 };

typedef struct {
    size_t last;
    bool is_patient; /* it waits as long as it takes */
    atomic_int later, seen; /* pieces of the second load, and how many the first load's last saw */
} pursuit;

static mw_status flee(void *shared, size_t piece, mw_error *err) {
    (void)err;
    pursuit *at = shared;
    if (piece != at->last) return MW_OK;
    for (int i = 0; i < LOOKS && atomic_load(&at->later) == 0; i += !at->is_patient) continue;
    atomic_store(&at->seen, atomic_load(&at->later));
    return MW_OK;
}

static mw_status pursue(void *shared, size_t piece, mw_error *err) {
    (void)piece, (void)err;
    pursuit *at = shared;
    atomic_fetch_add(&at->later, 1);
    return MW_OK;
}

/* How many pieces of a second load were done before the last one of the first. */
static int pieces_ahead(size_t first_count, size_t second_count, bool is_patient) {
    mw_crew_stage fleeing = {flee, first_count}, pursuing = {pursue, second_count};
    pursuit at = {.last = first_count - 1, .is_patient = is_patient};
    mw_crew crew = mw_team_crew(mw_sys_real(), 2);
    mw_shift shift;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){&fleeing, 1, &at});
    mw_shift_begin(&shift, (mw_crew_load){&pursuing, 1, &at});
    for (int i = 0; i < 2; i++) MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
    mw_shift_release(&shift);
    MW_CHECK_EQUAL_INT(at.later, (int)second_count);
    return at.seen;
}

MW_TEST(team_follows_a_stage_piece_by_piece) {
    MW_CHECK(pieces_ahead(2, 2, true) > 0);
    MW_CHECK(pieces_ahead(MW_CREW_FOLLOWED_MAX, MW_CREW_FOLLOWED_MAX, true) > 0);
    MW_CHECK_EQUAL_INT(pieces_ahead(MANY, MANY, false), 0);
    MW_CHECK_EQUAL_INT(pieces_ahead(3, 4, false), 0);
}

MW_TEST(team_leaves_out_the_loads_behind_a_failure) {
    atomic_int early = 0, overtook = 0;
    flow failing = {.early = &early, .overtook = &overtook, .is_failing = true};
    flow behind = {.early = &early, .overtook = &overtook};
    mw_crew crew = mw_team_crew(mw_sys_real(), 3);
    mw_shift shift;
    mw_error err;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){steps, STEPS, &failing});
    mw_shift_begin(&shift, (mw_crew_load){steps, STEPS, &behind});
    for (int i = 0; i < 2; i++) {
        MW_CHECK_STATUS(mw_shift_end(&shift, &err), MW_CHECK_FAILED);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), "it fails");
    }
    MW_CHECK_EQUAL_INT(failing.done[1], 0);
    MW_CHECK_EQUAL_INT(behind.done[0], 0);
    mw_shift_begin(&shift, (mw_crew_load){steps, STEPS, &behind});
    MW_CHECK_OK(mw_shift_end(&shift, &err), &err);
    MW_CHECK_EQUAL_INT(behind.done[2], ROWS);
    mw_shift_release(&shift);
}

MW_TEST(team_stops_at_a_failure_and_may_begin_anew) {
    context at = {.failing = 10};
    mw_crew crew = mw_team_crew(mw_sys_real(), 3);
    mw_shift shift;
    mw_error err;
    MW_CHECK_OK(mw_shift_init(&shift, &crew, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &at});
    MW_CHECK_STATUS(mw_shift_end(&shift, &err), MW_CHECK_FAILED);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message), "piece 10");
    MW_CHECK_EQUAL_INT(at.runs[10], 1);
    for (size_t i = 0; i < LATER_PIECES; i++) MW_CHECK_EQUAL_INT(at.later_runs[i], 0);
    at.failing = PIECES;
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &at});
    MW_CHECK_OK(mw_shift_end(&shift, &err), &err);
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &at});
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
