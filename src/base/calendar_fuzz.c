#include "base/calendar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A time that was read lies in our years, and what we write of it reads back to the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    int64_t us, back_us = 0;
    bool has_zone;
    if (!mw_time_parse((mw_str){(const char *)data, size}, &us, &has_zone)) return 0;
    MW_ASSERT(us >= MW_TIME_MIN && us <= MW_TIME_MAX);
    mw_buf buf;
    mw_buf_init(&buf, 64);
    mw_time_append(&buf, us);
    MW_ASSERT(mw_time_parse(mw_buf_str(&buf), &back_us, &has_zone));
    MW_ASSERT(has_zone && back_us == us);
    mw_buf_release(&buf);
    return 0;
}
