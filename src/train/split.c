#include "train/split.h"

static int64_t latest_part(int64_t first, int64_t last) {
    int64_t span = (last - first) / MW_TEST_SHARE_INVERSE;
    int64_t most = MW_TEST_SPAN_DAYS_MAX * MW_DAY_US;
    return last + 1 - (span < most ? span : most);
}

static mw_status no_examples(const mw_examples *examples, mw_error *err) {
    mw_buf after;
    mw_buf_init(&after, 64);
    mw_span_append(&after, examples->model->maturity_us);
    mw_status status = mw_fail(err, MW_INVALID,
                               "models.%.*s: no label has matured (%zu were missing, %zu dropped "
                               "by unless)", MW_STR_ARGS(examples->model->name),
                               examples->unlabelled_count, examples->dropped_count);
    status = mw_hint(err, status, "A label matures %.*s after its moment; millwright features "
                                  "build shows the moments.", MW_STR_ARGS(mw_buf_str(&after)));
    mw_buf_release(&after);
    return status;
}

static mw_status nothing_before(const mw_examples *examples, int64_t test_from, mw_error *err) {
    mw_status status = mw_fail(err, MW_INVALID,
                               "models.%.*s: no label had matured before the test part begins "
                               "(%s)", MW_STR_ARGS(examples->model->name),
                               mw_time_text_of(test_from).text);
    return mw_hint(err, status, "Let the test part begin later, or bring more history.");
}

mw_status mw_split_by_time(const mw_examples *examples, size_t count, int64_t test_from,
                           mw_split *out_split, mw_error *err) {
    MW_ASSERT(count <= examples->count);
    if (count == 0) return no_examples(examples, err);
    const mw_example *items = examples->items;
    if (test_from == MW_TEST_LATEST) test_from = latest_part(items[0].t, items[count - 1].t);

    size_t test_first = count;
    while (test_first > 0 && items[test_first - 1].t >= test_from) test_first--;
    size_t train_count = mw_examples_known_by(examples, test_from);
    if (train_count > test_first) train_count = test_first;
    if (train_count == 0) return nothing_before(examples, test_from, err);
    *out_split = (mw_split){.train_count = train_count,
                            .embargoed_count = test_first - train_count,
                            .test_first = test_first,
                            .test_count = count - test_first,
                            .train_from = items[0].t,
                            .test_from = test_from,
                            .test_to = items[count - 1].t + 1};
    return MW_OK;
}
