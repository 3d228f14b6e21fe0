#include "cli/model_variant.h"

mw_status mw_model_variant_compile(const mw_model_variant *variant, mw_diagnostics *diagnostics,
                                   const mw_program **out_program) {
    const mw_workspace *workspace = variant->workspace;
    mw_declarations declared;
    MW_TRY(mw_project_declare(workspace->project,
                              (mw_project_data){workspace->columns, workspace->zone},
                              diagnostics->arena, diagnostics, &declared));
    declared.features = variant->features;
    declared.feature_count = variant->feature_count;
    declared.models = &declared.models[variant->model.project - workspace->project->models];
    declared.model_count = 1;
    return mw_program_compile(&declared, diagnostics->arena, workspace->symbols, diagnostics,
                              out_program);
}

mw_named_source mw_model_variant_feature(const mw_feature *feature) {
    mw_position nowhere = {0, 0};
    return (mw_named_source){feature->name, nowhere, {mw_code_text(feature->code), nowhere}};
}

void mw_model_variant_mark(const mw_model_program *model, const mw_code *code, bool *needed) {
    for (size_t i = 0; i < model->feature_count; i++) {
        if (needed[i] || !mw_code_reads_feature(code, (int32_t)i)) continue;
        needed[i] = true;
        mw_model_variant_mark(model, model->features[i].code, needed);
    }
}
