#include "cli/feature_rows.h"

#include "testing/test.h"
#include "testing/world.h"

#include <string.h>

/* Rows as they left: id, t, features, label. */
typedef struct {
    const mw_world *world;
    mw_buf ids;
    mw_cell *cells;
    size_t count, width;
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

static mw_replay *start(const mw_world *world, int64_t now) {
    mw_replay *replay;
    mw_replay_config config = {.program = world->program, .model = world->model,
                               .events = &world->events, .symbols = world->symbols,
                               .from = INT64_MIN, .to = INT64_MAX, .now = now,
                               .with_label = true};
    MW_CHECK_OK(mw_replay_create(config, &replay, NULL), NULL);
    return replay;
}

/* What a table would hold into which each label is written when it comes. */
static void check(const mw_world *world, int64_t now, const taken *it) {
    mw_replay *replay = start(world, now);
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
    mw_free(labels);
    mw_replay_destroy(replay);
}

static void gather(const mw_world *world, int64_t now, taken *it) {
    enum { MOMENTS_MAX = 100000 };
    mw_feature_rows *rows;
    *it = (taken){.world = world, .width = world->model->feature_count + 3};
    mw_buf_init(&it->ids, 1 << 24);
    it->cells = mw_allocate(MOMENTS_MAX * it->width * sizeof *it->cells);
    MW_CHECK(it->cells);
    mw_feature_rows_config config = {world->program, world->model, world->symbols, now, take, it};
    MW_CHECK_OK(mw_feature_rows_create(config, &rows, NULL), NULL);
    mw_replay *replay = start(world, now);
    for (bool is_done = false;;) {
        mw_step step;
        MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, NULL), NULL);
        if (is_done) break;
        MW_CHECK_OK(mw_feature_rows_step(rows, &step, NULL), NULL);
        MW_CHECK(it->count <= MOMENTS_MAX);
    }
    MW_CHECK_OK(mw_feature_rows_end(rows, NULL), NULL);
    MW_CHECK_EQUAL_INT(mw_feature_rows_counted(rows).moments, it->count);
    mw_feature_rows_destroy(rows);
    mw_replay_destroy(replay);
}

MW_TEST(feature_rows_leave_in_order_with_their_labels) {
    size_t rows = 0;
    for (uint64_t number = 0; number < 12; number++) {
        mw_world world;
        taken it;
        size_t events = number % 4 == 0 ? 3000 : 300; /* more than wait for the beginning */
        mw_world_config config = {events, true, false, number % 3 == 1};
        mw_world_create(&world, mw_test_seed() * 100 + number, config);
        int64_t now = number % 2 == 0 ? INT64_MAX : MW_WORLD_TIME_MAX / 2 * world.unit_us;
        gather(&world, now, &it);
        check(&world, now, &it);
        rows += it.count;
        mw_buf_release(&it.ids);
        mw_free(it.cells);
        mw_world_release(&world);
    }
    MW_CHECK(rows > 3000);
}

MW_TEST(feature_rows_pass_on_that_they_cannot_leave) {
    mw_world world;
    mw_feature_rows *rows;
    mw_error err;
    mw_world_create(&world, 1, (mw_world_config){100, true, false, false});
    mw_feature_rows_config config = {world.program, world.model, world.symbols, INT64_MIN, refuse,
                                     NULL};
    MW_CHECK_OK(mw_feature_rows_create(config, &rows, &err), &err);
    mw_replay *replay = start(&world, INT64_MIN);
    mw_step step;
    bool is_done = false;
    MW_CHECK_OK(mw_replay_next(replay, &step, &is_done, &err), &err);
    MW_CHECK(!is_done && step.kind == MW_DUE_MOMENT);
    MW_CHECK_STATUS(mw_feature_rows_step(rows, &step, &err), MW_NO_SPACE);
    mw_feature_rows_destroy(rows);
    mw_replay_destroy(replay);
    mw_world_release(&world);
}
