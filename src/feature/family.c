#include "feature/family.h"

#include <assert.h>

#include "feature/census.h"
#include "feature/overflow.h"
#include "feature/scan.h"

static_assert((int)MW_LIST_ELEMENTS_MAX <= (int)MW_DIFFERENT_VALUES_MAX,
              "what is asked across a list is never too much");

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features: no memory for the moments of one event");
}

mw_status mw_family_init(mw_family *family, mw_engine_config config, mw_error *err) {
    MW_ASSERT(config.model->each);
    mw_cell *withins = mw_allocate((config.model->within_count + 1) * sizeof *withins);
    if (!withins) return no_memory(err);
    const mw_stream *moments = &config.program->streams[config.model->moment_stream];
    *family = (mw_family){
        .config = config, .width = moments->schema.field_count, .withins = withins};
    return MW_OK;
}

void mw_family_release(mw_family *family) {
    mw_free(family->withins);
    mw_free(family->values);
}

static mw_frame frame_of(mw_family *family, const mw_members *members, size_t index) {
    const mw_engine_config *config = &family->config;
    return (mw_frame){.row = members->rows + index * family->width,
                      .windows = members->windows + index * members->window_count,
                      .features = members->features + index * config->model->feature_count,
                      .withins = family->withins,
                      .time_us = members->t,
                      .symbols = config->symbols,
                      .zone = config->program->zone,
                      .lengths = &family->lengths};
}

/* Features [from, to) in the order in which they must run. */
static void run_features(mw_family *family, const mw_members *members, size_t from, size_t to) {
    const mw_model_program *model = family->config.model;
    for (size_t i = 0; i < members->count; i++) {
        mw_frame frame = frame_of(family, members, i);
        mw_cell *features = members->features + i * model->feature_count;
        for (size_t k = from; k < to; k++) {
            int32_t feature = model->feature_order[k];
            if (model->features[feature].vector_index == 0)
                mw_feature_run(&model->features[feature], &frame, &features[feature]);
        }
        if (mw_overflow_happened())
            family->values_overflowed +=
                mw_overflow_count(model, model->feature_order + from, to - from, &frame);
    }
}

/* Ranks and frequencies, which no scan has. */
static mw_cell count_values(mw_family *family, const mw_members *members, const mw_window *of) {
    for (size_t i = 0; i < members->count; i++) {
        mw_frame frame = frame_of(family, members, i);
        family->values[i] = mw_code_run(of->value, &frame);
    }
    return mw_census_read_many(of, family->config.symbols, family->values, members->count);
}

static mw_cell aggregate(mw_family *family, const mw_members *members, const mw_window *of) {
    if (mw_is_counted(of->aggregate)) return count_values(family, members, of);
    mw_scan scan = mw_scan_begin(of, family->config.symbols);
    for (size_t i = 0; i < members->count; i++) {
        mw_frame frame = frame_of(family, members, i);
        mw_cell value = {0};
        if (of->condition && mw_code_run(of->condition, &frame).boolean != MW_TRUE) continue;
        if (of->value) value = mw_code_run(of->value, &frame);
        mw_scan_add(&scan, members->t, value);
    }
    return mw_scan_read(&scan, members->t, mw_cell_missing(of->type));
}

mw_status mw_family_finish(mw_family *family, const mw_members *members, mw_error *err) {
    const mw_model_program *model = family->config.model;
    if (!mw_grow((void **)&family->values, &family->value_capacity, members->count + 1,
                 sizeof *family->values, SIZE_MAX / 16))
        return no_memory(err);
    size_t done = 0;
    for (size_t i = 0; i < model->within_count; i++) {
        run_features(family, members, done, model->withins[i].after);
        done = model->withins[i].after;
        family->withins[i] = aggregate(family, members, &model->withins[i].of);
    }
    run_features(family, members, done, model->feature_count);
    return MW_OK;
}
