/*
 * crew: those who share work: threads that somebody above lends, or the caller alone.
 *
 * Layers that know no threads cut their work into loads, each a list of stages, and these into
 * pieces that share nothing. Whom a crew lends is hired once, as a shift, and then works off one
 * load after the other. Several may be under way: a piece begins when the stages before it in its
 * load are done, and the same piece of its stage of the load before; where that stage has another
 * number of pieces, or more than MW_CREW_FOLLOWED_MAX, when all of it is. So who finds nothing left
 * of a stage goes on with the next load, and nobody waits for the last piece of another.
 *
 * Between the beginning of a load and its end the caller may do something else; at the end he does
 * what is left with the others. Who did a piece is first asked for it again the next time, as what
 * it needs may stand in his cache still.
 *
 * A zeroed crew is the caller alone. A shift is its caller's, and moves nowhere.
 */
#pragma once
#include "base/status.h"

typedef mw_status (*mw_crew_body)(void *context, size_t piece, mw_error *err);

enum { MW_CREW_LOADS_MAX = 4 };     /* that are under way at once */
enum { MW_CREW_FOLLOWED_MAX = 64 }; /* pieces of a stage that are waited for one by one */

/* body(context, 0 .. piece_count-1), in any order. */
typedef struct {
    mw_crew_body body;
    size_t piece_count;
} mw_crew_stage;

/* What its stages work on. */
typedef struct {
    const mw_crew_stage *stages;
    size_t stage_count;
    void *context;
} mw_crew_load;

/* How a lender fills the functions of a shift. */
typedef struct {
    /* NULL in `*out_hired`: nobody is to be had. */
    mw_status (*hire)(void *lender, size_t size, void **out_hired, mw_error *err);
    void (*begin)(void *hired, const mw_crew_load *load);
    mw_status (*end)(void *hired, mw_error *err); /* the load that was begun first */
    void (*dismiss)(void *hired);
} mw_lending;

typedef struct {
    const mw_lending *lending; /* NULL: nobody is lent */
    void *lender;
    size_t size; /* how many work at once, the caller among them; 0: he alone */
} mw_crew;

typedef struct {
    const mw_lending *lending;
    void *hired; /* NULL: the caller works alone, at the end */
    mw_crew_load loads[MW_CREW_LOADS_MAX]; /* those that are under way, the oldest first */
    size_t load_count;
    mw_status status; /* of a caller alone: what failed since there was no load */
    mw_error err;
} mw_shift;

/* Hires those whom the crew lends; fewer, if not so many are to be had. */
MW_MUST_USE mw_status mw_shift_init(mw_shift *shift, const mw_crew *crew, mw_error *err);
/* The stages stand until the end of the load. */
void mw_shift_begin(mw_shift *shift, mw_crew_load load);
/* Works with the others until the oldest load is done. If pieces fail, the failure of one of them
   comes back, and what had not begun by then is left out, of the loads behind it too: for them it
   comes back again. After the end of all of them others may begin. */
MW_MUST_USE mw_status mw_shift_end(mw_shift *shift, mw_error *err);
/* Waits for pieces that are at work; what has not begun is left out. A zeroed one is none. */
void mw_shift_release(mw_shift *shift);
