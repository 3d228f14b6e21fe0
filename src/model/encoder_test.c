#include "model/encoder.h"

#include "testing/test.h"

#include <math.h>

static const mw_str carriers[] = {{"AA", 2}, {"UA", 2}};
static const mw_model_feature features[] = {
    {.name = {"distance", 8}, .type = MW_TYPE_NUMBER},
    {.name = {"holiday", 7}, .type = MW_TYPE_BOOL},
    {.name = {"wait", 4}, .type = MW_TYPE_DURATION},
    {.name = {"since", 5}, .type = MW_TYPE_TIME},
    {.name = {"carrier", 7}, .type = MW_TYPE_CATEGORY, .values = {carriers, 2}},
    {.name = {"note", 4}, .type = MW_TYPE_TEXT}, /* training saw none */
};
enum { FEATURES = sizeof features / sizeof *features };

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_encoder *encoder;
} fixture;

static mw_status set_up(fixture *f) {
    mw_arena_init(&f->arena, 1 << 20);
    MW_TRY(mw_symbols_create(1 << 20, &f->symbols, NULL));
    (void)mw_symbols_intern(f->symbols, MW_STR("UA"));
    return mw_encoder_create(&f->arena, f->symbols, (mw_model_features){features, FEATURES},
                             &f->encoder, NULL);
}

static void tear_down(fixture *f) {
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static void check_values(const double *values, const double *expected) {
    for (size_t i = 0; i < FEATURES; i++)
        MW_CHECK(isnan(expected[i]) ? isnan(values[i]) : values[i] == expected[i]);
}

MW_TEST(encoder_says_each_type_in_doubles) {
    fixture f = {0};
    MW_CHECK_OK(set_up(&f), NULL);
    double values[FEATURES];
    mw_cell row[] = {mw_cell_number(-2.5),
                     mw_cell_bool(true),
                     mw_cell_time(90 * MW_SECOND_US + 1),
                     mw_cell_time(-1500000),
                     {.symbol = mw_symbols_find(f.symbols, MW_STR("UA"))},
                     {.symbol = 0}};
    MW_CHECK_EQUAL_INT(mw_encoder_run(f.encoder, row, values), 0);
    check_values(values, (double[]){-2.5, 1, 90.000001, -1.5, 1, NAN});
    row[1] = mw_cell_bool(false);
    row[4].symbol = mw_symbols_find(f.symbols, MW_STR("AA"));
    MW_CHECK_EQUAL_INT(mw_encoder_run(f.encoder, row, values), 0);
    check_values(values, (double[]){-2.5, 0, 90.000001, -1.5, 0, NAN});
    tear_down(&f);
}

MW_TEST(encoder_counts_what_training_never_saw) {
    fixture f = {0};
    MW_CHECK_OK(set_up(&f), NULL);
    double values[FEATURES];
    mw_cell row[FEATURES];
    for (size_t i = 0; i < FEATURES; i++) row[i] = mw_cell_missing(features[i].type);
    static const double missing[] = {NAN, NAN, NAN, NAN, NAN, NAN};
    MW_CHECK_EQUAL_INT(mw_encoder_run(f.encoder, row, values), 0);
    check_values(values, missing);
    row[4].symbol = row[5].symbol = mw_symbols_intern(f.symbols, MW_STR("ZZ"));
    MW_CHECK_EQUAL_INT(mw_encoder_run(f.encoder, row, values), 2);
    check_values(values, missing);
    tear_down(&f);
}

static mw_status make_once(void *context) {
    (void)context;
    fixture f = {0};
    mw_status status = set_up(&f);
    tear_down(&f);
    return status;
}

MW_TEST(encoder_survives_every_shortage_of_memory) {
    MW_CHECK(mw_test_every_allocation_fails(make_once, NULL) > 2);
}

/* Step by step: each by itself, then all together, then each by itself. */
MW_TEST(encoder_transforms_a_vector_step_by_step) {
    static const double four[] = {4}, axis[] = {1, 0.6, 0.8}, mean[] = {2}, half[] = {0, 2};
    static const mw_transform first[] = {
        {MW_TRANSFORM_IMPUTE, four, 1}, {MW_TRANSFORM_PCA, axis, 3}, {MW_TRANSFORM_SCALE, half, 2}};
    static const mw_transform second[] = {
        {MW_TRANSFORM_IMPUTE, four, 1}, {MW_TRANSFORM_PCA, mean, 1}, {MW_TRANSFORM_SCALE, half, 2}};
    static const mw_model_feature numbers[] = {
        {.type = MW_TYPE_NUMBER, .transforms = first, .transform_count = 3, .together = 2},
        {.type = MW_TYPE_NUMBER, .transforms = second, .transform_count = 3},
        {.type = MW_TYPE_NUMBER}};
    mw_arena arena;
    const mw_encoder *encoder;
    double values[3];
    mw_cell row[] = {mw_cell_number(6), mw_cell_number(NAN), mw_cell_number(9)};
    mw_arena_init(&arena, 1 << 20);
    MW_CHECK_OK(mw_encoder_create(&arena, NULL, (mw_model_features){numbers, 3}, &encoder, NULL),
                NULL);
    (void)mw_encoder_run(encoder, row, values);
    MW_CHECK(values[0] == (0.6 * 5 + 0.8 * 2) / 2 && isnan(values[1]) && values[2] == 9);
    mw_arena_release(&arena);
}
