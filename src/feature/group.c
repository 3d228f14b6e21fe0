#include "feature/group.h"

#include <string.h>

/* Work for censuses stands apart from the usual way, which most groups take at every event. */
#define APART __attribute__((noinline))
/* What few events need, or what goes to the disk, is made small. */
#define RARE __attribute__((noinline, cold))

void mw_group_init(mw_group *group, const mw_group_plan *plan, mw_budget *budget) {
    *group = (mw_group){.plan = plan, .latest_t = INT64_MIN, .swept = INT64_MIN};
    mw_pool_init(&group->rings, budget);
    mw_cards_init(&group->cards, (size_t)plan->key_count, plan->census_count, plan->bound_count,
                  budget);
}

static void release_censuses(mw_group *group, mw_card *card) {
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < group->plan->census_count; i++) {
        mw_census_release(censuses[i]);
        censuses[i] = NULL;
    }
}

/* What was read before says nothing any more of where windows will end. */
RARE static void forget_hints(mw_group *group, mw_card *card) {
    uint32_t *hints = mw_cards_hints(&group->cards, card);
    for (size_t i = 0; i < group->plan->bound_count; i++) hints[i] = (uint32_t)card->ring.first;
}

/* Where the pool does not own the blocks, the cards alone know them. */
static void release_card(mw_group *group, mw_card *card) {
    release_censuses(group, card);
    if (group->spill && !card->is_out) mw_ring_release(&card->ring, &group->rings);
}

RARE void mw_group_release(mw_group *group) {
    bool has_more = group->spill || group->plan->census_count > 0;
    for (uint32_t number = 1; has_more && number < group->cards.number_end; number++) {
        mw_card *card = mw_cards_at(&group->cards, number);
        if (card) release_card(group, card);
    }
    mw_cards_release(&group->cards);
    mw_pool_release(&group->rings);
}

uint32_t mw_group_fill_tick(const mw_group *group, const mw_frame *frame, mw_cell *out_element) {
    uint32_t refused = 0;
    out_element[0].time = mw_tick_step(group->plan->tick, frame->zone, frame->time_us, 0);
    for (size_t i = 0; i < group->plan->fold_count; i++) {
        const mw_fold *fold = &group->plan->folds[i];
        refused += !mw_fold_event(fold, frame, out_element + fold->word);
    }
    return refused;
}

APART static void evict_from_censuses(mw_group *group, mw_card *card, uint64_t position) {
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < group->plan->census_count; i++)
        if (censuses[i]) mw_census_evict(censuses[i], position);
}

static inline void evict(mw_group *group, mw_card *card, int64_t horizon) {
    const mw_ring_shape *shape = &group->plan->ring;
    if (card->ring.count == 0 || mw_ring_time(shape, &card->ring, card->ring.first) >= horizon)
        return;
    uint64_t position = mw_ring_seek(shape, &card->ring, card->ring.first, horizon);
    if (group->plan->census_count > 0) evict_from_censuses(group, card, position);
    mw_ring_evict(shape, &card->ring, position);
}

/* Makes room for `extra` events in the ring and its censuses. */
APART static bool reserve_counted(mw_group *group, mw_card *card, uint32_t extra) {
    const mw_group_plan *plan = group->plan;
    if (!mw_ring_reserve(&plan->ring, &card->ring, &group->rings, extra)) return false;
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < plan->census_count; i++)
        if (!mw_census_reserve(&censuses[i], &plan->censuses[i], &card->ring, extra,
                               group->cards.budget))
            return false;
    return true;
}

/* Rings that fill alike are full at the same time, and then a stretch of events would wait for all
   of them. So one that soon will be grows before, but only so often that an event pays for no more
   than GROWTH_SHARE elements that move. Without memory for that it lasts as it is. */
APART static void grow_early(mw_group *group, mw_card *card) {
    enum { GROWTH_SHARE = 16 };
    mw_ring *ring = &card->ring;
    if (group->inserted - group->grown_at < ring->capacity / GROWTH_SHARE) return;
    group->grown_at = group->inserted;
    (void)!mw_ring_reserve(&group->plan->ring, ring, &group->rings,
                           ring->capacity - ring->count + 1);
}

mw_status mw_group_make_more_room(mw_group *group, mw_card *card, int64_t place, mw_error *err) {
    MW_TRY(mw_group_bring(group, card, err));
    uint32_t extra = card->reserved + 1;
    if (!mw_ring_fits(&card->ring, extra) || mw_ring_is_nearly_full(&card->ring))
        evict(group, card, mw_group_horizon(group, place));
    if (mw_ring_is_nearly_full(&card->ring)) grow_early(group, card);
    bool has_room =
        group->plan->census_count > 0
            ? reserve_counted(group, card, extra)
            : mw_ring_reserve(&group->plan->ring, &card->ring, &group->rings, extra);
    return has_room ? MW_OK : MW_NO_MEMORY;
}

mw_status mw_group_reserve(mw_group *group, const mw_cell *keys, int64_t place,
                           mw_card **out_card, mw_error *err) {
    mw_card *card = group->recent;
    if (!card || !mw_cards_is(&group->cards, card, keys)) {
        card = mw_cards_add(&group->cards, keys, mw_cards_hash(&group->cards, keys));
        if (!card) return MW_NO_MEMORY;
        group->recent = card;
    }
    MW_TRY(mw_group_make_room(group, card, place, err));
    *out_card = card;
    return MW_OK;
}

/* --- out and back ---------------------------------------------------------------------------- */

RARE mw_status mw_group_peek(const mw_group *group, const mw_card *card, mw_ring *out_ring,
                             mw_error *err) {
    mw_ring ring = card->ring;
    if (card->is_out) {
        const void *bytes;
        ring = (mw_ring){.count = card->out.count,
                         .capacity = card->out.capacity,
                         .has_unusual = card->out.has_unusual};
        MW_TRY(mw_spill_look(group->spill, card->out.place,
                             mw_ring_size(&group->plan->ring, ring.capacity), &ring.first, &bytes,
                             err));
        ring.words = (mw_cell *)bytes;
    }
    *out_ring = ring;
    return MW_OK;
}

/* The censuses of a ring that has come back; false if memory is out, then there are none. */
static bool count_anew(mw_group *group, mw_card *card) {
    const mw_group_plan *plan = group->plan;
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < plan->census_count; i++) {
        if (mw_census_reserve(&censuses[i], &plan->censuses[i], &card->ring, 0,
                              group->cards.budget))
            continue;
        release_censuses(group, card);
        return false;
    }
    return true;
}

RARE mw_status mw_group_fetch(mw_group *group, mw_card *card, mw_error *err) {
    const mw_ring_shape *shape = &group->plan->ring;
    mw_ring_out out = card->out;
    mw_ring ring;
    MW_TRY(mw_group_peek(group, card, &ring, err));
    mw_cell *words = mw_ring_take(shape, ring.capacity, &group->rings);
    if (!words) return MW_NO_MEMORY;
    memcpy(words, ring.words, mw_ring_size(shape, ring.capacity));
    ring.words = words;
    card->ring = ring;
    if (!count_anew(group, card)) {
        mw_ring_release(&card->ring, &group->rings);
        card->out = out;
        return MW_NO_MEMORY;
    }
    card->is_out = false;
    mw_spill_drop(group->spill, out.place, mw_ring_size(shape, out.capacity));
    return MW_OK;
}

RARE mw_status mw_group_put_out(mw_group *group, mw_card *card, bool *out_is_out,
                                mw_error *err) {
    const mw_ring_shape *shape = &group->plan->ring;
    const mw_ring *ring = &card->ring;
    *out_is_out = false;
    if (card->is_out || card->reserved > 0 || ring->count == 0) return MW_OK;
    mw_ring_out out = {.newest = mw_ring_time(shape, ring, mw_ring_end(ring) - 1),
                       .count = ring->count,
                       .capacity = ring->capacity,
                       .has_unusual = ring->has_unusual};
    mw_str bytes = {(const char *)ring->words, mw_ring_size(shape, ring->capacity)};
    MW_TRY(mw_spill_put(group->spill, ring->first, bytes, &out.place, err));
    mw_ring_release(&card->ring, &group->rings);
    release_censuses(group, card);
    card->out = out;
    card->is_out = *out_is_out = true;
    return MW_OK;
}

/* --- elements -------------------------------------------------------------------------------- */

static void insert_and_count(mw_group *group, mw_card *card, const mw_cell *element) {
    uint64_t position = mw_ring_insert(&group->plan->ring, &card->ring, element);
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < group->plan->census_count; i++)
        if (censuses[i]) mw_census_insert(censuses[i], position);
}

static void store_fold(const mw_fold *fold, const mw_ring_shape *shape, const mw_ring *ring,
                       uint64_t position, const mw_cell *words) {
    for (uint32_t w = 0; w < mw_fold_word_count(fold->kind); w++)
        *mw_ring_at(shape, ring, position, fold->word + w) = words[w];
}

/* Lets an element enter the one of its tick; false if that is not there yet. */
static bool merge_tick(const mw_group_plan *plan, mw_ring *ring, const mw_cell *element) {
    uint64_t end = mw_ring_end(ring);
    uint64_t position = mw_ring_seek(&plan->ring, ring, end, element[0].time);
    if (position == end || mw_ring_time(&plan->ring, ring, position) != element[0].time)
        return false;
    for (size_t i = 0; i < plan->fold_count; i++) {
        const mw_fold *fold = &plan->folds[i];
        mw_cell words[MW_FOLD_WORDS_MAX];
        mw_fold_load(fold, &plan->ring, ring, position, words);
        mw_fold_merge(fold, plan->ring.symbols, element + fold->word, words);
        store_fold(fold, &plan->ring, ring, position, words);
    }
    return true;
}

void mw_group_insert_apart(mw_group *group, mw_card *card, const mw_cell *element) {
    const mw_group_plan *plan = group->plan;
    if (plan->tick.kind != MW_TICK_NONE && merge_tick(plan, &card->ring, element)) return;
    insert_and_count(group, card, element);
}

mw_card *mw_group_find(const mw_group *group, const mw_cell *keys) {
    return mw_cards_find(&group->cards, keys, mw_cards_hash(&group->cards, keys));
}

static bool is_element(const mw_group_plan *plan, const mw_ring *ring, uint64_t position,
                       const mw_cell *element) {
    for (uint32_t i = 0; i < plan->ring.element_words; i++)
        if (mw_ring_at(&plan->ring, ring, position, i)->bits != element[i].bits) return false;
    return true;
}

/* Where an element stands that is like this one: any will do. The end of the ring: nowhere. */
static uint64_t position_of(const mw_group_plan *plan, const mw_ring *ring,
                            const mw_cell *element) {
    uint64_t end = mw_ring_end(ring);
    uint64_t position = mw_ring_seek(&plan->ring, ring, end, element[0].time);
    while (position < end && !is_element(plan, ring, position, element))
        position = mw_ring_time(&plan->ring, ring, position) == element[0].time ? position + 1
                                                                                : end;
    return position;
}

static void take_back_from_tick(const mw_group_plan *plan, mw_ring *ring,
                                const mw_cell *element) {
    uint64_t end = mw_ring_end(ring);
    uint64_t position = mw_ring_seek(&plan->ring, ring, end, element[0].time);
    if (position == end || mw_ring_time(&plan->ring, ring, position) != element[0].time) return;
    for (size_t i = 0; i < plan->fold_count; i++) {
        const mw_fold *fold = &plan->folds[i];
        mw_cell words[MW_FOLD_WORDS_MAX];
        mw_fold_load(fold, &plan->ring, ring, position, words);
        mw_fold_take_back(fold, element + fold->word, words);
        store_fold(fold, &plan->ring, ring, position, words);
    }
}

RARE void mw_group_withdraw(mw_group *group, mw_card *card, const mw_cell *element,
                            int64_t until) {
    const mw_group_plan *plan = group->plan;
    if (plan->tick.kind != MW_TICK_NONE) {
        take_back_from_tick(plan, &card->ring, element);
        return;
    }
    uint64_t position = position_of(plan, &card->ring, element);
    if (position == mw_ring_end(&card->ring)) return;
    if (plan->withdrawn_word) {
        mw_ring_at(&plan->ring, &card->ring, position, plan->withdrawn_word)->time = until;
        group->withdrawn_count++;
        return;
    }
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < plan->census_count; i++)
        if (censuses[i]) mw_census_remove(censuses[i], position);
    mw_ring_remove(&plan->ring, &card->ring, position);
    forget_hints(group, card);
}

mw_card *mw_group_look_up(mw_group *group, const mw_lookup_plan *lookup,
                          const mw_frame *frame) {
    mw_cell keys[MW_KEYS_MAX];
    mw_group_asked_keys(group, lookup, frame, keys);
    mw_card *card = mw_cards_find(&group->cards, keys, mw_cards_hash(&group->cards, keys));
    if (card) group->recent = card;
    return card;
}

void mw_group_foresee_events(const mw_group *group, mw_card *card) {
    if (card->is_out || card->ring.capacity == 0) return;
    mw_ring_foresee(&group->plan->ring, &card->ring, mw_cards_hints(&group->cards, card),
                    group->plan->bound_count);
}

static void shrink(mw_group *group, mw_card *card, uint32_t needed) {
    mw_ring_shrink(&group->plan->ring, &card->ring, &group->rings, needed);
    mw_census **censuses = mw_cards_censuses(&group->cards, card);
    for (uint32_t i = 0; i < group->plan->census_count; i++)
        mw_census_shrink(&censuses[i], needed);
}

/* Of a ring that is out one at most is said: it only matters whether there are any. */
static size_t count_withdrawn(const mw_group_plan *plan, const mw_card *card) {
    const mw_ring *ring = &card->ring;
    size_t count = 0;
    if (card->is_out) return 1;
    for (uint64_t at = ring->first; at < mw_ring_end(ring); at++)
        count += mw_ring_at(&plan->ring, ring, at, plan->withdrawn_word)->time < INT64_MAX;
    return count;
}

static void forget_out(mw_group *group, mw_card *card) {
    MW_ASSERT(card->reserved == 0);
    mw_spill_drop(group->spill, card->out.place,
                  mw_ring_size(&group->plan->ring, card->out.capacity));
    card->ring = (mw_ring){0};
    card->is_out = false;
}

static bool is_alive(const mw_group_plan *plan, const mw_ring *ring, int64_t horizon) {
    return ring->count > 0 && mw_ring_time(&plan->ring, ring, mw_ring_end(ring) - 1) >= horizon;
}

/* A short ring that is in use stays as it is: it evicts when it is full. */
static void sweep_card(mw_group *group, uint32_t number, int64_t horizon) {
    mw_card *card = mw_cards_at(&group->cards, number);
    if (!card || (card->is_out && card->out.newest >= horizon)) return;
    if (card->is_out) forget_out(group, card);
    else if (mw_ring_is_short(&card->ring) && is_alive(group->plan, &card->ring, horizon)) return;
    else evict(group, card, horizon);
    if (card->ring.count + card->reserved > 0) {
        shrink(group, card, card->ring.count + card->reserved);
        return;
    }
    mw_ring_release(&card->ring, &group->rings);
    release_censuses(group, card);
    mw_cards_remove(&group->cards, number);
}

/* Asks the cache for the newest event of a card, at which nobody may have looked for long. */
static void foresee_newest(const mw_group *group, uint32_t number) {
    if (number >= group->cards.number_end) return;
    const mw_card *card = mw_cards_at(&group->cards, number);
    if (card && !card->is_out && card->ring.count > 0)
        __builtin_prefetch(
            mw_ring_at(&group->plan->ring, &card->ring, mw_ring_end(&card->ring) - 1, 0));
}

RARE void mw_group_sweep(mw_group *group, int64_t place) {
    enum { AHEAD = 16 };
    int64_t horizon = mw_group_horizon(group, place);
    size_t withdrawn = 0;
    group->recent = NULL;
    for (uint32_t number = 1; number < group->cards.number_end; number++) {
        foresee_newest(group, number + AHEAD);
        sweep_card(group, number, horizon);
        const mw_card *card = group->withdrawn_count > 0 ? mw_cards_at(&group->cards, number)
                                                         : NULL;
        if (card) withdrawn += count_withdrawn(group->plan, card);
    }
    group->withdrawn_count = withdrawn;
    group->swept = place;
    group->inserted = group->grown_at = 0;
}

/* A sweep looks at every card: it waits for a few events a card, but not for long. */
bool mw_group_is_due(const mw_group *group, int64_t place) {
    enum { EVENTS_A_CARD = 4 };
    int64_t retention = group->plan->retention_us;
    if (retention == MW_RETAIN_FOREVER) return false;
    bool is_worth_it = group->inserted >= EVENTS_A_CARD * group->cards.count;
    return place >= mw_time_add(group->swept, retention / (is_worth_it ? 4 : 2) + 1);
}
