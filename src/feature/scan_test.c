#include "feature/scan.h"

#include "testing/declare.h"
#include "testing/test.h"

#include <math.h>

/* What each aggregate says of the events that it is told of; that it agrees with the oracle is
   shown by engine_test.c, whose worlds have such windows. */
static const char text[] =
    "stream orders\n  columns: at time, key number, x number\n  time: at\n  id: at\n"
    "feature a: count(orders where x > now.x by key over 1h)\n"
    "feature b: sum(orders.x where x > now.x by key over 1h)\n"
    "feature c: mean(orders.x where x > now.x by key over 1h)\n"
    "feature d: min(orders.x where x > now.x by key over 1h)\n"
    "feature e: max(orders.x where x > now.x by key over 1h)\n"
    "feature f: first(orders.x where x > now.x by key over 1h)\n"
    "feature g: last(orders.x where x > now.x by key over 1h)\n"
    "feature h: any(orders where x > now.x by key over 1h)\n"
    "feature i: since(orders where x > now.x by key over 1h) / 1us\n"
    "feature j: var(orders.x where x > now.x by key over 1h)\n"
    "model m\n  moment: on orders\n  label: count(orders by key over next 1h)\n";

typedef struct {
    int64_t time;
    double value;
} told;

static void check(const mw_window *window, const told *events, size_t count, double expected) {
    mw_scan scan = mw_scan_begin(window, NULL);
    for (size_t i = 0; i < count; i++)
        mw_scan_add(&scan, events[i].time, mw_cell_number(events[i].value));
    mw_cell found = mw_scan_read(&scan, 100, mw_cell_missing(window->type));
    if (window->type == MW_TYPE_BOOL) found = mw_cell_number((double)found.boolean);
    if (window->type == MW_TYPE_DURATION) found = mw_cell_number((double)found.time);
    MW_CHECK_EQUAL_DOUBLE_BITS(found.number, expected);
}

MW_TEST(scan_gathers_what_each_aggregate_asks) {
    mw_test_project project = mw_test_compile(text);
    static const told events[] = {{10, NAN}, {20, 3}, {20, 1}, {30, 0x1p62}, {40, 2},
                                  {40, 5},   {40, 4}, {50, NAN}};
    static const double expected[] = {8,       0x1p62, 0x1p62 / 6, 1, 0x1p62, 1, 5, 1, 50,
                                      0x1p124 / 6};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        check(&project.model->windows[i], events, sizeof events / sizeof *events, expected[i]);
    mw_test_project_release(&project);
}
