#include "feature/reading.h"

static const mw_cell *at(const mw_range *r, uint64_t position) {
    return mw_ring_at(&r->group->ring, &r->card->ring, position);
}

static bool is_plain(const mw_range *r) {
    return r->instance == 0 && r->known_before == INT64_MAX;
}

static bool sees(const mw_range *r, const mw_cell *element) {
    if (r->instance != 0 && element[r->group->instance_word].bits == r->instance) return false;
    return r->known_before == INT64_MAX ||
           element[r->group->known_word].time < r->known_before;
}

static uint64_t position_of(const mw_group_plan *group, const mw_card *card, int32_t bound,
                            int64_t t) {
    if (bound == MW_NONE) return card->ring.first;
    if (card->bounds)
        return mw_bound_at(&group->bound, card->bounds, (size_t)bound)->position;
    int64_t cut;
    if (__builtin_add_overflow(t, group->bounds[bound].offset_us, &cut))
        cut = group->bounds[bound].offset_us < 0 ? INT64_MIN : INT64_MAX;
    return mw_ring_find(&group->ring, &card->ring, cut);
}

static int64_t known_before(const mw_reading *reading, mw_known_rule rule) {
    switch (rule) {
    case MW_KNOWN_BY_THE_MOMENT: return reading->place;
    case MW_KNOWN_BY_MATURITY:
        return reading->maturity < reading->place ? reading->maturity : INT64_MAX;
    default: return INT64_MAX;
    }
}

mw_range mw_reading_range(const mw_reading *reading, const mw_range_plan *plan,
                          const mw_group *group, const mw_card *card) {
    mw_range r = {.plan = plan, .group = group->plan, .card = card, .tallied = MW_NONE};
    if (!card) return r;
    r.from = position_of(r.group, card, plan->start_bound, reading->t);
    r.to = position_of(r.group, card, plan->end_bound, reading->t);
    r.known_before = known_before(reading, plan->known);
    if (r.from >= r.to || !plan->leaves_out || reading->instance == 0) return r;
    r.own = mw_instances_span(reading->instances, reading->instance, (uint32_t)r.group->stream,
                              at(&r, r.from)->time, at(&r, r.to - 1)->time + 1);
    if (r.own.first <= r.own.last) r.instance = reading->instance;
    return r;
}

/* `tallied`: the word of the value, 0 if events alone are counted. */
static mw_totals scan(const mw_range *r, uint32_t tallied) {
    mw_totals sum = {0};
    for (uint64_t position = r->from; position < r->to; position++) {
        const mw_cell *element = at(r, position);
        if (!sees(r, element)) continue;
        sum.event_count++;
        if (tallied) mw_tally_add(&sum.tally, element[tallied].number);
    }
    return sum;
}

static mw_totals difference(const mw_range *r, int32_t tallied) {
    const mw_bound_shape *shape = &r->group->bound;
    mw_totals sum = {.event_count = r->to - r->from};
    const mw_bound *end = mw_bound_at(shape, r->card->bounds, (size_t)r->plan->end_bound);
    sum.tally = end->tallies[tallied];
    if (r->plan->start_bound == MW_NONE) return sum; /* nothing was ever evicted */
    const mw_bound *start = mw_bound_at(shape, r->card->bounds, (size_t)r->plan->start_bound);
    sum.tally = mw_tally_between(&start->tallies[tallied], &sum.tally);
    return sum;
}

static void take_own_out(const mw_range *r, uint32_t tallied, mw_totals *sum) {
    uint64_t position = mw_ring_find(&r->group->ring, &r->card->ring, r->own.first);
    for (; position < r->to && at(r, position)->time <= r->own.last; position++) {
        const mw_cell *element = at(r, position);
        if (sees(r, element)) continue;
        sum->event_count--;
        if (tallied) mw_tally_remove(&sum->tally, element[tallied].number);
    }
}

static const mw_totals *totals_of(mw_range *r, int32_t tallied) {
    if (r->tallied == tallied) return &r->totals;
    uint32_t word = r->group->tallied[tallied];
    r->tallied = tallied;
    if (!r->card->bounds || r->known_before != INT64_MAX) {
        r->totals = scan(r, word);
        return &r->totals;
    }
    r->totals = difference(r, tallied);
    if (r->instance != 0) take_own_out(r, word, &r->totals);
    return &r->totals;
}

static uint64_t event_count(const mw_range *r) {
    if (is_plain(r)) return r->to - r->from;
    if (r->tallied != MW_NONE) return r->totals.event_count;
    if (r->known_before != INT64_MAX) return scan(r, 0).event_count;
    mw_totals sum = {.event_count = r->to - r->from};
    take_own_out(r, 0, &sum);
    return sum.event_count;
}

static mw_cell best_of(const mw_range *r, const mw_window_plan *plan) {
    if (is_plain(r))
        return mw_ring_best(&r->group->ring, &r->card->ring, (uint32_t)plan->rank, r->from,
                            r->to);
    const mw_rank *rank = &r->group->ranks[plan->rank];
    mw_cell best = mw_cell_missing(rank->type);
    for (uint64_t position = r->from; position < r->to; position++)
        if (sees(r, at(r, position)))
            best = mw_rank_better(rank, r->group->ring.symbols, best,
                                  at(r, position)[rank->word]);
    return best;
}

/* Steps from one end to the first value that is there, then over those of the same time: the
   greatest of the latest for `last`, the smallest of the earliest for `first`. */
static mw_cell end_of(const mw_range *r, int32_t column, bool is_last) {
    mw_rank rank = {(uint32_t)column + 1, r->group->columns[column].type, is_last};
    mw_cell found = mw_cell_missing(rank.type);
    int64_t time = 0;
    bool is_found = false;
    for (uint64_t step = 0; step < r->to - r->from; step++) {
        const mw_cell *element = at(r, is_last ? r->to - 1 - step : r->from + step);
        if (is_found && element->time != time) break;
        if (!sees(r, element) || mw_cell_is_missing(rank.type, element[rank.word])) continue;
        found = mw_rank_better(&rank, r->group->ring.symbols, found, element[rank.word]);
        time = element->time;
        is_found = true;
    }
    return found;
}

static mw_cell since_last(const mw_range *r, int64_t t) {
    for (uint64_t position = r->to; position > r->from; position--) {
        const mw_cell *element = at(r, position - 1);
        if (sees(r, element)) return mw_cell_time(t - element->time);
    }
    return mw_cell_missing(MW_TYPE_DURATION);
}

static mw_cell of_nothing(const mw_window *window) {
    switch (window->aggregate) {
    case MW_AGGREGATE_COUNT:
    case MW_AGGREGATE_SUM: return mw_cell_number(0);
    case MW_AGGREGATE_ANY: return mw_cell_bool(false);
    default: return mw_cell_missing(window->type);
    }
}

static mw_cell sum_or_mean(const mw_window *window, const mw_totals *sum) {
    if (window->aggregate == MW_AGGREGATE_SUM)
        return mw_cell_number(mw_exact_sum_read(&sum->tally.sum));
    if (sum->tally.count == 0) return of_nothing(window);
    return mw_cell_number(mw_exact_sum_mean(&sum->tally.sum, sum->tally.count));
}

mw_cell mw_reading_window(const mw_reading *reading, const mw_window_plan *plan,
                          mw_range *range) {
    if (range->from >= range->to) return of_nothing(plan->window);
    switch (plan->window->aggregate) {
    case MW_AGGREGATE_COUNT: return mw_cell_number((double)event_count(range));
    case MW_AGGREGATE_ANY: return mw_cell_bool(event_count(range) > 0);
    case MW_AGGREGATE_MIN:
    case MW_AGGREGATE_MAX: return best_of(range, plan);
    case MW_AGGREGATE_FIRST: return end_of(range, plan->column, false);
    case MW_AGGREGATE_LAST: return end_of(range, plan->column, true);
    case MW_AGGREGATE_SINCE: return since_last(range, reading->t);
    default: return sum_or_mean(plan->window, totals_of(range, plan->tallied));
    }
}
