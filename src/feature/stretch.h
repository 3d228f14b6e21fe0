/*
 * stretch: turns of a replay that are worked off together, for block.c and those that work for it.
 *
 * Who gathers one writes to no line that those see who are at work on another.
 */
#pragma once
#include "feature/entry_list.h"
#include "feature/walk.h"

#include <stdalign.h>

typedef struct {
    mw_turn turn;
    uint32_t instance; /* of the event; 0: none */
    uint32_t asking, asking_event; /* the moment's own, by its id and its event's; 0: none */
    uint32_t moment;   /* its number among those of the stretch */
    uint32_t route;    /* the first of its routes */
    uint32_t family;   /* of the first of an event's moments with `each`: how many they are */
} mw_stretch_item;

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
    mw_entry_list *lists; /* by strand and group */
    mw_stretch_route *routes; /* of the moments, in order; NULL: strands put nothing aside */
    size_t route_count, route_capacity;
    uint64_t too_late, values_refused;
} mw_stretch;
