#include "serve/trace.h"
#include "testing/test.h"

#include <string.h>

#define ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

MW_TEST(trace_reads_and_writes) {
    const char *texts[] = {"00-" ID "-" SPAN "-01", "00-" ID "-" SPAN "-00"};
    for (size_t i = 0; i < 2; i++) {
        char again[MW_TRACE_TEXT_SIZE + 1];
        mw_trace trace = mw_trace_parse(mw_str_of(texts[i]));
        MW_CHECK(trace.is_known && trace.id[0] == 0x4b && trace.span[7] == 0xb7);
        mw_trace_write(&trace, again);
        MW_CHECK_EQUAL_STR(again, texts[i]);
    }
    mw_trace later = mw_trace_parse(MW_STR("cc-" ID "-" SPAN "-01-more"));
    MW_CHECK(later.is_known && later.flags == 1);
}

MW_TEST(trace_takes_nothing_malformed) {
    const char *const wrong[] = {
        "", "00", "00-" ID "-" SPAN, "00-" ID "-" SPAN "-", "00-" ID "-" SPAN "-0",
        "00-" ID "-" SPAN "-01-more", "00-" ID "-" SPAN "-011", "ff-" ID "-" SPAN "-01",
        "cc-" ID "-" SPAN "-01more", "00-" ID "x" SPAN "-01", "00-4BF92F3577b34da6a3ce929d0e0e4736-"
        SPAN "-01", "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01", "0g-" ID "-" SPAN "-01"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        MW_CHECK(!mw_trace_parse(mw_str_of(wrong[i])).is_known);
    MW_CHECK(!mw_trace_parse((mw_str){NULL, 0}).is_known);
}
