#include "testing/disorder.h"

#include "base/memory.h"
#include "base/prng.h"
#include "testing/test.h"

#include <string.h>

enum { PIECES_MAX = 1024 };

/* How far a load is. */
typedef struct {
    mw_crew_load load;
    size_t stage; /* at work, or the next; the load's stage_count: all are done */
    bool is_open; /* it is at work */
    size_t order[PIECES_MAX]; /* of its pieces */
    size_t left;              /* the first so many are still to be done, */
    bool is_to_do[PIECES_MAX]; /* these */
} progress;

typedef struct {
    uint64_t *prng;
    progress loads[MW_CREW_LOADS_MAX]; /* those under way, the oldest first */
    size_t load_count;
    mw_status status; /* what failed since there was none */
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

static bool is_done(const progress *at) {
    return at->stage == at->load.stage_count;
}

static void shuffle(disorder *hired, progress *at) {
    at->left = at->load.stages[at->stage].piece_count;
    MW_CHECK(at->left <= PIECES_MAX);
    for (size_t i = 0; i < at->left; i++) {
        size_t other = mw_prng_below(hired->prng, i + 1);
        at->order[i] = at->order[other];
        at->order[other] = i;
        at->is_to_do[i] = true;
    }
}

/* Whether the next stage of the index-th load may begin: behind that of the load before, or piece
   by piece with it (base/crew.h). */
static bool may_open(const disorder *hired, size_t index) {
    const progress *at = &hired->loads[index], *before = at - 1;
    if (index == 0 || is_done(before) || at->stage < before->stage) return true;
    size_t count = at->load.stages[at->stage].piece_count;
    return before->is_open && at->stage == before->stage && count <= MW_CREW_FOLLOWED_MAX &&
           count == before->load.stages[before->stage].piece_count;
}

static void open_stages(disorder *hired) {
    for (size_t i = 0; i < hired->load_count; i++) {
        progress *at = &hired->loads[i];
        while (!at->is_open && !is_done(at) && may_open(hired, i)) {
            shuffle(hired, at);
            at->is_open = at->left > 0;
            at->stage += !at->is_open;
        }
    }
}

/* Whether a load has a piece that may be done next. */
static bool has_next(const disorder *hired, size_t index) {
    const progress *at = &hired->loads[index], *before = at - 1;
    if (!at->is_open) return false;
    return index == 0 || before->stage > at->stage || !before->is_to_do[at->order[at->left - 1]];
}

/* Of any load. False: all are done, or a piece has failed. */
static bool do_piece(disorder *hired) {
    progress *open[MW_CREW_LOADS_MAX];
    size_t open_count = 0;
    for (size_t i = 0; i < hired->load_count; i++)
        if (has_next(hired, i)) open[open_count++] = &hired->loads[i];
    if (open_count == 0 || hired->status != MW_OK) return false;
    progress *at = open[mw_prng_below(hired->prng, open_count)];
    mw_crew_body body = at->load.stages[at->stage].body;
    size_t piece = at->order[--at->left];
    at->is_to_do[piece] = false;
    hired->status = body(at->load.context, piece, &hired->err);
    if (at->left == 0) {
        at->is_open = false;
        at->stage++;
        open_stages(hired);
    }
    return hired->status == MW_OK;
}

static void begin(void *hired_, const mw_crew_load *load) {
    disorder *hired = hired_;
    if (hired->load_count == 0) hired->status = MW_OK;
    hired->loads[hired->load_count++] = (progress){.load = *load};
    open_stages(hired);
    size_t now = mw_prng_below(hired->prng, 2 * load->stages[0].piece_count + 1);
    while (now > 0 && do_piece(hired)) now--;
}

static mw_status end(void *hired_, mw_error *err) {
    disorder *hired = hired_;
    while (!is_done(&hired->loads[0]) && do_piece(hired)) continue;
    hired->load_count--;
    memmove(hired->loads, hired->loads + 1, hired->load_count * sizeof *hired->loads);
    if (hired->status != MW_OK && err) *err = hired->err;
    return hired->status;
}

mw_crew mw_disorder_crew(uint64_t *prng, size_t size) {
    static const mw_lending lending = {hire, begin, end, mw_free};
    return (mw_crew){&lending, prng, size};
}
