#include "stat/column_step.h"

#include "stat/logit_step.h"
#include "stat/mean_step.h"

/* Where nothing goes by bins there are none. */
static const uint8_t *bins_of(mw_column_rows rows) {
    return rows.bins ? rows.bins + rows.first : NULL;
}

static mw_logit_rows logit_rows(const mw_standing *standing, mw_column_rows rows) {
    return (mw_logit_rows){bins_of(rows), standing->answers + rows.first,
                           standing->yes + rows.first, rows.count};
}

static mw_mean_rows mean_rows(const mw_standing *standing, mw_column_rows rows) {
    return (mw_mean_rows){bins_of(rows), standing->answers + rows.first,
                          standing->numbers + rows.first, rows.count};
}

static mw_class_rows class_rows(const mw_standing *standing, mw_column_rows rows) {
    return (mw_class_rows){bins_of(rows),
                           standing->answers + rows.first * standing->width,
                           standing->classes + rows.first, standing->width, rows.count};
}

mw_status mw_column_steps_init(mw_column_steps *steps, const mw_standing *standing,
                               mw_error *err) {
    *steps = (mw_column_steps){.of_classes = {0}};
    if (standing->kind != MW_ANSWER_CLASS) return MW_OK;
    return mw_class_steps_init(&steps->of_classes, standing->width, err);
}

void mw_column_steps_release(mw_column_steps *steps) {
    mw_class_steps_release(&steps->of_classes);
}

void mw_column_step_fit(const mw_standing *standing, mw_column_rows rows,
                        mw_column_steps *steps) {
    switch (standing->kind) {
    case MW_ANSWER_NUMBER: mw_mean_step_fit(mean_rows(standing, rows), steps->of_one); break;
    case MW_ANSWER_CLASS:
        mw_class_step_fit(class_rows(standing, rows), &steps->of_classes);
        break;
    default: mw_logit_step_fit(logit_rows(standing, rows), steps->of_one); break;
    }
}

mw_step_gain mw_column_step_gain(const mw_standing *standing, mw_column_rows rows,
                                 const mw_column_steps *steps) {
    switch (standing->kind) {
    case MW_ANSWER_NUMBER: return mw_mean_step_gain(mean_rows(standing, rows), steps->of_one);
    case MW_ANSWER_CLASS:
        return mw_class_step_gain(class_rows(standing, rows), &steps->of_classes);
    default: return mw_logit_step_gain(logit_rows(standing, rows), steps->of_one);
    }
}

void mw_column_step_take(mw_standing *standing, mw_column_rows rows,
                         const mw_column_steps *steps) {
    const uint8_t *bins = rows.bins + rows.first;
    double *answers = standing->answers + rows.first * standing->width;
    switch (standing->kind) {
    case MW_ANSWER_NUMBER: mw_mean_step_take(bins, rows.count, steps->of_one, answers); break;
    case MW_ANSWER_CLASS:
        mw_class_step_take(bins, rows.count, &steps->of_classes, answers);
        break;
    default: mw_logit_step_take(bins, rows.count, steps->of_one, answers); break;
    }
}

double mw_column_loss(const mw_standing *standing, mw_column_rows rows) {
    const double *answers = standing->answers + rows.first * standing->width;
    switch (standing->kind) {
    case MW_ANSWER_NUMBER:
        return mw_mean_loss(answers, standing->numbers + rows.first, rows.count);
    case MW_ANSWER_CLASS:
        return mw_class_loss(answers, standing->classes + rows.first, standing->width, rows.count);
    default: return mw_logit_loss(answers, standing->yes + rows.first, rows.count);
    }
}

mw_status mw_column_level(mw_standing *standing, size_t fit_count, size_t row_count,
                          mw_error *err) {
    mw_column_steps steps;
    mw_column_rows rows = {NULL, 0, row_count};
    double *answers = standing->answers;
    MW_TRY(mw_column_steps_init(&steps, standing, err));
    switch (standing->kind) {
    case MW_ANSWER_NUMBER: mw_mean_level(mean_rows(standing, rows), fit_count, answers); break;
    case MW_ANSWER_CLASS:
        mw_class_level(class_rows(standing, rows), fit_count, &steps.of_classes, answers);
        break;
    default: mw_logit_level(logit_rows(standing, rows), fit_count, answers); break;
    }
    mw_column_steps_release(&steps);
    return MW_OK;
}
