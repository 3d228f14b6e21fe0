/*
 * entry_list: what a strand has to do for one group of windows in a stretch of a replay, in order,
 * and what it finds.
 *
 * An entry says all that is to be known of it, and both stand one behind the other: so nobody looks
 * for turns that another thread has in its cache. Room grows and is kept for the next stretch.
 *
 * One thread fills a list, then one works it off, then any read what was found.
 */
#pragma once
#include "feature/group.h"

typedef enum { MW_LEAVE, MW_TAKE, MW_WITHDRAW } mw_effect; /* nothing; the event comes, or what it
                                                              replaces goes */

/* The card that an entry will need. */
typedef struct {
    uint64_t hash; /* of its keys */
    mw_card *card; /* a guess, once it was foreseen; NULL: none */
} mw_foreseen;

/* What a group has to do in a turn on one card: a moment reads it, then an event changes it. */
typedef struct {
    mw_foreseen foreseen;
    int64_t t;      /* of the moment */
    int64_t place;  /* of what is read, or else of what comes or goes: of both it is one */
    uint32_t item, moment; /* numbers in the stretch */
    int32_t lookup; /* what is read; MW_NONE: nothing */
    mw_effect change;
    mw_cell words[]; /* the card's keys, then the element that comes or goes */
} mw_entry;

typedef struct {
    char *entries;
    size_t entry_size;
    size_t count, capacity;
    mw_cell *found;     /* room for a row of the model's windows, then those of each look-up: so a
                           look-up can be told to fill a row that begins before it */
    size_t found_count; /* up to the last look-up's end */
} mw_entry_list;

static inline mw_entry *mw_entry_at(const mw_entry_list *list, size_t index) {
    return (mw_entry *)(void *)(list->entries + index * list->entry_size);
}
/* Makes room for entries of the plan's group more, and what they find. False: memory is out. */
MW_MUST_USE bool mw_entry_list_extend(mw_entry_list *list, const mw_plan *plan, int32_t group);
/* One more, which is not filled yet; NULL: memory is out. */
static inline mw_entry *mw_entry_list_add(mw_entry_list *list, const mw_plan *plan,
                                          int32_t group) {
    if (list->count == list->capacity && !mw_entry_list_extend(list, plan, group)) return NULL;
    return mw_entry_at(list, list->count++);
}
/* Ready for another stretch. */
static inline void mw_entry_list_clear(mw_entry_list *list, const mw_plan *plan) {
    list->count = 0;
    list->found_count = plan->window_count;
}
/* Where the windows of the first look-up go. */
static inline mw_cell *mw_entry_list_found(const mw_entry_list *list, const mw_plan *plan) {
    return list->found + plan->window_count;
}
void mw_entry_list_release(mw_entry_list *list); /* a zeroed one too */
