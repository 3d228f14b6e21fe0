#include "testing/zones.h"

#include "testing/test.h"

#define YEAR_1960 INT64_C(-315619200)

/* magic and version 2, then six counts of four bytes, of which these three are not all zero */
static void append_header(mw_buf *buf, char change_count, char type_count, char name_size) {
    static const char counts[12];
    mw_buf_append(buf, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    mw_buf_append(buf, counts, sizeof counts);
    mw_buf_append(buf, (const char[]){0, 0, 0, change_count, 0, 0, 0, type_count}, 8);
    mw_buf_append(buf, (const char[]){0, 0, 0, name_size}, 4);
}

static const mw_zone *parse(mw_arena *arena, mw_buf *buf) {
    MW_CHECK(!buf->failed);
    mw_arena_init(arena, 1 << 20);
    const mw_zone *zone = NULL;
    mw_error err;
    MW_CHECK_OK(mw_zone_parse(arena, MW_STR("Test/Zone"), mw_buf_str(buf), &zone, &err), &err);
    mw_buf_release(buf);
    return zone;
}

/* One type of time, at UTC, and changes to it. */
static const mw_zone *zone_of(mw_arena *arena, const char *rule, char change_count,
                              int64_t change) {
    static const char one_type[6], no_name[1];
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_header(&buf, 0, 0, 0);
    append_header(&buf, change_count, 1, 1);
    for (int shift = 56; change_count > 0 && shift >= 0; shift -= 8)
        mw_buf_append_char(&buf, (char)((uint64_t)change >> shift));
    mw_buf_append(&buf, no_name, (size_t)change_count); /* each is to type 0 */
    mw_buf_append(&buf, one_type, sizeof one_type);
    mw_buf_append(&buf, no_name, sizeof no_name);
    mw_buf_printf(&buf, "\n%s\n", rule);
    return parse(arena, &buf);
}

const mw_zone *mw_test_zone(mw_arena *arena, const char *rule) {
    return zone_of(arena, rule, 0, 0);
}

const mw_zone *mw_test_zone_of_table(mw_arena *arena, const char *rule) {
    return zone_of(arena, rule, 1, YEAR_1960);
}
