/*
 * pace: how much a process takes at a time, of memory and of a core, where others must not wait.
 *
 * A server's requests wait for each step that it takes: that a large block is copied to where it
 * can grow, that a large page is cleared (0.25 ms, and 6 where the host has to find the memory
 * first), that other work of ours has the core. A task keeps a core to the next tick of the kernel,
 * 4 ms as a rule, although others are ready, unless one of these wakes; also one that steps back
 * (SCHED_IDLE), which is let in now and then. If it sleeps before, its turn is over.
 *
 * Blocks and pages are a process's; blocks are to be kept apart before it has threads, small pages
 * may be taken at any time, when it is ready, say. The turns are a thread's.
 */
#pragma once

/* From now on a large block has a mapping of its own, which grows without being copied. */
void mw_pace_keep_blocks_apart(void);
/* From now on memory comes page by page, as it is touched; large pages that are there stay. */
void mw_pace_take_small_pages(void);
/* A program that a child becomes would go by that, too, so the child undoes it before; but it
   shares its parent's memory until then, and the setting with it: that one does it again. */
void mw_pace_undo_small_pages(void);
void mw_pace_redo_small_pages(void);
/* From now on this thread works beside others who must not wait: between its steps it breathes, for
   a moment if a millisecond has passed since it last did. To others, breathing is nothing. (A
   signal that came each millisecond would spare the calls, but ends the sleeps of libraries, too:
   SQLite's, for one, by whose number it tells how long it has waited for a lock.) */
void mw_pace_begin_turns(void);
void mw_pace_breathe(void);
void mw_pace_end_turns(void);
/* That moment, once. */
void mw_pace_rest(void);
/* From now on this thread goes second: of a core that others want it has a tenth, so that it gets
   on however busy they are, unlike one that works in the background (process.h). It cannot be taken
   back. */
void mw_pace_go_second(void);
