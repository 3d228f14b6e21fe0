#include "base/crew.h"
#include "testing/test.h"

typedef struct {
    size_t pieces[8], count;
    size_t failing; /* the piece that fails */
} work;

static mw_status do_piece(void *context, size_t piece, mw_error *err) {
    work *w = context;
    w->pieces[w->count++] = piece;
    return piece == w->failing ? mw_fail(err, MW_INVALID, "piece %zu fails", piece) : MW_OK;
}

MW_TEST(crew_of_nobody_does_the_pieces_in_turn) {
    work w = {.failing = SIZE_MAX};
    mw_crew nobody = {0};
    MW_CHECK_OK(mw_crew_run(&nobody, 5, do_piece, &w, NULL), NULL);
    MW_CHECK_EQUAL_INT(w.count, 5);
    for (size_t i = 0; i < w.count; i++) MW_CHECK_EQUAL_INT(w.pieces[i], i);
}

MW_TEST(crew_stops_at_a_piece_that_fails) {
    work w = {.failing = 2};
    mw_crew nobody = {0};
    mw_error err;
    MW_CHECK_EQUAL_INT(mw_crew_run(&nobody, 5, do_piece, &w, &err), MW_INVALID);
    MW_CHECK_EQUAL_INT(w.count, 3);
    MW_CHECK_EQUAL_STR(mw_str_of(err.message), "piece 2 fails");
}

static mw_status run_backwards(const mw_crew *crew, size_t piece_count, mw_crew_body body,
                               void *context, mw_error *err) {
    MW_CHECK_EQUAL_INT(crew->size, 2);
    while (piece_count > 0) MW_TRY(body(context, --piece_count, err));
    return MW_OK;
}

MW_TEST(crew_that_is_lent_does_the_work_its_own_way) {
    work w = {.failing = SIZE_MAX};
    mw_crew lent = {.run = run_backwards, .size = 2};
    MW_CHECK_OK(mw_crew_run(&lent, 3, do_piece, &w, NULL), NULL);
    MW_CHECK_EQUAL_INT(w.count, 3);
    MW_CHECK_EQUAL_INT(w.pieces[0], 2);
}
