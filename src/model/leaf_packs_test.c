#include "model/leaf_packs.h"

#include "model/explainer.h"
#include "model/random_forest_test.h"

enum { FEATURES = 9, ROWS = 8, CLASSES_MAX = 3, SIZE_MAX_OF_ROW = CLASSES_MAX * (FEATURES + 1) };

typedef struct {
    mw_arena arena;
    const mw_forest *forest;
    const mw_leaf_packs *packs;
    size_t size; /* values of a row */
} fixture;

static mw_status make_packs(fixture *f) {
    const mw_forest_paths *paths;
    MW_TRY(mw_forest_paths_make(&f->arena, f->forest, true, &paths, NULL));
    uint32_t count = (paths->step_count_max + 1) / 2;
    mw_quadrature *quadratures = mw_arena_alloc(&f->arena, count + 1, sizeof *quadratures);
    if (!quadratures) return MW_NO_MEMORY;
    for (uint32_t i = 1; i <= count; i++) mw_quadrature_fill(&quadratures[i], i);
    return mw_leaf_packs_make(&f->arena, paths, quadratures, &f->packs, NULL);
}

/* Some have trees that are a leaf alone; some fill several sections, in the midst of a class. */
static void set_up(fixture *f, uint64_t *prng, uint32_t round) {
    mw_random_forest shape = {.prng = mw_prng_next(prng),
                              .feature_count = FEATURES,
                              .tree_count = 1 + round * 5,
                              .leaf_count_max = 1 + (uint32_t)mw_prng_below(prng, 300),
                              .set_share = 20,
                              .number_count = 30,
                              .class_count = 1 + round % CLASSES_MAX,
                              .is_float = round % 4 == 0,
                              .has_covers = true};
    mw_arena_init(&f->arena, 1 << 28);
    MW_CHECK_OK(mw_random_make(&shape, &f->arena, &f->forest), NULL);
    f->size = (size_t)f->forest->head.class_count * (FEATURES + 1);
    MW_CHECK_OK(make_packs(f), NULL);
}

/* A row alone, by eight leaves at a time, has the bits that it has among eight rows. */
MW_TEST(leaf_packs_give_a_row_the_bits_that_it_has_among_others) {
    uint64_t prng = mw_test_seed();
    size_t large = 0;
    for (uint32_t round = 0; round < 24; round++) {
        fixture f;
        set_up(&f, &prng, round);
        large += f.forest->leaf_count > 2000;
        double rows[ROWS * FEATURES], among[ROWS * SIZE_MAX_OF_ROW];
        mw_random_forest shape = {.prng = mw_prng_next(&prng), .number_count = 30};
        for (size_t i = 0; i < ROWS * FEATURES; i++) rows[i] = mw_random_value(&shape);
        const mw_explainer *explainer;
        MW_CHECK_OK(mw_explainer_make(&f.arena, f.forest, MW_LANES_PLAIN, &explainer, NULL), NULL);
        MW_CHECK_OK(mw_explainer_run(explainer, rows, ROWS, among, NULL), NULL);
        for (int kind = 0; kind <= (int)mw_lanes_best(); kind++)
            for (size_t r = 0; r < ROWS; r++) {
                double alone[SIZE_MAX_OF_ROW] = {0};
                MW_CHECK_OK(mw_leaf_packs_add(f.packs, (mw_lanes_kind)kind, rows + r * FEATURES,
                                              alone, NULL), NULL);
                for (size_t i = 0; i < f.size; i++)
                    if (i % (FEATURES + 1) < FEATURES)
                        MW_CHECK_EQUAL_DOUBLE_BITS(alone[i], among[r * f.size + i]);
                    else MW_CHECK(alone[i] == 0); /* the expected sum is for whoever calls */
            }
        mw_arena_release(&f.arena);
    }
    MW_CHECK(large > 5);
}

static mw_status make_once(void *context) {
    fixture f = *(const fixture *)context;
    double row[FEATURES] = {0}, values[SIZE_MAX_OF_ROW] = {0};
    mw_arena_init(&f.arena, 1 << 28);
    mw_status status = make_packs(&f);
    if (status == MW_OK)
        status = mw_leaf_packs_add(f.packs, mw_lanes_best(), row, values, NULL);
    for (size_t i = 0; status != MW_OK && i < f.size; i++) MW_CHECK(values[i] == 0);
    mw_arena_release(&f.arena);
    return status;
}

MW_TEST(leaf_packs_survive_every_shortage_of_memory) {
    fixture f;
    uint64_t prng = mw_test_seed();
    set_up(&f, &prng, 10);
    MW_CHECK(mw_test_every_allocation_fails(make_once, &f) > 3);
    mw_arena_release(&f.arena);
}
