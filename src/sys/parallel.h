/*
 * parallel: splits work that shares nothing over threads, and waits for all of it.
 *
 * Pieces are handed out in order, so that a short piece never waits for a long one. On a
 * simulated system all pieces run one after the other in the caller's thread.
 */
#pragma once
#include "base/crew.h"
#include "sys/sys.h"

enum { MW_THREADS_MAX = 256 };

/* Runs body(context, 0 .. piece_count-1), at most `thread_count` at a time, this thread among
   them; the failure of the lowest piece is returned, and pieces above it may be left out.
   `context` is the caller's and shared by the pieces. If the system gives fewer threads, those
   do the work. */
MW_MUST_USE mw_status mw_parallel(mw_sys *sys, size_t thread_count, size_t piece_count,
                                  mw_crew_body body, void *context, mw_error *err);
size_t mw_sys_core_count(mw_sys *sys); /* those that this process may use; at least 1 */
