#include "cli/feature_cost.h"

#include "cli/model_variant.h"

enum { PROGRAM_SIZE_MAX = 1 << 28 };

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features show: no memory");
}

/* --- a program with few features -------------------------------------------------------------- */

/* The walk's model with the features that are needed or, if none is, with a constant. */
static mw_status compile(const mw_feature_walk *walk, const bool *needed, mw_arena *arena,
                         const mw_program **out_program, mw_error *err) {
    const mw_model_program *model = walk->model.program;
    mw_diagnostics *diagnostics = mw_arena_alloc(arena, 1, sizeof *diagnostics);
    mw_named_source *features = mw_arena_alloc(arena, model->feature_count + 1, sizeof *features);
    if (!diagnostics || !features) return no_memory(err);
    mw_diagnostics_init(diagnostics, arena);
    size_t count = 0;
    for (size_t i = 0; i < model->feature_count; i++)
        if (needed[i]) mw_model_variant_add(&model->features[i], features, &count);
    if (count == 0)
        features[count++] = (mw_named_source){
            .name = MW_STR("constant"), .source = {.text = MW_STR("1")}};
    mw_model_variant variant = {&walk->workspace, walk->model, features, count};
    mw_status status = mw_model_variant_compile(&variant, diagnostics, out_program);
    if (status == MW_NO_MEMORY) return no_memory(err);
    return mw_diagnostics_status(diagnostics, err);
}

/* --- a replay --------------------------------------------------------------------------------- */

/* State is looked at so many times. */
enum { LOOKS = 200 };

static mw_status walk_through(mw_replay *replay, size_t moments_a_look, size_t *out_moments,
                              mw_feature_cost *out_cost, mw_error *err) {
    for (size_t moments = 0;;) {
        mw_step step;
        bool is_done = false;
        MW_TRY(mw_replay_next(replay, &step, &is_done, err));
        *out_moments = moments;
        if (is_done) return MW_OK;
        if (moments++ % moments_a_look != 0) continue;
        mw_engine_stats stats = mw_engine_read_stats(mw_replay_engine(replay));
        if (stats.bytes < out_cost->bytes) continue;
        out_cost->bytes = stats.bytes;
        out_cost->key_count = stats.keys;
    }
}

static mw_status run(const mw_feature_walk *walk, const mw_program *program,
                     mw_feature_cost *out_cost, mw_error *err) {
    mw_sys *sys = walk->workspace.cli->sys;
    mw_replay_config config = walk->config;
    config.program = program;
    config.model = &program->models[0];
    config.with_label = false;
    config.memory = (mw_engine_memory){0}; /* what a feature takes is asked, not what there is */
    config.crew = (mw_crew){0}; /* the time of threads would be counted, and that of lending them */
    mw_replay *replay = NULL;
    size_t moments = 0;
    int64_t began_us = mw_sys_cpu_us(sys);
    *out_cost = (mw_feature_cost){0};
    MW_TRY(mw_replay_create(config, &replay, err));
    mw_status status =
        walk_through(replay, walk->moment_count_max / LOOKS + 1, &moments, out_cost, err);
    mw_replay_destroy(replay);
    if (moments > 0) out_cost->cpu_us = (double)(mw_sys_cpu_us(sys) - began_us) / (double)moments;
    return status;
}

static mw_status measure(const mw_feature_walk *walk, const bool *needed,
                         mw_feature_cost *out_cost, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, PROGRAM_SIZE_MAX);
    const mw_program *program = NULL;
    mw_status status = compile(walk, needed, &arena, &program, err);
    if (status == MW_OK) status = run(walk, program, out_cost, err);
    mw_arena_release(&arena);
    return status;
}

/* What the label reads must be there, and costs nothing of a feature's. */
static mw_status measure_with(const mw_feature_walk *walk, const mw_code *code,
                              mw_feature_cost *out_cost, mw_error *err) {
    const mw_model_program *model = walk->model.program;
    bool *needed = mw_allocate((model->feature_count + 1) * sizeof *needed);
    if (!needed) return no_memory(err);
    mw_model_variant_mark(model, model->label, needed);
    if (model->unless) mw_model_variant_mark(model, model->unless, needed);
    if (code) mw_model_variant_mark(model, code, needed);
    for (size_t i = 0; code && i < model->feature_count; i++)
        if (model->features[i].code == code) needed[i] = true;
    mw_status status = measure(walk, needed, out_cost, err);
    mw_free(needed);
    return status;
}

mw_status mw_feature_cost_floor(const mw_feature_walk *walk, mw_feature_cost *out_floor,
                                mw_error *err) {
    return measure_with(walk, NULL, out_floor, err);
}

mw_status mw_feature_cost_measure(const mw_feature_walk *walk, size_t feature,
                                  const mw_feature_cost *floor, mw_feature_cost *out_cost,
                                  mw_error *err) {
    MW_TRY(measure_with(walk, walk->model.program->features[feature].code, out_cost, err));
    out_cost->cpu_us -= floor->cpu_us;
    if (out_cost->cpu_us < 0) out_cost->cpu_us = 0; /* less than what can be measured */
    return MW_OK;
}
