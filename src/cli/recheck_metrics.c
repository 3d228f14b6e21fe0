#include "cli/recheck_metrics.h"

#include <stdio.h>

#include "store/addition.h"

static const mw_meter verified = {"millwright_features_verified_total", MW_METER_COUNTER, "",
                                  "Recorded predictions whose features were computed again"};
static const mw_meter differing = {"millwright_features_differing_total", MW_METER_COUNTER, "",
                                   "Those of them that came out otherwise: must stay 0"};

static const mw_meter proved = {"millwright_features_proved_total", MW_METER_COUNTER, "",
                                "Recorded predictions whose features were worked out by the rules"};
static const mw_meter disproved = {"millwright_features_disproved_total", MW_METER_COUNTER, "",
                                   "Those of them that came out otherwise: must stay 0"};

static bool is_model(const mw_program *program, mw_str name) {
    for (size_t i = 0; i < program->model_count; i++)
        if (mw_str_equal(program->models[i].name, name)) return true;
    return false;
}

mw_status mw_recheck_metrics_take(const mw_workspace *workspace, mw_telemetry *telemetry,
                                  mw_str bytes, mw_error *err) {
    char labels[MW_NAME_SIZE_MAX + 16];
    mw_reader in = {.rest = bytes};
    mw_str name = mw_text_read(&in);
    const mw_meter *meters[] = {&verified, &differing, &proved, &disproved};
    double counts[sizeof meters / sizeof *meters];
    for (size_t i = 0; i < sizeof meters / sizeof *meters; i++)
        counts[i] = (double)mw_read_u64(&in);
    if (in.failed) return mw_fail(err, MW_MALFORMED, "serve: the message cannot be read");
    if (!is_model(workspace->program, name))
        return mw_fail(err, MW_NOT_FOUND, "serve: the server knows no model %.*s",
                       MW_STR_ARGS(name));
    snprintf(labels, sizeof labels, "model=\"%.*s\"", MW_STR_ARGS(name));
    for (size_t i = 0; i < sizeof meters / sizeof *meters; i++)
        mw_series_set(mw_telemetry_series(telemetry, meters[i], labels), counts[i]);
    return MW_OK;
}
