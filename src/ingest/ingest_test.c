#include "ingest/ingest.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/prng.h"
#include "ingest/shop_test.h"

MW_TEST(ingest_takes_each_row_where_it_belongs) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.ingest, 1);
    MW_CHECK_EQUAL_INT(f.report.row_count, 11);
    MW_CHECK_EQUAL_INT(f.report.quarantined, 5);
    const mw_ingest_file *file = &f.report.files[0];
    MW_CHECK_EQUAL_STR(file->file, "orders1.csv");
    MW_CHECK_EQUAL_INT(file->event_count, 2);
    MW_CHECK_EQUAL_INT(file->left_out, 1);
    MW_CHECK_EQUAL_INT(file->repeats, 1);
    MW_CHECK(shop_has_reason(&f, "shop: must be one of north, south"));
    MW_CHECK(shop_has_reason(&f, "time: at must be there"));
    MW_CHECK(shop_has_reason(&f, "id: stands in this ingest with other contents"));
    MW_CHECK(shop_has_reason(&f, "price: must be at least 0"));
    MW_CHECK(shop_has_reason(&f, "shop: must be there in all but 0% of the rows"));
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), 2);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders@paid"), 1);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 2); /* without an id nothing repeats */

    mw_buf lines;
    mw_buf_init(&lines, 1 << 16);
    MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), f.report.quarantine, &lines, &f.err), &f.err);
    mw_str first = MW_STR("{\"stream\":\"orders\",\"file\":\"orders1.csv\",\"row\":4,");
    MW_CHECK(mw_str_starts(mw_buf_str(&lines), first));
    mw_buf_release(&lines);
    shop_tear_down(&f);
}

MW_TEST(ingest_again_has_nothing_to_do) {
    shop f;
    char version[MW_SHA256_HEX_SIZE + 1];
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    memcpy(version, f.report.data_version, sizeof version);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.ingest, 0);
    MW_CHECK_EQUAL_INT(f.report.unchanged_count, 2);
    MW_CHECK_EQUAL_STR(f.report.data_version, version);
    shop_tear_down(&f);
}

MW_TEST(ingest_takes_what_is_new_in_a_grown_file) {
    shop f;
    char grown[2000];
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    snprintf(grown, sizeof grown, "%s8,2024-01-02T10:00:00Z,north,5,3\n", shop_first_orders);
    shop_write_file(&f, "orders1.csv", grown);
    snprintf(grown, sizeof grown, "%s2024-01-03T10:00:00Z,b\n", shop_first_visits);
    shop_write_file(&f, "visits.csv", grown);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.row_count, 2);
    MW_CHECK_EQUAL_INT(f.report.quarantined, 0);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), 3);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 3);

    /* An id lets a file change in the middle: its later fields are filled, the rest repeats. */
    shop_write_file(&f, "orders1.csv", "order,at,shop,price,delay\n"
                                  "2,2024-01-01T11:00:00Z,south,6,9\n"
                                  "8,2024-01-02T10:00:00Z,north,5,3\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.files[0].repeats, 1);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), 3);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders@paid"), 3);
    /* Without one it does not. */
    shop_write_file(&f, "visits.csv", "at,page\n2024-01-01T10:00:00Z,c\n2024-01-01T10:00:00Z,a\n"
                                 "2024-01-03T10:00:00Z,b\n2024-01-04T10:00:00Z,b\n");
    MW_CHECK_STATUS(shop_ingest(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "visits.csv: its first 3 rows have changed since they were taken in");
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 3);
    shop_tear_down(&f);
}

/* A file without an id that gave no event may be mended: none of its rows can come twice. */
MW_TEST(ingest_takes_a_mended_file_of_which_it_had_nothing) {
    shop f;
    const char *mended = "at,page\n2024-01-01T10:00:00Z,a\n2024-01-02T10:00:00Z,b\n";
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", "at,page\n01.01.2024,a\n02.01.2024,b\n");
    shop_compile(&f, "project: shop\nstreams:\n  orders: {from: orders1.csv, time: at, id: order}\n"
                     "  visits: {from: visits.csv, types: {at: time}, time: at}\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 0);
    shop_write_file(&f, "visits.csv", mended);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 2);
    /* From then on it has given some. */
    shop_write_file(&f, "visits.csv", "at,page\n2024-01-02T10:00:00Z,a\n2024-01-02T10:00:00Z,b\n");
    MW_CHECK_STATUS(shop_ingest(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "visits"), 2);
    shop_tear_down(&f);
}

/* The event of an order that stands, by all that lake and log say. */
static mw_event find_order(const shop *f, const mw_events *events, double number) {
    mw_event found = {.row = NULL};
    int32_t orders = mw_program_find_stream(f->program, MW_STR("orders"));
    const mw_stream *stream = &f->program->streams[orders];
    for (size_t row = 0; row < events->streams[orders].rows.row_count; row++) {
        mw_event event = mw_events_row(events, orders, row);
        if (event.row[stream->id_fields[0]].number == number) found = event;
    }
    MW_CHECK(found.row);
    return found;
}

static double price_of(const shop *f, const mw_cell *row) {
    int32_t orders = mw_program_find_stream(f->program, MW_STR("orders"));
    int32_t price = mw_schema_find(&f->program->streams[orders].schema, MW_STR("price"));
    return row[price].number;
}

/* DESIGN.md rule 8: a file that was mended corrects what stands, again and again; what says the
   same repeats, and nothing of what was replaced is lost. */
MW_TEST(ingest_takes_corrections) {
    shop f;
    char text[500];
    mw_history history;
    mw_events events;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", "order,at,shop,price,delay\n"
                                       "1,2024-01-01T10:00:00Z,north,5,3\n"
                                       "2,2024-01-01T11:00:00Z,south,6,NA\n");
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    for (int price = 7; price < 10; price++) {
        snprintf(text, sizeof text, "order,at,shop,price,delay\n"
                                    "1,2024-01-01T10:00:00Z,north,5,3\n"
                                    "2,2024-01-01T1%d:00:00Z,south,%d,NA\n", price % 3, price);
        shop_write_file(&f, "orders1.csv", text);
        MW_CHECK_OK(shop_ingest(&f), &f.err);
        MW_CHECK_EQUAL_INT(f.report.files[0].corrections, 1);
        MW_CHECK_EQUAL_INT(f.report.files[0].repeats, 1);
        MW_CHECK(f.report.files[0].event_count == 0 && f.report.quarantined == 0);
        MW_CHECK_OK(mw_history_load(f.state, f.program, f.symbols, &history, &events, &f.err),
                    &f.err);
        mw_event event = find_order(&f, &events, 2);
        MW_CHECK(event.replaced && price_of(&f, event.row) == price);
        MW_CHECK_EQUAL_INT(price_of(&f, event.replaced), price - 1);
        /* In history it counts no earlier than what it corrects. */
        MW_CHECK(event.place == mw_event_counts_from(&event) &&
                 event.place >= event.replaced_from);
        MW_CHECK(!find_order(&f, &events, 1).replaced);
        mw_events_release(&events);
    }
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), 5);
    shop_write_file(&f, "orders2.csv", text); /* the same rows in another file */
    shop_write_file(&f, "orders1.csv", text);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), 5);
    shop_tear_down(&f);
}

/* What a file says twice it says in no order, however often it is read: the first row stands. */
MW_TEST(ingest_lets_no_row_correct_another_of_the_same_file) {
    shop f;
    char text[500];
    mw_history history;
    mw_events events;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders); /* for its columns */
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    for (int price = 5; price < 9; price++) {
        snprintf(text, sizeof text, "order,at,shop,price,delay\n"
                                    "1,2024-01-01T10:00:00Z,north,%d,3\n"
                                    "2,2024-01-01T11:00:00Z,south,20,NA\n"
                                    "2,2024-01-01T11:00:00Z,south,21,NA\n", price);
        shop_write_file(&f, "orders1.csv", text);
        MW_CHECK_OK(shop_ingest(&f), &f.err);
        MW_CHECK_EQUAL_INT(f.report.files[0].corrections, price > 5);
        MW_CHECK_EQUAL_INT(f.report.quarantined, 1);
        MW_CHECK(shop_has_reason(&f, "id: stands in this ingest with other contents"));
        MW_CHECK_OK(mw_history_load(f.state, f.program, f.symbols, &history, &events, &f.err),
                    &f.err);
        MW_CHECK_EQUAL_INT(price_of(&f, find_order(&f, &events, 1).row), price);
        mw_event twice = find_order(&f, &events, 2);
        MW_CHECK(!twice.replaced && price_of(&f, twice.row) == 20);
        mw_events_release(&events);
    }
    shop_tear_down(&f);
}

MW_TEST(ingest_is_all_or_nothing) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    shop_write_file(&f, "orders2.csv", "order,shop\n1,north\n"); /* lacks a column */
    MW_CHECK_STATUS(shop_ingest(&f), MW_INVALID);
    MW_CHECK(strstr(f.err.message, "there is no column at") != NULL);
    MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders") + shop_event_count(&f, "visits"), 0);

    shop_write_file(&f, "orders2.csv", "order,at,shop,price,delay\n9,NA,north,1,1\n");
    shop_write_file(&f, "orders1.csv", "order,at,shop,price,delay\n"
                                       "9,NA,north,1,1\n8,NA,north,1,1\n");
    shop_write_file(&f, "visits.csv", "at,page\nNA,a\n");
    MW_CHECK_STATUS(shop_ingest(&f), MW_INVALID);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "ingest: all 4 rows were refused; orders: time: at must be there");
    shop_tear_down(&f);
}

MW_TEST(ingest_refuses_streams_whose_keys_have_changed) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at}\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    shop_compile(&f, "project: p\nstreams:\n"
                     "  visits: {from: visits.csv, time: at, known: time + 1h}\n");
    MW_CHECK_STATUS(shop_ingest(&f), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "streams.visits: stream visits: its keys have changed "
                                      "since its events were taken in");
    shop_tear_down(&f);
}

enum { KILLS = 12, KILL_ORDERS = 4000 };

static void write_many(const shop *f) {
    mw_buf text;
    mw_buf_init(&text, 1 << 20);
    mw_buf_append_text(&text, "order,at,shop,price,delay\n");
    for (int i = 0; i < KILL_ORDERS; i++)
        mw_buf_printf(&text, "%d,2024-01-01T10:00:00Z,north,5,3\n", i);
    shop_write_file(f, "orders1.csv", mw_buf_str(&text).data);
    shop_write_file(f, "visits.csv", shop_first_visits);
    mw_buf_release(&text);
}

/* Ingests in a child that is killed after a while, if it still runs; 0: never. Returns how long
   it ran. */
static int64_t ingest_and_die(const char *folder, int64_t after_us) {
    int64_t start_us = mw_sys_monotonic_us(mw_sys_real());
    pid_t child = fork();
    MW_CHECK(child >= 0);
    if (child == 0) {
        shop f;
        shop_set_up(&f, folder);
        shop_compile(&f, shop_orders);
        _exit(shop_ingest(&f) == MW_OK ? 0 : 1);
    }
    if (after_us > 0) {
        usleep((useconds_t)after_us);
        kill(child, SIGKILL);
    }
    MW_CHECK(waitpid(child, NULL, 0) == child);
    return mw_sys_monotonic_us(mw_sys_real()) - start_us;
}

/* Killed at any moment, the lake holds the whole ingest, of both streams, or nothing of it. The
   moments are spread over the time that a whole one takes. */
MW_TEST(ingest_killed_at_any_moment_leaves_all_or_nothing) {
    uint64_t prng = mw_test_seed();
    int64_t whole_us = 0;
    size_t seen_none = 0, seen_all = 0;
    for (int i = 0; i < KILLS; i++) {
        shop f;
        shop_set_up(&f, NULL);
        mw_state_close(f.state); /* the child is to be its writer */
        write_many(&f);
        uint64_t slot_us = (uint64_t)whole_us / KILLS + 1;
        uint64_t in_slot_us = 1 + mw_prng_below(&prng, slot_us);
        int64_t after_us = i == 0 ? 0 : (int64_t)(slot_us * (uint64_t)(i - 1) + in_slot_us);
        int64_t ran_us = ingest_and_die(f.folder, after_us);
        if (i == 0) whole_us = ran_us;
        MW_CHECK_OK(mw_state_open(mw_sys_real(), f.state_folder, MW_STATE_WRITE, &f.state,
                                  &f.err), &f.err);
        shop_compile(&f, shop_orders);
        size_t orders = shop_event_count(&f, "orders"), visits = shop_event_count(&f, "visits");
        MW_CHECK(orders == 0 || orders == KILL_ORDERS);
        MW_CHECK_EQUAL_INT(visits, orders == 0 ? 0 : 2);
        seen_none += orders == 0;
        seen_all += orders > 0;
        MW_CHECK_OK(shop_ingest(&f), &f.err); /* and it can go on */
        MW_CHECK((f.report.ingest == 0) == (orders > 0));
        MW_CHECK_EQUAL_INT(shop_event_count(&f, "orders"), KILL_ORDERS);
        shop_tear_down(&f);
    }
    MW_CHECK(seen_none > 0 && seen_all > 0);
}

static mw_status ingest_in_memory(void *context) {
    shop *f = context;
    mw_state *on_disk = f->state;
    mw_status status = mw_state_open(mw_sys_real(), NULL, MW_STATE_WRITE, &f->state, NULL);
    if (status == MW_OK) {
        status = shop_ingest(f);
        mw_ingest_report_release(&f->report);
        mw_state_close(f->state);
    }
    f->state = on_disk;
    return status;
}

MW_TEST(ingest_survives_every_failing_allocation) {
    shop f;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, "project: p\nstreams:\n  visits: {from: visits.csv, time: at}\n");
    MW_CHECK_OK(ingest_in_memory(&f), &f.err); /* a full table of texts is told otherwise */
    shop_write_file(&f, "visits.csv", "page,at,till\na,2024-01-01,1\n"); /* till: left out */
    MW_CHECK(mw_test_every_allocation_fails(ingest_in_memory, &f) > 20);
    shop_tear_down(&f);
}
