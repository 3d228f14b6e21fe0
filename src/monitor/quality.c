#include "monitor/quality.h"

#include <math.h>
#include <stdlib.h>

/* Scores and labels as the metrics take them: two arrays in one block. */
typedef struct {
    double *scores;
    unsigned char *labels;
} columns;

static mw_status columns_init(columns *made, size_t count, mw_error *err) {
    *made = (columns){mw_allocate((count + 1) * sizeof *made->scores), mw_allocate(count + 1)};
    if (made->scores && made->labels) return MW_OK;
    mw_free(made->scores);
    mw_free(made->labels);
    return mw_fail(err, MW_NO_MEMORY, "quality: no memory for %zu outcomes", count);
}

static void columns_release(columns *made) {
    mw_free(made->scores);
    mw_free(made->labels);
}

static void take(mw_quality *quality, const mw_outcome *outcome, mw_costs costs) {
    quality->outcome_count++;
    quality->positive_count += outcome->label;
    quality->decision_count += outcome->decision;
    if (outcome->decision == outcome->label) return;
    quality->cost += outcome->label ? costs.miss : costs.false_alarm;
}

static bool is_small(const mw_quality *quality) {
    size_t negatives = quality->outcome_count - quality->positive_count;
    return quality->outcome_count < MW_QUALITY_OUTCOMES_MIN ||
           quality->positive_count < MW_QUALITY_CLASS_MIN || negatives < MW_QUALITY_CLASS_MIN;
}

/* Completes a quality whose outcomes were taken, by their columns. */
static mw_status measure_columns(columns made, mw_quality *quality, mw_error *err) {
    for (size_t m = 0; m < MW_METRIC_COUNT; m++) quality->of[m] = NAN;
    quality->is_small = is_small(quality);
    if (quality->is_small) return MW_OK;
    mw_metrics metrics;
    mw_scored scored = {made.scores, made.labels, quality->outcome_count};
    MW_TRY(mw_metrics_measure(scored, (mw_bootstrap){0}, &metrics, err));
    for (size_t m = 0; m < MW_METRIC_COUNT; m++) quality->of[m] = metrics.of[m].value;
    return MW_OK;
}

mw_status mw_quality_measure(mw_quality_question question, mw_quality *out_quality, mw_error *err) {
    MW_ASSERT(question.first + question.count <= question.outcomes->count);
    columns made;
    MW_TRY(columns_init(&made, question.count, err));
    mw_quality quality = {0};
    for (size_t i = 0; i < question.count; i++) {
        const mw_outcome *outcome = &question.outcomes->items[question.first + i];
        take(&quality, outcome, question.costs);
        made.scores[i] = outcome->prediction;
        made.labels[i] = outcome->label;
    }
    mw_status status = measure_columns(made, &quality, err);
    columns_release(&made);
    if (status == MW_OK) *out_quality = quality;
    return status;
}

/* --- segments: outcomes sorted by a column, equal values side by side ------------------- */

typedef struct {
    mw_str text; /* of the value */
    size_t index;
} sliced;

static int compare_sliced(const void *a, const void *b) {
    const sliced *x = a, *y = b;
    int order = mw_str_compare(x->text, y->text);
    return order != 0 ? order : (x->index > y->index) - (x->index < y->index);
}

typedef struct {
    const mw_quality_question *question;
    sliced *sorted;
    columns made; /* room for all outcomes */
    mw_segment_quality *segments;
    size_t count, capacity;
} slicer;

static mw_status measure_slice(slicer *job, mw_str column, size_t from, size_t to, mw_error *err) {
    mw_segment_quality segment = {.column = column, .value = job->sorted[from].text};
    for (size_t i = from; i < to; i++) {
        const mw_outcome *outcome = &job->question->outcomes->items[job->sorted[i].index];
        take(&segment.quality, outcome, job->question->costs);
        job->made.scores[i - from] = outcome->prediction;
        job->made.labels[i - from] = outcome->label;
    }
    MW_TRY(measure_columns(job->made, &segment.quality, err));
    if (!mw_grow((void **)&job->segments, &job->capacity, job->count + 1, sizeof *job->segments,
                 MW_OUTCOMES_MAX))
        return mw_fail(err, MW_NO_MEMORY, "quality: no memory for the segments");
    job->segments[job->count++] = segment;
    return MW_OK;
}

static mw_status slice_column(slicer *job, size_t column, const mw_symbols *symbols,
                              mw_error *err) {
    const mw_table *cells = &job->question->outcomes->segments;
    size_t count = job->question->count;
    for (size_t i = 0; i < count; i++) {
        size_t index = job->question->first + i;
        mw_cell cell = mw_table_row(cells, index)[column];
        job->sorted[i] = (sliced){mw_symbols_text(symbols, cell.symbol), index};
    }
    qsort(job->sorted, count, sizeof *job->sorted, compare_sliced);
    mw_str name = cells->schema->fields[column].name;
    for (size_t from = 0, to; from < count; from = to) {
        to = from + 1;
        while (to < count && mw_str_equal(job->sorted[to].text, job->sorted[from].text)) to++;
        MW_TRY(measure_slice(job, name, from, to, err));
    }
    return MW_OK;
}

static mw_status slice_all(slicer *job, const mw_symbols *symbols, mw_error *err) {
    size_t column_count = job->question->outcomes->segments.schema->field_count;
    for (size_t i = 0; i < column_count; i++) MW_TRY(slice_column(job, i, symbols, err));
    return MW_OK;
}

mw_status mw_quality_by_segment(mw_quality_question question, const mw_symbols *symbols,
                                mw_arena *arena, mw_segment_quality **out_segments,
                                size_t *out_count, mw_error *err) {
    slicer job = {.question = &question};
    MW_TRY(columns_init(&job.made, question.count, err));
    job.sorted = mw_allocate((question.count + 1) * sizeof *job.sorted);
    mw_status status = MW_OK;
    if (!job.sorted) status = mw_fail(err, MW_NO_MEMORY, "quality: no memory for the segments");
    if (status == MW_OK) status = slice_all(&job, symbols, err);
    mw_segment_quality *kept = NULL;
    if (status == MW_OK) {
        kept = mw_arena_alloc(arena, job.count + 1, sizeof *kept);
        if (!kept) status = mw_fail(err, MW_NO_MEMORY, "quality: no memory for the segments");
    }
    if (status == MW_OK) {
        for (size_t i = 0; i < job.count; i++) kept[i] = job.segments[i];
        *out_segments = kept;
        *out_count = job.count;
    }
    mw_free(job.segments);
    mw_free(job.sorted);
    columns_release(&job.made);
    return status;
}

double mw_quality_read(const mw_quality *quality, mw_str quantity) {
    if (quality->is_small) return NAN;
    if (mw_str_is(quantity, "cost")) return quality->cost;
    for (size_t m = 0; m < MW_METRIC_COUNT; m++)
        if (mw_str_is(quantity, mw_metric_name((mw_metric)m))) return quality->of[m];
    return NAN;
}
