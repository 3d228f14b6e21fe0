#include "cli/window_events.h"

#include <stdlib.h>

#include "cli/grid.h"
#include "table/cell_json.h"

enum { TEXT_SIZE_MAX = 1 << 20 };

struct mw_witness {
    mw_event event;
    mw_verdict verdict;
};

static const struct {
    const char *word, *text;
} verdicts[] = {
    [MW_VERDICT_IN] = {"in", "in"},
    [MW_VERDICT_OWN] = {"own", "left out: the predicted one's own"},
    [MW_VERDICT_CONDITION] = {"condition", "left out: its condition does not hold"},
    [MW_VERDICT_NOT_YET_KNOWN] = {"not_yet_known", "left out: not yet known"},
    [MW_VERDICT_REPLACED] = {"replaced", "left out: replaced by the correction of "},
};

/* --- their events ------------------------------------------------------------------------- */

static int by_time(const void *a, const void *b) {
    const mw_event *one = &((const mw_witness *)a)->event;
    const mw_event *other = &((const mw_witness *)b)->event;
    if (one->time != other->time) return one->time < other->time ? -1 : 1;
    return (one->place > other->place) - (one->place < other->place);
}

/* All that the window might hold by span and keys, in the order of their times. */
static mw_status gather(mw_window_events *it, size_t window, mw_error *err) {
    int32_t stream = it->oracle->model->windows[window].stream;
    size_t row_count = it->oracle->events->streams[stream].rows.row_count;
    it->count = it->in_count = 0;
    for (size_t row = 0; row < row_count; row++) {
        mw_event event = mw_events_row(it->oracle->events, stream, row);
        mw_verdict verdict = mw_oracle_judge(it->oracle, it->at, window, &event);
        if (verdict == MW_VERDICT_ELSEWHERE) continue;
        if (!mw_grow((void **)&it->witnesses, &it->capacity, it->count + 1,
                     sizeof *it->witnesses, row_count))
            return mw_fail(err, MW_NO_MEMORY, "the events of a window: no memory");
        it->witnesses[it->count++] = (mw_witness){event, verdict};
        it->in_count += verdict == MW_VERDICT_IN;
    }
    if (it->count > 0) qsort(it->witnesses, it->count, sizeof *it->witnesses, by_time);
    return MW_OK;
}

static mw_cell value_of(const mw_window_events *it, const mw_window *window,
                        const mw_event *event) {
    mw_frame frame = {.row = event->row,
                      .now = it->at->moment->row,
                      .windows = it->at->windows,
                      .time_us = event->time,
                      .now_us = it->at->moment->t,
                      .symbols = it->oracle->symbols,
                      .zone = it->oracle->program->zone};
    return mw_code_run(window->value, &frame);
}

/* --- telling ------------------------------------------------------------------------------ */

static void append_id(const mw_window_events *it, const mw_event *event, mw_buf *out) {
    const mw_stream *stream = &it->oracle->program->streams[event->stream];
    mw_stream_append_id(stream, event->row, it->oracle->symbols, out);
}

static void print_events(const mw_window_events *it, const mw_window *window, mw_buf *out) {
    mw_grid grid = mw_grid_begin(window->value ? "time|known|id|>value|" : "time|known|id|");
    mw_buf text;
    mw_buf_init(&text, TEXT_SIZE_MAX);
    size_t skipped = it->count > it->shown_max ? it->count - it->shown_max : 0;
    for (size_t i = skipped; i < it->count; i++) {
        const mw_witness *one = &it->witnesses[i];
        mw_grid_add_time(&grid, one->event.time);
        mw_grid_add_time(&grid, mw_event_counts_from(&one->event));
        mw_buf_clear(&text);
        append_id(it, &one->event, &text);
        mw_grid_add_str(&grid, mw_buf_str(&text));
        if (window->value) {
            mw_buf_clear(&text);
            mw_cell_append(&text, mw_code_type(window->value),
                           value_of(it, window, &one->event), it->oracle->symbols);
            mw_grid_add_str(&grid, mw_buf_str(&text));
        }
        mw_buf_clear(&text);
        mw_buf_append_text(&text, verdicts[one->verdict].text);
        if (one->verdict == MW_VERDICT_REPLACED)
            mw_time_append(&text, mw_oracle_counts_until(it->oracle, &one->event));
        mw_grid_add_str(&grid, mw_buf_str(&text));
    }
    if (skipped > 0) mw_buf_printf(out, "  %zu earlier, then\n", skipped);
    if (it->count > 0) mw_grid_print(&grid, "  ", out);
    mw_buf_release(&grid.cells);
    mw_buf_release(&text);
}

static void write_events(const mw_window_events *it, const mw_window *window, mw_json *json) {
    mw_buf text;
    mw_buf_init(&text, TEXT_SIZE_MAX);
    mw_json_array(json);
    for (size_t i = 0; i < it->count; i++) {
        const mw_witness *one = &it->witnesses[i];
        mw_json_object(json);
        mw_json_put_time(json, "time", one->event.time);
        mw_json_put_time(json, "known", mw_event_counts_from(&one->event));
        mw_buf_clear(&text);
        append_id(it, &one->event, &text);
        mw_json_put_str(json, "id", mw_buf_str(&text));
        if (window->value) {
            mw_json_key(json, "value");
            mw_cell_write_json(json, mw_code_type(window->value),
                               value_of(it, window, &one->event), it->oracle->symbols);
        }
        mw_json_put_text(json, "verdict", verdicts[one->verdict].word);
        if (one->verdict == MW_VERDICT_REPLACED)
            mw_json_put_time(json, "replaced_at", mw_oracle_counts_until(it->oracle, &one->event));
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_buf_release(&text);
}

mw_status mw_window_events_print(mw_window_events *it, size_t window, mw_buf *out,
                                 mw_error *err) {
    const mw_window *asked = &it->oracle->model->windows[window];
    MW_TRY(gather(it, window, err));
    mw_buf_printf(out, "\n%.*s: %zu in, %zu left out\n", MW_STR_ARGS(asked->text), it->in_count,
                  it->count - it->in_count);
    print_events(it, asked, out);
    return MW_OK;
}

mw_status mw_window_events_write_json(mw_window_events *it, size_t window, mw_json *json,
                                      mw_error *err) {
    const mw_window *asked = &it->oracle->model->windows[window];
    MW_TRY(gather(it, window, err));
    mw_json_object(json);
    mw_json_put_str(json, "window", asked->text);
    mw_json_key(json, "events");
    write_events(it, asked, json);
    mw_json_object_end(json);
    return MW_OK;
}

void mw_window_events_release(mw_window_events *it) {
    mw_free(it->witnesses);
    it->witnesses = NULL;
    it->count = it->capacity = 0;
}
