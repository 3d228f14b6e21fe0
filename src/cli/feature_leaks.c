#include "cli/feature_leaks.h"

#include "cli/feature_walk.h"
#include "cli/leak_report.h"
#include "sys/terminal.h"

static void show_moments(void *context, size_t moment_count) {
    mw_progress_update(context, moment_count);
}

static mw_status measure(const mw_feature_walk *walk, mw_error *err) {
    const mw_workspace *workspace = &walk->workspace;
    mw_cli *cli = workspace->cli;
    const mw_model_program *model = walk->model.program;
    size_t count = model->feature_count, example_count;
    mw_leak_finding *found = mw_arena_alloc(&cli->arena, count + 1, sizeof *found);
    mw_leak *leaks = mw_arena_alloc(&cli->arena, count + 1, sizeof *leaks);
    if (!found || !leaks) return mw_fail(err, MW_NO_MEMORY, "features leaks: no memory");
    mw_progress progress =
        mw_progress_begin(cli->sys, "replaying", MW_CHEAT_COUNT * walk->moment_count_max);
    mw_status status = mw_leaks_measure(walk->config, show_moments, &progress, leaks,
                                        &example_count, err);
    mw_progress_end(&progress);
    MW_TRY(status);
    for (size_t i = 0; i < count; i++)
        found[i] = (mw_leak_finding){&model->features[i], leaks[i]};
    mw_leak_report told =
        mw_leak_report_make(found, count, example_count,
                            mw_answer_kind_of(mw_code_type(model->label)));
    if (cli->json) mw_leak_report_write_json(&told, &cli->out);
    else mw_leak_report_print(&told, &cli->out);
    return MW_OK;
}

mw_status mw_cli_features_leaks(mw_cli *cli, mw_error *err) {
    mw_feature_walk walk;
    mw_status status = mw_feature_walk_begin(cli, &walk, err);
    if (status == MW_OK) status = measure(&walk, err);
    mw_feature_walk_end(&walk);
    return status;
}
