#include "project/schema.h"

#include "project/rule.h"
#include "testing/test.h"

#include <string.h>

static bool contains(mw_str text, const char *part) {
    return memmem(text.data, text.size, part, strlen(part)) != NULL;
}

MW_TEST(schema_prints_its_reference) {
    mw_buf out;
    mw_buf_init(&out, 64 * 1024);
    mw_shape_reference(&mw_project_schema, &out);
    mw_error err;
    MW_CHECK_OK(mw_buf_check(&out, "reference", &err), &err);
    static const char *const rows[] = {
        "| key | value | what it says | |\n| --- | --- | --- | --- |\n| `project` | a text | the "
        "project's name | required |\n",
        "| `streams.NAME.from` | a list, each a text, or a text | where its rows come from: files, "
        "addresses |  |\n",
        "| `streams.NAME.checks.NAME.in` | a list, each a text |",
        "| `streams.NAME.repeats` | `drop`, `keep` (later), `refuse` (later) |",
        "| `streams.NAME.units` | a mapping of names to values | the factor that a column is "
        "multiplied by |  |\n",
        "| `models.NAME.cost.miss` | a number of at least 0 | what a miss costs |  |\n",
        "| `retrain.NAME.gate` | a list, each a condition |",
        "| `serving.NAME.rollout` | anything | how a new version takes over | not in force yet |\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        MW_CHECK(contains(mw_buf_str(&out), rows[i]));
    mw_buf_release(&out);
}

static const mw_shape *shape_of(const mw_shape *shape, const char *key) {
    for (size_t i = 0; i < shape->key_count; i++)
        if (strcmp(shape->keys[i].name, key) == 0) return shape->keys[i].shape;
    return NULL;
}

/* A model's metric may stand in its rules, so the two lists agree on what is in force. */
MW_TEST(schema_and_rules_know_the_same_metrics) {
    const mw_shape *models = shape_of(&mw_project_schema, "models");
    const mw_shape *metric = shape_of(models->item, "metric");
    for (size_t i = 0; i < metric->words_in_force; i++)
        MW_CHECK_EQUAL_STR(mw_str_of(metric->words[i]), mw_rule_metrics[i]);
    MW_CHECK_EQUAL_STR(mw_str_of(mw_rule_metrics[metric->words_in_force]), "cost");
}
