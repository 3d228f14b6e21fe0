#include "lang/compiler.h"

#include "testing/test.h"

MW_TEST(compiler_puts_the_subject_before_and_the_nearest_word_behind) {
    mw_arena arena;
    mw_diagnostics list;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics_init(&list, &arena);
    mw_compiler compiler = {
        .arena = &arena, .diagnostics = &list, .subject = MW_STR("features.wind")};
    mw_str names[] = {MW_STR("wind_speed"), MW_STR("origin")};
    mw_complain(&compiler, (mw_position){4, 7}, MW_NOT_BUILT, "there is no %s", "wind_sped");
    mw_complain_nearest(&compiler, MW_STR("wind_sped"), names, 2);
    mw_complain(&compiler, (mw_position){5, 7}, MW_INVALID, "there is no zzz");
    mw_complain_nearest(&compiler, MW_STR("zzz"), names, 2);
    MW_CHECK_EQUAL_STR(list.entries[0].message, "features.wind: there is no wind_sped");
    MW_CHECK_EQUAL_STR(list.entries[0].hint, "Did you mean wind_speed?");
    MW_CHECK_EQUAL_INT(list.entries[1].hint.size, 0);
    MW_CHECK_EQUAL_INT(compiler.status, MW_NOT_BUILT); /* the first one's */
    mw_arena_release(&arena);
}

MW_TEST(compiler_remembers_that_memory_ran_out) {
    mw_arena arena;
    mw_arena_init(&arena, 8);
    mw_compiler compiler = {.arena = &arena};
    MW_CHECK(mw_compiler_alloc(&compiler, 8, 1) != NULL);
    MW_CHECK(!compiler.out_of_memory);
    MW_CHECK_EQUAL_STR(mw_compiler_text(&compiler, "%d", 7), "");
    MW_CHECK(compiler.out_of_memory);
    mw_arena_release(&arena);
}
