#include "store/syncer.h"

#include "sys/baton.h"
#include "sys/errand.h"

struct mw_syncer {
    mw_syncer_config config;
    mw_baton *baton;           /* who holds it touches what follows */
    bool has_thread;
    bool stops;
    mw_log_position committed; /* that was asked for last */
    uint64_t wanted, begun, done;
    mw_status status;          /* the first failure */
    mw_error err;

    mw_errand *thread; /* the owner's */
    mw_file *file;     /* of who syncs: the segment that was synced last */
    int64_t segment;
};

static mw_status sync_new_segment(mw_syncer *syncer, int64_t segment, mw_error *err) {
    mw_sys *sys = syncer->config.sys;
    mw_file_close(syncer->file);
    syncer->file = NULL;
    syncer->segment = segment;
    MW_TRY(mw_log_found_segment(sys, syncer->config.folder, segment, err));
    MW_TRY(mw_log_open_segment(sys, syncer->config.folder, segment, &syncer->file, err));
    MW_TRY(mw_file_sync(syncer->file, err));
    return mw_sys_sync_folder(sys, syncer->config.folder, err);
}

static mw_status sync_segment(mw_syncer *syncer, int64_t segment, mw_error *err) {
    if (!syncer->file || segment != syncer->segment)
        return sync_new_segment(syncer, segment, err);
    return mw_file_sync(syncer->file, err);
}

/* Who calls holds the baton; a thread lays it down while the disk works. */
static void sync_wanted(mw_syncer *syncer, bool lays_down) {
    mw_error err;
    uint64_t number = syncer->begun = syncer->wanted;
    int64_t segment = syncer->committed.segment;
    if (lays_down) mw_baton_lay_down(syncer->baton);
    mw_status status = sync_segment(syncer, segment, &err);
    if (lays_down) mw_baton_take(syncer->baton);
    syncer->done = number;
    if (status == MW_OK || syncer->status != MW_OK) return;
    syncer->status = status;
    syncer->err = err;
}

static void tell(const mw_syncer *syncer) {
    if (!syncer->config.told) return;
    mw_baton_lay_down(syncer->baton);
    syncer->config.told(syncer->config.context);
    mw_baton_take(syncer->baton);
}

static mw_status run(void *context, mw_error *err) {
    mw_syncer *syncer = context;
    (void)err;
    mw_baton_take(syncer->baton);
    while (!syncer->stops || syncer->wanted > syncer->begun) {
        if (syncer->wanted > syncer->begun) {
            sync_wanted(syncer, true);
            tell(syncer);
        } else {
            mw_baton_await_news(syncer->baton);
        }
    }
    syncer->has_thread = false;
    mw_baton_lay_down(syncer->baton);
    return MW_OK;
}

static mw_status begin_thread(mw_syncer *syncer, mw_error *err) {
    syncer->has_thread = true;
    mw_status status =
        mw_errand_begin_apart(syncer->config.sys, run, syncer, &syncer->thread, err);
    if (status != MW_UNAVAILABLE) return status;
    syncer->has_thread = false;
    return MW_OK;
}

mw_status mw_syncer_create(mw_syncer_config config, mw_syncer **out_syncer, mw_error *err) {
    mw_syncer *syncer = mw_allocate(sizeof *syncer);
    if (!syncer) return mw_fail(err, MW_NO_MEMORY, "syncer: no memory");
    *syncer = (mw_syncer){.config = config, .committed = {.segment = INT64_MIN}};
    mw_status status = mw_baton_create(&syncer->baton, err);
    if (status == MW_OK) status = begin_thread(syncer, err);
    if (status != MW_OK) mw_syncer_destroy(syncer);
    else *out_syncer = syncer;
    return status;
}

static bool is_same(mw_log_position a, mw_log_position b) {
    return a.segment == b.segment && a.offset == b.offset;
}

uint64_t mw_syncer_ask(mw_syncer *syncer, mw_log_position committed) {
    mw_baton_take(syncer->baton);
    if (!is_same(committed, syncer->committed)) {
        syncer->committed = committed;
        syncer->wanted = syncer->begun + 1;
        if (syncer->has_thread) mw_baton_tell_news(syncer->baton);
        else sync_wanted(syncer, false);
    }
    uint64_t number = syncer->wanted;
    mw_baton_lay_down(syncer->baton);
    return number;
}

mw_status mw_syncer_look(mw_syncer *syncer, uint64_t *out_done, mw_error *err) {
    mw_baton_take(syncer->baton);
    mw_status status = syncer->status;
    if (status == MW_OK) *out_done = syncer->done;
    else if (err) *err = syncer->err;
    mw_baton_lay_down(syncer->baton);
    return status;
}

void mw_syncer_stop(mw_syncer *syncer) {
    if (!syncer->thread) return;
    mw_baton_take(syncer->baton);
    syncer->stops = true;
    mw_baton_tell_news(syncer->baton);
    mw_baton_lay_down(syncer->baton);
    mw_errand_end(syncer->thread);
    syncer->thread = NULL;
}

void mw_syncer_destroy(mw_syncer *syncer) {
    if (!syncer) return;
    mw_syncer_stop(syncer);
    mw_file_close(syncer->file);
    mw_baton_destroy(syncer->baton);
    mw_free(syncer);
}
