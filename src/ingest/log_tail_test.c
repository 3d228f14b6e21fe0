#include "ingest/log_tail.h"

#include "ingest/shop_log_test.h"
#include "store/checkpoint.h"

/* Writes visits at places 10, 20 ... to the log, a prediction at 25 and a control before them. */
static void write_log(shop *f, size_t count) {
    shop_log log;
    shop_log_open(&log, f);
    shop_log_begin(&log, MW_CONTROL_BEGIN_VIRTUAL, 3, 5);
    for (size_t i = 1; i <= count; i++) {
        shop_log_visit(&log, "a", 10 * (int64_t)i);
        mw_record prediction = {.type = MW_RECORD_PREDICTION, .place = 25,
                                .payload = MW_STR("not read here")};
        if (i == 2) shop_log_add(&log, prediction);
    }
    shop_log_close(&log);
}

static size_t read_tail(shop *f, int64_t after, int64_t through, mw_log_facts *facts) {
    mw_events events;
    mw_lake_snapshot lake = {.log_through = after};
    mw_log_tail tail = {f->state, f->program, f->symbols, &lake, through, {0}};
    MW_CHECK_OK(mw_log_tail_end(f->state, &tail.end, &f->err), &f->err);
    MW_CHECK_OK(mw_program_events(f->program, &events, &f->err), &f->err);
    MW_CHECK_OK(mw_log_tail_read(tail, &events, facts, &f->err), &f->err);
    for (size_t i = 0; i < events.event_count; i++) {
        int32_t visits = mw_program_find_stream(f->program, MW_STR("visits"));
        const mw_stream_events *stream = &events.streams[visits];
        MW_CHECK(stream->places[i] > after && stream->places[i] <= through);
        MW_CHECK_EQUAL_INT(stream->times[i], stream->places[i] - 5);
    }
    size_t count = events.event_count;
    mw_events_release(&events);
    return count;
}

MW_TEST(log_tail_reads_events_between_places_and_facts_up_to_one) {
    shop f;
    mw_log_facts facts;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, INT64_MAX, &facts), 0); /* there is no log */
    MW_CHECK(facts.last_place == INT64_MIN && facts.last_prediction == INT64_MIN);
    write_log(&f, 5);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, INT64_MAX, &facts), 5);
    MW_CHECK(facts.is_virtual && facts.now == 3);
    MW_CHECK(facts.last_place == 50 && facts.last_prediction == 25);
    MW_CHECK_EQUAL_INT(read_tail(&f, 20, INT64_MAX, &facts), 3);
    MW_CHECK_EQUAL_INT(read_tail(&f, 10, 40, &facts), 3);
    MW_CHECK_EQUAL_INT(facts.last_place, 40);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, 24, &facts), 2);
    MW_CHECK(facts.last_place == 20 && facts.last_prediction == INT64_MIN);
    shop_tear_down(&f);
}

/* Where predictions are recorded, an ingest counts from a place behind all that was given. */
MW_TEST(log_tail_places_the_next_ingest) {
    shop f;
    mw_events events;
    mw_lake_snapshot snapshot;
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    write_log(&f, 5);
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.place, 51);
    shop_write_file(&f, "orders1.csv", "order,at,shop,price,delay\n"
                                       "8,2024-01-02T10:00:00Z,north,5,3\n");
    MW_CHECK_OK(shop_ingest(&f), &f.err);
    MW_CHECK_EQUAL_INT(f.report.place, 52);
    mw_load_wish wish = {f.state, f.program, f.symbols, INT64_MIN};
    MW_CHECK_OK(mw_load_lake(wish, &snapshot, &events, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(snapshot.last_place, 52);
    MW_CHECK(mw_events_at(&events, 0).place == 51);
    MW_CHECK(mw_events_at(&events, events.event_count - 1).place == 52);
    MW_CHECK(mw_events_at(&events, 0).known > 52);
    mw_events_release(&events);
    shop_tear_down(&f);
}

static const char *path_in(const shop *f, mw_arena *arena, const char *name) {
    return mw_path_join(arena, f->state_folder, name);
}

/* As of the log's last record. */
static void save(const shop *f, mw_arena *arena, uint64_t log_id, int64_t place) {
    mw_checkpoints in = {mw_sys_real(), path_in(f, arena, "checkpoints")};
    mw_checkpoint checkpoint = {.log_id = log_id, .place = place};
    mw_file *lock;
    MW_CHECK_OK(mw_checkpoint_lock(in, &lock, NULL), NULL);
    MW_CHECK_OK(mw_checkpoint_write(in, &checkpoint, NULL), NULL);
    mw_file_close(lock);
}

/* The second half of the log's only file is gone. */
static void cut(const shop *f, mw_arena *arena) {
    const char *folder = path_in(f, arena, "log");
    mw_str *names;
    size_t count;
    uint64_t size;
    mw_file *file;
    MW_CHECK_OK(mw_sys_list(mw_sys_real(), folder, arena, &names, &count, NULL), NULL);
    MW_CHECK_EQUAL_INT(count, 1);
    const char *path = mw_path_join(arena, folder, names[0].data);
    MW_CHECK_OK(mw_sys_open(mw_sys_real(), path, MW_FILE_UPDATE, &file, NULL), NULL);
    MW_CHECK_OK(mw_file_size(file, &size, NULL), NULL);
    MW_CHECK_OK(mw_file_truncate(file, size / 2, NULL), NULL);
    mw_file_close(file);
}

/* Who reads it is told. Who only asks how far it goes, as the keeper does three times a second, has
   nothing of it read. */
MW_TEST(log_tail_was_cut) {
    shop f;
    shop_log log;
    mw_arena arena;
    mw_events events;
    mw_log_facts facts;
    mw_lake_snapshot lake = {.log_through = INT64_MIN};
    mw_arena_init(&arena, 1 << 16);
    shop_set_up(&f, NULL);
    shop_write_file(&f, "orders1.csv", shop_first_orders);
    shop_write_file(&f, "visits.csv", shop_first_visits);
    shop_compile(&f, shop_orders);
    write_log(&f, 5);
    shop_log_open(&log, &f);
    uint64_t log_id = mw_log_id(log.log);
    shop_log_close(&log);
    save(&f, &arena, log_id, 50);
    MW_CHECK_EQUAL_INT(read_tail(&f, INT64_MIN, INT64_MAX, &facts), 5);
    cut(&f, &arena);
    mw_log_tail tail = {f.state, f.program, f.symbols, &lake, INT64_MAX, {0}};
    MW_CHECK_OK(mw_log_tail_end(f.state, &tail.end, &f.err), &f.err);
    MW_CHECK_OK(mw_program_events(f.program, &events, &f.err), &f.err);
    MW_CHECK_STATUS(mw_log_tail_read(tail, &events, &facts, &f.err), MW_CORRUPT);
    MW_CHECK(mw_str_starts(mw_str_of(f.err.message), MW_STR("log: it lacks what checkpoint 1 ")));
    mw_events_release(&events);
    shop_tear_down(&f);
    mw_arena_release(&arena);
}
