/*
 * world: a random project, compiled, and a random log of its streams: for property tests.
 *
 * Times lie close together so that ties, edges of windows and equal stamps are common; values
 * are now and then missing, huge, tiny or beyond a sum's range, in half of the worlds seldom: so
 * slots tell sums of many events, too. Ids repeat; events become known late, some too late. Windows
 * wait for windows that wait for windows; a third of the worlds are of hours in place of
 * microseconds, where windows keep to days and months and the clocks change, by half an hour here
 * and there, while much happens. The same seed gives the same world.
 *
 * Half of the worlds have other models of the same features beside the one that is asked about, of
 * moments of other streams and kinds: these change none of its values.
 *
 * What happens has two fields with windows, `looked` and `found`; events have any values there, as
 * if they had been stored so: what they are is an entrance's to say.
 *
 * With corrections no two other events of a stream share an id, as where repeats are dropped; some
 * events are corrected, in history at their own place or later, and corrections again.
 */
#pragma once
#include "lang/program.h"

enum { MW_WORLD_TIME_MAX = 3000 }; /* times lie in [0, this), in the world's unit */
/* The first sources are of what happens; so many fields of each have windows, and stand last. */
enum { MW_WORLD_ENTERING = 3, MW_WORLD_ENTERED = 2 };

typedef struct {
    size_t event_count;
    bool may_look_at_all_past; /* some windows have no span */
    bool has_one_key;          /* all events meet: of one person and one shop, unless missing */
    bool has_corrections;
} mw_world_config;

typedef struct {
    mw_arena arena, zone_arena;
    mw_symbols *symbols;
    const mw_program *program;
    const mw_model_program *model; /* the one that is asked about */
    mw_events events; /* sorted */
    uint64_t prng;
    int64_t unit_us;
    bool waits_for_nothing; /* no window of it asks for what another one finds */
    bool has_each;
    bool has_schedule, has_ahead;
    bool has_others; /* other models stand before and after it */
    const char *known[MW_WORLD_ENTERING]; /* of the first sources, in microseconds */
    bool is_usual; /* nearly all numbers are there, and of usual magnitudes (feature/ring_slot.h) */
    bool may_be_of_views;         /* others' moments */
    bool is_of_views, is_of_pays; /* those of the label which is drawn */
    bool looks_over_span[MW_WORLD_ENTERING][MW_WORLD_ENTERED]; /* what needs state (rule 5) */
    size_t entering_count; /* sources whose fields with windows have been drawn */
} mw_world;

void mw_world_create(mw_world *world, uint64_t seed, mw_world_config config);
/* The same, but no window asks for what another one finds. */
void mw_world_create_plain(mw_world *world, uint64_t seed, mw_world_config config);
/* The same, but an order makes a moment for each of its goods, with features across them, and a pay
   is for one of them. */
void mw_world_create_each(mw_world *world, uint64_t seed, mw_world_config config);
void mw_world_create_plain_each(mw_world *world, uint64_t seed, mw_world_config config); /* both */
/* The same, but moments are made by a schedule: what windows read of the moment's row, other
   windows have found. */
void mw_world_create_scheduled(mw_world *world, uint64_t seed, mw_world_config config);
/* Empties `out_events` and gives it the world's events in another order of arrival, sorted. */
void mw_world_shuffle(mw_world *world, mw_events *out_events);
void mw_world_init_events(const mw_world *world, mw_events *out_events);
void mw_world_release(mw_world *world);
