#include "cli/version_reading.h"

#include "sys/errand.h"

struct mw_version_reading {
    const mw_workspace *workspace;
    mw_registry registry;
    mw_version_row row;
    mw_errand *errand;
    mw_live_version live; /* the thread's, until it is done */
    mw_version_carried carried;
    mw_scorer *scorer;
};

/* In the thread, or in the loop, where none is to be had. */
static mw_status read(void *context, mw_error *err) {
    mw_version_reading *it = context;
    MW_TRY(mw_live_version_read(it->registry, &it->row, &it->live, &it->carried, err));
    return mw_scorer_read(mw_buf_str(&it->live.bytes), &it->scorer, err);
}

mw_status mw_version_reading_begin(const mw_workspace *workspace, const mw_version_row *row,
                                   mw_version_reading **out_reading, mw_error *err) {
    mw_version_reading *it = mw_allocate(sizeof *it);
    if (!it) return mw_fail(err, MW_NO_MEMORY, "version: no memory to read it");
    it->workspace = workspace;
    it->registry = mw_workspace_registry(workspace);
    it->row = *row;
    mw_status status = mw_errand_begin_second(workspace->cli->sys, read, it, &it->errand, err);
    if (status == MW_OK) *out_reading = it;
    else mw_version_reading_destroy(it);
    return status;
}

bool mw_version_reading_is_over(const mw_version_reading *reading) {
    return mw_errand_is_done(reading->errand);
}

const mw_version_row *mw_version_reading_row(const mw_version_reading *reading) {
    return &reading->row;
}

mw_status mw_version_reading_take(mw_version_reading *reading, mw_live_version *out_live,
                                  mw_scorer **out_scorer, mw_error *err) {
    MW_TRY(mw_errand_wait(reading->errand, err));
    MW_TRY(mw_live_version_make(reading->workspace, &reading->carried, &reading->live, err));
    *out_live = reading->live;
    *out_scorer = reading->scorer;
    reading->live = (mw_live_version){.program = {.version = NULL}};
    reading->scorer = NULL;
    return MW_OK;
}

void mw_version_reading_destroy(mw_version_reading *reading) {
    if (!reading) return;
    mw_errand_end(reading->errand);
    mw_scorer_destroy(reading->scorer);
    mw_live_version_release(&reading->live);
    mw_free(reading);
}
