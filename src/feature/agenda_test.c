#include "feature/agenda.h"

#include "testing/declare.h"
#include "testing/test.h"

static const char project[] =
    "stream orders\n  columns: at time, name text\n  time: at\n  id: name\n  known: time\n"
    "feature a: count(orders by name over 1h)\n"
    "model m\n  moment: on orders\n  label: count(orders by name over next 1h)\n";

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_agenda *agenda;
} fixture;

static void begin(fixture *f) {
    mw_arena_init(&f->arena, 1 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 16, &f->symbols, NULL), NULL);
    f->program = mw_test_program(&f->arena, f->symbols, project);
    MW_CHECK_OK(mw_agenda_create(&f->program->models[0], f->program, f->symbols, &f->agenda,
                                 NULL), NULL);
}

static void end(fixture *f) {
    mw_agenda_destroy(f->agenda);
    mw_symbols_destroy(f->symbols);
    mw_arena_release(&f->arena);
}

static mw_status announce(fixture *f, int64_t time, int64_t place, const char *name,
                          bool *out_taken) {
    mw_cell row[] = {mw_cell_time(time),
                     {.symbol = mw_symbols_intern(f->symbols, mw_str_of(name))}};
    mw_event event = {.stream = 0, .time = time, .known = place, .place = place, .row = row};
    return mw_agenda_add_event(f->agenda, &event, out_taken, NULL);
}

static void check_pop(fixture *f, int64_t place, mw_due_kind kind, const char *name) {
    mw_due due;
    MW_CHECK(mw_agenda_pop(f->agenda, place, &due));
    MW_CHECK(due.kind == kind && due.due <= place);
    MW_CHECK_EQUAL_STR(mw_symbols_text(f->symbols, due.moment.row[1].symbol), name);
}

/* The order is that of contents: codes count up with arrival, and names say the opposite. */
MW_TEST(agenda_pops_by_place_then_time_then_id) {
    fixture f;
    begin(&f);
    bool taken;
    MW_CHECK_OK(announce(&f, 100, 200, "d", &taken), NULL);
    MW_CHECK_OK(announce(&f, 100, 200, "c", &taken), NULL);
    MW_CHECK_OK(announce(&f, 90, 200, "z", &taken), NULL);
    MW_CHECK_OK(announce(&f, 150, 150, "e", &taken), NULL);
    mw_cell row[] = {mw_cell_time(0), {.symbol = mw_symbols_intern(f.symbols, MW_STR("l"))}};
    mw_cell feature = mw_cell_number(7);
    mw_moment moment = {200 - 2 * MW_HOUR_US, 0, row};
    MW_CHECK_OK(mw_agenda_add_label(f.agenda, &moment, 3, &feature, NULL), NULL);
    row[1].symbol = 0; /* it was copied */

    MW_CHECK_EQUAL_INT(mw_agenda_count(f.agenda), 5);
    MW_CHECK_EQUAL_INT(mw_agenda_next(f.agenda), 150);
    mw_due due;
    MW_CHECK(!mw_agenda_pop(f.agenda, 149, &due));
    check_pop(&f, 200, MW_DUE_MOMENT, "e");
    check_pop(&f, 200, MW_DUE_MOMENT, "z");
    check_pop(&f, 200, MW_DUE_MOMENT, "c");
    check_pop(&f, 200, MW_DUE_MOMENT, "d");
    MW_CHECK(mw_agenda_pop(f.agenda, 200, &due));
    MW_CHECK(due.kind == MW_DUE_LABEL && due.number == 3 && due.due == 200);
    MW_CHECK(due.features[0].number == 7 && due.moment.t == moment.t);
    MW_CHECK_EQUAL_STR(mw_symbols_text(f.symbols, due.moment.row[1].symbol), "l");
    MW_CHECK_EQUAL_INT(mw_agenda_next(f.agenda), INT64_MAX);
    end(&f);
}

MW_TEST(agenda_refuses_moments_that_come_too_late) {
    fixture f;
    begin(&f);
    bool taken;
    int64_t bound = f.program->models[0].lateness_us;
    MW_CHECK_OK(announce(&f, 100, 100 + bound, "a", &taken), NULL);
    MW_CHECK(taken);
    MW_CHECK_OK(announce(&f, 100, 101 + bound, "a", &taken), NULL);
    MW_CHECK(!taken && mw_agenda_count(f.agenda) == 1);
    end(&f);
}

static mw_status fill(void *context) {
    fixture *f = context;
    mw_agenda *agenda;
    MW_TRY(mw_agenda_create(&f->program->models[0], f->program, f->symbols, &agenda, NULL));
    mw_cell row[2] = {{.bits = 0}}, feature = mw_cell_number(1);
    mw_status status = MW_OK;
    for (int64_t i = 0; status == MW_OK && i < 500; i++) {
        mw_moment moment = {i, i, row};
        status = mw_agenda_add_label(agenda, &moment, (uint64_t)i, &feature, NULL);
    }
    mw_agenda_destroy(agenda);
    return status;
}

MW_TEST(agenda_survives_every_failing_allocation) {
    fixture f;
    begin(&f);
    MW_CHECK(mw_test_every_allocation_fails(fill, &f) > 4);
    end(&f);
}
