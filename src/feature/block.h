/*
 * block: a stretch of a replay, worked off key by key instead of turn by turn.
 *
 * Turns are gathered, then worked off together: each group of windows gets the list of what it has
 * to do, events to take and moments to read, in order; each strand, a share of the keys by their
 * hash, goes through its own part of the list, and sees there what to ask of the cache next. At
 * last each moment's features are worked out from its windows. Of a crew who finds nothing left to
 * do of one stretch goes on with the next: up to three are at work, while the caller reports the
 * one before and gathers the one after.
 *
 * No window sees two keys, and the turns of one key keep their order. So the bits are those of turn
 * by turn, for any number of strands and any size of the crew that shares them.
 *
 * It takes a model whose look-ups wait for nothing that other look-ups find, and events that are
 * known where they stand (mw_block_suits). With `each` an announced moment becomes a turn for each
 * element of its list as it is gathered; the turns of one event stay in one stretch, which may grow
 * by them.
 */
#pragma once
#include "base/crew.h"
#include "feature/stretch.h"

typedef struct mw_block mw_block;

/* A moment or a label that has been worked on. */
typedef struct {
    const mw_stretch_item *item;
    const mw_cell *windows;  /* of the model: of a label its own alone, of a moment where a
                                schedule asks for them */
    const mw_cell *features; /* of a moment */
} mw_block_result;

/* Into how many strands an engine should be split for a crew of that size. */
size_t mw_block_strand_count(size_t crew_size);
bool mw_block_suits(const mw_engine *engine, const mw_events *events); /* NULL: the caller says so
                                                                          of them */
/* The engine outlives the block, which alone applies and reads. It takes up to `turn_max` turns; 0:
   as many as do well. */
MW_MUST_USE mw_status mw_block_create(mw_engine *engine, mw_crew crew, size_t turn_max,
                                      mw_block **out_block, mw_error *err);
void mw_block_destroy(mw_block *block);

/* Whether another stretch may be gathered and begun before the end of one. */
bool mw_block_may_begin(const mw_block *block);
/* Of what has been gathered since the work on a stretch was begun last. */
bool mw_block_is_empty(const mw_block *block);
/* How many pairs more it takes; 0: not even one turn. */
size_t mw_block_room(const mw_block *block);
/* Gathers the next turn. A moment's row is copied, an event's must stay. With `each` a moment is
   one that was announced. */
MW_MUST_USE mw_status mw_block_add(mw_block *block, const mw_turn *turn, mw_error *err);
/* Gathers the next pairs (mw_walk_pairs), for which there is room. */
MW_MUST_USE mw_status mw_block_add_pairs(mw_block *block, const mw_moment *moments, size_t count,
                                         mw_error *err);
/* Of what was added last: a turn, with `each` any number, or pairs. */
size_t mw_block_added_count(const mw_block *block);
mw_stretch_item *mw_block_added(mw_block *block, size_t index);
/* Lets the crew work off what has been gathered; several stretches may be at work. */
void mw_block_begin(mw_block *block);
bool mw_block_is_at_work(const mw_block *block);
/* Features that it has given, missing since an expression overflowed; while none is at work. */
uint64_t mw_block_overflowed(const mw_block *block);
/* Works with them until the first of these is done. */
MW_MUST_USE mw_status mw_block_end(mw_block *block, mw_error *err);
/* The next moment or label of the stretch whose work was ended last; false at its end. What is
   given out stands until the next is. */
bool mw_block_next(mw_block *block, mw_block_result *out_result);
