#include "lang/sql_gaps.h"

#include "testing/declare.h"
#include "testing/test.h"

static const char text[] =
    "stream orders:\n"
    "  columns: shop category, note text, at time, amount number, parts list\n"
    "  time: at\n"
    "  id: shop, at\n"
    "feature plain: amount + 1\n"
    "feature words: pixels(note, 1, 1)\n"
    "feature said: ngrams(note, 1, 2, 2)\n"
    "feature split_up: ngrams(case when shop in split(note, ',') then note end, 1, 2, 2)\n"
    "feature parted: amount in [1, 2] and shop in split(note, ',')\n"
    "feature reader: words_1 + plain\n"
    "feature of_reader: reader * 2\n"
    "feature ticked: count(orders by shop over 2h aligned hour)\n"
    "feature windowed: count(orders where shop in split(note, ',') by shop over 2h)\n"
    "feature part_of: max(reader within moment) - plain\n"
    "feature free: length(parts) + max(plain within moment)\n"
    "model m:\n"
    "  moment: on orders each parts as part\n"
    "  label: count(orders by amount = reader over next 1d) > 1\n";

MW_TEST(gaps_are_all_that_hangs_on_one_and_no_more) {
    mw_sql_gaps gaps;
    mw_error err;
    mw_buf told;
    mw_buf_init(&told, 1 << 12);
    mw_test_project project = mw_test_compile(text);
    const mw_model_program *model = project.model;
    mw_sql_gaps_of of = {project.program, model, project.symbols, false};
    MW_CHECK_OK(mw_sql_gaps_find(of, &project.arena, &gaps, &err), &err);
    mw_sql_gaps_tell(&gaps, model, &told);
    MW_CHECK_EQUAL_STR(
        mw_buf_str(&told),
        "words_0 .. 2: SQL sees no pictures\n"
        "reader: SQL sees no pictures\n"
        "of_reader: SQL sees no pictures\n"
        "part_of: SQL sees no pictures\n"
        "label: SQL sees no pictures\n");
    mw_buf_release(&told);
    mw_test_project_release(&project);
}

/* What is kept of a model for one code: all that it hangs on, vectors whole, and nothing else. */
MW_TEST(gaps_narrow_to_what_is_asked_for) {
    mw_sql_gaps gaps;
    mw_error err;
    mw_test_project project = mw_test_compile(
        "stream orders:\n  columns: shop category, note text, at time, amount number\n"
        "  time: at\n  id: shop, at\n"
        "feature busy: count(orders by shop over 2h)\n"
        "feature least: count(orders by amount = min(orders.amount by shop over 3h) over 2h)\n"
        "feature words: ngrams(note, 1, 2, 2)\n"
        "feature reader: words_1 + least\n"
        "feature other: busy + words_0\n"
        "model m:\n  moment: on orders\n  label: count(orders by shop over next 1d) > 1\n");
    const mw_model_program *model = project.model;
    mw_sql_gaps_of of = {project.program, model, project.symbols, false};
    MW_CHECK_OK(mw_sql_gaps_find(of, &project.arena, &gaps, &err), &err);
    for (size_t i = 0; i < model->feature_count; i++) MW_CHECK(gaps.features[i].size == 0);
    mw_sql_gaps_narrow(&gaps, model, &model->features[4].code, 1);
    static const bool is_kept[] = {false, true, true, true, false, false};
    MW_CHECK_EQUAL_INT(model->feature_count, sizeof is_kept);
    for (size_t i = 0; i < model->feature_count; i++)
        MW_CHECK((gaps.features[i].size == 0) == is_kept[i]);
    size_t window_count = 0;
    for (size_t i = 0; i < model->window_count; i++) window_count += gaps.windows[i].size == 0;
    MW_CHECK_EQUAL_INT(window_count, 2); /* the key of one is the other */
    MW_CHECK(gaps.label.size > 0);
    mw_test_project_release(&project);
}
