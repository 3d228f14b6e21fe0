/*
 * roster: which events stand already, by their ids.
 *
 * Of each event it keeps a digest of its stream and id and one of its contents, under a key of the
 * log's that nobody outside knows (base/keyed_hash.h), and its place: 32 bytes and a slot, whatever
 * is in the row, so neither rows nor texts have to be in memory, and a checkpoint can hold all of
 * them. Who must have the row, for a correction of it, finds it by its place.
 * Equal contents are equal times, known times and cells, but for fields with windows, which a row
 * that comes does not have. Streams without an id are not listed.
 *
 * One thread uses a roster. The program and its symbols outlive it.
 */
#pragma once
#include "base/keyed_hash.h"
#include "lang/program.h"

typedef struct mw_roster mw_roster;

/* What became of an event: of all that a row says, the most that is new. */
typedef enum { MW_EVENT_NEW, MW_EVENT_REPEATS, MW_EVENT_CONFLICTS } mw_event_standing;

/* Where an event that stands came from. */
typedef enum { MW_FROM_LOG, MW_FROM_LAKE } mw_event_origin;

/* What stands of an event. */
typedef struct {
    mw_event_standing standing;
    mw_event_origin origin; /* and the place, unless it is new */
    int64_t place;
} mw_roster_found;

/* What left rosters of one key: of an id the words that mw_roster_save writes behind it. A roster
   has one, which changes only right before it forgets; it asks once for an id that comes again. */
typedef struct {
    const void *context;
    mw_status (*find)(const void *context, mw_keyed_hash id, uint64_t out_words[2],
                      bool *out_is_found, mw_error *err);
} mw_roster_archive;

MW_MUST_USE mw_status mw_roster_create(const mw_program *program, const mw_symbols *symbols,
                                       mw_hash_key key, mw_roster **out_roster, mw_error *err);
void mw_roster_destroy(mw_roster *roster); /* NULL is allowed */

/* Whether the event's id stands already; without an id every event is new. `out_origin` (may be
   NULL) is set unless it is new. */
mw_event_standing mw_roster_find(mw_roster *roster, const mw_event *event,
                                 mw_event_origin *out_origin);
/* Where the event stands whose id this one has; it must stand. */
int64_t mw_roster_place(mw_roster *roster, const mw_event *event);
/* Lists an event; where its id stands already, the first one stays, until a correction that comes
   after takes its place. */
MW_MUST_USE mw_status mw_roster_add(mw_roster *roster, const mw_event *event,
                                    mw_event_origin origin, mw_error *err);
/* As mw_roster_find, mw_roster_place and mw_roster_add, of roster and archive. */
MW_MUST_USE mw_status mw_roster_look_up(mw_roster *roster, mw_roster_archive archive,
                                        const mw_event *event, mw_roster_found *out_found,
                                        mw_error *err);
MW_MUST_USE mw_status mw_roster_enter(mw_roster *roster, mw_roster_archive archive,
                                      const mw_event *event, mw_event_origin origin,
                                      mw_error *err);
/* Drops the entries up to a place, which an archive has. Copies the others, so it takes as long as
   there are entries, some 10 ns each. */
MW_MUST_USE mw_status mw_roster_forget(mw_roster *roster, int64_t through, mw_error *err);
size_t mw_roster_count(const mw_roster *roster);

/* All of it as bytes, and back into an empty roster of the same key. MW_CORRUPT, MW_NO_MEMORY. */
void mw_roster_save(const mw_roster *roster, mw_buf *out);
MW_MUST_USE mw_status mw_roster_load(mw_roster *roster, mw_str bytes, mw_error *err);
