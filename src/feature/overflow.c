#include "feature/overflow.h"

size_t mw_overflow_count(const mw_model_program *model, const int32_t *features, size_t count,
                         const mw_frame *frame) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        const mw_feature *feature = &model->features[features[i]];
        if (feature->vector || !mw_cell_is_missing(feature->type, frame->features[features[i]]))
            continue;
        feclearexcept(FE_OVERFLOW);
        (void)mw_code_run(feature->code, frame);
        found += mw_overflow_happened();
    }
    feclearexcept(FE_OVERFLOW);
    return found;
}
