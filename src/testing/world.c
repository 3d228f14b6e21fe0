#include "testing/world.h"

#include "base/hash.h"
#include "base/prng.h"
#include "table/list.h"
#include "testing/test.h"
#include "testing/zones.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ARENA_SIZE ((size_t)16 << 20)
enum { FEATURES = 14, EACH_FEATURES = 20, PEOPLE = 4, SHOPS = 3, ORDERS_PER_NUMBER = 3, TICK = 24,
       WORDS_MAX = 16, MODELS_MAX = 3 };

/* Then, of what happens, the fields with windows: `looked`, a number, and `found`, a text. */
enum { AT, KNOWN, NO, WHO, SHOP, X, Y, TAG, GOODS, Z, FIELDS, LOOKED = FIELDS, FOUND,
       CELLS = FIELDS + MW_WORLD_ENTERED };
static mw_field order_fields[FIELDS] = {
    [AT] = {{"at", 2}, MW_TYPE_TIME},         [KNOWN] = {{"seen", 4}, MW_TYPE_TIME},
    [NO] = {{"no", 2}, MW_TYPE_NUMBER},       [WHO] = {{"who", 3}, MW_TYPE_CATEGORY},
    [SHOP] = {{"shop", 4}, MW_TYPE_CATEGORY}, [X] = {{"x", 1}, MW_TYPE_NUMBER},
    [Y] = {{"y", 1}, MW_TYPE_NUMBER},         [TAG] = {{"tag", 3}, MW_TYPE_TEXT},
    [GOODS] = {{"goods", 5}, MW_TYPE_LIST},   [Z] = {{"z", 1}, MW_TYPE_NUMBER},
};
static mw_field fields[FIELDS]; /* of the other streams: with `item` in place of `goods` */

/* What is declared, of which the first three happen; and the streams that come of it: a pay's z is
   known later, so its events are of two. */
static const char *const source_names[] = {"orders", "pays", "views", "places"};
enum { SOURCES = sizeof source_names / sizeof *source_names, HAPPENING = MW_WORLD_ENTERING,
       WITH_ID = 2 };
enum { ORDERS, PAYS, PAYS_LATER, VIEWS, PLACES, STREAMS };

static size_t below(mw_world *world, size_t bound) {
    return (size_t)mw_prng_below(&world->prng, bound);
}

static bool one_in(mw_world *world, size_t n) {
    return below(world, n) == 0;
}

#define PICK(world, list) (list)[below((world), sizeof(list) / sizeof *(list))]

/* With hours for microseconds the world is four months long, and the clocks change twice. */
static bool is_of_months(const mw_world *world) {
    return world->unit_us == MW_HOUR_US;
}

/* The text with its spans of microseconds in the world's unit. */
static mw_str in_units(mw_world *world, const char *text) {
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    for (size_t i = 0; text[i]; i++) {
        bool is_unit = i > 0 && isdigit((unsigned char)text[i - 1]) && text[i] == 'u';
        if (is_unit && is_of_months(world)) mw_buf_append_char(&buf, 'h');
        else if (is_unit) mw_buf_append_text(&buf, "us");
        else mw_buf_append_char(&buf, text[i]);
        i += is_unit; /* over the s */
    }
    mw_str copy = mw_str_copy(&world->arena, mw_buf_str(&buf));
    MW_CHECK(copy.data);
    mw_buf_release(&buf);
    return copy;
}

static mw_source source(mw_world *world, const char *expression) {
    return (mw_source){in_units(world, expression), {1, 1}};
}

static mw_str text(mw_world *world, mw_buf *buf) {
    mw_str copy = in_units(world, mw_buf_str(buf).data);
    mw_buf_release(buf);
    return copy;
}

static const char *random_keys(mw_world *world, bool shares_id) {
    static const char *const of_each[] = {"who = item", "shop = item", "who, tag = item",
                                          "who", "no", "shop = f0", "shop = f2"};
    if (world->has_each) return PICK(world, of_each);
    static const char *const keys[] = {"who", "shop", "who, shop", "who = shop", "shop = now.who",
                                       "no", "tag", "who = tag", "shop = f0", "shop = f2, who = f0",
                                       "who = found", "who, shop = found",
                                       "who = last(pays.who by shop over 96us every 24us)",
                                       "who = last(pays.who by shop over 288us)",
                                       "no = count(pays by who = f2 over 96us since views)",
                                       "who = coalesce(top(views.who by shop over 288us), who)"};
    return shares_id && one_in(world, 4) ? "no" : PICK(world, keys);
}

/* What a window asks of an event: that it is there, or a value of some type. */
typedef enum { OF_EVENTS, OF_NUMBERS, OF_TEXTS, OF_BOOLS, OF_TIMES } window_kind;
typedef const char *const words[WORDS_MAX]; /* NULL after the last */

/* Fields with windows are named once those of that stream have been drawn: none hangs on itself. */
static const char *pick_of_source(mw_world *world, const char *const *list, size_t source) {
    size_t count = 0;
    while (count < WORDS_MAX && list[count]) count++;
    for (;;) {
        const char *picked = list[below(world, count)];
        bool names_entered = strstr(picked, "looked") || strstr(picked, "found");
        if (!names_entered || source < world->entering_count) return picked;
    }
}

/* AGG(STREAM[.VALUE] [where COND] by KEYS): all but the range. */
static void write_window(mw_world *world, window_kind kind, mw_buf *out) {
    static const words heads[] = {
        [OF_EVENTS] = {"count(", "any(", "since(", "ratio("},
        [OF_NUMBERS] = {"sum(", "mean(", "min(", "max(", "first(", "last(", "var(", "std(",
                        "trend(", "quantile(0.25)(", "quantile(0.999999)(", "distinct(", "top("},
        [OF_TEXTS] = {"first(", "last(", "distinct(", "top("},
        [OF_BOOLS] = {"all(", "any(", "first(", "top(", "mean("},
        [OF_TIMES] = {"time - max(", "time - min(", "time - first(", "time - last(",
                      "time - top("}};
    static const words values[] = {
        [OF_NUMBERS] = {"x", "y", "x * y", "x / y", "x + 1", "z", "seen - at", "looked",
                        "looked - x"},
        [OF_TEXTS] = {"tag", "who", "found"},
        [OF_BOOLS] = {"x > 0", "not x > y", "tag = \"a\"", "who = shop", "looked > 0"},
        [OF_TIMES] = {"at", "seen"}};
    static const words conditions = {"x > 0", "y < x", "not missing(x)", "tag = \"a\"",
                                     "x > 1 or y > 1", "who = shop", "not missing(looked)",
                                     "found != \"a\" or x > 1"};
    size_t happening = below(world, HAPPENING);
    const char *head = pick_of_source(world, heads[kind], happening);
    mw_buf_printf(out, "%s%s", head, source_names[happening]);
    if (kind != OF_EVENTS)
        mw_buf_printf(out, ".%s", pick_of_source(world, values[kind], happening));
    if (strcmp(head, "ratio(") == 0 || one_in(world, 3))
        mw_buf_printf(out, " where %s", pick_of_source(world, conditions, happening));
    mw_buf_printf(out, " by %s", random_keys(world, happening < WITH_ID));
}

/* The same with a condition or a value that hangs on the moment's row. */
static void write_now_window(mw_world *world, mw_buf *out) {
    static const char *const heads[] = {"count(", "any(",   "since(", "sum(", "mean(", "min(",
                                        "max(",   "first(", "last(",  "var(", "trend(",
                                        "quantile(0.6)(", "distinct(", "top(", "ratio("};
    static const words values = {"x", "y - now.x", "x * now.y", "now.x", "looked * now.x"};
    static const words conditions = {"x > now.x", "y < now.x and x > 0",
                                     "tag = now.tag or x = now.y", "time < now.at - 9us",
                                     "seen > now.time - 90us", "z > now.z", "y > x",
                                     "found = now.found or x > 1", "looked > now.looked"};
    size_t head_count = sizeof heads / sizeof *heads;
    size_t head = below(world, head_count), happening = below(world, HAPPENING);
    bool has_value = head >= 3 && head < head_count - 1;
    mw_buf_printf(out, "%s%s", heads[head], source_names[happening]);
    if (has_value) mw_buf_printf(out, ".%s", pick_of_source(world, values, happening));
    if (!has_value || one_in(world, 2))
        mw_buf_printf(out, " where %s", pick_of_source(world, conditions, happening));
    mw_buf_printf(out, " by %s", random_keys(world, happening < WITH_ID));
}

static bool holds_any(mw_str expression, const char *const *list) {
    for (size_t i = 0; i < WORDS_MAX && list[i]; i++)
        if (strstr(expression.data, list[i])) return true;
    return false;
}

typedef enum { A_FEATURE, A_LABEL, A_NUMBER, A_TEXT } draft_kind; /* two of fields with windows */

/* Whether an expression may stand there in this world. */
static bool suits(const mw_world *world, mw_str expression, draft_kind draft) {
    static const words waiting = {" since ", "= f0", "= f2", "= last(", "= count(", "= coalesce("};
    static const words of_events = {" by id ", "now.z"}; /* a schedule may be of pays */
    static const words later = {"pays.z", "z > now.z"}, entered = {"looked", "found"};
    static const words refused[] = {
        [A_FEATURE] = {NULL},
        [A_LABEL] = {"{"},
        [A_NUMBER] = {"{", "= f0", "= f2", "item", "now.z", "now.looked", "any(", "since(",
                      "seen - at", "ahead"},
        [A_TEXT] = {"{", "= f0", "= f2", "item", "distinct(", "= found", "ahead"}};
    if (world->waits_for_nothing && holds_any(expression, waiting)) return false;
    bool is_of_events = !world->has_schedule && (draft == A_LABEL || !world->has_others);
    static const words of_views = {" by id ", "views"}; /* no id tells which of them it predicts */
    static const words of_pays = {" by id "}; /* holds nothing, for it is left out itself */
    if (world->is_of_views && holds_any(expression, of_views)) return false;
    if (world->is_of_pays && holds_any(expression, of_pays)) return false;
    if (!is_of_events && holds_any(expression, of_events)) return false;
    if (holds_any(expression, later) && holds_any(expression, entered)) return false;
    return !holds_any(expression, refused[draft]);
}

static const char *random_range(mw_world *world) {
    static const char *const ranges[] = {
        " over 1us",   " over 7us",         " over 48us",          " over 288us",
        " over 912us", " over 48us ago 5us", " over 288us ago 48us", " over 1992us",
        " over 48us every 24us", " over 288us ago 96us every 96us",
        " over 996us every 12us", " over 288us since pays", " over 1992us since orders",
        " over 288us ago 48us since pays", " over 288us since pays every 24us",
        " over {1us, 48us, 300us}",       " over {24us, 240us} ago 24us every 24us"};
    static const char *const aligned[] = {
        " over 5h aligned hour",           " over 24h aligned day",
        " over 7d ago 2d aligned day",     " over 14d aligned week",
        " over 14d ago 7d aligned week",   " over 30d aligned month",
        " over 9d since pays aligned day", " over 31d since views aligned month",
        " over 30h every 30m",             " over 48h every 6h",
        " over {1d, 2d, 7d} aligned day",  " over 3h ago 1h since views aligned hour"};
    /* Off the grid that events of ticks lie on; 25 hours would be no ticks. */
    static const char *const uneven[] = {" over 50us every 25us", " over 975us every 25us",
                                         " over 300us ago 100us every 100us"};
    if (!is_of_months(world) && one_in(world, 10)) return PICK(world, uneven);
    static const char *const from_ahead[] = {" over 288us ago 192us - ahead",
                                             " over 96us ago ahead", " over 912us ago ahead + 9us"};
    if (world->has_ahead && one_in(world, 5)) return PICK(world, from_ahead);
    bool is_aligned = is_of_months(world) && one_in(world, 2);
    return is_aligned ? PICK(world, aligned) : PICK(world, ranges);
}

static const char *random_range_ahead(mw_world *world) {
    static const char *const aheads[] = {"24us", "200us after 3us", "48us every 24us",
                                         "96us after 24us every 24us", "{24us, 50us}"};
    static const char *const aligned[] = {"24h aligned day", "3h after 1h aligned hour",
                                          "7d after 7d aligned week", "31d aligned month",
                                          "{1h, 6h} after 1h aligned hour", "90m every 30m",
                                          "1h after 1h aligned hour", "2h aligned hour"};
    bool is_aligned = is_of_months(world) && one_in(world, 2);
    return is_aligned ? PICK(world, aligned) : PICK(world, aheads);
}

/* What a feature may see of the future (rule 7): where `known` is a column what is known already,
   where it is `time - L` what lies within L. Of others it looks back. */
static void write_announced_window(mw_world *world, mw_buf *out) {
    static const char *const heads[] = {"count(%s", "any(%s", "sum(%s.x", "max(%s.y", "last(%s.tag",
                                        "mean(%s.x where x > now.x", "distinct(%s.who",
                                        "count(%s where y < x", "quantile(0.5)(%s.x"};
    static const char *const within_50us[] = {"over next 50us", "over next 1us", "over next 24us",
                                              "over next 20us after 30us", "over next {9us, 41us}",
                                              "over next 49us after 1us"};
    static const char *const within_300us[] = {"over next 300us", "over next 48us after 240us",
                                               "over next 96us", "over next {24us, 288us}"};
    size_t of = below(world, world->may_be_of_views ? WITH_ID : HAPPENING);
    const char *known = world->known[of], *head = PICK(world, heads), *hole = strstr(head, "%s");
    mw_buf_append(out, head, (size_t)(hole - head));
    mw_buf_printf(out, "%s%s by %s ", source_names[of], hole + 2, random_keys(world, false));
    if (strcmp(known, "seen") == 0)
        mw_buf_printf(out, "over next %s)", random_range_ahead(world));
    else if (strcmp(known, "time - 50us") == 0)
        mw_buf_printf(out, "%s)", PICK(world, within_50us));
    else if (strcmp(known, "time - 300us") == 0)
        mw_buf_printf(out, "%s)", PICK(world, within_300us));
    else
        mw_buf_append_text(out, "over 96us)");
}

static mw_str draw_feature(mw_world *world, bool may_look_at_all_past) {
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    if (may_look_at_all_past && one_in(world, 5)) {
        static const char *const all_past[] = {
            "count(pays by who)", "last(views.x by shop)", "first(orders.tag where x > 0 by who)",
            "any(orders by no)", "since(pays by who)", "last(orders.y by no)",
            "since(views by shop every 48us)", "count(views where x > 0 by who every 24us)",
            "sum(places.x by shop)", "top(places.tag where x > now.x by shop)",
            "count(places by shop = f0)", "last(pays.z by who)"};
        mw_buf_append_text(&buf, PICK(world, all_past));
        return text(world, &buf);
    }
    if (one_in(world, 6)) {
        write_announced_window(world, &buf);
    } else {
        static const window_kind kinds[] = {OF_EVENTS,  OF_EVENTS, OF_NUMBERS, OF_NUMBERS,
                                            OF_NUMBERS, OF_TEXTS,  OF_BOOLS,   OF_TIMES};
        if (one_in(world, 6)) write_now_window(world, &buf);
        else write_window(world, PICK(world, kinds), &buf);
        mw_buf_printf(&buf, "%s)", random_range(world));
    }
    return text(world, &buf);
}

static mw_str random_feature(mw_world *world, bool may_look_at_all_past) {
    for (;;) {
        mw_str drawn = draw_feature(world, may_look_at_all_past);
        if (suits(world, drawn, A_FEATURE)) return drawn;
    }
}

/* What an event finds as it enters, with a span or over all of the past. */
static mw_str draw_field(mw_world *world, draft_kind draft) {
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    bool is_filled = one_in(world, 3);
    if (is_filled) mw_buf_append_text(&buf, "coalesce(");
    size_t head = buf.size;
    if (draft == A_NUMBER && one_in(world, 5)) write_now_window(world, &buf);
    else write_window(world, draft == A_NUMBER ? OF_NUMBERS : OF_TEXTS, &buf);
    bool may_look_at_all_past = strncmp(buf.data + head, "last(", 5) == 0 ||
                                strncmp(buf.data + head, "first(", 6) == 0;
    bool has_span = !may_look_at_all_past || one_in(world, 2);
    mw_buf_printf(&buf, "%s)", has_span ? random_range(world) : "");
    if (is_filled && draft == A_NUMBER)
        mw_buf_append_text(&buf, one_in(world, 2) ? ", length(found))" : ", x)");
    if (is_filled && draft == A_TEXT) mw_buf_append_text(&buf, ", tag)");
    return text(world, &buf);
}

/* A stream's fields after those of the streams before it, which they may name. */
static void draw_fields(mw_world *world, size_t source, mw_named_source *out_fields) {
    static const char *const names[] = {"looked", "found"};
    for (size_t i = 0; i < MW_WORLD_ENTERED; i++) {
        draft_kind draft = i == 0 ? A_NUMBER : A_TEXT;
        mw_str drawn = draw_field(world, draft);
        while (!suits(world, drawn, draft)) drawn = draw_field(world, draft);
        out_fields[i] = (mw_named_source){mw_str_of(names[i]), {1, 1}, {drawn, {1, 1}}};
        world->looks_over_span[source][i] = strstr(drawn.data, " over ");
    }
    static const words own = {"= found", "length(found)", "now.found"};
    bool reads_found = holds_any(out_fields[0].source.text, own);
    if (reads_found && world->looks_over_span[source][1]) world->looks_over_span[source][0] = true;
    world->entering_count = source + 1;
}

/* A label over any range, of any type that one may have. */
static void write_label(mw_world *world, mw_buf *out) {
    static const struct {
        const char *head, *tail;
    } forms[] = {{"count(pays", " > 1"},        {"last(views.tag", ""},
                 {"max(pays.seen", " - time"},  {"sum(views.looked", ""},
                 {"top(pays.found", " = found"}, {"any(orders", ""},
                 {"mean(pays.z where x > 0", ""}};
    static const char *const keys[] = {"who", "shop", "who, shop", "who = tag", "shop = f0"};
    size_t form = below(world, sizeof forms / sizeof *forms);
    mw_buf_printf(out, "%s by %s over next ", forms[form].head, PICK(world, keys));
    mw_buf_printf(out, "%s)%s", random_range_ahead(world), forms[form].tail);
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
        "sum(views.x by who over next 80us) + count(views by shop over 408us since pays)",
        "std(views.y by shop over next 90us) > var(pays.x by who over 200us)",
        "count(views where x > now.x by shop over next 60us) > sum(pays.x - now.x by who over 9us)",
        "distinct(views.tag by shop over next 400us)",
        "quantile(0.5)(pays.x by who over next 700us) - distinct(views.y by shop over 900us)",
        "count(pays by shop over next 10us) + sum(views.x by shop over next 30us)",
        "sum(views.x by shop over next 72us every 24us) - count(pays by who over 9us every 3us)",
        "count(pays by shop = f0 over next 50us) + last(views.y by who = tag over next 90us)",
        "sum(pays.z by who over next 200us) - mean(pays.z by shop over 300us)"};
    static const char *const scheduled[] = {
        "sum(orders.x by who over next 96us after ahead - 48us)",
        "count(pays by shop over 288us ago 192us - ahead) + count(views by who over next 1us)"};
    static const char *const unless[] = {
        "", "", " unless any(views where x > 1 by who over next 30us)",
        " unless count(pays by shop over next 20us) > count(pays by shop over 20us ago 5us)"};
    mw_buf buf;
    mw_buf_init(&buf, 4096);
    if (world->has_each) {
        mw_buf_append_text(&buf, PICK(world, of_each));
        return text(world, &buf);
    }
    bool looks_from_ahead = world->has_ahead && one_in(world, 2);
    if (one_in(world, is_of_months(world) ? 2 : 3)) write_label(world, &buf);
    else mw_buf_append_text(&buf, looks_from_ahead ? PICK(world, scheduled) : PICK(world, labels));
    mw_buf_append_text(&buf, PICK(world, unless));
    return text(world, &buf);
}

static mw_str random_label(mw_world *world) {
    for (;;) {
        mw_str drawn = draw_label(world);
        if (suits(world, drawn, A_LABEL)) return drawn;
    }
}

static void declare_streams(mw_world *world, mw_stream_declaration *streams,
                            mw_named_source (*entered)[MW_WORLD_ENTERED]) {
    static mw_str id[] = {{"no", 2}, {"item", 4}};
    static mw_named_source later = {.name = {"z", 1}, .position = {1, 1}};
    static const int64_t lates[] = {0, 30, 60, 300};
    memcpy(fields, order_fields, sizeof fields);
    fields[GOODS] = (mw_field){{"item", 4}, MW_TYPE_TEXT};
    later.source = source(world, "seen + 48us");
    for (size_t i = 0; i < HAPPENING; i++) {
        draw_fields(world, i, entered[i]);
        streams[i] =
            (mw_stream_declaration){.name = mw_str_of(source_names[i]),
                                    .columns = {i == 0 ? order_fields : fields, FIELDS},
                                    .fields = entered[i],
                                    .field_count = MW_WORLD_ENTERED,
                                    .time = source(world, "at"),
                                    .known = source(world, world->known[i]),
                                    .ids = id,
                                    .id_count = i == 1 && world->has_each ? 2 : i < WITH_ID,
                                    .laters = &later,
                                    .later_count = i == 1,
                                    .late_us = PICK(world, lates) * world->unit_us};
    }
    streams[HAPPENING] = (mw_stream_declaration){.name = mw_str_of(source_names[HAPPENING]),
                                                 .columns = {fields, FIELDS},
                                                 .time = source(world, "always")};
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
    world->model = mw_program_find_model(world->program, MW_STR("model"));
}

/* A moment, and when its orders are known: it may not be before. */
typedef struct {
    const char *text, *orders_known;
} moment_draft;

static moment_draft random_moment(mw_world *world, bool may_look_at_all_past) {
    static const moment_draft moments[] = {{"on orders", "seen"},
                                           {"on orders", "time"},
                                           {"on orders", "time + 10us"},
                                           {"on orders", "time - 300us"},
                                           {"on orders at time + 60us", "seen"},
                                           {"on orders at time - 40us", "time - 50us"}};
    static const moment_draft of_each[] = {
        {"on orders each goods as item", "seen"},
        {"on orders each goods as item", "time + 10us"},
        {"on orders each goods as item at time + 60us", "seen"},
        {"on orders each goods as item at time - 40us", "time - 50us"}};
    static const moment_draft scheduled[] = {
        {"every 96us for who of orders over 288us", "seen"},
        {"every 96us for who, shop of views over 480us where count(pays by who over 288us) > 1",
         "seen"},
        {"every 192us for who of views over 480us where x > 0 or f0 != \"a\"", "time + 10us"},
        {"every 96us for id of orders over 480us", "seen"},
        {"every 192us for shop of pays over 480us where looked > 0 or found = \"a\"", "time"}};
    static const moment_draft of_clocks[] = {
        {"every 1d at \"02:30\" for who of orders over 288us", "seen"},
        {"every 1w at \"sun 00:15\" for who, shop of views over 960us where x > 0", "seen"},
        {"every 3d at \"01:45\" for id of orders over 480us", "time + 10us"},
        {"every 6h for shop of pays over 96us", "seen"}};
    static const moment_draft of_all_past[] = {
        {"every 240us for who, shop of orders", "seen"},
        {"every 192us for tag of views where count(views by tag over 288us) > 1", "seen"}};
    static const moment_draft with_ahead[] = {
        {"every 240us for shop of orders over 912us ahead 48us..144us", "time"},
        {"every 120us for who of pays over 288us ahead 48us..96us", "seen"}};
    if (world->has_ahead) return PICK(world, with_ahead);
    if (world->has_schedule && may_look_at_all_past && one_in(world, 4))
        return PICK(world, of_all_past);
    if (world->has_schedule && is_of_months(world) && one_in(world, 2))
        return PICK(world, of_clocks);
    if (world->has_schedule) return PICK(world, scheduled);
    return world->has_each ? PICK(world, of_each) : PICK(world, moments);
}

/* Another model of the same features: of any kind that can have these, where its orders are known
   in time. */
static void draw_other(mw_world *world, mw_world_config config, mw_model_declaration *out_other) {
    static const char *const of_others[] = {"on pays", "on pays at time + 60us", "on views",
                                            "on views at time + 9us"};
    bool has_schedule = world->has_schedule;
    if (!world->has_each && !world->has_ahead) world->has_schedule = one_in(world, 2);
    moment_draft moment = random_moment(world, config.may_look_at_all_past);
    while (strstr(moment.text, "time - ") && !strstr(world->known[0], "time - "))
        moment = random_moment(world, config.may_look_at_all_past);
    if (!world->has_each && !world->has_schedule && one_in(world, 2))
        moment.text = of_others[below(world, world->may_be_of_views ? 4 : 2)];
    out_other->moment = source(world, moment.text);
    world->is_of_views = strncmp(moment.text, "on views", 8) == 0;
    world->is_of_pays = strncmp(moment.text, "on pays", 7) == 0;
    out_other->label = (mw_source){random_label(world), {1, 1}};
    world->is_of_views = world->is_of_pays = false;
    world->has_schedule = has_schedule;
}

/* Up to two others, before and after the one that is asked about. */
static size_t draw_models(mw_world *world, mw_world_config config, const char *moment,
                          mw_model_declaration *out_models) {
    static const char *const names[] = {"one", "two"};
    size_t count = 1 + (world->has_others ? 1 + below(world, MODELS_MAX - 1) : 0);
    size_t mine = below(world, count), other = 0;
    for (size_t i = 0; i < count; i++) {
        out_models[i] = (mw_model_declaration){.name = MW_STR("model"),
                                               .moment = source(world, moment)};
        if (i == mine) {
            out_models[i].label = (mw_source){random_label(world), {1, 1}};
            continue;
        }
        out_models[i].name = mw_str_of(names[other++]);
        draw_other(world, config, &out_models[i]);
    }
    return count;
}

/* The moments of some streams must not come before their events are known. */
static void draw_known(mw_world *world, const char *orders_known) {
    static const char *const knowns[] = {"seen", "seen", "seen", "time", "time + 10us",
                                         "time - 50us", "time - 300us"};
    for (size_t i = 0; i < HAPPENING; i++)
        world->known[i] = i == 0 ? orders_known : PICK(world, knowns);
}

/* Of months: the clocks change in February and March, by an hour or a half, at midnight or at half
   past; or never, at half hours and quarters from UTC. */
static const mw_zone *random_zone(mw_world *world) {
    static const char *const rules[] = {
        "UTC0SUM-1,M3.5.0/1,M2.2.0/2",   "AAA-10:30BBB-11,M3.4.0,M2.2.0",
        "AAA5BBB,M3.2.0/0,M2.2.0/0:30",  "AAA3:30BBB2:30,M3.4.0/0,M2.2.0/0",
        "AAA3:30BBB3,M3.4.0/1,M2.2.0/2", "IST-5:30",
        "NPT-5:45"};
    if (!is_of_months(world)) return mw_zone_utc();
    return mw_test_zone_of_table(&world->zone_arena, PICK(world, rules));
}

static void declare(mw_world *world, mw_world_config config) {
    moment_draft moment = random_moment(world, config.may_look_at_all_past);
    mw_stream_declaration streams[SOURCES];
    mw_named_source entered[HAPPENING][MW_WORLD_ENTERED];
    draw_known(world, moment.orders_known);
    declare_streams(world, streams, entered);
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
    if (one_in(world, 2)) features[1].source = source(world, PICK(world, vectors));
    static const char *const for_keys[] = {"last(pays.shop by who over 300us)",
                                           "last(pays.shop by who over 300us since views)"};
    static const char *const for_later_keys[] = {
        "top(views.shop by shop = f0 over 912us)",
        "coalesce(last(orders.who by shop = f0 over 288us every 24us), shop)",
        "first(pays.shop where x > now.x by who = last(views.who by tag over 288us) over 996us)"};
    features[0].source = source(world, for_keys[0]);
    if (!world->waits_for_nothing) {
        features[0].source = source(world, PICK(world, for_keys));
        features[2].source = source(world, PICK(world, for_later_keys));
    }
    static const char *const of_all[] = { /* those that look across the moments of one event */
        "sum(views.x by item over 1992us)", "f8 / max(f8 within moment)",
        "std(f8 * f9 within moment) + mean(f9 within moment)",
        "count(f8 within moment) + var(time - at within moment) + min(length(goods), 1)",
        "any(f9 > 0.5 and item != tag within moment)",
        "f10 - min(x - min(f8 within moment) + sum(pays.y by item over 300us) within moment)",
        "quantile(0.4)(f8 within moment) - quantile(1)(x * f9 - 3 within moment)",
        "distinct(f8 within moment) + distinct(f17 within moment)",
        "all(f8 > 0 within moment)", "last(pays.shop by item over 1992us)",
        "top(f17 within moment)", "top(floor(f8) within moment)"};
    for (size_t i = 0; world->has_each && i < sizeof of_all / sizeof *of_all; i++)
        features[8 + i].source = source(world, of_all[i]);
    mw_model_declaration models[MODELS_MAX];
    size_t model_count = draw_models(world, config, moment.text, models);
    compile(world, &(mw_declarations){.zone = random_zone(world),
                                      .streams = streams,
                                      .stream_count = SOURCES,
                                      .features = features,
                                      .feature_count = feature_count,
                                      .models = models,
                                      .model_count = model_count});
}

static mw_cell random_number(mw_world *world) {
    static const double odd[] = {1e300, -1e300, 0x1p63, -0x1p63, 0x1p62, 1e-30, 0x1p-81,
                                 0x1.8p-80, -0x1p-80, 0.1, -0.3, 1e17};
    static const double usual[] = {0x1.8p35, -1e10, 0x1p-28, -0x1.8p-27, 0.1, -0.3};
    bool is_usual = world->is_usual && !one_in(world, 200);
    if (!is_usual && one_in(world, 6)) return mw_cell_number(NAN);
    if (one_in(world, 5))
        return mw_cell_number(is_usual ? PICK(world, usual) : PICK(world, odd));
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
                stands = event.replaced &&
                         mw_table_row(&of_stream->rows, of_stream->corrections[i].row) == event.row;
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
    bool has_item = world->has_each && event->stream != ORDERS; /* part of a pay's id */
    if (has_item) row[GOODS] = other.row[GOODS];
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

/* Within hours of a change of the clocks, at the half hour too, if they ever change. */
static int64_t near_change(mw_world *world, int64_t at) {
    const mw_zone *zone = world->program->zone;
    int64_t change = mw_zone_last_change_us(zone, MW_WORLD_TIME_MAX * world->unit_us);
    if (one_in(world, 2)) change = mw_zone_last_change_us(zone, change - 1);
    return change > 0 ? change + ((int64_t)below(world, 12) - 6) * 30 * MW_MINUTE_US : at;
}

static void add_event(mw_world *world, int32_t stream, mw_world_config config) {
    size_t number_max = config.event_count / ORDERS_PER_NUMBER + 1;
    size_t number = world->events.streams[stream].rows.row_count;
    int64_t at = (int64_t)below(world, MW_WORLD_TIME_MAX), unit = world->unit_us;
    int64_t lag = one_in(world, 2) ? 0 : (int64_t)below(world, one_in(world, 4) ? 400 : 40);
    if (!one_in(world, 4)) { /* so that most times meet others */
        at -= at % TICK;
        lag -= lag % TICK;
    }
    if (one_in(world, 8)) lag = -(int64_t)below(world, 300);
    at *= unit;
    if (one_in(world, 4)) at = near_change(world, at);
    if (one_in(world, 8)) at += (int64_t)below(world, (size_t)unit);
    mw_cell row[CELLS]; /* drawn one by one: an initializer has no order that all share */
    row[AT] = mw_cell_time(at);
    row[KNOWN] = mw_cell_time(at + lag * unit);
    row[NO] = mw_cell_number((double)(config.has_corrections ? number : below(world, number_max)));
    row[WHO] = random_text(world, config.has_one_key ? 1 : PEOPLE);
    row[SHOP] = random_text(world, config.has_one_key ? 1 : SHOPS);
    row[X] = random_number(world);
    row[Y] = random_number(world);
    row[TAG] = random_text(world, 5);
    row[GOODS] = (mw_cell){.symbol = 0};
    if (world->has_each)
        row[GOODS] = stream == ORDERS ? random_goods(world) : random_text(world, 5);
    row[Z] = random_number(world);
    row[LOOKED] = random_number(world); /* whoever has an entrance puts in what they are */
    row[FOUND] = random_text(world, 5);
    mw_cell cells[CELLS];
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
    const mw_schema *schemas[STREAMS + MODELS_MAX];
    MW_CHECK(count >= STREAMS && count <= sizeof schemas / sizeof *schemas);
    for (size_t i = 0; i < count; i++) schemas[i] = &world->program->streams[i].schema;
    MW_CHECK_OK(mw_events_init(out_events, schemas, count, NULL), NULL);
}

static void create(mw_world *world, uint64_t seed, mw_world_config config) {
    static const int32_t streams[] = {ORDERS,     ORDERS, ORDERS, PAYS,  PAYS,
                                      PAYS_LATER, VIEWS,  VIEWS,  PLACES};
    world->prng = mw_hash_u64(seed); /* apart from what the test itself draws by it */
    world->unit_us = one_in(world, 3) ? MW_HOUR_US : 1;
    world->has_ahead = world->has_schedule && one_in(world, 4);
    world->has_others = one_in(world, 2);
    world->may_be_of_views = world->has_others && one_in(world, 2);
    mw_arena_init(&world->arena, ARENA_SIZE);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &world->symbols, NULL), NULL);
    declare(world, config);
    world->is_usual = one_in(world, 2);
    mw_world_init_events(world, &world->events);
    for (size_t i = 0; i < config.event_count; i++)
        add_event(world, PICK(world, streams), config);
    MW_CHECK_OK(mw_events_sort(&world->events, NULL), NULL);
}

void mw_world_create(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){0};
    create(world, seed, config);
}

void mw_world_create_plain(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.waits_for_nothing = true};
    create(world, seed, config);
}

void mw_world_create_each(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.has_each = true};
    create(world, seed, config);
}

void mw_world_create_plain_each(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.waits_for_nothing = true, .has_each = true};
    create(world, seed, config);
}

void mw_world_create_scheduled(mw_world *world, uint64_t seed, mw_world_config config) {
    *world = (mw_world){.has_schedule = true};
    create(world, seed, config);
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
    mw_arena_release(&world->zone_arena);
}
