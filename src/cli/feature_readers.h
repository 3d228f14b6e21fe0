/*
 * feature_readers: who in the project file reads a feature: other features, also in the keys of
 * their windows; labels, moments, segments and fallbacks of any of the models.
 *
 * All lives in the arena of the workspace that it looks at.
 */
#pragma once
#include "base/json.h"
#include "cli/workspace.h"

typedef struct {
    const mw_workspace *workspace;
    const mw_model_program *model; /* whose features are asked after */
    const mw_code **fallbacks;     /* of all models; NULL: it is no expression */
    bool *marks;                   /* of the features that read the one that is asked after */
} mw_feature_readers;

MW_MUST_USE mw_status mw_feature_readers_init(mw_feature_readers *readers,
                                              mw_workspace *workspace,
                                              const mw_model_program *model, mw_error *err);
/* "near, the label of late"; nothing where nobody does. */
void mw_feature_readers_print(const mw_feature_readers *readers, size_t feature, mw_buf *out);
/* As an object: names by what they are of. */
void mw_feature_readers_write_json(const mw_feature_readers *readers, size_t feature,
                                   mw_json *json);
