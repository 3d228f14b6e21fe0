#include "feature/edges.h"

#include "base/prng.h"
#include "feature/oracle.h"
#include "feature/replay.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/zones.h"

MW_TEST(edges_are_those_of_the_moment_whatever_came_before) {
    mw_arena arena, of_zone;
    mw_arena_init(&arena, 1 << 20);
    const mw_zone *zone = mw_test_zone(&of_zone, "LHST-10:30LHDT-11,M10.1.0,M4.1.0");
    static const mw_tick hour = {MW_TICK_SPAN, MW_HOUR_US}, day = {MW_TICK_SPAN, MW_DAY_US};
    const mw_edge_plan plans[] = {{hour, -3, false}, {day, 0, false}, {day, 0, true},
                                  {day, 2, true}, {{MW_TICK_MONTH, 0}, -1, false}};
    enum { COUNT = sizeof plans / sizeof *plans };
    mw_edges edges;
    MW_CHECK_OK(mw_edges_init(&edges, plans, COUNT, zone, &arena, NULL), NULL);
    uint64_t prng = mw_test_seed();
    int64_t t = mw_civil_to_us((mw_civil){.year = 2013, .month = 1, .day = 1});
    size_t clipped = 0;
    for (size_t i = 0; i < 20000; i++) {
        int64_t step = (int64_t)mw_prng_below(&prng, 100) * MW_MINUTE_US;
        t += mw_prng_below(&prng, 8) == 0 ? -step : step;
        mw_edges_set(&edges, t);
        for (size_t e = 0; e < COUNT; e++) {
            int64_t expected = mw_tick_step(plans[e].tick, zone, t, plans[e].steps);
            if (plans[e].is_ahead && expected < t) {
                expected = t;
                clipped++;
            }
            MW_CHECK_EQUAL_INT(edges.times[e], expected);
        }
    }
    MW_CHECK(clipped > 10000);
    mw_arena_release(&of_zone);
    mw_arena_release(&arena);
}

/* ---- Windows over the changes of the clocks ---- */

static const char project[] =
    "stream orders\n  columns: at time, seen time, no number, key number, x number\n"
    "  time: at\n  known: seen\n  id: no\n"
    "stream views\n  columns: at time, seen time, no number, key number, x number\n"
    "  time: at\n  known: seen\n"
    "feature a: sum(views.x by key over {1d, 2d, 7d} aligned day)\n"
    "feature b: count(views by key over 1d ago 7d aligned day)\n"
    "feature c: max(views.x by key over 7d aligned week)\n"
    "feature d: mean(views.x by key over 30d aligned month)\n"
    "feature e: count(orders by key over 24h aligned hour)\n"
    "feature f: last(views.x by key over 12h every 6h)\n"
    "feature g: count(views by key over next 1d aligned day)\n"
    "feature h: count(views by key over next 2d after 1d aligned day)\n"
    "feature i: since(views by key every 1d)\n"
    "feature j: sum(views.x by key over 7d since orders aligned day)\n"
    "model m\n  moment: on orders\n"
    "  label: sum(views.x by key over next 1d aligned day) + count(views by key over 1d aligned "
    "day)\n";
/* Where the clocks change by half an hour, an hour lasts for one half or three, and what begins
   with the next may begin in the midst of this one. */
static const char hours[] =
    "stream orders\n  columns: at time, seen time, no number, key number, x number\n"
    "  time: at\n  known: seen\n  id: no\n"
    "stream views\n  columns: at time, seen time, no number, key number, x number\n"
    "  time: at\n  known: seen\n"
    "feature a: count(views by key over next 2h after 1h aligned hour)\n"
    "feature b: sum(views.x by key over next 1h after 1h every 1h)\n"
    "feature c: max(views.x by key over next 90m after 30m every 30m)\n"
    "feature d: count(views by key over next 3h after 2h aligned hour)\n"
    "feature e: sum(views.x by key over next 12h after 6h every 6h)\n"
    "feature f: sum(views.x by key over {1h, 2h, 3h} aligned hour)\n"
    "feature g: count(views by key over 90m every 30m)\n"
    "feature h: last(views.x by key over 2h ago 1h every 1h)\n"
    "feature i: any(views by key over next 1h aligned hour)\n"
    "feature j: mean(views.x by key over 1d since orders every 1h)\n"
    "model m\n  moment: on orders\n"
    "  label: sum(views.x by key over next 2h after 1h every 1h)\n";
enum { ROWS = 480, FEATURES = 12, DAYS = 50, DAYS_OF_HOURS = 2 };

/* Where and for how many days. */
typedef struct {
    int64_t from;
    uint64_t days;
} season;

static void add_row(mw_events *events, int32_t stream, season in, int64_t number,
                    uint64_t *prng) {
    int64_t from = in.from, step = in.days == DAYS ? 30 : 5;
    int64_t minutes =
        (int64_t)mw_prng_below(prng, in.days * 24 * 60 / (uint64_t)step) * step;
    int64_t at = from + minutes * MW_MINUTE_US;
    int64_t seen = at + ((int64_t)mw_prng_below(prng, 100) - 20) * MW_MINUTE_US;
    mw_cell row[] = {mw_cell_time(at), mw_cell_time(seen), mw_cell_number((double)number),
                     mw_cell_number((double)mw_prng_below(prng, 2)),
                     mw_cell_number((double)mw_prng_below(prng, 1000))};
    mw_event event = {.stream = stream, .time = at, .known = seen, .place = seen, .row = row};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

/* Each order is a moment. */
static size_t compare_all(const mw_program *program, mw_symbols *symbols, mw_events *events) {
    mw_replay_config config = {.program = program, .model = &program->models[0],
                               .events = events, .symbols = symbols, .from = INT64_MIN,
                               .to = INT64_MAX, .now = INT64_MAX, .with_label = true};
    mw_oracle oracle = {program, config.model, events, symbols};
    mw_replay *replay;
    MW_CHECK_OK(mw_replay_create(config, &replay, NULL), NULL);
    size_t compared = 0;
    for (;;) {
        mw_step step;
        bool is_done = false;
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (is_done) break;
        if (step.kind != MW_DUE_LABEL) continue;
        mw_cell features[FEATURES];
        mw_label label;
        MW_CHECK_OK(mw_oracle_features(&oracle, &step.moment, features, NULL), NULL);
        for (size_t i = 0; i < FEATURES; i++)
            MW_CHECK_EQUAL_INT(step.features[i].bits, features[i].bits);
        MW_CHECK_OK(mw_oracle_label(&oracle, &step.moment, &label, NULL), NULL);
        MW_CHECK_EQUAL_INT(step.label.value.bits, label.value.bits);
        compared++;
    }
    mw_replay_destroy(replay);
    return compared;
}

static size_t compare_season(const char *text, const char *rule, season in, uint64_t *prng) {
    mw_arena arena, of_zone;
    mw_arena_init(&arena, 1 << 22);
    mw_declarations declarations = mw_test_declare(&arena, text);
    declarations.zone = mw_test_zone(&of_zone, rule);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 16, &symbols, NULL), NULL);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &arena);
    const mw_program *program;
    MW_CHECK_OK(mw_program_compile(&declarations, &arena, symbols, &diagnostics, &program), NULL);
    MW_CHECK_EQUAL_INT(program->models[0].feature_count, FEATURES);
    const mw_schema *schemas[] = {&program->streams[0].schema, &program->streams[1].schema};
    mw_events events;
    MW_CHECK_OK(mw_events_init(&events, schemas, 2, NULL), NULL);
    for (int64_t row = 0; row < ROWS; row++)
        add_row(&events, row % 4 == 0 ? 0 : 1, in, row, prng);
    MW_CHECK_OK(mw_events_sort(&events, NULL), NULL);
    size_t compared = compare_all(program, symbols, &events);
    mw_events_release(&events);
    mw_symbols_destroy(symbols);
    mw_arena_release(&of_zone);
    mw_arena_release(&arena);
    return compared;
}

static int64_t day_of_2013(int month, int day) {
    return mw_civil_to_us((mw_civil){.year = 2013, .month = month, .day = day});
}

MW_TEST(edges_stand_where_the_oracle_sees_them_when_clocks_change) {
    static const char *const rules[] = {"EST5EDT,M3.2.0,M11.1.0", "CST5CDT,M3.2.0/0,M11.1.0/1",
                                        "AAA3BBB,M11.1.0/0,M3.2.0/0"};
    static const int months[] = {2, 10}; /* the clocks change in the middle */
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < 6; i++) {
        season in = {day_of_2013(months[i % 2], 14), DAYS};
        MW_CHECK(compare_season(project, rules[i / 2], in, &prng) > ROWS / 8);
    }
}

MW_TEST(edges_stand_where_the_oracle_sees_them_when_clocks_change_by_half_an_hour) {
    static const char half[] = "LHST-10:30LHDT-11,M10.1.0,M4.1.0";
    static const char whole[] = "EST5EDT,M3.2.0,M11.1.0";
    uint64_t prng = mw_test_seed();
    for (size_t i = 0; i < 4; i++) {
        season halves[] = {{day_of_2013(4, 6), DAYS_OF_HOURS}, {day_of_2013(10, 5), DAYS_OF_HOURS}};
        season wholes[] = {{day_of_2013(3, 9), DAYS_OF_HOURS}, {day_of_2013(11, 2), DAYS_OF_HOURS}};
        MW_CHECK(compare_season(hours, half, halves[i % 2], &prng) > ROWS / 8);
        MW_CHECK(compare_season(hours, whole, wholes[i % 2], &prng) > ROWS / 8);
    }
}
