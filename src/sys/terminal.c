#include "sys/terminal.h"

#include "sys/backend.h"

#include <string.h>

#define SHOW_AFTER_US MW_SECOND_US
#define BAR_EVERY_US (MW_SECOND_US / 10)
#define LINE_EVERY_US (5 * MW_SECOND_US)
enum { WIDTH_DEFAULT = 80, BAR_WIDTH_MAX = 40, BAR_WIDTH_MIN = 8, LINE_SIZE_MAX = 1024 };

static size_t width_of(mw_sys *sys, mw_standard_stream stream) {
    return sys->functions->terminal_width(sys, stream);
}

bool mw_terminal_is_output(mw_sys *sys) {
    return width_of(sys, MW_STANDARD_OUTPUT) > 0;
}

bool mw_terminal_is_errors(mw_sys *sys) {
    return width_of(sys, MW_STANDARD_ERROR) > 0;
}

size_t mw_terminal_width(mw_sys *sys) {
    size_t width = width_of(sys, MW_STANDARD_OUTPUT);
    if (width == 0) width = width_of(sys, MW_STANDARD_ERROR);
    return width > 0 ? width : WIDTH_DEFAULT;
}

mw_progress mw_progress_begin(mw_sys *sys, const char *label, uint64_t total) {
    const char *wish = mw_sys_environment(sys, "MILLWRIGHT_PROGRESS");
    return (mw_progress){.sys = sys,
                         .label = label,
                         .total = total,
                         .started_us = mw_sys_monotonic_us(sys),
                         .width = width_of(sys, MW_STANDARD_ERROR),
                         .in_lines = wish && strcmp(wish, "lines") == 0};
}

static double share_of(const mw_progress *progress) {
    if (progress->total == 0) return 0;
    if (progress->done >= progress->total) return 1;
    return (double)progress->done / (double)progress->total;
}

/* "training  42 %  1m 3s", or a count where the total is unknown. */
static void append_numbers(mw_buf *line, const mw_progress *progress, int64_t now_us) {
    int64_t seconds = (now_us - progress->started_us) / MW_SECOND_US;
    if (progress->total > 0) mw_buf_printf(line, "%3.0f %%", 100 * share_of(progress));
    else mw_buf_printf(line, "%llu", (unsigned long long)progress->done);
    mw_buf_append_text(line, "  ");
    mw_span_append(line, seconds * MW_SECOND_US);
}

/* "training  [#######.......]  42 %  1m 3s", no wider than the terminal less one column. */
static void append_bar(mw_buf *line, const mw_progress *progress) {
    size_t text_width = strlen(progress->label) + sizeof "  []  100 %  59m 59s";
    size_t bar = progress->width > text_width ? progress->width - text_width : 0;
    if (bar > BAR_WIDTH_MAX) bar = BAR_WIDTH_MAX;
    if (bar < BAR_WIDTH_MIN || progress->total == 0) return;
    size_t filled = (size_t)(share_of(progress) * (double)bar);
    mw_buf_append_char(line, '[');
    for (size_t i = 0; i < bar; i++) mw_buf_append_char(line, i < filled ? '#' : '.');
    mw_buf_append_text(line, "]  ");
}

static void show(const mw_progress *progress, int64_t now_us) {
    mw_buf line;
    mw_buf_init(&line, LINE_SIZE_MAX);
    if (!progress->in_lines) mw_buf_append_text(&line, "\r\x1b[K"); /* wipes what stood there */
    mw_buf_append_text(&line, progress->label);
    mw_buf_append_text(&line, "  ");
    if (!progress->in_lines) append_bar(&line, progress);
    append_numbers(&line, progress, now_us);
    if (progress->in_lines) mw_buf_append_char(&line, '\n');
    progress->sys->functions->show(progress->sys, mw_buf_str(&line));
    mw_buf_release(&line);
}

void mw_progress_update(mw_progress *progress, uint64_t done) {
    progress->done = done;
    if (progress->width == 0 && !progress->in_lines) return;
    int64_t now_us = mw_sys_monotonic_us(progress->sys);
    int64_t every_us = progress->in_lines ? LINE_EVERY_US : BAR_EVERY_US;
    if (now_us - progress->started_us < SHOW_AFTER_US) return;
    if (progress->shown_us != 0 && now_us - progress->shown_us < every_us) return;
    progress->shown_us = now_us;
    show(progress, now_us);
}

void mw_progress_end(mw_progress *progress) {
    if (progress->shown_us == 0) return;
    if (progress->in_lines) show(progress, mw_sys_monotonic_us(progress->sys));
    else progress->sys->functions->show(progress->sys, MW_STR("\r\x1b[K"));
    progress->shown_us = 0;
}
