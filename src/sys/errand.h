/*
 * errand: one piece of work in a thread of its own, for a process that must not wait for it.
 *
 * The thread shares nothing with the others but what its context points to, and that is its own
 * until the work is done. On a simulated system, and where no thread is to be had, the work is
 * done before mw_errand_begin returns.
 *
 * The handle belongs to the thread that began it.
 */
#pragma once
#include "sys/sys.h"

typedef struct mw_errand mw_errand;
typedef mw_status (*mw_errand_body)(void *context, mw_error *err);

MW_MUST_USE mw_status mw_errand_begin(mw_sys *sys, mw_errand_body body, void *context,
                                          mw_errand **out_errand, mw_error *err);
/* The same in a thread that goes second (sys/pace.h). Where none is to be had, the work is done as
   the caller is. */
MW_MUST_USE mw_status mw_errand_begin_second(mw_sys *sys, mw_errand_body body, void *context,
                                             mw_errand **out_errand, mw_error *err);
/* The same for work that ends only when its thread is told to: MW_UNAVAILABLE where none is to be
   had. */
MW_MUST_USE mw_status mw_errand_begin_apart(mw_sys *sys, mw_errand_body body, void *context,
                                                mw_errand **out_errand, mw_error *err);
bool mw_errand_is_done(const mw_errand *errand); /* does not wait */
/* Waits, but no longer than this; whether it is done. If not, it goes on. */
bool mw_errand_wait_for(const mw_errand *errand, int64_t span_us);
/* Waits for the work, and tells how it went. May be called again. */
MW_MUST_USE mw_status mw_errand_wait(mw_errand *errand, mw_error *err);
void mw_errand_end(mw_errand *errand); /* waits; NULL is allowed */
