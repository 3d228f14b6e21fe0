/*
 * syncer: makes what a log has committed survive the machine, beside whoever writes it.
 *
 * A thread of its own syncs the newest segment when it is asked to; one sync serves all that was
 * committed before it began. So the writer never waits for the disk, and many who do wait together.
 * Syncs are numbered from 1, and who asks is told which one to wait for.
 *
 * Any thread may ask and look. Where there is no thread to be had, and after a stop, who asks does
 * the sync. The folder is the caller's.
 */
#pragma once
#include "store/log.h"

typedef struct mw_syncer mw_syncer;

typedef struct {
    mw_sys *sys;
    const char *folder; /* of the log */
    void (*told)(void *context); /* in the syncer's thread, after each sync. NULL: nobody waits */
    void *context;
} mw_syncer_config;

MW_MUST_USE mw_status mw_syncer_create(mw_syncer_config config, mw_syncer **out_syncer,
                                       mw_error *err);
/* What the log has committed (mw_log_committed) is to be on the disk: the number of the sync after
   which it is. The same again asks for nothing. */
uint64_t mw_syncer_ask(mw_syncer *syncer, mw_log_position committed);
/* The number of the last sync that has ended. After one that failed, that failure for good: what
   the disk holds is not known any more. */
MW_MUST_USE mw_status mw_syncer_look(mw_syncer *syncer, uint64_t *out_done, mw_error *err);
/* Ends the thread, after what it was asked for; nobody is told from then on. */
void mw_syncer_stop(mw_syncer *syncer);
void mw_syncer_destroy(mw_syncer *syncer); /* stops it; NULL is allowed */
