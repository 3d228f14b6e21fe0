#include "train/leaks.h"

#include "base/prng.h"
#include "testing/declare.h"
#include "testing/test.h"

/* Two leaks are planted: `slow` says the answer half an hour before the question, but is known a
   day later; `own` says it in time, but of the very instance that is asked about. */
#define WORLD_AND_LABEL                                \
    "stream asks\n"                                    \
    "  columns: at time, ask number, weight number\n"  \
    "  time: at\n"                                     \
    "  id: ask\n"                                      \
    "stream slow\n"                                    \
    "  columns: at time, ask number, answer number\n"  \
    "  time: at\n"                                     \
    "  known: time + 1d\n"                             \
    "stream own\n"                                     \
    "  columns: at time, ask number, answer number\n"  \
    "  time: at\n"                                     \
    "  id: ask\n"                                      \
    "feature weight: weight\n"                         \
    "feature slow: last(slow.answer by ask over 2h)\n" \
    "feature own: last(own.answer by ask over 2h)\n"   \
    "feature said: case when own = 0 then 'nil' "      \
    "when own = 1 then 'one' else 'two' end\n"         \
    "model answer\n"                                   \
    "  moment: on asks\n"                              \
    "  label: "
#define ANSWER "last(own.answer by id over next 1h)"

enum { FEATURES = 4, ASKS = 300, ASK_STREAM = 0, SLOW_STREAM, OWN_STREAM, STREAMS };

static void add(mw_events *events, int32_t stream, int64_t time, int64_t known,
                const double said[2]) {
    mw_cell row[3] = {mw_cell_time(time), mw_cell_number(said[0]), mw_cell_number(said[1])};
    mw_event event = {.stream = stream, .time = time, .known = known, .place = known, .row = row};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

static void ask(const mw_program *program, int asks, mw_events *out_events) {
    const mw_schema *schemas[STREAMS];
    for (size_t s = 0; s < STREAMS; s++) schemas[s] = &program->streams[s].schema;
    MW_CHECK_OK(mw_events_init(out_events, schemas, STREAMS, NULL), NULL);
    uint64_t prng = mw_test_seed();
    for (int i = 0; i < asks; i++) {
        int64_t t = (i + 1) * MW_HOUR_US, before = t - 30 * MW_MINUTE_US;
        double answer = i < 3 ? i : (double)mw_prng_below(&prng, 3);
        add(out_events, ASK_STREAM, t, t, (double[]){i, (double)mw_prng_below(&prng, 100)});
        add(out_events, SLOW_STREAM, before, before + MW_DAY_US, (double[]){i, answer});
        add(out_events, OWN_STREAM, before, before, (double[]){i, answer});
        add(out_events, OWN_STREAM, t + MW_MINUTE_US, t + MW_MINUTE_US, (double[]){i, answer});
    }
    MW_CHECK_OK(mw_events_sort(out_events, NULL), NULL);
}

typedef struct {
    mw_test_project project;
    mw_events events;
    mw_replay_config config;
} world;

static void build(world *it, const char *text, int asks) {
    it->project = mw_test_compile(text);
    ask(it->project.program, asks, &it->events);
    it->config = (mw_replay_config){.program = it->project.program,
                                    .model = it->project.model,
                                    .events = &it->events,
                                    .symbols = it->project.symbols,
                                    .from = INT64_MIN,
                                    .to = INT64_MAX,
                                    .now = INT64_MAX};
}

static void destroy(world *it) {
    mw_events_release(&it->events);
    mw_test_project_release(&it->project);
}

static void check_planted(const char *text) {
    world it;
    build(&it, text, ASKS);
    mw_leak leaks[FEATURES];
    size_t count;
    mw_error err;
    MW_CHECK_OK(mw_leaks_measure(it.config, NULL, NULL, leaks, &count, &err), &err);
    MW_CHECK_EQUAL_INT(count, ASKS);
    MW_CHECK(mw_leak_gain(&leaks[0]) == 0 && leaks[0].changed[MW_CHEAT_EVENT_TIME] == 0 &&
             leaks[0].changed[MW_CHEAT_OWN_EVENTS] == 0);
    MW_CHECK(leaks[0].worth[MW_CHEAT_NONE] >= 0.5 && leaks[0].worth[MW_CHEAT_NONE] < 0.6);
    const mw_leak *slow = &leaks[1], *own = &leaks[2], *said = &leaks[3];
    MW_CHECK(slow->worth[MW_CHEAT_NONE] == 0.5 && slow->worth[MW_CHEAT_EVENT_TIME] == 1 &&
             slow->changed[MW_CHEAT_EVENT_TIME] == 1 && slow->changed[MW_CHEAT_OWN_EVENTS] == 0);
    MW_CHECK(own->worth[MW_CHEAT_NONE] == 0.5 && own->worth[MW_CHEAT_OWN_EVENTS] == 1 &&
             own->changed[MW_CHEAT_OWN_EVENTS] == 1 && own->changed[MW_CHEAT_EVENT_TIME] == 0);
    MW_CHECK(said->worth[MW_CHEAT_NONE] == 0.5 && said->worth[MW_CHEAT_OWN_EVENTS] == 1 &&
             said->changed[MW_CHEAT_OWN_EVENTS] > 0.5 && said->changed[MW_CHEAT_EVENT_TIME] == 0);
    MW_CHECK(mw_leak_gain(slow) == 0.5 && mw_leak_gain(own) == 0.5 && mw_leak_gain(said) == 0.5);
    destroy(&it);
}

static const char number_world[] = WORLD_AND_LABEL ANSWER "\n";
static const char class_world[] =
    WORLD_AND_LABEL "case when " ANSWER " = 0 then 'lost' when " ANSWER " = 1 then 'kept' "
                    "else 'sold' end\n";

/* A yes or no is what three answers come to, so that knowing all of them tells it too. */
MW_TEST(leaks_planted_ones_stand_out_by_name) {
    check_planted(WORLD_AND_LABEL ANSWER " > 0\n");
    check_planted(number_world);
    check_planted(class_world);
}

static void check_refused(const char *text, int64_t now, const char *message) {
    world it;
    build(&it, text, ASKS);
    it.config.now = now;
    mw_leak leaks[FEATURES];
    size_t count;
    mw_error err;
    MW_CHECK_STATUS(mw_leaks_measure(it.config, NULL, NULL, leaks, &count, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, message);
    destroy(&it);
}

/* At the beginning nothing has matured; and where all labels are the same none is told apart. */
MW_TEST(leaks_need_labels_that_differ) {
    check_refused(WORLD_AND_LABEL ANSWER " > 0\n", 0,
                  "leaks: needs examples of both classes, got 0 of 0 yes");
    check_refused(WORLD_AND_LABEL ANSWER " >= 0\n", INT64_MAX,
                  "leaks: needs examples of both classes, got 300 of 300 yes");
    check_refused(number_world, 0, "leaks: needs examples, got none of model answer");
    check_refused(class_world, 0, "leaks: needs examples, got none of model answer");
    check_refused(WORLD_AND_LABEL ANSWER " * 0 + 4\n", INT64_MAX,
                  "models.answer: all 300 labels to learn from are 4");
    check_refused(WORLD_AND_LABEL "case when " ANSWER " < 9 then 'kept' end\n", INT64_MAX,
                  "models.answer: all 300 labels to learn from are kept");
}

static mw_status measure(void *context) {
    const world *it = context;
    mw_leak leaks[FEATURES];
    size_t count;
    return mw_leaks_measure(it->config, NULL, NULL, leaks, &count, NULL);
}

MW_TEST(leaks_survive_each_failing_allocation) {
    const char *texts[] = {WORLD_AND_LABEL ANSWER " > 0\n", number_world, class_world};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        world it;
        build(&it, texts[i], 9);
        MW_CHECK(mw_test_every_allocation_fails(measure, &it) > 50);
        destroy(&it);
    }
}
