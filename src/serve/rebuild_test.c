#include "base/prng.h"
#include "serve/arrival_world_test.h"
#include "serve/shop_known_test.h"

static const char narrow_text[] = /* another order of streams, another window, an hour earlier */
    "\n"
    "stream deliveries:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  known: time - 1d\n"
    "  id: number\n"
    "stream orders:\n"
    "  columns: shop category, number number, at time, refund number\n"
    "  time: at\n"
    "  id: number\n"
    "  later refund: at + 2d\n"
    "feature busy: count(orders by shop over 2h)\n"
    "model late:\n"
    "  moment: on deliveries at time - 2h\n"
    "  label: count(orders by shop over next 1d)\n";

#define QUARTER_US (MW_HOUR_US / 4)
enum { DELIVERY = 1000 };

static mw_champion narrow_champion(shop *s) {
    const mw_program *narrow = mw_test_program(&s->arena, s->symbols, narrow_text);
    return (mw_champion){
        .bytes = mw_buf_str(&s->version), .program = narrow, .model = &narrow->models[0]};
}

static void promote(shop *s, const mw_champion *champion) {
    mw_error err;
    MW_CHECK_OK(mw_sequencer_promote(s->sequencer, SHOP_LATE, champion, &err), &err);
}

static bool rebuild_slice(shop *s, size_t step_max) {
    mw_error err;
    bool is_busy = false;
    MW_CHECK_OK(mw_sequencer_rebuild(s->sequencer, step_max, &is_busy, &err), &err);
    return is_busy;
}

/* Until the version that was promoted answers. */
static size_t rebuild(shop *s, size_t step_max) {
    size_t slices = 1;
    while (rebuild_slice(s, step_max)) slices++;
    MW_CHECK(mw_sequencer_successor(s->sequencer, SHOP_LATE).version.size == 0);
    return slices;
}

/* Orders have numbers below DELIVERY, deliveries from there on. */
static void take(shop *s, int number, int64_t at) {
    mw_buf text, time;
    mw_event_standing standing = MW_EVENT_REPEATS;
    mw_error err;
    mw_buf_init(&text, 1 << 10);
    mw_buf_init(&time, 1 << 6);
    mw_time_append(&time, at);
    mw_buf_printf(&text, "{\"shop\": \"%c\", \"number\": %d, \"at\": \"%.*s\"}", 'a' + number % 2,
                  number, MW_STR_ARGS(mw_buf_str(&time)));
    mw_buf_append_char(&text, 0);
    yyjson_doc *doc = shop_row(mw_buf_str(&text).data);
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    MW_CHECK_OK(mw_service_take(s->service, number >= DELIVERY, row, &standing,
                                &err), &err);
    MW_CHECK(standing == MW_EVENT_NEW);
    yyjson_doc_free(doc);
    mw_buf_release(&time);
    mw_buf_release(&text);
}

static void reach(shop *s, int64_t now) {
    mw_error err;
    MW_CHECK_OK(mw_sequencer_set_now(s->sequencer, now, &err), &err);
    MW_CHECK_OK(mw_sequencer_advance(s->sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
}

static size_t made(const shop *s) { return mw_ledger_count(mw_sequencer_ledger(s->sequencer)); }

static const mw_ledger_found *entry_of(const shop *s, int number) {
    char id[16];
    snprintf(id, sizeof id, "%d", number);
    return shop_find_stored(s->sequencer, MW_STR("late"), mw_str_of(id));
}

/* What the prediction for this delivery was made from. */
static mw_prediction prediction_of(shop *s, int number) {
    mw_answer found;
    mw_error err;
    const mw_ledger_found *entry = entry_of(s, number);
    MW_CHECK(entry != NULL);
    MW_CHECK_OK(mw_service_find(s->service, entry->stamp, &found, &err), &err);
    return found.prediction;
}

static double busy_of(shop *s, int number) {
    return prediction_of(s, number).features[0].number;
}

static void digest(shop *s, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_decider *decider = mw_sequencer_decider(s->sequencer, SHOP_LATE);
    mw_engine *engine = mw_course_engine(mw_decider_course(decider));
    mw_engine_advance(engine, mw_sequencer_read_stats(s->sequencer).last_place + 1);
    MW_CHECK_OK(mw_engine_digest(engine, &sha, NULL), NULL);
    mw_sha256_hex(&sha, out_hex);
}

static void restart(shop *s) {
    mw_error err;
    shop_close(s);
    MW_CHECK_OK(shop_open(s, true, &err), &err);
}

/* A process that starts with this champion stands where the present one stands. Taking a digest
   moves the engine ahead of its course: each one's is the last that it does. */
static void check_restart(shop *s, const mw_champion *champion) {
    char live[MW_SHA256_HEX_SIZE + 1], anew[MW_SHA256_HEX_SIZE + 1];
    size_t count = made(s);
    mw_error err;
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    digest(s, live);
    s->champions[SHOP_LATE] = *champion;
    restart(s);
    digest(s, anew);
    MW_CHECK_EQUAL_STR(live, anew);
    MW_CHECK_EQUAL_INT(made(s), count);
    restart(s);
}

MW_TEST(rebuild_lets_the_version_answer_by_its_program_and_back) {
    shop s;
    shop_set_up(&s);
    mw_champion narrow = narrow_champion(&s), today = {.bytes = mw_buf_str(&s.version)};
    for (int i = 0; i < 40; i++) {
        reach(&s, SHOP_BEGIN + i * QUARTER_US);
        take(&s, i, SHOP_BEGIN + i * QUARTER_US - QUARTER_US / 2);
    }
    for (int i = 0; i < 4; i++) take(&s, DELIVERY + i, SHOP_BEGIN + (12 + 2 * i) * MW_HOUR_US);
    reach(&s, SHOP_BEGIN + 11 * MW_HOUR_US); /* the first is made */
    MW_CHECK(made(&s) == 1 && busy_of(&s, DELIVERY) == 20);

    promote(&s, &narrow);
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) != narrow.model);
    MW_CHECK(rebuild(&s, 7) > 6);
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) == narrow.model);
    MW_CHECK_EQUAL_INT(made(&s), 1);
    reach(&s, SHOP_BEGIN + 12 * MW_HOUR_US); /* at 14h less two: the second */
    MW_CHECK(made(&s) == 2 && busy_of(&s, DELIVERY + 1) == 0);
    check_restart(&s, &narrow);

    promote(&s, &today); /* its windows of a day are filled again */
    rebuild(&s, 1000);
    reach(&s, SHOP_BEGIN + 16 * MW_HOUR_US);
    MW_CHECK(made(&s) == 3 && busy_of(&s, DELIVERY + 2) == 20);
    shop_tear_down(&s);
}

/* Orders and deliveries come in between slices, and the clock goes on. In the end each delivery
   has one prediction, and the windows are those of a restart. */
MW_TEST(rebuild_meets_what_comes_in_meanwhile) {
    shop s;
    uint64_t prng = mw_test_seed();
    size_t changes = 0, while_busy = 0;
    shop_set_up(&s);
    mw_champion narrow = narrow_champion(&s), today = {.bytes = mw_buf_str(&s.version)};
    bool is_narrow = false, is_busy = false;
    int orders = 0, deliveries = 0;
    for (int64_t now = SHOP_BEGIN; now < SHOP_BEGIN + 5 * MW_DAY_US; now += QUARTER_US) {
        reach(&s, now);
        if (!is_busy && mw_prng_next(&prng) % 16 == 0) {
            is_narrow = !is_narrow;
            promote(&s, is_narrow ? &narrow : &today);
            is_busy = true;
            changes++;
        }
        take(&s, orders++, now - (int64_t)(mw_prng_next(&prng) % MW_HOUR_US));
        int64_t ahead_us = MW_DAY_US / 4 + (int64_t)(mw_prng_next(&prng) % MW_DAY_US) / 2;
        take(&s, DELIVERY + deliveries++, now + ahead_us);
        while_busy += is_busy;
        if (is_busy) is_busy = rebuild_slice(&s, 1 + mw_prng_next(&prng) % 200);
    }
    if (is_busy) rebuild(&s, 100);
    check_restart(&s, is_narrow ? &narrow : &today);
    reach(&s, SHOP_BEGIN + 7 * MW_DAY_US);
    MW_CHECK_EQUAL_INT(made(&s), deliveries);
    for (int i = 0; i < deliveries; i++) MW_CHECK(entry_of(&s, DELIVERY + i));
    MW_CHECK(changes > 3 && while_busy > 3 * changes);
    shop_tear_down(&s);
}

static mw_places accept_at_next(shop *s, int64_t number, int64_t step) {
    mw_places places = {0, step};
    mw_error err;
    MW_CHECK_OK(mw_sequencer_next_place(s->sequencer, &places.first, &err), &err);
    mw_lake_snapshot lake = {
        .ingest = number, .last_place = places.first, .log_through = INT64_MIN};
    MW_CHECK_OK(mw_sequencer_accept(s->sequencer, places, &lake, &err), &err);
    return places;
}

static void fill(ingest *it, int64_t now, int *orders, int *deliveries, uint64_t *prng) {
    for (int i = 0; i < 60; i++) {
        int64_t at = now + (int64_t)(mw_prng_next(prng) % 96 - 24) * QUARTER_US;
        if (mw_prng_next(prng) % 2) ingest_add(it, "orders", (*orders)++, at);
        else ingest_add(it, "deliveries", DELIVERY + (*deliveries)++, at);
    }
    ingest_stage(it);
}

/* A process that starts with what the lake has by now stands where the present one stands. */
static void check_restart_with(shop *s, mw_events *lake, const mw_champion *champion) {
    char live[MW_SHA256_HEX_SIZE + 1], anew[MW_SHA256_HEX_SIZE + 1];
    mw_error err;
    int64_t place;
    MW_CHECK_OK(mw_sequencer_next_place(s->sequencer, &place, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s->sequencer, &err), &err);
    size_t count = made(s);
    digest(s, live);
    shop_close(s);
    mw_events_release(&s->history);
    s->history = *lake;
    s->champions[SHOP_LATE] = *champion;
    MW_CHECK_OK(shop_open(s, true, &err), &err);
    MW_CHECK_OK(mw_sequencer_next_place(s->sequencer, &place, &err), &err);
    digest(s, anew);
    MW_CHECK_EQUAL_STR(live, anew);
    MW_CHECK_EQUAL_INT(made(s), count);
    restart(s);
}

/* Accepted after the past was read, its events trickle in between slices, beside what is posted. */
MW_TEST(rebuild_meets_an_ingest_that_is_accepted_meanwhile) {
    shop s;
    uint64_t prng = mw_test_seed();
    size_t trickled = 0;
    int orders = 0, deliveries = 0;
    shop_set_up(&s);
    mw_champion narrow = narrow_champion(&s), today = {.bytes = mw_buf_str(&s.version)};
    int64_t now = SHOP_BEGIN;
    for (int64_t round = 1; round <= 6; round++) {
        const mw_champion *champion = round % 2 ? &narrow : &today;
        ingest it;
        mw_events lake;
        for (int i = 0; i < 20; i++) take(&s, orders++, now - i * QUARTER_US);
        promote(&s, champion);
        rebuild_slice(&s, 1 + mw_prng_next(&prng) % 10);
        ingest_begin(&it, &s, round);
        fill(&it, now, &orders, &deliveries, &prng);
        MW_CHECK_OK(ingest_await(&it, NULL), NULL);
        for (size_t sent = 0; sent < it.events.event_count;) sent = ingest_send(&it, sent);
        mw_places places = accept_at_next(&s, round, MW_MINUTE_US);
        for (bool is_busy = true; is_busy;) {
            now += (int64_t)(mw_prng_next(&prng) % 12) * MW_MINUTE_US;
            take(&s, orders++, now - QUARTER_US);
            reach(&s, now);
            trickled += mw_sequencer_arrival(s.sequencer) != NULL;
            is_busy = rebuild_slice(&s, 1 + mw_prng_next(&prng) % 30);
        }
        ingest_keep(&it, places, &s.history, &lake);
        s.lake_place = places.first;
        s.lake_ingest = round;
        check_restart_with(&s, &lake, champion);
        ingest_end(&it);
        now += MW_DAY_US;
        reach(&s, now);
    }
    MW_CHECK(trickled > 6 && orders < DELIVERY);
    shop_tear_down(&s);
}

/* At half past ten the delivery of noon was due at ten by the one program and is at eleven by
   the other: it is made at the change, from what was known at ten. */
MW_TEST(rebuild_hands_over_the_moments_between_two_programs) {
    shop s;
    shop_set_up(&s);
    mw_champion narrow = narrow_champion(&s);
    take(&s, DELIVERY, SHOP_BEGIN + 12 * MW_HOUR_US);
    reach(&s, SHOP_BEGIN + 9 * MW_HOUR_US);
    take(&s, 2, SHOP_BEGIN + 9 * MW_HOUR_US - 1);
    reach(&s, SHOP_BEGIN + 10 * MW_HOUR_US + 2 * QUARTER_US);
    take(&s, 4, SHOP_BEGIN + 9 * MW_HOUR_US + 1); /* too late for ten */
    MW_CHECK_EQUAL_INT(made(&s), 0);

    promote(&s, &narrow);
    rebuild(&s, 1);
    MW_CHECK_EQUAL_INT(made(&s), 1);
    mw_prediction prediction = prediction_of(&s, DELIVERY);
    MW_CHECK(prediction.place == SHOP_BEGIN + 10 * MW_HOUR_US && prediction.t == prediction.place);
    MW_CHECK(prediction.version.size > 0 && prediction.features[0].number == 1);
    reach(&s, SHOP_BEGIN + 12 * MW_HOUR_US);
    MW_CHECK_EQUAL_INT(made(&s), 1);
    check_restart(&s, &narrow);
    shop_tear_down(&s);
}

/* The same, but the process dies in the middle of the change: the next one begins with the program
   that answered, by a checkpoint or without, and hands over again. */
static void survive_a_kill(size_t slices, bool has_checkpoint) {
    shop s;
    mw_buf bytes;
    mw_error err;
    mw_buf_init(&bytes, 1 << 20);
    shop_set_up(&s);
    shop_encode_version(&s, "d2", &bytes);
    mw_champion narrow = narrow_champion(&s), today = {.bytes = mw_buf_str(&s.version)};
    narrow.bytes = mw_buf_str(&bytes);
    take(&s, DELIVERY, SHOP_BEGIN + 12 * MW_HOUR_US);
    reach(&s, SHOP_BEGIN + 9 * MW_HOUR_US);
    take(&s, 2, SHOP_BEGIN + 9 * MW_HOUR_US - 1);
    reach(&s, SHOP_BEGIN + 10 * MW_HOUR_US + 2 * QUARTER_US);
    promote(&s, &narrow);
    for (size_t i = 0; i < slices; i++) MW_CHECK(rebuild_slice(&s, 1));
    if (has_checkpoint) MW_CHECK_OK(mw_sequencer_save(s.sequencer, &err), &err);

    shop_close(&s);
    mw_simulated_kill(s.sys);
    s.champions[SHOP_LATE] = narrow;
    s.before = &today;
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    MW_CHECK_EQUAL_INT(mw_sequencer_read_stats(s.sequencer).replayed > 0, !has_checkpoint);
    const mw_decider *decider = mw_sequencer_decider(s.sequencer, SHOP_LATE);
    MW_CHECK(mw_decider_model(decider) == &s.program->models[SHOP_LATE]);
    MW_CHECK_EQUAL_INT(made(&s), 0);
    take(&s, 4, SHOP_BEGIN + 9 * MW_HOUR_US + 1); /* too late for ten */
    promote(&s, &narrow);
    rebuild(&s, 1);
    MW_CHECK_EQUAL_INT(made(&s), 1);
    mw_prediction prediction = prediction_of(&s, DELIVERY);
    MW_CHECK(prediction.place == SHOP_BEGIN + 10 * MW_HOUR_US);
    MW_CHECK(prediction.features[0].number == 1);
    reach(&s, SHOP_BEGIN + 12 * MW_HOUR_US);
    MW_CHECK_EQUAL_INT(made(&s), 1);
    check_restart(&s, &narrow); /* the log says by now that it answers */
    shop_tear_down(&s);
    mw_buf_release(&bytes);
}

MW_TEST(rebuild_is_begun_again_after_a_kill) {
    for (size_t slices = 0; slices < 8; slices++)
        for (int has_checkpoint = 0; has_checkpoint < 2; has_checkpoint++)
            survive_a_kill(slices, has_checkpoint);
}

MW_TEST(rebuild_gives_way_to_another_promotion) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    mw_champion narrow = narrow_champion(&s), today = {.bytes = mw_buf_str(&s.version)};
    for (int i = 0; i < 20; i++) take(&s, i, SHOP_BEGIN - i);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    promote(&s, &narrow);
    MW_CHECK(rebuild_slice(&s, 20));
    mw_successor next = mw_sequencer_successor(s.sequencer, SHOP_LATE);
    MW_CHECK(next.version.size == MW_VERSION_NAME_SIZE && next.share > 0 && next.share < 1);
    mw_str models = shop_call(&s, MW_HTTP_GET, "/v1/models/late", NULL, 200);
    MW_CHECK(shop_says(models, "\"next\":{\"version\":\"") && shop_says(models, "\"share\":0."));
    promote(&s, &today); /* it answers already */
    MW_CHECK(!rebuild_slice(&s, 10));
    MW_CHECK(mw_sequencer_successor(s.sequencer, SHOP_LATE).version.size == 0);
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) ==
             &s.program->models[SHOP_LATE]);
    shop_tear_down(&s);
}

static const char other_text[] = /* deliveries are known earlier than the log's */
    "\nstream deliveries:\n"
    "  columns: shop category, number number, at time\n"
    "  time: at\n"
    "  known: time - 2d\n"
    "  id: number\n"
    "feature busy: count(deliveries by shop over 24h)\n"
    "model late:\n"
    "  moment: on deliveries at time - 1h\n"
    "  label: count(deliveries by shop over next 1d)\n";

MW_TEST(rebuild_is_refused_where_a_stream_means_something_else_now) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    const mw_program *other = mw_test_program(&s.arena, s.symbols, other_text);
    mw_champion champion = {
        .bytes = mw_buf_str(&s.version), .program = other, .model = &other->models[0]};
    MW_CHECK_STATUS(mw_sequencer_promote(s.sequencer, SHOP_LATE, &champion, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "models.late: stream deliveries: the project file no longer "
                                    "says what it said when the version was trained");
    MW_CHECK(!rebuild_slice(&s, 10));
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) ==
             &s.program->models[SHOP_LATE]);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    shop_tear_down(&s);
}

/* Streams that its features do not hang on may change as they like. */
MW_TEST(rebuild_minds_only_the_streams_that_the_version_uses) {
    shop s;
    shop_set_up(&s);
    mw_buf text;
    mw_buf_init(&text, 1 << 12);
    mw_buf_printf(&text, "\nstream gone:\n  columns: at time\n  time: at%s", narrow_text);
    mw_buf_append_char(&text, 0);
    const mw_program *program = mw_test_program(&s.arena, s.symbols, text.data);
    mw_champion champion = {
        .bytes = mw_buf_str(&s.version), .program = program, .model = &program->models[0]};
    promote(&s, &champion);
    rebuild(&s, 10);
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) == champion.model);
    mw_buf_release(&text);
    shop_tear_down(&s);
}

static mw_status try_to_change(shop *s, const mw_champion *champion) {
    bool is_busy = true;
    mw_error err;
    MW_TRY(mw_sequencer_promote(s->sequencer, SHOP_LATE, champion, &err));
    while (is_busy) MW_TRY(mw_sequencer_rebuild(s->sequencer, 3, &is_busy, &err));
    return mw_sequencer_successor(s->sequencer, SHOP_LATE).failure;
}

static void check_fails_alone(bool is_read) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    mw_champion narrow = narrow_champion(&s), today = {.bytes = mw_buf_str(&s.version)};
    take(&s, 1, SHOP_BEGIN - 1);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    mw_status status = MW_NO_MEMORY;
    size_t alone = 0;
    for (size_t n = 0; status != MW_OK; n++) {
        mw_champion wish = narrow;
        if (is_read) MW_CHECK_OK(mw_scorer_read(narrow.bytes, &wish.read, &err), &err);
        mw_memory_fail_after(n);
        status = try_to_change(&s, &wish);
        mw_memory_fail_after(SIZE_MAX);
        MW_CHECK(status == MW_OK || status == MW_NO_MEMORY);
        if (mw_sequencer_commit(s.sequencer, &err) != MW_OK) {
            restart(&s);
            continue;
        }
        const mw_decider *decider = mw_sequencer_decider(s.sequencer, SHOP_LATE);
        MW_CHECK((mw_decider_model(decider) == narrow.model) == (status == MW_OK));
        if (status == MW_OK) break;
        promote(&s, &today);
        MW_CHECK(mw_sequencer_successor(s.sequencer, SHOP_LATE).version.size == 0);
        alone++;
    }
    MW_CHECK(alone > 20);
    shop_tear_down(&s);
}

/* Each allocation fails once, with all after it: the version before goes on and can be told to; or
   the log could not be written, and the process begins anew. */
MW_TEST(rebuild_fails_alone) {
    check_fails_alone(false);
    check_fails_alone(true);
}
