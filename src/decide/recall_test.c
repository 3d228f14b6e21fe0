#include "decide/recall.h"

#include <math.h>
#include <string.h>

#include "testing/test.h"

static const mw_model_feature features[] = {{.name = {"size", 4}, .type = MW_TYPE_NUMBER}};
static const mw_str desks[] = {{"billing", 7}, {"sales", 5}};
static const double shares[] = {0.25, 0.75};

/* A tree a class: of mails above 1 the first sum is 2, else -2; the other is 0. */
static const mw_forest *make_forest(mw_arena *arena) {
    mw_forest_head head = {.feature_count = 1,
                           .tree_count = 2,
                           .class_count = 2,
                           .output = MW_OUTPUT_SOFTMAX,
                           .sigmoid = 1};
    mw_forest_node nodes[] = {{.kind = MW_NODE_NUMERIC, .value = 1},
                              {.kind = MW_NODE_LEAF, .value = -2},
                              {.kind = MW_NODE_LEAF, .value = 2},
                              {.kind = MW_NODE_LEAF, .value = 0}};
    mw_buf bytes;
    const mw_forest *forest;
    mw_buf_init(&bytes, 1 << 10);
    for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++)
        mw_forest_node_append(&bytes, &head, &nodes[i]);
    MW_CHECK_OK(mw_forest_make(arena, &head, mw_buf_str(&bytes), &forest, NULL), NULL);
    mw_buf_release(&bytes);
    return forest;
}

static mw_scorer *new_scorer(mw_symbols *symbols) {
    mw_arena arena;
    mw_buf profile_bytes, bytes;
    mw_profile *profile;
    mw_scorer *scorer;
    mw_cell cells[] = {mw_cell_number(1), mw_cell_number(2)};
    mw_column column = {cells, 1, 2};
    mw_arena_init(&arena, 1 << 24);
    mw_buf_init(&profile_bytes, 1 << 16);
    mw_buf_init(&bytes, 1 << 20);
    MW_CHECK_OK(mw_profile_create(&arena, symbols, 2, &profile, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("size"), MW_TYPE_NUMBER, column, NULL), NULL);
    MW_CHECK_OK(mw_profile_add(profile, MW_STR("prediction"), MW_TYPE_NUMBER, column, NULL), NULL);
    mw_profile_encode(profile, &profile_bytes);
    mw_version version = {.model = MW_STR("route"),
                          .features = {features, 1},
                          .answer = MW_ANSWER_CLASS,
                          .classes = {{desks, 2}, shares},
                          .forest = make_forest(&arena),
                          .baseline = 0.75,
                          .profile = mw_buf_str(&profile_bytes)};
    MW_CHECK_OK(mw_version_encode(&version, &bytes, NULL), NULL);
    MW_CHECK_OK(mw_scorer_create(mw_buf_str(&bytes), symbols, &scorer, NULL), NULL);
    mw_buf_release(&bytes);
    mw_buf_release(&profile_bytes);
    mw_arena_release(&arena);
    return scorer;
}

/* What the record of a mail of this size says, read back. */
static mw_prediction recorded(mw_scorer *scorer, mw_cell *row, double size) {
    row[0] = mw_cell_number(size);
    mw_score score = mw_scorer_run(scorer, row);
    return (mw_prediction){.kind = MW_ANSWER_CLASS,
                           .prediction = score.prediction,
                           .class_name = score.class_name,
                           .features = row};
}

MW_TEST(recall_tells_what_the_version_said_of_all_classes) {
    mw_symbols *symbols;
    mw_cell row[1], other[1];
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer = new_scorer(symbols);
    mw_prediction great = recorded(scorer, row, 5);
    (void)recorded(scorer, other, 0);
    mw_recall_classes(scorer, &great);
    MW_CHECK_EQUAL_INT(great.classes.names.count, 2);
    MW_CHECK_EQUAL_STR(great.class_name, "billing");
    MW_CHECK_EQUAL_DOUBLE_BITS(great.classes.probabilities[0], great.prediction);
    MW_CHECK_EQUAL_DOUBLE_BITS(great.classes.probabilities[1], exp(-2.0) / (1 + exp(-2.0)));
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

/* The shares of training, or the version before, which is asked as if it were its own answer. */
MW_TEST(recall_tells_what_the_fallback_said) {
    mw_symbols *symbols;
    mw_cell row[1];
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer = new_scorer(symbols);
    mw_prediction said = recorded(scorer, row, 5);
    said.fallback = MW_BECAUSE_MISSING;
    mw_recall_classes(scorer, &said);
    MW_CHECK_EQUAL_DOUBLE_BITS(said.classes.probabilities[0], said.prediction);
    said = (mw_prediction){.kind = MW_ANSWER_CLASS,
                           .prediction = 0.75,
                           .class_name = desks[1],
                           .fallback = MW_BECAUSE_MISSING,
                           .features = row};
    mw_recall_classes(scorer, &said);
    MW_CHECK_EQUAL_DOUBLE_BITS(said.classes.probabilities[0], 0.25);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

/* Nobody is told the probabilities of another answer than the one that was given. */
MW_TEST(recall_says_nothing_that_does_not_come_to_the_record) {
    mw_symbols *symbols;
    mw_cell row[1];
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_scorer *scorer = new_scorer(symbols);
    mw_prediction said = recorded(scorer, row, 5);
    said.prediction = nextafter(said.prediction, 0);
    mw_recall_classes(scorer, &said);
    MW_CHECK_EQUAL_INT(said.classes.names.count, 0);
    said = recorded(scorer, row, 5);
    said.class_name = desks[1];
    mw_recall_classes(scorer, &said);
    MW_CHECK_EQUAL_INT(said.classes.names.count, 0);
    said = (mw_prediction){.kind = MW_ANSWER_YES_NO, .prediction = 0.75, .features = row};
    mw_recall_classes(scorer, &said);
    MW_CHECK_EQUAL_INT(said.classes.names.count, 0);
    mw_scorer_destroy(scorer);
    mw_symbols_destroy(symbols);
}

MW_TEST(recall_keeps_names_when_the_version_goes) {
    char texts[] = "billingsales";
    mw_str of_version[] = {{texts, 7}, {texts + 7, 5}};
    mw_classes classes = {{of_version, 2}, shares}, none = {0};
    mw_arena arena;
    mw_error err;
    mw_arena_init(&arena, 1 << 16);
    mw_memory_fail_after(0);
    MW_CHECK_STATUS(mw_recall_keep_names(&arena, &classes, &err), MW_NO_MEMORY);
    mw_memory_fail_after(SIZE_MAX);
    MW_CHECK(classes.names.items == of_version);
    MW_CHECK_OK(mw_recall_keep_names(&arena, &classes, &err), &err);
    memset(texts, '-', sizeof texts);
    of_version[0] = of_version[1] = MW_STR("");
    MW_CHECK_EQUAL_INT(classes.names.count, 2);
    MW_CHECK_EQUAL_STR(classes.names.items[0], "billing");
    MW_CHECK_EQUAL_STR(classes.names.items[1], "sales");
    MW_CHECK_OK(mw_recall_keep_names(&arena, &none, &err), &err);
    MW_CHECK(!none.names.items);
    mw_arena_release(&arena);
}
