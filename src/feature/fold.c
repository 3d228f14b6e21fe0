#include "feature/fold.h"

#include <math.h>

/* The words of a total: the limbs of its sum, then the count; of a first or last: the time, then
   the value, which is missing where none was there. */
enum { LIMBS = 3, COUNT = 3, TIME = 0, VALUE = 1 };

bool mw_fold_kind_of(mw_aggregate aggregate, mw_fold_kind *out_kind) {
    switch (aggregate) {
    case MW_AGGREGATE_COUNT:
    case MW_AGGREGATE_ANY: *out_kind = MW_FOLD_COUNT; return true;
    case MW_AGGREGATE_SINCE: *out_kind = MW_FOLD_LATEST; return true;
    case MW_AGGREGATE_SUM:
    case MW_AGGREGATE_MEAN: *out_kind = MW_FOLD_TOTAL; return true;
    case MW_AGGREGATE_MIN: *out_kind = MW_FOLD_LEAST; return true;
    case MW_AGGREGATE_MAX: *out_kind = MW_FOLD_GREATEST; return true;
    case MW_AGGREGATE_FIRST: *out_kind = MW_FOLD_FIRST; return true;
    case MW_AGGREGATE_LAST: *out_kind = MW_FOLD_LAST; return true;
    default: return false;
    }
}

bool mw_fold_is_reversible(mw_fold_kind kind) {
    return kind == MW_FOLD_COUNT || kind == MW_FOLD_TOTAL;
}

uint32_t mw_fold_word_count(mw_fold_kind kind) {
    if (kind == MW_FOLD_TOTAL) return MW_FOLD_WORDS_MAX;
    return kind == MW_FOLD_FIRST || kind == MW_FOLD_LAST ? 2 : 1;
}

mw_type mw_fold_word_type(const mw_fold *fold, uint32_t word) {
    switch (fold->kind) {
    case MW_FOLD_COUNT:
    case MW_FOLD_LATEST:
    case MW_FOLD_TOTAL: return MW_TYPE_TIME; /* plain integers of 64 bits */
    case MW_FOLD_LEAST:
    case MW_FOLD_GREATEST: return fold->type;
    case MW_FOLD_FIRST:
    case MW_FOLD_LAST: break;
    }
    return word == TIME ? MW_TYPE_TIME : fold->type;
}

void mw_fold_clear(const mw_fold *fold, mw_cell *out_words) {
    switch (fold->kind) {
    case MW_FOLD_COUNT:
    case MW_FOLD_TOTAL:
        for (uint32_t i = 0; i < mw_fold_word_count(fold->kind); i++) out_words[i].bits = 0;
        return;
    case MW_FOLD_LATEST: out_words[0].time = MW_TIME_MISSING; return;
    case MW_FOLD_LEAST:
    case MW_FOLD_GREATEST: out_words[0] = mw_cell_missing(fold->type); return;
    case MW_FOLD_FIRST:
    case MW_FOLD_LAST:
        out_words[TIME].time = MW_TIME_MISSING;
        out_words[VALUE] = mw_cell_missing(fold->type);
    }
}

static mw_total load_total(const mw_cell *words) {
    mw_total total = {.count = words[COUNT].bits};
    for (size_t i = 0; i < LIMBS; i++) total.sum.limbs[i] = words[i].bits;
    return total;
}

static void store_total(const mw_total *total, mw_cell *words) {
    for (size_t i = 0; i < LIMBS; i++) words[i].bits = total->sum.limbs[i];
    words[COUNT].bits = total->count;
}

bool mw_fold_event(const mw_fold *fold, const mw_frame *frame, mw_cell *out_words) {
    mw_fold_clear(fold, out_words);
    if (fold->kind == MW_FOLD_COUNT) out_words[0].bits = 1;
    if (fold->kind == MW_FOLD_LATEST) out_words[0].time = frame->time_us;
    if (!fold->value) return true;
    mw_cell value = mw_code_run(fold->value, frame);
    if (mw_cell_is_missing(fold->type, value)) return true;
    if (fold->kind == MW_FOLD_TOTAL) {
        mw_total total = {0};
        mw_total_add(&total, value.number);
        store_total(&total, out_words);
        return total.count > 0;
    }
    bool has_time = fold->kind == MW_FOLD_FIRST || fold->kind == MW_FOLD_LAST;
    if (has_time) out_words[TIME].time = frame->time_us;
    out_words[has_time ? VALUE : 0] = value;
    return true;
}

static mw_cell better(const mw_fold *fold, const mw_symbols *symbols, bool is_max, mw_cell a,
                      mw_cell b) {
    mw_rank rank = {.type = fold->type, .is_max = is_max};
    return mw_rank_better(&rank, symbols, a, b);
}

void mw_fold_load(const mw_fold *fold, const mw_ring_shape *shape, const mw_ring *ring,
                  uint64_t position, mw_cell *out_words) {
    for (uint32_t i = 0; i < mw_fold_word_count(fold->kind); i++)
        out_words[i] = *mw_ring_at(shape, ring, position, fold->word + i);
}

/* Of two values the earlier or the later; of one time the smaller or the greater (rule 13). */
static void merge_ends(const mw_fold *fold, const mw_symbols *symbols, const mw_cell *from,
                       mw_cell *into) {
    bool is_last = fold->kind == MW_FOLD_LAST;
    if (from[TIME].time == MW_TIME_MISSING) return;
    bool is_empty = into[TIME].time == MW_TIME_MISSING;
    if (!is_empty && from[TIME].time == into[TIME].time) {
        into[VALUE] = better(fold, symbols, is_last, into[VALUE], from[VALUE]);
    } else if (is_empty || (from[TIME].time > into[TIME].time) == is_last) {
        into[TIME] = from[TIME];
        into[VALUE] = from[VALUE];
    }
}

void mw_fold_merge(const mw_fold *fold, const mw_symbols *symbols, const mw_cell *from,
                   mw_cell *into) {
    switch (fold->kind) {
    case MW_FOLD_COUNT: into[0].bits += from[0].bits; return;
    case MW_FOLD_LATEST: /* a missing time is the least */
        if (from[0].time > into[0].time) into[0] = from[0];
        return;
    case MW_FOLD_TOTAL: {
        mw_total sum = load_total(into), more = load_total(from);
        mw_total_join(&sum, &more);
        store_total(&sum, into);
        return;
    }
    case MW_FOLD_LEAST: into[0] = better(fold, symbols, false, into[0], from[0]); return;
    case MW_FOLD_GREATEST: into[0] = better(fold, symbols, true, into[0], from[0]); return;
    case MW_FOLD_FIRST:
    case MW_FOLD_LAST: merge_ends(fold, symbols, from, into);
    }
}

/* --- many ticks ----------------------------------------------------------------------------- */

static inline const mw_cell *tick_at(const mw_fold *fold, const mw_fold_ticks *ticks,
                                     uint64_t position) {
    return mw_ring_at(ticks->shape, ticks->ring, position, fold->word);
}

static uint64_t count_ticks(const mw_fold *fold, const mw_fold_ticks *ticks) {
    uint64_t count = 0;
    for (uint64_t i = ticks->from; i < ticks->to; i++) count += tick_at(fold, ticks, i)->bits;
    return count;
}

static mw_total add_ticks(const mw_fold *fold, const mw_fold_ticks *ticks) {
    mw_total sum = {0};
    for (uint64_t i = ticks->from; i < ticks->to; i++) {
        mw_total more = load_total(tick_at(fold, ticks, i));
        mw_total_join(&sum, &more);
    }
    return sum;
}

/* As `better` has it, of numbers. */
static double best_of_ticks(const mw_fold *fold, const mw_fold_ticks *ticks, double best) {
    bool is_max = fold->kind == MW_FOLD_GREATEST;
    for (uint64_t i = ticks->from; i < ticks->to; i++) {
        double other = tick_at(fold, ticks, i)->number;
        if (isnan(other)) continue;
        bool stays = is_max ? best >= other : best <= other; /* a missing one does not */
        if (!stays) best = other;
    }
    return best;
}

void mw_fold_merge_ticks(const mw_fold *fold, mw_fold_ticks ticks, mw_cell *out_words) {
    bool is_best = fold->kind == MW_FOLD_LEAST || fold->kind == MW_FOLD_GREATEST;
    mw_fold_clear(fold, out_words);
    if (fold->kind == MW_FOLD_COUNT) {
        out_words[0].bits = count_ticks(fold, &ticks);
    } else if (fold->kind == MW_FOLD_TOTAL) {
        mw_total total = add_ticks(fold, &ticks);
        store_total(&total, out_words);
    } else if (is_best && fold->type == MW_TYPE_NUMBER) {
        out_words[0].number = best_of_ticks(fold, &ticks, out_words[0].number);
    } else {
        mw_cell words[MW_FOLD_WORDS_MAX];
        for (uint64_t i = ticks.from; i < ticks.to; i++) {
            mw_fold_load(fold, ticks.shape, ticks.ring, i, words);
            mw_fold_merge(fold, ticks.shape->symbols, words, out_words);
        }
    }
}

void mw_fold_take_back(const mw_fold *fold, const mw_cell *from, mw_cell *into) {
    MW_ASSERT(mw_fold_is_reversible(fold->kind));
    if (fold->kind == MW_FOLD_COUNT) {
        into[0].bits -= from[0].bits;
        return;
    }
    mw_total less = load_total(from), sum = load_total(into);
    sum = mw_total_between(&less, &sum);
    store_total(&sum, into);
}

mw_cell mw_fold_read(const mw_fold *fold, const mw_cell *words, mw_aggregate aggregate, int64_t t,
                     mw_cell nothing) {
    switch (fold->kind) {
    case MW_FOLD_COUNT:
        return aggregate == MW_AGGREGATE_ANY ? mw_cell_bool(words[0].bits > 0)
                                             : mw_cell_number((double)words[0].bits);
    case MW_FOLD_LATEST:
        return words[0].time == MW_TIME_MISSING ? nothing : mw_cell_time(t - words[0].time);
    case MW_FOLD_LEAST:
    case MW_FOLD_GREATEST: return words[0];
    case MW_FOLD_FIRST:
    case MW_FOLD_LAST: return words[VALUE];
    case MW_FOLD_TOTAL: break;
    }
    mw_total total = load_total(words);
    double sum = mw_exact_sum_read(&total.sum);
    if (aggregate == MW_AGGREGATE_SUM) return mw_cell_number(sum);
    return total.count > 0 ? mw_cell_number(sum / (double)total.count) : nothing;
}
