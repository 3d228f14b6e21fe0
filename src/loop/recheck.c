#include "loop/recheck.h"

#include "base/hash.h"

#include <string.h>

enum { SLOTS = 1024 };

typedef struct {
    uint64_t name; /* of t, the event's id and the element; 0: free */
    bool is_recorded;
    int64_t place;
    uint64_t events;
} half;

struct mw_recheck {
    const mw_model_program *model;
    half halves[SLOTS];
    mw_cell *features; /* feature_count for each slot */
    mw_recheck_count count;
};

mw_status mw_recheck_create(const mw_model_program *model, mw_recheck **out_recheck,
                            mw_error *err) {
    mw_recheck *recheck = mw_allocate(sizeof *recheck);
    if (!recheck) return mw_fail(err, MW_NO_MEMORY, "recheck: no memory");
    recheck->model = model;
    recheck->features = mw_allocate((model->feature_count + 1) * SLOTS * sizeof(mw_cell));
    if (!recheck->features) {
        mw_recheck_destroy(recheck);
        return mw_fail(err, MW_NO_MEMORY, "recheck: no memory");
    }
    *out_recheck = recheck;
    return MW_OK;
}

void mw_recheck_destroy(mw_recheck *recheck) {
    if (!recheck) return;
    mw_free(recheck->features);
    mw_free(recheck);
}

static uint64_t name_of(const mw_rechecked *made) {
    uint64_t name = mw_hash_join((uint64_t)made->t,
                                 mw_hash_bytes(made->event_id.data, made->event_id.size));
    if (made->element > 0) name = mw_hash_join(name, made->element);
    return name != 0 ? name : 1;
}

/* Whether both have seen the same events: at one place, as many; else the prediction's own event
   alone came between its place and the moment that the course made of it. */
static bool saw_the_same(const half *recorded, const half *found) {
    if (recorded->place == found->place) return recorded->events == found->events;
    return recorded->place < found->place && found->events == recorded->events + 1;
}

static bool is_same(const mw_recheck *recheck, const mw_cell *a, const mw_cell *b) {
    for (size_t i = 0; i < recheck->model->feature_count; i++) {
        mw_type type = recheck->model->features[i].type;
        bool both_missing = mw_cell_is_missing(type, a[i]) && mw_cell_is_missing(type, b[i]);
        if (a[i].bits != b[i].bits && !both_missing) return false;
    }
    return true;
}

static void meet(mw_recheck *recheck, const mw_rechecked *made, bool is_recorded) {
    size_t count = recheck->model->feature_count;
    half own = {name_of(made), is_recorded, made->place, made->events};
    half *other = &recheck->halves[own.name % SLOTS];
    mw_cell *features = recheck->features + (own.name % SLOTS) * count;
    bool are_one = other->name == own.name && other->is_recorded != is_recorded &&
                   saw_the_same(is_recorded ? &own : other, is_recorded ? other : &own);
    if (are_one) {
        recheck->count.compared++;
        recheck->count.differing += !is_same(recheck, features, made->features);
        *other = (half){.name = 0};
        return;
    }
    *other = own;
    memcpy(features, made->features, count * sizeof *features);
}

void mw_recheck_recorded(mw_recheck *recheck, mw_rechecked made) { meet(recheck, &made, true); }
void mw_recheck_found(mw_recheck *recheck, mw_rechecked made) { meet(recheck, &made, false); }
mw_recheck_count mw_recheck_read(const mw_recheck *recheck) { return recheck->count; }
