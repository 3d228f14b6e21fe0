#include "decide/scorer.h"

#include <math.h>

#include "model/background.h"
#include "model/explainer.h"
#include "project/project.h"

struct mw_scorer {
    mw_arena arena, explaining; /* the latter of what is there once somebody has asked why */
    const mw_version *version;
    const mw_encoder *encoder;
    const mw_profile *profile;
    double *values; /* of the row that is scored */
    double *outputs; /* likewise: the probability of each class, or the one number */
    const mw_explainer *explainer;   /* one of the two, once somebody has asked */
    const mw_background *background; /* this one if the version keeps rows */
    double *added;                 /* to each sum by each feature, and the expected sum */
    mw_reason *reasons;
    const mw_str *descriptions;    /* of the features, by the version's project file */
    char name[MW_VERSION_NAME_SIZE + 1];
};

mw_status mw_scorer_read(mw_str version_bytes, mw_scorer **out_scorer, mw_error *err) {
    mw_scorer *scorer = mw_allocate(sizeof *scorer);
    if (!scorer) return mw_fail(err, MW_NO_MEMORY, "scorer: no memory");
    mw_arena_init(&scorer->arena, 4 * (size_t)MW_VERSION_SIZE_MAX);
    mw_arena_init(&scorer->explaining, 4 * (size_t)MW_VERSION_SIZE_MAX);
    mw_status status = mw_version_decode(&scorer->arena, version_bytes, &scorer->version, err);
    if (status != MW_OK) {
        mw_scorer_destroy(scorer);
        return status;
    }
    mw_version_name(version_bytes, scorer->name);
    *out_scorer = scorer;
    return MW_OK;
}

mw_status mw_scorer_make_ready(mw_scorer *scorer, mw_symbols *symbols, mw_error *err) {
    mw_model_features features = scorer->version->features;
    MW_ASSERT(!scorer->outputs);
    MW_TRY(mw_encoder_create(&scorer->arena, symbols, features, &scorer->encoder, err));
    MW_TRY(mw_profile_decode(&scorer->arena, symbols, scorer->version->profile,
                             &scorer->profile, err));
    if (mw_profile_column_count(scorer->profile) != features.count + 1)
        return mw_fail(err, MW_CORRUPT, "version %s: its profile is not of its features",
                       scorer->name);
    size_t output_count = mw_forest_facts(scorer->version->forest).class_count;
    scorer->values = mw_arena_alloc(&scorer->arena, features.count, sizeof *scorer->values);
    scorer->outputs = mw_arena_alloc(&scorer->arena, output_count, sizeof *scorer->outputs);
    if (!scorer->values || !scorer->outputs)
        return mw_fail(err, MW_NO_MEMORY, "scorer: no memory for a row");
    return MW_OK;
}

mw_status mw_scorer_create(mw_str version_bytes, mw_symbols *symbols, mw_scorer **out_scorer,
                           mw_error *err) {
    mw_scorer *scorer = NULL;
    MW_TRY(mw_scorer_read(version_bytes, &scorer, err));
    mw_status status = mw_scorer_make_ready(scorer, symbols, err);
    if (status != MW_OK) mw_scorer_destroy(scorer);
    else *out_scorer = scorer;
    return status;
}

void mw_scorer_destroy(mw_scorer *scorer) {
    if (!scorer) return;
    mw_arena_release(&scorer->arena);
    mw_arena_release(&scorer->explaining);
    mw_free(scorer);
}

static mw_score name_class(const mw_scorer *scorer, size_t unseen_values) {
    mw_classes classes = {scorer->version->classes.names, scorer->outputs};
    size_t likeliest = mw_classes_likeliest(classes);
    mw_score score = {.prediction = NAN, .unseen_values = unseen_values, .classes = classes};
    if (likeliest == SIZE_MAX) return score;
    score.prediction = classes.probabilities[likeliest];
    score.class_name = classes.names.items[likeliest];
    return score;
}

mw_score mw_scorer_run(mw_scorer *scorer, const mw_cell *features) {
    const mw_version *version = scorer->version;
    size_t unseen = mw_encoder_run(scorer->encoder, features, scorer->values);
    mw_forest_predict_rows(version->forest, scorer->values, 1, scorer->outputs);
    if (version->answer == MW_ANSWER_CLASS) return name_class(scorer, unseen);
    double prediction = scorer->outputs[0];
    bool decides = mw_answer_kind_decides(version->answer);
    return (mw_score){.prediction = prediction,
                      .decision = decides && prediction >= version->threshold,
                      .unseen_values = unseen};
}

static mw_status no_memory_to_explain(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "scorer: no memory to explain");
}

static mw_status copy_descriptions(mw_scorer *scorer, const mw_project *project, mw_error *err) {
    mw_model_features features = scorer->version->features;
    mw_str *descriptions =
        mw_arena_alloc(&scorer->explaining, features.count, sizeof *descriptions);
    if (!descriptions) return no_memory_to_explain(err);
    for (size_t i = 0; i < features.count; i++) {
        const mw_feature_about *about = mw_project_find_about(project, features.items[i].name);
        descriptions[i] = MW_STR("");
        if (!about || about->description.size == 0) continue;
        descriptions[i] = mw_str_copy(&scorer->explaining, about->description);
        if (!descriptions[i].data) return no_memory_to_explain(err);
    }
    scorer->descriptions = descriptions;
    return MW_OK;
}

/* The words are the version's, whatever the project file says today: so is what they are about. A
   file that cannot be read has none; that it can be is for those to see to who compile it. */
static mw_status describe(mw_scorer *scorer, mw_error *err) {
    mw_arena arena;
    mw_diagnostics ignored;
    const mw_project *project = NULL;
    mw_arena_init(&arena, MW_PROJECT_ARENA_SIZE);
    mw_diagnostics_init(&ignored, &arena);
    mw_status status = mw_project_read(scorer->version->project, mw_environment_blank(), &arena,
                                       &ignored, &project);
    if (status == MW_NO_MEMORY) status = no_memory_to_explain(err);
    else status = status == MW_OK ? copy_descriptions(scorer, project, err) : MW_OK;
    mw_arena_release(&arena);
    return status;
}

static mw_status make_explainer(mw_scorer *scorer, mw_error *err) {
    const mw_version *version = scorer->version;
    if (version->background_count > 0)
        return mw_background_make(&scorer->explaining, version->forest, version->background,
                                  version->background_count, &scorer->background, err);
    return mw_explainer_make(&scorer->explaining, version->forest, mw_lanes_best(),
                             &scorer->explainer, err);
}

static mw_status prepare_to_explain(mw_scorer *scorer, mw_error *err) {
    size_t count = scorer->version->features.count;
    size_t sum_count = mw_forest_facts(scorer->version->forest).class_count;
    mw_arena *arena = &scorer->explaining;
    scorer->added = mw_arena_alloc(arena, count + 1, sum_count * sizeof *scorer->added);
    scorer->reasons = mw_arena_alloc(arena, count, sizeof *scorer->reasons);
    if (!scorer->added || !scorer->reasons) return no_memory_to_explain(err);
    MW_TRY(describe(scorer, err));
    return make_explainer(scorer, err);
}

/* What fails leaves nothing: each request that asks why would add to it. */
mw_status mw_scorer_prepare(mw_scorer *scorer, mw_error *err) {
    if (scorer->explainer || scorer->background) return MW_OK;
    mw_status status = prepare_to_explain(scorer, err);
    if (status != MW_OK) mw_arena_clear(&scorer->explaining);
    return status;
}

/* What each feature adds to each sum of the row that was scored. */
static mw_status add_values(mw_scorer *scorer, mw_error *err) {
    if (scorer->background)
        return mw_background_run(scorer->background, scorer->values, 1, scorer->added, err);
    return mw_explainer_run(scorer->explainer, scorer->values, 1, scorer->added, err);
}

static const double *added_to_sum(const mw_scorer *scorer, size_t sum) {
    return scorer->added + sum * (scorer->version->features.count + 1);
}

/* To the sum of the class that is answered; of no number: to that of the first. */
static const double *added_to_answer(const mw_scorer *scorer, mw_str class_name) {
    mw_values names = scorer->version->classes.names;
    size_t class = names.count;
    while (class > 0 && !mw_str_equal(names.items[class - 1], class_name)) class--;
    return added_to_sum(scorer, class > 0 ? class - 1 : 0);
}

/* How many numbers, from this one on, the forest sees only as components of all; 0: none. */
static uint32_t projected(const mw_model_feature *feature) {
    for (size_t t = 0; feature->together > 0 && t < feature->transform_count; t++)
        if (feature->transforms[t].kind == MW_TRANSFORM_PCA) return (uint32_t)feature->together;
    return 0;
}

/* Fills the reasons, in the features' order; how many there are. */
static size_t list_reasons(mw_scorer *scorer, const double *added) {
    size_t count = scorer->version->features.count, reason_count = 0, width;
    for (size_t i = 0; i < count; i += width) {
        mw_reason reason = {(uint32_t)i, 0, projected(&scorer->version->features.items[i])};
        width = reason.width > 0 ? reason.width : 1;
        for (size_t k = 0; k < width; k++) reason.adds += added[i + k];
        scorer->reasons[reason_count++] = reason;
    }
    return reason_count;
}

mw_status mw_scorer_explain(mw_scorer *scorer, const mw_cell *features, mw_reasons *out_reasons,
                            mw_error *err) {
    size_t count = scorer->version->features.count;
    MW_TRY(mw_scorer_prepare(scorer, err));
    mw_score score = mw_scorer_run(scorer, features);
    MW_TRY(add_values(scorer, err));
    const double *added = added_to_answer(scorer, score.class_name);
    size_t reason_count = list_reasons(scorer, added);
    mw_reasons_sort(scorer->reasons, reason_count);
    *out_reasons = (mw_reasons){scorer->reasons, reason_count, added[count],
                                scorer->descriptions};
    return MW_OK;
}

mw_status mw_scorer_weigh(mw_scorer *scorer, const mw_cell *features, double *weights,
                          mw_error *err) {
    size_t sum_count = mw_forest_facts(scorer->version->forest).class_count;
    MW_TRY(mw_scorer_prepare(scorer, err));
    (void)mw_scorer_run(scorer, features);
    MW_TRY(add_values(scorer, err));
    for (size_t sum = 0; sum < sum_count; sum++) {
        size_t reason_count = list_reasons(scorer, added_to_sum(scorer, sum));
        for (size_t i = 0; i < reason_count; i++) {
            const mw_reason *reason = &scorer->reasons[i];
            size_t width = reason->width > 0 ? reason->width : 1;
            for (size_t k = 0; k < width; k++)
                weights[reason->feature + k] += fabs(reason->adds) / (double)width;
        }
    }
    return MW_OK;
}

const mw_version *mw_scorer_version(const mw_scorer *scorer) { return scorer->version; }
mw_str mw_scorer_name(const mw_scorer *scorer) { return mw_str_of(scorer->name); }
const mw_profile *mw_scorer_profile(const mw_scorer *scorer) { return scorer->profile; }

mw_status mw_scorer_answers(const mw_scorer *scorer, mw_type label, mw_error *err) {
    static const char *const answers[MW_ANSWER_COUNT] = {"yes or no", "a number", "a class",
                                                         "a score of yes or no"};
    mw_answer_kind kind = scorer->version->answer;
    if (mw_answer_kind_fits(kind, label)) return MW_OK;
    mw_status status = mw_fail(err, MW_CONFLICT,
                               "version %s answers %s, but the project file's label is a %s now",
                               scorer->name, answers[kind], mw_type_name(label));
    return mw_hint(err, status, "Train again, or bring the project file back.");
}

mw_status mw_scorer_fits(const mw_scorer *scorer, const mw_field *features,
                         size_t feature_count, mw_error *err) {
    mw_model_features own = scorer->version->features;
    for (size_t i = 0; i < own.count || i < feature_count; i++) {
        if (i < own.count && i < feature_count && own.items[i].type == features[i].type &&
            mw_str_equal(own.items[i].name, features[i].name))
            continue;
        mw_str name = i < own.count ? own.items[i].name : features[i].name;
        mw_status status = mw_fail(err, MW_CONFLICT,
                                   "version %s was trained with other features than the project "
                                   "file has now: %.*s differs", scorer->name,
                                   MW_STR_ARGS(name));
        return mw_hint(err, status, "Train again, or bring the project file back.");
    }
    return MW_OK;
}
