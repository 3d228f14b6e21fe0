#include "lang/compiler.h"

#include "testing/test.h"

MW_TEST(compiler_puts_the_subject_before_and_the_nearest_word_behind) {
    mw_arena arena;
    mw_diagnostics list;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics_init(&list, &arena);
    mw_compiler compiler = {
        .arena = &arena, .diagnostics = &list, .subject = MW_STR("features.wind")};
    mw_field fields[] = {{.name = MW_STR("wind_speed")}, {.name = MW_STR("origin")}};
    mw_schema weather = {.fields = fields, .field_count = 2};
    mw_complain(&compiler, (mw_position){3, 7}, MW_NOT_BUILT, "there is no %s yet", "wind");
    MW_CHECK(mw_complain_field(&compiler, (mw_position){4, 7}, MW_STR("wind_sped"), &weather,
                               MW_STR("weather")));
    MW_CHECK(!mw_complain_field(&compiler, (mw_position){5, 7}, MW_STR("zzz"), &weather,
                                MW_STR("weather")));
    MW_CHECK_EQUAL_STR(list.entries[0].message, "features.wind: there is no wind yet");
    MW_CHECK_EQUAL_STR(list.entries[1].message,
                       "features.wind: there is no field wind_sped in weather");
    MW_CHECK_EQUAL_STR(list.entries[1].hint, "Did you mean wind_speed?");
    MW_CHECK_EQUAL_INT(list.entries[2].hint.size, 0);
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
