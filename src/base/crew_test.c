#include "base/crew.h"
#include "testing/test.h"

typedef struct {
    size_t pieces[16], count;
    size_t failing; /* the piece of the first stage that fails */
} work;

static mw_status do_piece(void *context, size_t piece, mw_error *err) {
    work *w = context;
    w->pieces[w->count++] = piece;
    return piece == w->failing ? mw_fail(err, MW_INVALID, "piece %zu fails", piece) : MW_OK;
}

static mw_status do_later_piece(void *context, size_t piece, mw_error *err) {
    (void)err;
    work *w = context;
    w->pieces[w->count++] = 100 + piece;
    return MW_OK;
}

static const mw_crew_stage stages[] = {{do_piece, 4}, {do_later_piece, 0}, {do_later_piece, 2}};

MW_TEST(shift_of_nobody_does_the_pieces_in_turn) {
    work w = {.failing = SIZE_MAX};
    mw_shift shift;
    MW_CHECK_OK(mw_shift_init(&shift, &(mw_crew){.size = 3}, NULL), NULL);
    for (int round = 0; round < 2; round++) {
        w.count = 0;
        mw_shift_begin(&shift, (mw_crew_load){stages, 3, &w});
        MW_CHECK_EQUAL_INT(w.count, 0);
        MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
        MW_CHECK_EQUAL_INT(w.count, 6);
        for (size_t i = 0; i < 4; i++) MW_CHECK_EQUAL_INT(w.pieces[i], i);
        for (size_t i = 0; i < 2; i++) MW_CHECK_EQUAL_INT(w.pieces[4 + i], 100 + i);
    }
    mw_shift_release(&shift);
}

MW_TEST(shift_of_nobody_stops_at_a_piece_that_fails) {
    work w = {.failing = 2};
    mw_shift shift;
    mw_error err;
    MW_CHECK_OK(mw_shift_init(&shift, &(mw_crew){0}, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &w});
    MW_CHECK_EQUAL_INT(mw_shift_end(&shift, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(w.count, 3);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message), "piece 2 fails");
    mw_shift_release(&shift);
}

MW_TEST(shift_of_nobody_ends_loads_in_their_order) {
    work w = {.failing = SIZE_MAX}, failing = {.failing = 1}, behind = {.failing = SIZE_MAX};
    mw_shift shift;
    mw_error err;
    MW_CHECK_OK(mw_shift_init(&shift, &(mw_crew){0}, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &w});
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &failing});
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &behind});
    MW_CHECK_OK(mw_shift_end(&shift, &err), &err);
    MW_CHECK_EQUAL_INT(w.count, 6);
    MW_CHECK_EQUAL_INT(failing.count, 0);
    for (int i = 0; i < 2; i++) {
        MW_CHECK_EQUAL_INT(mw_shift_end(&shift, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(mw_str_of(err.message), "piece 1 fails");
    }
    MW_CHECK_EQUAL_INT(failing.count, 2);
    MW_CHECK_EQUAL_INT(behind.count, 0);
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &behind});
    MW_CHECK_OK(mw_shift_end(&shift, &err), &err);
    MW_CHECK_EQUAL_INT(behind.count, 6);
    mw_shift_release(&shift);
}

static work others = {.failing = SIZE_MAX};

static mw_status hire(void *lender, size_t size, void **out_hired, mw_error *err) {
    (void)err;
    MW_CHECK(lender == &others);
    MW_CHECK_EQUAL_INT(size, 2);
    *out_hired = lender;
    return MW_OK;
}

static void begin(void *hired, const mw_crew_load *load) {
    MW_CHECK_OK(load->stages[0].body(load->context, 7, NULL), NULL);
    MW_CHECK(hired == &others);
}

static mw_status end(void *hired, mw_error *err) {
    return do_piece(hired, 8, err);
}

static void dismiss(void *hired) {
    (void)do_later_piece(hired, 9, NULL);
}

/* One that nobody is needed for is not asked. */
MW_TEST(shift_leaves_the_work_to_those_who_are_hired) {
    static const mw_lending lending = {hire, begin, end, dismiss};
    mw_shift shift;
    MW_CHECK_OK(mw_shift_init(&shift, &(mw_crew){&lending, &others, 1}, NULL), NULL);
    MW_CHECK(!shift.hired);
    MW_CHECK_OK(mw_shift_init(&shift, &(mw_crew){&lending, &others, 2}, NULL), NULL);
    mw_shift_begin(&shift, (mw_crew_load){stages, 3, &others});
    MW_CHECK_EQUAL_INT(others.count, 1);
    MW_CHECK_OK(mw_shift_end(&shift, NULL), NULL);
    MW_CHECK_EQUAL_INT(others.count, 2);
    mw_shift_release(&shift);
    MW_CHECK_EQUAL_INT(others.count, 3);
    MW_CHECK_EQUAL_INT(others.pieces[2], 109);
}
