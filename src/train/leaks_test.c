#include "train/leaks.h"

#include "base/prng.h"
#include "testing/declare.h"
#include "testing/test.h"

/* Two leaks are planted: `slow` says the answer half an hour before the question, but is known a
   day later; `own` says it in time, but of the very instance that is asked about. */
static const char world[] = "stream asks\n"
                            "  columns: at time, ask number, weight number\n"
                            "  time: at\n"
                            "  id: ask\n"
                            "stream slow\n"
                            "  columns: at time, ask number, answer number\n"
                            "  time: at\n"
                            "  known: time + 1d\n"
                            "stream own\n"
                            "  columns: at time, ask number, answer number\n"
                            "  time: at\n"
                            "  id: ask\n"
                            "feature weight: weight\n"
                            "feature slow: last(slow.answer by ask over 2h)\n"
                            "feature own: last(own.answer by ask over 2h)\n"
                            "model answer\n"
                            "  moment: on asks\n"
                            "  label: last(own.answer by id over next 1h) > 0\n";

enum { ASKS = 300, ASK_STREAM = 0, SLOW_STREAM, OWN_STREAM, STREAMS };

static void add(mw_events *events, int32_t stream, int64_t time, int64_t known,
                const double said[2]) {
    mw_cell row[3] = {mw_cell_time(time), mw_cell_number(said[0]), mw_cell_number(said[1])};
    mw_event event = {.stream = stream, .time = time, .known = known, .place = known, .row = row};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

static void ask_all(const mw_program *program, mw_events *out_events) {
    const mw_schema *schemas[STREAMS];
    for (size_t s = 0; s < STREAMS; s++) schemas[s] = &program->streams[s].schema;
    MW_CHECK_OK(mw_events_init(out_events, schemas, STREAMS, NULL), NULL);
    uint64_t prng = mw_test_seed();
    for (int i = 0; i < ASKS; i++) {
        int64_t t = (i + 1) * MW_HOUR_US, before = t - 30 * MW_MINUTE_US;
        double answer = i < 2 ? i : (double)mw_prng_below(&prng, 2);
        add(out_events, ASK_STREAM, t, t, (double[]){i, (double)mw_prng_below(&prng, 100)});
        add(out_events, SLOW_STREAM, before, before + MW_DAY_US, (double[]){i, answer});
        add(out_events, OWN_STREAM, before, before, (double[]){i, answer});
        add(out_events, OWN_STREAM, t + MW_MINUTE_US, t + MW_MINUTE_US, (double[]){i, answer});
    }
    MW_CHECK_OK(mw_events_sort(out_events, NULL), NULL);
}

MW_TEST(leaks_planted_ones_stand_out_by_name) {
    mw_test_project project = mw_test_compile(world);
    mw_events events;
    ask_all(project.program, &events);
    mw_replay_config config = {.program = project.program,
                               .model = project.model,
                               .events = &events,
                               .symbols = project.symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .now = INT64_MAX};
    mw_leak leaks[3];
    size_t count;
    mw_error err;
    MW_CHECK_OK(mw_leaks_measure(config, NULL, NULL, leaks, &count, &err), &err);
    MW_CHECK_EQUAL_INT(count, ASKS);
    MW_CHECK(mw_leak_gain(&leaks[0]) == 0 && leaks[0].changed[MW_CHEAT_EVENT_TIME] == 0 &&
             leaks[0].changed[MW_CHEAT_OWN_EVENTS] == 0);
    const mw_leak *slow = &leaks[1], *own = &leaks[2];
    MW_CHECK(slow->auc[MW_CHEAT_NONE] == 0.5 && slow->auc[MW_CHEAT_EVENT_TIME] == 1 &&
             slow->changed[MW_CHEAT_EVENT_TIME] == 1 && slow->changed[MW_CHEAT_OWN_EVENTS] == 0);
    MW_CHECK(own->auc[MW_CHEAT_NONE] == 0.5 && own->auc[MW_CHEAT_OWN_EVENTS] == 1 &&
             own->changed[MW_CHEAT_OWN_EVENTS] == 1 && own->changed[MW_CHEAT_EVENT_TIME] == 0);
    MW_CHECK(mw_leak_gain(slow) == 0.5 && mw_leak_gain(own) == 0.5);
    config.now = 0; /* nothing has matured: there is nothing to compare with */
    MW_CHECK_STATUS(mw_leaks_measure(config, NULL, NULL, leaks, &count, &err), MW_INVALID);
    mw_events_release(&events);
    mw_test_project_release(&project);
}
