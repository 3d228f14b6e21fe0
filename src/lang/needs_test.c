#include "lang/needs.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <stdio.h>
#include <string.h>

static const char text[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, city category, amount number, limit number, at time\n"
    "  time: at\n"
    "  id: shop, at\n"
    "feature plain: amount * 2\n"
    "feature busy: count(orders by shop over 24h)\n"
    "feature above: count(orders where amount > now.limit by shop over 24h)\n"
    "feature odd: above + last(orders.amount by city)\n"
    "feature hours: hour(time)\n"
    "feature odder: odd / busy\n"
    "model m:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d)\n";

static const struct {
    const char *feature, *fields;
} expected[] = {
    {"plain", "amount"},
    {"busy", "shop"},
    {"above", "shop limit"},
    {"odd", "shop city limit"},
    {"hours", ""},
    {"odder", "shop city limit"},
};

/* With windows that others wait for. */
static const char waiting[] =
    "stream orders:\n"
    "  columns: shop category, city category, amount number, at time\n"
    "  time: at\n"
    "  id: at\n"
    "feature last_city: last(orders.city by shop over 24h)\n"
    "feature by_last: count(orders by city = last_city over 24h)\n"
    "feature since_a: count(orders by city = last_city over 24h since orders)\n"
    "model m:\n"
    "  moment: on orders\n"
    "  label: count(orders by shop over next 1d)\n";

MW_TEST(needs_of_windows_are_those_of_their_keys_and_their_beginning) {
    mw_test_project project = mw_test_compile(waiting);
    const mw_model_program *model = project.model;
    static const char *const reads[] = {"", "0", "0", "02"};
    MW_CHECK_EQUAL_INT(model->feature_window_count, 4);
    for (size_t i = 0; i < 4; i++) {
        char found[8] = "";
        for (size_t other = 0; other < 4; other++)
            if (mw_window_reads_window(&model->windows[i], other))
                (void)snprintf(found + strlen(found), 2, "%zu", other);
        MW_CHECK_EQUAL_STR(mw_str_of(found), reads[i]);
    }
    mw_test_project_release(&project);
}

static void append_fields(const mw_schema *row, const bool *needs, mw_buf *out) {
    for (size_t i = 0; i < row->field_count; i++) {
        if (!needs[i]) continue;
        if (out->size > 0) mw_buf_append_char(out, ' ');
        mw_buf_append_str(out, row->fields[i].name);
    }
}

MW_TEST(needs_are_those_of_all_that_a_feature_reads) {
    mw_test_project project = mw_test_compile(text);
    const mw_model_program *model = project.model;
    const mw_schema *row = &project.program->streams[model->moment_stream].schema;
    const bool *needs = mw_model_needs(model, row->field_count, &project.arena);
    MW_CHECK(needs != NULL);
    size_t found = 0;
    for (size_t i = 0; i < model->feature_count; i++) {
        mw_buf fields;
        mw_buf_init(&fields, 1 << 10);
        append_fields(row, &needs[i * row->field_count], &fields);
        for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
            if (!mw_str_is(model->features[i].name, expected[k].feature)) continue;
            MW_CHECK_EQUAL_STR(mw_buf_str(&fields), expected[k].fields);
            found++;
        }
        mw_buf_release(&fields);
    }
    MW_CHECK_EQUAL_INT(found, sizeof expected / sizeof *expected);
    mw_test_project_release(&project);
}
