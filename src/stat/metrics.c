#include "stat/metrics.h"

#include "stat/ranking.h"

#include <math.h>

#define PROBABILITY_MIN 1e-15 /* for the logarithm */

static const char *const names[] = {
#define X(name, better) #name,
    MW_METRIC_MAP(X)
#undef X
};

enum { LESS, GREATER };
static const bool greater_is_better[] = {
#define X(name, better) (better) == GREATER,
    MW_METRIC_MAP(X)
#undef X
};

const char *mw_metric_name(mw_metric metric) {
    MW_ASSERT(metric < MW_METRIC_COUNT);
    return names[metric];
}

bool mw_metric_greater_is_better(mw_metric metric) {
    MW_ASSERT(metric < MW_METRIC_COUNT);
    return greater_is_better[metric];
}

/* A ranking with what is the same in each resample, and how often each example counts now. */
typedef struct {
    mw_ranking ranking;
    double *losses, *squares;
    bool are_probabilities; /* all scores */
    unsigned char *weights;
    uint64_t positives, negatives; /* by weight */
} sample;

static void weigh(sample *s) {
    s->positives = s->negatives = 0;
    for (size_t i = 0; i < s->ranking.count; i++) {
        if (s->ranking.labels[i]) s->positives += s->weights[i];
        else s->negatives += s->weights[i];
    }
}

typedef struct {
    uint64_t positives, negatives;
    double score; /* of each of its examples */
} group;

static group group_of(const sample *s, size_t index) {
    size_t from = index == 0 ? 0 : s->ranking.group_ends[index - 1];
    group g = {.score = s->ranking.scores[from]};
    for (size_t i = from; i < s->ranking.group_ends[index]; i++) {
        if (s->ranking.labels[i]) g.positives += s->weights[i];
        else g.negatives += s->weights[i];
    }
    return g;
}

/* In half pairs: a positive above a negative counts 2, beside it 1. */
static double roc_auc_of(const sample *s) {
    uint64_t half_pairs = 0, positives_above = 0;
    for (size_t i = 0; i < s->ranking.group_count; i++) {
        group g = group_of(s, i);
        half_pairs += g.negatives * (2 * positives_above + g.positives);
        positives_above += g.positives;
    }
    if (s->positives == 0 || s->negatives == 0) return NAN;
    return (double)half_pairs / (2.0 * (double)s->positives * (double)s->negatives);
}

static double average_precision_of(const sample *s) {
    double sum = 0;
    uint64_t positives = 0, taken = 0;
    for (size_t i = 0; i < s->ranking.group_count; i++) {
        group g = group_of(s, i);
        positives += g.positives;
        taken += g.positives + g.negatives;
        if (g.positives > 0) sum += (double)g.positives * ((double)positives / (double)taken);
    }
    return s->positives == 0 ? NAN : sum / (double)s->positives;
}

static double mean_of(const sample *s, const double *values) {
    double sum = 0;
    for (size_t i = 0; i < s->ranking.count; i++) sum += s->weights[i] * values[i];
    uint64_t count = s->positives + s->negatives;
    return count == 0 || !s->are_probabilities ? NAN : sum / (double)count;
}

/* For each bin the gap between what was foretold and what came, as a share of all examples. */
static void find_gaps(const sample *s, double out_gaps[MW_CALIBRATION_BINS]) {
    double scores[MW_CALIBRATION_BINS] = {0}, positives[MW_CALIBRATION_BINS] = {0};
    double count = (double)(s->positives + s->negatives), before = 0;
    for (size_t i = 0; i < s->ranking.group_count; i++) {
        group g = group_of(s, i);
        double size = (double)(g.positives + g.negatives);
        if (size == 0) continue;
        size_t bin = (size_t)(MW_CALIBRATION_BINS * (before + size / 2) / count);
        if (bin >= MW_CALIBRATION_BINS) bin = MW_CALIBRATION_BINS - 1;
        scores[bin] += size * g.score;
        positives[bin] += (double)g.positives;
        before += size;
    }
    bool is_none = count == 0 || !s->are_probabilities;
    for (size_t b = 0; b < MW_CALIBRATION_BINS; b++)
        out_gaps[b] = is_none ? NAN : (scores[b] - positives[b]) / count;
}

/* The sum of how far the gaps lie apart; from no gap at all, the calibration error. */
static double distance(const double *gaps, const double *others) {
    double sum = 0;
    for (size_t b = 0; b < MW_CALIBRATION_BINS; b++) sum += fabs(gaps[b] - others[b]);
    return sum;
}

static const double no_gaps[MW_CALIBRATION_BINS];

static void measure(sample *s, double out_values[MW_METRIC_COUNT],
                    double out_gaps[MW_CALIBRATION_BINS]) {
    weigh(s);
    find_gaps(s, out_gaps);
    out_values[MW_METRIC_roc_auc] = roc_auc_of(s);
    out_values[MW_METRIC_average_precision] = average_precision_of(s);
    out_values[MW_METRIC_log_loss] = mean_of(s, s->losses);
    out_values[MW_METRIC_brier] = mean_of(s, s->squares);
    out_values[MW_METRIC_calibration_error] = distance(out_gaps, no_gaps);
}

static mw_status sample_init(sample *s, mw_scored scored, mw_error *err) {
    *s = (sample){0};
    MW_TRY(mw_ranking_init(&s->ranking, scored, err));
    size_t room = scored.count + 1;
    s->losses = mw_allocate(room * sizeof *s->losses);
    s->squares = mw_allocate(room * sizeof *s->squares);
    s->weights = mw_allocate(room);
    if (!s->losses || !s->squares || !s->weights)
        return mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for %zu examples",
                       scored.count);
    s->are_probabilities = true;
    for (size_t i = 0; i < s->ranking.count; i++) {
        double score = s->ranking.scores[i], miss = s->ranking.labels[i] - score;
        double given = s->ranking.labels[i] ? score : 1 - score; /* to what happened */
        s->are_probabilities = s->are_probabilities && score >= 0 && score <= 1;
        if (given < PROBABILITY_MIN) given = PROBABILITY_MIN;
        if (given > 1 - PROBABILITY_MIN) given = 1 - PROBABILITY_MIN;
        s->losses[i] = -log(given);
        s->squares[i] = miss * miss;
        s->weights[i] = 1;
    }
    return MW_OK;
}

static void sample_release(sample *s) {
    mw_ranking_release(&s->ranking);
    mw_free(s->losses);
    mw_free(s->squares);
    mw_free(s->weights);
}

/* Noise makes gaps wider, never narrower, so the truth may lie as far below the value as all
   gaps moved together (the triangle inequality), and above it no further than the resamples
   lie below their own mean. */
static void set_calibration_interval(double *values, double *moves, size_t count,
                                     mw_estimate *estimate) {
    size_t known = mw_resample_sort(values, count), outside = mw_resample_outside(known);
    size_t moved = mw_resample_sort(moves, count);
    MW_ASSERT(moved == known);
    estimate->low = estimate->high = NAN;
    if (known == 0) return;
    double mean = 0;
    for (size_t i = 0; i < known; i++) mean += values[i] / (double)known;
    estimate->low = fmax(0, estimate->value - moves[known - 1 - outside]);
    estimate->high = estimate->value + fmax(0, mean - values[outside]);
}

/* `gaps` are those of the sample as it is. */
static mw_status bootstrap_run(sample *s, mw_bootstrap bootstrap, const double *gaps,
                               mw_metrics *metrics, mw_error *err) {
    size_t count = bootstrap.resamples;
    double *values = mw_allocate((count + 1) * (MW_METRIC_COUNT + 1) * sizeof *values);
    if (!values) return mw_fail(err, MW_NO_MEMORY, "metrics: out of memory for resamples");
    double *moves = values + MW_METRIC_COUNT * count;
    for (size_t r = 0; r < count; r++) {
        double measured[MW_METRIC_COUNT], gaps_now[MW_CALIBRATION_BINS];
        mw_resample_draw(s->weights, s->ranking.count, &bootstrap.seed);
        measure(s, measured, gaps_now);
        for (size_t m = 0; m < MW_METRIC_COUNT; m++) values[m * count + r] = measured[m];
        moves[r] = distance(gaps_now, gaps);
    }
    for (size_t m = 0; m < MW_METRIC_COUNT; m++) {
        double *of_metric = values + m * count;
        if (m == MW_METRIC_calibration_error)
            set_calibration_interval(of_metric, moves, count, &metrics->of[m]);
        else mw_resample_interval(of_metric, count, &metrics->of[m]);
    }
    mw_free(values);
    return MW_OK;
}

mw_status mw_metrics_measure(mw_scored scored, mw_bootstrap bootstrap, mw_metrics *out_metrics,
                             mw_error *err) {
    MW_ASSERT(bootstrap.resamples <= MW_RESAMPLES_MAX);
    sample s;
    mw_status status = sample_init(&s, scored, err);
    if (status == MW_OK) {
        double values[MW_METRIC_COUNT], gaps[MW_CALIBRATION_BINS];
        measure(&s, values, gaps);
        mw_metrics metrics = {.example_count = s.ranking.count,
                              .positive_count = s.ranking.positive_count};
        for (size_t m = 0; m < MW_METRIC_COUNT; m++) metrics.of[m].value = values[m];
        status = bootstrap_run(&s, bootstrap, gaps, &metrics, err);
        if (status == MW_OK) *out_metrics = metrics;
    }
    sample_release(&s);
    return status;
}
