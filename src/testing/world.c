#include "testing/world.h"

#include "base/prng.h"
#include "table/list.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ARENA_SIZE ((size_t)16 << 20)
enum { FEATURES = 14, EACH_FEATURES = 20, PEOPLE = 4, SHOPS = 3, ORDERS_PER_NUMBER = 3, TICK = 20 };

enum { AT, KNOWN, NO, WHO, SHOP, X, Y, TAG, GOODS, FIELDS };
static mw_field order_fields[FIELDS] = {
    [AT] = {{"at", 2}, MW_TYPE_TIME},         [KNOWN] = {{"seen", 4}, MW_TYPE_TIME},
    [NO] = {{"no", 2}, MW_TYPE_NUMBER},       [WHO] = {{"who", 3}, MW_TYPE_CATEGORY},
    [SHOP] = {{"shop", 4}, MW_TYPE_CATEGORY}, [X] = {{"x", 1}, MW_TYPE_NUMBER},
    [Y] = {{"y", 1}, MW_TYPE_NUMBER},         [TAG] = {{"tag", 3}, MW_TYPE_TEXT},
    [GOODS] = {{"goods", 5}, MW_TYPE_LIST},
};
static mw_field fields[FIELDS]; /* of the other streams: with `item` in place of `goods` */

static const char *const stream_names[] = {"orders", "pays", "views"};
enum { STREAMS = sizeof stream_names / sizeof *stream_names };

static size_t below(mw_world *world, size_t bound) {
    return (size_t)mw_prng_below(&world->prng, bound);
}

static bool one_in(mw_world *world, size_t n) {
    return below(world, n) == 0;
}

#define PICK(world, list) (list)[below((world), sizeof(list) / sizeof *(list))]

static mw_str text(mw_world *world, mw_buf *buf) {
    mw_str copy = mw_str_copy(&world->arena, mw_buf_str(buf));
    MW_CHECK(copy.data);
    mw_buf_release(buf);
    return copy;
}

static const char *random_keys(mw_world *world, bool shares_id) {
    static const char *const of_each[] = {"who = item", "shop = item", "who, tag = item",
                                          "who", "no", "shop = f0"};
    if (world->has_each) return PICK(world, of_each);
    static const char *const keys[] = {"who", "shop", "who, shop", "who = shop", "shop = now.who",
                                       "no", "tag", "who = tag", "shop = f0",
                                       "who = last(pays.who by shop over 300us)"};
    return shares_id && one_in(world, 4) ? "no" : PICK(world, keys);
}

/* AGG(STREAM[.VALUE] [where COND] by KEYS): all but the range. */
static void write_window(mw_world *world, mw_buf *out) {
    static const char *const conditions[] = {"x > 0", "y < x", "not missing(x)", "tag = \"a\"",
                                             "x > 1 or y > 1", "who = shop"};
    static const char *const of_events[] = {"count", "any", "since"};
    static const char *const of_numbers[] = {"sum",  "mean", "min", "max", "first",
                                             "last", "var",  "std", "trend", "quantile(0.25)",
                                             "quantile(0.999999)", "distinct", "top"};
    static const char *const of_texts[] = {"first", "last", "distinct", "top"};
    static const char *const numbers[] = {"x", "y", "x * y", "x / y", "x + 1"};
    static const char *const texts[] = {"tag", "who"};
    static const char *const bools[] = {"x > 0", "not x > y", "tag = \"a\"", "who = shop"};
    size_t stream = below(world, STREAMS);
    const char *name = stream_names[stream];
    size_t kind = below(world, 7);
    if (kind < 2)
        mw_buf_printf(out, "%s(%s", PICK(world, of_events), name);
    else if (kind < 5)
        mw_buf_printf(out, "%s(%s.", PICK(world, of_numbers), name);
    else if (kind == 5)
        mw_buf_printf(out, "%s(%s.", PICK(world, of_texts), name);
    else
        mw_buf_printf(out, "%s(%s.", one_in(world, 2) ? "all" : "any", name);
    if (kind >= 2 && kind < 5)
        mw_buf_append_text(out, PICK(world, numbers));
    else if (kind == 5)
        mw_buf_append_text(out, PICK(world, texts));
    else if (kind == 6)
        mw_buf_append_text(out, PICK(world, bools));
    if (one_in(world, 3)) mw_buf_printf(out, " where %s", PICK(world, conditions));
    mw_buf_printf(out, " by %s", random_keys(world, stream < 2));
}

/* The same with a condition or a value that hangs on the moment's row. */
static void write_now_window(mw_world *world, mw_buf *out) {
    static const char *const heads[] = {"count(", "any(",   "since(", "sum(", "mean(", "min(",
                                        "max(",   "first(", "last(",  "var(", "trend(",
                                        "quantile(0.6)(", "distinct(", "top(", "ratio("};
    static const char *const values[] = {"x", "y - now.x", "x * now.y", "now.x"};
    static const char *const conditions[] = {"x > now.x", "y < now.x and x > 0",
                                             "tag = now.tag or x = now.y", "time < now.at - 9us",
                                             "seen > now.time - 90us"};
    size_t head_count = sizeof heads / sizeof *heads;
    size_t head = below(world, head_count), stream = below(world, STREAMS);
    bool has_value = head >= 3 && head < head_count - 1;
    mw_buf_printf(out, "%s%s", heads[head], stream_names[stream]);
    if (has_value) mw_buf_printf(out, ".%s", PICK(world, values));
    if (!has_value || one_in(world, 2)) mw_buf_printf(out, " where %s", PICK(world, conditions));
    mw_buf_printf(out, " by %s", random_keys(world, stream < 2));
}

/* Whether a window may be in this world. */
static bool suits(const mw_world *world, mw_str expression) {
    static const char *const waiting[] = {" since ", "= f0", "= last("};
    for (size_t i = 0; world->waits_for_nothing && i < sizeof waiting / sizeof *waiting; i++)
        if (strstr(expression.data, waiting[i])) return false;
    return true;
}

static mw_str draw_feature(mw_world *world, bool may_look_at_all_past) {
    static const char *const ranges[] = {
        " over 1us",   " over 7us",         " over 40us",          " over 300us",
        " over 900us", " over 40us ago 5us", " over 300us ago 40us", " over 2ms",
        " over 40us every 20us", " over 300us ago 100us every 100us",
        " over 1ms every 25us", " over 300us since pays", " over 2ms since orders",
        " over 300us ago 40us since pays", " over 300us since pays every 25us"};
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    if (may_look_at_all_past && one_in(world, 6)) {
        static const char *const all_past[] = {
            "count(pays by who)", "last(views.x by shop)", "first(orders.tag where x > 0 by who)",
            "any(orders by no)", "since(pays by who)", "last(orders.y by no)",
            "since(views by shop every 50us)", "count(views where x > 0 by who every 20us)"};
        mw_buf_append_text(&buf, PICK(world, all_past));
        return text(world, &buf);
    }
    if (one_in(world, 6)) { /* their `known` is a column: what is known already may be seen */
        static const char *const heads[] = {"count(pays", "any(pays", "count(views", "any(views"};
        mw_buf_append_text(&buf, PICK(world, heads));
        mw_buf_printf(&buf, " by %s over next ", random_keys(world, false));
        static const char *const aheads[] = {"20us)", "200us after 3us)", "40us every 20us)",
                                             "100us after 25us every 25us)"};
        mw_buf_append_text(&buf, PICK(world, aheads));
    } else {
        if (one_in(world, 6)) write_now_window(world, &buf);
        else write_window(world, &buf);
        mw_buf_printf(&buf, "%s)", PICK(world, ranges));
    }
    return text(world, &buf);
}

static mw_str random_feature(mw_world *world, bool may_look_at_all_past) {
    for (;;) {
        mw_str drawn = draw_feature(world, may_look_at_all_past);
        if (suits(world, drawn)) return drawn;
    }
}

static mw_str draw_label(mw_world *world) {
    static const char *const of_each[] = {
        "any(pays by id over next 100us)",
        "count(orders by who over next 80us) - sum(orders.x by shop over next 30us)",
        "sum(pays.x by id over next 300us) - count(pays by no, item over 90us)",
        "count(views by who = item over next 50us) > f13 unless any(pays by id over next 20us)",
        "count(views where x > now.x by item over next 60us)"};
    static const char *const labels[] = {
        "sum(pays.x by who over next 100us) > 1",
        "last(pays.x by id over next 100us)",
        "count(orders by who over next 50us) + count(views by shop over next 10us after 5us)",
        "count(orders by shop over next 60us) - count(orders by shop over 60us)",
        "max(views.y by shop over next 300us) + mean(pays.x by who over 100us)",
        "first(orders.x by who over next 80us)",
        "sum(views.x by who over next 80us) + count(views by shop over 400us since pays)",
        "std(views.y by shop over next 90us) > var(pays.x by who over 200us)",
        "count(views where x > now.x by shop over next 60us) > sum(pays.x - now.x by who over 9us)",
        "distinct(views.tag by shop over next 400us)",
        "quantile(0.5)(pays.x by who over next 700us) - distinct(views.y by shop over 900us)",
        "count(pays by shop over next 10us) + sum(views.x by shop over next 30us)",
        "sum(views.x by shop over next 60us every 20us) - count(pays by who over 9us every 3us)",
        "count(pays by shop = f0 over next 50us) + last(views.y by who = tag over next 90us)"};
    static const char *const unless[] = {
        "", "", " unless any(views where x > 1 by who over next 30us)",
        " unless count(pays by shop over next 20us) > count(pays by shop over 20us ago 5us)"};
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    if (world->has_each) {
        mw_buf_append_text(&buf, PICK(world, of_each));
        return text(world, &buf);
    }
    mw_buf_append_text(&buf, PICK(world, labels));
    mw_buf_append_text(&buf, PICK(world, unless));
    return text(world, &buf);
}

static mw_str random_label(mw_world *world) {
    for (;;) {
        mw_str drawn = draw_label(world);
        if (suits(world, drawn)) return drawn;
    }
}

static mw_source source(const char *expression) {
    return (mw_source){mw_str_of(expression), {1, 1}};
}

static void declare_streams(mw_world *world, mw_stream_declaration *streams,
                            const char *orders_known) {
    static mw_str id[] = {{"no", 2}, {"item", 4}};
    static const int64_t lates[] = {0, 30, 60, 300};
    memcpy(fields, order_fields, sizeof fields);
    fields[GOODS] = (mw_field){{"item", 4}, MW_TYPE_TEXT};
    for (size_t i = 0; i < STREAMS; i++)
        streams[i] = (mw_stream_declaration){.name = mw_str_of(stream_names[i]),
                                             .columns = {i == 0 ? order_fields : fields, FIELDS},
                                             .time = source("at"),
                                             .known = source(i > 0 ? "seen" : orders_known),
                                             .ids = id,
                                             .id_count = i == 1 && world->has_each ? 2 : i < 2,
                                             .late_us = PICK(world, lates)};
}

static void compile(mw_world *world, const mw_declarations *declarations) {
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &world->arena);
    if (mw_program_compile(declarations, &world->arena, world->symbols, &diagnostics,
                           &world->program) != MW_OK) {
        mw_buf out;
        mw_buf_init(&out, 1 << 16);
        mw_diagnostics_print(&diagnostics, "world", &out);
        mw_test_fail(MW_TEST_PLACE("mw_program_compile"), "%.*s", MW_STR_ARGS(mw_buf_str(&out)));
    }
    world->model = &world->program->models[0];
}

static void declare(mw_world *world, mw_world_config config) {
    /* A moment may not be before its event is known, so an early one needs an early known. */
    static const char *const moments[][2] = {{"on orders", "seen"},
                                             {"on orders", "time"},
                                             {"on orders", "time + 10us"},
                                             {"on orders at time + 60us", "seen"},
                                             {"on orders at time - 40us", "time - 50us"}};
    static const char *const of_each[][2] = {
        {"on orders each goods as item", "seen"},
        {"on orders each goods as item", "time + 10us"},
        {"on orders each goods as item at time + 60us", "seen"},
        {"on orders each goods as item at time - 40us", "time - 50us"}};
    const char *const *moment = world->has_each ? PICK(world, of_each) : PICK(world, moments);
    mw_stream_declaration streams[STREAMS];
    declare_streams(world, streams, moment[1]);
    mw_named_source features[EACH_FEATURES];
    static char names[EACH_FEATURES][8];
    size_t feature_count = world->has_each ? EACH_FEATURES : FEATURES;
    for (size_t i = 0; i < feature_count; i++) {
        snprintf(names[i], sizeof names[i], "f%zu", i);
        features[i] = (mw_named_source){
            .name = mw_str_of(names[i]),
            .position = {1, 1},
            .source = {random_feature(world, config.may_look_at_all_past), {1, 1}}};
    }
    static const char *const vectors[] = {
        "vector(x, mean(pays.x by who over 300us), count(views by shop over 40us) * y)",
        "ngrams(tag + \" \" + last(pays.tag by who over 900us), 1, 2, 5)"};
    if (one_in(world, 2)) features[1].source = source(PICK(world, vectors));
    static const char *const for_keys[] = {"last(pays.shop by who over 300us)",
                                           "last(pays.shop by who over 300us since views)"};
    features[0].source = source(world->waits_for_nothing ? for_keys[0] : PICK(world, for_keys));
    static const char *const of_all[] = { /* those that look across the moments of one event */
        "sum(views.x by item over 2ms)", "f8 / max(f8 within moment)",
        "std(f8 * f9 within moment) + mean(f9 within moment)",
        "count(f8 within moment) + var(time - at within moment) + min(length(goods), 1)",
        "any(f9 > 0.5 and item != tag within moment)",
        "f10 - min(x - min(f8 within moment) + sum(pays.y by item over 300us) within moment)",
        "quantile(0.4)(f8 within moment) - quantile(1)(x * f9 - 3 within moment)",
        "distinct(f8 within moment) + distinct(f17 within moment)",
        "all(f8 > 0 within moment)", "last(pays.shop by item over 2ms)",
        "top(f17 within moment)", "top(floor(f8) within moment)"};
    for (size_t i = 0; world->has_each && i < sizeof of_all / sizeof *of_all; i++)
        features[8 + i].source = source(of_all[i]);
    mw_model_declaration model = {.name = MW_STR("model"),
                                  .moment = source(moment[0]),
                                  .label = {random_label(world), {1, 1}}};
    compile(world, &(mw_declarations){.zone = mw_zone_utc(),
                                      .streams = streams,
                                      .stream_count = STREAMS,
                                      .features = features,
                                      .feature_count = feature_count,
                                      .models = &model,
                                      .model_count = 1});
}

static mw_cell random_number(mw_world *world) {
    static const double odd[] = {1e300, -1e300, 0x1p63, -0x1p63, 0x1p62, 1e-30, 0x1p-81,
                                 0x1.8p-80, -0x1p-80, 0.1, -0.3, 1e17};
    if (one_in(world, 6)) return mw_cell_number(NAN);
    if (one_in(world, 5)) return mw_cell_number(PICK(world, odd));
    return mw_cell_number((double)below(world, 9) / 2 - 2);
}

static mw_cell random_text(mw_world *world, size_t count) {
    static const char *const texts[] = {"a", "b", "", "ab", "ba"};
    if (one_in(world, 12)) return (mw_cell){.symbol = 0};
    return (mw_cell){.symbol = mw_symbols_intern(world->symbols,
                                                 mw_str_of(texts[below(world, count)]))};
}

/* One of the stream's events that no other has corrected yet. */
static mw_event pick_standing(mw_world *world, int32_t stream) {
    const mw_stream_events *of_stream = &world->events.streams[stream];
    for (;;) {
        mw_event event =
            mw_events_row(&world->events, stream, below(world, of_stream->rows.row_count));
        bool stands = true;
        for (size_t i = 0; i < of_stream->correction_count; i++)
            if (mw_table_row(&of_stream->replaced, i)[NO].bits == event.row[NO].bits)
                stands = event.replaced && of_stream->corrections[i].row ==
                                               (size_t)(event.row - of_stream->rows.cells) / FIELDS;
        if (stands) return event;
    }
}

/* Makes an event the correction of another, which comes before it. */
static void correct(mw_world *world, mw_event *event) {
    mw_event other = pick_standing(world, event->stream);
    mw_cell *row = (mw_cell *)(uintptr_t)event->row;
    event->replaced = other.row;
    event->replaced_time = other.time;
    event->replaced_from = mw_event_counts_from(&other);
    row[NO] = other.row[NO];
    if (world->has_each && event->stream == 1) row[GOODS] = other.row[GOODS]; /* a pay's item */
    if (one_in(world, 3)) { /* in the same place, as where a file was mended */
        event->time = row[AT].time = other.time;
        event->known = row[KNOWN].time = other.known;
    }
    event->place = mw_event_counts_from(event);
}

static mw_cell random_goods(mw_world *world) {
    mw_list_writer writer;
    mw_cell list;
    if (one_in(world, 12)) return (mw_cell){.symbol = 0};
    mw_list_begin(&writer, MW_TYPE_LIST);
    for (size_t count = below(world, 6); count > 0; count--) {
        mw_cell item = random_text(world, 5);
        if (item.symbol == 0) continue;
        mw_list_add_text(&writer, mw_symbols_text(world->symbols, item.symbol));
    }
    MW_CHECK_OK(mw_list_end(&writer, world->symbols, &list, NULL), NULL);
    return list;
}

static void add_event(mw_world *world, int32_t stream, mw_world_config config) {
    size_t number_max = config.event_count / ORDERS_PER_NUMBER + 1;
    size_t number = world->events.streams[stream].rows.row_count;
    int64_t at = (int64_t)below(world, MW_WORLD_TIME_MAX);
    int64_t lag = one_in(world, 2) ? 0 : (int64_t)below(world, one_in(world, 4) ? 400 : 40);
    if (!one_in(world, 4)) { /* so that most times meet others */
        at -= at % TICK;
        lag -= lag % TICK;
    }
    if (one_in(world, 8)) lag = -(int64_t)below(world, 300);
    mw_cell row[FIELDS]; /* drawn one by one: an initializer has no order that all share */
    row[AT] = mw_cell_time(at);
    row[KNOWN] = mw_cell_time(at + lag);
    row[NO] = mw_cell_number((double)(config.has_corrections ? number : below(world, number_max)));
    row[WHO] = random_text(world, config.has_one_key ? 1 : PEOPLE);
    row[SHOP] = random_text(world, config.has_one_key ? 1 : SHOPS);
    row[X] = random_number(world);
    row[Y] = random_number(world);
    row[TAG] = random_text(world, 5);
    row[GOODS] = (mw_cell){.symbol = 0};
    if (world->has_each) row[GOODS] = stream == 0 ? random_goods(world) : random_text(world, 5);
    mw_cell cells[FIELDS];
    mw_event event;
    mw_frame frame = {.row = row, .symbols = world->symbols, .zone = world->program->zone};
    if (!mw_stream_event(world->program, stream, &frame, cells, &event)) return;
    bool can_correct = config.has_corrections && number > 0 &&
                       world->program->streams[stream].id_count > 0;
    if (can_correct && one_in(world, 4)) correct(world, &event);
    MW_CHECK_OK(mw_events_add(&world->events, &event, NULL), NULL);
}

void mw_world_init_events(const mw_world *world, mw_events *out_events) {
    size_t count = world->program->stream_count;
    const mw_schema *schemas[STREAMS + 1];
    MW_CHECK_EQUAL_INT(count, STREAMS + (world->has_each ? 1 : 0));
    for (size_t i = 0; i < count; i++) schemas[i] = &world->program->streams[i].schema;
    MW_CHECK_OK(mw_events_init(out_events, schemas, count, NULL), NULL);
}

static void create(mw_world *world, mw_world_config config) {
    mw_arena_init(&world->arena, ARENA_SIZE);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &world->symbols, NULL), NULL);
    declare(world, config);
    mw_world_init_events(world, &world->events);
    for (size_t i = 0; i < config.event_count; i++)
        add_event(world, (int32_t)below(world, STREAMS), config);
    MW_CHECK_OK(mw_events_sort(&world->events, NULL), NULL);
}

void mw_world_create(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.prng = seed * UINT64_C(0x9e3779b97f4a7c15)};
    create(world, config);
}

void mw_world_create_each(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.prng = seed * UINT64_C(0x9e3779b97f4a7c15), .has_each = true};
    create(world, config);
}

void mw_world_create_plain_each(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.prng = seed * UINT64_C(0x9e3779b97f4a7c15),
                        .waits_for_nothing = true,
                        .has_each = true};
    create(world, config);
}

void mw_world_create_plain(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.prng = seed * UINT64_C(0x9e3779b97f4a7c15), .waits_for_nothing = true};
    create(world, config);
}

void mw_world_shuffle(mw_world *world, mw_events *out_events) {
    size_t count = world->events.event_count;
    size_t *order = mw_allocate((count + 1) * sizeof *order);
    MW_CHECK(order);
    for (size_t i = 0; i < count; i++) {
        size_t j = below(world, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    mw_events_release(out_events);
    mw_world_init_events(world, out_events);
    for (size_t i = 0; i < count; i++) {
        mw_event event = mw_events_at(&world->events, order[i]);
        MW_CHECK_OK(mw_events_add(out_events, &event, NULL), NULL);
    }
    MW_CHECK_OK(mw_events_sort(out_events, NULL), NULL);
    mw_free(order);
}

void mw_world_release(mw_world *world) {
    mw_events_release(&world->events);
    mw_symbols_destroy(world->symbols);
    mw_arena_release(&world->arena);
}
