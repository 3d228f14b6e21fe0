#include "store/lake.h"

#include <stdio.h>

#include "base/prng.h"
#include "testing/test.h"

/* A lake with what it needs, and two streams. "Time" clashes with a column of the lake's. */
enum { SALES, RATES, STREAMS };
static mw_field sale_fields[] = {{{"shop", 4}, MW_TYPE_CATEGORY},
                                 {{"Time", 4}, MW_TYPE_TIME},
                                 {{"price", 5}, MW_TYPE_NUMBER},
                                 {{"price:3", 7}, MW_TYPE_BOOL}};
static mw_field rate_fields[] = {{{"rate", 4}, MW_TYPE_NUMBER}};
static const mw_schema sales = {sale_fields, 4}, rates = {rate_fields, 1};
static const mw_schema *const schemas[STREAMS] = {&sales, &rates};
static const mw_str names[STREAMS] = {{"sales", 5}, {"rates@later", 11}};

typedef struct {
    mw_catalog *catalog;
    mw_duck *duck;
    mw_lake *lake;
    mw_symbols *symbols;
    mw_arena arena; /* of additions */
    mw_error err;
} fixture;

static void open_lake(fixture *f, const char *folder) {
    char lock[600];
    snprintf(lock, sizeof lock, "%s.lock", folder ? folder : "");
    mw_lake_config config = {.sys = mw_sys_real(), .catalog = f->catalog, .duck = f->duck,
                             .folder = folder, .lock_path = lock};
    MW_CHECK_OK(mw_lake_open(config, &f->lake, &f->err), &f->err);
    MW_CHECK_OK(mw_lake_claim(f->lake, &f->err), &f->err);
}

static void set_up(fixture *f, const char *folder) {
    mw_duck_config config = {.thread_count = 1};
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &f->catalog, &f->err), &f->err);
    MW_CHECK_OK(mw_duck_open(mw_sys_real(), config, &f->duck, &f->err), &f->err);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &f->symbols, &f->err), &f->err);
    mw_arena_init(&f->arena, 1 << 24);
    open_lake(f, folder);
}

static void tear_down(fixture *f) {
    mw_arena_release(&f->arena);
    mw_lake_close(f->lake);
    mw_duck_close(f->duck);
    mw_catalog_close(f->catalog);
    mw_symbols_destroy(f->symbols);
}

static void add_sale(mw_events *events, mw_symbols *symbols, uint64_t draw) {
    char shop[16];
    int size = snprintf(shop, sizeof shop, "shop %llu", (unsigned long long)(draw % 9));
    mw_cell row[4] = {
        {.symbol = mw_symbols_intern(symbols, (mw_str){shop, (size_t)size})},
        mw_cell_time((int64_t)(draw % 1000)),
        draw % 7 == 0 ? mw_cell_missing(MW_TYPE_NUMBER) : mw_cell_number((double)draw / 8),
        mw_cell_bool(draw % 2)};
    int64_t known = (int64_t)(draw % 500);
    mw_event event = {.stream = SALES, .time = (int64_t)(draw % 300), .known = known,
                      .place = known, .row = row};
    MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
}

static void fill(mw_events *events, mw_symbols *symbols, uint64_t seed, size_t count) {
    MW_CHECK_OK(mw_events_init(events, schemas, STREAMS, NULL), NULL);
    for (size_t i = 0; i < count; i++) {
        uint64_t draw = mw_prng_next(&seed);
        add_sale(events, symbols, draw);
        mw_cell rate = mw_cell_number((double)(draw % 100));
        mw_event event = {.stream = RATES, .time = (int64_t)i, .known = (int64_t)i,
                          .place = (int64_t)i, .row = &rate};
        if (draw % 3 == 0) MW_CHECK_OK(mw_events_add(events, &event, NULL), NULL);
    }
}

static mw_status stage(fixture *f, mw_events *events, mw_addition *addition) {
    mw_lake_batch batch = {.events = events, .names = names, .symbols = f->symbols};
    return mw_lake_stage(f->lake, &batch, &f->arena, addition, &f->err);
}

static const mw_places as_filed = {MW_TIME_MISSING, 0};

static mw_status accept(fixture *f, const mw_addition *addition, mw_places places) {
    char version[MW_SHA256_HEX_SIZE + 1];
    mw_acceptance acceptance = {.at_us = 42, .places = places, .log_through = MW_TIME_MISSING};
    MW_TRY(mw_catalog_begin(f->catalog, &f->err));
    mw_status status = mw_lake_accept(f->lake, addition, acceptance, version, &f->err);
    if (status == MW_OK) return mw_catalog_commit(f->catalog, &f->err);
    mw_catalog_rollback(f->catalog);
    return status;
}

static mw_status ingest_at(fixture *f, mw_events *events, mw_places places) {
    mw_addition addition;
    MW_TRY(stage(f, events, &addition));
    return accept(f, &addition, places);
}

static mw_status ingest(fixture *f, mw_events *events) {
    return ingest_at(f, events, as_filed);
}

static mw_lake_snapshot look(fixture *f) {
    mw_lake_snapshot snapshot;
    MW_CHECK_OK(mw_lake_look(f->lake, &snapshot, &f->err), &f->err);
    return snapshot;
}

/* Behind a place and an ingest. */
static void read_behind(fixture *f, const mw_lake_snapshot *snapshot, int64_t after, int64_t ingest,
                        mw_events *events) {
    MW_CHECK_OK(mw_events_init(events, schemas, STREAMS, &f->err), &f->err);
    for (int32_t i = 0; i < STREAMS; i++) {
        mw_lake_wish wish = {names[i], i, f->symbols, after, ingest};
        MW_CHECK_OK(mw_lake_read(f->lake, snapshot, wish, events, &f->err), &f->err);
    }
    MW_CHECK_OK(mw_events_sort(events, &f->err), &f->err);
}

static void read_after(fixture *f, const mw_lake_snapshot *snapshot, int64_t after,
                       mw_events *events) {
    read_behind(f, snapshot, after, 0, events);
}

static void read_by(fixture *f, const mw_lake_snapshot *snapshot, mw_events *events) {
    read_after(f, snapshot, INT64_MIN, events);
}

static void read_all(fixture *f, mw_events *events) {
    mw_lake_snapshot snapshot = look(f);
    read_by(f, &snapshot, events);
}

static void check_same(mw_events *actual, mw_events *expected) {
    MW_CHECK_OK(mw_events_sort(expected, NULL), NULL);
    MW_CHECK_EQUAL_INT(actual->event_count, expected->event_count);
    for (size_t i = 0; i < expected->event_count; i++) {
        mw_event a = mw_events_at(actual, i), b = mw_events_at(expected, i);
        MW_CHECK(a.stream == b.stream && a.time == b.time);
        MW_CHECK(a.known == b.known && a.place == b.place);
        for (size_t c = 0; c < schemas[b.stream]->field_count; c++)
            MW_CHECK(a.row[c].bits == b.row[c].bits);
    }
}

static void gives_back_what_it_took(const char *folder, char version[MW_SHA256_HEX_SIZE + 1]) {
    fixture f = {0};
    mw_events first, second, actual;
    set_up(&f, folder);
    uint64_t seed = mw_test_seed();
    fill(&first, f.symbols, seed, 3000);
    fill(&second, f.symbols, seed + 1, 10);
    char before[MW_SHA256_HEX_SIZE + 1], between[MW_SHA256_HEX_SIZE + 1];
    MW_CHECK_OK(mw_lake_version(f.lake, before, &f.err), &f.err);
    MW_CHECK_EQUAL_STR(before, "");
    MW_CHECK_OK(ingest(&f, &first), &f.err);
    read_all(&f, &actual);
    check_same(&actual, &first);
    mw_events_release(&actual);
    MW_CHECK_OK(mw_lake_version(f.lake, between, &f.err), &f.err);

    MW_CHECK_OK(ingest(&f, &second), &f.err);
    MW_CHECK_OK(mw_lake_version(f.lake, version, &f.err), &f.err);
    MW_CHECK(!mw_str_is(mw_str_of(between), version));
    if (folder) { /* opening it again removes nothing that is listed */
        mw_lake_close(f.lake);
        open_lake(&f, folder);
    }
    read_all(&f, &actual);
    MW_CHECK_EQUAL_INT(actual.event_count, first.event_count + second.event_count);
    mw_events_release(&actual);
    mw_lake_snapshot snapshot = look(&f);
    read_behind(&f, &snapshot, INT64_MIN, snapshot.ingest - 1, &actual);
    check_same(&actual, &second);
    mw_events_release(&actual);
    read_behind(&f, &snapshot, INT64_MIN, snapshot.ingest, &actual);
    MW_CHECK_EQUAL_INT(actual.event_count, 0);
    mw_events_release(&actual);
    mw_events_release(&first);
    mw_events_release(&second);
    tear_down(&f);
}

MW_TEST(lake_gives_back_what_it_took_from_memory_and_folder_alike) {
    char in_memory[MW_SHA256_HEX_SIZE + 1], in_folder[MW_SHA256_HEX_SIZE + 1], folder[512];
    snprintf(folder, sizeof folder, "%s/lake", mw_test_directory());
    gives_back_what_it_took(NULL, in_memory);
    gives_back_what_it_took(folder, in_folder);
    MW_CHECK_EQUAL_STR(in_memory, in_folder);
}

static bool is_there(const char *folder, const char *name) {
    mw_file_info info;
    mw_error err;
    char path[700];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    MW_CHECK_OK(mw_sys_info(mw_sys_real(), path, &info, &err), &err);
    return info.exists;
}

/* A crash before the commit leaves files that nobody sees, and who stages next removes them. What
   the dead one had asked for, late, is refused: its files are gone. */
MW_TEST(lake_removes_what_was_never_listed) {
    fixture f = {0};
    mw_events events, actual;
    mw_addition lost, next;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/lake", mw_test_directory());
    set_up(&f, folder);
    fill(&events, f.symbols, mw_test_seed(), 50);
    MW_CHECK_OK(stage(&f, &events, &lost), &f.err);
    MW_CHECK(is_there(folder, "sales/000001.parquet"));
    read_all(&f, &actual);
    MW_CHECK_EQUAL_INT(actual.event_count, 0);
    mw_events_release(&actual);

    mw_lake_close(f.lake); /* the process is gone; another opens the same folder */
    open_lake(&f, folder);
    MW_CHECK_OK(stage(&f, &events, &next), &f.err);
    MW_CHECK(!is_there(folder, "sales/000001.parquet"));
    MW_CHECK_STATUS(accept(&f, &lost, as_filed), MW_CONFLICT);
    MW_CHECK_OK(accept(&f, &next, as_filed), &f.err);
    MW_CHECK_EQUAL_INT(look(&f).ingest, next.number);

    MW_CHECK_OK(stage(&f, &events, &lost), &f.err);
    MW_CHECK_OK(mw_lake_discard(f.lake, &f.err), &f.err);
    MW_CHECK(!is_there(folder, lost.files[0].path.data));
    MW_CHECK(is_there(folder, next.files[0].path.data));
    MW_CHECK_STATUS(accept(&f, &lost, as_filed), MW_CONFLICT);
    MW_CHECK_STATUS(accept(&f, &next, as_filed), MW_CONFLICT); /* once is enough */
    mw_events_release(&events);
    tear_down(&f);
}

MW_TEST(lake_lets_one_process_add_at_a_time) {
    fixture f = {0};
    char folder[512];
    snprintf(folder, sizeof folder, "%s/lake", mw_test_directory());
    set_up(&f, folder);
    mw_lake *first = f.lake;
    char lock[600];
    snprintf(lock, sizeof lock, "%s.lock", folder);
    mw_lake_config config = {.sys = mw_sys_real(), .catalog = f.catalog, .duck = f.duck,
                             .folder = folder, .lock_path = lock};
    MW_CHECK_OK(mw_lake_open(config, &f.lake, &f.err), &f.err);
    MW_CHECK_STATUS(mw_lake_claim(f.lake, &f.err), MW_BUSY);
    MW_CHECK_EQUAL_STR(f.err.message, "lake: another process adds to it");
    mw_lake_yield(first);
    MW_CHECK_OK(mw_lake_claim(f.lake, &f.err), &f.err);
    mw_lake_close(first);
    tear_down(&f);
}

/* Row by row the events of each file count from there on; where they do shows in the version. A
   snapshot does not see what comes after it. */
MW_TEST(lake_gives_an_ingest_the_places_at_which_it_was_accepted) {
    fixture f = {0};
    mw_events first, second, actual;
    mw_addition addition;
    set_up(&f, NULL);
    fill(&first, f.symbols, mw_test_seed(), 50);
    fill(&second, f.symbols, mw_test_seed() + 1, 30);
    MW_CHECK_OK(ingest(&f, &first), &f.err);
    mw_lake_snapshot before = look(&f);
    MW_CHECK(before.last_place == INT64_MIN && before.log_through == INT64_MIN);

    MW_CHECK_OK(stage(&f, &second, &addition), &f.err);
    MW_CHECK_EQUAL_INT(mw_addition_known_min(&addition), mw_events_at(&second, 0).known);
    MW_CHECK_OK(accept(&f, &addition, (mw_places){7000, 2}), &f.err);
    mw_lake_snapshot after = look(&f);
    MW_CHECK_EQUAL_INT(after.last_place, 7000);
    read_by(&f, &after, &actual);
    MW_CHECK_EQUAL_INT(actual.event_count, first.event_count + second.event_count);
    int64_t next[STREAMS] = {7000, 7000};
    for (size_t i = 0; i < actual.event_count; i++) {
        mw_event event = mw_events_at(&actual, i);
        if (i < first.event_count) MW_CHECK_EQUAL_INT(event.place, event.known);
        else MW_CHECK_EQUAL_INT(event.place, next[event.stream]);
        if (i >= first.event_count) next[event.stream] += 2;
    }
    mw_events_release(&actual);
    read_by(&f, &before, &actual);
    check_same(&actual, &first);
    mw_events_release(&actual);
    mw_events_release(&first);
    mw_events_release(&second);
    tear_down(&f);

    fixture other = {0}; /* the same events at another place are other data */
    set_up(&other, NULL);
    fill(&first, other.symbols, mw_test_seed(), 50);
    fill(&second, other.symbols, mw_test_seed() + 1, 30);
    MW_CHECK_OK(ingest(&other, &first), &other.err);
    MW_CHECK_EQUAL_STR(look(&other).version, before.version);
    MW_CHECK_OK(ingest_at(&other, &second, (mw_places){7000, 3}), &other.err);
    MW_CHECK(!mw_str_is(mw_str_of(look(&other).version), after.version));
    mw_events_release(&first);
    mw_events_release(&second);
    tear_down(&other);
}

/* Of history and of what trickled in alike; what is from the log has been read there. */
static void reads_after_a_place(const char *folder) {
    fixture f = {0};
    mw_events parts[3], all, later, expected;
    mw_addition addition;
    mw_places trickling = {400, 7};
    set_up(&f, folder);
    for (uint64_t i = 0; i < 3; i++) fill(&parts[i], f.symbols, mw_test_seed() + i, 60);
    MW_CHECK_OK(ingest(&f, &parts[0]), &f.err);
    MW_CHECK_OK(ingest_at(&f, &parts[1], trickling), &f.err);
    MW_CHECK_OK(stage(&f, &parts[2], &addition), &f.err);
    MW_CHECK_OK(accept(&f, &addition, as_filed), &f.err);
    MW_CHECK_OK(mw_catalog_run(f.catalog, "UPDATE ingests SET log_through_us = 600 WHERE id = 3",
                               MW_SQL_NOTHING, &f.err), &f.err);
    mw_lake_snapshot snapshot = look(&f), ingested = snapshot;
    read_by(&f, &snapshot, &all);
    MW_CHECK_EQUAL_INT(all.event_count, parts[0].event_count + parts[1].event_count +
                                            parts[2].event_count);
    mw_events_release(&all);
    ingested.ingest = 2;
    read_by(&f, &ingested, &all);
    for (int64_t after = -1; after < 900; after += 37) {
        MW_CHECK_OK(mw_events_init(&expected, schemas, STREAMS, &f.err), &f.err);
        for (size_t i = 0; i < all.event_count; i++) {
            mw_event event = mw_events_at(&all, i);
            if (event.place > after) MW_CHECK_OK(mw_events_add(&expected, &event, &f.err), &f.err);
        }
        read_after(&f, &snapshot, after, &later);
        check_same(&later, &expected);
        mw_events_release(&later);
        mw_events_release(&expected);
    }
    mw_events_release(&all);
    for (size_t i = 0; i < 3; i++) mw_events_release(&parts[i]);
    tear_down(&f);
}

/* They are no news to who goes by lake and log. */
MW_TEST(lake_takes_events_of_the_log_and_keeps_its_version) {
    fixture f = {0};
    mw_events parts[2];
    mw_addition addition;
    char version[MW_SHA256_HEX_SIZE + 1];
    set_up(&f, NULL);
    for (uint64_t i = 0; i < 2; i++) fill(&parts[i], f.symbols, mw_test_seed() + i, 30);
    MW_CHECK_OK(ingest(&f, &parts[0]), &f.err);
    mw_lake_snapshot before = look(&f);
    MW_CHECK(before.log_through == INT64_MIN && before.log_digest[0] == 0);
    MW_CHECK_OK(stage(&f, &parts[1], &addition), &f.err);
    mw_acceptance moved = {7, {MW_TIME_MISSING, 0}, 600, MW_STR("d1")};
    MW_CHECK_OK(mw_catalog_begin(f.catalog, &f.err), &f.err);
    MW_CHECK_OK(mw_lake_accept(f.lake, &addition, moved, version, &f.err), &f.err);
    MW_CHECK_OK(mw_catalog_commit(f.catalog, &f.err), &f.err);
    mw_lake_snapshot after = look(&f);
    MW_CHECK_EQUAL_STR(mw_str_of(version), before.version);
    MW_CHECK_EQUAL_STR(mw_str_of(after.version), before.version);
    MW_CHECK_EQUAL_STR(mw_str_of(after.log_digest), "d1");
    MW_CHECK(after.ingest == before.ingest + 1 && after.log_through == 600);
    MW_CHECK(after.last_place >= 600);
    for (uint64_t i = 0; i < 2; i++) mw_events_release(&parts[i]);
    tear_down(&f);
}

static bool is_wanted(const void *context, const mw_event *event) {
    const int64_t *every = context;
    return event->time % *every == 0;
}

static bool counts_in_place(fixture *f) {
    mw_lake_snapshot snapshot = look(f);
    bool does;
    MW_CHECK_OK(mw_lake_counts_in_place(f->lake, &snapshot, &does, &f->err), &f->err);
    return does;
}

/* What an ingest of history, one that trickled in and one from the log hold between them. */
static void sifts_and_groups(const char *folder) {
    fixture f = {0};
    mw_events parts[3], all, sifted, expected;
    mw_lake_groups groups = {.items = NULL};
    int64_t every = 3;
    set_up(&f, folder);
    for (uint64_t i = 0; i < 3; i++) fill(&parts[i], f.symbols, mw_test_seed() + i, 60);
    MW_CHECK_OK(ingest(&f, &parts[0]), &f.err);
    MW_CHECK(counts_in_place(&f));
    MW_CHECK_OK(ingest_at(&f, &parts[1], (mw_places){500, 7}), &f.err);
    MW_CHECK(counts_in_place(&f));
    MW_CHECK_OK(ingest(&f, &parts[2]), &f.err);
    MW_CHECK_OK(mw_catalog_run(f.catalog, "UPDATE ingests SET log_through_us = 600 WHERE id = 3",
                               MW_SQL_NOTHING, &f.err), &f.err);
    MW_CHECK(counts_in_place(&f)); /* which only the file tells */
    MW_CHECK_OK(mw_catalog_run(f.catalog, "UPDATE ingests SET place_us = 100 WHERE id = 2",
                               MW_SQL_NOTHING, &f.err), &f.err);
    MW_CHECK(!counts_in_place(&f));
    mw_lake_snapshot snapshot = look(&f);
    read_by(&f, &snapshot, &all);
    MW_CHECK_OK(mw_events_init(&expected, schemas, STREAMS, &f.err), &f.err);
    MW_CHECK_OK(mw_events_init(&sifted, schemas, STREAMS, &f.err), &f.err);
    for (size_t i = 0; i < all.event_count; i++) {
        mw_event event = mw_events_at(&all, i);
        if (is_wanted(&every, &event)) MW_CHECK_OK(mw_events_add(&expected, &event, NULL), NULL);
    }
    uint64_t count = 0;
    for (int32_t i = 0; i < STREAMS; i++) {
        mw_lake_wish wish = {names[i], i, f.symbols, INT64_MIN, 0};
        MW_CHECK_OK(mw_lake_sift(f.lake, &snapshot, wish, (mw_lake_filter){is_wanted, &every},
                                 &sifted, &f.err), &f.err);
        MW_CHECK_OK(mw_lake_list_groups(f.lake, &snapshot, names[i], &groups, &f.err), &f.err);
    }
    MW_CHECK_OK(mw_events_sort(&sifted, &f.err), &f.err);
    check_same(&sifted, &expected);
    MW_CHECK(expected.event_count > 0 && expected.event_count < all.event_count);
    for (size_t i = 0; i < groups.count; i++) count += groups.items[i].count;
    MW_CHECK_EQUAL_INT(count, all.event_count);
    for (size_t i = 0; i < all.event_count; i++) { /* each place lies in a group */
        int64_t place = mw_events_at(&all, i).place;
        size_t k = 0;
        while (k < groups.count && (place < groups.items[k].first || place > groups.items[k].last))
            k++;
        MW_CHECK(k < groups.count);
    }
    mw_free(groups.items);
    mw_events_release(&all);
    mw_events_release(&sifted);
    mw_events_release(&expected);
    for (size_t i = 0; i < 3; i++) mw_events_release(&parts[i]);
    tear_down(&f);
}

MW_TEST(lake_sifts_and_says_where_its_events_lie) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s/sift", mw_test_directory());
    sifts_and_groups(NULL);
    sifts_and_groups(folder);
}

MW_TEST(lake_reads_what_comes_after_a_place) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s/after", mw_test_directory());
    reads_after_a_place(NULL);
    reads_after_a_place(folder);
}

/* Single events are asked for by who knows what must stand there, and may ask often: then no file
   is read whole, as for a stretch of history it is. */
MW_TEST(lake_looks_at_whole_files_but_for_single_events) {
    fixture f = {0};
    mw_events ingested, all, found;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/single", mw_test_directory());
    set_up(&f, folder);
    fill(&ingested, f.symbols, mw_test_seed(), 60);
    MW_CHECK_OK(ingest(&f, &ingested), &f.err);
    read_all(&f, &all);
    mw_lake_close(f.lake); /* which has looked by now */
    open_lake(&f, folder);
    MW_CHECK_OK(mw_catalog_run(f.catalog, "UPDATE lake_files SET checksum = checksum + 1",
                               MW_SQL_NOTHING, &f.err), &f.err);
    mw_lake_snapshot snapshot = look(&f);
    MW_CHECK_OK(mw_events_init(&found, schemas, STREAMS, &f.err), &f.err);
    for (size_t i = 0; i < all.event_count; i += 7) {
        mw_event event = mw_events_at(&all, i);
        mw_lake_wish wish = {names[event.stream], event.stream, f.symbols, INT64_MIN, 0};
        size_t before = found.event_count, expected = 0;
        for (size_t k = 0; k < all.event_count; k++)
            expected += mw_events_at(&all, k).stream == event.stream &&
                        mw_events_at(&all, k).place == event.place;
        mw_lake_picks picks = {.places = {&event.place, 1}, .unchecked = true};
        MW_CHECK_OK(mw_lake_pick(f.lake, &snapshot, wish, &picks, &found, &f.err), &f.err);
        MW_CHECK_EQUAL_INT(found.event_count - before, expected);
        wish.after = event.place - 1;
        MW_CHECK_STATUS(mw_lake_read_through(f.lake, &snapshot, wish, event.place, &found, &f.err),
                        MW_CORRUPT);
        picks.unchecked = false;
        MW_CHECK_STATUS(mw_lake_pick(f.lake, &snapshot, wish, &picks, &found, &f.err),
                        MW_CORRUPT);
    }
    mw_events_release(&found);
    mw_events_release(&all);
    mw_events_release(&ingested);
    tear_down(&f);
}

/* --- picks ---------------------------------------------------------------------------------- */

static void add_picked(const mw_events *all, const mw_lake_picks *picks, int32_t stream,
                       mw_events *expected) {
    for (size_t i = 0; i < all->event_count; i++) {
        mw_event event = mw_events_at(all, i);
        bool is_there = false;
        for (size_t k = 0; k < picks->places.count; k++)
            is_there |= picks->places.items[k] == event.place;
        bool is_taken = !picks->filter.takes || picks->filter.takes(picks->filter.context, &event);
        if (event.stream == stream && is_there && is_taken)
            MW_CHECK_OK(mw_events_add(expected, &event, NULL), NULL);
    }
}

/* Some of `span` places, near each other or far. */
static size_t draw_places(uint64_t *prng, int64_t span, int64_t places[64]) {
    size_t count = 0, most = 1 + mw_prng_below(prng, mw_prng_below(prng, 2) > 0 ? 63 : 4);
    uint64_t gap = 1 + mw_prng_below(prng, 2 * (uint64_t)span / most + 1);
    int64_t at = (int64_t)mw_prng_below(prng, (uint64_t)span);
    for (; count < most && at < span + 10; at += 1 + (int64_t)mw_prng_below(prng, gap))
        places[count++] = at;
    return count;
}

static void check_picks(fixture *f, const mw_events *all, int64_t span, uint64_t *prng) {
    mw_lake_snapshot snapshot = look(f);
    int64_t places[64], every = 3;
    mw_events picked, expected;
    MW_CHECK_OK(mw_events_init(&picked, schemas, STREAMS, &f->err), &f->err);
    MW_CHECK_OK(mw_events_init(&expected, schemas, STREAMS, &f->err), &f->err);
    size_t count = draw_places(prng, span, places);
    mw_lake_picks picks = {.places = {places, count}, .unchecked = mw_prng_below(prng, 2) > 0};
    if (mw_prng_below(prng, 2) > 0) picks.filter = (mw_lake_filter){is_wanted, &every};
    for (int32_t i = 0; i < STREAMS; i++) {
        mw_lake_wish wish = {names[i], i, f->symbols, INT64_MIN, 0};
        MW_CHECK_OK(mw_lake_pick(f->lake, &snapshot, wish, &picks, &picked, &f->err), &f->err);
        add_picked(all, &picks, i, &expected);
    }
    MW_CHECK_OK(mw_events_sort(&picked, &f->err), &f->err);
    check_same(&picked, &expected);
    mw_events_release(&picked);
    mw_events_release(&expected);
}

/* Of history, of what trickled in or came at once, and of what was moved from the log, twice. */
static void picks_single_events(const char *folder) {
    fixture f = {0};
    mw_events parts[5], all;
    uint64_t prng = mw_test_seed();
    const mw_places places[5] = {as_filed, {400, 7}, {300, 0}, as_filed, as_filed};
    set_up(&f, folder);
    for (uint64_t i = 0; i < 5; i++) {
        fill(&parts[i], f.symbols, mw_test_seed() + i, 60);
        MW_CHECK_OK(ingest_at(&f, &parts[i], places[i]), &f.err);
    }
    MW_CHECK_OK(mw_catalog_run(f.catalog, "UPDATE ingests SET log_through_us = 600 WHERE id = 4",
                               MW_SQL_NOTHING, &f.err), &f.err);
    read_all(&f, &all);
    for (int round = 0; round < 100; round++) check_picks(&f, &all, 900, &prng);
    mw_events_release(&all);
    for (size_t i = 0; i < 5; i++) mw_events_release(&parts[i]);
    tear_down(&f);
}

MW_TEST(lake_picks_single_events) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s/pick", mw_test_directory());
    picks_single_events(NULL);
    picks_single_events(folder);
}

/* A move's events have places behind those of the move before: no other file is opened. */
MW_TEST(lake_picks_from_the_move_that_holds_the_place) {
    fixture f = {0};
    char folder[512], path[600];
    snprintf(folder, sizeof folder, "%s/moves", mw_test_directory());
    set_up(&f, folder);
    for (int64_t move = 0; move < 3; move++) {
        mw_events events;
        MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, NULL), NULL);
        for (int64_t i = 1; i <= 10; i++) {
            mw_cell rate = mw_cell_number((double)i);
            mw_event event = {.stream = RATES, .place = 100 * move + 10 * i, .row = &rate};
            event.known = event.place + 500; /* which says nothing */
            MW_CHECK_OK(mw_events_add(&events, &event, NULL), NULL);
        }
        MW_CHECK_OK(ingest(&f, &events), &f.err);
        mw_events_release(&events);
    }
    MW_CHECK_OK(mw_catalog_run(f.catalog, "UPDATE ingests SET log_through_us = 100 * id",
                               MW_SQL_NOTHING, &f.err), &f.err);
    for (int i = 1; i <= 3; i += 2) {
        snprintf(path, sizeof path, "%s/rates@later/%06d.parquet", folder, i);
        MW_CHECK_OK(mw_sys_remove(mw_sys_real(), path, &f.err), &f.err);
    }
    mw_lake_snapshot snapshot = look(&f);
    mw_events found;
    int64_t places[] = {110, 150, 200}, wrong[] = {90, 150, 210};
    mw_lake_picks picks = {.places = {places, 3}};
    mw_lake_wish wish = {names[RATES], RATES, f.symbols, INT64_MIN, 0};
    MW_CHECK_OK(mw_events_init(&found, schemas, STREAMS, &f.err), &f.err);
    MW_CHECK_OK(mw_lake_pick(f.lake, &snapshot, wish, &picks, &found, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(found.event_count, 3);
    for (size_t i = 0; i < 3; i++) { /* each alone */
        picks.places = (mw_lake_places){&places[i], 1};
        MW_CHECK_OK(mw_lake_pick(f.lake, &snapshot, wish, &picks, &found, &f.err), &f.err);
        MW_CHECK_EQUAL_INT(found.event_count, 4 + i);
    }
    picks.places = (mw_lake_places){wrong, 3};
    MW_CHECK_STATUS(mw_lake_pick(f.lake, &snapshot, wish, &picks, &found, &f.err), MW_CORRUPT);
    mw_events_release(&found);
    tear_down(&f);
}

/* Of a file of several row groups, which are passed over or read in runs. */
MW_TEST(lake_picks_from_many_row_groups) {
    enum { ROWS = 500000 };
    fixture f = {0};
    mw_events events;
    mw_lake_groups groups = {.items = NULL};
    uint64_t prng = mw_test_seed();
    char folder[512];
    snprintf(folder, sizeof folder, "%s/groups", mw_test_directory());
    set_up(&f, folder);
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, NULL), NULL);
    for (int64_t i = 0; i < ROWS; i++) {
        mw_cell rate = mw_cell_number((double)(i % 100));
        mw_event event = {.stream = RATES, .time = i, .known = i / 3, .place = i / 3, .row = &rate};
        MW_CHECK_OK(mw_events_add(&events, &event, NULL), NULL);
    }
    MW_CHECK_OK(ingest(&f, &events), &f.err);
    mw_lake_snapshot snapshot = look(&f);
    MW_CHECK_OK(mw_lake_list_groups(f.lake, &snapshot, names[RATES], &groups, &f.err), &f.err);
    MW_CHECK(groups.count > 3);
    for (int round = 0; round < 20; round++) check_picks(&f, &events, ROWS / 3, &prng);
    mw_free(groups.items);
    mw_events_release(&events);
    tear_down(&f);
}

MW_TEST(lake_reads_fewer_fields_but_never_others) {
    fixture f = {0};
    mw_events events, actual;
    set_up(&f, NULL);
    fill(&events, f.symbols, mw_test_seed(), 50);
    MW_CHECK_OK(ingest(&f, &events), &f.err);

    const mw_schema one_field = {&sale_fields[2], 1}, *one = &one_field;
    MW_CHECK_OK(mw_events_init(&actual, &one, 1, &f.err), &f.err);
    mw_lake_snapshot snapshot = look(&f);
    mw_lake_wish wish = {names[SALES], 0, f.symbols, INT64_MIN, 0};
    MW_CHECK_OK(mw_lake_read(f.lake, &snapshot, wish, &actual, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(actual.event_count, 50);
    mw_events_release(&actual);

    mw_field changed[] = {{{"price", 5}, MW_TYPE_TEXT}};
    const mw_schema other_type = {changed, 1}, *other = &other_type;
    MW_CHECK_OK(mw_events_init(&actual, &other, 1, &f.err), &f.err);
    MW_CHECK_STATUS(mw_lake_read(f.lake, &snapshot, wish, &actual, &f.err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "stream sales: its events were taken in without the field price");
    mw_events_release(&actual);
    mw_events_release(&events);
    tear_down(&f);
}

MW_TEST(lake_refuses_a_stream_whose_fields_have_changed) {
    fixture f = {0};
    mw_events events, other;
    set_up(&f, NULL);
    fill(&events, f.symbols, mw_test_seed(), 5);
    MW_CHECK_OK(ingest(&f, &events), &f.err);
    const mw_schema *const swapped[STREAMS] = {&rates, &rates};
    MW_CHECK_OK(mw_events_init(&other, swapped, STREAMS, &f.err), &f.err);
    mw_cell rate = mw_cell_number(1);
    mw_event event = {.stream = SALES, .time = 1, .known = 1, .place = 1, .row = &rate};
    MW_CHECK_OK(mw_events_add(&other, &event, &f.err), &f.err);
    MW_CHECK_STATUS(ingest(&f, &other), MW_CONFLICT);
    mw_events_release(&other);
    mw_events_release(&events);
    tear_down(&f);
}

typedef struct {
    fixture *f;
    mw_events *events;
} shortage;

static mw_status stage_in_vain(void *context) {
    shortage *s = context;
    mw_addition addition;
    mw_status status = stage(s->f, s->events, &addition);
    mw_arena_release(&s->f->arena);
    return status;
}

MW_TEST(lake_survives_every_failing_allocation) {
    fixture f = {0};
    mw_events events;
    char folder[512];
    snprintf(folder, sizeof folder, "%s/lake", mw_test_directory());
    set_up(&f, folder);
    fill(&events, f.symbols, mw_test_seed(), 5);
    MW_CHECK_OK(mw_events_sort(&events, &f.err), &f.err);
    shortage s = {&f, &events};
    MW_CHECK_OK(stage_in_vain(&s), &f.err); /* DuckDB is loaded */
    MW_CHECK(mw_test_every_allocation_fails(stage_in_vain, &s) > 10);
    mw_events_release(&events);
    tear_down(&f);
}

/* A correction of an event of the log stands, in history, a place behind what it counts from. */
MW_TEST(lake_reads_a_correction_behind_the_last_known) {
    fixture f = {0};
    mw_events events, actual;
    char folder[512];
    const int64_t place = 801;
    mw_cell cells[] = {mw_cell_number(2), mw_cell_number(1)};
    mw_event event = {.stream = RATES, .time = 5, .known = 6, .place = place, .row = &cells[0],
                      .replaced = &cells[1], .replaced_time = 5, .replaced_from = place - 1};
    snprintf(folder, sizeof folder, "%s/lake", mw_test_directory());
    set_up(&f, folder);
    MW_CHECK_OK(mw_events_init(&events, schemas, STREAMS, &f.err), &f.err);
    MW_CHECK_OK(mw_events_add(&events, &event, &f.err), &f.err);
    MW_CHECK_OK(ingest(&f, &events), &f.err);
    mw_lake_snapshot snapshot = look(&f);
    read_after(&f, &snapshot, place - 1, &actual);
    check_same(&actual, &events);
    mw_events_release(&actual);
    MW_CHECK_OK(mw_events_init(&actual, schemas, STREAMS, &f.err), &f.err);
    mw_lake_wish wish = {names[RATES], RATES, f.symbols, INT64_MIN, 0};
    mw_lake_picks picks = {.places = {&place, 1}};
    MW_CHECK_OK(mw_lake_pick(f.lake, &snapshot, wish, &picks, &actual, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(actual.event_count, 1);
    mw_events_release(&actual);
    mw_events_release(&events);
    tear_down(&f);
}
