#include "lang/range.h"

#include "lang/lexer.h"

#define SPAN_US_MAX (1000 * 365 * MW_DAY_US)

/* The units that `aligned` names. */
static const struct {
    const char *word;
    mw_tick tick;
} units[] = {{"hour", {MW_TICK_SPAN, MW_HOUR_US}},
             {"day", {MW_TICK_SPAN, MW_DAY_US}},
             {"week", {MW_TICK_SPAN, 7 * MW_DAY_US}},
             {"month", {MW_TICK_MONTH, 0}}};
enum { UNITS = sizeof units / sizeof *units };

bool mw_unit_find(mw_str word, mw_tick *out_tick) {
    for (size_t i = 0; i < UNITS; i++) {
        if (!mw_str_is(word, units[i].word)) continue;
        *out_tick = units[i].tick;
        return true;
    }
    return false;
}

/* NULL: a span without a name. */
static const char *unit_of(mw_tick tick) {
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].tick.kind == tick.kind && units[i].tick.span_us == tick.span_us)
            return units[i].word;
    return NULL;
}

static bool is_whole(mw_compiler *compiler, const mw_window_node *node, int64_t span_us) {
    if (span_us == 0 || mw_tick_steps(node->tick, span_us) != 0) return true;
    mw_buf span, tick;
    mw_buf_init(&span, 64);
    mw_buf_init(&tick, 64);
    mw_span_write(&span, span_us);
    if (node->tick.kind == MW_TICK_MONTH) mw_buf_append_text(&tick, "months");
    else mw_span_write(&tick, node->tick.span_us);
    mw_complain(compiler, node->tick_position, MW_INVALID,
                "a window that is aligned must look over a whole number of %.*s, got %.*s",
                MW_STR_ARGS(mw_buf_str(&tick)), MW_STR_ARGS(mw_buf_str(&span)));
    if (node->tick.kind == MW_TICK_MONTH)
        mw_complain_hint(compiler, "28d to 31d are one month, 59d to 62d two, 365d and 366d "
                                   "twelve.");
    mw_buf_release(&span);
    mw_buf_release(&tick);
    return false;
}

/* Between which times the ends lie, whatever the moment. */
static void settle_bounds(const mw_compiler *compiler, mw_window *window) {
    if (window->start_us != MW_ALL_PAST)
        window->start_us =
            mw_tick_reach_of(window->tick, compiler->zone, window->start_steps).least_us;
    window->end_us = mw_tick_reach_of(window->tick, compiler->zone, window->end_steps).most_us;
    if (window->is_ahead && window->start_us < 0) window->start_us = 0;
}

bool mw_range_take(mw_compiler *compiler, const mw_window_node *node, size_t span_index,
                   mw_window *window) {
    int64_t span_us = node->spans[span_index].us, offset_us = node->offset_us;
    if (span_us > SPAN_US_MAX || offset_us > SPAN_US_MAX) {
        mw_complain(compiler, node->range_position, MW_INVALID,
                    "a window must reach at most 365000d from the moment");
        return false;
    }
    if (!is_whole(compiler, node, span_us) || !is_whole(compiler, node, offset_us)) return false;
    int64_t span = mw_tick_steps(node->tick, span_us);
    int64_t offset = mw_tick_steps(node->tick, offset_us);
    window->is_ahead = node->is_next;
    window->tick = node->tick;
    window->start_steps = node->is_next ? offset : -offset - span;
    window->end_steps = window->start_steps + span;
    window->start_us = 0;
    settle_bounds(compiler, window);
    return true;
}

void mw_range_take_all_past(mw_compiler *compiler, const mw_window_node *node,
                            mw_window *window) {
    window->start_us = MW_ALL_PAST;
    window->tick = node->tick;
    settle_bounds(compiler, window);
}

static void write_ticks(mw_tick tick, int64_t steps, mw_buf *out) {
    mw_span_write(out, mw_tick_span_us(tick, steps));
}

void mw_range_write(const mw_window *window, mw_str since, mw_buf *out) {
    mw_tick tick = window->tick;
    int64_t offset = window->is_ahead ? window->start_steps : -window->end_steps;
    if (window->start_us != MW_ALL_PAST) {
        mw_buf_append_text(out, window->is_ahead ? " over next " : " over ");
        write_ticks(tick, window->end_steps - window->start_steps, out);
        if (offset > 0) mw_buf_append_text(out, window->is_ahead ? " after " : " ago ");
        if (offset > 0) write_ticks(tick, offset, out);
    }
    if (since.data) mw_buf_printf(out, " since %.*s", MW_STR_ARGS(since));
    if (tick.kind == MW_TICK_NONE) return;
    bool is_aligned = unit_of(tick) && window->start_us != MW_ALL_PAST;
    mw_buf_append_text(out, is_aligned ? " aligned " : " every ");
    if (is_aligned) mw_buf_append_text(out, unit_of(tick));
    else mw_span_write(out, tick.span_us);
}

/* "the moment", or the tick that stands for it. */
static void explain_now(const mw_window *window, mw_buf *out) {
    mw_tick tick = window->tick;
    if (tick.kind == MW_TICK_NONE) {
        mw_buf_append_text(out, "the moment");
    } else if (unit_of(tick)) {
        mw_buf_printf(out, "the start of the moment's %s", unit_of(tick));
    } else {
        mw_buf_append_text(out, "the last full ");
        mw_span_write(out, tick.span_us);
        mw_buf_append_text(out, " on the clock at the moment");
    }
}

void mw_range_explain(const mw_window *window, mw_str since, mw_buf *out) {
    if (window->start_us == MW_ALL_PAST) {
        mw_buf_append_text(out, ", ever before ");
        explain_now(window, out);
        return;
    }
    mw_tick tick = window->tick;
    int64_t offset = window->is_ahead ? window->start_steps : -window->end_steps;
    mw_buf_append_text(out, ", in the ");
    write_ticks(tick, window->end_steps - window->start_steps, out);
    mw_buf_append_text(out, window->is_ahead ? " from " : " before ");
    if (offset > 0) write_ticks(tick, offset, out);
    if (offset > 0) mw_buf_append_text(out, window->is_ahead ? " after " : " before ");
    explain_now(window, out);
    if (window->is_ahead) mw_buf_append_text(out, " on");
    if (window->is_ahead && tick.kind != MW_TICK_NONE && offset == 0)
        mw_buf_append_text(out, " but not before the moment");
    if (!since.data) return;
    bool has_tick = tick.kind != MW_TICK_NONE;
    mw_buf_printf(out, ", but not before the %slast event of %.*s with the same keys",
                  has_tick ? "first such start at or after the " : "", MW_STR_ARGS(since));
}
