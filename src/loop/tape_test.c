#include "loop/tape.h"

#include "loop/backtest_world_test.h"

enum { FIRST = 30, LAST = 170 }; /* days of backtest_world_config */

static backtest_world world;
static mw_tape tape;

static void record(const mw_backtest_config *config) {
    mw_error err;
    MW_CHECK_OK(mw_tape_record(&tape, config, &err), &err);
}

MW_TEST(tape_holds_each_moment_of_the_days_and_each_label_in_the_order_of_places) {
    backtest_world_begin(&world);
    mw_backtest_config config = backtest_world_config(&world, NULL, 0);
    record(&config);
    MW_CHECK_EQUAL_INT(tape.moment_count, (LAST - FIRST) * WORLD_VISITS_A_DAY);
    MW_CHECK_EQUAL_INT(tape.entry_count, 2 * tape.moment_count);
    MW_CHECK_EQUAL_INT(tape.examples.count, LAST * WORLD_VISITS_A_DAY);
    size_t moments = 0, labels = 0;
    for (size_t i = 0; i < tape.entry_count; i++) {
        const mw_tape_entry *entry = &tape.entries[i];
        const mw_tape_moment *moment = &tape.moments[entry->moment];
        MW_CHECK(i == 0 || entry->place >= tape.entries[i - 1].place);
        if (entry->example == MW_TAPE_NO_EXAMPLE) {
            MW_CHECK(entry->moment == moments++ && entry->place == moment->t);
            continue;
        }
        const mw_example *example = &tape.examples.items[entry->example];
        labels++;
        MW_CHECK(entry->moment < moments && entry->place == example->matured);
        MW_CHECK(example->number == moment->number && example->t == moment->t);
        MW_CHECK(moment->is_labelled && moment->label == (example->label != 0));
        MW_CHECK_EQUAL_DOUBLE_BITS(mw_table_row(&tape.features, entry->moment)[0].number,
                                   mw_table_row(&tape.examples.features, entry->example)[0].number);
    }
    MW_CHECK(moments == tape.moment_count && labels == tape.moment_count);
    mw_tape_release(&tape);
    backtest_world_end(&world);
}

MW_TEST(tape_ends_with_the_last_label_or_with_the_data) {
    backtest_world_begin(&world);
    mw_backtest_config config = backtest_world_config(&world, NULL, 0);
    record(&config);
    int64_t matures = 2 * MW_HOUR_US; /* an hour ahead, and as long for late events */
    MW_CHECK(tape.end >= config.to && tape.end < config.to + 2 * matures);
    MW_CHECK(tape.event_count < world.events.event_count);
    MW_CHECK_EQUAL_INT(tape.entries[tape.entry_count - 1].example, tape.examples.count - 1);
    mw_tape_release(&tape);

    config.to = WORLD_DAYS * MW_DAY_US;
    record(&config);
    MW_CHECK_EQUAL_INT(tape.event_count, world.events.event_count);
    MW_CHECK_EQUAL_INT(tape.end, mw_events_at(&world.events, world.events.event_count - 1).place);
    size_t open = 0;
    for (size_t i = 0; i < tape.moment_count; i++) open += !tape.moments[i].is_labelled;
    MW_CHECK(open > 0 && open < 20);
    mw_tape_release(&tape);
    backtest_world_end(&world);
}

static mw_status record_two_days(void *context) {
    mw_backtest_config config = backtest_world_config(context, NULL, 0);
    config.to = config.from + 2 * MW_DAY_US;
    mw_tape made;
    mw_status status = mw_tape_record(&made, &config, NULL);
    mw_tape_release(&made);
    return status;
}

MW_TEST(tape_survives_each_failing_allocation) {
    backtest_world_begin(&world);
    MW_CHECK(mw_test_every_allocation_fails(record_two_days, &world) > 10);
    backtest_world_end(&world);
}
