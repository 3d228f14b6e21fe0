#include "feature/engine.h"

#include "base/prng.h"
#include "feature/oracle.h"
#include "feature/replay.h"
#include "testing/test.h"
#include "testing/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORLDS = 80, EVENTS = 300, FEATURES_MAX = 64, EXAMPLES_MAX = 8192 };

/* A moment that a replay reported, with all that it told about it. */
typedef struct {
    mw_moment moment;
    mw_cell *features;
    mw_label label;
    bool has_label;
} example;

typedef struct {
    mw_world world;
    example *examples; /* in the order of their places */
    size_t count;
    uint64_t refused_moments;
} story;

static void copy_step(story *s, const mw_step *step) {
    if (step->kind == MW_DUE_LABEL) {
        s->examples[step->number].label = step->label;
        s->examples[step->number].has_label = true;
        return;
    }
    const mw_model_program *model = s->world.model;
    size_t field_count = s->world.program->streams[model->moment_stream].schema.field_count;
    mw_cell *row = mw_arena_alloc(&s->world.arena, field_count, sizeof *row);
    mw_cell *features =
        mw_arena_alloc(&s->world.arena, model->feature_count, sizeof *features);
    MW_CHECK(row && features && step->number == s->count && s->count < EXAMPLES_MAX);
    memcpy(row, step->moment.row, field_count * sizeof *row);
    memcpy(features, step->features, model->feature_count * sizeof *features);
    s->examples[s->count++] =
        (example){.moment = {step->moment.t, step->moment.place, row}, .features = features};
}

static void run_replay(story *s, const mw_events *events) {
    mw_replay_config config = {.program = s->world.program,
                               .model = s->world.model,
                               .events = events,
                               .symbols = s->world.symbols,
                               .from = INT64_MIN,
                               .to = INT64_MAX,
                               .now = INT64_MAX,
                               .with_label = true};
    mw_replay *replay;
    MW_CHECK_OK(mw_replay_create(config, &replay, NULL), NULL);
    s->examples =
        mw_arena_alloc(&s->world.arena, EXAMPLES_MAX, sizeof *s->examples);
    s->count = 0;
    int64_t place = INT64_MIN;
    for (bool is_done = false;;) {
        mw_step step;
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (is_done) break;
        MW_CHECK(step.place >= place);
        place = step.place;
        copy_step(s, &step);
    }
    s->refused_moments = mw_replay_refused_moments(replay);
    mw_replay_destroy(replay);
}

typedef void create_world(mw_world *world, uint64_t seed, mw_world_config config);

static void begin_with(story *s, create_world *create_it, uint64_t number,
                       bool may_look_at_all_past) {
    size_t event_count = number % 8 == 7 ? 3 * EVENTS : EVENTS;
    create_it(&s->world, mw_test_seed() * 1000 + number,
              (mw_world_config){.event_count = event_count,
                                .may_look_at_all_past = may_look_at_all_past,
                                .has_one_key = number % 16 == 1,
                                .has_corrections = number % 3 == 1});
    MW_CHECK(s->world.model->feature_count <= FEATURES_MAX);
    run_replay(s, &s->world.events);
}

/* With moments that a stream's events make. */
static void begin(story *s, uint64_t number, bool may_look_at_all_past) {
    begin_with(s, mw_world_create, number, may_look_at_all_past);
}

/* Or now and then a schedule. */
static void begin_any(story *s, uint64_t number, bool may_look_at_all_past) {
    begin_with(s, number % 5 == 4 ? mw_world_create_scheduled : mw_world_create, number,
               may_look_at_all_past);
}

static void end(story *s) {
    mw_world_release(&s->world);
}

static void check_features(const story *s, const example *e, const mw_cell *features) {
    const mw_model_program *model = s->world.model;
    for (size_t i = 0; i < model->feature_count; i++) {
        if (features[i].bits == e->features[i].bits) continue;
        mw_buf text;
        mw_buf_init(&text, 4096);
        mw_cell_append(&text, model->features[i].type, e->features[i], s->world.symbols);
        mw_buf_append_text(&text, ", is ");
        mw_cell_append(&text, model->features[i].type, features[i], s->world.symbols);
        mw_test_fail(MW_TEST_PLACE("features are equal"), "%.*s at t %lld, place %lld: was %.*s",
                     MW_STR_ARGS(mw_code_text(model->features[i].code)),
                     (long long)e->moment.t, (long long)e->moment.place,
                     MW_STR_ARGS(mw_buf_str(&text)));
    }
}

static void check_label(const story *s, const example *e, mw_label label) {
    if (label.value.bits != e->label.value.bits || label.is_dropped != e->label.is_dropped)
        mw_test_fail(MW_TEST_PLACE("labels are equal"), "%.*s at t %lld, place %lld",
                     MW_STR_ARGS(mw_code_text(s->world.model->label)), (long long)e->moment.t,
                     (long long)e->moment.place);
}

MW_TEST(engine_agrees_with_the_oracle_bit_for_bit) {
    size_t values = 0, labels = 0, refused = 0, values_missing = 0, scheduled = 0, of_hours = 0;
    size_t of_half_hours = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        story s;
        begin_any(&s, number, number % 2 == 0);
        const mw_model_program *model = s.world.model;
        mw_oracle oracle = {s.world.program, model, &s.world.events, s.world.symbols};
        mw_cell features[FEATURES_MAX];
        for (size_t i = 0; i < s.count; i++) {
            const example *e = &s.examples[i];
            MW_CHECK_OK(mw_oracle_features(&oracle, &e->moment, features, NULL), NULL);
            check_features(&s, e, features);
            bool takes = false;
            MW_CHECK_OK(mw_oracle_takes(&oracle, &e->moment, features, &takes, NULL), NULL);
            MW_CHECK(takes);
            for (size_t f = 0; f < model->feature_count; f++)
                values_missing += mw_cell_is_missing(model->features[f].type, features[f]);
            mw_label label;
            MW_CHECK_OK(mw_oracle_label(&oracle, &e->moment, &label, NULL), NULL);
            MW_CHECK(e->has_label);
            check_label(&s, e, label);
            labels += !mw_cell_is_missing(mw_code_type(model->label), label.value);
        }
        values += s.count * model->feature_count;
        refused += s.refused_moments;
        if (s.world.has_schedule) scheduled += s.count;
        if (s.world.unit_us == MW_HOUR_US) of_hours += s.count;
        if (mw_zone_offset_us(s.world.program->zone, 0) % MW_HOUR_US != 0) of_half_hours += s.count;
        end(&s);
    }
    MW_CHECK(values > 100000 && values_missing > values / 50 && values_missing / 3 < values / 5);
    MW_CHECK(labels > 1000 && refused > 100);
    MW_CHECK(scheduled > 500 && of_hours > 500 && of_half_hours > 100);
}

/* The moments that rule 8 leaves: of the events of one id, in the order in which they came, the
   last one that took over before the moment was made. False: it is too late for one. */
static bool find_holder(const story *s, mw_event event, mw_event *out_holder) {
    const mw_model_program *model = s->world.model;
    const mw_events *events = &s->world.events;
    int32_t stream = model->moment_stream;
    for (size_t row = 0;; row++) {
        int64_t t = event.time + model->moment_offset_us, from = mw_event_counts_from(&event);
        int64_t place = t > from ? t : from;
        *out_holder = event;
        if (place - t > model->lateness_us) return false;
        mw_event next = {.row = NULL};
        for (; row < events->streams[stream].rows.row_count; row++) {
            next = mw_events_row(events, stream, row);
            if (next.row[2].bits == event.row[2].bits && next.row > event.row) break;
        }
        if (row == events->streams[stream].rows.row_count) return true;
        int64_t next_from = mw_event_counts_from(&next);
        if (place <= next_from && from < next_from) return true;
        event = next;
    }
}

MW_TEST(engine_makes_the_moments_that_corrections_leave) {
    size_t taken_over = 0, moments = 0;
    for (uint64_t number = 1; number < 120; number += 3) {
        story s;
        begin(&s, number, true);
        const mw_events *events = &s.world.events;
        int32_t stream = s.world.model->moment_stream;
        size_t expected = 0, width = s.world.program->streams[stream].schema.field_count;
        for (size_t row = 0; row < events->streams[stream].rows.row_count; row++) {
            mw_event holder, event = mw_events_row(events, stream, row);
            if (event.replaced || !find_holder(&s, event, &holder)) continue;
            int64_t t = holder.time + s.world.model->moment_offset_us;
            size_t i = 0;
            while (i < s.count && (s.examples[i].moment.t != t ||
                                   memcmp(s.examples[i].moment.row, holder.row,
                                          width * sizeof *holder.row) != 0))
                i++;
            MW_CHECK(i < s.count);
            expected++;
            taken_over += holder.row != event.row;
        }
        MW_CHECK_EQUAL_INT(s.count, expected);
        moments += expected;
        end(&s);
    }
    MW_CHECK(moments > 500 && taken_over > 50);
}

MW_TEST(engine_does_not_see_the_order_among_equal_places) {
    for (uint64_t number = 0; number < 12; number++) {
        story s;
        if (number % 3 == 1) continue; /* a correction comes after what it corrects */
        begin(&s, number, true);
        example *expected = s.examples;
        size_t count = s.count;
        mw_events shuffled;
        mw_world_init_events(&s.world, &shuffled);
        mw_world_shuffle(&s.world, &shuffled);
        run_replay(&s, &shuffled);
        MW_CHECK_EQUAL_INT(s.count, count);
        for (size_t i = 0; i < count; i++) {
            MW_CHECK_EQUAL_INT(s.examples[i].moment.place, expected[i].moment.place);
            check_features(&s, &expected[i], s.examples[i].features);
            check_label(&s, &expected[i], s.examples[i].label);
        }
        mw_events_release(&shuffled);
        end(&s);
    }
}

static mw_engine *create(const story *s, bool with_label) {
    mw_engine *engine;
    mw_engine_config config = {.program = s->world.program,
                               .model = s->world.model,
                               .symbols = s->world.symbols,
                               .with_label = with_label};
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    return engine;
}

static void check_same_state(const mw_engine *a, const mw_engine *b) {
    char digests[2][MW_SHA256_HEX_SIZE + 1];
    const mw_engine *engines[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        mw_sha256 sha;
        mw_sha256_init(&sha);
        MW_CHECK_OK(mw_engine_digest(engines[i], &sha, NULL), NULL);
        mw_sha256_hex(&sha, digests[i]);
    }
    MW_CHECK_EQUAL_STR(digests[0], digests[1]);
}

/* Writes the state down and goes on with what is read back. */
static mw_engine *reload(const story *s, mw_engine *engine) {
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 24);
    MW_CHECK_OK(mw_engine_save(engine, &bytes, &err), &err);
    mw_engine *loaded = create(s, false);
    MW_CHECK_OK(mw_engine_load(loaded, mw_buf_str(&bytes), &err), &err);
    check_same_state(engine, loaded);
    mw_buf_release(&bytes);
    mw_engine_destroy(engine);
    return loaded;
}

typedef struct {
    mw_event *events;
    size_t count;
} live_log;

static int by_place(const void *a, const void *b) {
    const mw_event *one = a, *other = b;
    return (one->place > other->place) - (one->place < other->place);
}

/* It counts from where it did, and a correction is not placed before what it corrects. */
static void stamp_early(mw_event *event, int64_t early) {
    event->known = event->place;
    event->place -= early;
    if (event->replaced && event->place < event->replaced_from)
        event->place = event->replaced_from;
}

/* The same events as a server takes them in: stamped at some place up to their known time. */
static live_log go_live(story *s) {
    const mw_events *events = &s->world.events;
    live_log live = {mw_arena_alloc(&s->world.arena, events->event_count, sizeof(mw_event)),
                     events->event_count};
    MW_CHECK(live.events);
    for (size_t i = 0; i < live.count; i++) {
        live.events[i] = mw_events_at(events, i);
        if (mw_prng_below(&s->world.prng, 3) == 0)
            stamp_early(&live.events[i],
                        (int64_t)mw_prng_below(&s->world.prng, 50) * s->world.unit_us);
    }
    qsort(live.events, live.count, sizeof *live.events, by_place);
    return live;
}

/* Stamped early, swept at any time, saved and loaded at any time: the features are the same, and
   in the end the state is that of a plain replay. */
MW_TEST(engine_gives_the_same_bits_live_and_after_a_restart) {
    for (uint64_t number = 0; number < 30; number++) {
        story s;
        begin_any(&s, number, number % 2 == 0);
        live_log live = go_live(&s);
        mw_engine *engine = create(&s, false), *plain = create(&s, false);
        size_t applied = 0;
        for (size_t i = 0; i < s.count; i++) {
            const example *e = &s.examples[i];
            for (; applied < live.count && live.events[applied].place < e->moment.place;
                 applied++)
                MW_CHECK_OK(mw_engine_apply(engine, &live.events[applied], NULL), NULL);
            if (mw_prng_below(&s.world.prng, 3) == 0) mw_engine_advance(engine, e->moment.place);
            if (mw_prng_below(&s.world.prng, 20) == 0) engine = reload(&s, engine);
            mw_cell features[FEATURES_MAX];
            MW_CHECK_OK(mw_engine_features(engine, &e->moment, features, NULL), NULL);
            check_features(&s, e, features);
        }
        for (; applied < live.count; applied++)
            MW_CHECK_OK(mw_engine_apply(engine, &live.events[applied], NULL), NULL);
        int64_t last = (MW_WORLD_TIME_MAX + 1000) * s.world.unit_us;
        for (size_t i = 0; i < s.world.events.event_count; i++) {
            mw_event event = mw_events_at(&s.world.events, i);
            MW_CHECK_OK(mw_engine_apply(plain, &event, NULL), NULL);
        }
        mw_engine_advance(engine, last);
        mw_engine_advance(plain, last);
        check_same_state(engine, plain);
        mw_engine_destroy(engine);
        mw_engine_destroy(plain);
        end(&s);
    }
}

/* Rule 5: what is older than the longest span and the lateness can be left away. */
MW_TEST(engine_may_start_anywhere_before_its_longest_window) {
    enum { LONGEST = 2000, MIDDLE = MW_WORLD_TIME_MAX - 500 };
    size_t compared = 0;
    for (uint64_t number = 0; number < 20; number++) {
        story s;
        begin_any(&s, number, false);
        int64_t unit = s.world.unit_us;
        int64_t cut = (MIDDLE - LONGEST) * unit - s.world.model->lateness_us;
        mw_engine *engine = create(&s, false);
        size_t applied = 0;
        for (size_t i = 0; i < s.count; i++) {
            const example *e = &s.examples[i];
            if (e->moment.t < MIDDLE * unit) continue;
            for (; applied < s.world.events.event_count; applied++) {
                mw_event event = mw_events_at(&s.world.events, applied);
                if (event.place >= e->moment.place) break;
                bool corrects_newer = event.replaced && event.replaced_time >= cut;
                if (event.time < cut && !corrects_newer) continue;
                MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
            }
            mw_cell features[FEATURES_MAX];
            MW_CHECK_OK(mw_engine_features(engine, &e->moment, features, NULL), NULL);
            check_features(&s, e, features);
            compared += s.world.model->feature_count;
        }
        mw_engine_destroy(engine);
        end(&s);
    }
    MW_CHECK(compared > 1000);
}

MW_TEST(engine_forgets_what_no_window_can_hold) {
    story s;
    begin(&s, 1, false);
    mw_engine *engine = create(&s, false);
    for (size_t i = 0; i < s.world.events.event_count; i++) {
        mw_event event = mw_events_at(&s.world.events, i);
        MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    }
    mw_engine_stats before = mw_engine_read_stats(engine);
    MW_CHECK(before.keys > 0 && before.bytes > 0);
    MW_CHECK_EQUAL_INT(before.events_applied, s.world.events.event_count);
    int64_t later = 4 * MW_WORLD_TIME_MAX * s.world.unit_us;
    mw_engine_advance(engine, later);
    MW_CHECK_EQUAL_INT(mw_engine_read_stats(engine).keys, 0);

    mw_event old = mw_events_row(&s.world.events, s.world.model->windows[0].stream, 0);
    old.place = old.known = later;
    uint64_t too_late = mw_engine_read_stats(engine).events_too_late;
    MW_CHECK_OK(mw_engine_apply(engine, &old, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_engine_read_stats(engine).events_too_late, too_late + 1);
    MW_CHECK_EQUAL_INT(mw_engine_read_stats(engine).keys, 0);
    mw_engine_destroy(engine);
    end(&s);
}

static mw_status replay_all(void *context) {
    story *s = context;
    mw_engine_config config = {.program = s->world.program,
                               .model = s->world.model,
                               .symbols = s->world.symbols,
                               .with_label = true};
    mw_engine *engine;
    MW_TRY(mw_engine_create(config, &engine, NULL));
    mw_status status = MW_OK;
    for (size_t i = 0; status == MW_OK && i < s->world.events.event_count; i++) {
        mw_event event = mw_events_at(&s->world.events, i);
        status = mw_engine_apply(engine, &event, NULL);
    }
    mw_engine_destroy(engine);
    return status;
}

MW_TEST(engine_survives_every_failing_allocation) {
    story s;
    begin(&s, 3, true);
    MW_CHECK(mw_test_every_allocation_fails(replay_all, &s) > 20);
    end(&s);
}

static size_t bytes_of_all(const story *s) {
    mw_engine *engine = create(s, false);
    for (size_t i = 0; i < s->world.events.event_count; i++) {
        mw_event event = mw_events_at(&s->world.events, i);
        MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    }
    size_t bytes = mw_engine_read_stats(engine).bytes;
    mw_engine_destroy(engine);
    return bytes;
}

/* An event that does not fit is refused whole, and the engine goes on as if it had not come. */
MW_TEST(engine_refuses_events_beyond_its_memory) {
    story s;
    begin(&s, 5, true);
    size_t most = bytes_of_all(&s) * 3 / 4;
    mw_engine_config config = {.program = s.world.program, .model = s.world.model,
                               .symbols = s.world.symbols, .memory = {.max = most}};
    mw_engine *engine, *plain = create(&s, false);
    mw_error err;
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    size_t refused = 0;
    for (size_t i = 0; i < s.world.events.event_count; i++) {
        mw_event event = mw_events_at(&s.world.events, i);
        if (mw_engine_apply(engine, &event, &err) == MW_OK)
            MW_CHECK_OK(mw_engine_apply(plain, &event, NULL), NULL);
        else
            refused++;
        MW_CHECK(mw_engine_read_stats(engine).bytes <= config.memory.max);
    }
    MW_CHECK(refused > 0 && refused < s.world.events.event_count);
    char expected[64];
    snprintf(expected, sizeof expected, "window state must stay within %zu bytes", most);
    MW_CHECK(strstr(err.message, expected));
    int64_t later = 4 * MW_WORLD_TIME_MAX * s.world.unit_us;
    mw_engine_advance(engine, later);
    mw_engine_advance(plain, later);
    check_same_state(engine, plain);
    mw_engine_destroy(engine);
    mw_engine_destroy(plain);
    end(&s);
}
