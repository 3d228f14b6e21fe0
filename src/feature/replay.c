#include "feature/replay.h"

#include "feature/awaited.h"
#include "feature/block.h"
#include "feature/engine_state.h"
#include "feature/slate.h"

/* What is done once a stretch stands apart from what is done at each step. */
#define APART __attribute__((noinline))

enum { PAIRS_MAX = 64 }; /* that are gathered at a time */

struct mw_replay {
    mw_walk walk;
    mw_engine *engine;
    mw_block *block;      /* NULL: turn by turn */
    mw_awaited awaited;   /* the features of the moments whose labels are expected */
    mw_cell *features;    /* of the moment reported last, turn by turn */
    mw_slate *slate;      /* of `each`: the moments that fell due last; else NULL */
    size_t slate_next;    /* the first of them that is still to be reported */
    uint64_t number;      /* of the next moment */
    bool is_walked;       /* to its end */
};

static mw_status start_engine(mw_replay *replay, mw_error *err) {
    const mw_replay_config *config = &replay->walk.config;
    mw_engine_config engine = {.program = config->program,
                               .model = config->model,
                               .symbols = config->symbols,
                               .with_label = config->with_label,
                               .memory = config->memory,
                               .strand_count = mw_block_strand_count(config->crew.size)};
    MW_TRY(mw_engine_create(engine, &replay->engine, err));
    bool counts_in_place = !config->parts || config->parts->counts_in_place;
    if (config->stretch_max != 1 && counts_in_place &&
        mw_block_suits(replay->engine, config->events)) {
        return mw_block_create(replay->engine, config->crew, config->stretch_max,
                               &replay->block, err);
    }
    mw_engine_destroy(replay->engine);
    replay->engine = NULL;
    engine.strand_count = 1;
    if (config->model->each) MW_TRY(mw_slate_create(engine, &replay->slate, err));
    return mw_engine_create(engine, &replay->engine, err);
}

mw_status mw_replay_create(mw_replay_config config, mw_replay **out_replay, mw_error *err) {
    mw_replay *replay = mw_allocate(sizeof *replay);
    if (!replay) return mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    mw_awaited_init(&replay->awaited, config.model->feature_count,
                    mw_walk_waiting_memory(config.memory));
    mw_status status = mw_walk_init(&replay->walk, config, err);
    if (status == MW_OK) status = start_engine(replay, err);
    replay->features = mw_allocate((config.model->feature_count + 1) * sizeof(mw_cell));
    if (status == MW_OK && !replay->features)
        status = mw_fail(err, MW_NO_MEMORY, "replay: no memory to start");
    if (status != MW_OK) {
        mw_replay_destroy(replay);
        return status;
    }
    *out_replay = replay;
    return MW_OK;
}

void mw_replay_destroy(mw_replay *replay) {
    if (!replay) return;
    mw_block_destroy(replay->block);
    mw_engine_destroy(replay->engine);
    mw_slate_destroy(replay->slate);
    mw_walk_release(&replay->walk);
    mw_awaited_release(&replay->awaited);
    mw_free(replay->features);
    mw_free(replay);
}

/* Expects the label of a moment, if it will be asked for, under a ticket. */
static mw_status expect_label(mw_replay *replay, const mw_moment *moment, uint64_t *out_ticket,
                              mw_error *err) {
    if (!mw_walk_wants_label(&replay->walk, moment)) return MW_OK;
    MW_TRY(mw_awaited_add(&replay->awaited, out_ticket, err));
    return mw_walk_expect(&replay->walk, moment, *out_ticket, err);
}

static mw_status report_moment(mw_replay *replay, const mw_moment *moment, uint64_t ticket,
                               const mw_cell *features, mw_step *out_step, mw_error *err) {
    if (mw_walk_wants_label(&replay->walk, moment))
        MW_TRY(mw_awaited_put(&replay->awaited, ticket, replay->number, features, err));
    *out_step = (mw_step){.kind = MW_DUE_MOMENT,
                          .place = moment->place,
                          .moment = *moment,
                          .number = replay->number++,
                          .features = features};
    return MW_OK;
}

/* `*out_found` is false if the moment was never taken. */
static mw_status begin_label(mw_replay *replay, const mw_moment *moment, uint64_t ticket,
                             mw_step *out_step, bool *out_found, mw_error *err) {
    uint64_t number;
    const mw_cell *features;
    MW_TRY(mw_awaited_take(&replay->awaited, ticket, &number, &features, err));
    *out_found = number != MW_AWAITED_NOBODY;
    if (!*out_found) return MW_OK;
    *out_step = (mw_step){.kind = MW_DUE_LABEL,
                          .place = mw_agenda_label_due(replay->walk.config.model, moment),
                          .moment = *moment,
                          .number = number,
                          .features = features};
    return MW_OK;
}

/* --- stretch by stretch ---------------------------------------------------------------------- */

/* Expects the labels of the moments that were added last. */
static mw_status expect_labels(mw_replay *replay, mw_error *err) {
    size_t count = replay->walk.config.with_label ? mw_block_added_count(replay->block) : 0;
    for (size_t i = 0; i < count; i++) {
        mw_stretch_item *item = mw_block_added(replay->block, i);
        MW_TRY(expect_label(replay, &item->moment, &item->number, err));
    }
    return MW_OK;
}

static mw_status gather_turn(mw_replay *replay, mw_error *err) {
    mw_turn turn;
    MW_TRY(mw_walk_next(&replay->walk, &turn, &replay->is_walked, err));
    if (replay->is_walked) return MW_OK;
    MW_TRY(mw_block_add(replay->block, &turn, err));
    return turn.kind == MW_TURN_MOMENT ? expect_labels(replay, err) : MW_OK;
}

/* Until the block is full, or there are no more turns. */
static mw_status gather(mw_replay *replay, mw_error *err) {
    size_t room;
    while (!replay->is_walked && (room = mw_block_room(replay->block)) > 0) {
        mw_moment pairs[PAIRS_MAX];
        size_t count = mw_walk_pairs(&replay->walk, pairs, room < PAIRS_MAX ? room : PAIRS_MAX);
        if (count == 0) {
            MW_TRY(gather_turn(replay, err));
            continue;
        }
        MW_TRY(mw_block_add_pairs(replay->block, pairs, count, err));
        MW_TRY(expect_labels(replay, err));
    }
    return MW_OK;
}

/* `*out_found` is false if nobody waits for it. */
APART static mw_status report_label(mw_replay *replay, const mw_block_result *result,
                                    mw_step *out_step, bool *out_found, mw_error *err) {
    const mw_stretch_item *item = result->item;
    MW_TRY(begin_label(replay, &item->moment, item->number, out_step, out_found, err));
    if (*out_found)
        out_step->label = mw_engine_finish_label(replay->engine, &item->moment, result->windows,
                                                 out_step->features);
    return MW_OK;
}

/* `*out_found` is false for a moment of a schedule that is not for this key, and for its label. */
static mw_status report_result(mw_replay *replay, const mw_block_result *result,
                               mw_step *out_step, bool *out_found, mw_error *err) {
    const mw_stretch_item *item = result->item;
    if (item->kind == MW_ITEM_LABEL)
        return report_label(replay, result, out_step, out_found, err);
    *out_found = mw_engine_would_take(replay->engine, &item->moment, result->windows,
                                      result->features);
    if (!*out_found) return MW_OK;
    return report_moment(replay, &item->moment, item->number, result->features, out_step, err);
}

/* Has the next stretch worked off. A crew is at work on others while one is reported and another is
   gathered. */
APART static mw_status turn_over(mw_replay *replay, bool *out_done, mw_error *err) {
    mw_block *block = replay->block;
    while (!replay->is_walked && mw_block_may_begin(block)) {
        MW_TRY(gather(replay, err));
        if (!mw_block_is_empty(block)) mw_block_begin(block);
    }
    *out_done = !mw_block_is_at_work(block);
    return *out_done ? MW_OK : mw_block_end(block, err);
}

static mw_status next_in_stretch(mw_replay *replay, mw_step *out_step, bool *out_done,
                                 mw_error *err) {
    *out_done = false;
    while (!*out_done) {
        mw_block_result result;
        while (mw_block_next(replay->block, &result)) {
            bool is_found;
            MW_TRY(report_result(replay, &result, out_step, &is_found, err));
            if (is_found) return MW_OK;
        }
        MW_TRY(turn_over(replay, out_done, err));
    }
    return MW_OK;
}

/* --- turn by turn ---------------------------------------------------------------------------- */

static mw_status take_moment(mw_replay *replay, const mw_moment *moment, const mw_cell *features,
                             mw_step *out_step, mw_error *err) {
    uint64_t ticket = 0;
    MW_TRY(expect_label(replay, moment, &ticket, err));
    return report_moment(replay, moment, ticket, features, out_step, err);
}

/* The next of the moments that one event makes; `*out_found` is false when all were reported. */
static mw_status next_of_slate(mw_replay *replay, mw_step *out_step, bool *out_found,
                               mw_error *err) {
    *out_found = replay->slate_next < mw_slate_count(replay->slate);
    if (!*out_found) return MW_OK;
    size_t index = replay->slate_next++;
    mw_moment moment = mw_slate_moment(replay->slate, index);
    return take_moment(replay, &moment, mw_slate_features(replay->slate, index), out_step, err);
}

static mw_status work_moment(mw_replay *replay, const mw_moment *moment, mw_step *out_step,
                             bool *out_found, mw_error *err) {
    mw_engine *engine = replay->engine;
    if (replay->slate) {
        replay->slate_next = 0;
        MW_TRY(mw_slate_fill(replay->slate, engine, moment, err));
        return next_of_slate(replay, out_step, out_found, err);
    }
    MW_TRY(mw_engine_features(engine, moment, replay->features, err));
    *out_found = mw_engine_takes(engine, moment, replay->features);
    return *out_found ? take_moment(replay, moment, replay->features, out_step, err) : MW_OK;
}

static mw_status work_turn(mw_replay *replay, const mw_turn *turn, mw_step *out_step,
                           bool *out_found, mw_error *err) {
    mw_engine *engine = replay->engine;
    mw_engine_advance(engine, turn->place);
    switch (turn->kind) {
    case MW_TURN_EVENT: return mw_engine_apply(engine, &turn->event, err);
    case MW_TURN_MOMENT: return work_moment(replay, &turn->moment, out_step, out_found, err);
    default:
        MW_TRY(begin_label(replay, &turn->moment, turn->number, out_step, out_found, err));
        if (!*out_found) return MW_OK;
        return mw_engine_label(engine, &turn->moment, out_step->features, &out_step->label, err);
    }
}

APART static mw_status next_turn(mw_replay *replay, mw_step *out_step, bool *out_done,
                                 mw_error *err) {
    bool is_found = false;
    *out_done = false;
    if (replay->slate) MW_TRY(next_of_slate(replay, out_step, &is_found, err));
    while (!is_found) {
        mw_turn turn;
        MW_TRY(mw_walk_next(&replay->walk, &turn, out_done, err));
        if (*out_done) return MW_OK;
        MW_TRY(work_turn(replay, &turn, out_step, &is_found, err));
    }
    return MW_OK;
}

mw_status mw_replay_next(mw_replay *replay, mw_step *out_step, bool *out_done, mw_error *err) {
    MW_TRY(replay->block ? next_in_stretch(replay, out_step, out_done, err)
                         : next_turn(replay, out_step, out_done, err));
    return mw_symbols_settle(replay->walk.config.symbols, err);
}

const mw_engine *mw_replay_engine(const mw_replay *replay) {
    return replay->engine;
}

uint64_t mw_replay_overflowed(const mw_replay *replay) {
    uint64_t count = replay->engine->stats.values_overflowed;
    if (replay->block) count += mw_block_overflowed(replay->block);
    return count + (replay->slate ? mw_slate_overflowed(replay->slate) : 0);
}

uint64_t mw_replay_refused_moments(const mw_replay *replay) {
    return replay->walk.refused_moments;
}
