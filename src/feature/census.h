/*
 * census: how often each value stands in spans of a ring: for quantile, distinct and top.
 *
 * It has an entry for each different value of its ring, and with it a count for each span that
 * windows ask for. A span stays where it was read last and is moved from there event by event, so
 * a moment that comes in order costs what has entered and what has left. Entries are made as events
 * are inserted: reading asks for no memory. It is a cache: all of it follows from the ring.
 *
 * For quantiles a value is its bucket, the exponent and the top 8 bits of the mantissa (DESIGN.md
 * rule 13), and entries stand in order; else it is its bits, and entries are found by a hash.
 *
 * A ring of up to MW_CENSUS_FEW events has none: its values are sorted when read. For others it
 * takes 8 bytes for each of up to four times as many entries as values, 4 more for each span, and 8
 * for the hash.
 */
#pragma once
#include "feature/ring.h"

enum { MW_CENSUS_FEW = 32 };

typedef struct {
    uint32_t word; /* of the value */
    mw_type type;
    bool is_bucketed;
    uint32_t span_count;
    const mw_ring_shape *shape;
} mw_census_plan;

typedef struct mw_census mw_census;

/* Whether an aggregate asks how often values stand. */
bool mw_is_counted(mw_aggregate aggregate);

/* Makes room for the values of `extra` more events; false if memory is out. *census is NULL as
   long as the ring and these are few; else it leans on plan and ring, which must stay. */
MW_MUST_USE bool mw_census_reserve(mw_census **census, const mw_census_plan *plan,
                                   const mw_ring *ring, uint32_t extra, mw_budget *budget);
/* Gives memory back, if much less than there is would do for `needed` events; NULL is allowed. */
void mw_census_shrink(mw_census **census, uint32_t needed);
void mw_census_release(mw_census *census);

/* Tells of an event that now stands at `position` of the ring. */
void mw_census_insert(mw_census *census, uint64_t position);
/* Tells that the event at `position` is about to be taken out of the ring. */
void mw_census_remove(mw_census *census, uint64_t position);
/* Tells that the ring is about to forget what stands before `position`. */
void mw_census_evict(mw_census *census, uint64_t position);

/* Moves a span to positions [from, to). */
void mw_census_move(mw_census *census, uint32_t span, uint64_t from, uint64_t to);
/* Leaves a value of a span out, or takes it in again. */
void mw_census_leave_out(mw_census *census, uint32_t span, mw_cell value);
void mw_census_take_in(mw_census *census, uint32_t span, mw_cell value);

/* What the window says of the values in a span. */
mw_cell mw_census_read(mw_census *census, uint32_t span, const mw_window *window);
/* The same of up to MW_CENSUS_FEW values, some of which may be missing. */
mw_cell mw_census_read_few(const mw_census_plan *plan, const mw_cell *values, uint32_t count,
                           const mw_window *window);
/* The same of any number of the window's values, whose array is lost. */
mw_cell mw_census_read_many(const mw_window *window, const mw_symbols *symbols, mw_cell *values,
                            size_t count);
