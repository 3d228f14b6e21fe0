#include "feature/family.h"

#include "base/prng.h"
#include "testing/test.h"
#include "testing/world.h"

#include <string.h>

enum { WORLDS = 20, MEMBERS = 9, CELLS_MAX = 128, PADDING = 3 };

/* Members with random elements and windows; those of `order` with room between them. */
typedef struct {
    mw_world world;
    mw_cell rows[2][MEMBERS * CELLS_MAX], windows[2][MEMBERS * CELLS_MAX];
    mw_cell features[2][MEMBERS * CELLS_MAX];
    size_t order[MEMBERS], width;
} fixture;

static mw_cell random_cell(mw_world *world, mw_type type) {
    bool is_number = type == MW_TYPE_NUMBER;
    if (!is_number || mw_prng_below(&world->prng, 8) == 0) return mw_cell_missing(type);
    return mw_cell_number((double)mw_prng_below(&world->prng, 5) / 4);
}

static void fill(fixture *it) {
    const mw_model_program *model = it->world.model;
    const mw_schema *row = &it->world.program->streams[model->moment_stream].schema;
    it->width = row->field_count;
    for (size_t i = 0; i < MEMBERS; i++) {
        size_t at = mw_prng_below(&it->world.prng, i + 1);
        it->order[i] = it->order[at];
        it->order[at] = i;
        for (size_t f = 0; f < it->width; f++) /* of the event they have all in common */
            it->rows[0][i * it->width + f] = i > 0 && (int32_t)f != model->each->element
                                                 ? it->rows[0][f]
                                                 : random_cell(&it->world, row->fields[f].type);
        for (size_t w = 0; w < model->window_count; w++)
            it->windows[0][i * model->window_count + w] =
                random_cell(&it->world, model->windows[w].type);
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        size_t from = it->order[i], wide = model->window_count + PADDING;
        memcpy(it->rows[1] + i * it->width, it->rows[0] + from * it->width,
               it->width * sizeof(mw_cell));
        memcpy(it->windows[1] + i * wide, it->windows[0] + from * model->window_count,
               model->window_count * sizeof(mw_cell));
    }
}

static void create(fixture *it, uint64_t number) {
    mw_world_create_each(&it->world, mw_test_seed() * 100 + number, (mw_world_config){0});
    MW_CHECK(it->world.model->feature_count <= CELLS_MAX);
    MW_CHECK(it->world.model->window_count + PADDING <= CELLS_MAX);
    fill(it);
    MW_CHECK(it->width <= CELLS_MAX);
}

static mw_status finish(fixture *it, size_t which) {
    const mw_world *world = &it->world;
    mw_engine_config config = {
        .program = world->program, .model = world->model, .symbols = world->symbols};
    mw_members members = {.t = 1000,
                          .count = MEMBERS,
                          .rows = it->rows[which],
                          .windows = it->windows[which],
                          .window_count = world->model->window_count + which * PADDING,
                          .features = it->features[which]};
    mw_family family;
    MW_TRY(mw_family_init(&family, config, NULL));
    mw_status status = mw_family_finish(&family, &members, NULL);
    mw_family_release(&family);
    return status;
}

/* Whoever comes first, and however far apart they lie, each has the same features, bit by bit. */
MW_TEST(family_forgets_the_order_of_its_members) {
    size_t present = 0;
    for (uint64_t number = 0; number < WORLDS; number++) {
        fixture it;
        create(&it, number);
        size_t count = it.world.model->feature_count;
        MW_CHECK_OK(finish(&it, 0), NULL);
        MW_CHECK_OK(finish(&it, 1), NULL);
        for (size_t i = 0; i < MEMBERS; i++) {
            const mw_cell *one = it.features[0] + it.order[i] * count;
            MW_CHECK(memcmp(it.features[1] + i * count, one, count * sizeof *one) == 0);
            for (size_t f = 0; f < count; f++)
                present += !mw_cell_is_missing(it.world.model->features[f].type, one[f]);
        }
        mw_world_release(&it.world);
    }
    MW_CHECK(present > 500);
}

static mw_status finish_one(void *context) {
    return finish(context, 0);
}

MW_TEST(family_survives_every_failing_allocation) {
    fixture it;
    create(&it, 1);
    MW_CHECK(mw_test_every_allocation_fails(finish_one, &it) >= 2);
    mw_world_release(&it.world);
}
