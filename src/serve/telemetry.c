#include "serve/telemetry.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* The upper ends of all buckets but the last, which has none; inclusive. */
static const struct {
    int64_t end_us;
    const char *end_s;
} buckets[MW_METER_BUCKETS - 1] = {
    {10, "1e-05"},    {20, "2e-05"},     {50, "5e-05"},    {100, "0.0001"},  {200, "0.0002"},
    {500, "0.0005"},  {1000, "0.001"},   {2000, "0.002"},  {5000, "0.005"},  {10000, "0.01"},
    {20000, "0.02"},  {50000, "0.05"},   {100000, "0.1"},  {200000, "0.2"},  {500000, "0.5"},
    {1000000, "1.0"}, {2000000, "2.0"},  {5000000, "5.0"}, {10000000, "10.0"},
};

struct mw_series {
    const mw_meter *meter;
    const char *labels;
    _Atomic uint64_t value; /* a double's bits */
    int64_t sum_us;
    uint64_t buckets[MW_METER_BUCKETS];
    mw_series *next;
};

struct mw_telemetry {
    mw_arena arena;
    mw_series *first, *last;
    mw_series unseen; /* what does not fit is counted here */
    size_t series_count;
};

enum { ARENA_SIZE_MAX = MW_SERIES_MAX * 512 };

mw_status mw_telemetry_create(mw_telemetry **out_telemetry, mw_error *err) {
    mw_telemetry *telemetry = mw_allocate(sizeof *telemetry);
    if (!telemetry) return mw_fail(err, MW_NO_MEMORY, "telemetry: no memory is left");
    mw_arena_init(&telemetry->arena, ARENA_SIZE_MAX);
    *out_telemetry = telemetry;
    return MW_OK;
}

static bool ends_with(mw_str text, const char *end) {
    mw_str wanted = mw_str_of(end);
    return text.size > wanted.size &&
           mw_str_equal(mw_str_slice(text, text.size - wanted.size, text.size), wanted);
}

/* What both formats ask of a name: a counter's total, and its unit before that. */
static bool is_well_named(const mw_meter *meter) {
    mw_str name = mw_str_of(meter->name);
    if (meter->kind == MW_METER_COUNTER) {
        if (!ends_with(name, "_total")) return false;
        name = mw_str_slice(name, 0, name.size - strlen("_total"));
    }
    return ends_with(name, meter->unit);
}

static mw_series *series_create(mw_telemetry *telemetry, const mw_meter *meter,
                                const char *labels) {
    MW_ASSERT(is_well_named(meter));
    if (telemetry->series_count == MW_SERIES_MAX) return &telemetry->unseen;
    mw_series *series = mw_arena_alloc(&telemetry->arena, 1, sizeof *series);
    const char *copy = mw_arena_copy(&telemetry->arena, labels, strlen(labels));
    if (!series || !copy) return &telemetry->unseen;
    series->meter = meter;
    series->labels = copy;
    if (telemetry->last) telemetry->last->next = series;
    else telemetry->first = series;
    telemetry->last = series;
    telemetry->series_count++;
    return series;
}

mw_series *mw_telemetry_series(mw_telemetry *telemetry, const mw_meter *meter, const char *labels) {
    for (mw_series *series = telemetry->first; series; series = series->next)
        if (series->meter == meter && strcmp(series->labels, labels) == 0) return series;
    return series_create(telemetry, meter, labels);
}

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double number_of(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void mw_series_add(mw_series *series, double amount) {
    uint64_t before = atomic_load_explicit(&series->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&series->value, &before,
                                                  bits_of(number_of(before) + amount),
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
}

void mw_series_set(mw_series *series, double value) {
    atomic_store_explicit(&series->value, bits_of(value), memory_order_relaxed);
}

void mw_series_observe(mw_series *series, int64_t span_us) {
    size_t bucket = 0;
    while (bucket < MW_METER_BUCKETS - 1 && span_us > buckets[bucket].end_us) bucket++;
    series->buckets[bucket]++;
    series->sum_us += span_us;
    mw_series_add(series, 1);
}

double mw_series_value(const mw_series *series) {
    return number_of(atomic_load_explicit(&series->value, memory_order_relaxed));
}

/* One line: `name_suffix{labels,le="end"} value`; `end` is "" outside of buckets. */
static void write_sample(mw_buf *out, const mw_series *series, const char *suffix, mw_str end,
                         double value) {
    bool has_labels = series->labels[0] != '\0', has_end = end.size > 0;
    mw_buf_printf(out, "%s%s", series->meter->name, suffix);
    if (has_labels || has_end) mw_buf_append_char(out, '{');
    mw_buf_append_text(out, series->labels);
    if (has_labels && has_end) mw_buf_append_char(out, ',');
    if (has_end) mw_buf_printf(out, "le=\"%.*s\"", MW_STR_ARGS(end));
    if (has_labels || has_end) mw_buf_append_char(out, '}');
    mw_buf_append_char(out, ' ');
    mw_buf_append_double(out, value);
    mw_buf_append_char(out, '\n');
}

static void write_histogram(mw_buf *out, const mw_series *series) {
    uint64_t count = 0;
    for (size_t i = 0; i < MW_METER_BUCKETS; i++) {
        mw_str end = i == MW_METER_BUCKETS - 1 ? MW_STR("+Inf") : mw_str_of(buckets[i].end_s);
        count += series->buckets[i];
        write_sample(out, series, "_bucket", end, (double)count);
    }
    write_sample(out, series, "_sum", MW_STR(""), (double)series->sum_us / 1e6);
    write_sample(out, series, "_count", MW_STR(""), (double)count);
}

static mw_str family_name(const mw_meter *meter, mw_telemetry_format format) {
    mw_str name = mw_str_of(meter->name), total = MW_STR("_total");
    bool drops_total = format == MW_OPENMETRICS_TEXT && meter->kind == MW_METER_COUNTER;
    return drops_total ? mw_str_slice(name, 0, name.size - total.size) : name;
}

/* All series of a meter stand together, below its head. */
static void write_meter(mw_buf *out, const mw_series *first, mw_telemetry_format format) {
    static const char *const kinds[] = {[MW_METER_COUNTER] = "counter",
                                        [MW_METER_GAUGE] = "gauge",
                                        [MW_METER_HISTOGRAM] = "histogram"};
    const mw_meter *meter = first->meter;
    mw_str name = family_name(meter, format);
    mw_buf_printf(out, "# HELP %.*s %s\n# TYPE %.*s %s\n", MW_STR_ARGS(name), meter->help,
                  MW_STR_ARGS(name), kinds[meter->kind]);
    if (meter->unit[0]) mw_buf_printf(out, "# UNIT %.*s %s\n", MW_STR_ARGS(name), meter->unit);
    for (const mw_series *series = first; series; series = series->next) {
        if (series->meter != meter) continue;
        if (meter->kind == MW_METER_HISTOGRAM) write_histogram(out, series);
        else write_sample(out, series, "", MW_STR(""), mw_series_value(series));
    }
}

static bool is_first_of_meter(const mw_telemetry *telemetry, const mw_series *series) {
    const mw_series *before = telemetry->first;
    while (before->meter != series->meter) before = before->next;
    return before == series;
}

/* The weight among the parameters behind a media type: 1 if none is given, and 0, which is never,
   if it is none. */
static double weight_of(mw_str parameters) {
    mw_str parameter;
    double weight = 1;
    while (mw_str_split(&parameters, ';', &parameter)) {
        parameter = mw_str_trim(parameter);
        if (!mw_str_starts(parameter, MW_STR("q="))) continue;
        bool is_number = mw_str_to_double(mw_str_slice(parameter, 2, parameter.size), &weight);
        if (!is_number || !(weight >= 0 && weight <= 1)) weight = 0;
    }
    return weight;
}

mw_telemetry_format mw_telemetry_format_of(mw_str accept) {
    mw_str rest = accept, offer, type;
    double opened = 0, plain = 0;
    while (mw_str_split(&rest, ',', &offer)) {
        if (!mw_str_split(&offer, ';', &type)) continue;
        double weight = weight_of(offer);
        type = mw_str_trim(type);
        if (mw_str_is(type, "application/openmetrics-text")) opened = fmax(opened, weight);
        if (mw_str_is(type, "text/plain")) plain = fmax(plain, weight);
    }
    return opened > 0 && opened >= plain ? MW_OPENMETRICS_TEXT : MW_PROMETHEUS_TEXT;
}

void mw_telemetry_write(const mw_telemetry *telemetry, mw_telemetry_format format, mw_buf *out) {
    for (const mw_series *series = telemetry->first; series; series = series->next)
        if (is_first_of_meter(telemetry, series)) write_meter(out, series, format);
    if (format == MW_OPENMETRICS_TEXT) mw_buf_append_text(out, "# EOF\n");
}

void mw_telemetry_destroy(mw_telemetry *telemetry) {
    if (!telemetry) return;
    mw_arena_release(&telemetry->arena);
    mw_free(telemetry);
}
