#include "model/forest_remap.h"

#include "model/random_forest_test.h"

enum { FEATURES = 6, WIDTH = 9, CATEGORIES = 96, ROWS = 200 };

static mw_random_forest random_shape(uint64_t *prng) {
    return (mw_random_forest){.prng = mw_prng_next(prng),
                              .feature_count = FEATURES,
                              .tree_count = 10,
                              .leaf_count_max = 20,
                              .number_count = 20};
}

static void shuffle(uint64_t *prng, uint32_t *numbers, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) numbers[i] = i;
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = (uint32_t)mw_prng_below(prng, i), kept = numbers[i - 1];
        numbers[i - 1] = numbers[other];
        numbers[other] = kept;
    }
}

/* A row whose features and categories moved has the sum that it had. */
MW_TEST(forest_remap_keeps_the_sums_of_rows_that_move_along) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 20; round++) {
        mw_arena arena;
        mw_arena_init(&arena, 1 << 26);
        mw_random_forest shape = random_shape(&prng);
        bool has_sets = round % 2;
        shape.set_share = has_sets ? 100 : 0;
        const mw_forest *forest, *moved;
        mw_error err;
        MW_CHECK_OK(mw_random_make(&shape, &arena, &forest), NULL);
        uint32_t places[WIDTH], categories[CATEGORIES];
        shuffle(&prng, places, WIDTH);
        shuffle(&prng, categories, CATEGORIES);
        mw_feature_move moves[FEATURES];
        for (size_t f = 0; f < FEATURES; f++)
            moves[f] = (mw_feature_move){places[f], has_sets ? categories : NULL, CATEGORIES};
        MW_CHECK_OK(mw_forest_remap(&arena, forest, moves, WIDTH, &moved, &err), &err);
        for (size_t i = 0; i < ROWS; i++) {
            double row[FEATURES], there[WIDTH];
            for (size_t f = 0; f < WIDTH; f++) there[f] = NAN;
            for (size_t f = 0; f < FEATURES; f++) {
                uint32_t category = (uint32_t)mw_prng_below(&prng, CATEGORIES);
                row[f] = has_sets ? category : mw_random_value(&shape);
                there[places[f]] = has_sets ? categories[category] : row[f];
            }
            MW_CHECK_EQUAL_DOUBLE_BITS(mw_forest_raw(moved, there), mw_forest_raw(forest, row));
        }
        mw_arena_release(&arena);
    }
}

static const mw_forest *make_stump(mw_arena *arena, mw_forest_node split) {
    mw_forest_head head = {.feature_count = 1, .tree_count = 1, .class_count = 1, .sigmoid = 1};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF};
    mw_buf nodes;
    mw_buf_init(&nodes, 1 << 10);
    mw_forest_node_append(&nodes, &head, &split);
    mw_forest_node_append(&nodes, &head, &leaf);
    mw_forest_node_append(&nodes, &head, &leaf);
    const mw_forest *forest;
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&nodes), &forest, NULL), NULL);
    mw_buf_release(&nodes);
    return forest;
}

MW_TEST(forest_remap_says_what_has_no_place) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    const uint32_t categories[2] = {1, 0};
    mw_feature_move move = {0, categories, 2};
    mw_forest_node set = {.kind = MW_NODE_CATEGORY, .words = MW_STR("\4\0\0\0")};
    mw_forest_node number = {.kind = MW_NODE_NUMERIC};
    const mw_forest *moved;
    mw_error err;
    MW_CHECK_STATUS(mw_forest_remap(&arena, make_stump(&arena, set), &move, 1, &moved, &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR((const char *)err.message,
                       "a split asks for category 2, of 2 that are named");
    MW_CHECK_STATUS(mw_forest_remap(&arena, make_stump(&arena, number), &move, 1, &moved, &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR((const char *)err.message, "a split compares a category as a number");
    mw_arena_release(&arena);
}
