#include "feature/oracle.h"

#include "feature/long_number.h"
#include "table/list.h"

#include <math.h>
#include <string.h>

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_events *events;
    const mw_moment *moment;
    mw_symbols *symbols;
    const mw_cell *features; /* so far, or those that the moment had */
    bool is_label;
    int64_t known_by;        /* of a label: its windows ahead hold what was known before that */
    mw_cell *windows;        /* so far: keys may read those before their own */
} question;

typedef struct {
    int64_t time;
    mw_cell value;
} sample;

/* What a window has gathered. */
typedef struct {
    uint64_t event_count;
    sample *samples;    /* all values that are not missing */
    size_t sample_count, sample_capacity;
    bool out_of_memory;
    mw_cell found;      /* min, max, first, last */
    bool has_found;
    int64_t found_time; /* of the found value */
    int64_t last_time;  /* of the last event */
} gathering;

/* About a moment that had these features, or has so far; of its label as it matured. */
static question question_of(const mw_oracle *oracle, const mw_moment *moment,
                            const mw_cell *features, bool is_label) {
    return (question){.program = oracle->program,
                      .model = oracle->model,
                      .events = oracle->events,
                      .moment = moment,
                      .symbols = oracle->symbols,
                      .features = features,
                      .is_label = is_label,
                      .known_by = moment->t + oracle->model->maturity_us};
}

static mw_frame moment_frame(const question *q, const mw_cell *windows) {
    return (mw_frame){.row = q->moment->row,
                      .windows = windows,
                      .features = q->features,
                      .time_us = q->moment->t,
                      .symbols = q->symbols,
                      .zone = q->program->zone};
}

static int64_t known_limit(const question *q, const mw_window *window) {
    return q->is_label && window->is_ahead ? q->known_by : q->moment->place;
}

/* Rule 3. */
static bool is_own(const question *q, const mw_window *window, const mw_event *event) {
    if (window->own_by < 0) return false;
    if (window->is_ahead && window->stream != mw_model_announcer(q->model)) return false;
    const mw_stream *mine = &q->program->streams[window->own_by];
    const mw_stream *other = &q->program->streams[window->stream];
    for (int32_t i = 0; i < mine->id_count; i++)
        if (q->moment->row[mine->id_by_name[i]].bits != event->row[other->id_by_name[i]].bits)
            return false;
    return true;
}

static bool has_keys(const question *q, const mw_window *window, const mw_event *event) {
    const mw_schema *schema = &q->program->streams[window->stream].schema;
    mw_frame frame = moment_frame(q, q->windows);
    for (int32_t i = 0; i < window->key_count; i++) {
        mw_type type = schema->fields[window->event_keys[i]].type;
        mw_cell wanted = mw_code_run(window->moment_keys[i], &frame);
        mw_cell found = event->row[window->event_keys[i]];
        if (mw_cell_is_missing(type, wanted) || wanted.bits != found.bits) return false;
    }
    return true;
}

static int64_t end_of(const question *q, const mw_window *window, int64_t steps) {
    int64_t t = q->moment->t;
    int64_t end = mw_tick_step(window->tick, q->program->zone, t, steps);
    return window->is_ahead && end < t ? t : end;
}

static mw_frame event_frame(const question *q, const mw_event *event) {
    return (mw_frame){.row = event->row,
                      .now = q->moment->row,
                      .windows = q->windows,
                      .time_us = event->time,
                      .now_us = q->moment->t,
                      .symbols = q->symbols,
                      .zone = q->program->zone};
}

/* The events of [start, end) by time; `start` is INT64_MIN where all of the past counts. */
typedef struct {
    int64_t start, end;
} range;
static range range_of(const question *q, const mw_window *window);
static mw_verdict judge(const question *q, const mw_window *window, range within,
                        const mw_event *event);

/* The time of the last event that another window holds, the one that this must begin after;
   INT64_MIN: none. */
static int64_t since_of(const question *q, const mw_window *window) {
    const mw_window *other = &q->model->windows[window->since];
    int64_t last = INT64_MIN;
    range within = range_of(q, other);
    for (size_t row = 0; row < q->events->streams[other->stream].rows.row_count; row++) {
        mw_event event = mw_events_row(q->events, other->stream, row);
        if (event.time > last && judge(q, other, within, &event) == MW_VERDICT_IN)
            last = event.time;
    }
    return last == INT64_MIN ? last
                             : mw_tick_at_or_after(window->tick, q->program->zone, last);
}

static range range_of(const question *q, const mw_window *window) {
    range within = {INT64_MIN, end_of(q, window, window->end_steps)};
    if (window->start_us != MW_ALL_PAST) within.start = end_of(q, window, window->start_steps);
    int64_t since = window->since >= 0 ? since_of(q, window) : INT64_MIN;
    if (since > within.start) within.start = since;
    return within;
}

static bool is_true(const mw_code *condition, const mw_frame *frame) {
    return !condition || mw_code_run(condition, frame).boolean == MW_TRUE;
}

/* Whether one event came after another, whose id it has. */
static bool comes_after(const question *q, const mw_event *one, const mw_event *other) {
    const mw_stream *stream = &q->program->streams[one->stream];
    if (!mw_stream_same_id(stream, one->row, other->row)) return false;
    if (one->place != other->place) return one->place > other->place;
    return one->row > other->row; /* rows of one table, in the order in which they came */
}

static int64_t known_or_place(const mw_event *event) {
    return event->known > event->place ? event->known : event->place;
}

/* A correction is not known before what it corrects. */
static int64_t counts_from(const question *q, const mw_event *event) {
    int64_t from = known_or_place(event);
    size_t row_count = q->events->streams[event->stream].rows.row_count;
    for (size_t row = 0; event->replaced && row < row_count; row++) {
        mw_event other = mw_events_row(q->events, event->stream, row);
        if (comes_after(q, event, &other) && known_or_place(&other) > from)
            from = known_or_place(&other);
    }
    return from;
}

/* Rule 8: an event counts no more from when a correction of it does. */
static int64_t counts_until(const question *q, const mw_event *event) {
    const mw_stream_events *stream = &q->events->streams[event->stream];
    int64_t until = INT64_MAX;
    for (size_t i = 0; i < stream->correction_count; i++) {
        mw_event other = mw_events_row(q->events, event->stream, stream->corrections[i].row);
        if (!comes_after(q, &other, event)) continue;
        int64_t from = counts_from(q, &other);
        if (from < until) until = from;
    }
    return until;
}

/* Rules 2, 3 and 8. */
static mw_verdict judge(const question *q, const mw_window *window, range within,
                        const mw_event *event) {
    if (event->time < within.start || event->time >= within.end) return MW_VERDICT_ELSEWHERE;
    if (!has_keys(q, window, event)) return MW_VERDICT_ELSEWHERE;
    if (is_own(q, window, event)) return MW_VERDICT_OWN;
    mw_frame frame = event_frame(q, event);
    if (!is_true(window->condition, &frame) || !is_true(window->now_condition, &frame))
        return MW_VERDICT_CONDITION;
    int64_t limit = known_limit(q, window);
    if (counts_from(q, event) >= limit) return MW_VERDICT_NOT_YET_KNOWN;
    return counts_until(q, event) < limit ? MW_VERDICT_REPLACED : MW_VERDICT_IN;
}

/* A value out of a sum's range is missing (rule 12). */
static bool is_summed(mw_cell value) {
    return fabs(value.number) < 0x1p63;
}

static mw_long_number on_grid(mw_cell value, int grid) {
    return mw_long_of_double(is_summed(value) ? value.number : 0, grid);
}

static size_t summed_count(const gathering *g) {
    size_t count = 0;
    for (size_t i = 0; i < g->sample_count; i++) count += is_summed(g->samples[i].value);
    return count;
}

static double sum_of(const gathering *g) {
    mw_long_number sum = {0}, one = mw_long_of(1);
    for (size_t i = 0; i < g->sample_count; i++) {
        mw_long_number units = on_grid(g->samples[i].value, 80);
        sum = mw_long_sum(&sum, &units);
    }
    return mw_long_ratio_root(&sum, &one, -80, 1);
}

/* n times how far a value and its time lie from their means, which need no rounding then. */
typedef struct {
    mw_long_number value, time;
} deviation;

static deviation deviation_of(const sample *s, const mw_long_number *n, const deviation *sums) {
    deviation d = {on_grid(s->value, 40), mw_long_of(s->time)};
    d.value = mw_long_product(&d.value, n);
    d.time = mw_long_product(&d.time, n);
    return (deviation){mw_long_difference(&d.value, &sums->value),
                       mw_long_difference(&d.time, &sums->time)};
}

static void add_product(mw_long_number *sum, const mw_long_number *a, const mw_long_number *b) {
    mw_long_number product = mw_long_product(a, b);
    *sum = mw_long_sum(sum, &product);
}

/* var, std and trend by their definitions: from the deviations from the means, in two passes. */
static mw_cell spread_of(const gathering *g, mw_aggregate aggregate) {
    mw_long_number n = mw_long_of((int64_t)summed_count(g)), one = mw_long_of(1);
    mw_long_number squares = {0}, times = {0}, both = {0};
    deviation sums = {0};
    for (size_t i = 0; i < g->sample_count; i++) {
        if (!is_summed(g->samples[i].value)) continue;
        deviation d = {on_grid(g->samples[i].value, 40), mw_long_of(g->samples[i].time)};
        sums.value = mw_long_sum(&sums.value, &d.value);
        sums.time = mw_long_sum(&sums.time, &d.time);
    }
    for (size_t i = 0; i < g->sample_count; i++) {
        if (!is_summed(g->samples[i].value)) continue;
        deviation d = deviation_of(&g->samples[i], &n, &sums);
        add_product(&squares, &d.value, &d.value);
        add_product(&times, &d.time, &d.time);
        add_product(&both, &d.time, &d.value);
    }
    if (summed_count(g) < 2) return mw_cell_missing(MW_TYPE_NUMBER);
    if (aggregate == MW_AGGREGATE_TREND) {
        if (mw_long_is_zero(&times)) return mw_cell_missing(MW_TYPE_NUMBER);
        mw_long_number us_of_second = mw_long_of(1000000);
        both = mw_long_product(&both, &us_of_second);
        return mw_cell_number(mw_long_ratio_root(&both, &times, -40, 1));
    }
    mw_long_number divisor = mw_long_difference(&n, &one);
    divisor = mw_long_product(&divisor, &n);
    divisor = mw_long_product(&divisor, &n);
    return mw_cell_number(mw_long_ratio_root(&squares, &divisor, -80,
                                             aggregate == MW_AGGREGATE_STD ? 2 : 1));
}

/* The middle of the bucket that holds the value: of 256 between two powers of two (rule 13). */
static double bucket_middle(double value) {
    int exponent;
    (void)frexp(value, &exponent); /* 2^(exponent - 1) <= |value| < 2^exponent */
    double width = exponent < -1021 ? 0x1p-1030 : ldexp(1, exponent - 9);
    double buckets = floor(fabs(value) / width);
    return buckets == 0 ? 0 : copysign((buckets + 0.5) * width, value);
}

/* The value that has at least p * n of them at or below it, p in millionths. */
static mw_cell quantile_of(const gathering *g, const mw_window *window) {
    size_t n = g->sample_count;
    mw_cell found = mw_cell_missing(MW_TYPE_NUMBER);
    for (size_t i = 0; i < n; i++) {
        double middle = bucket_middle(g->samples[i].value.number);
        uint64_t not_above = 0;
        for (size_t k = 0; k < n; k++)
            not_above += bucket_middle(g->samples[k].value.number) <= middle;
        bool is_enough = not_above * 1000000 >= (uint64_t)window->quantile_millionths * n;
        if (is_enough && !(found.number <= middle)) found = mw_cell_number(middle);
    }
    return found;
}

static size_t count_of(const gathering *g, mw_cell value) {
    size_t count = 0;
    for (size_t i = 0; i < g->sample_count; i++) count += g->samples[i].value.bits == value.bits;
    return count;
}

static mw_cell distinct_or_top(const question *q, const mw_window *window, const gathering *g) {
    size_t different = 0, most = 0;
    mw_type type = mw_code_type(window->value);
    mw_cell top = mw_cell_missing(type);
    for (size_t i = 0; i < g->sample_count; i++) {
        mw_cell value = g->samples[i].value;
        size_t first = 0, count = count_of(g, value);
        while (g->samples[first].value.bits != value.bits) first++;
        different += first == i;
        if (count < most || (count == most && mw_cell_compare(type, value, top, q->symbols) >= 0))
            continue;
        top = value;
        most = count;
    }
    if (different > MW_DIFFERENT_VALUES_MAX) return mw_cell_missing(window->type);
    return window->aggregate == MW_AGGREGATE_TOP ? top : mw_cell_number((double)different);
}

/* Whether `value` at `time` takes the place of what was found (rule 13). */
static bool replaces(const question *q, const mw_window *window, const gathering *g,
                     mw_cell value, int64_t time) {
    if (!g->has_found) return true;
    int order = mw_cell_compare(window->type, value, g->found, q->symbols);
    switch (window->aggregate) {
    case MW_AGGREGATE_MIN: return order < 0;
    case MW_AGGREGATE_MAX: return order > 0;
    case MW_AGGREGATE_FIRST:
        return time < g->found_time || (time == g->found_time && order < 0);
    default: return time > g->found_time || (time == g->found_time && order > 0);
    }
}

/* What the window's value is in this frame, which is that of an event at `time`. */
static void gather(const question *q, const mw_window *window, const mw_frame *frame,
                   int64_t time, gathering *g) {
    g->event_count++;
    if (g->event_count == 1 || time > g->last_time) g->last_time = time;
    if (!window->value) return;
    mw_type type = mw_code_type(window->value);
    mw_cell value = mw_code_run(window->value, frame);
    if (mw_cell_is_missing(type, value)) return;
    if (!mw_grow((void **)&g->samples, &g->sample_capacity, g->sample_count + 1,
                 sizeof *g->samples, SIZE_MAX / sizeof *g->samples)) {
        g->out_of_memory = true;
        return;
    }
    g->samples[g->sample_count++] = (sample){time, value};
    if (!replaces(q, window, g, value, time)) return;
    g->found = value;
    g->found_time = time;
    g->has_found = true;
}

/* Rule 10. */
static mw_cell result_of(const question *q, const mw_window *window, const gathering *g) {
    mw_cell missing = mw_cell_missing(window->type);
    switch (window->aggregate) {
    case MW_AGGREGATE_COUNT: return mw_cell_number((double)g->event_count);
    case MW_AGGREGATE_SUM: return mw_cell_number(sum_of(g));
    case MW_AGGREGATE_MEAN:
        if (summed_count(g) == 0) return missing;
        return mw_cell_number(sum_of(g) / (double)summed_count(g));
    case MW_AGGREGATE_VAR:
    case MW_AGGREGATE_STD:
    case MW_AGGREGATE_TREND: return spread_of(g, window->aggregate);
    case MW_AGGREGATE_QUANTILE: return quantile_of(g, window);
    case MW_AGGREGATE_DISTINCT:
    case MW_AGGREGATE_TOP: return distinct_or_top(q, window, g);
    case MW_AGGREGATE_ANY: return mw_cell_bool(g->event_count > 0);
    case MW_AGGREGATE_SINCE:
        return g->event_count > 0 ? mw_cell_time(q->moment->t - g->last_time) : missing;
    default: return g->has_found ? g->found : missing;
    }
}

/* False if memory is out. */
static bool window_of(const question *q, const mw_window *window, mw_cell *out_value) {
    gathering g = {0};
    range within = range_of(q, window);
    const mw_stream_events *of_stream = &q->events->streams[window->stream];
    for (size_t row = 0; row < of_stream->rows.row_count; row++) {
        mw_event event = mw_events_row(q->events, window->stream, row);
        if (judge(q, window, within, &event) != MW_VERDICT_IN) continue;
        mw_frame frame = event_frame(q, &event);
        gather(q, window, &frame, event.time, &g);
    }
    *out_value = result_of(q, window, &g);
    mw_free(g.samples);
    return !g.out_of_memory;
}

/* All windows of the question's kind; the others stay zero. NULL if memory is out. */
static mw_cell *windows_of(question *q) {
    const mw_model_program *model = q->model;
    mw_cell *windows = mw_allocate((model->window_count + 1) * sizeof *windows);
    q->windows = windows;
    size_t from = q->is_label ? model->feature_window_count : 0;
    size_t to = q->is_label ? model->window_count : model->feature_window_count;
    for (size_t i = from; windows && i < to; i++) {
        if (window_of(q, &model->windows[i], &windows[i])) continue;
        mw_free(windows);
        return NULL;
    }
    return windows;
}

/* --- the moments of one event ------------------------------------------------------------- */

typedef struct {
    mw_moment moment;
    mw_cell *row, *windows, *features;
} sibling;

struct mw_oracle_family {
    const mw_oracle *oracle;
    int64_t t, place; /* of them all */
    sibling *items;
    size_t count;
    mw_cell *withins;
    mw_list_lengths lengths;
};
typedef mw_oracle_family family;

static bool add_sibling(family *f, const mw_moment *moment, mw_cell element) {
    const mw_model_program *model = f->oracle->model;
    for (size_t i = 0; i < f->count; i++)
        if (f->items[i].row[model->each->element].bits == element.bits) return true;
    sibling *one = &f->items[f->count++];
    size_t width = (size_t)model->each->element + 1;
    one->moment = *moment;
    one->moment.row = one->row = mw_allocate(width * sizeof *one->row);
    one->features = mw_allocate((model->feature_count + 1) * sizeof *one->features);
    if (!one->row || !one->features) return false;
    memcpy(one->row, moment->row, width * sizeof *one->row);
    one->row[model->each->element] = element;
    question q = question_of(f->oracle, &one->moment, one->features, false);
    one->windows = windows_of(&q);
    return one->windows != NULL;
}

static bool gather_family(family *f, const mw_moment *moment) {
    const mw_each *each = f->oracle->model->each;
    mw_cell list = moment->row[each->list], element;
    mw_symbols *symbols = f->oracle->symbols;
    const mw_stream *stream = &f->oracle->program->streams[f->oracle->model->moment_stream];
    bool of_texts = stream->schema.fields[each->list].type == MW_TYPE_LIST, is_good = true;
    mw_list_reader reader;
    mw_str text;
    f->items = mw_allocate((mw_list_length(list, symbols) + 1) * sizeof *f->items);
    f->withins = mw_allocate((f->oracle->model->within_count + 1) * sizeof *f->withins);
    if (!f->items || !f->withins) return false;
    mw_list_open(&reader, list, symbols);
    while (is_good && (of_texts ? mw_list_next_text(&reader, &text)
                                : mw_list_next_number(&reader, &element.number))) {
        if (of_texts) element = (mw_cell){.symbol = mw_symbols_intern(symbols, text)};
        is_good = add_sibling(f, moment, element);
    }
    is_good = is_good && !reader.element.failed;
    mw_list_close(&reader);
    return is_good;
}

static mw_frame sibling_frame(family *f, const sibling *one) {
    question q = question_of(f->oracle, &one->moment, one->features, false);
    mw_frame frame = moment_frame(&q, one->windows);
    frame.withins = f->withins;
    frame.lengths = &f->lengths;
    return frame;
}

/* Works the features of all out as far as `count` in their order. */
static void run_features(family *f, size_t count) {
    const mw_model_program *model = f->oracle->model;
    for (size_t i = 0; i < f->count; i++) {
        mw_frame frame = sibling_frame(f, &f->items[i]);
        for (size_t k = 0; k < count; k++) {
            int32_t feature = model->feature_order[k];
            f->items[i].features[feature] = mw_code_run(model->features[feature].code, &frame);
        }
    }
}

static bool ask_all(family *f, const mw_window *of, mw_cell *out_value) {
    gathering g = {.samples = NULL};
    question q = question_of(f->oracle, &f->items[0].moment, f->items[0].features, false);
    for (size_t i = 0; i < f->count; i++) {
        mw_frame frame = sibling_frame(f, &f->items[i]);
        if (is_true(of->condition, &frame)) gather(&q, of, &frame, f->items[i].moment.t, &g);
    }
    *out_value = result_of(&q, of, &g);
    mw_free(g.samples);
    return !g.out_of_memory;
}

static bool work_out(family *f, const mw_moment *moment) {
    const mw_model_program *model = f->oracle->model;
    if (!gather_family(f, moment)) return false;
    for (size_t i = 0; i < model->within_count; i++) {
        run_features(f, model->withins[i].after);
        if (!ask_all(f, &model->withins[i].of, &f->withins[i])) return false;
    }
    run_features(f, model->feature_count);
    return true;
}

void mw_oracle_family_release(mw_oracle_family *f) {
    if (!f) return;
    for (size_t i = 0; i < f->count; i++) {
        mw_free(f->items[i].row);
        mw_free(f->items[i].windows);
        mw_free(f->items[i].features);
    }
    mw_free(f->items);
    mw_free(f->withins);
    mw_free(f);
}

static bool is_of(const family *f, const mw_oracle *oracle, const mw_moment *moment) {
    if (!f || f->oracle != oracle || f->t != moment->t || f->place != moment->place) return false;
    size_t width = (size_t)oracle->model->each->element; /* the last field */
    return f->count > 0 && memcmp(f->items[0].row, moment->row, width * sizeof *moment->row) == 0;
}

/* Puts the family of the moment in place of another one. */
static mw_status gather_all(const mw_oracle *oracle, const mw_moment *moment,
                            mw_oracle_family **family_of, mw_error *err) {
    if (is_of(*family_of, oracle, moment)) return MW_OK;
    mw_oracle_family_release(*family_of);
    *family_of = mw_allocate(sizeof **family_of);
    bool is_good = *family_of != NULL;
    if (is_good) {
        **family_of = (family){.oracle = oracle, .t = moment->t, .place = moment->place};
        is_good = work_out(*family_of, moment);
    }
    if (is_good) return MW_OK;
    mw_oracle_family_release(*family_of);
    *family_of = NULL;
    return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the moments");
}

mw_status mw_oracle_features_among(const mw_oracle *oracle, const mw_moment *moment,
                                   mw_oracle_family **kept, mw_cell *out_features,
                                   mw_error *err) {
    const mw_model_program *model = oracle->model;
    if (model->within_count == 0) return mw_oracle_features(oracle, moment, out_features, err);
    MW_TRY(gather_all(oracle, moment, kept, err));
    const family *f = *kept;
    int32_t element = model->each->element;
    size_t i = 0;
    while (i < f->count && f->items[i].row[element].bits != moment->row[element].bits) i++;
    MW_ASSERT(i < f->count); /* a moment's element is one of its list */
    memcpy(out_features, f->items[i].features, model->feature_count * sizeof *out_features);
    return MW_OK;
}

static mw_status features_alone(const mw_oracle *oracle, const mw_moment *moment,
                                mw_cell *out_features, mw_error *err) {
    mw_oracle_family *kept = NULL;
    mw_status status = mw_oracle_features_among(oracle, moment, &kept, out_features, err);
    mw_oracle_family_release(kept);
    return status;
}

mw_status mw_oracle_features(const mw_oracle *oracle, const mw_moment *moment,
                             mw_cell *out_features, mw_error *err) {
    const mw_model_program *model = oracle->model;
    if (model->within_count > 0) return features_alone(oracle, moment, out_features, err);
    question q = question_of(oracle, moment, out_features, false);
    mw_cell *windows = windows_of(&q);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the windows");
    mw_frame frame = moment_frame(&q, windows);
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t feature = model->feature_order[i];
        out_features[feature] = mw_code_run(model->features[feature].code, &frame);
    }
    mw_free(windows);
    return mw_symbols_settle(oracle->symbols, err);
}

mw_status mw_oracle_takes(const mw_oracle *oracle, const mw_moment *moment,
                          const mw_cell *features, bool *out_takes, mw_error *err) {
    const mw_model_program *model = oracle->model;
    question q = question_of(oracle, moment, features, false);
    mw_cell *windows = windows_of(&q);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the windows");
    mw_frame frame = moment_frame(&q, windows);
    *out_takes = !model->schedule ||
                 mw_code_run(model->schedule->takes, &frame).boolean == MW_TRUE;
    mw_free(windows);
    return mw_symbols_settle(oracle->symbols, err);
}

static mw_status label_of(question *q, mw_label *out_label, mw_error *err) {
    mw_cell *windows = windows_of(q);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the windows");
    mw_frame frame = moment_frame(q, windows);
    const mw_code *unless = q->model->unless;
    *out_label = (mw_label){
        .value = mw_code_run(q->model->label, &frame),
        .is_dropped = unless && mw_code_run(unless, &frame).boolean == MW_TRUE};
    mw_free(windows);
    return mw_symbols_settle(q->symbols, err);
}

mw_status mw_oracle_labels(const mw_oracle *oracle, const mw_moment *moment, int64_t known_by,
                           mw_label *out_matured, mw_label *out_later, mw_error *err) {
    mw_cell *features =
        mw_allocate((oracle->model->feature_count + 1) * sizeof *features);
    if (!features) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the features");
    mw_status status = mw_oracle_features(oracle, moment, features, err);
    question q = question_of(oracle, moment, features, true);
    mw_label matured = {0}, later = {0};
    if (status == MW_OK) status = label_of(&q, &matured, err);
    if (status == MW_OK) later = matured;
    if (status == MW_OK && known_by > q.known_by) {
        q.known_by = known_by;
        status = label_of(&q, &later, err);
    }
    mw_free(features);
    if (status != MW_OK) return status;
    *out_matured = matured;
    *out_later = later;
    return MW_OK;
}

mw_status mw_oracle_label(const mw_oracle *oracle, const mw_moment *moment,
                          mw_label *out_label, mw_error *err) {
    mw_label as_matured, later;
    MW_TRY(mw_oracle_labels(oracle, moment, INT64_MIN, &as_matured, &later, err));
    *out_label = as_matured;
    return MW_OK;
}

int64_t mw_oracle_counts_until(const mw_oracle *oracle, const mw_event *event) {
    question q = {.program = oracle->program, .events = oracle->events};
    return counts_until(&q, event);
}

mw_status mw_oracle_windows(const mw_oracle *oracle, const mw_oracle_moment *at, bool of_label,
                            mw_cell *out_windows, mw_error *err) {
    question q = question_of(oracle, at->moment, at->features, of_label);
    mw_cell *windows = windows_of(&q);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the windows");
    memcpy(out_windows, windows, oracle->model->window_count * sizeof *windows);
    mw_free(windows);
    return mw_symbols_settle(oracle->symbols, err);
}

mw_verdict mw_oracle_judge(const mw_oracle *oracle, const mw_oracle_moment *at, size_t window,
                           const mw_event *event) {
    const mw_model_program *model = oracle->model;
    bool of_label = window >= model->feature_window_count;
    question q = question_of(oracle, at->moment, at->features, of_label);
    q.windows = (mw_cell *)(uintptr_t)at->windows; /* which is read alone */
    const mw_window *asked = &model->windows[window];
    if (!has_keys(&q, asked, event)) return MW_VERDICT_ELSEWHERE; /* before what takes longer */
    return judge(&q, asked, range_of(&q, asked), event);
}
