#include "lang/origins.h"

#include "testing/declare.h"
#include "testing/test.h"

static const char shops[] =
    "\n"
    "stream orders:\n"
    "  columns: shop category, city category, amount number, at time\n"
    "  time: at\n"
    "  id: shop, at\n"
    "stream returns:\n"
    "  columns: shop category, city category, at time\n"
    "  time: at\n"
    "stream visits:\n"
    "  columns: visit text, user category, items list, at time\n"
    "  time: at\n"
    "  id: visit\n";

#define ON_ORDERS                                                                              \
    "model m:\n"                                                                               \
    "  moment: on orders\n"                                                                    \
    "  label: count(orders by shop over next 1d)\n"
#define ON_VISITS                                                                              \
    "model m:\n"                                                                               \
    "  moment: on visits each items as item\n"                                                 \
    "  label: count(visits by user over next 1d) > 0\n"

static void append_name(mw_buf *out, mw_str name) {
    if (out->size > 0) mw_buf_append_char(out, ' ');
    mw_buf_append_str(out, name);
}

/* The sources and features that the last of these features is made from. */
static void check_last(const char *features, const char *model_text, const char *expected) {
    mw_origins origins;
    mw_buf text, found;
    mw_error err;
    mw_buf_init(&text, 1 << 20);
    mw_buf_init(&found, 1 << 20);
    mw_buf_printf(&text, "%s%s%s", shops, features, model_text);
    mw_buf_append_char(&text, 0);
    mw_test_project project = mw_test_compile(text.data);
    const mw_model_program *model = project.model;
    MW_CHECK_OK(mw_origins_init(&origins, project.program, model, &err), &err);
    for (size_t i = 0; i < model->feature_count; i++)
        mw_origins_find(&origins, &model->features[i]);
    for (size_t i = 0; i < project.program->source_count; i++)
        if (origins.sources[i]) append_name(&found, project.program->sources[i].name);
    for (size_t i = 0; i < model->feature_count; i++)
        if (origins.features[i]) append_name(&found, model->features[i].name);
    MW_CHECK_EQUAL_STR(mw_buf_str(&found), expected);
    mw_origins_release(&origins);
    mw_buf_release(&found);
    mw_buf_release(&text);
    mw_test_project_release(&project);
}

MW_TEST(origins_are_the_windows_and_those_that_they_wait_for) {
    static const char *const cases[][2] = {
        {"feature plain: amount * 2\n", ""},
        {"feature busy: count(orders by shop over 24h)\n", "orders"},
        {"feature busy: count(orders by shop over 24h)\nfeature twice: 2 * busy\n", "busy"},
        {"feature odd: count(orders by city = last(returns.city by shop) over 24h)\n",
         "orders returns"},
        {"feature since_return: count(orders by shop over 24h since returns)\n", "orders returns"},
        {"feature busy: count(orders by shop over 24h)\n"
         "feature odd: busy / count(returns by shop over 24h)\n",
         "returns busy"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_last(cases[i][0], ON_ORDERS, cases[i][1]);
}

/* What an aggregate within moment asks for is asked for by the feature. */
MW_TEST(origins_reach_through_what_is_asked_within_a_moment) {
    check_last("feature seen: count(visits by user over 24h)\n"
               "feature most: max(seen within moment)\n",
               ON_VISITS, "seen");
    check_last("feature most: max(count(orders by shop = item over 24h) within moment)\n",
               ON_VISITS, "orders");
    check_last("feature sold: sum(orders.amount by shop = item over 24h)\n"
               "feature above: sum(sold / max(sold within moment) within moment)\n",
               ON_VISITS, "sold");
}

/* Each window waits for the one before it twice: for its key, and for the key of the return since
   which it looks. So 2^40 ways lead from the last to the first. */
MW_TEST(origins_look_at_each_window_once) {
    mw_buf features;
    mw_buf_init(&features, 1 << 20);
    mw_buf_append_text(&features, "feature f0: last(orders.city by shop)\n");
    for (int i = 1; i <= 40; i++)
        mw_buf_printf(&features, "feature f%d: last(orders.city by city = f%d over 1d "
                                 "since returns)\n", i, i - 1);
    mw_buf_append_char(&features, 0);
    check_last(features.data, ON_ORDERS, "orders returns");
    mw_buf_release(&features);
}

/* A schedule's field is what a window found, also where another window compares with it. */
MW_TEST(origins_are_seen_through_what_a_window_compares_with) {
    check_last("feature dearer: count(returns where city = now.city by shop over 3d)\n",
               "model m:\n  moment: every 1d for shop of orders\n"
               "  label: count(orders by shop over next 1d)\n",
               "orders returns");
}

/* Each feature reads the two before it: some 2^31 ways lead to the first. */
MW_TEST(origins_go_through_each_feature_once) {
    mw_origins origins;
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_buf_printf(&text, "%sfeature f0: count(orders by city = last(returns.city by shop) over "
                         "1d)\nfeature f1: f0\n", shops);
    for (int i = 2; i <= 45; i++)
        mw_buf_printf(&text, "feature f%d: f%d + f%d\n", i, i - 1, i - 2);
    mw_buf_append_text(&text, "model m:\n  moment: on orders\n"
                              "  label: count(orders by shop over next 1d) + f45\n");
    mw_buf_append_char(&text, 0);
    mw_test_project project = mw_test_compile(text.data);
    const mw_model_program *model = project.model;
    MW_CHECK_OK(mw_origins_init(&origins, project.program, model, NULL), NULL);
    mw_origins_add(&origins, model->features[45].code);
    MW_CHECK_EQUAL_INT(model->window_count, 3);
    MW_CHECK(origins.windows[0] && origins.windows[1] && !origins.windows[2]);
    mw_origins_add(&origins, model->label);
    MW_CHECK(origins.windows[2]);
    mw_origins_release(&origins);
    mw_buf_release(&text);
    mw_test_project_release(&project);
}
