#include "feature/reading.h"

#include "feature/scan.h"

#include <math.h>

/* What few windows ask for stands apart from the usual way, what is rare or slow itself is made
   small. */
#define APART __attribute__((noinline))
#define RARE __attribute__((noinline, cold))

/* Powers of so few events are added up sooner than those before two ends are found. */
enum { SCANNED_MAX = 4 };

/* The events between two cuts of a card, and those among them that the moment must not see. */
typedef struct {
    const mw_group_plan *group;
    const mw_ring *ring;
    mw_census **censuses;   /* of the card */
    bool has_withdrawn;     /* the group has events that corrections replaced */
    uint32_t asking;        /* the moment's own instance; 0: none is known */
    mw_instance_span all_own; /* where its events lie in all of the stream */
    uint64_t from, to;      /* positions in the ring */
    uint32_t instance;      /* leave out this instance's events; 0: none is in the range */
    mw_instance_span own;   /* where they are */
    int64_t known_before;   /* leave out what became known, or was replaced, later; INT64_MAX:
                               nothing */
} range;

mw_status mw_desk_init(mw_desk *desk, const mw_plan *plan, const mw_zone *zone, mw_arena *arena,
                       mw_error *err) {
    desk->cuts = mw_arena_alloc_lines(arena, plan->cut_count_max + 1, sizeof *desk->cuts);
    desk->sums = mw_arena_alloc_lines(arena, plan->total_count_max + 1, sizeof *desk->sums);
    desk->event_row =
        mw_arena_alloc_lines(arena, plan->field_count_max + 1, sizeof *desk->event_row);
    if (!desk->cuts || !desk->sums || !desk->event_row)
        return mw_fail(err, MW_NO_MEMORY, "features: no memory to start");
    return mw_edges_init(&desk->edges, plan->edges, plan->edge_count, zone, arena, err);
}

void mw_desk_release(mw_desk *desk) {
    mw_free(desk->values);
    desk->values = NULL;
    desk->value_capacity = 0;
}

static int64_t time_at(const range *r, uint64_t position) {
    return mw_ring_time(&r->group->ring, r->ring, position);
}

static mw_cell cell_at(const range *r, uint64_t position, uint32_t word) {
    return *mw_ring_at(&r->group->ring, r->ring, position, word);
}

static bool is_plain(const range *r) {
    return r->instance == 0 && r->known_before == INT64_MAX;
}

static bool sees(const range *r, uint64_t position) {
    if (r->instance != 0 && cell_at(r, position, r->group->instance_word).bits == r->instance)
        return false;
    if (r->known_before == INT64_MAX) return true;
    uint32_t withdrawn_word = r->group->withdrawn_word;
    return cell_at(r, position, r->group->known_word).time < r->known_before &&
           (!withdrawn_word || cell_at(r, position, withdrawn_word).time >= r->known_before);
}

/* Where some elements are withdrawn and still there, all must be looked at. */
static int64_t known_before(const mw_reading *reading, const range *r, mw_known_rule rule) {
    if (rule == MW_KNOWN_BY_THE_MOMENT) return reading->place;
    if (rule == MW_KNOWN_BY_MATURITY && reading->maturity < reading->place)
        return reading->maturity;
    return r->has_withdrawn ? INT64_MAX - 1 : INT64_MAX;
}

static void find_own(const mw_reading *reading, range *r) {
    int64_t from = time_at(r, r->from), to = time_at(r, r->to - 1) + 1;
    if (r->all_own.first >= to || r->all_own.last < from) return;
    r->own = mw_instances_span(reading->instances, r->asking, (uint32_t)r->group->stream,
                               from, to);
    if (r->own.first <= r->own.last) r->instance = r->asking;
}

RARE static uint64_t count_seen(const range *r) {
    uint64_t count = 0;
    for (uint64_t position = r->from; position < r->to; position++) count += sees(r, position);
    return count;
}

static mw_total total_seen(const range *r, uint32_t word) {
    mw_total total = {0};
    for (uint64_t position = r->from; position < r->to; position++)
        if (sees(r, position)) mw_total_add(&total, cell_at(r, position, word).number);
    return total;
}

/* Where the moment's own events may begin. */
static uint64_t first_own(const range *r) {
    return mw_ring_seek(&r->group->ring, r->ring, r->to, r->own.first);
}

RARE static uint64_t count_without_own(const range *r) {
    uint64_t count = r->to - r->from;
    for (uint64_t at = first_own(r); at < r->to && time_at(r, at) <= r->own.last; at++)
        count -= !sees(r, at);
    return count;
}

static void take_own_out(const range *r, uint32_t word, mw_total *total) {
    for (uint64_t at = first_own(r); at < r->to && time_at(r, at) <= r->own.last; at++)
        if (!sees(r, at)) mw_total_remove(total, cell_at(r, at, word).number);
}

static mw_total total_of(const range *r, int32_t total) {
    const mw_ring_shape *shape = &r->group->ring;
    uint32_t word = shape->totalled[total];
    if (r->known_before != INT64_MAX) return total_seen(r, word);
    mw_total between = mw_ring_total(shape, r->ring, (uint32_t)total, r->from, r->to);
    if (r->instance != 0) take_own_out(r, word, &between);
    return between;
}

RARE static mw_cell sum_or_mean(const range *r, const mw_window_plan *plan) {
    mw_total found = total_of(r, plan->total);
    if (plan->aggregate == MW_AGGREGATE_MEAN && found.count == 0) return plan->nothing;
    double sum = mw_exact_sum_read(&found.sum);
    return mw_cell_number(plan->aggregate == MW_AGGREGATE_SUM ? sum : sum / (double)found.count);
}

static inline uint64_t event_count(const range *r) {
    if (is_plain(r)) return r->to - r->from;
    return r->known_before != INT64_MAX ? count_seen(r) : count_without_own(r);
}

static mw_cell best_of(const range *r, const mw_window_plan *plan) {
    if (is_plain(r))
        return mw_ring_best(&r->group->ring, r->ring, (uint32_t)plan->rank, r->from,
                            r->to);
    const mw_rank *rank = &r->group->ranks[plan->rank];
    mw_cell best = mw_cell_missing(rank->type);
    for (uint64_t position = r->from; position < r->to; position++)
        if (sees(r, position))
            best = mw_rank_better(rank, r->group->ring.symbols, best,
                                  cell_at(r, position, rank->word));
    return best;
}

/* Steps from one end to the first value that is there, then over those of the same time: the
   greatest of the latest for `last`, the smallest of the earliest for `first`. */
RARE static mw_cell end_of(const range *r, int32_t column, bool is_last) {
    mw_rank rank = {(uint32_t)column + 1, r->group->columns[column].type, is_last};
    mw_cell found = mw_cell_missing(rank.type);
    int64_t time = 0;
    bool is_found = false;
    for (uint64_t step = 0; step < r->to - r->from; step++) {
        uint64_t position = is_last ? r->to - 1 - step : r->from + step;
        if (is_found && time_at(r, position) != time) break;
        mw_cell value = cell_at(r, position, rank.word);
        if (!sees(r, position) || mw_cell_is_missing(rank.type, value)) continue;
        found = mw_rank_better(&rank, r->group->ring.symbols, found, value);
        time = time_at(r, position);
        is_found = true;
    }
    return found;
}

static inline mw_cell since_last(const range *r, int64_t t) {
    if (is_plain(r)) return mw_cell_time(t - time_at(r, r->to - 1));
    for (uint64_t position = r->to; position > r->from; position--)
        if (sees(r, position - 1)) return mw_cell_time(t - time_at(r, position - 1));
    return mw_cell_missing(MW_TYPE_DURATION);
}

RARE static void scan_powers(const range *r, mw_ring_powers of, mw_power_sums *powers) {
    for (uint64_t position = r->from; position < r->to; position++)
        if (sees(r, position))
            mw_power_sums_add(powers, of.kind, time_at(r, position),
                          cell_at(r, position, of.word).number);
}

static void take_own_powers_out(const range *r, mw_ring_powers of, mw_power_sums *powers) {
    for (uint64_t at = first_own(r); at < r->to && time_at(r, at) <= r->own.last; at++)
        if (!sees(r, at))
            mw_power_sums_remove(powers, of.kind, time_at(r, at), cell_at(r, at, of.word).number);
}

/* var, std and trend: from sums, as totals are. */
RARE static mw_cell spread_of(const range *r, const mw_window_plan *plan) {
    const mw_ring_shape *shape = &r->group->ring;
    uint32_t index = (uint32_t)plan->powers;
    mw_ring_powers of = shape->powers[index];
    mw_power_sums powers = {0};
    if (r->known_before != INT64_MAX || r->to - r->from <= SCANNED_MAX ||
        mw_ring_is_short(r->ring)) {
        scan_powers(r, of, &powers);
    } else {
        mw_power_sums from = mw_ring_powers_before(shape, r->ring, index, r->from);
        mw_power_sums to = mw_ring_powers_before(shape, r->ring, index, r->to);
        powers = mw_power_sums_between(of.kind, &from, &to);
        if (r->instance != 0) take_own_powers_out(r, of, &powers);
    }
    return mw_power_sums_read(&powers, plan->aggregate);
}

RARE static mw_cell read_few(const range *r, const mw_census_plan *of, const mw_window *window) {
    mw_cell values[MW_CENSUS_FEW];
    uint32_t count = 0;
    for (uint64_t position = r->from; position < r->to; position++)
        if (sees(r, position)) values[count++] = cell_at(r, position, of->word);
    return mw_census_read_few(of, values, count, window);
}

/* quantile, distinct and top: what the moment must not see is left out while it reads. */
RARE static mw_cell census_of(const range *r, const mw_window_plan *plan) {
    const mw_census_plan *of = &r->group->censuses[plan->census];
    mw_census *census = r->censuses[plan->census];
    if (!census) return read_few(r, of, plan->window);
    uint32_t span = plan->census_span;
    mw_census_move(census, span, r->from, r->to);
    if (is_plain(r)) return mw_census_read(census, span, plan->window);

    bool is_own = r->known_before == INT64_MAX; /* hidden ones are own ones alone */
    uint64_t from = is_own ? first_own(r) : r->from;
    uint64_t to = from;
    for (; to < r->to && (!is_own || time_at(r, to) <= r->own.last); to++)
        if (!sees(r, to)) mw_census_leave_out(census, span, cell_at(r, to, of->word));
    mw_cell value = mw_census_read(census, span, plan->window);
    for (; from < to; from++)
        if (!sees(r, from)) mw_census_take_in(census, span, cell_at(r, from, of->word));
    return value;
}

/* All ticks of the range as one. */
static mw_cell merge_ticks(const mw_reading *reading, const range *r, const mw_window_plan *plan) {
    const mw_fold *fold = &r->group->folds[plan->fold];
    mw_cell words[MW_FOLD_WORDS_MAX];
    mw_fold_merge_ticks(fold, (mw_fold_ticks){&r->group->ring, r->ring, r->from, r->to}, words);
    return mw_fold_read(fold, words, plan->aggregate, reading->t, plan->nothing);
}

/* The window's condition and value over an event as it was, as far as they look at it. False: the
   window does not hold it. */
RARE static bool look_at(const mw_reading *reading, const range *r, const mw_window_plan *plan,
                         uint64_t position, mw_cell *out_value) {
    const mw_window *window = plan->window;
    mw_cell *row = reading->desk->event_row;
    mw_frame frame = *reading->frame;
    if (!sees(r, position)) return false;
    for (size_t i = 0; i < window->now_field_count; i++)
        row[mw_code_field(window->now_fields[i])] =
            cell_at(r, position, (uint32_t)plan->now_columns[i] + 1);
    frame.row = row;
    frame.now = reading->frame->row;
    frame.time_us = time_at(r, position);
    frame.now_us = reading->t;
    if (window->now_condition && mw_code_run(window->now_condition, &frame).boolean != MW_TRUE)
        return false;
    if (plan->column != MW_NONE) *out_value = cell_at(r, position, (uint32_t)plan->column + 1);
    else if (window->value) *out_value = mw_code_run(window->value, &frame);
    return true;
}

/* The desk has room for all events of the card. */
RARE static mw_cell count_now(const mw_reading *reading, const range *r,
                              const mw_window_plan *plan) {
    mw_cell *values = reading->desk->values;
    size_t count = 0;
    MW_ASSERT(r->to - r->from <= reading->desk->value_capacity);
    for (uint64_t position = r->from; position < r->to; position++)
        count += look_at(reading, r, plan, position, &values[count]);
    return mw_census_read_many(plan->window, r->group->ring.symbols, values, count);
}

RARE static mw_cell scan_now(const mw_reading *reading, const range *r,
                             const mw_window_plan *plan) {
    mw_cell value = {0};
    if (mw_is_counted(plan->aggregate)) return count_now(reading, r, plan);
    mw_scan found = mw_scan_begin(plan->window, r->group->ring.symbols);
    for (uint64_t position = r->from; position < r->to; position++)
        if (look_at(reading, r, plan, position, &value))
            mw_scan_add(&found, time_at(r, position), value);
    return mw_scan_read(&found, reading->t, plan->nothing);
}

static mw_cell value_of(const mw_reading *reading, const range *r, const mw_window_plan *plan) {
    if (!plan->is_plain)
        return plan->now_columns ? scan_now(reading, r, plan) : merge_ticks(reading, r, plan);
    switch (plan->aggregate) {
    case MW_AGGREGATE_COUNT: return (mw_cell){.number = (double)event_count(r)};
    case MW_AGGREGATE_ANY: return mw_cell_bool(event_count(r) > 0);
    case MW_AGGREGATE_MIN:
    case MW_AGGREGATE_MAX: return best_of(r, plan);
    case MW_AGGREGATE_FIRST: return end_of(r, plan->column, false);
    case MW_AGGREGATE_LAST: return end_of(r, plan->column, true);
    case MW_AGGREGATE_SINCE: return since_last(r, reading->t);
    case MW_AGGREGATE_VAR:
    case MW_AGGREGATE_STD:
    case MW_AGGREGATE_TREND: return spread_of(r, plan);
    case MW_AGGREGATE_QUANTILE:
    case MW_AGGREGATE_DISTINCT:
    case MW_AGGREGATE_TOP: return census_of(r, plan);
    default: return sum_or_mean(r, plan);
    }
}

static inline void read_nothing(const mw_range_plan *plan, mw_cell *out_windows) {
    const mw_nothing_plan *nothing = plan->nothings;
    for (size_t i = 0; i < plan->window_count; i++, nothing++)
        out_windows[nothing->window] = nothing->value;
}

/* The events before `last`, another stream's last one, are left out; with ticks, so is the one that
   holds it. */
static void begin_since(const mw_edges *edges, mw_tick tick, mw_cell last, range *r) {
    if (mw_cell_is_missing(MW_TYPE_TIME, last)) return;
    int64_t time = mw_tick_at_or_after(tick, edges->zone, last.time);
    uint64_t position = mw_ring_seek(&r->group->ring, r->ring, r->from, time);
    if (position > r->from) r->from = position;
}

/* The mean is the sum, once rounded, over the count (rule 12): both read it once. */
static inline void put_total(const mw_difference_plan *between, double sum, int64_t count,
                             mw_cell *out_windows) {
    if (between->sum != MW_NONE) out_windows[between->sum].number = sum;
    if (between->mean == MW_NONE) return;
    out_windows[between->mean].number =
        count > 0 ? sum / (double)count : mw_cell_missing(MW_TYPE_NUMBER).number;
}

/* The moment sees all events of the range. */
static inline void read_whole(const mw_reading *reading, const mw_range_plan *plan,
                              const range *r, mw_cell *out_windows) {
    if (plan->count != MW_NONE)
        out_windows[plan->count].number = (double)(int64_t)(r->to - r->from);
    if (plan->latest != MW_NONE) out_windows[plan->latest] = since_last(r, reading->t);
    for (size_t i = 0; i < plan->difference_count; i++) {
        const mw_difference_plan *between = &plan->differences[i];
        mw_total found = mw_ring_total(&r->group->ring, r->ring, (uint32_t)between->total,
                                       r->from, r->to);
        put_total(between, mw_exact_sum_read(&found.sum), (int64_t)found.count, out_windows);
    }
    for (size_t i = 0; i < plan->best_count; i++)
        out_windows[plan->bests[i].window] =
            mw_ring_follow(&r->group->ring, r->ring, plan->bests[i].peak, r->from, r->to);
    for (size_t i = 0; i < plan->other_count; i++)
        out_windows[plan->others[i].index] = value_of(reading, r, &plan->others[i]);
}

/* It may be that the range holds events that the moment must not see, or that it begins late. */
APART static void read_part(const mw_reading *reading, const mw_range_plan *plan, range r,
                            mw_cell *out_windows) {
    if (plan->since != MW_NONE)
        begin_since(&reading->desk->edges, plan->windows->window->tick,
                    out_windows[plan->since], &r);
    if (r.from >= r.to) {
        read_nothing(plan, out_windows);
        return;
    }
    r.known_before = known_before(reading, &r, plan->known);
    if (plan->leaves_out) find_own(reading, &r);
    if (plan->since == MW_NONE && is_plain(&r)) {
        read_whole(reading, plan, &r, out_windows);
        return;
    }
    for (size_t i = 0; i < plan->window_count; i++)
        out_windows[plan->windows[i].index] = value_of(reading, &r, &plan->windows[i]);
}

static inline void read_ranges(const mw_reading *reading, const mw_lookup_plan *lookup, range *r,
                               mw_cell *out_windows) {
    const uint64_t *cuts = reading->desk->cuts;
    const mw_range_plan *plan = lookup->ranges;
    bool hides_some = r->has_withdrawn || r->all_own.first <= r->all_own.last;
    for (const mw_range_plan *end = plan + lookup->range_count; plan < end; plan++) {
        r->from = cuts[plan->start_cut];
        r->to = cuts[plan->end_cut];
        if (!plan->is_whole || hides_some) read_part(reading, plan, *r, out_windows);
        else if (r->from < r->to) read_whole(reading, plan, r, out_windows);
        else read_nothing(plan, out_windows);
    }
}

static inline int64_t time_of(const mw_reading *reading, const mw_cut_plan *cut) {
    return mw_bound_time(&cut->at, reading->t, &reading->desk->edges);
}

/* Where a cut lies: mostly where it was last, or a few events on. */
static inline uint64_t find_cut_on(const mw_ring_shape *shape, const mw_ring *ring,
                                   uint32_t *hint, int64_t time) {
    uint64_t found;
    if (!mw_ring_seek_near(shape, ring, mw_ring_hinted(ring, *hint), time, &found))
        found = mw_ring_seek(shape, ring, found, time);
    *hint = (uint32_t)found;
    return found;
}

/* The same, or before. */
static uint64_t find_cut(const mw_ring_shape *shape, const mw_ring *ring, uint32_t *hint,
                         int64_t time) {
    uint64_t near = mw_ring_hinted(ring, *hint);
    if (mw_ring_is_past(shape, ring, near, time)) return find_cut_on(shape, ring, hint, time);
    uint64_t found = mw_ring_seek(shape, ring, near, time);
    *hint = (uint32_t)found;
    return found;
}

static inline void find_cuts(const mw_reading *reading, const mw_lookup_plan *lookup,
                             const mw_group *group, mw_card *card) {
    uint32_t *hints = mw_cards_hints(&group->cards, card);
    uint64_t *found = reading->desk->cuts;
    for (const mw_cut_plan *cut = lookup->cuts, *end = cut + lookup->cut_count; cut < end; cut++)
        *found++ = cut->bound == MW_NONE
                       ? card->ring.first
                       : find_cut(&group->plan->ring, &card->ring, &hints[cut->bound],
                                  time_of(reading, cut));
}

/* --- windows that end together ---------------------------------------------------------------- */

/* Of nested ranges one lies within the next: each is read as soon as its begin is known. */
typedef struct {
    const mw_reading *reading;
    const mw_lookup_plan *lookup;
    const mw_group *group;
    mw_card *card;
    mw_cell *windows; /* where what is read goes */
} nest;

APART static void read_others(const nest *in, const mw_range_plan *plan, uint64_t from,
                              uint64_t to) {
    range r = {.group = in->group->plan,
               .ring = &in->card->ring,
               .censuses = mw_cards_censuses(&in->group->cards, in->card),
               .from = from,
               .to = to,
               .known_before = INT64_MAX};
    for (size_t i = 0; i < plan->other_count; i++)
        in->windows[plan->others[i].index] = value_of(in->reading, &r, &plan->others[i]);
}

/* All of a range that is not empty, but for its totals. */
static inline void read_events(const nest *in, const mw_range_plan *plan, uint64_t from,
                               uint64_t to) {
    mw_cell *windows = in->windows;
    const mw_ring_shape *shape = &in->group->plan->ring;
    const mw_ring *ring = &in->card->ring;
    if (plan->count != MW_NONE) windows[plan->count].number = (double)(int64_t)(to - from);
    if (plan->latest != MW_NONE)
        windows[plan->latest] = mw_cell_time(in->reading->t - mw_ring_time(shape, ring, to - 1));
    for (const mw_best_plan *best = plan->bests, *end = best + plan->best_count; best < end; best++)
        windows[best->window] = mw_ring_follow(shape, ring, best->peak, from, to);
    if (plan->other_count > 0) read_others(in, plan, from, to);
}

/* Where no moment has asked for a later time, and all in the ring is usual. */
static void read_nest(const nest *in) {
    const mw_ring_shape *shape = &in->group->plan->ring;
    const mw_ring *ring = &in->card->ring;
    uint32_t *hints = mw_cards_hints(&in->group->cards, in->card);
    const mw_cut_plan *cut = in->lookup->cuts;
    const mw_range_plan *plan = in->lookup->ranges, *last = plan + in->lookup->range_count;
    mw_units *sums = in->reading->desk->sums;
    int64_t t = in->reading->t;
    uint64_t from, to = find_cut_on(shape, ring, &hints[cut->bound],
                                    mw_time_add(t, cut->at.offset_us));
    const uint32_t *total = in->lookup->totals, *end = total + in->lookup->total_count;
    for (; total < end && to > ring->first; total++)
        sums[*total] = mw_ring_sum_behind(shape, ring, to - 1, *total);
    for (; plan < last; plan++) {
        cut++;
        from = find_cut_on(shape, ring, &hints[cut->bound], mw_time_add(t, cut->at.offset_us));
        if (from >= to) {
            read_nothing(plan, in->windows);
            continue;
        }
        const mw_difference_plan *between = plan->differences;
        for (size_t i = 0; i < plan->difference_count; i++, between++) {
            uint32_t of = (uint32_t)between->total;
            mw_exact_sum sum = mw_exact_sum_of(sums[of] - mw_ring_sum_at(shape, ring, from, of));
            put_total(between, mw_exact_sum_read(&sum), (int64_t)(to - from), in->windows);
        }
        read_events(in, plan, from, to);
    }
}

/* --- a look-up -------------------------------------------------------------------------------- */

static bool make_room(mw_desk *desk, size_t count) {
    return mw_grow((void **)&desk->values, &desk->value_capacity, count, sizeof *desk->values,
                   SIZE_MAX / sizeof *desk->values);
}

/* Whatever its ranges are. */
RARE static void read_any(const nest *in, range *r) {
    find_cuts(in->reading, in->lookup, in->group, in->card);
    read_ranges(in->reading, in->lookup, r, in->windows);
}

mw_status mw_reading_lookup(const mw_reading *reading, const mw_lookup_plan *lookup,
                            mw_group *group, mw_card *card, mw_cell *out_windows) {
    if (!card || card->ring.count == 0) {
        for (size_t i = 0; i < lookup->range_count; i++)
            read_nothing(&lookup->ranges[i], out_windows);
        return MW_OK;
    }
    if (lookup->counts_now && !make_room(reading->desk, card->ring.count)) return MW_NO_MEMORY;
    nest in = {reading, lookup, group, card, out_windows};
    mw_instance_span all_own = {INT64_MAX, INT64_MIN};
    uint32_t asking = lookup->by_event ? reading->event_instance : reading->instance;
    if (lookup->leaves_out && asking != 0)
        all_own = mw_instances_span(reading->instances, asking, (uint32_t)group->plan->stream,
                                    INT64_MIN, INT64_MAX);
    bool hides_some = group->withdrawn_count > 0 || all_own.first <= all_own.last;
    bool goes_on = mw_group_goes_on(group, card, reading->t);
    if (!lookup->is_nested || hides_some || !goes_on || card->ring.has_unusual) {
        range r = {.group = group->plan,
                   .ring = &card->ring,
                   .censuses = mw_cards_censuses(&group->cards, card),
                   .has_withdrawn = group->withdrawn_count > 0,
                   .all_own = all_own,
                   .asking = asking,
                   .known_before = INT64_MAX};
        read_any(&in, &r);
    } else {
        read_nest(&in);
    }
    return MW_OK;
}
