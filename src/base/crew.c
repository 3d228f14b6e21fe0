#include "base/crew.h"

mw_status mw_shift_init(mw_shift *shift, const mw_crew *crew, mw_error *err) {
    *shift = (mw_shift){.lending = crew->lending};
    if (!crew->lending || crew->size <= 1) return MW_OK;
    return crew->lending->hire(crew->lender, crew->size, &shift->hired, err);
}

void mw_shift_begin(mw_shift *shift, mw_crew_load load) {
    MW_ASSERT(shift->load_count < MW_CREW_LOADS_MAX);
    if (shift->load_count == 0) shift->status = MW_OK;
    shift->loads[shift->load_count++] = load;
    if (shift->hired) shift->lending->begin(shift->hired, &load);
}

static mw_status do_stages(const mw_crew_load *load, mw_error *err) {
    for (size_t i = 0; i < load->stage_count; i++)
        for (size_t piece = 0; piece < load->stages[i].piece_count; piece++)
            MW_TRY(load->stages[i].body(load->context, piece, err));
    return MW_OK;
}

static mw_status work_alone(mw_shift *shift, const mw_crew_load *load, mw_error *err) {
    if (shift->status == MW_OK) shift->status = do_stages(load, &shift->err);
    if (shift->status != MW_OK && err) *err = shift->err;
    return shift->status;
}

mw_status mw_shift_end(mw_shift *shift, mw_error *err) {
    MW_ASSERT(shift->load_count > 0);
    mw_crew_load oldest = shift->loads[0];
    shift->load_count--;
    for (size_t i = 0; i < shift->load_count; i++) shift->loads[i] = shift->loads[i + 1];
    return shift->hired ? shift->lending->end(shift->hired, err)
                        : work_alone(shift, &oldest, err);
}

void mw_shift_release(mw_shift *shift) {
    if (shift->hired) shift->lending->dismiss(shift->hired);
    shift->hired = NULL;
}
