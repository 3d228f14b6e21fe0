#include "train/fitting.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/exact_sum.h"
#include "stat/eigen.h"
#include "stat/number_sort.h"
#include "table/answer_kind.h"
#include "train/vector_fitting.h"

static_assert((int)MW_VECTOR_WIDTH_MAX <= (int)MW_TOGETHER_MAX, "a vector is transformed whole");
static_assert((int)MW_FIT_PCA_WIDTH_MAX <= (int)MW_EIGEN_SIZE_MAX, "its covariance has axes");

/* One feature at work. */
typedef struct {
    const mw_fitting *config;
    size_t index;
    double *column; /* of the examples that are learned from, as far as it has come */
    double *numbers; /* of the transform in hand */
    size_t number_count;
    mw_error *err;
} fitter;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "train: no memory to fit a feature");
}

static mw_status give_numbers(fitter *f, size_t count) {
    f->numbers = mw_arena_alloc(f->config->arena, count, sizeof *f->numbers);
    f->number_count = count;
    return f->numbers ? MW_OK : no_memory(f->err);
}

/* --- one number and two --------------------------------------------------------------------- */

/* Of the values that are there; 0 without any. Beyond 2^63 there is none. */
static double mean_of(const double *values, size_t count) {
    mw_exact_sum sum = {{0}};
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        if (!mw_exact_sum_takes(values[i])) continue;
        mw_exact_sum_add(&sum, values[i]);
        taken++;
    }
    return taken > 0 ? mw_exact_sum_mean(&sum, taken) : 0;
}

/* Of the whole, not of a sample; 1 where all are equal, which changes nothing. Distances count in
   the power of two above the greatest, so that no square is too great or too small for the sum. */
static double deviation_of(const double *values, size_t count, double mean) {
    mw_exact_sum sum = {{0}};
    size_t taken = 0;
    double farthest = 0;
    int exponent;
    for (size_t i = 0; i < count; i++)
        if (mw_exact_sum_takes(values[i]))
            farthest = fmax(farthest, fabs(mw_fit_centred(values[i], mean)));
    if (farthest == 0) return 1;
    (void)frexp(farthest, &exponent);
    for (size_t i = 0; i < count; i++) {
        if (!mw_exact_sum_takes(values[i])) continue;
        double away = ldexp(mw_fit_centred(values[i], mean), -exponent);
        mw_exact_sum_add(&sum, away * away);
        taken++;
    }
    return ldexp(sqrt(mw_exact_sum_mean(&sum, taken)), exponent);
}

static mw_status fit_impute(fitter *f) {
    MW_TRY(give_numbers(f, 1));
    f->numbers[0] = mean_of(f->column, f->config->count);
    return MW_OK;
}

static mw_status fit_scale(fitter *f) {
    MW_TRY(give_numbers(f, 2));
    f->numbers[0] = mean_of(f->column, f->config->count);
    f->numbers[1] = deviation_of(f->column, f->config->count, f->numbers[0]);
    return MW_OK;
}

/* --- ranks ---------------------------------------------------------------------------------- */

static size_t take_present(const fitter *f, mw_tagged_number *items) {
    size_t count = 0;
    for (size_t i = 0; i < f->config->count; i++)
        if (!isnan(f->column[i]))
            items[count++] = (mw_tagged_number){mw_number_key(f->column[i]), i};
    return count;
}

/* Each bucket begins with the value that stands at its share of all. */
static mw_status fit_rank(fitter *f, size_t bucket_count) {
    size_t room = f->config->count + 1;
    mw_tagged_number *items = mw_allocate(2 * room * sizeof *items);
    mw_status status = items ? give_numbers(f, bucket_count) : no_memory(f->err);
    if (status == MW_OK) {
        size_t count = take_present(f, items), bounds = 0;
        mw_number_sort(items, items + room, count);
        for (size_t i = 1; i < bucket_count && count > 0; i++) {
            double bound = mw_number_of_key(items[i * count / bucket_count].key);
            bool is_new = bounds == 0 || bound > f->numbers[bounds - 1];
            if (is_new && isfinite(bound)) f->numbers[bounds++] = bound;
        }
        f->number_count = bounds;
    }
    mw_free(items);
    return status;
}

/* --- targets -------------------------------------------------------------------------------- */

typedef struct {
    uint64_t count;
    mw_exact_sum sum; /* of the labels: so many yes, where these are 1 */
} tally;

/* The mean label of a value, as if `weight` more examples had had the mean of all. */
static double rate_of(tally value, tally all, double weight) {
    if (all.count == 0) return NAN;
    double rate = mw_exact_sum_mean(&all.sum, all.count);
    return (mw_exact_sum_read(&value.sum) + weight * rate) / ((double)value.count + weight);
}

static void count_label(tally *of_value, tally *all, double label) {
    if (of_value) of_value->count++, mw_exact_sum_add(&of_value->sum, label);
    all->count++, mw_exact_sum_add(&all->sum, label);
}

/* The tally of the value that example `i` has; NULL if it has none. */
static tally *tally_of(const fitter *f, tally *tallies, size_t i) {
    return isnan(f->column[i]) ? NULL : &tallies[(size_t)f->column[i]];
}

/* Walks the examples in the order of their moments; the labels, which stand in the order in which
   they matured, are counted as they become known. */
static void learn_in_order(const fitter *f, const mw_tagged_number *by_place, tally *tallies,
                           double weight, double *learned) {
    const mw_example *items = f->config->examples->items;
    tally all = {.count = 0};
    size_t known = 0;
    for (size_t n = 0; n < f->config->count; n++) {
        size_t i = by_place[n].tag;
        for (; known < f->config->count && items[known].matured < items[i].place; known++)
            count_label(tally_of(f, tallies, known), &all, items[known].label);
        const tally *mine = tally_of(f, tallies, i);
        learned[i] = rate_of(mine ? *mine : (tally){.count = 0}, all, weight);
    }
}

static void order_by_place(const fitter *f, mw_tagged_number *items, mw_tagged_number *room) {
    for (size_t i = 0; i < f->config->count; i++) {
        uint64_t place = (uint64_t)f->config->examples->items[i].place;
        items[i] = (mw_tagged_number){place ^ UINT64_C(1) << 63, i}; /* signed, in order */
    }
    mw_number_sort(items, room, f->config->count);
}

static void fill_rates(const fitter *f, tally *tallies, size_t value_count, double weight) {
    tally all = {.count = 0};
    memset(tallies, 0, value_count * sizeof *tallies);
    for (size_t i = 0; i < f->config->count; i++)
        count_label(tally_of(f, tallies, i), &all, f->config->examples->items[i].label);
    for (size_t v = 0; v < value_count; v++) f->numbers[v] = rate_of(tallies[v], all, weight);
    f->numbers[value_count] = rate_of((tally){.count = 0}, all, weight);
}

/* The column holds the numbers of values before, and afterwards what is learned from. */
static mw_status fit_target(fitter *f, size_t value_count, double weight) {
    size_t count = f->config->count;
    tally *tallies = mw_allocate((value_count + 1) * sizeof *tallies);
    mw_tagged_number *by_place = mw_allocate(2 * (count + 1) * sizeof *by_place);
    double *learned = mw_allocate((count + 1) * sizeof *learned);
    mw_status status = MW_OK;
    if (!tallies || !by_place || !learned) status = no_memory(f->err);
    if (status == MW_OK) status = give_numbers(f, value_count + 1);
    if (status == MW_OK) {
        order_by_place(f, by_place, by_place + count + 1);
        learn_in_order(f, by_place, tallies, weight, learned);
        fill_rates(f, tallies, value_count, weight);
        memcpy(f->column, learned, count * sizeof *learned);
    }
    mw_free(tallies);
    mw_free(by_place);
    mw_free(learned);
    return status;
}

/* --- features ------------------------------------------------------------------------------- */

/* What the encoder would give before any transform. */
static mw_status read_column(const fitter *f, const mw_model_feature *feature) {
    const mw_table *rows = &f->config->examples->features;
    const mw_dictionary *dictionary = NULL;
    bool is_text = mw_type_is_symbol(feature->type);
    if (is_text)
        MW_TRY(mw_dictionary_create(f->config->arena, f->config->symbols, feature->values,
                                    &dictionary, f->err));
    for (size_t i = 0; i < f->config->count; i++) {
        mw_cell cell = mw_table_row(rows, i)[f->index];
        int32_t number = is_text ? mw_dictionary_find(dictionary, cell.symbol) : 0;
        f->column[i] = !is_text ? cell.number
                       : number == MW_DICTIONARY_UNKNOWN ? NAN : (double)number;
    }
    return MW_OK;
}

static mw_status fit_one(fitter *f, mw_fit fit, size_t value_count, mw_transform *transform) {
    static const mw_transform_kind kinds[] = {[MW_FIT_IMPUTE] = MW_TRANSFORM_IMPUTE,
                                              [MW_FIT_SCALE] = MW_TRANSFORM_SCALE,
                                              [MW_FIT_RANK] = MW_TRANSFORM_RANK,
                                              [MW_FIT_TARGET] = MW_TRANSFORM_TARGET};
    switch (fit.kind) {
    case MW_FIT_IMPUTE: MW_TRY(fit_impute(f)); break;
    case MW_FIT_SCALE: MW_TRY(fit_scale(f)); break;
    case MW_FIT_RANK: MW_TRY(fit_rank(f, (size_t)fit.parameter)); break;
    case MW_FIT_TARGET: MW_TRY(fit_target(f, value_count, fit.parameter)); break;
    case MW_FIT_TF_IDF:
    case MW_FIT_PCA: MW_ASSERT(false && "a transform of one number");
    }
    *transform = (mw_transform){kinds[fit.kind], f->numbers, f->number_count};
    for (size_t i = 0; fit.kind != MW_FIT_TARGET && i < f->config->count; i++)
        f->column[i] = mw_transform_apply(transform, f->column[i]);
    return MW_OK;
}

static mw_status fit_feature(fitter *f, const mw_fits *fits, mw_model_feature *feature) {
    mw_transform *transforms = mw_arena_alloc(f->config->arena, fits->count, sizeof *transforms);
    if (!transforms) return no_memory(f->err);
    MW_TRY(read_column(f, feature));
    for (size_t i = 0; i < fits->count; i++)
        MW_TRY(fit_one(f, fits->items[i], feature->values.count, &transforms[i]));
    feature->transforms = transforms;
    feature->transform_count = fits->count;
    return MW_OK;
}

/* --- vectors whose numbers are transformed together ----------------------------------------- */

/* All of a vector's numbers at work: a row of them an example. */
typedef struct {
    fitter f; /* of the number in hand */
    mw_vector_rows rows;
    double *values; /* the rows' */
    mw_model_feature *features;
    mw_transform **transforms;     /* of each number, a step each */
    mw_transform *shares;          /* of the step in hand */
    const mw_transform **each; /* the same, one by one */
} vector_fitter;

static void load_number(vector_fitter *v, size_t number) {
    for (size_t n = 0; n < v->rows.row_count; n++)
        v->f.column[n] = v->values[n * v->rows.width + number];
}

static void store_number(vector_fitter *v, size_t number) {
    for (size_t n = 0; n < v->rows.row_count; n++)
        v->values[n * v->rows.width + number] = v->f.column[n];
}

static mw_status fit_numbers(vector_fitter *v, mw_fit fit, size_t step) {
    for (size_t i = 0; i < v->rows.width; i++) {
        load_number(v, i);
        MW_TRY(fit_one(&v->f, fit, 0, &v->transforms[i][step]));
        store_number(v, i);
    }
    return MW_OK;
}

static mw_status fit_jointly(vector_fitter *v, mw_fit fit, size_t step) {
    mw_arena *arena = v->f.config->arena;
    if (fit.kind == MW_FIT_PCA)
        MW_TRY(mw_fit_pca(v->rows, (size_t)fit.parameter, arena, v->shares, v->f.err));
    else
        MW_TRY(mw_fit_tf_idf(v->rows, arena, v->shares, v->f.err));
    for (size_t i = 0; i < v->rows.width; i++) v->transforms[i][step] = v->shares[i];
    for (size_t n = 0; n < v->rows.row_count; n++)
        mw_transform_apply_jointly(v->each, v->values + n * v->rows.width, v->rows.width);
    return MW_OK;
}

static mw_status take_vector(vector_fitter *v, size_t width, size_t step_count) {
    const mw_fitting *config = v->f.config;
    v->values = mw_allocate((config->count + 1) * width * sizeof *v->values);
    v->rows = (mw_vector_rows){v->values, config->count, width};
    v->transforms = mw_arena_alloc(config->arena, width, sizeof *v->transforms);
    v->shares = mw_arena_alloc(config->arena, width, sizeof *v->shares);
    v->each = mw_arena_alloc(config->arena, width, sizeof *v->each);
    if (!v->values || !v->transforms || !v->shares || !v->each) return no_memory(v->f.err);
    for (size_t i = 0; i < width; i++, v->f.index++) {
        v->each[i] = &v->shares[i];
        v->transforms[i] =
            mw_arena_alloc(config->arena, step_count, sizeof **v->transforms);
        if (!v->transforms[i]) return no_memory(v->f.err);
        MW_TRY(read_column(&v->f, &v->features[i]));
        store_number(v, i);
    }
    return MW_OK;
}

static mw_status fit_vector(fitter f, const mw_feature *first, mw_model_feature *features) {
    size_t width = first->vector->width;
    const mw_fits *fits = &first->fits;
    vector_fitter v = {.f = f, .features = features};
    mw_status status = take_vector(&v, width, fits->count);
    for (size_t t = 0; t < fits->count && status == MW_OK; t++) {
        mw_fits one = {{fits->items[t]}, 1};
        status = mw_fits_are_joint(&one) ? fit_jointly(&v, fits->items[t], t)
                                         : fit_numbers(&v, fits->items[t], t);
    }
    mw_free(v.values);
    if (status == MW_INVALID)
        return mw_fail_within(f.err, status, "features.%.*s", MW_STR_ARGS(first->name));
    for (size_t i = 0; i < width && status == MW_OK; i++) {
        features[i].transforms = v.transforms[i];
        features[i].transform_count = fits->count;
    }
    features[0].together = width;
    return status;
}

static mw_status keep_learned(const fitter *f, const double **out_learned) {
    double *kept = mw_arena_alloc(f->config->arena, f->config->count + 1, sizeof *kept);
    if (!kept) return no_memory(f->err);
    memcpy(kept, f->column, f->config->count * sizeof *kept);
    *out_learned = kept;
    return MW_OK;
}

/* The mean of labels that are classes is nothing. */
static mw_status check_target(const mw_fitting *fitting, const mw_feature *feature, mw_error *err) {
    mw_type label = mw_code_type(fitting->examples->model->label);
    bool is_target = feature->fits.items[0].kind == MW_FIT_TARGET;
    if (!is_target || mw_answer_kind_of(label) != MW_ANSWER_CLASS) return MW_OK;
    mw_status status = mw_fail(err, MW_INVALID,
                               "features.%.*s: target_encode takes the mean of the label, and that "
                               "of models.%.*s is a %s",
                               MW_STR_ARGS(feature->name),
                               MW_STR_ARGS(fitting->examples->model->name), mw_type_name(label));
    return mw_hint(err, status, "Leave it as the text that it is: the learner takes categories.");
}

mw_status mw_fit_features(const mw_fitting *fitting, mw_model_feature *features,
                          const double **out_learned, mw_error *err) {
    const mw_model_program *model = fitting->examples->model;
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_fits *fits = &model->features[i].fits;
        if (fits->count == 0) continue;
        MW_TRY(check_target(fitting, &model->features[i], err));
        fitter f = {.config = fitting, .index = i, .err = err};
        f.column = mw_allocate((fitting->count + 1) * sizeof *f.column);
        bool is_joint = mw_fits_are_joint(fits);
        mw_status status = !f.column ? no_memory(err)
                           : is_joint ? fit_vector(f, &model->features[i], &features[i])
                                      : fit_feature(&f, fits, &features[i]);
        if (status == MW_OK && fits->items[0].kind == MW_FIT_TARGET)
            status = keep_learned(&f, &out_learned[i]);
        mw_free(f.column);
        MW_TRY(status);
        if (is_joint) i += model->features[i].vector->width - 1;
    }
    return MW_OK;
}
