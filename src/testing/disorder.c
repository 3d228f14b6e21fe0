#include "testing/disorder.h"

#include "base/memory.h"
#include "base/prng.h"
#include "testing/test.h"

enum { PIECES_MAX = 1024 };

typedef struct {
    uint64_t *prng;
    const mw_shift *shift;
    size_t stage;
    size_t order[PIECES_MAX]; /* of the pieces of the stage */
    size_t left;              /* the first so many are still to be done */
    mw_status status;
    mw_error err;
} disorder;

static mw_status hire(void *lender, size_t size, void **out_hired, mw_error *err) {
    MW_CHECK(size > 1);
    disorder *hired = mw_allocate(sizeof *hired);
    if (!hired) return mw_fail(err, MW_NO_MEMORY, "disorder: no memory");
    hired->prng = lender;
    *out_hired = hired;
    return MW_OK;
}

static void shuffle(disorder *hired, size_t piece_count) {
    MW_CHECK(piece_count <= PIECES_MAX);
    for (size_t i = 0; i < piece_count; i++) {
        size_t at = mw_prng_below(hired->prng, i + 1);
        hired->order[i] = hired->order[at];
        hired->order[at] = i;
    }
    hired->left = piece_count;
}

/* False: all are done, or one has failed. */
static bool do_piece(disorder *hired) {
    const mw_shift *shift = hired->shift;
    while (hired->left == 0) {
        if (++hired->stage >= shift->stage_count) return false;
        shuffle(hired, shift->stages[hired->stage].piece_count);
    }
    const mw_crew_stage *stage = &shift->stages[hired->stage];
    hired->status = stage->body(shift->context, hired->order[--hired->left], &hired->err);
    return hired->status == MW_OK;
}

static void begin(void *hired_, const mw_shift *shift) {
    disorder *hired = hired_;
    hired->shift = shift;
    hired->stage = 0;
    hired->status = MW_OK;
    shuffle(hired, shift->stages[0].piece_count);
    size_t now = mw_prng_below(hired->prng, 2 * hired->left + 1);
    while (now > 0 && do_piece(hired)) now--;
}

static mw_status end(void *hired_, mw_error *err) {
    disorder *hired = hired_;
    while (hired->status == MW_OK && do_piece(hired)) continue;
    if (hired->status != MW_OK && err) *err = hired->err;
    return hired->status;
}

mw_crew mw_disorder_crew(uint64_t *prng, size_t size) {
    static const mw_lending lending = {hire, begin, end, mw_free};
    return (mw_crew){&lending, prng, size};
}
