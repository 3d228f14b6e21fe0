#include "base/crew.h"

mw_status mw_shift_init(mw_shift *shift, const mw_crew *crew, mw_error *err) {
    *shift = (mw_shift){.lending = crew->lending};
    if (!crew->lending || crew->size <= 1) return MW_OK;
    return crew->lending->hire(crew->lender, crew->size, &shift->hired, err);
}

void mw_shift_begin(mw_shift *shift, const mw_crew_stage *stages, size_t stage_count,
                    void *context) {
    shift->stages = stages;
    shift->stage_count = stage_count;
    shift->context = context;
    if (shift->hired) shift->lending->begin(shift->hired, shift);
}

mw_status mw_shift_end(mw_shift *shift, mw_error *err) {
    if (shift->hired) return shift->lending->end(shift->hired, err);
    for (size_t i = 0; i < shift->stage_count; i++)
        for (size_t piece = 0; piece < shift->stages[i].piece_count; piece++)
            MW_TRY(shift->stages[i].body(shift->context, piece, err));
    return MW_OK;
}

void mw_shift_release(mw_shift *shift) {
    if (shift->hired) shift->lending->dismiss(shift->hired);
    shift->hired = NULL;
}
