#include "sys/zone_hint.h"

#include "base/nearest.h"
#include "sys/zone_names.h"

enum { NAMES_SIZE_MAX = 1 << 24 };

typedef struct {
    mw_nearest whole, part; /* by the whole name; by its last part */
    mw_str found;           /* the zone that `part` belongs to */
} search;

static void offer(void *context, const char *zone, const char *last, const char *path,
                  size_t file_size) {
    search *s = context;
    (void)path, (void)file_size;
    size_t bound = s->part.bound;
    mw_nearest_offer_text(&s->whole, zone);
    mw_nearest_offer_text(&s->part, last);
    if (s->part.bound < bound) s->found = mw_str_of(zone);
}

mw_status mw_zone_hint(mw_sys *sys, mw_str name, mw_error *err, mw_status status) {
    mw_arena arena;
    mw_arena_init(&arena, NAMES_SIZE_MAX);
    search s = {mw_nearest_to(name), mw_nearest_to(name), MW_STR("")};
    mw_zone_names_visit(sys, &arena, offer, &s);
    mw_str meant = s.part.bound < s.whole.bound ? s.found : s.whole.found;
    if (meant.size > 0)
        status = mw_hint(err, status, "Did you mean %.*s?", MW_STR_ARGS(meant));
    else
        status = mw_hint(err, status, "Names are those of the IANA database: UTC, Europe/Berlin, "
                                      "America/New_York.");
    mw_arena_release(&arena);
    return status;
}
