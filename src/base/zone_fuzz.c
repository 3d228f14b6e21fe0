#include "base/calendar.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a file says: a time that the zone shows must be one that it reads back. */
static void check_round_trip(const mw_zone *zone, int64_t utc_us) {
    int64_t local_us = utc_us + mw_zone_offset_us(zone, utc_us), back_us = 0;
    mw_local_kind kind = mw_zone_to_utc(zone, local_us, &back_us);
    MW_ASSERT(kind != MW_LOCAL_ABSENT);
    MW_ASSERT(back_us <= utc_us);
    MW_ASSERT(kind == MW_LOCAL_AMBIGUOUS || back_us == utc_us);
    MW_ASSERT(back_us + mw_zone_offset_us(zone, back_us) == local_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const mw_zone *zone = NULL;
    mw_str tzif = {(const char *)data, size};
    if (mw_zone_parse(&arena, MW_STR("fuzz"), tzif, &zone, NULL) == MW_OK)
        for (int64_t day = -36500; day < 73000; day += 997)
            check_round_trip(zone, day * MW_DAY_US + day * MW_MINUTE_US);
    mw_arena_release(&arena);
    return 0;
}
