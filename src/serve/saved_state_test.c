#include "serve/saved_state.h"

#include "base/prng.h"
#include "ingest/load.h"
#include "serve/shop_call_test.h"
#include "serve/shop_known_test.h"
#include "table/passing.h"

#define QUARTER_US (MW_HOUR_US / 4)
enum { DELIVERY = 100000, HISTORY = 150 };

/* --- a shop that lives ---------------------------------------------------------------------- */

typedef struct {
    shop s;
    uint64_t prng;
    int64_t now;
    int orders, deliveries, visits, corrections, asked;
    int logged; /* the first order that is in the log */
} world;

static uint64_t draw(world *w, uint64_t below) { return mw_prng_below(&w->prng, below); }

static mw_event row_of(world *w, int32_t stream, int number, int64_t at, mw_cell row[4]) {
    row[0].symbol = mw_symbols_intern(w->s.symbols, number % 2 ? MW_STR("a") : MW_STR("b"));
    row[1] = mw_cell_number(number);
    row[2] = mw_cell_time(at);
    bool is_delivery = number >= DELIVERY;
    int64_t known = is_delivery ? at - MW_DAY_US : at;
    return (mw_event){
        .stream = stream, .time = at, .known = known, .place = known, .row = row};
}

/* History reaches beyond the day on which the log begins: some of it is known only later. */
static void write_history(world *w) {
    mw_cell row[4];
    mw_error err;
    int32_t orders = mw_program_find_stream(w->s.program, MW_STR("orders"));
    int32_t deliveries = mw_program_find_stream(w->s.program, MW_STR("deliveries"));
    for (int i = 0; i < HISTORY; i++) {
        int64_t at = SHOP_BEGIN + (int64_t)draw(w, 4 * 96) * QUARTER_US - 2 * MW_DAY_US;
        mw_event order = row_of(w, orders, w->orders++, at, row);
        MW_CHECK_OK(mw_events_add(&w->s.history, &order, &err), &err);
        mw_event delivery = row_of(w, deliveries, DELIVERY + w->deliveries++, at, row);
        MW_CHECK_OK(mw_events_add(&w->s.history, &delivery, &err), &err);
    }
    MW_CHECK_OK(mw_events_sort(&w->s.history, &err), &err);
}

static void take_row(world *w, int32_t source, const char *text) {
    mw_event_standing standing = MW_EVENT_REPEATS;
    mw_error err;
    yyjson_doc *doc = shop_row(text);
    mw_sent_row row = mw_sent_json(yyjson_doc_get_root(doc));
    MW_CHECK_OK(mw_service_take(w->s.service, source, row, &standing, &err), &err);
    MW_CHECK(standing == MW_EVENT_NEW);
    yyjson_doc_free(doc);
}

static void take(world *w, int32_t source, int number, int64_t at) {
    mw_buf text;
    mw_buf_init(&text, 1 << 10);
    mw_buf_printf(&text, "{\"shop\": \"%c\", \"number\": %d, \"at\": \"", 'a' + number % 2,
                  number);
    mw_time_append(&text, at);
    mw_buf_append(&text, "\"}", 3);
    take_row(w, source, text.data);
    mw_buf_release(&text);
}

static void ask(world *w) {
    mw_buf text;
    mw_buf_init(&text, 1 << 10);
    mw_buf_printf(&text, "{\"event\": {\"shop\": \"a\", \"number\": %d, \"at\": \"", w->orders++);
    mw_time_append(&text, w->now);
    mw_buf_append(&text, "\"}}", 4);
    shop_call(&w->s, MW_HTTP_POST, "/v1/models/quick/predict", text.data, 200);
    mw_buf_release(&text);
    w->asked++;
}

/* Whoever visits does so once: a text that nothing remembers but the log. */
static void visit(world *w) {
    mw_buf text;
    mw_buf_init(&text, 1 << 10);
    mw_buf_printf(&text, "{\"shop\": \"%c\", \"who\": \"visitor %d\", \"at\": \"",
                  'a' + w->visits % 2, w->visits);
    w->visits++;
    mw_time_append(&text, w->now - (int64_t)draw(w, MW_HOUR_US));
    mw_buf_append(&text, "\"}", 3);
    take_row(w, SHOP_VISITS, text.data);
    mw_buf_release(&text);
}

static void correct(world *w, int number, const char *shop_name) {
    mw_buf text;
    mw_buf_init(&text, 1 << 10);
    mw_buf_printf(&text, "{\"shop\": \"%s\", \"number\": %d, \"at\": \"", shop_name, number);
    mw_time_append(&text, w->now);
    mw_buf_append(&text, "\"}", 3);
    mw_str said = shop_call(&w->s, MW_HTTP_POST, "/v1/events/orders", text.data, 200);
    MW_CHECK(shop_says(said, "\"corrections\":1"));
    mw_buf_release(&text);
    w->corrections++;
}

/* An order of the log, which may have been moved to the lake, or have been corrected before. */
static void correct_any(world *w) {
    char shop_name[32];
    if (w->orders == w->logged) return;
    int number = w->logged + (int)draw(w, (uint64_t)(w->orders - w->logged));
    snprintf(shop_name, sizeof shop_name, "shop %d", w->corrections % 5);
    correct(w, number, shop_name);
}

static void live(world *w) {
    mw_error err;
    w->now += (int64_t)draw(w, 3) * QUARTER_US;
    MW_CHECK_OK(mw_sequencer_set_now(w->s.sequencer, w->now, &err), &err);
    take(w, 0, w->orders++, w->now - (int64_t)draw(w, MW_HOUR_US));
    if (draw(w, 2) == 0)
        take(w, 1, DELIVERY + w->deliveries++,
             w->now + MW_HOUR_US + (int64_t)draw(w, MW_DAY_US));
    if (draw(w, 3) == 0) ask(w);
    if (draw(w, 3) == 0) visit(w);
    if (draw(w, 6) == 0) correct_any(w);
    MW_CHECK_OK(mw_sequencer_commit(w->s.sequencer, &err), &err);
}

static void begin(world *w) {
    *w = (world){.prng = mw_test_seed(), .now = SHOP_BEGIN};
    shop_set_up(&w->s);
    shop_close(&w->s); /* it had no history yet */
    MW_CHECK_OK(mw_sys_remove(w->s.sys, "log", NULL), NULL);
    write_history(w);
    w->logged = w->orders;
    mw_error err;
    MW_CHECK_OK(shop_open(&w->s, true, &err), &err);
}

/* --- what it knows ------------------------------------------------------------------------- */

typedef struct {
    char digest[MW_SHA256_HEX_SIZE + 1];
    uint64_t replayed;
} knowledge;

static void add_course(world *w, size_t model, mw_sha256 *sha) {
    const mw_decider *decider = mw_sequencer_decider(w->s.sequencer, model);
    mw_course *course = mw_decider_course((mw_decider *)decider);
    mw_engine_advance(mw_course_engine(course),
                      mw_sequencer_read_stats(w->s.sequencer).last_place + 1);
    MW_CHECK_OK(mw_engine_digest(mw_course_engine(course), sha, NULL), NULL);
    mw_sha256_add_u64(sha, (uint64_t)mw_course_next_due(course));
    mw_sha256_add_u64(sha, mw_agenda_count(mw_course_agenda(course)));
    mw_sha256_add_u64(sha, mw_course_refused_moments(course));
}

static void add_ids(world *w, mw_sha256 *sha) {
    mw_cell row[4] = {{0}, {0}, {0}, mw_cell_missing(MW_TYPE_NUMBER)};
    for (int i = 0; i < w->orders + 10; i++) {
        mw_event event = row_of(w, 0, i, SHOP_BEGIN, row);
        mw_sha256_add_u64(sha, shop_standing(w->s.sequencer, &event));
    }
}

static void add_predictions(world *w, mw_sha256 *sha) {
    for (int i = 0; i < DELIVERY + w->deliveries; i = i == w->orders ? DELIVERY : i + 1) {
        char id[16];
        mw_str payload = MW_STR("");
        mw_error err;
        snprintf(id, sizeof id, "%d", i);
        mw_str model = i < DELIVERY ? MW_STR("quick") : MW_STR("late");
        const mw_ledger_found *found = shop_find_stored(w->s.sequencer, model, mw_str_of(id));
        if (found)
            MW_CHECK_OK(mw_sequencer_read_prediction(w->s.sequencer, found, &payload, &err), &err);
        mw_sha256_add_str(sha, payload);
    }
}

/* By a process that starts anew, with or without checkpoints, and ends again. */
static knowledge know(world *w, const char *checkpoints) {
    knowledge all;
    mw_sha256 sha;
    mw_error err;
    shop_close(&w->s);
    w->s.checkpoints = checkpoints;
    MW_CHECK_OK(shop_open(&w->s, true, &err), &err);
    MW_CHECK_EQUAL_STR(mw_sequencer_note(w->s.sequencer), "");
    mw_sequencer_stats stats = mw_sequencer_read_stats(w->s.sequencer);
    mw_sha256_init(&sha);
    mw_sha256_add_u64(&sha, stats.history_events + stats.log_events);
    mw_sha256_add_u64(&sha, (uint64_t)stats.last_place);
    mw_sha256_add_u64(&sha, (uint64_t)mw_sequencer_now(w->s.sequencer));
    for (size_t i = 0; i < w->s.program->model_count; i++) {
        mw_sha256_add_str(&sha, mw_str_of(mw_sequencer_answering(w->s.sequencer, i)));
        add_course(w, i, &sha);
    }
    mw_sha256_add_u64(&sha, mw_ledger_count(mw_sequencer_ledger(w->s.sequencer)));
    mw_sha256_add_u64(&sha, (uint64_t)mw_ledger_last(mw_sequencer_ledger(w->s.sequencer)));
    add_ids(w, &sha);
    add_predictions(w, &sha);
    mw_sha256_hex(&sha, all.digest);
    all.replayed = stats.replayed;
    return all;
}

static void go_on(world *w) {
    mw_error err;
    shop_close(&w->s);
    w->s.checkpoints = "checkpoints";
    MW_CHECK_OK(shop_open(&w->s, true, &err), &err);
}

/* A lake with the history and all events that the log has by now. */
static void copy_log(world *w, mw_events *lake) {
    shop *s = &w->s;
    mw_log_events *meanings;
    mw_log_scan *scan;
    mw_error err;
    MW_CHECK_OK(mw_program_events(s->program, lake, &err), &err);
    for (size_t i = 0; i < s->history.event_count; i++) {
        mw_event event = mw_events_at(&s->history, i);
        MW_CHECK_OK(mw_events_add(lake, &event, &err), &err);
    }
    MW_CHECK_OK(mw_log_events_create(s->program, s->symbols, &meanings, &err), &err);
    MW_CHECK_OK(mw_log_scan_begin(s->sys, "log", INT64_MIN, &scan, &err), &err);
    for (bool has_record = true; has_record;) {
        mw_record record = {.type = MW_RECORD_CONTROL};
        mw_event event;
        MW_CHECK_OK(mw_log_scan_next(scan, &record, &has_record, &err), &err);
        if (has_record && record.type == MW_RECORD_DEFINITION)
            MW_CHECK_OK(mw_log_events_learn(meanings, &record, &err), &err);
        if (!has_record || record.type != MW_RECORD_EVENT) continue;
        MW_CHECK_OK(mw_log_events_read(meanings, &record, &event, &err), &err);
        const mw_schema *schema = &s->program->streams[event.stream].schema;
        mw_passing_hold(s->symbols, schema, event.row); /* as long as the lake is there */
        if (event.replaced) mw_passing_hold(s->symbols, schema, event.replaced);
        MW_CHECK_OK(mw_events_add(lake, &event, &err), &err);
        s->log_through = event.place;
    }
    mw_log_scan_end(scan);
    mw_log_events_destroy(meanings);
    MW_CHECK_OK(mw_events_sort(lake, &err), &err);
}

/* Moves what the log has to the lake, while nobody serves. */
static void move_log(world *w, mw_events *lake) {
    shop_close(&w->s);
    if (w->s.with_log) mw_events_release(lake);
    copy_log(w, lake);
    w->s.with_log = lake;
}

/* Whether anything left its memory. */
static bool takes_up(world *w) {
    size_t before = mw_sequencer_in_memory(w->s.sequencer);
    uint64_t count = mw_ledger_count(mw_sequencer_ledger(w->s.sequencer));
    mw_error err;
    MW_CHECK_OK(mw_sequencer_take_up(w->s.sequencer, &err), &err);
    MW_CHECK_EQUAL_INT(mw_ledger_count(mw_sequencer_ledger(w->s.sequencer)), count);
    return mw_sequencer_in_memory(w->s.sequencer) < before;
}

/* Checkpoints at random places, by the process itself or by one that only reads, and deaths at
   others, and moves of the log to the lake: each time a checkpoint and the tail say what everything
   says, and the lake with the log what the log alone says. */
static void check_checkpoints(size_t old_entries_min) {
    world w;
    mw_events lake;
    size_t shorter = 0, compared = 0, moved = 0, taken_up = 0;
    mw_error err;
    begin(&w);
    w.s.old_entries_min = old_entries_min;
    go_on(&w);
    for (int i = 0; i < 400; i++) {
        live(&w);
        if (draw(&w, 20) == 0) MW_CHECK_OK(mw_sequencer_save(w.s.sequencer, &err), &err);
        if (draw(&w, 20) == 0) taken_up += takes_up(&w);
        if (draw(&w, 20) != 0) continue;
        knowledge before = know(&w, NULL);
        bool is_moving = draw(&w, 2) == 0;
        moved += is_moving;
        if (is_moving) move_log(&w, &lake);
        knowledge by_checkpoint = know(&w, "checkpoints"), by_replay = know(&w, NULL);
        MW_CHECK_EQUAL_STR(by_checkpoint.digest, by_replay.digest);
        MW_CHECK_EQUAL_STR(before.digest, by_replay.digest);
        shorter += by_checkpoint.replayed < by_replay.replayed;
        compared++;
        go_on(&w);
    }
    MW_CHECK(compared > 10 && shorter > 5 && moved > 3 && w.s.with_log);
    MW_CHECK(w.asked > 50 && w.visits > 50 && w.corrections > 30);
    MW_CHECK(mw_ledger_count(mw_sequencer_ledger(w.s.sequencer)) > 200);
    MW_CHECK(old_entries_min == 0 ? taken_up == 0 : taken_up > 2);
    shop_tear_down(&w.s);
    mw_events_release(&lake);
}

MW_TEST(saved_state_and_the_tail_are_all_there_is) { check_checkpoints(0); }

/* The same, where most of what was known is in files beside the checkpoints. */
MW_TEST(saved_state_with_old_entries_is_all_there_is) { check_checkpoints(8); }

typedef struct {
    world *w;
    mw_events lake;
} moving;

/* When the log has been read, the server goes on, and all of it is moved to the lake. */
static mw_status recall_moved(void *context, int64_t after, mw_past **out_past, mw_error *err) {
    moving *it = context;
    for (int i = 0; i < 5; i++) live(it->w);
    correct(it->w, HISTORY, "other");
    MW_CHECK_OK(mw_sequencer_commit(it->w->s.sequencer, err), err);
    copy_log(it->w, &it->lake);
    it->w->s.with_log = &it->lake;
    return shop_recall(&it->w->s, after, out_past, err);
}

/* Who reads the log and then a lake that has more of it knows no place where its state ends. */
MW_TEST(saved_state_is_none_of_what_was_moved_behind_it) {
    world w;
    moving it = {.w = &w};
    mw_sequencer *reader;
    mw_error err;
    begin(&w);
    for (int i = 0; i < 20; i++) live(&w);
    mw_sequencer_config config = w.s.sequencer->config;
    config.only_reads = true;
    config.sources.context = &it;
    config.sources.recall = recall_moved;
    MW_CHECK_OK(mw_sequencer_open(&config, &reader, &err), &err);
    MW_CHECK_STATUS(mw_sequencer_recover(reader, SIZE_MAX, &err), MW_BUSY);
    MW_CHECK_EQUAL_STR(err.message, "recovery: the log was moved to the lake meanwhile");
    mw_sequencer_close(reader);
    knowledge by_checkpoint = know(&w, "checkpoints"), by_replay = know(&w, NULL);
    MW_CHECK_EQUAL_STR(by_checkpoint.digest, by_replay.digest);
    shop_tear_down(&w.s);
    mw_events_release(&it.lake);
}

/* --- checkpoints that are of no use ----------------------------------------------------------- */

static void overwrite(world *w, const char *path, uint64_t offset, const char *bytes,
                      uint64_t cut_at) {
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(mw_sys_open(w->s.sys, path, MW_FILE_UPDATE, &file, &err), &err);
    if (bytes) MW_CHECK_OK(mw_file_write(file, offset, bytes, strlen(bytes), &err), &err);
    if (cut_at > 0) MW_CHECK_OK(mw_file_truncate(file, cut_at, &err), &err);
    mw_file_close(file);
}

static void live_and_save(world *w, int count) {
    mw_error err;
    for (int i = 0; i < count; i++) live(w);
    MW_CHECK_OK(mw_sequencer_save(w->s.sequencer, &err), &err);
    for (int i = 0; i < count; i++) live(w);
}

static mw_sequencer_stats start_with(world *w, const char *note) {
    mw_error err;
    shop_close(&w->s);
    MW_CHECK_OK(shop_open(&w->s, true, &err), &err);
    MW_CHECK_EQUAL_STR(mw_str_of(mw_sequencer_note(w->s.sequencer)), note);
    return mw_sequencer_read_stats(w->s.sequencer);
}

/* A line says why, and everything is replayed: the answers are the same. */
MW_TEST(saved_state_that_is_bad_is_not_used) {
    static const char path[] = "checkpoints/00000001.checkpoint";
    static const struct {
        uint64_t offset;
        const char *bytes;
        uint64_t cut_at;
        const char *note;
    } cases[] = {
        {4, "\x09", 0,
         "a checkpoint is not used: checkpoint: checkpoints/00000001.checkpoint has format 9, this "
         "program reads up to 1"},
        {0, "X", 0,
         "a checkpoint is not used: checkpoint: checkpoints/00000001.checkpoint does not begin as "
         "one does"},
        {0, NULL, 100,
         "a checkpoint is not used: checkpoint: checkpoints/00000001.checkpoint fails its checksum "
         "over 100 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world w;
        begin(&w);
        live_and_save(&w, 20);
        knowledge before = know(&w, NULL);
        w.s.checkpoints = "checkpoints";
        overwrite(&w, path, cases[i].offset, cases[i].bytes, cases[i].cut_at);
        mw_sequencer_stats stats = start_with(&w, cases[i].note);
        MW_CHECK_EQUAL_INT(stats.replayed, stats.history_events + stats.log_events);
        MW_CHECK_EQUAL_INT(stats.replayed, before.replayed);
        live_and_save(&w, 20); /* a newer program's, too, is no obstacle */
        start_with(&w, "");
        shop_tear_down(&w.s);
    }
}

MW_TEST(saved_state_before_a_bad_one_is_used) {
    world w;
    mw_error err;
    begin(&w);
    live_and_save(&w, 20);
    live_and_save(&w, 20);
    overwrite(&w, "checkpoints/00000002.checkpoint", 40, "XXXX", 0);
    shop_close(&w.s);
    MW_CHECK_OK(shop_open(&w.s, true, &err), &err);
    mw_sequencer_stats stats = mw_sequencer_read_stats(w.s.sequencer);
    MW_CHECK(strstr(mw_sequencer_note(w.s.sequencer), "00000002.checkpoint fails its checksum"));
    MW_CHECK(stats.replayed > 20 && stats.replayed < stats.history_events + stats.log_events);
    shop_tear_down(&w.s);
}

MW_TEST(saved_state_of_other_circumstances_is_not_used) {
    world w;
    mw_error err;
    begin(&w);
    live_and_save(&w, 20);
    snprintf(w.s.lake_version, sizeof w.s.lake_version, "other");
    mw_sequencer_stats stats = start_with(
        &w, "a checkpoint is not used: it was made of another version of the data");
    MW_CHECK_EQUAL_INT(stats.replayed, stats.history_events + stats.log_events);
    w.s.lake_version[0] = 0;
    start_with(&w, "");

    shop_close(&w.s);
    MW_CHECK_OK(mw_sys_remove(w.s.sys, "log", &err), &err);
    MW_CHECK_OK(mw_sys_rename(w.s.sys, "checkpoints", "aside", &err), &err);
    MW_CHECK_OK(shop_open(&w.s, true, &err), &err);
    w.now = SHOP_BEGIN;
    w.logged = w.orders;
    for (int i = 0; i < 2; i++) {
        shop_close(&w.s);
        MW_CHECK_OK(mw_sys_remove(w.s.sys, "checkpoints", &err), &err);
        MW_CHECK_OK(mw_sys_make_folder(w.s.sys, "checkpoints", &err), &err);
        MW_CHECK_OK(mw_sys_rename(w.s.sys, "aside/00000001.checkpoint",
                                  "checkpoints/00000001.checkpoint", &err), &err);
        /* be that log shorter or longer */
        start_with(&w, "a checkpoint is not used: it was made of another log");
        MW_CHECK_OK(mw_sys_rename(w.s.sys, "checkpoints/00000001.checkpoint",
                                  "aside/00000001.checkpoint", &err), &err);
        for (int k = 0; k < 50; k++) live(&w);
    }
    shop_tear_down(&w.s);
}

static const char *log_path(const world *w, mw_arena *arena) {
    mw_str *names;
    size_t count;
    mw_error err;
    MW_CHECK_OK(mw_sys_list(w->s.sys, "log", arena, &names, &count, &err), &err);
    for (size_t i = 0; i < count; i++)
        if (mw_str_ends(names[i], MW_STR(".log"))) return mw_path_join(arena, "log", names[i].data);
    MW_CHECK(false);
    return NULL;
}

static void zero_page(world *w, const char *path) {
    static const char zeros[4096];
    mw_file *file;
    mw_error err;
    MW_CHECK_OK(mw_sys_open(w->s.sys, path, MW_FILE_UPDATE, &file, &err), &err);
    MW_CHECK_OK(mw_file_write(file, 4096, zeros, sizeof zeros, &err), &err);
    mw_file_close(file);
}

/* What a checkpoint has was on the disk. A log without it was cut, or lost: it is said, be the
   checkpoint of use or not, and nothing more is lost, until somebody has decided what to do. */
MW_TEST(saved_state_tells_of_a_log_that_was_cut) {
    enum { REMOVED, CUT, ZEROED, DAMAGES };
    for (int i = 0; i < 2 * DAMAGES; i++) {
        int damage = i / 2;
        world w;
        mw_error err;
        mw_arena arena;
        mw_file_info before, after;
        mw_arena_init(&arena, 1 << 16);
        begin(&w);
        live_and_save(&w, 200);
        shop_close(&w.s);
        const char *path = log_path(&w, &arena);
        MW_CHECK_OK(mw_sys_info(w.s.sys, path, &before, &err), &err);
        MW_CHECK(before.size > 3 * 4096);
        if (damage == REMOVED) MW_CHECK_OK(mw_sys_remove(w.s.sys, path, &err), &err);
        else if (damage == CUT) overwrite(&w, path, 0, NULL, before.size = 5000);
        else zero_page(&w, path);
        if (i % 2) snprintf(w.s.lake_version, sizeof w.s.lake_version, "other");
        MW_CHECK_STATUS(shop_open(&w.s, true, &err), MW_CORRUPT);
        mw_str told = MW_STR("log: it lacks what checkpoint 1 has of it, up to 1970-04-");
        MW_CHECK(mw_str_starts(mw_str_of(err.message), told));
        if (damage != REMOVED) MW_CHECK_OK(mw_sys_info(w.s.sys, path, &after, &err), &err);
        MW_CHECK(damage == REMOVED || after.size == before.size);
        MW_CHECK_OK(mw_sys_remove(w.s.sys, "checkpoints", &err), &err);
        MW_CHECK_OK(shop_open(&w.s, true, &err), &err);
        MW_CHECK_EQUAL_STR(mw_sequencer_note(w.s.sequencer), "");
        shop_tear_down(&w.s);
        mw_arena_release(&arena);
    }
}

/* The events of a log that was lost stand in the lake as far as they were moved there, so what goes
   on without the rest says so. */
MW_TEST(saved_state_that_is_gone_with_the_log_is_missed) {
    world w;
    mw_events lake;
    mw_error err;
    begin(&w);
    live_and_save(&w, 20);
    move_log(&w, &lake);
    MW_CHECK_OK(shop_open(&w.s, true, &err), &err);
    start_with(&w, "");
    shop_close(&w.s);
    MW_CHECK_OK(mw_sys_remove(w.s.sys, "log", &err), &err);
    MW_CHECK_OK(mw_sys_remove(w.s.sys, "checkpoints", &err), &err);
    MW_CHECK_OK(shop_open(&w.s, true, &err), &err);
    mw_buf told;
    mw_buf_init(&told, 1 << 8);
    mw_buf_append_text(&told, "the log has lost what came up to ");
    mw_time_append(&told, w.s.log_through);
    mw_buf_append_text(&told, ": its events were moved to the lake, what was predicted is gone");
    MW_CHECK_EQUAL_STR(mw_str_of(mw_sequencer_note(w.s.sequencer)), mw_buf_str(&told));
    mw_buf_release(&told);
    mw_events_release(&lake);
    w.s.with_log = NULL;
    shop_tear_down(&w.s);
}

/* Serving goes on where a checkpoint cannot be written, and the one before stays. */
MW_TEST(saved_state_needs_no_room) {
    world w;
    mw_error err;
    begin(&w);
    live_and_save(&w, 20);
    mw_simulated_set_disk_size_max(w.s.sys, mw_simulated_disk_size(w.s.sys) + 2000);
    MW_CHECK_STATUS(mw_sequencer_save(w.s.sequencer, &err), MW_NO_SPACE);
    live(&w);
    mw_simulated_set_disk_size_max(w.s.sys, UINT64_MAX);
    mw_sequencer_stats stats = start_with(&w, "");
    MW_CHECK(stats.replayed < stats.history_events + stats.log_events);
    MW_CHECK_OK(mw_sequencer_save(w.s.sequencer, &err), &err);
    shop_tear_down(&w.s);
}
