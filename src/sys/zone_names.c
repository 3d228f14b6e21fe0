#include "sys/zone_names.h"

#include "sys/library.h"

#include <string.h>

enum { DEPTH_MAX = 3, ZONE_SIZE_MAX = 1 << 16 }; /* America/Indiana/Knox */

typedef struct {
    mw_sys *sys;
    mw_arena *arena;
    mw_zone_visit visit;
    void *context;
} walk;

/* `zone` is what stands between: "", "America". */
static void look(const walk *w, const char *folder, const char *zone, int depth) {
    mw_str *names;
    size_t count;
    if (mw_sys_list(w->sys, folder, w->arena, &names, &count, NULL) != MW_OK) return;
    for (size_t i = 0; i < count; i++) {
        mw_file_info info = {.exists = false};
        const char *name = mw_str_copy(w->arena, names[i]).data;
        const char *path = name ? mw_path_join(w->arena, folder, name) : NULL;
        const char *inside = name && zone[0] ? mw_path_join(w->arena, zone, name) : name;
        if (!path || !inside || strchr(name, '.')) continue; /* zone.tab and its like */
        if (mw_sys_info(w->sys, path, &info, NULL) != MW_OK || !info.exists) continue;
        if (!info.is_folder) w->visit(w->context, inside, name, path, (size_t)info.size);
        else if (depth < DEPTH_MAX) look(w, path, inside, depth + 1);
    }
}

static const char *folder_of_zones(mw_sys *sys, mw_arena *arena) {
    const char *folder;
    mw_error ignored;
    if (mw_share_path(sys, arena, "zoneinfo", &folder, &ignored) == MW_OK) return folder;
    return "/usr/share/zoneinfo";
}

void mw_zone_names_visit(mw_sys *sys, mw_arena *arena, mw_zone_visit visit, void *context) {
    walk w = {sys, arena, visit, context};
    look(&w, folder_of_zones(sys, arena), "", 1);
}

typedef struct {
    mw_sys *sys;
    mw_buf bytes, other;
    mw_zone_aliases found;
} comparison;

static bool read_zone(mw_sys *sys, const char *path, mw_buf *out) {
    mw_buf_clear(out);
    return mw_sys_read_file(sys, path, out, NULL) == MW_OK && mw_buf_check(out, "", NULL) == MW_OK;
}

static void compare(void *context, const char *zone, const char *last, const char *path,
                    size_t file_size) {
    comparison *c = context;
    (void)last;
    if (file_size != c->bytes.size || c->found.count == MW_ZONE_ALIASES_MAX ||
        mw_str_is(c->found.names[0], zone))
        return;
    if (read_zone(c->sys, path, &c->other) &&
        mw_str_equal(mw_buf_str(&c->bytes), mw_buf_str(&c->other)))
        c->found.names[c->found.count++] = mw_str_of(zone);
}

mw_zone_aliases mw_zone_aliases_of(mw_sys *sys, mw_arena *arena, mw_str name) {
    comparison c = {.sys = sys, .found = {.names = {name}, .count = 1}};
    const char *inside = mw_str_copy(arena, name).data;
    const char *path = inside ? mw_path_join(arena, folder_of_zones(sys, arena), inside) : NULL;
    mw_buf_init(&c.bytes, ZONE_SIZE_MAX);
    mw_buf_init(&c.other, ZONE_SIZE_MAX);
    if (path && read_zone(sys, path, &c.bytes)) mw_zone_names_visit(sys, arena, compare, &c);
    mw_buf_release(&c.bytes);
    mw_buf_release(&c.other);
    return c.found;
}
