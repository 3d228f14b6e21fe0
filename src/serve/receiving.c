#include "serve/receiving.h"

#include "serve/correcting.h"
#include "serve/recalling.h"

struct mw_receiving {
    mw_receiving_config config;
    mw_reception *reception;
    mw_row_needs at_hand;
    mw_enquiry *enquiry;      /* what is still to be asked; NULL: nothing */
    mw_lookback_wish *wishes; /* what is still to be looked up */
    size_t wish_count, wish_capacity;
    bool awaits;
    bool recalls;             /* the call awaits what a row that stands had: others will, too */
    int64_t patience_us;      /* for that; 0: without end */
    bool is_late;             /* it is at an end, where it has one */
    mw_lookback *left;        /* that nobody waits for and that still read */
    mw_known_gap *gaps;      /* by the program's streams */
    uint64_t cleaned_before; /* the call */
    uint64_t recleaned;      /* values that `clean` changed in rows that will be taken again */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "service: no memory");
}

mw_status mw_receiving_create(mw_receiving_config config, mw_receiving **out_receiving,
                              mw_error *err) {
    mw_receiving *receiving = mw_allocate(sizeof *receiving);
    if (!receiving) return no_memory(err);
    receiving->config = config;
    receiving->gaps =
        mw_allocate((config.rows.program->stream_count + 1) * sizeof *receiving->gaps);
    mw_status status = receiving->gaps
                           ? mw_reception_create(config.rows, &receiving->reception, err)
                           : no_memory(err);
    if (status != MW_OK) mw_receiving_destroy(receiving);
    else *out_receiving = receiving;
    return status;
}

void mw_receiving_destroy(mw_receiving *receiving) {
    if (!receiving) return;
    mw_receiving_remember(receiving, (mw_row_needs){NULL, NULL});
    mw_lookback_destroy_left(receiving->left);
    mw_enquiry_destroy(receiving->enquiry);
    mw_free(receiving->wishes);
    mw_free(receiving->gaps);
    mw_reception_destroy(receiving->reception);
    mw_free(receiving);
}

void mw_receiving_begin(mw_receiving *receiving) {
    receiving->awaits = receiving->recalls = false;
    receiving->wish_count = 0;
    receiving->patience_us = 0;
    mw_lookback_tidy(&receiving->left);
    mw_enquiry_destroy(receiving->enquiry);
    receiving->enquiry = NULL;
    receiving->cleaned_before = mw_reception_cleaned(receiving->reception);
}

void mw_receiving_end(mw_receiving *receiving) {
    uint64_t cleaned = mw_reception_cleaned(receiving->reception);
    if (receiving->awaits) receiving->recleaned += cleaned - receiving->cleaned_before;
}

/* --- what rows need ------------------------------------------------------------------------ */

static mw_status conflicts(const mw_sequencer *sequencer, const mw_event *event, bool *out_is_so,
                           mw_error *err) {
    mw_event_standing standing = MW_EVENT_NEW;
    if (event->row) MW_TRY(mw_sequencer_find(sequencer, event, &standing, err));
    *out_is_so = standing == MW_EVENT_CONFLICTS;
    return MW_OK;
}

static bool is_at_hand(const mw_receiving *receiving, mw_lookback_wish wish) {
    const mw_lookback *lookback = receiving->at_hand.lookback;
    return lookback && mw_lookback_covers(lookback, wish);
}

static mw_status add_wish(mw_receiving *receiving, mw_lookback_wish wish, mw_error *err) {
    if (!mw_grow((void **)&receiving->wishes, &receiving->wish_capacity,
                 receiving->wish_count + 1, sizeof *receiving->wishes, MW_LOOKBACK_WISHES_MAX))
        return no_memory(err);
    receiving->wishes[receiving->wish_count++] = wish;
    return MW_OK;
}

/* Adds what the row needs and is not at hand to the wishes. */
static mw_status add_wishes(mw_receiving *receiving, mw_received received, bool *out_awaits,
                            mw_error *err) {
    const mw_sequencer *sequencer = receiving->config.sequencer;
    for (size_t i = 0; i < received.count; i++) {
        const mw_event *event = &received.events[i];
        mw_lookback_wish wish;
        bool is_other = false;
        MW_TRY(conflicts(sequencer, event, &is_other, err));
        if (!is_other) continue;
        MW_TRY(mw_sequencer_wish(sequencer, event, &wish, err));
        if (is_at_hand(receiving, wish)) continue;
        MW_TRY(add_wish(receiving, wish, err));
        *out_awaits = true;
    }
    return MW_OK;
}

static mw_status add_question(mw_receiving *receiving, const mw_event *event, mw_error *err) {
    const mw_receiving_config *config = &receiving->config;
    if (!receiving->enquiry)
        MW_TRY(mw_enquiry_create((mw_enquiry_config){config->sys, config->rows.program,
                                                     config->rows.symbols, config->asking},
                                 &receiving->enquiry, err));
    return mw_enquiry_add(receiving->enquiry, event->stream, event->row, err);
}

/* Whether programs are to be asked for the row. One that stands gets back what was answered. */
static mw_status asks(const mw_receiving *receiving, mw_received received, bool *out_asks,
                      mw_error *err) {
    const mw_event *event = &received.events[0];
    mw_event_standing standing = MW_EVENT_REPEATS;
    if (mw_asking_has(receiving->config.asking, event->stream))
        MW_TRY(mw_sequencer_find(receiving->config.sequencer, event, &standing, err));
    *out_asks = standing != MW_EVENT_REPEATS;
    return MW_OK;
}

static bool is_answered(const mw_receiving *receiving, const mw_event *event) {
    mw_enquiry *enquiry = receiving->at_hand.enquiry;
    return enquiry && mw_enquiry_covers(enquiry, event->stream, event->row);
}

/* --- rows ---------------------------------------------------------------------------------- */

/* What the row needs besides answers is awaited with them, so that all is at hand at once. */
mw_status mw_receiving_take(mw_receiving *receiving, int32_t source, mw_sent_row row,
                            mw_received *out_received, mw_error *err) {
    mw_received received;
    MW_TRY(mw_reception_take(receiving->reception, source, row, &received, err));
    *out_received = received;
    bool is_asking = false;
    MW_TRY(asks(receiving, received, &is_asking, err));
    if (!is_asking) return MW_OK;
    const mw_event *event = &received.events[0];
    if (is_answered(receiving, event))
        return mw_enquiry_fill(receiving->at_hand.enquiry, event->stream, received.cells, err);
    MW_TRY(add_question(receiving, event, err));
    MW_TRY(add_wishes(receiving, received, &receiving->awaits, err));
    receiving->awaits = true;
    return mw_fail(err, MW_BUSY, "ask: the answers are on their way");
}

mw_status mw_receiving_look_up(const mw_receiving *receiving, mw_received received,
                               mw_event_standing *out_standing, mw_error *err) {
    const mw_sequencer *sequencer = receiving->config.sequencer;
    mw_event_standing standing = MW_EVENT_REPEATS, one = MW_EVENT_NEW;
    for (size_t i = 0; i < received.count; i++) {
        if (!received.events[i].row) continue;
        MW_TRY(mw_sequencer_find(sequencer, &received.events[i], &one, err));
        if (one == MW_EVENT_CONFLICTS || standing == MW_EVENT_REPEATS) standing = one;
    }
    *out_standing = standing;
    return MW_OK;
}

mw_status mw_receiving_correct(mw_receiving *receiving, mw_received received, mw_error *err) {
    mw_sequencer *sequencer = receiving->config.sequencer;
    MW_TRY(add_wishes(receiving, received, &receiving->awaits, err));
    if (receiving->awaits)
        return mw_fail(err, MW_BUSY, "correction: what it replaces is being looked up");
    for (size_t i = 0; i < received.count; i++) {
        mw_event *event = &received.events[i];
        bool is_other = false;
        MW_TRY(conflicts(sequencer, event, &is_other, err));
        if (!is_other) continue;
        MW_TRY(mw_sequencer_correct(sequencer, receiving->at_hand.lookback, event, err));
    }
    return MW_OK;
}

mw_status mw_receiving_recall(mw_receiving *receiving, mw_received received, int64_t place,
                              bool *out_is_filled, mw_error *err) {
    const mw_sequencer *sequencer = receiving->config.sequencer;
    mw_lookback_wish wish;
    bool is_wished = false;
    MW_TRY(mw_sequencer_wish_entered(sequencer, &received.events[0], &wish, &is_wished, err));
    if (!is_wished) {
        *out_is_filled = false;
        return MW_OK;
    }
    if (is_at_hand(receiving, wish)) {
        mw_looked_back at = {receiving->at_hand.lookback, wish};
        return mw_sequencer_recall(sequencer, at, received, place, out_is_filled, err);
    }
    if (receiving->is_late && receiving->patience_us > 0)
        return mw_fail(err, MW_TIMED_OUT,
                       "event: what it had when it came must be read within the deadline");
    MW_TRY(add_wish(receiving, wish, err));
    receiving->awaits = receiving->recalls = true;
    return mw_fail(err, MW_BUSY, "event: what it had when it came is being looked up");
}

/* Corrections come later by their nature, and what is known always has no time to be late by. */
static void note_gap(mw_receiving *receiving, const mw_event *event) {
    mw_known_gap *gap = &receiving->gaps[event->stream];
    if (event->replaced || event->known == MW_TIME_ALWAYS) return;
    int64_t late_us = mw_sequencer_now(receiving->config.sequencer) - event->known;
    gap->events++;
    if (late_us > 0) gap->late_s += (double)late_us / MW_SECOND_US;
}

mw_known_gap mw_receiving_known_gap(const mw_receiving *receiving, int32_t stream) {
    return receiving->gaps[stream];
}

mw_status mw_receiving_append(mw_receiving *receiving, mw_received received, bool is_entered,
                            mw_error *err) {
    for (size_t i = 0; i < received.count; i++) {
        const mw_event *event = &received.events[i];
        mw_event_standing standing = MW_EVENT_NEW;
        if (!event->row) continue;
        if (!event->replaced)
            MW_TRY(mw_sequencer_find(receiving->config.sequencer, event, &standing, err));
        if (standing != MW_EVENT_NEW) continue;
        MW_TRY(mw_sequencer_append(receiving->config.sequencer, event,
                                   i == 0 && !is_entered ? received.cells : NULL, err));
        note_gap(receiving, event);
    }
    return MW_OK;
}

/* --- awaiting ------------------------------------------------------------------------------ */

bool mw_receiving_awaits(const mw_receiving *receiving) { return receiving->awaits; }

void mw_receiving_bound(mw_receiving *receiving, int64_t span_us) {
    receiving->patience_us = span_us;
}

int64_t mw_receiving_patience_us(const mw_receiving *receiving) { return receiving->patience_us; }

static mw_status foresee_recall(mw_receiving *receiving, const mw_event *event) {
    mw_lookback_wish wish;
    bool is_wished = false;
    MW_TRY(mw_sequencer_wish_entered(receiving->config.sequencer, event, &wish, &is_wished, NULL));
    return is_wished && !is_at_hand(receiving, wish) ? add_wish(receiving, wish, NULL) : MW_OK;
}

/* A row that cannot be read says so when its turn comes, and wishes that find no room wait for the
   next time. */
void mw_receiving_foresee(mw_receiving *receiving, int32_t source, mw_sent_row row) {
    mw_received received;
    bool awaits = false;
    uint64_t cleaned = mw_reception_cleaned(receiving->reception);
    if (receiving->wish_count + MW_STREAMS_MAX > MW_LOOKBACK_WISHES_MAX) return;
    if (mw_reception_take(receiving->reception, source, row, &received, NULL) == MW_OK) {
        (void)!add_wishes(receiving, received, &awaits, NULL);
        if (receiving->recalls) (void)!foresee_recall(receiving, &received.events[0]);
        bool is_asking = false;
        (void)!asks(receiving, received, &is_asking, NULL);
        if (is_asking && !is_answered(receiving, &received.events[0]))
            (void)!add_question(receiving, &received.events[0], NULL);
    }
    receiving->recleaned += mw_reception_cleaned(receiving->reception) - cleaned;
}

mw_row_needs mw_receiving_part_with(mw_receiving *receiving) {
    mw_row_needs needs = receiving->at_hand;
    receiving->at_hand = (mw_row_needs){NULL, NULL};
    return needs;
}

mw_status mw_receiving_await(mw_receiving *receiving, mw_row_needs *out_needs, mw_error *err) {
    size_t count = receiving->wish_count;
    mw_row_needs needs = receiving->at_hand;
    mw_lookback *at_hand = needs.lookback;
    MW_ASSERT(count > 0 || receiving->enquiry);
    receiving->wish_count = 0;
    receiving->awaits = false;
    if (count > 0) {
        MW_TRY(mw_sequencer_look_back(receiving->config.sequencer, receiving->wishes, count,
                                      &needs.lookback, err));
        if (at_hand && mw_lookback_run(at_hand, false)) mw_lookback_follow(needs.lookback, at_hand);
        else mw_lookback_leave(at_hand, &receiving->left);
    }
    if (receiving->enquiry) {
        needs.enquiry = receiving->enquiry;
        mw_enquiry_follow(needs.enquiry, receiving->at_hand.enquiry);
        receiving->enquiry = NULL;
    }
    *out_needs = needs;
    (void)mw_receiving_part_with(receiving);
    return MW_OK;
}

void mw_receiving_leave(mw_receiving *receiving, mw_row_needs needs) {
    mw_lookback_leave(needs.lookback, &receiving->left);
    mw_enquiry_destroy(needs.enquiry);
}

void mw_receiving_remember(mw_receiving *receiving, mw_row_needs needs) {
    mw_receiving_leave(receiving, receiving->at_hand);
    receiving->at_hand = needs;
    receiving->awaits = receiving->is_late = false;
}

void mw_receiving_hurry(mw_receiving *receiving) { receiving->is_late = true; }

uint64_t mw_receiving_cleaned(const mw_receiving *receiving) {
    return mw_reception_cleaned(receiving->reception) - receiving->recleaned;
}
