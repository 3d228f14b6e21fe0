#include "feature/group.h"

/* A card with fewer events has no bounds: to scan it is as quick, and most keys are short. */
enum { BOUNDS_FROM = 8, BITS = 64 };

static int64_t add_clipped(int64_t a, int64_t b) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
}

static size_t bounds_size(const mw_group_plan *plan) {
    return plan->bound_count * mw_bound_size(&plan->bound);
}

void mw_group_init(mw_group *group, const mw_group_plan *plan, mw_budget *budget) {
    *group = (mw_group){.plan = plan, .swept = INT64_MIN};
    mw_pool_init(&group->rings, budget);
    mw_pool_init(&group->bounds, budget);
    mw_cards_init(&group->cards, (size_t)plan->key_count, budget);
}

void mw_group_release(mw_group *group) {
    mw_cards_release(&group->cards);
    mw_pool_release(&group->bounds);
    mw_pool_release(&group->rings);
}

int64_t mw_group_horizon(const mw_group *group, int64_t place) {
    if (group->plan->retention_us == MW_RETAIN_FOREVER) return INT64_MIN;
    return add_clipped(place, -group->plan->retention_us);
}

bool mw_group_takes(const mw_group *group, const mw_frame *frame, mw_cell *out_keys) {
    const mw_group_plan *plan = group->plan;
    if (plan->condition && mw_code_run(plan->condition, frame).boolean != MW_TRUE) return false;
    for (int32_t i = 0; i < plan->key_count; i++) {
        out_keys[i] = frame->row[plan->keys[i]];
        if (mw_cell_is_missing(plan->key_types[i], out_keys[i])) return false;
    }
    return true;
}

uint32_t mw_group_fill(const mw_group *group, const mw_frame *frame, mw_cell *out_element) {
    uint32_t refused = 0;
    out_element[0].time = frame->time_us;
    for (size_t i = 0; i < group->plan->column_count; i++) {
        const mw_column *column = &group->plan->columns[i];
        mw_cell value = mw_code_run(column->value, frame);
        out_element[1 + i] = value;
        if (column->is_summed && !mw_cell_is_missing(MW_TYPE_NUMBER, value) &&
            !mw_exact_sum_takes(value.number))
            refused++;
    }
    return refused;
}

/* A bound that has stayed behind is slid over what goes, so that it has counted it. */
static void evict(mw_group *group, mw_card *card, int64_t horizon) {
    const mw_group_plan *plan = group->plan;
    if (card->ring.count == 0) return;
    if (mw_ring_at(&plan->ring, &card->ring, card->ring.first)->time >= horizon) return;
    uint64_t position = mw_ring_find(&plan->ring, &card->ring, horizon);
    for (size_t i = 0; card->bounds && i < plan->bound_count; i++) {
        mw_bound *bound = mw_bound_at(&plan->bound, card->bounds, i);
        if (bound->position < position)
            mw_bound_slide(&plan->bound, &card->ring, bound, horizon);
    }
    mw_ring_evict(&card->ring, position);
}

static bool give_bounds(mw_group *group, mw_card *card) {
    const mw_group_plan *plan = group->plan;
    card->bounds = mw_pool_take(&group->bounds, 0, bounds_size(plan));
    if (!card->bounds) return false;
    for (size_t i = 0; i < plan->bound_count; i++)
        mw_bound_init(&plan->bound, &card->ring, mw_bound_at(&plan->bound, card->bounds, i));
    return true;
}

mw_card *mw_group_reserve(mw_group *group, const mw_cell *keys, int64_t place) {
    const mw_group_plan *plan = group->plan;
    mw_card *card = mw_cards_add(&group->cards, keys, mw_cards_hash(&group->cards, keys));
    if (!card) return NULL;
    if (card->ring.count + card->reserved == card->ring.capacity)
        evict(group, card, mw_group_horizon(group, place));
    if (!mw_ring_reserve(&plan->ring, &card->ring, &group->rings, card->reserved + 1))
        return NULL;
    if (card->ring.count >= BOUNDS_FROM && !card->bounds && !give_bounds(group, card))
        return NULL;
    return card;
}

void mw_group_insert(mw_group *group, mw_card *card, const mw_cell *element) {
    const mw_group_plan *plan = group->plan;
    mw_ring_insert(&plan->ring, &card->ring, element);
    for (size_t i = 0; card->bounds && i < plan->bound_count; i++)
        mw_bound_take_in(&plan->bound, mw_bound_at(&plan->bound, card->bounds, i), element);
}

mw_card *mw_group_look_up(mw_group *group, const mw_lookup_plan *lookup,
                          const mw_frame *frame) {
    const mw_group_plan *plan = group->plan;
    mw_cell keys[MW_KEYS_MAX];
    /* A missing key finds nothing: no event with one was ever taken. */
    for (int32_t i = 0; i < plan->key_count; i++) keys[i] = mw_code_run(lookup->keys[i], frame);
    mw_card *card =
        mw_cards_find(&group->cards, keys, mw_cards_hash(&group->cards, keys));
    for (size_t i = 0; card && card->bounds && i < plan->bound_count; i++) {
        if (!(lookup->uses[i / BITS] >> i % BITS & 1)) continue;
        mw_bound_slide(&plan->bound, &card->ring, mw_bound_at(&plan->bound, card->bounds, i),
                       add_clipped(frame->time_us, plan->bounds[i].offset_us));
    }
    return card;
}

static void sweep_card(mw_group *group, uint32_t number, int64_t horizon) {
    mw_card *card = mw_cards_at(&group->cards, number);
    if (!card) return;
    evict(group, card, horizon);
    if (card->ring.count + card->reserved > 0) {
        mw_ring_shrink(&group->plan->ring, &card->ring, &group->rings,
                       card->ring.count + card->reserved);
        return;
    }
    mw_ring_release(&card->ring, &group->rings);
    mw_pool_give(&group->bounds, 0, card->bounds);
    card->bounds = NULL;
    mw_cards_remove(&group->cards, number);
}

void mw_group_sweep(mw_group *group, int64_t place) {
    int64_t horizon = mw_group_horizon(group, place);
    size_t count = group->cards.count;
    for (uint32_t number = 1; number < group->cards.number_end; number++)
        sweep_card(group, number, horizon);
    if (group->cards.count < count) mw_cards_rebuild(&group->cards);
    group->swept = place;
}

bool mw_group_is_due(const mw_group *group, int64_t place) {
    if (group->plan->retention_us == MW_RETAIN_FOREVER) return false;
    return place >= add_clipped(group->swept, group->plan->retention_us / 4 + 1);
}
