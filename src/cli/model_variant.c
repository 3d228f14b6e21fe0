#include "cli/model_variant.h"

mw_status mw_model_variant_compile(const mw_model_variant *variant, mw_diagnostics *diagnostics,
                                   const mw_program **out_program) {
    const mw_workspace *workspace = variant->workspace;
    mw_declarations declared;
    MW_TRY(mw_project_declare(workspace->project,
                              (mw_project_data){workspace->columns, workspace->zone,
                                                &workspace->perception->senses},
                              diagnostics->arena, diagnostics, &declared));
    declared.features = variant->features;
    declared.feature_count = variant->feature_count;
    declared.models = &declared.models[variant->model.project - workspace->project->models];
    declared.model_count = 1;
    return mw_program_compile(&declared, diagnostics->arena, workspace->symbols, diagnostics,
                              out_program);
}

void mw_model_variant_add(const mw_feature *feature, mw_named_source *features, size_t *count) {
    mw_position nowhere = {0, 0};
    mw_str name = feature->name, text = mw_code_text(feature->code);
    if (feature->vector) { /* words_12 is of words */
        text = feature->vector->text;
        while (name.data[name.size - 1] != '_') name.size--;
        name.size--;
        if (*count > 0 && mw_str_equal(features[*count - 1].name, name)) return;
    }
    features[(*count)++] = (mw_named_source){name, nowhere, {text, nowhere}};
}

void mw_model_variant_mark(const mw_model_program *model, const mw_code *code, bool *needed) {
    for (size_t i = 0; i < model->feature_count; i++) {
        if (needed[i] || !mw_code_reads_feature(code, (int32_t)i)) continue;
        needed[i] = true;
        mw_model_variant_mark(model, model->features[i].code, needed);
    }
}
