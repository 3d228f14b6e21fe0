#include "decide/scorer.h"

#include "testing/test.h"

#include <math.h>
#include <string.h>

static const mw_str carriers[] = {{"AA", 2}, {"UA", 2}};
static const mw_model_feature features[] = {
    {.name = {"distance", 8}, .type = MW_TYPE_NUMBER},
    {.name = {"carrier", 7}, .type = MW_TYPE_CATEGORY, .values = {carriers, 2}}};

static const mw_str desks[] = {{"spam", 4}, {"sales", 5}, {"billing", 7}};
static const double shares[] = {0.25, 0.5, 0.25};

/* One tree a sum: of the first one yes for UA, no for all others; the others say 0.5 to all. */
static const mw_forest *make_forest(mw_arena *arena, mw_answer_kind kind) {
    static const mw_forest_output outputs[] = {
        [MW_ANSWER_YES_NO] = MW_OUTPUT_SIGMOID, [MW_ANSWER_NUMBER] = MW_OUTPUT_IDENTITY,
        [MW_ANSWER_CLASS] = MW_OUTPUT_SOFTMAX,  [MW_ANSWER_SCORE] = MW_OUTPUT_IDENTITY};
    uint32_t class_count = kind == MW_ANSWER_CLASS ? 3 : 1;
    mw_forest_head head = {.has_covers = true,
                           .feature_count = 2,
                           .tree_count = class_count,
                           .class_count = class_count,
                           .output = outputs[kind],
                           .sigmoid = 1};
    mw_forest_node nodes[] = {{.kind = MW_NODE_CATEGORY, .feature = 1, .words = MW_STR("\2\0\0\0")},
                              {.kind = MW_NODE_LEAF, .value = 2, .cover = 1},
                              {.kind = MW_NODE_LEAF, .value = -2, .cover = 3},
                              {.kind = MW_NODE_LEAF, .value = 0.5, .cover = 4},
                              {.kind = MW_NODE_LEAF, .value = 0.5, .cover = 4}};
    mw_buf nodes_bytes;
    mw_buf_init(&nodes_bytes, 1 << 10);
    for (size_t i = 0; i < 2 + class_count; i++)
        mw_forest_node_append(&nodes_bytes, &head, &nodes[i]);
    const mw_forest *forest;
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&nodes_bytes), &forest, NULL), NULL);
    mw_buf_release(&nodes_bytes);
    return forest;
}

static void add_columns(mw_profile *profile, mw_symbols *symbols, size_t column_count) {
    mw_cell cells[] = {mw_cell_number(1), mw_cell_number(2)};
    mw_cell names[] = {{.symbol = mw_symbols_intern(symbols, carriers[0])},
                       {.symbol = mw_symbols_intern(symbols, carriers[1])}};
    mw_column numbers = {cells, 1, 2}, texts = {names, 1, 2};
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("distance"), MW_TYPE_NUMBER, numbers, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("carrier"), MW_TYPE_CATEGORY, texts, NULL), NULL);
    if (column_count == 3)
        MW_CHECK_OK(mw_profile_add(profile, MW_STR("prediction"), MW_TYPE_NUMBER, numbers, NULL),
                    NULL);
}

/* A version's bytes, its profile having `column_count` columns. */
static void encode_answer(mw_buf *out, size_t column_count, mw_answer_kind kind) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 24);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_profile *profile;
    MW_CHECK_OK(mw_profile_create(&arena, symbols, 3, &profile, NULL), NULL);
    add_columns(profile, symbols, column_count);
    mw_buf profile_bytes;
    mw_buf_init(&profile_bytes, 1 << 16);
    mw_profile_encode(profile, &profile_bytes);
    mw_version version = {.model = MW_STR("late"),
                          .project = MW_STR("project: flights\n"
                                            "features:\n"
                                            "  distance: distance\n"
                                            "  carrier: {is: carrier, description: who flies}\n"),
                          .zone = MW_STR("UTC"),
                          .features = {features, 2},
                          .answer = kind,
                          .forest = make_forest(&arena, kind),
                          .threshold = mw_answer_kind_decides(kind) ? 0.5 : 0,
                          .baseline = 0.2,
                          .learner = MW_STR("lightgbm"),
                          .settings = MW_STR("seed=1"),
                          .data_version = MW_STR("d1"),
                          .to_us = 1000,
                          .example_count = 2,
                          .profile = mw_buf_str(&profile_bytes)};
    if (kind == MW_ANSWER_CLASS) version.classes = (mw_classes){{desks, 3}, shares};
    MW_CHECK_OK(mw_version_encode(&version, out, NULL), NULL);
    mw_buf_release(&profile_bytes);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}

static void encode(mw_buf *out, size_t column_count) {
    encode_answer(out, column_count, MW_ANSWER_YES_NO);
}

MW_TEST(scorer_decides_by_the_threshold_of_its_version) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    encode(&bytes, 3);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    uint32_t unseen = mw_symbols_intern(symbols, MW_STR("ZZ"));
    mw_scorer *scorer;
    MW_CHECK_OK(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, NULL), NULL);

    mw_cell row[] = {mw_cell_number(3), {.symbol = mw_symbols_find(symbols, MW_STR("UA"))}};
    mw_score score = mw_scorer_run(scorer, row);
    MW_CHECK_EQUAL_DOUBLE_BITS(score.prediction, 1 / (1 + exp(-2)));
    MW_CHECK(score.decision && score.unseen_values == 0);
    row[1].symbol = unseen;
    score = mw_scorer_run(scorer, row);
    MW_CHECK_EQUAL_DOUBLE_BITS(score.prediction, 1 / (1 + exp(2)));
    MW_CHECK(!score.decision && score.unseen_values == 1);
    MW_CHECK_EQUAL_INT(mw_scorer_name(scorer).size, MW_VERSION_NAME_SIZE);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
    mw_buf_release(&bytes);
}

static mw_scorer *new_scorer(mw_answer_kind kind, mw_symbols *symbols) {
    mw_buf bytes;
    mw_scorer *scorer;
    mw_buf_init(&bytes, 1 << 20);
    encode_answer(&bytes, 3, kind);
    MW_CHECK_OK(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, NULL), NULL);
    mw_buf_release(&bytes);
    return scorer;
}

/* A number of 2 is no yes, whatever stands where others have a threshold. */
MW_TEST(scorer_answers_numbers_and_decides_nothing) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_cell row[] = {mw_cell_number(3), {.symbol = mw_symbols_intern(symbols, carriers[1])}};
    mw_scorer *number = new_scorer(MW_ANSWER_NUMBER, symbols);
    mw_scorer *ranked = new_scorer(MW_ANSWER_SCORE, symbols);
    mw_score score = mw_scorer_run(number, row);
    MW_CHECK(score.prediction == 2 && !score.decision && score.class_name.size == 0);
    score = mw_scorer_run(ranked, row);
    MW_CHECK(score.prediction == 2 && score.decision && score.classes.names.count == 0);
    mw_scorer_destroy(number);
    mw_scorer_destroy(ranked);
    mw_symbols_destroy(symbols);
}

MW_TEST(scorer_names_the_likeliest_class) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_cell row[] = {mw_cell_number(3), {.symbol = mw_symbols_intern(symbols, carriers[1])}};
    mw_scorer *scorer = new_scorer(MW_ANSWER_CLASS, symbols);
    mw_score score = mw_scorer_run(scorer, row);
    double total = 1 + exp(-1.5) + exp(-1.5);
    MW_CHECK_EQUAL_STR(score.class_name, "spam");
    MW_CHECK_EQUAL_DOUBLE_BITS(score.prediction, 1 / total);
    MW_CHECK_EQUAL_DOUBLE_BITS(score.classes.probabilities[2], exp(-1.5) / total);
    MW_CHECK(!score.decision && score.classes.names.count == 3);
    row[1].symbol = mw_symbols_find(symbols, carriers[0]); /* sales and billing are as likely */
    score = mw_scorer_run(scorer, row);
    MW_CHECK_EQUAL_STR(score.class_name, "billing");
    MW_CHECK(score.classes.probabilities[1] == score.prediction);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

/* Of the class that is answered: spam for UA, where a quarter of the training rows were UA; billing
   for all others, to whose sum nothing adds. */
MW_TEST(scorer_says_why_of_the_class_that_it_answers) {
    mw_symbols *symbols;
    mw_reasons reasons;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_cell row[] = {mw_cell_number(3), {.symbol = mw_symbols_intern(symbols, carriers[1])}};
    mw_scorer *scorer = new_scorer(MW_ANSWER_CLASS, symbols);
    MW_CHECK_OK(mw_scorer_explain(scorer, row, &reasons, NULL), NULL);
    MW_CHECK(fabs(reasons.expected + 1) < 1e-12 && reasons.items[0].feature == 1);
    MW_CHECK(fabs(reasons.items[0].adds - 3) < 1e-12);
    row[1].symbol = mw_symbols_find(symbols, carriers[0]);
    MW_CHECK_OK(mw_scorer_explain(scorer, row, &reasons, NULL), NULL);
    MW_CHECK(reasons.expected == 0.5 && reasons.items[0].adds == 0 && reasons.items[1].adds == 0);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

/* Where billing is answered the carrier speaks against spam, and matters all the same. */
MW_TEST(scorer_weighs_what_is_added_to_every_class) {
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_cell row[] = {mw_cell_number(3), {.symbol = mw_symbols_intern(symbols, carriers[0])}};
    mw_scorer *scorer = new_scorer(MW_ANSWER_CLASS, symbols);
    double weights[] = {0, 0};
    MW_CHECK_OK(mw_scorer_weigh(scorer, row, weights, NULL), NULL);
    MW_CHECK(weights[0] == 0 && fabs(weights[1] - 1) < 1e-12);
    row[1].symbol = mw_symbols_find(symbols, carriers[1]);
    MW_CHECK_OK(mw_scorer_weigh(scorer, row, weights, NULL), NULL);
    MW_CHECK(weights[0] == 0 && fabs(weights[1] - 4) < 1e-12);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

MW_TEST(scorer_fits_a_label_of_its_kind_alone) {
    mw_symbols *symbols;
    mw_error err;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer = new_scorer(MW_ANSWER_CLASS, symbols);
    MW_CHECK_OK(mw_scorer_answers(scorer, MW_TYPE_TEXT, &err), &err);
    MW_CHECK_STATUS(mw_scorer_answers(scorer, MW_TYPE_BOOL, &err), MW_CONFLICT);
    MW_CHECK(strstr(err.message, "answers a class, but the project file's label is a bool now"));
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

/* A quarter of the training rows were UA, so -1 was to be expected. */
MW_TEST(scorer_says_why) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    encode(&bytes, 3);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer;
    MW_CHECK_OK(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, NULL), NULL);
    mw_cell row[] = {mw_cell_number(3), {.symbol = mw_symbols_find(symbols, MW_STR("UA"))}};
    mw_reasons reasons;
    mw_error err;
    MW_CHECK_OK(mw_scorer_prepare(scorer, &err), &err);
    MW_CHECK_OK(mw_scorer_explain(scorer, row, &reasons, &err), &err);
    MW_CHECK(reasons.count == 2 && fabs(reasons.expected + 1) < 1e-12);
    MW_CHECK(reasons.items[0].feature == 1 && fabs(reasons.items[0].adds - 3) < 1e-12);
    MW_CHECK(reasons.items[1].feature == 0 && reasons.items[1].adds == 0);
    MW_CHECK_EQUAL_STR(mw_reason_description(&reasons, &reasons.items[0]), "who flies");
    MW_CHECK_EQUAL_STR(mw_reason_description(&reasons, &reasons.items[1]), "");
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
    mw_buf_release(&bytes);
}

/* A version of before trees kept counts, whose forest this becomes, is asked by many. */
MW_TEST(scorer_that_cannot_say_why_does_not_grow) {
    mw_forest_head head = {.feature_count = 2, .tree_count = 1, .class_count = 1,
                           .output = MW_OUTPUT_SIGMOID, .sigmoid = 1};
    mw_forest_node leaf = {.kind = MW_NODE_LEAF, .value = 1};
    const mw_version *own;
    mw_arena arena;
    mw_buf bytes;
    mw_symbols *symbols;
    mw_scorer *scorer;
    mw_error err;
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, &err), &err);
    encode(&bytes, 3);
    MW_CHECK_OK(mw_version_decode(&arena, mw_str_copy(&arena, mw_buf_str(&bytes)), &own, &err),
                &err);
    mw_version version = *own;
    mw_buf_clear(&bytes);
    mw_forest_node_append(&bytes, &head, &leaf);
    MW_CHECK_OK(mw_forest_make(&arena, &head, mw_buf_str(&bytes), &version.forest, &err), &err);
    mw_buf_clear(&bytes);
    MW_CHECK_OK(mw_version_encode(&version, &bytes, &err), &err);
    MW_CHECK_OK(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, &err), &err);
    MW_CHECK_STATUS(mw_scorer_prepare(scorer, &err), MW_NOT_BUILT);
    size_t live = mw_memory_live_count();
    for (int i = 0; i < 10000; i++) MW_CHECK(mw_scorer_prepare(scorer, NULL) == MW_NOT_BUILT);
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), live);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
    mw_buf_release(&bytes);
}

MW_TEST(scorer_names_the_feature_that_a_program_lacks) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    encode(&bytes, 3);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer;
    MW_CHECK_OK(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, NULL), NULL);
    mw_field own[] = {{{"distance", 8}, MW_TYPE_NUMBER}, {{"carrier", 7}, MW_TYPE_CATEGORY}};
    mw_error err;
    MW_CHECK_OK(mw_scorer_fits(scorer, own, 2, &err), &err);
    MW_CHECK_STATUS(mw_scorer_fits(scorer, own, 1, &err), MW_CONFLICT);
    own[0].type = MW_TYPE_BOOL;
    MW_CHECK_STATUS(mw_scorer_fits(scorer, own, 2, &err), MW_CONFLICT);
    MW_CHECK(strstr(err.message, "distance differs") != NULL);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
    mw_buf_release(&bytes);
}

MW_TEST(scorer_refuses_a_profile_of_other_columns) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 20);
    encode(&bytes, 2);
    mw_symbols *symbols;
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer = NULL;
    MW_CHECK_STATUS(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, NULL), MW_CORRUPT);
    MW_CHECK(!scorer);
    mw_symbols_destroy(symbols);
    mw_buf_release(&bytes);
}
