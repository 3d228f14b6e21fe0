#include "model/forest_format.h"

#include "testing/test.h"

#include <math.h>
#include <string.h>

static const mw_forest_head plain_head = {.feature_count = 3,
                                          .tree_count = 1,
                                          .class_count = 1,
                                          .output = MW_OUTPUT_SIGMOID,
                                          .sigmoid = 0.5};

static bool head_survives(mw_forest_head head) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 10);
    mw_forest_head_append(&buf, &head);
    mw_reader reader = {.rest = mw_buf_str(&buf)};
    mw_forest_head back;
    bool ok = mw_forest_head_read(&reader, MW_FOREST_FORMAT, &back);
    if (ok) {
        MW_CHECK(back.feature_count == head.feature_count && back.tree_count == head.tree_count);
        MW_CHECK(back.output == head.output && back.is_average == head.is_average);
        MW_CHECK(back.class_count == head.class_count && back.is_float == head.is_float);
        MW_CHECK(back.has_covers == head.has_covers);
        MW_CHECK(back.sigmoid == head.sigmoid && reader.rest.size == 0);
    }
    mw_buf_release(&buf);
    return ok;
}

/* Whether the node can be read back after it was written. */
static bool node_survives(mw_forest_node node, mw_forest_node *out_back) {
    static char bytes[1 << 10]; /* the words of the last node stay readable */
    mw_buf buf;
    mw_buf_init(&buf, sizeof bytes);
    mw_forest_node_append(&buf, &plain_head, &node);
    memcpy(bytes, buf.data, buf.size);
    mw_reader reader = {.rest = {bytes, buf.size}};
    bool ok = mw_forest_node_read(&reader, &plain_head, out_back);
    MW_CHECK(!ok || reader.rest.size == 0);
    mw_buf_release(&buf);
    return ok;
}

MW_TEST(forest_format_heads_are_checked) {
    mw_forest_head head = plain_head;
    MW_CHECK(head_survives(head));
    head.feature_count = 0;
    MW_CHECK(!head_survives(head));
    head.feature_count = MW_FOREST_FEATURES_MAX + 1;
    MW_CHECK(!head_survives(head));
    head = plain_head;
    head.tree_count = 0;
    MW_CHECK(!head_survives(head));
    head.tree_count = MW_FOREST_TREES_MAX + 1;
    MW_CHECK(!head_survives(head));
    head = plain_head;
    head.sigmoid = NAN;
    MW_CHECK(!head_survives(head));
    head.sigmoid = -1;
    MW_CHECK(!head_survives(head));
    head = plain_head;
    head.output = MW_OUTPUT_EXP; /* a second spelling: it has no sigmoid */
    MW_CHECK(!head_survives(head));
    head.sigmoid = 1;
    head.is_average = true;
    MW_CHECK(head_survives(head));
    head.output = MW_OUTPUT_COUNT;
    MW_CHECK(!head_survives(head));
    head = plain_head;
    head.class_count = 3;
    MW_CHECK(!head_survives(head)); /* of one tree */
    head.tree_count = 6;
    MW_CHECK(head_survives(head));
    head.is_float = head.has_covers = true;
    MW_CHECK(head_survives(head));
    head.class_count = 0;
    MW_CHECK(!head_survives(head));
}

MW_TEST(forest_format_nodes_come_back) {
    mw_forest_node back;
    mw_forest_node numeric = {.kind = MW_NODE_NUMERIC,
                              .feature = 2,
                              .value = INFINITY,
                              .missing = MW_MISSING_ZERO,
                              .default_left = true};
    MW_CHECK(node_survives(numeric, &back));
    MW_CHECK(back.feature == 2 && back.value == INFINITY && back.missing == MW_MISSING_ZERO);
    MW_CHECK(back.default_left);
    MW_CHECK(node_survives((mw_forest_node){.kind = MW_NODE_LEAF, .value = -0.25}, &back));
    MW_CHECK(back.kind == MW_NODE_LEAF && back.value == -0.25);
    mw_forest_node set = {.kind = MW_NODE_CATEGORY, .words = MW_STR("\1\0\0\0\0\2\0\0")};
    MW_CHECK(node_survives(set, &back));
    MW_CHECK(mw_str_equal(back.words, set.words));
}

/* The words and terms of the node stay readable: node_survives keeps them. */
MW_TEST(forest_format_nodes_of_all_kinds_come_back) {
    mw_forest_node back;
    mw_buf terms;
    mw_buf_init(&terms, 1 << 10);
    mw_forest_term_append(&terms, (mw_forest_term){2, -0.5});
    mw_forest_node linear = {
        .kind = MW_NODE_LINEAR, .value = 1, .constant = 2, .terms = mw_buf_str(&terms)};
    MW_CHECK(node_survives(linear, &back));
    MW_CHECK(back.value == 1 && back.constant == 2 && mw_str_equal(back.terms, linear.terms));
    mw_forest_term_append(&terms, (mw_forest_term){3, 1}); /* a feature that there is not */
    linear.terms = mw_buf_str(&terms);
    MW_CHECK(!node_survives(linear, &back));
    mw_buf_release(&terms);
    mw_forest_node set = {.kind = MW_NODE_CATEGORY,
                          .missing = MW_MISSING_NAN,
                          .default_left = true,
                          .words = MW_STR("\1\0\0\0")};
    MW_CHECK(node_survives(set, &back));
    MW_CHECK(back.missing == MW_MISSING_NAN && back.default_left);
}

MW_TEST(forest_format_covers_and_floats_are_what_the_head_says) {
    mw_forest_head head = plain_head;
    head.has_covers = head.is_float = true;
    static const struct {
        double value, cover;
        bool is_good;
    } cases[] = {{0.5, 3, true}, {0.5, 0, true}, {0.5, -1, false}, {0.5, NAN, false},
                 {0.1, 3, false} /* no float */};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf buf;
        mw_buf_init(&buf, 1 << 10);
        mw_forest_node leaf = {
            .kind = MW_NODE_LEAF, .value = cases[i].value, .cover = cases[i].cover}, back;
        mw_forest_node_append(&buf, &head, &leaf);
        mw_reader reader = {.rest = mw_buf_str(&buf)};
        MW_CHECK(mw_forest_node_read(&reader, &head, &back) == cases[i].is_good);
        MW_CHECK(!cases[i].is_good || back.cover == cases[i].cover);
        mw_buf_release(&buf);
    }
}

MW_TEST(forest_format_has_one_spelling_for_a_node) {
    mw_forest_node back;
    mw_forest_node set = {.kind = MW_NODE_CATEGORY, .words = MW_STR("\1\0\0\0\0\0\0\0")};
    MW_CHECK(node_survives(set, &back));
    MW_CHECK_EQUAL_INT(back.words.size, 4); /* the empty word is left out */
    mw_forest_node numeric = {.kind = MW_NODE_NUMERIC, .default_left = true};
    MW_CHECK(node_survives(numeric, &back));
    MW_CHECK(!back.default_left); /* nothing takes it */
}

MW_TEST(forest_format_refuses_bad_nodes) {
    mw_forest_node back;
    MW_CHECK(!node_survives((mw_forest_node){.kind = MW_NODE_LEAF, .value = NAN}, &back));
    MW_CHECK(!node_survives((mw_forest_node){.kind = MW_NODE_LEAF, .value = INFINITY}, &back));
    MW_CHECK(!node_survives((mw_forest_node){.kind = MW_NODE_NUMERIC, .value = NAN}, &back));
    MW_CHECK(!node_survives((mw_forest_node){.kind = MW_NODE_NUMERIC, .feature = 3}, &back));
    /* Kinds of missing that there are not, default sides that nothing takes, bits too many. */
    static const uint32_t heads[] = {12 | 1, 16 | 1, 32, 4, 4 | 2,
                                     8 | 2,  4 | 16 | 2, 8 | 3, 1u << 31};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        mw_buf buf;
        mw_buf_init(&buf, 1 << 10);
        mw_buf_append_u32(&buf, heads[i]);
        for (int k = 0; k < 8; k++) mw_buf_append_u32(&buf, 0);
        mw_reader reader = {.rest = mw_buf_str(&buf)};
        MW_CHECK(!mw_forest_node_read(&reader, &plain_head, &back));
        mw_buf_release(&buf);
    }
}
