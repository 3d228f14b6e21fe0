#include "sys/zone_hint.h"

#include "base/nearest.h"
#include "sys/library.h"

#include <string.h>

enum { NAMES_SIZE_MAX = 1 << 24, DEPTH_MAX = 3 }; /* America/Indiana/Knox */

typedef struct {
    mw_sys *sys;
    mw_arena *arena;
    mw_nearest whole, part; /* by the whole name; by its last part */
    mw_str found;           /* the zone that `part` belongs to */
} search;

static void offer(search *s, const char *zone, const char *last) {
    size_t bound = s->part.bound;
    mw_nearest_offer_text(&s->whole, zone);
    mw_nearest_offer_text(&s->part, last);
    if (s->part.bound < bound) s->found = mw_str_of(zone);
}

/* `zone` is what stands between: "", "America". */
static void look(search *s, const char *folder, const char *zone, int depth) {
    mw_str *names;
    size_t count;
    if (mw_sys_list(s->sys, folder, s->arena, &names, &count, NULL) != MW_OK) return;
    for (size_t i = 0; i < count; i++) {
        mw_file_info info = {.exists = false};
        const char *name = mw_str_copy(s->arena, names[i]).data;
        const char *path = name ? mw_path_join(s->arena, folder, name) : NULL;
        const char *inside = name && zone[0] ? mw_path_join(s->arena, zone, name) : name;
        if (!path || !inside || strchr(name, '.')) continue; /* zone.tab and its like */
        if (mw_sys_info(s->sys, path, &info, NULL) != MW_OK || !info.exists) continue;
        if (!info.is_folder) offer(s, inside, name);
        else if (depth < DEPTH_MAX) look(s, path, inside, depth + 1);
    }
}

mw_status mw_zone_hint(mw_sys *sys, mw_str name, mw_error *err, mw_status status) {
    mw_arena arena;
    const char *folder;
    mw_arena_init(&arena, NAMES_SIZE_MAX);
    search s = {sys, &arena, mw_nearest_to(name), mw_nearest_to(name), MW_STR("")};
    mw_error ignored;
    if (mw_share_path(sys, &arena, "zoneinfo", &folder, &ignored) != MW_OK)
        folder = "/usr/share/zoneinfo";
    look(&s, folder, "", 1);
    mw_str meant = s.part.bound < s.whole.bound ? s.found : s.whole.found;
    if (meant.size > 0)
        status = mw_hint(err, status, "Did you mean %.*s?", MW_STR_ARGS(meant));
    else
        status = mw_hint(err, status, "Names are those of the IANA database: UTC, Europe/Berlin, "
                                      "America/New_York.");
    mw_arena_release(&arena);
    return status;
}
