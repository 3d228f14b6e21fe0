/*
 * crew: those who share a piece of work: threads that somebody above lends, or the caller alone.
 *
 * Layers that know no threads split their work into pieces that share nothing and hand them to a
 * crew. A zeroed crew is the caller alone.
 */
#pragma once
#include "base/status.h"

typedef mw_status (*mw_crew_body)(void *context, size_t piece, mw_error *err);

typedef struct mw_crew mw_crew;
struct mw_crew {
    /* Runs body(context, 0 .. piece_count-1) and waits for all; the failure of the lowest piece
       comes back. NULL: one after the other. */
    mw_status (*run)(const mw_crew *crew, size_t piece_count, mw_crew_body body, void *context,
                     mw_error *err);
    void *lender;
    size_t size; /* how many work at once; 0: the caller alone */
};

MW_MUST_USE mw_status mw_crew_run(const mw_crew *crew, size_t piece_count, mw_crew_body body,
                                  void *context, mw_error *err);
