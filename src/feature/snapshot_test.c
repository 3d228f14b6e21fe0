#include "base/hash.h"
#include "feature/engine.h"
#include "testing/declare.h"
#include "testing/test.h"
#include "testing/world.h"

#include <string.h>

enum { EVENTS = 200 };

typedef struct {
    mw_world world;
    mw_engine *engine;
    mw_buf bytes;
} fixture;

static mw_engine_config config_of(const fixture *f) {
    return (mw_engine_config){.program = f->world.program, .model = f->world.model,
                              .symbols = f->world.symbols, .with_label = true};
}

static void begin(fixture *f) {
    mw_world_create(&f->world, mw_test_seed(),
                    (mw_world_config){.event_count = EVENTS, .may_look_at_all_past = true,
                                      .has_corrections = true});
    MW_CHECK_OK(mw_engine_create(config_of(f), &f->engine, NULL), NULL);
    for (size_t i = 0; i < f->world.events.event_count; i++) {
        mw_event event = mw_events_at(&f->world.events, i);
        if (i + 20 > f->world.events.event_count) event.known += 100; /* some are pending */
        MW_CHECK_OK(mw_engine_apply(f->engine, &event, NULL), NULL);
    }
    mw_buf_init(&f->bytes, 1 << 24);
    MW_CHECK_OK(mw_engine_save(f->engine, &f->bytes, NULL), NULL);
}

static void end(fixture *f) {
    mw_buf_release(&f->bytes);
    mw_engine_destroy(f->engine);
    mw_world_release(&f->world);
}

static mw_status load(const fixture *f, mw_str bytes, mw_engine **out_engine, mw_error *err) {
    mw_engine *engine;
    MW_TRY(mw_engine_create(config_of(f), &engine, err));
    mw_status status = mw_engine_load(engine, bytes, err);
    if (status == MW_OK)
        *out_engine = engine;
    else
        mw_engine_destroy(engine);
    return status;
}

MW_TEST(snapshot_of_what_was_loaded_loads_the_same_state) {
    fixture f;
    begin(&f);
    mw_engine *engine;
    mw_error err;
    MW_CHECK_OK(load(&f, mw_buf_str(&f.bytes), &engine, &err), &err);
    mw_engine_stats stats = mw_engine_read_stats(engine);
    MW_CHECK_EQUAL_INT(stats.events_applied, mw_engine_read_stats(f.engine).events_applied);
    mw_engine *engines[] = {f.engine, engine};
    char digests[2][MW_SHA256_HEX_SIZE + 1];
    int64_t last = (MW_WORLD_TIME_MAX + 200) * f.world.unit_us;
    for (size_t i = 0; i < 2; i++) {
        mw_engine_advance(engines[i], last); /* lets the pending in */
        mw_sha256 sha;
        mw_sha256_init(&sha);
        MW_CHECK_OK(mw_engine_digest(engines[i], &sha, NULL), NULL);
        mw_sha256_hex(&sha, digests[i]);
    }
    MW_CHECK_EQUAL_STR(digests[0], digests[1]);
    mw_engine_destroy(engine);
    end(&f);
}

static void seal(char *bytes, size_t size) {
    uint32_t crc = mw_crc32c(0, bytes, size - sizeof crc);
    memcpy(bytes + size - sizeof crc, &crc, sizeof crc);
}

/* Any byte may be wrong, behind a checksum that is right: what cannot be is refused, and
   nothing is read that is not there (the sanitizers watch). */
MW_TEST(snapshot_survives_bytes_that_are_wrong) {
    fixture f;
    begin(&f);
    size_t refused = 0, size = f.bytes.size;
    for (size_t i = 8; i + 4 < size; i += 7) {
        char kept = f.bytes.data[i];
        f.bytes.data[i] = (char)(kept ^ (char)(1 << i % 8));
        mw_engine *engine;
        MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &engine, NULL), MW_CORRUPT);
        seal(f.bytes.data, size);
        if (load(&f, mw_buf_str(&f.bytes), &engine, NULL) == MW_OK)
            mw_engine_destroy(engine);
        else
            refused++;
        f.bytes.data[i] = kept;
        seal(f.bytes.data, size);
    }
    MW_CHECK(refused > 20);
    for (size_t cut = 0; cut < size; cut += 5) {
        mw_engine *engine;
        MW_CHECK_STATUS(load(&f, (mw_str){f.bytes.data, cut}, &engine, NULL), MW_CORRUPT);
    }
    end(&f);
}

/* An older one is a conflict, after which the log is replayed: no start is refused. */
MW_TEST(snapshot_refuses_what_is_newer_older_or_not_its_own) {
    fixture f;
    begin(&f);
    mw_engine *engine;
    mw_error err;
    f.bytes.data[4] = 4;
    MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &engine, &err), MW_NEWER_FORMAT);
    MW_CHECK_EQUAL_STR(err.message, "checkpoint: format version must be 3, got 4");
    f.bytes.data[4] = 2;
    seal(f.bytes.data, f.bytes.size);
    MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &engine, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "checkpoint: format version must be 3, got 2");
    f.bytes.data[4] = 3;
    f.bytes.data[8] ^= 1;
    seal(f.bytes.data, f.bytes.size);
    MW_CHECK_STATUS(load(&f, mw_buf_str(&f.bytes), &engine, &err), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(err.message, "checkpoint: it was made by another program");
    end(&f);
}

static mw_status save_and_load(void *context) {
    fixture *f = context;
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 24);
    mw_engine *engine;
    mw_status status = mw_engine_save(f->engine, &bytes, NULL);
    if (status == MW_OK) status = load(f, mw_buf_str(&bytes), &engine, NULL);
    if (status == MW_OK) mw_engine_destroy(engine);
    mw_buf_release(&bytes);
    return status;
}

MW_TEST(snapshot_survives_every_failing_allocation) {
    fixture f;
    begin(&f);
    MW_CHECK(mw_test_every_allocation_fails(save_and_load, &f) > 20);
    end(&f);
}

/* What becomes known long after it is of interest stands in the state until then. */
MW_TEST(snapshot_holds_what_is_pending_longer_than_its_instance) {
    const int64_t day = INT64_C(86400000000);
    mw_test_project project = mw_test_compile(
        "feature seen: count(s by k over 1d)\n"
        "stream s:\n  columns: t time, seen time, k category\n  time: t\n  known: seen\n  id: t\n"
        "model m:\n  moment: on s\n  label: count(s by k over next 1h)\n");
    mw_engine_config config = {.program = project.program, .model = project.model,
                               .symbols = project.symbols, .with_label = true};
    mw_cell row[] = {mw_cell_time(5), mw_cell_time(10 * day),
                     {.symbol = mw_symbols_intern(project.symbols, MW_STR("a"))}};
    mw_event event = {.stream = 0, .time = 5, .known = 10 * day, .place = 5, .row = row};
    mw_engine *engine = NULL, *loaded = NULL;
    mw_error err = {.message = ""};
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_engine_create(config, &engine, NULL), NULL);
    MW_CHECK_OK(mw_engine_apply(engine, &event, NULL), NULL);
    mw_engine_advance(engine, 9 * day);
    MW_CHECK_OK(mw_engine_save(engine, &bytes, NULL), NULL);
    MW_CHECK_OK(mw_engine_create(config, &loaded, NULL), NULL);
    MW_CHECK_OK(mw_engine_load(loaded, mw_buf_str(&bytes), &err), &err);
    mw_engine_destroy(loaded);
    mw_engine_destroy(engine);
    mw_buf_release(&bytes);
    mw_test_project_release(&project);
}
