#include "serve/shop_call_test.h"

static mw_status predict(shop *s, size_t model, const char *text, bool record, mw_answer *answer,
                         mw_error *err) {
    yyjson_doc *doc = shop_row(text);
    mw_status status =
        mw_service_predict(s->service, model, yyjson_doc_get_root(doc), record, answer, err);
    yyjson_doc_free(doc);
    return status;
}

static bool take(shop *s, int32_t source, const char *text) {
    yyjson_doc *doc = shop_row(text);
    bool is_new = false;
    mw_error err;
    MW_CHECK_OK(mw_service_take(s->service, source, yyjson_doc_get_root(doc), &is_new, &err),
                &err);
    yyjson_doc_free(doc);
    return is_new;
}

MW_TEST(service_predicts_once_and_appends_what_was_asked_for) {
    shop s;
    mw_error err;
    mw_answer first, again;
    const char *order = "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\"}";
    shop_set_up(&s);
    MW_CHECK_OK(predict(&s, SHOP_QUICK, order, false, &first, &err), &err);
    MW_CHECK(!first.is_recorded && !mw_sequencer_read_stats(s.sequencer).log_events);
    MW_CHECK_OK(predict(&s, SHOP_QUICK, order, true, &first, &err), &err);
    MW_CHECK(first.is_recorded && mw_sequencer_read_stats(s.sequencer).log_events == 1);
    MW_CHECK_OK(predict(&s, SHOP_QUICK, order, true, &again, &err), &err);
    MW_CHECK_EQUAL_INT(again.stamp, first.stamp);
    MW_CHECK(!take(&s, 0, order)); /* it stands */

    /* More of the same row is new; other contents are refused, and so is what comes too late. */
    MW_CHECK(take(&s, 0, "{\"shop\": \"a\", \"number\": 1, \"at\": \"1970-04-11T00:00:00Z\", "
                         "\"refund\": 2}"));
    MW_CHECK_STATUS(predict(&s, SHOP_QUICK, "{\"shop\": \"b\", \"number\": 1, "
                            "\"at\": \"1970-04-11T00:00:00Z\"}", true, &again, &err),
                    MW_CONFLICT);
    MW_CHECK_STATUS(predict(&s, SHOP_QUICK, "{\"shop\": \"b\", \"number\": 2, "
                            "\"at\": \"1970-04-10T00:00:00Z\"}", true, &again, &err),
                    MW_INVALID);
    shop_tear_down(&s);
}

MW_TEST(service_takes_no_later_fields_with_a_question) {
    shop s;
    mw_error err;
    mw_answer answer;
    shop_set_up(&s);
    MW_CHECK_STATUS(predict(&s, SHOP_QUICK, "{\"shop\": \"a\", \"number\": 1, "
                            "\"at\": \"1970-04-11T00:00:00Z\", \"refund\": 2}", true, &answer,
                            &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message,
                       "predict: fields that become known at at + 2d are not known yet");
    MW_CHECK_EQUAL_STR(err.hint, "Leave them out, and post them to /v1/events/orders later.");
    MW_CHECK(!mw_sequencer_read_stats(s.sequencer).log_events);
    shop_tear_down(&s);
}

MW_TEST(service_returns_the_moment_that_fell_due) {
    shop s;
    mw_error err;
    mw_answer answer;
    size_t model;
    const char *delivery = "{\"shop\": \"a\", \"number\": 9, \"at\": \"1970-04-11T20:00:00Z\"}";
    shop_set_up(&s);
    MW_CHECK(take(&s, 1, delivery));
    MW_CHECK_OK(predict(&s, SHOP_LATE, delivery, true, &answer, &err), &err);
    MW_CHECK(!answer.is_recorded);
    int64_t due = SHOP_BEGIN + 19 * MW_HOUR_US;
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, due, &err), &err);
    MW_CHECK_OK(predict(&s, SHOP_LATE, delivery, true, &answer, &err), &err);
    MW_CHECK(answer.is_recorded && answer.stamp == due && answer.prediction.place == due);
    MW_CHECK_OK(mw_service_find(s.service, due, &model, &answer, &err), &err);
    MW_CHECK(model == SHOP_LATE && answer.prediction.features[0].number == 0);
    MW_CHECK_STATUS(mw_service_find(s.service, due + 1, &model, &answer, &err), MW_NOT_FOUND);
    shop_tear_down(&s);
}

/* --- another program -------------------------------------------------------------------------- */

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

static void digest(shop *s, size_t model, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_decider *decider = mw_sequencer_decider(s->sequencer, model);
    mw_engine_advance(mw_course_engine(mw_decider_course(decider)),
                      mw_sequencer_read_stats(s->sequencer).last_place + 1);
    mw_engine_digest(mw_course_engine(mw_decider_course(decider)), &sha);
    mw_sha256_hex(&sha, out_hex);
}

static void take_at(shop *s, int number, int64_t at) {
    mw_buf text, time;
    mw_buf_init(&text, 1 << 10);
    mw_buf_init(&time, 1 << 6);
    mw_time_append(&time, at);
    mw_buf_printf(&text, "{\"shop\": \"%c\", \"number\": %d, \"at\": \"%.*s\"}", 'a' + number % 2,
                  number, MW_STR_ARGS(mw_buf_str(&time)));
    mw_buf_append_char(&text, 0);
    (void)take(s, number < 100 ? 0 : 1, mw_buf_str(&text).data);
    mw_buf_release(&time);
    mw_buf_release(&text);
}

/* What the prediction for this delivery was made from. */
static double busy_of(shop *s, const char *number) {
    mw_answer found;
    size_t model;
    mw_error err;
    const mw_ledger_entry *entry = mw_ledger_find_event(mw_sequencer_ledger(s->sequencer),
                                                        SHOP_LATE, mw_str_of(number));
    MW_CHECK(entry != NULL);
    MW_CHECK_OK(mw_service_find(s->service, entry->stamp, &model, &found, &err), &err);
    return found.prediction.features[0].number;
}

MW_TEST(service_answers_by_the_program_of_the_version_that_is_promoted) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    const mw_program *narrow = mw_test_program(&s.arena, s.symbols, narrow_text);
    mw_champion champion = {mw_buf_str(&s.version), narrow, &narrow->models[0]};
    for (int i = 0; i < 40; i++) {
        MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + i * MW_HOUR_US / 4, &err),
                    &err);
        take_at(&s, i, SHOP_BEGIN + i * MW_HOUR_US / 4 - MW_HOUR_US / 8);
    }
    for (int i = 0; i < 4; i++) take_at(&s, 100 + i, SHOP_BEGIN + (12 + 2 * i) * MW_HOUR_US);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + 11 * MW_HOUR_US, &err), &err);
    MW_CHECK_OK(mw_sequencer_advance(s.sequencer, &err), &err); /* the first is made */
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 1);
    MW_CHECK(busy_of(&s, "100") == 20);

    MW_CHECK_OK(mw_sequencer_promote(s.sequencer, SHOP_LATE, &champion, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) == champion.model);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + 12 * MW_HOUR_US, &err), &err);
    MW_CHECK_OK(mw_sequencer_advance(s.sequencer, &err), &err); /* at 14h less two: the second */
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 2);
    MW_CHECK(busy_of(&s, "101") == 0);

    /* A process that starts with that version stands where this one stands. */
    char live[MW_SHA256_HEX_SIZE + 1], anew[MW_SHA256_HEX_SIZE + 1];
    digest(&s, SHOP_LATE, live);
    shop_close(&s);
    s.champions[SHOP_LATE] = champion;
    MW_CHECK_OK(shop_open(&s, true, &err), &err);
    digest(&s, SHOP_LATE, anew);
    MW_CHECK_EQUAL_STR(live, anew);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 2);

    /* And back to today's: its windows of a day are filled again. */
    champion = (mw_champion){.bytes = mw_buf_str(&s.version)};
    MW_CHECK_OK(mw_sequencer_promote(s.sequencer, SHOP_LATE, &champion, &err), &err);
    MW_CHECK_OK(mw_sequencer_set_now(s.sequencer, SHOP_BEGIN + 16 * MW_HOUR_US, &err), &err);
    MW_CHECK_OK(mw_sequencer_advance(s.sequencer, &err), &err);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(s.sequencer)), 3);
    MW_CHECK(busy_of(&s, "102") == 20);
    shop_tear_down(&s);
}

MW_TEST(service_keeps_the_champion_where_a_stream_means_something_else_now) {
    shop s;
    mw_error err;
    shop_set_up(&s);
    const mw_program *other = mw_test_program(
        &s.arena, s.symbols,
        "\nstream deliveries:\n"
        "  columns: shop category, number number, at time\n"
        "  time: at\n"
        "  known: time - 2d\n"
        "  id: number\n"
        "feature busy: count(deliveries by shop over 24h)\n"
        "model late:\n"
        "  moment: on deliveries at time - 1h\n"
        "  label: count(deliveries by shop over next 1d)\n");
    mw_champion champion = {mw_buf_str(&s.version), other, &other->models[0]};
    MW_CHECK_STATUS(mw_sequencer_promote(s.sequencer, SHOP_LATE, &champion, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "models.late: stream deliveries: the project file no longer "
                                    "says what it said when the version was trained");
    MW_CHECK(mw_decider_model(mw_sequencer_decider(s.sequencer, SHOP_LATE)) ==
             &s.program->models[SHOP_LATE]);
    MW_CHECK_OK(mw_sequencer_commit(s.sequencer, &err), &err);
    shop_tear_down(&s);
}
