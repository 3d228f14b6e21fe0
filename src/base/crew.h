/*
 * crew: those who share work: threads that somebody above lends, or the caller alone.
 *
 * Layers that know no threads cut their work into stages, and these into pieces that share nothing.
 * Whom a crew lends is hired once, as a shift, and then works off one list of stages after the
 * other. From the beginning of one to its end the caller may do something else; at the end he does
 * what is left with them. Who did a piece is first asked for it again the next time, as what it
 * needs may stand in his cache still.
 *
 * A zeroed crew is the caller alone. A shift is its caller's, and moves nowhere.
 */
#pragma once
#include "base/status.h"

typedef mw_status (*mw_crew_body)(void *context, size_t piece, mw_error *err);

/* body(context, 0 .. piece_count-1), in any order. None begins before all of the stage before are
   done. */
typedef struct {
    mw_crew_body body;
    size_t piece_count;
} mw_crew_stage;

typedef struct mw_shift mw_shift;

/* How a lender fills the functions of a shift. */
typedef struct {
    /* NULL in `*out_hired`: nobody is to be had. */
    mw_status (*hire)(void *lender, size_t size, void **out_hired, mw_error *err);
    void (*begin)(void *hired, const mw_shift *shift);
    mw_status (*end)(void *hired, mw_error *err);
    void (*dismiss)(void *hired);
} mw_lending;

typedef struct {
    const mw_lending *lending; /* NULL: nobody is lent */
    void *lender;
    size_t size; /* how many work at once, the caller among them; 0: he alone */
} mw_crew;

struct mw_shift {
    const mw_lending *lending;
    void *hired;                 /* NULL: the caller works alone, at the end */
    const mw_crew_stage *stages; /* those that were begun */
    size_t stage_count;
    void *context;
};

/* Hires those whom the crew lends; fewer, if not so many are to be had. */
MW_MUST_USE mw_status mw_shift_init(mw_shift *shift, const mw_crew *crew, mw_error *err);
/* The stages stand until the end. None that was begun may still have to end. */
void mw_shift_begin(mw_shift *shift, const mw_crew_stage *stages, size_t stage_count,
                    void *context);
/* Works with the others until all is done. If pieces fail, the failure of one of them comes back,
   and what had not begun by then is left out. */
MW_MUST_USE mw_status mw_shift_end(mw_shift *shift, mw_error *err);
/* Waits for pieces that are at work; what has not begun is left out. A zeroed one is none. */
void mw_shift_release(mw_shift *shift);
