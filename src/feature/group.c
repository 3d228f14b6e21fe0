#include "feature/group.h"

static int64_t add_clipped(int64_t a, int64_t b) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
}

void mw_group_init(mw_group *group, const mw_group_plan *plan, mw_budget *budget) {
    *group = (mw_group){.plan = plan, .swept = INT64_MIN};
    mw_pool_init(&group->rings, budget);
    mw_cards_init(&group->cards, (size_t)plan->key_count, plan->bound_count, budget);
}

void mw_group_release(mw_group *group) {
    mw_cards_release(&group->cards);
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

static void evict(mw_group *group, mw_card *card, int64_t horizon) {
    const mw_ring_shape *shape = &group->plan->ring;
    mw_ring_evict(&card->ring, mw_ring_seek(shape, &card->ring, card->ring.first, horizon));
}

mw_card *mw_group_reserve(mw_group *group, const mw_cell *keys, int64_t place) {
    const mw_group_plan *plan = group->plan;
    mw_card *card = mw_cards_add(&group->cards, keys, mw_cards_hash(&group->cards, keys));
    if (!card) return NULL;
    if (!mw_ring_fits(&card->ring, card->reserved + 1))
        evict(group, card, mw_group_horizon(group, place));
    if (!mw_ring_reserve(&plan->ring, &card->ring, &group->rings, card->reserved + 1))
        return NULL;
    return card;
}

void mw_group_insert(mw_group *group, mw_card *card, const mw_cell *element) {
    mw_ring_insert(&group->plan->ring, &card->ring, element);
}

mw_card *mw_group_look_up(const mw_group *group, const mw_lookup_plan *lookup,
                          const mw_frame *frame) {
    mw_cell keys[MW_KEYS_MAX];
    /* A missing key finds nothing: no event with one was ever taken. */
    for (int32_t i = 0; i < group->plan->key_count; i++)
        keys[i] = mw_code_run(lookup->keys[i], frame);
    return mw_cards_find(&group->cards, keys, mw_cards_hash(&group->cards, keys));
}

uint64_t mw_group_cut(const mw_group *group, mw_card *card, int32_t bound, int64_t t) {
    uint32_t *hint = &mw_cards_hints(&group->cards, card)[bound];
    uint32_t from_first = *hint - (uint32_t)card->ring.first;
    if (from_first > card->ring.count) from_first = card->ring.count;
    uint64_t position =
        mw_ring_seek(&group->plan->ring, &card->ring, card->ring.first + from_first,
                     add_clipped(t, group->plan->bounds[bound].offset_us));
    *hint = (uint32_t)position;
    return position;
}

/* Most windows end where they ended last, or a page further. */
static void foresee_events(const mw_group *group, mw_card *card) {
    const mw_ring_shape *shape = &group->plan->ring;
    if (card->ring.capacity == 0) return;
    const uint32_t *hints = mw_cards_hints(&group->cards, card);
    for (size_t i = 0; i < group->plan->bound_count; i++)
        mw_ring_prefetch(shape, &card->ring, hints[i]);
    mw_ring_prefetch(shape, &card->ring, mw_ring_end(&card->ring));
}

void mw_group_foresee(const mw_group *group, const mw_cell *keys, mw_foresight depth) {
    uint64_t hash = mw_cards_hash(&group->cards, keys);
    if (depth == MW_FORESEE_SLOT) {
        mw_cards_prefetch(&group->cards, hash);
        return;
    }
    mw_card *card = mw_cards_guess(&group->cards, hash);
    if (!card) return;
    if (depth == MW_FORESEE_CARD)
        __builtin_prefetch(card, 1);
    else
        foresee_events(group, card);
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
