#include "registry/registry.h"
#include "testing/test.h"

#include <math.h>
#include <stdio.h>

typedef struct {
    mw_registry registry;
    mw_arena arena;
    mw_error err;
} fixture;

static fixture open_fixture(void) {
    fixture f = {0};
    mw_arena_init(&f.arena, (size_t)1 << 24);
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), NULL, true, &f.registry.catalog, &f.err), &f.err);
    MW_CHECK_OK(mw_artefacts_open(mw_sys_real(), NULL, &f.registry.artefacts, &f.err), &f.err);
    return f;
}

static void close_fixture(fixture *f) {
    mw_catalog_close(f->registry.catalog);
    mw_artefacts_close(f->registry.artefacts);
    mw_arena_release(&f->arena);
}

static int64_t record(fixture *f, const char *version, int64_t ended_us) {
    mw_run_row run = {.model = MW_STR("late"),
                      .learner = MW_STR("lightgbm"),
                      .status = MW_STR("finished"),
                      .started_us = ended_us - 5,
                      .ended_us = ended_us,
                      .seed = 1,
                      .data_version = MW_STR("d1"),
                      .version = mw_str_of(version),
                      .details = MW_STR("{}")};
    mw_metric_row metrics[] = {
        {MW_STR("roc_auc"), MW_STR(""), 0.75, 0.74, 0.76, 100},
        {MW_STR("roc_auc"), MW_STR("origin=JFK"), NAN, NAN, NAN, 3},
    };
    int64_t id = 0;
    MW_CHECK_OK(mw_registry_record(f->registry, &run, (mw_metric_rows){metrics, 2},
                                   mw_str_of(version), &id, &f->err),
                &f->err);
    return id;
}

static mw_status ask_for(fixture *f, mw_promotion wish, mw_succession *out_made) {
    return mw_registry_promote(f->registry, &wish, &f->arena, out_made, &f->err);
}

/* A person's word. */
static mw_promotion wish_for(const char *version, int64_t at_us) {
    return (mw_promotion){.model = MW_STR("late"),
                          .version = mw_str_of(version),
                          .change = {at_us, MW_STR("test"), MW_STR("because")}};
}

/* A program's. */
static mw_promotion wish_over(const char *version, const char *over) {
    mw_promotion wish = wish_for(version, 900);
    wish.is_conditional = true;
    wish.over = mw_str_of(over);
    return wish;
}

static void promote(fixture *f, const char *version, int64_t at_us) {
    mw_succession made;
    MW_CHECK_OK(ask_for(f, wish_for(version, at_us), &made), &f->err);
}

static mw_str champion(fixture *f) {
    mw_version_row row = {0};
    MW_CHECK_OK(mw_registry_champion(f->registry, MW_STR("late"), &f->arena, &row, &f->err),
                &f->err);
    return row.version;
}

MW_TEST(registry_lists_what_was_recorded_newest_first) {
    fixture f = open_fixture();
    int64_t first = record(&f, "aa11", 100);
    record(&f, "ab22", 200);
    mw_version_row *versions;
    mw_run_row *runs;
    mw_metric_row *metrics;
    size_t count;
    MW_CHECK_OK(mw_registry_versions(f.registry, MW_STR("late"), &f.arena, &versions, &count,
                                     &f.err),
                &f.err);
    MW_CHECK(count == 2 && mw_str_is(versions[0].version, "ab22"));
    MW_CHECK(mw_str_is(versions[0].stage, MW_STAGE_CANDIDATE));
    MW_CHECK_OK(mw_registry_runs(f.registry, MW_STR(""), &f.arena, &runs, &count, &f.err),
                &f.err);
    MW_CHECK(count == 2 && runs[1].id == first && runs[1].started_us == 95);
    MW_CHECK_OK(mw_registry_metrics(f.registry, first, &f.arena, &metrics, &count, &f.err),
                &f.err);
    MW_CHECK(count == 2 && metrics[0].value == 0.75 && isnan(metrics[1].low));
    MW_CHECK(mw_str_is(metrics[1].segment, "origin=JFK") && metrics[1].count == 3);

    mw_buf bytes;
    mw_buf_init(&bytes, 1000);
    MW_CHECK_OK(mw_registry_load(f.registry, &versions[1], &bytes, &f.err), &f.err);
    MW_CHECK(mw_str_is(mw_buf_str(&bytes), "aa11"));
    mw_buf_release(&bytes);
    close_fixture(&f);
}

MW_TEST(registry_has_one_champion_and_goes_back) {
    fixture f = open_fixture();
    mw_version_row row;
    mw_succession made;
    MW_CHECK(mw_registry_champion(f.registry, MW_STR("late"), &f.arena, &row, &f.err) ==
             MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(f.err.message, "late has no champion yet");
    mw_change change = {400, MW_STR("test"), MW_STR("worse")};
    MW_CHECK(mw_registry_rollback(f.registry, MW_STR("late"), change, &f.arena, &made, &f.err) ==
             MW_NOT_FOUND);

    record(&f, "aa11", 100);
    record(&f, "ab22", 200);
    promote(&f, "aa", 300);
    promote(&f, "ab22", 310);
    promote(&f, "ab22", 320); /* stands already: no second entry in the audit */
    MW_CHECK(mw_str_is(champion(&f), "ab22"));
    MW_CHECK_OK(mw_registry_rollback(f.registry, MW_STR("late"), change, &f.arena, &made, &f.err),
                &f.err);
    MW_CHECK(mw_str_is(made.champion.version, "aa11") && mw_str_is(champion(&f), "aa11"));
    MW_CHECK(mw_str_is(made.champion.stage, MW_STAGE_CHAMPION) && mw_str_is(made.before, "ab22"));

    mw_promotion_row *promotions;
    size_t count;
    MW_CHECK_OK(mw_registry_promotions(f.registry, MW_STR("late"), &f.arena, &promotions, &count,
                                       &f.err),
                &f.err);
    MW_CHECK(count == 5); /* aa up; aa down, ab up; ab down, aa up */
    MW_CHECK(mw_str_is(promotions[0].to_stage, MW_STAGE_CHAMPION));
    MW_CHECK(mw_str_is(promotions[0].version, "aa11") && promotions[0].at_us == 400);
    MW_CHECK(mw_str_is(promotions[1].to_stage, MW_STAGE_RETIRED));
    close_fixture(&f);
}

MW_TEST(registry_goes_back_step_by_step) {
    fixture f = open_fixture();
    mw_version_row row;
    mw_succession made;
    mw_change change = {500, MW_STR("test"), MW_STR("worse")};
    const char *versions[] = {"aa11", "bb22", "cc33"};
    for (int i = 0; i < 3; i++) record(&f, versions[i], 100 + i);
    for (int i = 0; i < 3; i++) promote(&f, versions[i], 300 + i);
    for (int i = 1; i >= 0; i--) { /* never to what has been rolled back */
        MW_CHECK_OK(mw_registry_rollback(f.registry, MW_STR("late"), change, &f.arena, &made,
                                         &f.err),
                    &f.err);
        MW_CHECK(mw_str_is(made.champion.version, versions[i]));
        MW_CHECK(mw_str_is(made.before, versions[i + 1]) && mw_str_is(champion(&f), versions[i]));
    }
    MW_CHECK(mw_registry_rollback(f.registry, MW_STR("late"), change, &f.arena, &made, &f.err) ==
             MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(f.err.message, "late: there is no champion before this one");

    promote(&f, "cc33", 600);
    promote(&f, "bb22", 610);
    promote(&f, "aa11", 620); /* by name is a way back, too */
    MW_CHECK(mw_registry_former(f.registry, MW_STR("late"), &f.arena, &row, &f.err) ==
             MW_NOT_FOUND);
    promote(&f, "bb22", 630);
    MW_CHECK_OK(mw_registry_former(f.registry, MW_STR("late"), &f.arena, &row, &f.err), &f.err);
    MW_CHECK(mw_str_is(row.version, "aa11"));
    close_fixture(&f);
}

/* Of what another has promoted since a program looked, its word is none. */
MW_TEST(registry_promotes_over_whom_was_meant_alone) {
    fixture f = open_fixture();
    mw_succession made = {.before = MW_STR("untouched")};
    const char *versions[] = {"aa11", "bb22", "cc33"};
    for (int i = 0; i < 3; i++) record(&f, versions[i], 100 + i);
    MW_CHECK_EQUAL_INT(ask_for(&f, wish_over("bb22", "aa11"), &made), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "late: none is the champion now, not aa11");
    MW_CHECK_OK(ask_for(&f, wish_over("aa11", ""), &made), &f.err);
    MW_CHECK(mw_str_is(made.champion.version, "aa11") && made.before.size == 0);
    MW_CHECK_EQUAL_INT(ask_for(&f, wish_over("bb22", ""), &made), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "late: aa11 is the champion now, not none");

    promote(&f, "cc33", 200); /* a person, while a program trains to replace aa11 */
    MW_CHECK_EQUAL_INT(ask_for(&f, wish_over("bb22", "aa11"), &made), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "late: cc33 is the champion now, not aa11");
    MW_CHECK(mw_str_is(champion(&f), "cc33") && mw_str_is(made.champion.version, "aa11"));
    MW_CHECK_OK(ask_for(&f, wish_over("bb22", "cc33"), &made), &f.err);
    MW_CHECK(mw_str_is(champion(&f), "bb22") && mw_str_is(made.before, "cc33"));
    /* What is wished for stands already, whoever saw to it. */
    MW_CHECK_OK(ask_for(&f, wish_over("bb22", "aa11"), &made), &f.err);
    MW_CHECK(mw_str_is(made.champion.version, "bb22") && mw_str_is(made.before, "bb22"));

    mw_promotion again = wish_over("aa11", "bb22");
    again.is_new = true;
    MW_CHECK_EQUAL_INT(ask_for(&f, again, &made), MW_CONFLICT);
    MW_CHECK_EQUAL_STR(f.err.message, "late: aa11 was champion before, and was replaced");
    again.is_new = false;
    MW_CHECK_OK(ask_for(&f, again, &made), &f.err);
    mw_promotion_row *promotions;
    size_t count;
    MW_CHECK_OK(mw_registry_promotions(f.registry, MW_STR("late"), &f.arena, &promotions, &count,
                                       &f.err),
                &f.err);
    MW_CHECK_EQUAL_INT(count, 7); /* what was refused has left nothing */
    close_fixture(&f);
}

MW_TEST(registry_takes_back_what_stands_alone) {
    fixture f = open_fixture();
    mw_succession made;
    const char *versions[] = {"aa11", "bb22", "cc33"};
    for (int i = 0; i < 3; i++) record(&f, versions[i], 100 + i);
    promote(&f, "aa11", 200);
    MW_CHECK_OK(ask_for(&f, wish_over("bb22", "aa11"), &made), &f.err);
    MW_CHECK_OK(mw_registry_take_back(f.registry, &made, 300, MW_STR("ann"), &f.arena, &f.err),
                &f.err);
    MW_CHECK_EQUAL_STR(champion(&f), "aa11");
    MW_CHECK_OK(ask_for(&f, wish_over("bb22", "aa11"), &made), &f.err);
    promote(&f, "cc33", 400); /* a person, before it is taken back */
    MW_CHECK_EQUAL_INT(
        mw_registry_take_back(f.registry, &made, 500, MW_STR("ann"), &f.arena, &f.err),
        MW_CONFLICT);
    MW_CHECK_EQUAL_STR(champion(&f), "cc33");
    close_fixture(&f);
}

/* Two processes with a catalog each: whoever comes second sees the first. */
MW_TEST(registry_lets_one_of_two_at_once_through) {
    char path[512];
    snprintf(path, sizeof path, "%s/catalog.db", mw_test_directory());
    fixture f = open_fixture();
    mw_registry other = f.registry;
    mw_catalog_close(f.registry.catalog);
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), path, true, &f.registry.catalog, &f.err), &f.err);
    MW_CHECK_OK(mw_catalog_open(mw_sys_real(), path, true, &other.catalog, &f.err), &f.err);
    const char *versions[] = {"aa11", "bb22", "cc33"};
    for (int i = 0; i < 3; i++) record(&f, versions[i], 100 + i);
    promote(&f, "aa11", 200);

    mw_succession made;
    mw_promotion wish = wish_over("bb22", "aa11");
    mw_catalog_set_wait(other.catalog, 1);
    MW_CHECK_OK(mw_catalog_begin(f.registry.catalog, &f.err), &f.err);
    MW_CHECK_EQUAL_INT(mw_registry_promote(other, &wish, &f.arena, &made, &f.err), MW_BUSY);
    mw_catalog_rollback(f.registry.catalog);
    promote(&f, "cc33", 300);
    MW_CHECK_EQUAL_INT(mw_registry_promote(other, &wish, &f.arena, &made, &f.err), MW_CONFLICT);
    MW_CHECK(mw_str_is(champion(&f), "cc33"));
    mw_catalog_close(other.catalog);
    close_fixture(&f);
}

MW_TEST(registry_wants_a_version_named_without_doubt) {
    fixture f = open_fixture();
    record(&f, "aa11", 100);
    record(&f, "ab22", 200);
    mw_version_row row;
    MW_CHECK(mw_registry_find(f.registry, MW_STR("late"), MW_STR("a"), &f.arena, &row, &f.err) ==
             MW_INVALID);
    MW_CHECK_EQUAL_STR(f.err.message, "late: more than one version begins with a");
    MW_CHECK(mw_registry_find(f.registry, MW_STR("late"), MW_STR(""), &f.arena, &row, &f.err) ==
             MW_INVALID);
    MW_CHECK_EQUAL_STR(f.err.message,
                       "late: a version must have a name, or the beginning of one, got \"\"");
    MW_CHECK(mw_registry_find(f.registry, MW_STR("late"), MW_STR("%"), &f.arena, &row, &f.err) ==
             MW_NOT_FOUND);
    MW_CHECK(mw_registry_run(f.registry, 99, &f.arena, &(mw_run_row){0}, &f.err) ==
             MW_NOT_FOUND);
    close_fixture(&f);
}

MW_TEST(registry_records_the_same_version_once) {
    fixture f = open_fixture();
    record(&f, "aa11", 100);
    promote(&f, "aa11", 150);
    record(&f, "aa11", 200); /* trained again, the same content: a second run, no second version */
    mw_version_row *versions;
    mw_run_row *runs;
    size_t version_count, run_count;
    MW_CHECK_OK(mw_registry_versions(f.registry, MW_STR(""), &f.arena, &versions, &version_count,
                                     &f.err),
                &f.err);
    MW_CHECK_OK(mw_registry_runs(f.registry, MW_STR(""), &f.arena, &runs, &run_count, &f.err),
                &f.err);
    MW_CHECK(version_count == 1 && run_count == 2);
    MW_CHECK(mw_str_is(versions[0].stage, MW_STAGE_CHAMPION));
    close_fixture(&f);
}
