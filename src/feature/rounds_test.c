#include "feature/rounds.h"

#include "base/prng.h"
#include "feature/course.h"
#include "feature/oracle.h"
#include "testing/declare.h"
#include "testing/test.h"

#include <string.h>

/* Visits of people to shops; a beat every hour, for whom there was a visit in a day and who has
   spent something; two moments each. `mood` is no key: it is that of the last visit. */
static const char shop[] =
    "stream visits\n"
    "  columns: who category, shop category, paid number, mood text, at time, seen time\n"
    "  time: at\n"
    "  known: seen\n"
    "stream pays\n"
    "  columns: who category, paid number, at time\n"
    "  time: at\n"
    "feature spent: sum(visits.paid by who over 5h)\n"
    "feature mood: mood\n"
    "feature alike: count(visits by mood over 3h)\n"
    "feature far: ahead / 1h + hour(time) + count(visits by who over 4h ago 3h - ahead)\n"
    "feature idle: since(visits by who, shop)\n"
    "feature same: count(visits where mood = now.mood and at > now.time - 2h by who over 5h)\n"
    "feature more: sum(visits.paid - now.paid by mood = now.mood over 6h)\n"
    "model m\n"
    "  moment: every 1h for who, shop of visits over 7h where spent > 1 ahead 1h..2h\n"
    "  label: any(pays where paid > 2 by who over next 2h after ahead - 1h) "
    "unless any(pays by who over next 1m)\n";

enum { VISITS, PAYS, STREAMS, EVENTS = 500, FEATURES = 7, KEYS = 12, STEPS_MAX = 20000 };
#define END (72 * MW_HOUR_US)

typedef struct {
    int64_t t;
    mw_cell row[4], features[FEATURES];
    mw_label label;
} taken;

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_events events;
    uint64_t prng;
    taken *found, *expected;
    size_t found_count, expected_count;
} fixture;

static mw_cell draw_text(fixture *f, size_t count) {
    static const char *const texts[] = {"a", "b", "c", "d"};
    if (mw_prng_below(&f->prng, 10) == 0) return (mw_cell){.symbol = 0};
    return (mw_cell){.symbol = mw_symbols_intern(
                         f->symbols, mw_str_of(texts[mw_prng_below(&f->prng, count)]))};
}

static void add_event(fixture *f) {
    int64_t at = (int64_t)mw_prng_below(&f->prng, (uint64_t)(END / MW_MINUTE_US / 10)) * 10;
    at *= MW_MINUTE_US; /* often at a beat */
    int64_t lag = (int64_t)mw_prng_below(&f->prng, 4) * 30 * MW_MINUTE_US - 30 * MW_MINUTE_US;
    mw_cell paid = mw_cell_number((double)mw_prng_below(&f->prng, 5));
    mw_cell visit[] = {draw_text(f, 4), draw_text(f, 3),  paid, draw_text(f, 2),
                       {.time = at},    {.time = at + lag}};
    mw_cell pay[] = {draw_text(f, 4), paid, {.time = at}};
    int32_t stream = mw_prng_below(&f->prng, 3) == 0 ? PAYS : VISITS;
    mw_frame frame = {.row = stream == PAYS ? pay : visit, .symbols = f->symbols};
    mw_cell cells[6];
    mw_event event;
    MW_CHECK(mw_stream_event(f->program, stream, &frame, cells, &event));
    MW_CHECK_OK(mw_events_add(&f->events, &event, NULL), NULL);
}

static void set_up(fixture *f, uint64_t seed) {
    const mw_schema *schemas[3];
    *f = (fixture){.prng = seed};
    mw_arena_init(&f->arena, 64 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, shop);
    MW_CHECK_EQUAL_INT(f->program->stream_count, 3);
    for (size_t i = 0; i < 3; i++) schemas[i] = &f->program->streams[i].schema;
    MW_CHECK_OK(mw_events_init(&f->events, schemas, 3, NULL), NULL);
    for (size_t i = 0; i < EVENTS; i++) add_event(f);
    MW_CHECK_OK(mw_events_sort(&f->events, NULL), NULL);
    f->found = mw_arena_alloc(&f->arena, STEPS_MAX, sizeof *f->found);
    f->expected = mw_arena_alloc(&f->arena, STEPS_MAX, sizeof *f->expected);
    MW_CHECK(f->found && f->expected);
}

static void tear_down(fixture *f) {
    mw_events_release(&f->events);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static void keep(fixture *f, const mw_step *step) {
    if (step->kind == MW_DUE_LABEL) {
        f->found[step->number].label = step->label;
        return;
    }
    MW_CHECK(step->number == f->found_count && f->found_count < STEPS_MAX);
    taken *one = &f->found[f->found_count++];
    MW_CHECK(step->place == step->moment.t && step->moment.place == step->moment.t);
    one->t = step->moment.t;
    memcpy(one->row, step->moment.row, sizeof one->row);
    memcpy(one->features, step->features, sizeof one->features);
}

static void run_replay(fixture *f) {
    mw_replay_config config = {.program = f->program, .model = &f->program->models[0],
                               .events = &f->events,  .symbols = f->symbols,
                               .from = INT64_MIN,     .to = INT64_MAX,
                               .now = INT64_MAX,      .with_label = true};
    mw_replay *replay;
    MW_CHECK_OK(mw_replay_create(config, &replay, NULL), NULL);
    for (bool is_done = false; !is_done;) {
        mw_step step;
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (!is_done) keep(f, &step);
    }
    mw_replay_destroy(replay);
}

/* Asks the oracle about everybody at every hour. */
static void ask_oracle(fixture *f) {
    const mw_model_program *model = &f->program->models[0];
    mw_oracle oracle = {f->program, model, &f->events, f->symbols};
    int64_t last = mw_events_at(&f->events, f->events.event_count - 1).place;
    for (int64_t t = -MW_DAY_US; t <= last; t += MW_HOUR_US) {
        for (size_t key = 0; key < KEYS * 2; key++) {
            static const char *const texts[] = {"a", "b", "c", "d"};
            size_t who = key / 2 / 3, where = key / 2 % 3;
            taken one = {.t = t};
            one.row[0].symbol = mw_symbols_intern(f->symbols, mw_str_of(texts[who]));
            one.row[1].symbol = mw_symbols_intern(f->symbols, mw_str_of(texts[where]));
            one.row[2].time = t;
            one.row[3].time = (int64_t)(key % 2 + 1) * MW_HOUR_US;
            mw_moment moment = {t, t, one.row};
            bool takes = false;
            MW_CHECK_OK(mw_oracle_features(&oracle, &moment, one.features, NULL), NULL);
            MW_CHECK_OK(mw_oracle_takes(&oracle, &moment, one.features, &takes, NULL), NULL);
            if (!takes) continue;
            MW_CHECK_OK(mw_oracle_label(&oracle, &moment, &one.label, NULL), NULL);
            f->expected[f->expected_count++] = one;
        }
    }
}

MW_TEST(scheduled_moments_are_those_that_the_oracle_takes) {
    size_t moments = 0, dropped = 0;
    for (uint64_t number = 0; number < 6; number++) {
        fixture f;
        set_up(&f, mw_test_seed() * 1000 + number);
        run_replay(&f);
        ask_oracle(&f);
        MW_CHECK_EQUAL_INT(f.found_count, f.expected_count);
        for (size_t i = 0; i < f.found_count; i++) {
            const taken *a = &f.found[i], *b = &f.expected[i];
            MW_CHECK_EQUAL_INT(a->t, b->t);
            MW_CHECK(memcmp(a->row, b->row, sizeof a->row) == 0);
            MW_CHECK(memcmp(a->features, b->features, sizeof a->features) == 0);
            MW_CHECK(a->label.value.bits == b->label.value.bits);
            MW_CHECK(a->label.is_dropped == b->label.is_dropped);
            dropped += a->label.is_dropped;
        }
        moments += f.found_count;
        tear_down(&f);
    }
    MW_CHECK(moments > 1000 && dropped > 5);
}

static mw_course *new_course(const fixture *f) {
    mw_course_config config = {.engine = {.program = f->program,
                                          .model = &f->program->models[0],
                                          .symbols = f->symbols,
                                          .with_label = true},
                               .from = INT64_MIN,
                               .to = INT64_MAX};
    mw_course *course = NULL;
    MW_CHECK_OK(mw_course_create(config, &course, NULL), NULL);
    return course;
}

static mw_course *start_again(const fixture *f, mw_course *course) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 24);
    MW_CHECK_OK(mw_course_save(course, &bytes, NULL), NULL);
    mw_course_destroy(course);
    mw_course *again = new_course(f);
    MW_CHECK_OK(mw_course_load(again, mw_buf_str(&bytes), NULL), NULL);
    mw_buf_release(&bytes);
    return again;
}

/* Event by event, and from its bytes again now and then, a course takes the steps of a replay. */
MW_TEST(scheduled_moments_are_the_same_live_and_after_a_restart) {
    fixture f, live;
    set_up(&f, mw_test_seed());
    set_up(&live, mw_test_seed());
    run_replay(&f);
    mw_course *course = new_course(&live);
    int64_t end = mw_events_at(&live.events, live.events.event_count - 1).place;
    for (size_t i = 0; i <= live.events.event_count; i++) {
        bool is_end = i == live.events.event_count, is_found = true;
        int64_t place = is_end ? end : mw_events_at(&live.events, i).place - 1;
        while (is_found) {
            mw_step step;
            MW_CHECK_OK(mw_course_next(course, place, &step, &is_found, NULL), NULL);
            if (is_found) keep(&live, &step);
        }
        if (is_end) break;
        mw_event event = mw_events_at(&live.events, i);
        MW_CHECK_OK(mw_course_event(course, &event, NULL), NULL);
        if (i % 50 == 7) course = start_again(&live, course);
    }
    mw_course_destroy(course);
    MW_CHECK(f.found_count > 100);
    MW_CHECK_EQUAL_INT(live.found_count, f.found_count);
    for (size_t i = 0; i < f.found_count; i++) {
        MW_CHECK_EQUAL_INT(live.found[i].t, f.found[i].t);
        MW_CHECK(memcmp(live.found[i].row, f.found[i].row, sizeof f.found[i].row) == 0);
        MW_CHECK(memcmp(live.found[i].features, f.found[i].features,
                        sizeof f.found[i].features) == 0);
    }
    tear_down(&f);
    tear_down(&live);
}
