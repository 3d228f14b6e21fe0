#include "decide/reasons.h"

#include "testing/test.h"

#include <stdio.h>
#include <string.h>

MW_TEST(reasons_are_told_strongest_first_and_add_up) {
    enum { COUNT = MW_REASONS_SHOWN_MAX + 3 };
    mw_field fields[COUNT];
    mw_cell cells[COUNT];
    mw_reason items[COUNT];
    char names[COUNT][8];
    for (uint32_t i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "f%u", i);
        fields[i] = (mw_field){mw_str_of(names[i]), MW_TYPE_NUMBER};
        cells[i] = mw_cell_number(i);
        items[i] = (mw_reason){i, i % 2 ? -1.0 / (1 << i) : 1.0 / (1 << i), 0};
    }
    items[0].adds = 0; /* the weakest: not shown */
    mw_reasons_sort(items, COUNT);
    MW_CHECK(items[0].feature == 1 && items[1].feature == 2 && items[COUNT - 1].feature == 0);
    mw_str descriptions[COUNT] = {[2] = MW_STR("how \"dear\" it was")};
    mw_reasons reasons = {items, COUNT, 0.25, descriptions};
    mw_schema schema = {fields, COUNT};
    mw_buf out;
    mw_buf_init(&out, 1 << 12);
    mw_json json = mw_json_begin(&out);
    mw_reasons_write_json(&json, &reasons, &schema, cells, NULL);
    MW_CHECK(mw_str_starts(
        mw_buf_str(&out),
        MW_STR("{\"expected\":0.25,\"reasons\":[{\"feature\":\"f1\",\"value\":1,\"adds\":-0.5},"
               "{\"feature\":\"f2\",\"value\":2,\"adds\":0.25,"
               "\"description\":\"how \\\"dear\\\" it was\"},{\"feature\":\"f3\",")));
    MW_CHECK(!memmem(out.data, out.size, ":\"\"", 3)); /* where there is none, it is left out */
    /* f11 and f12 are the others: -1/2048 + 1/4096 */
    MW_CHECK(mw_str_ends(mw_buf_str(&out), MW_STR("],\"others\":-0.000244140625}")));
    mw_buf_release(&out);
}
