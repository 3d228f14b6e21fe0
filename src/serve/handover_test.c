#include "serve/handover.h"

#include <stdio.h>

#include "table/passing.h"
#include "testing/declare.h"
#include "testing/test.h"

static const char project[] =
    "\n"
    "stream deliveries:\n"
    "  columns: number number, at time, who category\n"
    "  time: at\n"
    "  known: time - 1d\n"
    "  id: number\n"
    "feature number: number\n"
    "feature who: who\n"
    "model late:\n"
    "  moment: on deliveries at time - 2h\n"
    "  label: count(deliveries by number over next 1d)\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_decider *decider;
    mw_handover handover;
} fixture;

static void set_up(fixture *f) {
    mw_arena_init(&f->arena, 1 << 24);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &f->symbols, NULL), NULL);
    mw_handover_init(&f->handover, f->symbols);
    const mw_program *program = mw_test_program(&f->arena, f->symbols, project);
    mw_decider_config config = {program, &program->models[0], .symbols = f->symbols};
    MW_CHECK_OK(mw_decider_create(config, &f->decider, NULL), NULL);
}

static void tear_down(fixture *f) {
    mw_decider_destroy(f->decider);
    mw_handover_release(&f->handover);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

/* A delivery at this time: its moment lies two hours before. */
static mw_status keep(fixture *f, int64_t time, int64_t reached) {
    char who[40];
    snprintf(who, sizeof who, "%lld", (long long)time);
    (void)mw_passing_set(f->symbols, true);
    mw_cell features[] = {mw_cell_number((double)time),
                          {.symbol = mw_symbols_intern(f->symbols, mw_str_of(who))}};
    (void)mw_passing_set(f->symbols, false);
    mw_prediction prediction = {.place = time - 2 * MW_HOUR_US,
                                .t = time - 2 * MW_HOUR_US,
                                .model = MW_STR("late"),
                                .event_id = MW_STR("7"),
                                .features = features};
    return mw_handover_keep(&f->handover, f->decider, &prediction, reached, NULL);
}

MW_TEST(handover_keeps_what_lies_ahead_by_the_program_before) {
    fixture f;
    set_up(&f);
    int64_t now = 100 * MW_HOUR_US;
    MW_CHECK_OK(keep(&f, now + 2 * MW_HOUR_US, now), NULL);
    MW_CHECK_EQUAL_INT(f.handover.count, 0); /* there was none before */
    MW_CHECK_OK(mw_handover_begin(&f.handover, MW_STR("deliveries"), -MW_HOUR_US, NULL), NULL);
    MW_CHECK_OK(keep(&f, now + MW_HOUR_US, now), NULL); /* made by now */
    MW_CHECK_EQUAL_INT(f.handover.count, 0);
    MW_CHECK_OK(keep(&f, now + MW_HOUR_US + 1, now), NULL);
    MW_CHECK_EQUAL_INT(f.handover.count, 1);
    const mw_kept_moment *kept = &f.handover.items[0];
    MW_CHECK(kept->before_t == now + 1 && kept->prediction.t == now + 1 - MW_HOUR_US);
    MW_CHECK_EQUAL_STR(kept->prediction.event_id, "7");
    MW_CHECK(kept->prediction.features[0].number == (double)(now + MW_HOUR_US + 1));
    tear_down(&f);
}

MW_TEST(handover_keeps_nothing_where_the_moments_were_of_another_stream) {
    fixture f;
    set_up(&f);
    MW_CHECK_OK(mw_handover_begin(&f.handover, MW_STR("orders"), -MW_HOUR_US, NULL), NULL);
    MW_CHECK_OK(keep(&f, 100 * MW_HOUR_US, 0), NULL);
    MW_CHECK_EQUAL_INT(f.handover.count, 0);
    tear_down(&f);
}

/* Texts of moments that are kept stay; those of all others leave. */
MW_TEST(handover_keeps_the_texts_of_its_moments) {
    fixture f;
    set_up(&f);
    MW_CHECK_OK(mw_passing_allow(f.symbols, NULL), NULL);
    MW_CHECK_OK(mw_handover_begin(&f.handover, MW_STR("deliveries"), -MW_HOUR_US, NULL), NULL);
    for (int64_t time = 0; time < 100; time++) {
        bool is_ahead = time % 4 == 0;
        MW_CHECK_OK(keep(&f, time, is_ahead ? -2 * MW_HOUR_US : time), NULL);
    }
    for (int i = 0; i < 100; i++) mw_passing_tidy(f.symbols);
    MW_CHECK_EQUAL_INT(f.handover.count, 25);
    MW_CHECK_EQUAL_INT(mw_passing_count(f.symbols), 0);
    for (size_t i = 0; i < f.handover.count; i++) {
        const mw_cell *features = f.handover.items[i].prediction.features;
        char who[40];
        snprintf(who, sizeof who, "%.0f", features[0].number);
        MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, features[1].symbol), who);
    }
    MW_CHECK(!mw_symbols_find(f.symbols, MW_STR("1")) && mw_symbols_find(f.symbols, MW_STR("4")));
    tear_down(&f);
}

static mw_status keep_one(void *context) {
    fixture *f = context;
    mw_str stream = MW_STR("deliveries");
    mw_status status = mw_handover_begin(&f->handover, stream, -MW_HOUR_US, NULL);
    if (status == MW_OK) status = keep(f, 100 * MW_HOUR_US, 0);
    mw_handover_release(&f->handover);
    mw_handover_init(&f->handover, f->symbols);
    return status;
}

MW_TEST(handover_survives_each_failing_allocation) {
    fixture f;
    set_up(&f);
    MW_CHECK_OK(keep(&f, 100 * MW_HOUR_US, 0), NULL); /* its text is there from then on */
    MW_CHECK(mw_test_every_allocation_fails(keep_one, &f) > 1);
    tear_down(&f);
}
