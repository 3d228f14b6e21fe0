/*
 * group: the state of one group of windows: its cards, and the memory that they share.
 *
 * An event is first admitted, which may fail and changes no value, then inserted, which
 * cannot fail: so an event enters all groups or none.
 *
 * A card's ring may be out on disk: mw_group_bring, which may fail, has it back. Who looks into a
 * ring or changes it does that first.
 */
#pragma once
#include "feature/cards.h"
#include "feature/plan.h"
#include "feature/ring_reading.h"
#include "feature/spill.h"

#include <stdalign.h>

typedef struct {
    alignas(MW_LINE_SIZE) const mw_group_plan *plan; /* another thread may have the next group */
    mw_pool rings;
    mw_cards cards;
    mw_spill *spill; /* where rings go that are out; NULL: none ever is */
    size_t withdrawn_count; /* elements that corrections replaced and that are kept, or more */
    mw_card *recent; /* found last: an event mostly follows its moment; NULL: none */
    int64_t latest_t; /* of all moments that have read */
    int64_t swept;   /* the place of the last sweep, */
    size_t inserted; /* and how many events have come since */
    size_t grown_at; /* as many as had come when a ring grew before it was full */
} mw_group;

void mw_group_init(mw_group *group, const mw_group_plan *plan, mw_budget *budget);
void mw_group_release(mw_group *group);

/* a + b, clipped to what a time can be. */
static inline int64_t mw_time_add(int64_t a, int64_t b) {
    int64_t sum;
    if (!__builtin_add_overflow(a, b, &sum)) return sum;
    return b < 0 ? INT64_MIN : INT64_MAX;
}
/* Notes that a moment at `t` reads the card. True if none has read at a later time: then each hint
   of the card is where its bound lies now, or before. Not so where positions outgrow hints. */
static inline bool mw_group_goes_on(mw_group *group, const mw_card *card, int64_t t) {
    bool goes_on = t >= group->latest_t;
    if (goes_on) group->latest_t = t;
    return goes_on && mw_ring_end(&card->ring) <= UINT32_MAX;
}
/* The time before which no window will ever look again, once the engine stands at `place`. */
static inline int64_t mw_group_horizon(const mw_group *group, int64_t place) {
    if (group->plan->retention_us == MW_RETAIN_FOREVER) return INT64_MIN;
    return mw_time_add(place, -group->plan->retention_us);
}
/* Says whether the event belongs to this group; its keys then stand in `out_keys`. */
MW_MUST_USE static inline bool mw_group_takes(const mw_group *group, const mw_frame *frame,
                                              mw_cell *out_keys) {
    const mw_group_plan *plan = group->plan;
    if (plan->condition && mw_code_run(plan->condition, frame).boolean != MW_TRUE) return false;
    for (int32_t i = 0; i < plan->key_count; i++) {
        out_keys[i] = frame->row[plan->keys[i]];
        if (mw_cell_is_missing(plan->key_types[i], out_keys[i])) return false;
    }
    return true;
}
uint32_t mw_group_fill_tick(const mw_group *group, const mw_frame *frame, mw_cell *out_element);
/* Fills the columns of an element, or the folds of a tick that is of this event alone; instance and
   known time are the caller's. Gives back how many values are outside of a sum's range. */
static inline uint32_t mw_group_fill(const mw_group *group, const mw_frame *frame,
                                     mw_cell *out_element) {
    const mw_group_plan *plan = group->plan;
    if (plan->tick.kind != MW_TICK_NONE) return mw_group_fill_tick(group, frame, out_element);
    uint32_t refused = 0;
    out_element[0].time = frame->time_us;
    for (size_t i = 0; i < plan->column_count; i++) {
        const mw_column *column = &plan->columns[i];
        mw_cell value = column->field != MW_NO_FIELD ? frame->row[column->field]
                                                     : mw_code_run(column->value, frame);
        out_element[1 + i] = value;
        if (column->is_summed && __builtin_fabs(value.number) >= 0x1p63) refused++;
    }
    return refused;
}
/* The card of `keys` with room for one more event. MW_NO_MEMORY bears no message. */
MW_MUST_USE mw_status mw_group_reserve(mw_group *group, const mw_cell *keys, int64_t place,
                                       mw_card **out_card, mw_error *err);
mw_card *mw_group_find(const mw_group *group, const mw_cell *keys); /* NULL: there is none */
MW_MUST_USE mw_status mw_group_fetch(mw_group *group, mw_card *card, mw_error *err);
/* Has the card's ring back, if it is out. NULL is allowed. MW_NO_MEMORY bears no message. */
static inline mw_status mw_group_bring(mw_group *group, mw_card *card, mw_error *err) {
    if (!card) return MW_OK;
    mw_card_touch(card);
    return card->is_out ? mw_group_fetch(group, card, err) : MW_OK;
}
/* Makes room in a card for one more event. MW_NO_MEMORY bears no message. */
MW_MUST_USE mw_status mw_group_make_more_room(mw_group *group, mw_card *card, int64_t place,
                                              mw_error *err);
MW_MUST_USE static inline mw_status mw_group_make_room(mw_group *group, mw_card *card,
                                                       int64_t place, mw_error *err) {
    mw_card_touch(card);
    bool has_room = !card->is_out && group->plan->census_count == 0 &&
                    mw_ring_fits(&card->ring, card->reserved + 1) &&
                    !mw_ring_is_nearly_full(&card->ring);
    return has_room ? MW_OK : mw_group_make_more_room(group, card, place, err);
}
void mw_group_insert_apart(mw_group *group, mw_card *card, const mw_cell *element);
/* There must be room. */
static inline void mw_group_insert(mw_group *group, mw_card *card, const mw_cell *element) {
    const mw_group_plan *plan = group->plan;
    group->inserted++;
    if (plan->tick.kind == MW_TICK_NONE && plan->census_count == 0)
        mw_ring_insert(&plan->ring, &card->ring, element);
    else
        mw_group_insert_apart(group, card, element);
}
/* The card's ring, or what it is like on disk, which stays there; good until the next call. */
MW_MUST_USE mw_status mw_group_peek(const mw_group *group, const mw_card *card,
                                    mw_ring *out_ring, mw_error *err);
/* Puts the card's ring out, unless it has none, or must stay for an event that is not known yet:
   then `*out_is_out` is false. */
MW_MUST_USE mw_status mw_group_put_out(mw_group *group, mw_card *card, bool *out_is_out,
                                       mw_error *err);
/* The reverse of an insertion: takes the element out or, where that is kept, notes that it counts
   until `until` only. Nothing happens if it is not there. */
void mw_group_withdraw(mw_group *group, mw_card *card, const mw_cell *element, int64_t until);
/* The keys that a lookup asks for. A missing key finds nothing: no event with one is ever taken. */
static inline void mw_group_asked_keys(const mw_group *group, const mw_lookup_plan *lookup,
                                       const mw_frame *frame, mw_cell *out_keys) {
    for (int32_t i = 0; i < group->plan->key_count; i++) {
        int32_t field = lookup->fields[i];
        out_keys[i] =
            field != MW_NO_FIELD ? frame->row[field] : mw_code_run(lookup->keys[i], frame);
    }
}
/* The card that a lookup asks for; NULL if there is none. */
mw_card *mw_group_look_up(mw_group *group, const mw_lookup_plan *lookup, const mw_frame *frame);
/* The time of a bound for the moment at `t`, whose edges these are. */
static inline int64_t mw_bound_time(const mw_bound_plan *bound, int64_t t,
                                    const mw_edges *edges) {
    return bound->edge == MW_NONE ? mw_time_add(t, bound->offset_us) : edges->times[bound->edge];
}
/* Asks the cache for the events that a card's next look-up and insertion will want. */
void mw_group_foresee_events(const mw_group *group, mw_card *card);
/* Evicts what lies before the horizon; now and then, as it looks at every card. */
void mw_group_sweep(mw_group *group, int64_t place);
/* Whether enough time has passed since the last sweep for the next to be worth it. */
MW_MUST_USE bool mw_group_is_due(const mw_group *group, int64_t place);
