#include "cli/feature_rows.h"

#include "feature/memory_disk_test.h"
#include "testing/test.h"
#include "testing/world.h"

#include <string.h>

enum { MOMENTS_MAX = 100000 };

/* Rows as they left: id, t, features, label. */
typedef struct {
    const mw_world *world;
    mw_buf ids;
    mw_cell *cells;
    size_t count, width;
    mw_backlog_memory memory; /* for whole rows */
    size_t early_count; /* labels that came before that of a moment before */
} taken;

static mw_status take(void *context, mw_str id, const mw_cell *row, mw_error *err) {
    (void)err;
    taken *it = context;
    mw_buf_append_str(&it->ids, id);
    mw_buf_append_char(&it->ids, '\n');
    memcpy(it->cells + it->count++ * it->width, row, it->width * sizeof *row);
    return MW_OK;
}

static mw_status refuse(void *context, mw_str id, const mw_cell *row, mw_error *err) {
    (void)context, (void)id, (void)row;
    return mw_fail(err, MW_NO_SPACE, "no room");
}

static mw_status start(const mw_world *world, int64_t now, mw_replay **out_replay) {
    mw_replay_config config = {.program = world->program, .model = world->model,
                               .events = &world->events, .symbols = world->symbols,
                               .from = INT64_MIN, .to = INT64_MAX, .now = now,
                               .with_label = true};
    return mw_replay_create(config, out_replay, NULL);
}

static void append_id(const mw_world *world, const mw_step *step, mw_buf *ids) {
    const mw_stream *stream = &world->program->streams[world->model->moment_stream];
    mw_stream_append_id(stream, step->moment.row, world->symbols, ids);
    mw_buf_append_char(ids, '\n');
}

/* What a table would hold into which each label is written when it comes. */
static void check(const mw_world *world, int64_t now, const taken *it) {
    mw_replay *replay;
    MW_CHECK_OK(start(world, now, &replay), NULL);
    mw_buf ids;
    mw_buf_init(&ids, 1 << 24);
    mw_cell *labels = mw_allocate((it->count + 1) * sizeof *labels);
    MW_CHECK(labels);
    size_t moments = 0;
    for (bool is_done = false;;) {
        mw_step step;
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (is_done) break;
        MW_CHECK(step.number < it->count);
        if (step.kind == MW_DUE_MOMENT) {
            const mw_cell *row = it->cells + step.number * it->width;
            MW_CHECK_EQUAL_INT(step.number, moments++);
            MW_CHECK_EQUAL_INT(row[1].time, step.moment.t);
            append_id(world, &step, &ids);
            MW_CHECK(memcmp(row + 2, step.features,
                            world->model->feature_count * sizeof *row) == 0);
            labels[step.number] = mw_cell_missing(mw_code_type(world->model->label));
        } else if (!step.label.is_dropped) {
            labels[step.number] = step.label.value;
        }
    }
    MW_CHECK_EQUAL_INT(moments, it->count);
    for (size_t i = 0; i < it->count; i++)
        MW_CHECK(it->cells[(i + 1) * it->width - 1].bits == labels[i].bits);
    MW_CHECK_EQUAL_STR(mw_buf_str(&it->ids), mw_buf_str(&ids));
    mw_buf_release(&ids);
    mw_free(labels);
    mw_replay_destroy(replay);
}

static mw_status walk_steps(const mw_world *world, int64_t now, taken *it,
                            mw_feature_rows *rows) {
    mw_replay *replay;
    MW_TRY(start(world, now, &replay));
    mw_status status = MW_OK;
    for (bool is_done = false; status == MW_OK;) {
        mw_step step;
        status = mw_replay_next(replay, &step, &is_done, NULL);
        if (status != MW_OK || is_done) break;
        it->early_count += step.kind == MW_DUE_LABEL && step.number > it->count;
        status = mw_feature_rows_step(rows, &step, NULL);
        MW_CHECK(it->count <= MOMENTS_MAX);
    }
    mw_replay_destroy(replay);
    return status;
}

static mw_status gather(const mw_world *world, int64_t now, taken *it) {
    mw_feature_rows *rows;
    it->count = it->early_count = 0;
    mw_feature_rows_config config = {world->program, world->model, world->symbols, now, it->memory,
                                     take, it};
    MW_TRY(mw_feature_rows_create(config, &rows, NULL));
    mw_status status = walk_steps(world, now, it, rows);
    if (status == MW_OK) MW_CHECK_EQUAL_INT(mw_feature_rows_counted(rows).moments, it->count);
    mw_feature_rows_destroy(rows);
    return status;
}

static void begin(mw_world *world, mw_world_config config, uint64_t seed, taken *it) {
    mw_world_create(world, seed, config);
    *it = (taken){.world = world, .width = world->model->feature_count + 3};
    mw_buf_init(&it->ids, 1 << 24);
    it->cells = mw_allocate(MOMENTS_MAX * it->width * sizeof *it->cells);
    MW_CHECK(it->cells);
}

static void end(mw_world *world, taken *it) {
    mw_buf_release(&it->ids);
    mw_free(it->cells);
    mw_world_release(world);
}

MW_TEST(feature_rows_leave_in_order_with_their_labels) {
    size_t rows = 0, early = 0;
    for (uint64_t number = 0; number < 12; number++) {
        mw_world world;
        taken it;
        size_t events = number % 4 == 0 ? 3000 : 300; /* more than wait for the beginning */
        mw_world_config config = {events, true, false, number % 3 == 1};
        begin(&world, config, mw_test_seed() * 100 + number, &it);
        int64_t now = number % 2 == 0 ? INT64_MAX : MW_WORLD_TIME_MAX / 2 * world.unit_us;
        MW_CHECK_OK(gather(&world, now, &it), NULL);
        check(&world, now, &it);
        rows += it.count;
        early += it.early_count;
        end(&world, &it);
    }
    MW_CHECK(rows > 3000);
    MW_CHECK(early > 0); /* whole before their turn */
}

/* Nobody knows the labels of the last moments yet: their rows are whole, and wait for those before
   them. */
MW_TEST(feature_rows_that_are_whole_wait_on_disk) {
    enum { ROWS = 1000 };
    mw_world world;
    taken it;
    memory_disk disk;
    mw_feature_rows *rows;
    memory_disk_init(&disk);
    begin(&world, (mw_world_config){30, true, false, false}, mw_test_seed(), &it);
    size_t feature_count = world.model->feature_count;
    mw_cell *features = mw_allocate((feature_count + 1) * sizeof *features), row[64] = {{0}};
    MW_CHECK(features && world.program->streams[world.model->moment_stream].schema.field_count <
                             sizeof row / sizeof *row);
    mw_feature_rows_config config = {world.program, world.model, world.symbols, 0,
                                     {&disk.disk, 4000}, take, &it};
    MW_CHECK_OK(mw_feature_rows_create(config, &rows, NULL), NULL);
    for (uint64_t i = 0; i <= ROWS; i++) {
        uint64_t number = i % ROWS; /* at last the first one's label */
        for (size_t f = 0; f < feature_count; f++) features[f].bits = number + f;
        mw_step step = {.kind = i < ROWS ? MW_DUE_MOMENT : MW_DUE_LABEL,
                        .moment = {number == 0 ? MW_TIME_MIN : (int64_t)number, 0, row},
                        .number = number,
                        .features = features};
        MW_CHECK_OK(mw_feature_rows_step(rows, &step, NULL), NULL);
        MW_CHECK(it.count == (i < ROWS ? 0 : ROWS));
    }
    MW_CHECK(disk.writes > ROWS / 2 && disk.reads > ROWS / 2 && disk.writes < ROWS + 2);
    for (size_t i = 0; i < ROWS; i++) {
        const mw_cell *left = it.cells + i * it.width;
        MW_CHECK_EQUAL_INT(left[1].time, i == 0 ? MW_TIME_MIN : (int64_t)i);
        for (size_t f = 0; f < feature_count; f++) MW_CHECK(left[2 + f].bits == i + f);
    }
    mw_feature_rows_destroy(rows);
    mw_free(features);
    memory_disk_release(&disk);
    end(&world, &it);
}

typedef struct {
    const mw_world *world;
    taken *it;
} gathering;

static mw_status gather_all(void *context) {
    gathering *g = context;
    return gather(g->world, INT64_MAX, g->it);
}

MW_TEST(feature_rows_survive_each_failing_allocation) {
    mw_world world;
    taken it;
    gathering g = {&world, &it};
    for (uint64_t seed = 1;; seed++) {
        begin(&world, (mw_world_config){30, true, false, false}, seed, &it);
        MW_CHECK_OK(gather_all(&g), NULL);
        if (it.early_count > 0) break;
        end(&world, &it);
    }
    MW_CHECK(mw_test_every_allocation_fails(gather_all, &g) > 4);
    end(&world, &it);
}

MW_TEST(feature_rows_pass_on_that_they_cannot_leave) {
    mw_world world;
    mw_feature_rows *rows;
    mw_error err;
    mw_world_create(&world, 1, (mw_world_config){100, true, false, false});
    mw_feature_rows_config config = {world.program, world.model, world.symbols, INT64_MIN, {0},
                                     refuse, NULL};
    MW_CHECK_OK(mw_feature_rows_create(config, &rows, &err), &err);
    mw_replay *replay;
    MW_CHECK_OK(start(&world, INT64_MIN, &replay), NULL);
    mw_step step;
    bool is_done = false;
    MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, &err), &err);
    MW_CHECK(!is_done && step.kind == MW_DUE_MOMENT);
    MW_CHECK_STATUS(mw_feature_rows_step(rows, &step, &err), MW_NO_SPACE);
    mw_feature_rows_destroy(rows);
    mw_replay_destroy(replay);
    mw_world_release(&world);
}
