/*
 * standard: this process's own standard input and output as plain bytes.
 *
 * For a child that talks with its parent through pipes. Both block; neither buffers. The real
 * system only.
 */
#pragma once
#include "sys/sys.h"

/* Some bytes, at most `size`; `*out_size` 0 means that the input has ended. */
MW_MUST_USE mw_status mw_standard_read(mw_sys *sys, void *bytes, size_t size, size_t *out_size,
                                       mw_error *err);
MW_MUST_USE mw_status mw_standard_write(mw_sys *sys, mw_str bytes, mw_error *err); /* all */
