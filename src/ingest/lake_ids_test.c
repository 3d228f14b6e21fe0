#include "ingest/lake_ids.h"

#include <string.h>

#include "base/prng.h"
#include "ingest/log_move.h"
#include "ingest/shop_log_test.h"

enum { PLAIN, INDEXED, SIDES, ROUNDS = 18, ORDERS = 40, FILES_MAX = 64 };
static const char project[] =
    "project: shop\n"
    "streams:\n"
    "  orders:\n"
    "    from: orders*.csv\n"
    "    time: at\n"
    "    known: seen\n"
    "    id: order, shop\n"
    "    fields: {paid: at + delay * 1m}\n"
    "    checks: {price: {min: 0}}\n"
    "    later: {paid: paid, delay: paid}\n"
    "  visits: {from: visits.csv, time: at}\n";

/* Two shops that take the same files: one reads all ids of the lake each time, the other asks the
   sorted files for them. */
typedef struct {
    shop shops[SIDES];
    uint64_t prng;
    int file_count;
    int64_t place;
    bool has_log;
    size_t repeats, corrections, quarantined, indexed;
} pair;

static uint64_t below(pair *it, uint64_t limit) { return mw_prng_below(&it->prng, limit); }

static void set_up(pair *it, const char *name, uint64_t seed) {
    *it = (pair){.prng = seed, .place = INT64_C(1800000000000000)};
    for (int side = 0; side < SIDES; side++) {
        char folder[400];
        shop *f = &it->shops[side];
        snprintf(folder, sizeof folder, "%s/%s%d", mw_test_directory(), name, side);
        MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), folder, NULL), NULL);
        shop_set_up(f, folder);
        shop_write_file(f, "orders.csv", "order,at,seen,shop,price,delay\n"
                                         "z,2023-01-01T10:00:00Z,2023-01-01T10:30:00Z,1,5,3\n");
        shop_write_file(f, "visits.csv", shop_first_visits);
        shop_compile(f, project);
    }
}

static void tear_down(pair *it) {
    for (int side = 0; side < SIDES; side++) shop_tear_down(&it->shops[side]);
}

/* Some orders, most with ids that came before: again, with another price, seen later or before. */
static void write_orders(pair *it) {
    mw_buf text;
    char name[40];
    mw_buf_init(&text, 1 << 16);
    mw_buf_append_text(&text, "order,at,seen,shop,price,delay\n");
    size_t count = 1 + below(it, 14);
    for (size_t i = 0; i < count; i++) {
        unsigned order = (unsigned)below(it, ORDERS), day = 1 + order % 28;
        unsigned year = order % 2 ? 1960 : 2024; /* of places, too, which have a sign */
        const char *delay = below(it, 3) ? "3" : "NA";
        int price = (int)below(it, 12) - 1;
        mw_buf_printf(&text, "o%u,%u-01-%02uT10:00:00Z,%u-01-%02uT%02u:30:00Z,%u,%d,%s\n", order,
                      year, day, year, day, 10 + (unsigned)below(it, 8) / 7, order % 3,
                      price > 1 ? 5 : price, delay);
    }
    MW_CHECK_OK(mw_buf_check(&text, "orders", NULL), NULL);
    mw_buf_append_char(&text, '\0');
    snprintf(name, sizeof name, "orders%d.csv", it->file_count++);
    for (int side = 0; side < SIDES; side++) shop_write_file(&it->shops[side], name, text.data);
    mw_buf_release(&text);
}

/* --- comparing ------------------------------------------------------------------------------ */

static void dump(shop *f, const char *sql, int columns, mw_buf *out) {
    mw_catalog_rows *rows = NULL;
    bool has_row = false;
    MW_CHECK_OK(mw_catalog_query(mw_state_catalog(f->state), sql, MW_SQL_NOTHING, &rows, &f->err),
                &f->err);
    MW_CHECK_OK(mw_catalog_next(rows, &has_row, &f->err), &f->err);
    while (has_row) {
        for (int i = 0; i < columns; i++) {
            mw_buf_append_str(out, mw_catalog_text(rows, i));
            mw_buf_append_char(out, i + 1 < columns ? ' ' : '\n');
        }
        MW_CHECK_OK(mw_catalog_next(rows, &has_row, &f->err), &f->err);
    }
    mw_catalog_rows_close(rows);
}

/* All that the catalog says, the checksums of the lake's files among it, and all of the report. */
static void describe(shop *f, mw_status status, mw_buf *out) {
    const mw_ingest_report *report = &f->report;
    dump(f, "SELECT id, data_version, events, place_us, log_through_us FROM ingests ORDER BY id", 5,
         out);
    dump(f, "SELECT ingest, path, event_count, corrections, rows_hash, checksum FROM lake_files "
            "ORDER BY path", 6, out);
    dump(f, "SELECT ingest, path, row_count, quarantined, repeats, left_out FROM ingested_files "
            "ORDER BY ingest, path", 6, out);
    mw_buf_printf(out, "%d %s\n", (int)status, status == MW_OK ? "" : f->err.message);
    for (size_t i = 0; i < report->file_count; i++) {
        const mw_ingest_file *file = &report->files[i];
        mw_buf_printf(out, "%zu %zu %zu %zu\n", file->event_count, file->corrections,
                      file->repeats, file->quarantined);
    }
    for (size_t i = 0; i < report->reason_count; i++)
        mw_buf_printf(out, "%.*s %zu %zu %.*s\n", MW_STR_ARGS(report->reasons[i].rule),
                      report->reasons[i].row_count, report->reasons[i].first_row,
                      MW_STR_ARGS(report->reasons[i].value));
    MW_CHECK_OK(mw_buf_check(out, "a description", NULL), NULL);
}

static mw_ingest_config config_of(shop *f, size_t behind_max) {
    return (mw_ingest_config){.state = f->state, .project = f->project, .program = f->program,
                              .symbols = f->symbols, .zones = f->zones, .folder = f->folder,
                              .now_us = INT64_C(1900000000000000),
                              .lake_ids_behind_max = behind_max};
}

static mw_status ingest(shop *f, size_t behind_max) {
    mw_ingest_config config = config_of(f, behind_max);
    mw_ingest_report_release(&f->report);
    return mw_ingest(&config, &f->report, &f->err);
}

static int32_t orders_of(const shop *f) {
    return mw_program_find_stream(f->program, MW_STR("orders"));
}

static void ingest_both(pair *it) {
    mw_buf texts[SIDES];
    for (int side = 0; side < SIDES; side++) {
        shop *f = &it->shops[side];
        mw_buf_init(&texts[side], 1 << 20);
        mw_status status = ingest(f, side == PLAIN ? SIZE_MAX : 1 + (size_t)below(it, 9));
        describe(f, status, &texts[side]);
    }
    MW_CHECK_EQUAL_STR(mw_buf_str(&texts[PLAIN]), mw_buf_str(&texts[INDEXED]));
    const mw_ingest_report *report = &it->shops[INDEXED].report;
    it->quarantined += report->quarantined;
    for (size_t i = 0; i < report->file_count; i++) {
        it->repeats += report->files[i].repeats;
        it->corrections += report->files[i].corrections;
    }
    for (int side = 0; side < SIDES; side++) mw_buf_release(&texts[side]);
}

/* --- a log beside the lake ------------------------------------------------------------------ */

static void log_event(shop_log *log, pair *it, unsigned order, double price) {
    shop *f = log->shop;
    char name[16];
    const mw_schema *schema = &f->program->streams[orders_of(f)].schema;
    mw_cell row[16] = {{0}};
    for (size_t i = 0; i < schema->field_count; i++)
        row[i] = mw_cell_missing(schema->fields[i].type);
    snprintf(name, sizeof name, "o%u", order);
    row[mw_schema_find(schema, MW_STR("order"))].symbol =
        mw_symbols_intern(f->symbols, mw_str_of(name));
    row[mw_schema_find(schema, MW_STR("shop"))] = mw_cell_number(order % 3);
    row[mw_schema_find(schema, MW_STR("price"))] = mw_cell_number(price);
    mw_event event = {.stream = orders_of(f), .time = it->place - 5, .known = it->place - 5,
                      .place = it->place, .row = row};
    shop_log_event(log, &event);
}

static void log_order(pair *it, unsigned order, bool moves) {
    for (int side = 0; side < SIDES; side++) {
        shop_log log;
        size_t count;
        shop *f = &it->shops[side];
        shop_log_open(&log, f);
        if (!it->has_log) shop_log_begin(&log, MW_CONTROL_BEGIN_WALL, it->place, it->place - 1);
        log_event(&log, it, order, 5);
        shop_log_close(&log);
        mw_log_move move = {f->state, f->program, f->symbols, 7};
        if (moves) MW_CHECK_OK(mw_log_move_run(move, &count, &f->err), &f->err);
    }
    it->has_log = true;
}

/* Orders whose ids files may bring; sometimes the log's events move to the lake. */
static void log_both(pair *it) {
    it->place += 1000000;
    log_order(it, ORDERS - 1 - (unsigned)it->file_count % 10, below(it, 2) == 0);
}

/* --- damage --------------------------------------------------------------------------------- */

typedef struct {
    mw_arena arena;
    mw_str names[FILES_MAX], bytes[FILES_MAX];
    size_t count;
} saved;

static const char *file_in(const shop *f, mw_arena *arena, mw_str name) {
    char path[900];
    snprintf(path, sizeof path, "%s/ids/orders/%.*s", f->state_folder, MW_STR_ARGS(name));
    return mw_arena_copy(arena, path, strlen(path));
}

static void save_files(shop *f, saved *it) {
    mw_str *names = NULL;
    size_t count = 0;
    *it = (saved){.count = 0};
    mw_arena_init(&it->arena, 1 << 24);
    MW_CHECK_OK(mw_sys_list_if_any(mw_sys_real(), file_in(f, &it->arena, MW_STR("")), &it->arena,
                                   &names, &count, &f->err), &f->err);
    MW_CHECK(count <= FILES_MAX);
    for (; it->count < count; it->count++) {
        mw_buf bytes;
        mw_buf_init(&bytes, 1 << 20);
        it->names[it->count] = names[it->count];
        MW_CHECK_OK(mw_sys_read_file(mw_sys_real(), file_in(f, &it->arena, names[it->count]),
                                     &bytes, &f->err), &f->err);
        it->bytes[it->count] = mw_str_copy(&it->arena, mw_buf_str(&bytes));
        mw_buf_release(&bytes);
    }
}

static bool has_files(shop *f) {
    saved now;
    save_files(f, &now);
    size_t count = now.count;
    mw_arena_release(&now.arena);
    return count > 0;
}

static void put_file(shop *f, saved *it, size_t index, mw_str bytes) {
    const char *path = file_in(f, &it->arena, it->names[index]);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, bytes, &f->err), &f->err);
}

static void remove_file(shop *f, saved *it, size_t index) {
    MW_CHECK_OK(mw_sys_remove(mw_sys_real(), file_in(f, &it->arena, it->names[index]), &f->err),
                &f->err);
}

/* What a bad disk, a hand or an incomplete copy does to the files. */
static void damage(pair *it, saved *old) {
    shop *f = &it->shops[INDEXED];
    saved now;
    save_files(f, &now);
    size_t kind = now.count > 0 ? below(it, 5) : 5;
    size_t chosen = now.count > 0 ? below(it, now.count) : 0;
    char *bytes = (char *)(uintptr_t)now.bytes[chosen].data;
    size_t size = now.bytes[chosen].size;
    if (kind == 0) remove_file(f, &now, chosen);
    if (kind == 1 && size > 0) bytes[below(it, size)] ^= 16;
    if (kind == 1) put_file(f, &now, chosen, now.bytes[chosen]);
    if (kind == 2) put_file(f, &now, chosen, (mw_str){bytes, size / 2});
    if (kind >= 3)
        for (size_t i = 0; i < now.count; i++) remove_file(f, &now, i);
    if (kind == 4 && old->count > 0) /* those of long ago are brought back */
        for (size_t i = 0; i < old->count; i++) put_file(f, old, i, old->bytes[i]);
    mw_arena_release(&now.arena);
    if (kind == 3) {
        mw_arena_release(&old->arena);
        save_files(f, old);
    }
}

/* --- tests ---------------------------------------------------------------------------------- */

static void takes_the_same(const char *name, bool is_damaged, bool has_log, uint64_t seed) {
    pair it;
    saved old;
    set_up(&it, name, seed);
    save_files(&it.shops[INDEXED], &old);
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 1 + below(&it, 3) / 2; i > 0; i--) write_orders(&it);
        if (has_log && below(&it, 4) == 0) log_both(&it);
        ingest_both(&it);
        it.indexed += has_files(&it.shops[INDEXED]);
        if (round == ROUNDS / 2) {
            mw_arena_release(&old.arena);
            save_files(&it.shops[INDEXED], &old);
        }
        if (is_damaged && below(&it, 3) == 0) damage(&it, &old);
    }
    MW_CHECK(!has_files(&it.shops[PLAIN]));
    MW_CHECK(it.indexed > ROUNDS / 2);
    MW_CHECK(it.repeats > 10 && it.corrections > 10 && it.quarantined > 10);
    mw_arena_release(&old.arena);
    tear_down(&it);
}

MW_TEST(lake_ids_find_what_all_of_the_lake_says) {
    takes_the_same("sound", false, false, mw_test_seed());
}

MW_TEST(lake_ids_find_it_beside_a_log) {
    takes_the_same("log", false, true, mw_test_seed() + 1);
}

MW_TEST(lake_ids_are_made_anew_where_they_are_of_no_use) {
    takes_the_same("damaged", true, false, mw_test_seed() + 2);
}

/* Takes one order in a file of its own. */
static void take_one(pair *it, unsigned order, int price) {
    static const char times[] = "2024-01-01T10:00:00Z,2024-01-01T10:30:00Z";
    char name[40], text[300];
    int number = it->file_count++; /* of an order that makes it another file */
    snprintf(text, sizeof text, "order,at,seen,shop,price,delay\no%u,%s,%u,%d,3\nn%d,%s,0,0,3\n",
             order, times, order % 3, price, number, times);
    snprintf(name, sizeof name, "orders%d.csv", number);
    for (int side = 0; side < SIDES; side++) shop_write_file(&it->shops[side], name, text);
    ingest_both(it);
}

/* A correction of what the log has stands behind all that the catalogs of older releases say of its
   file. */
MW_TEST(lake_ids_go_through_the_lake_for_what_is_not_at_its_place) {
    static const char forget[] = "UPDATE lake_files SET known_max_us = known_max_us - 1 "
                                 "WHERE corrections > 0";
    pair it;
    set_up(&it, "place", mw_test_seed());
    ingest_both(&it);
    it.place += 1000000;
    log_order(&it, 7, false);
    for (int price = 2; price < 9; price++) {
        take_one(&it, 7, price / 2);
        for (int side = 0; price < 4 && side < SIDES; side++)
            MW_CHECK_OK(mw_catalog_run(mw_state_catalog(it.shops[side].state), forget,
                                       MW_SQL_NOTHING, NULL), NULL);
    }
    MW_CHECK_EQUAL_INT(it.corrections, 4);
    MW_CHECK_EQUAL_INT(it.repeats, 3);
    tear_down(&it);
}

static size_t count_files(shop *f, const char *suffix) {
    saved now;
    size_t count = 0;
    save_files(f, &now);
    for (size_t i = 0; i < now.count; i++) count += mw_str_ends(now.names[i], mw_str_of(suffix));
    mw_arena_release(&now.arena);
    return count;
}

MW_TEST(lake_ids_go_through_the_lake_where_a_block_is_bad) {
    enum { IN_FIRST_BLOCK = 4096 + 100 };
    pair it;
    saved now;
    set_up(&it, "block", mw_test_seed());
    shop *f = &it.shops[INDEXED];
    for (unsigned order = 0; order < 12; order++) take_one(&it, order, 5);
    save_files(f, &now);
    for (size_t i = 0; i < now.count; i++) {
        if (!mw_str_ends(now.names[i], MW_STR(".run"))) continue;
        ((char *)(uintptr_t)now.bytes[i].data)[IN_FIRST_BLOCK] ^= 1;
        put_file(f, &now, i, now.bytes[i]);
    }
    mw_arena_release(&now.arena);
    MW_CHECK(count_files(f, ".run") > 0 && count_files(f, ".bad") == 0);
    take_one(&it, 1, 5);
    MW_CHECK(count_files(f, ".bad") > 0);
    take_one(&it, 2, 6);
    MW_CHECK(it.repeats == 1 && it.corrections == 1);
    tear_down(&it);
}

/* As after an older copy of the lake was brought back, and another file taken then. */
MW_TEST(lake_ids_of_another_lake_say_nothing) {
    pair it, other;
    saved files;
    mw_str key;
    set_up(&it, "one", mw_test_seed());
    set_up(&other, "another", mw_test_seed() + 9);
    for (int round = 0; round < 4; round++) {
        write_orders(&it), write_orders(&other);
        ingest_both(&it), ingest_both(&other);
    }
    shop *f = &it.shops[INDEXED], *from = &other.shops[INDEXED];
    MW_CHECK(has_files(f) && has_files(from));
    save_files(from, &files);
    MW_CHECK_OK(mw_catalog_get(mw_state_catalog(from->state), "lake.ids.key", &files.arena, &key,
                               &f->err), &f->err);
    MW_CHECK_OK(mw_catalog_set(mw_state_catalog(f->state), "lake.ids.key", key, &f->err), &f->err);
    for (size_t i = 0; i < files.count; i++) put_file(f, &files, i, files.bytes[i]);
    for (int round = 0; round < 4; round++) {
        write_orders(&it);
        ingest_both(&it);
    }
    mw_arena_release(&files.arena);
    tear_down(&it);
    tear_down(&other);
}

static mw_status open_and_ask(void *context) {
    mw_lake_snapshot lake;
    mw_lake_ids *ids;
    mw_events events;
    shop *f = context;
    mw_cell row[16] = {{0}};
    MW_TRY(mw_lake_look(mw_state_lake(f->state), &lake, NULL));
    mw_lake_ids_config config = {f->state, &lake, f->program, orders_of(f), f->symbols, 1};
    MW_TRY(mw_program_events(f->program, &events, NULL));
    mw_status status = mw_lake_ids_open(config, &ids, NULL);
    if (status == MW_OK) {
        status = mw_lake_ids_ask(ids, row, NULL);
        if (status == MW_OK) status = mw_lake_ids_read(ids, &events, NULL);
        mw_lake_ids_close(ids);
    }
    mw_events_release(&events);
    return status;
}

MW_TEST(lake_ids_survive_every_failing_allocation) {
    pair it;
    set_up(&it, "memory", mw_test_seed());
    write_orders(&it);
    MW_CHECK_OK(ingest(&it.shops[PLAIN], SIZE_MAX), &it.shops[PLAIN].err);
    mw_lake_snapshot lake;
    mw_lake *stands = mw_state_lake(it.shops[PLAIN].state); /* remembers what it has checked */
    MW_CHECK_OK(mw_lake_look(stands, &lake, NULL), NULL);
    MW_CHECK_OK(mw_lake_check(stands, &lake, MW_STR("orders"), NULL), NULL);
    MW_CHECK(mw_test_every_allocation_fails(open_and_ask, &it.shops[PLAIN]) > 10);
    tear_down(&it);
}
