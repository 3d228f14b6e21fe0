#include "testing/zones.h"

#include "testing/test.h"

/* magic and version 2, then six counts of four bytes, of which these two are not zero */
static void append_header(mw_buf *buf, char type_count, char name_size) {
    static const char counts[16];
    mw_buf_append(buf, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    mw_buf_append(buf, counts, sizeof counts);
    mw_buf_append(buf, (const char[]){0, 0, 0, type_count, 0, 0, 0, name_size}, 8);
}

const mw_zone *mw_test_zone(mw_arena *arena, const char *rule) {
    static const char one_type[6], no_name[1];
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_header(&buf, 0, 0);
    append_header(&buf, 1, 1);
    mw_buf_append(&buf, one_type, sizeof one_type);
    mw_buf_append(&buf, no_name, sizeof no_name);
    mw_buf_printf(&buf, "\n%s\n", rule);
    MW_CHECK(!buf.failed);
    mw_arena_init(arena, 1 << 20);
    const mw_zone *zone = NULL;
    mw_error err;
    MW_CHECK_OK(mw_zone_parse(arena, MW_STR("Test/Zone"), mw_buf_str(&buf), &zone, &err), &err);
    mw_buf_release(&buf);
    return zone;
}
