#include "train/labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/exact_sum.h"
#include "project/utf8.h"

/* Rounding to floats may move a label by so much of the labels' own spread. */
#define BLUR_SHARE_MAX 0.01

typedef struct {
    mw_labels_question question;
    mw_arena *arena;
    mw_labels *out;
    mw_str model; /* its name */
    mw_error *err;
} reading;

static const mw_example *example_at(const reading *r, size_t index) {
    return &r->question.examples->items[index];
}

static mw_status no_memory(reading *r) {
    return mw_fail(r->err, MW_NO_MEMORY, "train: no memory for the labels");
}

/* --- yes or no ---------------------------------------------------------------------------- */

static mw_status read_yes_no(reading *r) {
    size_t count = r->question.train_count, positives = 0;
    for (size_t i = 0; i < count; i++) positives += example_at(r, i)->label == 1;
    r->out->baseline = (double)positives / (double)count;
    if (positives > 0 && positives < count) return MW_OK;
    mw_status status = mw_fail(r->err, MW_INVALID,
                               "models.%.*s: all %zu labels to learn from are %s",
                               MW_STR_ARGS(r->model), count, positives > 0 ? "true" : "false");
    return mw_hint(r->err, status,
                   "Look at the label's condition; there is nothing to tell apart.");
}

/* --- numbers ------------------------------------------------------------------------------ */

static double blur_of(double label) { return fabs(label - (double)(float)label); }

/* Rule 11 has no label that is infinite or none; far beyond that a float would be. */
static mw_status check_magnitudes(reading *r) {
    for (size_t i = 0; i < r->question.example_count; i++) {
        double label = example_at(r, i)->label;
        if (fabs(label) < MW_LABEL_MAGNITUDE_MAX) continue;
        mw_status status = mw_fail(r->err, MW_INVALID,
                                   "models.%.*s.label: must lie within 9.2e18, got %g",
                                   MW_STR_ARGS(r->model), label);
        return mw_hint(r->err, status, "Divide it, or leave such examples out by `unless`.");
    }
    return MW_OK;
}

/* Labels that lie close together, far from 0, would be the same float. */
static mw_status check_blur(reading *r, double mean) {
    size_t count = r->question.train_count;
    double blur = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double label = example_at(r, i)->label, away = label - mean;
        blur = fmax(blur, blur_of(label));
        squares += away * away;
    }
    double spread = sqrt(squares / (double)count);
    if (blur <= BLUR_SHARE_MAX * spread) return MW_OK;
    mw_status status = mw_fail(r->err, MW_INVALID,
                               "models.%.*s.label: the learner takes floats, which would move "
                               "labels by up to %.3g; they spread by %.3g around %.9g",
                               MW_STR_ARGS(r->model), blur, spread, mean);
    return mw_hint(r->err, status, "Subtract in the label what all of them have in common.");
}

static mw_status read_numbers(reading *r) {
    size_t count = r->question.train_count;
    mw_exact_sum sum = {{0}};
    bool differ = false;
    MW_TRY(check_magnitudes(r));
    for (size_t i = 0; i < count; i++) {
        mw_exact_sum_add(&sum, example_at(r, i)->label);
        differ = differ || example_at(r, i)->label != example_at(r, 0)->label;
    }
    r->out->baseline = mw_exact_sum_mean(&sum, count);
    if (differ) return r->question.is_learned ? check_blur(r, r->out->baseline) : MW_OK;
    mw_status status = mw_fail(r->err, MW_INVALID,
                               "models.%.*s: all %zu labels to learn from are %g",
                               MW_STR_ARGS(r->model), count, example_at(r, 0)->label);
    return mw_hint(r->err, status, "Look at the label; there is nothing to tell apart.");
}

/* --- classes ------------------------------------------------------------------------------ */

/* The names in the labels of a slice of the examples, sorted. */
static mw_status collect(reading *r, size_t first, size_t count, mw_values *out_names) {
    mw_cell *cells = mw_arena_alloc(r->arena, count + 1, sizeof *cells);
    if (!cells) return no_memory(r);
    for (size_t i = 0; i < count; i++) cells[i].symbol = example_at(r, first + i)->class_symbol;
    return mw_dictionary_collect(r->arena, r->question.symbols, (mw_column){cells, 1, count},
                                 out_names, r->err);
}

static int compare_names(const void *a, const void *b) {
    return mw_str_compare(*(const mw_str *)a, *(const mw_str *)b);
}

/* Those that the model knows first, in their order; the others, which are sorted, behind them. */
static mw_status join_names(reading *r, mw_values known, mw_values others) {
    mw_str *all = mw_arena_alloc(r->arena, known.count + others.count + 1, sizeof *all);
    bool *is_known = mw_arena_alloc(r->arena, others.count + 1, sizeof *is_known);
    if (!all || !is_known) return no_memory(r);
    size_t count = known.count;
    memcpy(all, known.items, known.count * sizeof *all);
    memset(is_known, 0, others.count * sizeof *is_known);
    for (size_t i = 0; i < known.count && others.count > 0; i++) {
        const mw_str *found = bsearch(&known.items[i], others.items, others.count,
                                      sizeof *others.items, compare_names);
        if (found) is_known[found - others.items] = true;
    }
    for (size_t i = 0; i < others.count; i++)
        if (!is_known[i]) all[count++] = others.items[i];
    r->out->all_names = (mw_values){all, count};
    return MW_OK;
}

/* A class by the code of its name. */
typedef struct {
    uint64_t code;
    uint32_t number;
} coded;

static int compare_codes(const void *a, const void *b) {
    const coded *one = a, *other = b;
    return one->code < other->code ? -1 : one->code > other->code;
}

static mw_status number_examples(reading *r) {
    size_t count = r->question.example_count;
    mw_values all = r->out->all_names;
    uint32_t *numbers = mw_arena_alloc(r->arena, count + 1, sizeof *numbers);
    coded *classes = mw_arena_alloc(r->arena, all.count + 1, sizeof *classes);
    if (!numbers || !classes) return no_memory(r);
    for (size_t i = 0; i < all.count; i++)
        classes[i] = (coded){mw_symbols_find(r->question.symbols, all.items[i]), (uint32_t)i};
    qsort(classes, all.count, sizeof *classes, compare_codes);
    for (size_t i = 0; i < count; i++) {
        coded wanted = {.code = example_at(r, i)->class_symbol};
        const coded *found =
            bsearch(&wanted, classes, all.count, sizeof *classes, compare_codes);
        MW_ASSERT(found);
        numbers[i] = found->number;
    }
    r->out->numbers = numbers;
    return MW_OK;
}

static mw_status check_counts(reading *r, mw_values names, const double *counts) {
    for (size_t i = 0; i < names.count && r->question.is_learned; i++) {
        if (counts[i] >= MW_CLASS_EXAMPLES_MIN) continue;
        mw_status status = mw_fail(r->err, MW_INVALID,
                                   "models.%.*s: the class %s stands on %g of the %zu examples "
                                   "to learn from, and must on %d",
                                   MW_STR_ARGS(r->model), mw_utf8_show(names.items[i]).text,
                                   counts[i], r->question.train_count, MW_CLASS_EXAMPLES_MIN);
        return mw_hint(r->err, status, "Leave it out by `unless`, or join it with another in the "
                                       "label: case when ... then ... else ... end.");
    }
    return MW_OK;
}

static mw_status count_shares(reading *r, mw_values names) {
    double *shares = mw_arena_alloc(r->arena, names.count + 1, sizeof *shares);
    if (!shares) return no_memory(r);
    for (size_t i = 0; i < names.count; i++) shares[i] = 0;
    for (size_t i = 0; i < r->question.train_count; i++)
        if (r->out->numbers[i] < names.count) shares[r->out->numbers[i]]++;
    MW_TRY(check_counts(r, names, shares));
    for (size_t i = 0; i < names.count; i++) shares[i] /= (double)r->question.train_count;
    r->out->classes = (mw_classes){names, shares};
    r->out->baseline = shares[mw_classes_likeliest(r->out->classes)];
    return MW_OK;
}

static mw_status check_names(reading *r, mw_values names) {
    size_t count = r->question.train_count;
    if (names.count > MW_CLASSES_MAX) {
        mw_status status = mw_fail(r->err, MW_INVALID,
                                   "models.%.*s: its labels have %zu classes, at most %d can be "
                                   "learned", MW_STR_ARGS(r->model), names.count, MW_CLASSES_MAX);
        return mw_hint(r->err, status, "Join the rare ones in the label.");
    }
    for (size_t i = 0; i < names.count; i++) {
        if (names.items[i].size > 0) continue;
        mw_status status = mw_fail(r->err, MW_INVALID, "models.%.*s: a class of its labels is an "
                                   "empty text", MW_STR_ARGS(r->model));
        return mw_hint(r->err, status, "Give it a name in the label, or leave it out by `unless`.");
    }
    if (names.count >= MW_CLASSES_MIN) return MW_OK;
    mw_status status = mw_fail(r->err, MW_INVALID,
                               "models.%.*s: all %zu labels to learn from are %s",
                               MW_STR_ARGS(r->model), count, mw_utf8_show(names.items[0]).text);
    return mw_hint(r->err, status, "Look at the label; there is nothing to tell apart.");
}

static mw_status read_classes(reading *r) {
    size_t count = r->question.train_count, all = r->question.example_count;
    mw_values names = r->question.names, others;
    if (names.count == 0) MW_TRY(collect(r, 0, count, &names));
    MW_TRY(check_names(r, names));
    MW_TRY(collect(r, 0, all, &others));
    MW_TRY(join_names(r, names, others));
    MW_TRY(number_examples(r));
    return count_shares(r, names);
}

mw_status mw_labels_read(mw_labels_question question, mw_arena *arena, mw_labels *out_labels,
                         mw_error *err) {
    MW_ASSERT(question.train_count > 0 && question.train_count <= question.example_count);
    const mw_model_program *model = question.examples->model;
    mw_labels labels = {.kind = mw_answer_kind_of(mw_code_type(model->label))};
    reading r = {question, arena, &labels, model->name, err};
    if (labels.kind == MW_ANSWER_CLASS) MW_TRY(read_classes(&r));
    else if (labels.kind == MW_ANSWER_NUMBER) MW_TRY(read_numbers(&r));
    else MW_TRY(read_yes_no(&r));
    *out_labels = labels;
    return MW_OK;
}

bool mw_labels_have(const mw_labels *labels, size_t example_count, uint32_t class_number) {
    for (size_t i = 0; i < example_count; i++)
        if (labels->numbers[i] == class_number) return true;
    return false;
}

float mw_labels_learned(const mw_labels *labels, const mw_examples *examples, size_t example) {
    if (labels->kind == MW_ANSWER_CLASS) return (float)labels->numbers[example];
    return (float)examples->items[example].label;
}
