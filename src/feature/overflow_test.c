#include "feature/overflow.h"

#include "testing/declare.h"
#include "testing/test.h"

enum { FEATURES_MAX = 16 };

/* Features without windows, in an order in which they can run. */
static const char declared[] =
    "stream orders:\n  columns: at time, amount number, other number\n  time: at\n  id: other\n"
    "feature plain: amount\n"
    "feature ten: amount * 1e308\n"
    "feature quotient: amount / 1e-200\n"
    "feature raised: exp(amount)\n"
    "feature wide: amount > 5 and amount * 1e308 > 0\n"
    "feature nothing: amount / 0\n"
    "feature unknown: other * 1e308\n"
    "feature caught: coalesce(amount * 1e308, 0)\n"
    "feature reader: ten + 1\n"
    "model m:\n  moment: on orders\n  label: any(orders by amount over next 1d)\n";

static mw_cell features[FEATURES_MAX];

/* As an engine runs them. */
static size_t run(const mw_test_project *project, double amount) {
    const mw_model_program *model = project->model;
    mw_cell row[] = {mw_cell_time(0), mw_cell_number(amount), mw_cell_missing(MW_TYPE_NUMBER)};
    mw_frame frame = {.row = row, .features = features, .symbols = project->symbols};
    MW_CHECK(model->feature_count < FEATURES_MAX);
    for (size_t i = 0; i < model->feature_count; i++) {
        int32_t feature = model->feature_order[i];
        mw_feature_run(&model->features[feature], &frame, &features[feature]);
    }
    bool happened = mw_overflow_happened();
    size_t count = mw_overflow_count(model, model->feature_order, model->feature_count, &frame);
    MW_CHECK(!mw_overflow_happened());
    MW_CHECK(happened || count == 0);
    return count;
}

MW_TEST(overflow_counts_what_left_the_doubles) {
    mw_test_project project = mw_test_compile(declared);
    feclearexcept(FE_OVERFLOW);
    MW_CHECK_EQUAL_INT(run(&project, 1), 0);
    MW_CHECK(features[1].number == 1e308);
    MW_CHECK_EQUAL_INT(run(&project, 10), 2); /* ten and wide: `reader` lacks what it reads */
    MW_CHECK_EQUAL_INT(run(&project, -1e200), 2); /* ten and quotient: wide is false, exp 0 */
    MW_CHECK_EQUAL_INT(run(&project, 1e200), 4);
    MW_CHECK_EQUAL_INT(run(&project, 0), 0); /* 0 / 0 has no value, and is not too large */
    MW_CHECK_EQUAL_INT(run(&project, 0.0 / 0.0), 0);
    mw_test_project_release(&project);
}

/* What somebody else has left costs a look, and counts nothing. */
MW_TEST(overflow_of_others_is_nothing) {
    mw_test_project project = mw_test_compile(declared);
    feraiseexcept(FE_OVERFLOW);
    MW_CHECK_EQUAL_INT(run(&project, 1), 0);
    MW_CHECK_EQUAL_INT(run(&project, 0.0 / 0.0), 0);
    mw_test_project_release(&project);
}
