#include "stat/selection.h"

#include <math.h>
#include <string.h>

typedef struct {
    mw_selection_rows rows;
    double errors_min;     /* what chance reaches, in standard errors */
    double *margins;       /* with the steps of those that are chosen */
    mw_step_gain *alone;  /* by column */
    bool *is_chosen;
} selection;

static mw_step_gain try_column(const selection *it, size_t column,
                                double steps[MW_STEP_BINS_MAX]) {
    const mw_selection_rows *rows = &it->rows;
    const uint8_t *bins = rows->bins[column];
    size_t fit = rows->fit_count;
    mw_logit_step_fit((mw_logit_rows){bins, it->margins, rows->labels, fit}, steps);
    return mw_logit_step_gain((mw_logit_rows){bins + fit, it->margins + fit, rows->labels + fit,
                                              rows->row_count - fit},
                              steps);
}

/* The column that adds most, and more than chance; column_count if none does. */
static size_t find_best(selection *it, bool is_first, mw_step_gain *out_gain) {
    size_t best = it->rows.column_count;
    *out_gain = (mw_step_gain){0, 0};
    for (size_t c = 0; c < it->rows.column_count; c++) {
        double steps[MW_STEP_BINS_MAX];
        if (it->is_chosen[c] || !it->rows.bins[c]) continue;
        mw_step_gain gain = try_column(it, c, steps);
        if (is_first) it->alone[c] = gain;
        if (gain.mean <= it->errors_min * gain.error || gain.mean <= out_gain->mean) continue;
        best = c;
        *out_gain = gain;
    }
    return best;
}

static size_t select_some(selection *it, size_t max, mw_selected *out_selected) {
    size_t count = 0;
    while (count < max) {
        double steps[MW_STEP_BINS_MAX];
        mw_step_gain gain;
        size_t best = find_best(it, count == 0, &gain);
        if (best == it->rows.column_count) break;
        (void)try_column(it, best, steps);
        mw_logit_step_take(it->rows.bins[best], it->rows.row_count, steps, it->margins);
        it->is_chosen[best] = true;
        out_selected[count++] = (mw_selected){best, it->alone[best], gain};
    }
    return count;
}

mw_status mw_select_columns(mw_selection_rows rows, size_t max, mw_selected *out_selected,
                            size_t *out_count, mw_error *err) {
    selection it = {
        .rows = rows,
        .errors_min = sqrt(2 * log((double)rows.column_count + 1)),
        .margins = mw_allocate((rows.row_count + 1) * sizeof *it.margins),
        .alone = mw_allocate((rows.column_count + 1) * sizeof *it.alone),
        .is_chosen = mw_allocate((rows.column_count + 1) * sizeof *it.is_chosen),
    };
    mw_status status = MW_OK;
    if (!it.margins || !it.alone || !it.is_chosen) {
        status = mw_fail(err, MW_NO_MEMORY, "selection: no memory");
    } else {
        if (rows.row_count > 0)
            memcpy(it.margins, rows.margins, rows.row_count * sizeof *it.margins);
        *out_count = select_some(&it, max, out_selected);
    }
    mw_free(it.margins);
    mw_free(it.alone);
    mw_free(it.is_chosen);
    return status;
}
