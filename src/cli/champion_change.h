/*
 * champion_change: another champion on its way to answer, while the one before does.
 *
 * Its version is read beside the loop (version_reading.h). Catalog and server change together, in
 * one turn of the loop, once that is done; so what cannot be read changes neither. Each change is
 * made when its own version has been read, however many are on their way.
 *
 * A change is a pause of whoever asked for it. One that nobody waits for any more is made all the
 * same; one that ends before it was made is not. It belongs to who holds the baton.
 */
#pragma once
#include "cli/champions.h"

enum { MW_CHAMPION_READINGS_MAX = 2 }; /* at once; others wait for these */

typedef struct mw_champion_change mw_champion_change;

/* What all changes of a server share. */
typedef struct {
    mw_champions *champions;
    void (*made)(void *context); /* windows may be to be filled from now on */
    void *context;
    size_t reading_count; /* its own, from 0 */
} mw_champion_changes;

/* A client of ours wishes for one: catalog and server change, or neither. With `*pause`, as a
   handler is left in one, it is on its way: to be called again, with that, once it is over. */
MW_MUST_USE mw_status mw_champion_changes_enact(mw_champion_changes *all,
                                                const mw_stage_wish *wish, mw_pause **pause,
                                                mw_stage_change *out_made, mw_error *err);
/* By the catalog the model's champion is another one. Likewise. */
MW_MUST_USE mw_status mw_champion_changes_follow(mw_champion_changes *all, mw_str model,
                                                 mw_pause **pause, mw_error *err);
