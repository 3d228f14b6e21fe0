/*
 * stretch: turns of a replay that are worked off together, for block.c and those that work for it.
 *
 * Who gathers one writes to no line that those see who are at work on another.
 */
#pragma once
#include "feature/entry_list.h"
#include "feature/walk.h"

#include <assert.h>
#include <stdalign.h>

typedef enum {
    MW_ITEM_EVENT,
    MW_ITEM_REPLACED, /* what the event that follows replaces, if it is a correction */
    MW_ITEM_MOMENT,
    MW_ITEM_LABEL,
    MW_ITEM_PAIR,     /* a moment, then the event that makes it (mw_walk_pairs) */
} mw_item_kind;

/* A turn as a stretch keeps it: in one line. */
typedef struct {
    mw_moment moment;  /* of a pair the event's row and place too; of an event alone its time, its
                          place and its row; of what it replaces that time and that row, and the
                          place is the event's */
    union {
        uint64_t number; /* under which a label was expected, or a moment's label is */
        int64_t from;    /* when that counted which is replaced */
    };
    mw_item_kind kind;
    int32_t stream;    /* of an event */
    uint32_t instance; /* likewise; 0: none */
    uint32_t asking, asking_event; /* the moment's own, by its id and its event's; 0: none */
    uint32_t index;    /* of a moment or a label among those of the stretch */
    uint32_t route;    /* the first of its routes */
    uint32_t family;   /* of the first of an event's moments with `each`: how many they are */
} mw_stretch_item;
static_assert(sizeof(mw_stretch_item) == MW_LINE_SIZE, "as many are written as are read");

/* Where the windows of a moment are found. */
typedef struct {
    uint32_t list, lookup;
    size_t found; /* the first of them */
} mw_stretch_route;

typedef struct {
    alignas(MW_LINE_SIZE) struct mw_block *block; /* in which it is */
    mw_stretch_item *items; /* and the rows behind them: not cleared, as none is read before it is
                               written */
    mw_cell *rows;     /* of the moments, as they must stay */
    mw_cell *windows;  /* a row for each label, and for each moment if they are kept */
    mw_cell *features; /* a row for each moment */
    size_t count, moment_count, event_count;
    size_t added_from; /* the first item that was added last */
    int64_t from, to;  /* the places of the first turn and of the last */
    mw_entry_list *lists; /* by strand and group */
    mw_stretch_route *routes; /* of the moments, in order; NULL: strands put nothing aside */
    size_t route_count, route_capacity;
    uint64_t too_late, values_refused;
} mw_stretch;

/* Whether windows are read for it. */
static inline bool mw_stretch_item_asks(const mw_stretch_item *item) {
    return item->kind >= MW_ITEM_MOMENT;
}
