#include "feature/oracle.h"

#include <math.h>

/* A sum as we learn it at school: digits of 32 bits, the least first, in units of 2^-80, negative
   ones apart. 8 digits hold 2^40 values and more. */
enum { DIGITS = 8 };
typedef struct {
    uint32_t digits[DIGITS];
} magnitude;

typedef struct {
    magnitude positive, negative;
    uint64_t count;
} long_sum;

static void add_digit(magnitude *m, int digit, uint64_t value) {
    for (; value > 0; digit++) {
        MW_ASSERT(digit < DIGITS);
        value += m->digits[digit];
        m->digits[digit] = (uint32_t)value;
        value >>= 32;
    }
}

/* A value out of a sum's range is missing (rule 12). */
static void long_add(long_sum *sum, double value) {
    if (!(fabs(value) < 0x1p63)) return;
    magnitude *m = value < 0 ? &sum->negative : &sum->positive;
    /* ldexp only shifts here, and nearbyint rounds half-even. */
    double units = nearbyint(ldexp(fabs(value), 80));
    int exponent;
    uint64_t mantissa = (uint64_t)ldexp(frexp(units, &exponent), 53);
    int shift = exponent - 53;
    if (units > 0 && shift < 0) {
        mantissa >>= -shift;
        shift = 0;
    }
    if (units > 0) {
        uint64_t low = (mantissa & UINT32_MAX) << shift % 32;
        uint64_t high = (mantissa >> 32) << shift % 32;
        add_digit(m, shift / 32, low);
        add_digit(m, shift / 32 + 1, high);
    }
    sum->count++;
}

static int compare_magnitudes(const magnitude *a, const magnitude *b) {
    for (int i = DIGITS - 1; i >= 0; i--)
        if (a->digits[i] != b->digits[i]) return a->digits[i] > b->digits[i] ? 1 : -1;
    return 0;
}

static magnitude minus(const magnitude *a, const magnitude *b) {
    magnitude difference;
    uint64_t borrow = 0;
    for (int i = 0; i < DIGITS; i++) {
        uint64_t digit = (uint64_t)a->digits[i] - b->digits[i] - borrow;
        difference.digits[i] = (uint32_t)digit;
        borrow = digit >> 63;
    }
    return difference;
}

static bool bit_of(const magnitude *m, int bit) {
    return m->digits[bit / 32] >> bit % 32 & 1;
}

/* Takes the top 53 bits one by one, then looks at what is left to round half-even. */
static double magnitude_read(const magnitude *m) {
    int top = DIGITS * 32 - 1;
    while (top >= 0 && !bit_of(m, top)) top--;
    double value = 0;
    int bit = top;
    for (; bit >= 0 && bit > top - 53; bit--) value = 2 * value + bit_of(m, bit);
    if (bit >= 0 && bit_of(m, bit)) {
        bool is_more = fmod(value, 2) == 1;
        for (int below = bit - 1; below >= 0; below--) is_more |= bit_of(m, below);
        if (is_more) value += 1;
    }
    return ldexp(value, bit + 1 - 80);
}

static double long_read(const long_sum *sum) {
    if (compare_magnitudes(&sum->positive, &sum->negative) >= 0) {
        magnitude m = minus(&sum->positive, &sum->negative);
        return magnitude_read(&m);
    }
    magnitude m = minus(&sum->negative, &sum->positive);
    return -magnitude_read(&m);
}

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    const mw_events *events;
    const mw_moment *moment;
    mw_symbols *symbols;
    const mw_cell *features; /* so far, or those that the moment had */
    bool is_label;
} question;

/* What a window has gathered. */
typedef struct {
    uint64_t event_count;
    long_sum sum;
    mw_cell found;      /* min, max, first, last */
    bool has_found;
    int64_t found_time; /* of the found value */
    int64_t last_time;  /* of the last event */
} gathering;

static mw_frame moment_frame(const question *q, const mw_cell *windows) {
    return (mw_frame){.row = q->moment->row,
                      .windows = windows,
                      .features = q->features,
                      .time_us = q->moment->t,
                      .symbols = q->symbols,
                      .zone = q->program->zone};
}

static int64_t known_limit(const question *q, const mw_window *window) {
    bool by_maturity = q->is_label && window->is_ahead;
    return by_maturity ? q->moment->t + q->model->maturity_us : q->moment->place;
}

/* Rule 3. */
static bool is_own(const question *q, const mw_window *window, const mw_event *event) {
    if (!window->shares_id) return false;
    if (window->is_ahead && window->stream != q->model->moment_stream) return false;
    const mw_stream *mine = &q->program->streams[q->model->moment_stream];
    const mw_stream *other = &q->program->streams[window->stream];
    for (int32_t i = 0; i < mine->id_count; i++)
        if (q->moment->row[mine->id_by_name[i]].bits != event->row[other->id_by_name[i]].bits)
            return false;
    return true;
}

static bool has_keys(const question *q, const mw_window *window, const mw_event *event) {
    const mw_schema *schema = &q->program->streams[window->stream].schema;
    mw_frame frame = moment_frame(q, NULL);
    for (int32_t i = 0; i < window->key_count; i++) {
        mw_type type = schema->fields[window->event_keys[i]].type;
        mw_cell wanted = mw_code_run(window->moment_keys[i], &frame);
        mw_cell found = event->row[window->event_keys[i]];
        if (mw_cell_is_missing(type, wanted) || wanted.bits != found.bits) return false;
    }
    return true;
}

static bool spans(const question *q, const mw_window *window, const mw_event *event) {
    if (window->start_us != MW_ALL_PAST && event->time < q->moment->t + window->start_us)
        return false;
    return event->time < q->moment->t + window->end_us;
}

static mw_frame event_frame(const question *q, const mw_event *event) {
    return (mw_frame){.row = event->row,
                      .time_us = event->time,
                      .symbols = q->symbols,
                      .zone = q->program->zone};
}

/* Rules 2 and 3. */
static mw_verdict judge(const question *q, const mw_window *window, const mw_event *event) {
    if (!spans(q, window, event) || !has_keys(q, window, event)) return MW_VERDICT_ELSEWHERE;
    if (is_own(q, window, event)) return MW_VERDICT_OWN;
    mw_frame frame = event_frame(q, event);
    if (window->condition && mw_code_run(window->condition, &frame).boolean != MW_TRUE)
        return MW_VERDICT_CONDITION;
    int64_t known = event->known > event->place ? event->known : event->place;
    return known < known_limit(q, window) ? MW_VERDICT_IN : MW_VERDICT_NOT_YET_KNOWN;
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

static void gather(const question *q, const mw_window *window, const mw_event *event,
                   gathering *g) {
    mw_frame frame = event_frame(q, event);
    int64_t time = event->time;
    g->event_count++;
    if (g->event_count == 1 || time > g->last_time) g->last_time = time;
    if (!window->value) return;
    mw_type type = mw_code_type(window->value);
    mw_cell value = mw_code_run(window->value, &frame);
    if (mw_cell_is_missing(type, value)) return;
    switch (window->aggregate) {
    case MW_AGGREGATE_SUM:
    case MW_AGGREGATE_MEAN: long_add(&g->sum, value.number); return;
    default: break;
    }
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
    case MW_AGGREGATE_SUM: return mw_cell_number(long_read(&g->sum));
    case MW_AGGREGATE_MEAN:
        if (g->sum.count == 0) return missing;
        return mw_cell_number(long_read(&g->sum) / (double)g->sum.count);
    case MW_AGGREGATE_ANY: return mw_cell_bool(g->event_count > 0);
    case MW_AGGREGATE_SINCE:
        return g->event_count > 0 ? mw_cell_time(q->moment->t - g->last_time) : missing;
    default: return g->has_found ? g->found : missing;
    }
}

static mw_cell window_of(const question *q, const mw_window *window) {
    gathering g = {0};
    const mw_stream_events *of_stream = &q->events->streams[window->stream];
    for (size_t row = 0; row < of_stream->rows.row_count; row++) {
        mw_event event = mw_events_row(q->events, window->stream, row);
        if (judge(q, window, &event) == MW_VERDICT_IN) gather(q, window, &event, &g);
    }
    return result_of(q, window, &g);
}

/* All windows of the question's kind; the others stay zero. NULL if memory is out. */
static mw_cell *windows_of(const question *q) {
    const mw_model_program *model = q->model;
    mw_cell *windows = mw_allocate((model->window_count + 1) * sizeof *windows);
    size_t from = q->is_label ? model->feature_window_count : 0;
    size_t to = q->is_label ? model->window_count : model->feature_window_count;
    for (size_t i = from; windows && i < to; i++)
        windows[i] = window_of(q, &model->windows[i]);
    return windows;
}

mw_status mw_oracle_features(const mw_oracle *oracle, const mw_moment *moment,
                             mw_cell *out_features, mw_error *err) {
    const mw_model_program *model = oracle->model;
    question q = {oracle->program, model,        oracle->events, moment,
                  oracle->symbols, out_features, false};
    mw_cell *windows = windows_of(&q);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the windows");
    mw_frame frame = moment_frame(&q, windows);
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t feature = model->feature_order[i];
        out_features[feature] = mw_code_run(model->features[feature].code, &frame);
    }
    mw_free(windows);
    return MW_OK;
}

static mw_status label_of(const question *q, mw_label *out_label, mw_error *err) {
    mw_cell *windows = windows_of(q);
    if (!windows) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the windows");
    mw_frame frame = moment_frame(q, windows);
    const mw_code *unless = q->model->unless;
    *out_label = (mw_label){
        .value = mw_code_run(q->model->label, &frame),
        .is_dropped = unless && mw_code_run(unless, &frame).boolean == MW_TRUE};
    mw_free(windows);
    return MW_OK;
}

mw_status mw_oracle_label(const mw_oracle *oracle, const mw_moment *moment,
                          mw_label *out_label, mw_error *err) {
    const mw_model_program *model = oracle->model;
    mw_cell *features = mw_allocate((model->feature_count + 1) * sizeof *features);
    if (!features) return mw_fail(err, MW_NO_MEMORY, "oracle: no memory for the features");
    mw_status status = mw_oracle_features(oracle, moment, features, err);
    question q = {oracle->program, model,    oracle->events, moment,
                  oracle->symbols, features, true};
    if (status == MW_OK) status = label_of(&q, out_label, err);
    mw_free(features);
    return status;
}

mw_verdict mw_oracle_judge(const mw_oracle *oracle, const mw_moment *moment, size_t window,
                           const mw_event *event) {
    const mw_model_program *model = oracle->model;
    question q = {.program = oracle->program,
                  .model = model,
                  .moment = moment,
                  .symbols = oracle->symbols,
                  .is_label = window >= model->feature_window_count};
    return judge(&q, &model->windows[window], event);
}
