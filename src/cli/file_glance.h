/*
 * file_glance: whether a file still holds the bytes that are known, asked again and again.
 *
 * A look at a file that was not touched since the last one costs a stat. Two changes within a tick
 * of the file system's clock bear one time, so a file that was touched a moment ago is read until
 * it has settled. Its change time cannot be set back, as the time of its contents can.
 *
 * One thread uses a glance. Zeros are one that has seen nothing yet.
 */
#pragma once
#include "sys/sys.h"

/* A file is trusted to be as it was read from then on; FAT counts in steps of 2 s. */
#define MW_FILE_SETTLED_US (3 * MW_SECOND_US)

typedef struct {
    mw_file_info seen; /* when it was read last */
    bool is_settled;   /* so it need not be, as long as it looks like that */
    bool is_same;
} mw_file_glance;

/* `bytes`: the same each time. What is no file, or gone, is another. A file
   that cannot be looked at or read is a failure: nobody knows. */
MW_MUST_USE mw_status mw_file_glance_at(mw_sys *sys, const char *path, mw_str bytes,
                                        mw_file_glance *glance, bool *out_is_same, mw_error *err);
