/*
 * saved_log: whether the log still has what a checkpoint has of it.
 *
 * What went into a checkpoint was on the disk before (store/checkpoint.h). A log that ends before,
 * or has a hole there, was cut or lost some of it, and whoever read on would answer by fewer events
 * than were acknowledged. Of the checkpoint only the head is read, of the log the segment that its
 * place is in; a head that accuses the log is believed once the whole file was checked.
 *
 * It may be asked beside who writes either. One thread.
 */
#pragma once
#include "store/checkpoint.h"

/* MW_CORRUPT: it lacks what the newest checkpoint of this very log has. */
MW_MUST_USE mw_status mw_saved_log_check(mw_checkpoints in, const char *log_folder, mw_error *err);
