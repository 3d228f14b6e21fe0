#include "project/columns.h"

#include "testing/test.h"

#include <stdio.h>

typedef struct {
    mw_arena arena;
    mw_diagnostics diagnostics;
    mw_symbols *symbols;
    const mw_project *project;
    const mw_program *program;
    mw_status status;
} compiling;

/* MW_STR is no constant, so that static tables need their own. */
#define FIELD(name, type) \
    { {name, sizeof name - 1}, MW_TYPE_##type }
#define COLUMNS(array) \
    { (array), sizeof(array) / sizeof *(array) }

static mw_field flight_columns[] = {
    FIELD("time_hour", TIME),   FIELD("minute", NUMBER),   FIELD("dep_time", NUMBER),
    FIELD("dep_delay", NUMBER), FIELD("arr_time", NUMBER), FIELD("arr_delay", NUMBER),
    FIELD("carrier", CATEGORY), FIELD("flight", NUMBER),   FIELD("tailnum", CATEGORY),
    FIELD("origin", CATEGORY),  FIELD("dest", CATEGORY),   FIELD("air_time", NUMBER),
    FIELD("distance", NUMBER),
};
static mw_field weather_columns[] = {
    FIELD("time_hour", TIME),
    FIELD("origin", CATEGORY),
    FIELD("wind_speed", NUMBER),
};
static const mw_schema flights_data[] = {COLUMNS(flight_columns), COLUMNS(flight_columns),
                                         COLUMNS(flight_columns), COLUMNS(weather_columns)};

static mw_field order_columns[] = {FIELD("at", TEXT), FIELD("shop", NUMBER), FIELD("eur", NUMBER)};
static const mw_schema orders_data[] = {COLUMNS(order_columns)};

static void start_of(compiling *c, mw_str bytes, bool of_version) {
    *c = (compiling){0};
    mw_arena_init(&c->arena, MW_PROJECT_ARENA_SIZE);
    mw_diagnostics_init(&c->diagnostics, &c->arena);
    c->diagnostics.of_version = of_version;
    c->status = mw_symbols_create(1 << 20, &c->symbols, NULL);
    if (c->status == MW_OK)
        c->status =
            mw_project_read(bytes, (mw_environment){0}, &c->arena, &c->diagnostics, &c->project);
}

static void start(compiling *c, mw_str bytes) {
    start_of(c, bytes, false);
}

static void compile_of(compiling *c, mw_str bytes, const mw_schema *columns, bool of_version) {
    start_of(c, bytes, of_version);
    if (c->status == MW_OK)
        c->status = mw_project_compile(c->project, (mw_project_data){columns, mw_zone_utc(), NULL},
                                       c->symbols, &c->diagnostics, &c->program);
}

static void compile(compiling *c, mw_str bytes, const mw_schema *columns) {
    compile_of(c, bytes, columns, false);
}

static void finish(compiling *c) {
    mw_symbols_destroy(c->symbols);
    mw_arena_release(&c->arena);
}

static mw_str file_bytes(const char *path) {
    static char bytes[64 * 1024];
    FILE *file = fopen(path, "rb");
    MW_CHECK(file != NULL);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    MW_CHECK(size > 0 && size < sizeof bytes);
    fclose(file);
    return (mw_str){bytes, size};
}

MW_TEST(columns_make_a_program_of_the_flights) {
    compiling c;
    compile(&c, file_bytes("tests/projects/flights.yaml"), flights_data);
    mw_error err;
    MW_CHECK_OK(mw_diagnostics_status(&c.diagnostics, &err), &err);
    MW_CHECK_EQUAL_INT(c.status, MW_OK);
    const mw_model_program *late = mw_program_find_model(c.program, MW_STR("late"));
    MW_CHECK(late && late->feature_count == 13); /* nine, two of them in threes */
    MW_CHECK_EQUAL_INT(late->moment_offset_us, -MW_HOUR_US);
    MW_CHECK_EQUAL_INT(late->maturity_us, 2 * MW_DAY_US + MW_HOUR_US);
    finish(&c);
}

static const char orders[] = "project: shop\n"
                             "streams:\n"
                             "  orders: {time: at, id: at, types: {at: time, shop: category}}\n"
                             "models:\n"
                             "  m:\n"
                             "    moment: on orders\n"
                             "    label: any(orders by shop over next 1d)\n"
                             "features: {n: count(orders by shop over 1d), eur: eur}\n";

MW_TEST(columns_take_the_types_that_the_project_gives) {
    compiling c;
    start(&c, mw_str_of(orders));
    mw_declarations declared;
    MW_CHECK_STATUS(mw_project_declare(c.project,
                                       (mw_project_data){orders_data, mw_zone_utc(), NULL},
                                       &c.arena, &c.diagnostics, &declared),
                    MW_OK);
    const mw_schema *columns = &declared.streams[0].columns;
    MW_CHECK(columns->fields[0].type == MW_TYPE_TIME);
    MW_CHECK(columns->fields[1].type == MW_TYPE_CATEGORY);
    MW_CHECK(columns->fields[2].type == MW_TYPE_NUMBER);
    MW_CHECK(order_columns[0].type == MW_TYPE_TEXT); /* the caller's stand as they were */
    MW_CHECK_EQUAL_INT(declared.feature_count, 2);
    MW_CHECK_EQUAL_STR(declared.models[0].moment.text, "on orders");
    finish(&c);
}

static void check_printed(const compiling *c, const char *expected) {
    mw_buf out;
    mw_buf_init(&out, 16 * 1024);
    mw_diagnostics_print(&c->diagnostics, "f", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), expected);
    mw_buf_release(&out);
}

MW_TEST(columns_that_do_not_exist_are_named) {
    compiling c;
    compile(&c,
            MW_STR("project: shop\n"
                   "streams:\n"
                   "  orders:\n"
                   "    time: at\n"
                   "    types: {at: time, shops: category}\n"
                   "    checks: {euro: {min: 0}, big: {max: 1}, at: {missing: 0%}}\n"
                   "    fields: {big: eur > 100}\n"),
            orders_data);
    MW_CHECK_EQUAL_INT(c.status, MW_INVALID);
    MW_CHECK(c.program == NULL);
    check_printed(&c, "f:5:23: streams.orders.types: must name a column of the data, got shops\n"
                      "    Did you mean shop?\n"
                      "f:6:14: streams.orders.checks: must name a column or a field, got euro\n"
                      "    Did you mean eur?\n");
    finish(&c);
}

/* Else they would be asked of no row, in silence. */
MW_TEST(columns_have_bounds_if_they_are_numbers) {
    compiling c;
    compile(&c,
            MW_STR("project: shop\n"
                   "streams:\n"
                   "  orders:\n"
                   "    time: at\n"
                   "    types: {at: time, shop: category}\n"
                   "    checks: {shop: {min: 0}, at: {max: 9}, eur: {min: 0}, took: {max: 60}}\n"
                   "    fields: {took: at - at}\n"),
            orders_data);
    MW_CHECK_EQUAL_INT(c.status, MW_OK);
    mw_project_check_bounds(c.project, c.program, &c.diagnostics);
    check_printed(&c, "f:6:14: streams.orders.checks.shop: min and max must be of a number or a "
                      "duration, got a category\n"
                      "    Say `in: [...]`, or what it is by types: {shop: number}.\n"
                      "f:6:30: streams.orders.checks.at: min and max must be of a number or a "
                      "duration, got a time\n");
    finish(&c);
}

MW_TEST(columns_of_segments_are_looked_up) {
    compiling c;
    compile(&c,
            MW_STR("project: shop\n"
                   "streams:\n"
                   "  orders: {time: at, id: at, types: {at: time, shop: category}}\n"
                   "features: {n: count(orders by shop over 1d)}\n"
                   "models:\n"
                   "  m: {moment: on orders, label: any(orders by shop over next 1d),\n"
                   "      segments: [shop, n, shpo]}\n"),
            orders_data);
    MW_CHECK_EQUAL_INT(c.status, MW_INVALID);
    check_printed(&c, "f:7:17: models.m.segments: must be features or fields of the moment, got "
                      "shpo\n    Did you mean shop?\n");
    finish(&c);
}

MW_TEST(columns_of_drift_are_features) {
    compiling c;
    compile(&c,
            MW_STR("project: shop\n"
                   "streams:\n"
                   "  orders: {time: at, id: at, types: {at: time, shop: category}}\n"
                   "features: {busy: count(orders by shop over 1d)}\n"
                   "models:\n"
                   "  m: {moment: on orders, label: any(orders by shop over next 1d)}\n"
                   "retrain:\n"
                   "  m: {when: [drift.max > 0.2, drift.busi > 0.1, drift.prediction > 1]}\n"),
            orders_data);
    MW_CHECK_EQUAL_INT(c.status, MW_INVALID);
    check_printed(&c, "f:8:31: retrain.m: drift is of a feature, of the prediction, or the max, "
                      "got busi\n    Did you mean busy?\n");
    finish(&c);
}

/* What a bool is predicted as is how likely it is true; a number's may be any. */
MW_TEST(columns_of_a_bool_fall_back_to_a_share) {
    compiling c;
    compile(&c,
            MW_STR("project: shop\n"
                   "streams:\n"
                   "  orders: {time: at, id: at, types: {at: time, shop: category}}\n"
                   "models:\n"
                   "  m: {moment: on orders, label: any(orders by shop over next 1d)}\n"
                   "  n: {moment: on orders, label: count(orders by shop over next 1d)}\n"
                   "  o: {moment: on orders, label: any(orders by shop over next 1d)}\n"
                   "serving: {m: {fallback: 1.5}, n: {fallback: 12}, o: {fallback: 1}}\n"),
            orders_data);
    MW_CHECK_EQUAL_INT(c.status, MW_INVALID);
    check_printed(&c, "f:8:25: serving.m.fallback: must be 0 to 1, for the label is a bool, got "
                      "1.5\n");
    finish(&c);
}

/* Costs, triggers and the gate are of a yes or no; a class falls back to what is one. */
MW_TEST(columns_of_numbers_and_classes_decide_nothing) {
    const mw_str text = MW_STR(
        "project: shop\n"
        "streams:\n"
        "  orders: {time: at, id: at, types: {at: time, shop: category}}\n"
        "models:\n"
        "  n: {moment: on orders, label: count(orders by shop over next 1d),\n"
        "      cost: {false_alarm: 1, miss: 5}}\n"
        "  o: {moment: on orders, label: last(orders.shop by shop over next 1d)}\n"
        "  p: {moment: on orders, label: last(orders.shop by shop over next 1d)}\n"
        "serving: {n: {fallback: 2 > 1}, o: {fallback: baseline}, p: {fallback: 3}}\n"
        "retrain: {o: {every: 7d}}\n");
    compiling c;
    compile(&c, text, orders_data);
    check_printed(
        &c, "f:6:13: models.n.cost: false_alarm and miss are of a yes or no, and the label is a "
            "number\n"
            "    Make the label a yes or no (`... >= 30`, `... = 1`), or leave the cost out.\n"
            "f:9:25: serving.n.fallback: must be a number, for the label is a number, got a bool\n"
            "f:9:72: serving.p.fallback: must be previous or baseline, for the label is a class; "
            "others are not built yet, got 3\n"
            "f:10:11: retrain.o: a model whose label is a category is not retrained by itself "
            "yet\n"
            "    Leave it out; `millwright train` and `millwright models promote` do it by "
            "hand.\n");
    finish(&c);
    compile_of(&c, text, orders_data, true); /* a version goes on by what was accepted */
    MW_CHECK_EQUAL_INT(c.status, MW_OK);
    finish(&c);
}

/* Rules are made stricter now and then; a version goes on by those of its day (rule 14). */
MW_TEST(columns_of_a_version_keep_to_what_was_accepted) {
    static const mw_schema columns[] = {COLUMNS(order_columns), COLUMNS(order_columns)};
    const mw_str text = MW_STR(
        "project: shop\n"
        "streams:\n"
        "  orders: {time: at, id: at, types: {at: time}}\n"
        "  Orders: {time: at, id: at, types: {at: time}}\n"
        "features:\n"
        "  busy: 'count(orders by shop over {1h, 2h})'\n"
        "  busy_1h: 'count(Orders by shop over {1h, 2h})'\n"
        "  label: eur\n"
        "models:\n"
        "  m: {moment: on orders, label: any(orders by shop over next 1d), cost: {miss: 5}}\n"
        "serving: {m: {fallback: 1.5}}\n");
    static const char *const names[] = {"busy_1h", "busy_2h", "busy_1h_1h", "busy_1h_2h", "label"};
    compiling c;
    compile(&c, text, columns);
    MW_CHECK_EQUAL_INT(c.diagnostics.count, 4); /* the fallback is not looked at then */
    finish(&c);
    compile_of(&c, text, columns, true);
    MW_CHECK_EQUAL_INT(c.status, MW_OK);
    MW_CHECK_EQUAL_INT(c.diagnostics.count, 0);
    MW_CHECK_EQUAL_INT(c.program->models[0].feature_count, 5);
    for (size_t i = 0; i < 5; i++)
        MW_CHECK_EQUAL_STR(c.program->models[0].features[i].name, names[i]);
    finish(&c);
}

/* A comma that YAML took is told once: the mended expression compiles, and a mistake inside it
   shows at its own place. */
MW_TEST(columns_and_a_mended_comma_find_the_mistake_inside) {
    compiling c;
    compile(&c,
            MW_STR("project: shop\n"
                   "streams:\n"
                   "  orders: {time: at, id: at, types: {at: time, shop: category}}\n"
                   "features: {n: count(orders by shop, at over 1d), x: coalesce(eur, euro)}\n"
                   "models:\n"
                   "  m: {moment: on orders, label: any(orders by shop over next 1d)}\n"),
            orders_data);
    MW_CHECK_EQUAL_INT(c.status, MW_INVALID);
    MW_CHECK_EQUAL_INT(c.diagnostics.count, 3);
    const mw_diagnostic *last = &c.diagnostics.entries[2];
    MW_CHECK_EQUAL_INT(last->position.line, 4);
    MW_CHECK_EQUAL_INT(last->position.column, 67);
    finish(&c);
}

static mw_status compile_and_finish(void *context) {
    compiling c;
    compile(&c, *(mw_str *)context, orders_data);
    finish(&c);
    return c.status;
}

MW_TEST(columns_survive_every_shortage_of_memory) {
    mw_str bytes = mw_str_of(orders);
    MW_CHECK(mw_test_every_allocation_fails(compile_and_finish, &bytes) > 0);
}

/* Whatever is told of a project without its data would be told with them too. */
MW_TEST(columns_that_could_not_be_read_are_no_further_mistakes) {
    static const char *const names[] = {"churn", "demand", "documents",   "flights",
                                        "fraud", "images", "maintenance", "recommend"};
    static const mw_schema none[16];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "tests/projects/%s.yaml", names[i]);
        compiling c;
        compile(&c, file_bytes(path), none);
        MW_CHECK_STATUS(c.status, MW_INVALID);
        for (size_t j = 0; j < c.diagnostics.count; j++) {
            const mw_diagnostic *told = &c.diagnostics.entries[j];
            if (told->status != MW_NOT_BUILT) MW_CHECK_EQUAL_STR(told->message, names[i]);
        }
        finish(&c);
    }
}

MW_TEST(columns_that_types_names_are_known_without_the_data) {
    static const mw_schema none[1];
    compiling c;
    compile(
        &c,
        MW_STR(
            "project: shop\n"
            "streams:\n"
            "  orders: {time: at, id: number, types: {shop: category}, checks: {eur: {min: 0}}}\n"
            "models: {m: {moment: on orders, label: any(orders by shop over next 1d)}}\n"
            "features: {n: count(orders by shop over 1d), eur: shop * 2}\n"),
        none);
    check_printed(&c, "f:5:56: features.eur: * takes no category and number\n");
    finish(&c);
}
