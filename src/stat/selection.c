#include "stat/selection.h"

#include <math.h>
#include <string.h>

typedef struct {
    mw_selection_rows rows;
    double errors_min;     /* what chance reaches, in standard errors */
    double gain_min;
    mw_standing standing;  /* with the steps of those that are chosen */
    mw_column_steps steps; /* of the column in hand */
    mw_step_gain *alone;   /* by column */
    bool *is_chosen;
} selection;

static mw_step_gain try_column(selection *it, size_t column) {
    const mw_selection_rows *rows = &it->rows;
    const uint8_t *bins = rows->bins[column];
    size_t fit = rows->fit_count;
    mw_column_step_fit(&it->standing, (mw_column_rows){bins, 0, fit}, &it->steps);
    return mw_column_step_gain(&it->standing, (mw_column_rows){bins, fit, rows->row_count - fit},
                               &it->steps);
}

/* The column that adds most, and more than chance; column_count if none does. */
static size_t find_best(selection *it, bool is_first, mw_step_gain *out_gain) {
    size_t best = it->rows.column_count;
    *out_gain = (mw_step_gain){0, 0};
    for (size_t c = 0; c < it->rows.column_count; c++) {
        if (it->is_chosen[c] || !it->rows.bins[c]) continue;
        mw_step_gain gain = try_column(it, c);
        if (is_first) it->alone[c] = gain;
        double beaten = fmax(it->errors_min * gain.error, fmax(it->gain_min, out_gain->mean));
        if (gain.mean <= beaten) continue;
        best = c;
        *out_gain = gain;
    }
    return best;
}

static size_t select_some(selection *it, size_t max, mw_selected *out_selected) {
    size_t count = 0;
    while (count < max) {
        mw_step_gain gain;
        size_t best = find_best(it, count == 0, &gain);
        if (best == it->rows.column_count) break;
        (void)try_column(it, best);
        mw_column_step_take(&it->standing,
                            (mw_column_rows){it->rows.bins[best], 0, it->rows.row_count},
                            &it->steps);
        it->is_chosen[best] = true;
        out_selected[count++] = (mw_selected){best, it->alone[best], gain};
    }
    return count;
}

mw_status mw_select_columns(mw_selection_rows rows, size_t max, mw_selected *out_selected,
                            size_t *out_count, mw_error *err) {
    mw_column_rows judged = {NULL, rows.fit_count, rows.row_count - rows.fit_count};
    size_t size = rows.row_count * rows.standing.width * sizeof(double);
    selection it = {
        .rows = rows,
        .errors_min = sqrt(2 * log((double)rows.column_count + 1)),
        .gain_min = MW_SELECTION_GAIN_MIN * mw_column_loss(&rows.standing, judged),
        .standing = rows.standing,
        .alone = mw_allocate((rows.column_count + 1) * sizeof *it.alone),
        .is_chosen = mw_allocate((rows.column_count + 1) * sizeof *it.is_chosen),
    };
    double *answers = mw_allocate(size + 1);
    mw_status status = mw_column_steps_init(&it.steps, &rows.standing, err);
    if (status == MW_OK && (!answers || !it.alone || !it.is_chosen))
        status = mw_fail(err, MW_NO_MEMORY, "selection: no memory");
    if (status == MW_OK) {
        if (size > 0) memcpy(answers, rows.standing.answers, size);
        it.standing.answers = answers;
        *out_count = select_some(&it, max, out_selected);
    }
    mw_column_steps_release(&it.steps);
    mw_free(answers);
    mw_free(it.alone);
    mw_free(it.is_chosen);
    return status;
}
