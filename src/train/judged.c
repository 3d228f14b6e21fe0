#include "train/judged.h"

#include <math.h>

static bool has_yes(const mw_judged *judged) { return mw_answer_kind_decides(judged->kind); }

mw_status mw_judged_make(mw_arena *arena, const mw_labels *labels, mw_answer_kind kind,
                         size_t count, mw_judged *out_judged, mw_error *err) {
    bool is_class = kind == MW_ANSWER_CLASS, is_number = kind == MW_ANSWER_NUMBER;
    mw_judged judged = {.kind = kind,
                        .count = count,
                        .width = is_class ? labels->classes.names.count : 1,
                        .classes = labels->classes.names,
                        .label_count = labels->all_names.count};
    size_t room = count + 1;
    judged.outputs = mw_arena_alloc(arena, room, sizeof *judged.outputs);
    bool is_whole = judged.outputs;
    if (has_yes(&judged)) {
        judged.yes = mw_arena_alloc(arena, room, sizeof *judged.yes);
        is_whole = is_whole && judged.yes;
    }
    if (is_number) {
        judged.numbers = mw_arena_alloc(arena, room, sizeof *judged.numbers);
        is_whole = is_whole && judged.numbers;
    }
    if (is_class) {
        judged.answers = mw_arena_alloc(arena, room, sizeof *judged.answers);
        judged.came = mw_arena_alloc(arena, room, sizeof *judged.came);
        judged.given = mw_arena_alloc(arena, room, sizeof *judged.given);
        is_whole = is_whole && judged.answers && judged.came && judged.given;
    }
    if (!is_whole) return mw_fail(err, MW_NO_MEMORY, "train: no memory for %zu answers", count);
    *out_judged = judged;
    return MW_OK;
}

void mw_judged_set_label(mw_judged *judged, size_t index, const mw_labels *labels,
                         const mw_example *example, size_t example_index) {
    if (judged->yes) judged->yes[index] = example->label != 0;
    if (judged->numbers) judged->numbers[index] = example->label;
    if (judged->came) judged->came[index] = labels->numbers[example_index];
}

/* Without a number there is no likeliest class; the metrics tell then. */
static void set_class(mw_judged *judged, size_t index, mw_classes classes) {
    size_t likeliest = mw_classes_likeliest(classes);
    uint32_t came = judged->came[index];
    bool is_none = likeliest == SIZE_MAX, is_known = came < judged->width;
    judged->answers[index] = is_none ? 0 : (uint32_t)likeliest;
    judged->outputs[index] = is_none ? NAN : classes.probabilities[likeliest];
    judged->given[index] = is_none ? NAN : is_known ? classes.probabilities[came] : 0;
}

void mw_judged_set_answer(mw_judged *judged, size_t index, const double *said) {
    if (judged->answers) set_class(judged, index, (mw_classes){judged->classes, said});
    else judged->outputs[index] = said[0];
}

void mw_judged_copy(mw_judged *judged, size_t index, const mw_judged *from, size_t from_index) {
    judged->outputs[index] = from->outputs[from_index];
    if (judged->yes) judged->yes[index] = from->yes[from_index];
    if (judged->numbers) judged->numbers[index] = from->numbers[from_index];
    if (judged->came) judged->came[index] = from->came[from_index];
    if (judged->answers) judged->answers[index] = from->answers[from_index];
    if (judged->given) judged->given[index] = from->given[from_index];
}

static mw_status measure_yes(const mw_judged *judged, mw_bootstrap bootstrap,
                             mw_measures *measures, mw_error *err) {
    mw_metrics metrics;
    mw_scored scored = {judged->outputs, judged->yes, judged->count};
    MW_TRY(mw_metrics_measure(scored, bootstrap, &metrics, err));
    for (size_t i = 0; i < mw_measure_count(judged->kind); i++) measures->of[i] = metrics.of[i];
    return MW_OK;
}

static mw_status measure_classes(const mw_judged *judged, mw_bootstrap bootstrap,
                                 mw_measures *measures, mw_error *err) {
    mw_classified classified = {.given = judged->given,
                                .answers = judged->answers,
                                .labels = judged->came,
                                .count = judged->count,
                                .label_count = judged->label_count};
    return mw_class_metrics_measure(classified, bootstrap, measures->of, err);
}

mw_status mw_judged_measure(const mw_judged *judged, mw_bootstrap bootstrap,
                            mw_measures *out_measures, mw_error *err) {
    mw_measures measures = mw_measures_none();
    measures.example_count = judged->count;
    mw_foretold foretold = {judged->outputs, judged->numbers, judged->count};
    switch (judged->kind) {
    case MW_ANSWER_NUMBER:
        MW_TRY(mw_number_metrics_measure(foretold, bootstrap, measures.of, err));
        break;
    case MW_ANSWER_CLASS: MW_TRY(measure_classes(judged, bootstrap, &measures, err)); break;
    default: MW_TRY(measure_yes(judged, bootstrap, &measures, err)); break;
    }
    *out_measures = measures;
    return MW_OK;
}
