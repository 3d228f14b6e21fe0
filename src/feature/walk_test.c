#include "feature/walk.h"

#include "testing/test.h"
#include "testing/world.h"

/* Turns go on in time, each event has one, and before each all is over that was due by then. */
MW_TEST(walk_comes_to_what_is_due_before_what_is_applied) {
    size_t labels = 0, shared_places = 0, boths = 0;
    for (uint64_t number = 0; number < 20; number++) {
        mw_world world;
        mw_world_create(&world, mw_test_seed() * 100 + number,
                        (mw_world_config){300, true, false, false});
        mw_walk walk;
        mw_replay_config config = {.program = world.program, .model = world.model,
                                   .events = &world.events, .symbols = world.symbols,
                                   .from = INT64_MIN, .to = INT64_MAX, .now = INT64_MAX,
                                   .with_label = true};
        MW_CHECK_OK(mw_walk_init(&walk, config, NULL), NULL);
        walk.gives_both = number % 2 == 0;
        mw_turn turn, before = {.place = INT64_MIN};
        size_t applied = 0, expected = 0;
        for (bool is_done = false;;) {
            MW_CHECK_OK(mw_walk_next(&walk, &turn, &is_done, NULL), NULL);
            if (is_done) break;
            MW_CHECK(turn.place >= before.place);
            bool is_both = turn.kind == MW_TURN_BOTH;
            MW_CHECK(!is_both || walk.gives_both);
            boths += is_both;
            shared_places += turn.place == before.place && turn.kind == MW_TURN_MOMENT;
            if (turn.kind == MW_TURN_EVENT || is_both) {
                MW_CHECK(turn.event.row == mw_events_at(&world.events, applied++).row);
                MW_CHECK(mw_agenda_next(walk.agenda) > turn.place);
            }
            if (turn.kind == MW_TURN_MOMENT || is_both) {
                MW_CHECK(turn.place == turn.moment.place && turn.moment.t <= turn.place);
                MW_CHECK(before.kind == MW_TURN_LABEL || before.kind == MW_TURN_MOMENT ||
                         before.place < turn.place);
                MW_CHECK(!is_both || (turn.moment.row == turn.event.row &&
                                      turn.place < turn.moment.t + world.model->maturity_us));
                if (mw_walk_wants_label(&walk, &turn.moment))
                    MW_CHECK_OK(mw_walk_expect(&walk, &turn.moment, expected++, NULL), NULL);
            }
            if (turn.kind == MW_TURN_LABEL) {
                MW_CHECK(turn.place >= turn.moment.t + world.model->maturity_us);
                MW_CHECK(turn.number < expected);
                labels++;
            }
            before = turn;
        }
        MW_CHECK_EQUAL_INT(applied, world.events.event_count);
        MW_CHECK_EQUAL_INT(mw_agenda_count(walk.agenda), 0);
        mw_walk_release(&walk);
        mw_world_release(&world);
    }
    MW_CHECK(labels > 1000 && shared_places > 20 && boths > 20);
}
