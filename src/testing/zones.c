#include "testing/zones.h"

#include "testing/test.h"

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

const mw_zone *mw_test_zone(mw_arena *arena, const char *rule) {
    static const char one_type[6], no_name[1];
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_header(&buf, 0, 0, 0);
    append_header(&buf, 0, 1, 1);
    mw_buf_append(&buf, one_type, sizeof one_type);
    mw_buf_append(&buf, no_name, sizeof no_name);
    mw_buf_printf(&buf, "\n%s\n", rule);
    return parse(arena, &buf);
}

static void append_big_endian(mw_buf *buf, uint64_t value, int size) {
    for (int i = size - 1; i >= 0; i--) mw_buf_append_char(buf, (char)(value >> 8 * i));
}

const mw_zone *mw_test_zone_of_days(mw_arena *arena, uint8_t back, uint8_t forth) {
    enum { HOUR = 3600, AHEAD = 0, AT_UTC = 1 }; /* two types of time */
    static const char is_dst_and_name[2], no_name[1];
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    append_header(&buf, 0, 0, 0);
    append_header(&buf, 2, 2, 1);
    append_big_endian(&buf, back * UINT64_C(86400) + HOUR, 8); /* at 01:00 UTC */
    append_big_endian(&buf, forth * UINT64_C(86400) + HOUR, 8);
    mw_buf_append(&buf, (const char[]){AT_UTC, AHEAD}, 2);
    for (int type = AHEAD; type <= AT_UTC; type++) {
        append_big_endian(&buf, type == AHEAD ? HOUR : 0, 4);
        mw_buf_append(&buf, is_dst_and_name, sizeof is_dst_and_name);
    }
    mw_buf_append(&buf, no_name, sizeof no_name);
    mw_buf_append_text(&buf, "\n\n");
    return parse(arena, &buf);
}
