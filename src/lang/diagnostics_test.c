#include "lang/diagnostics.h"

#include "testing/test.h"

MW_TEST(diagnostics_are_printed_in_order_of_place_with_hints) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics list;
    mw_diagnostics_init(&list, &arena);
    MW_CHECK_OK(mw_diagnostics_status(&list, NULL), NULL);
    mw_diagnose(&list, (mw_position){7, 2}, MW_NOT_BUILT, "%s is not built yet", "that");
    mw_diagnose(&list, (mw_position){3, 9}, MW_INVALID, "there is no field x");
    mw_diagnose_hint(&list, "Did you mean %s?", "y");
    mw_diagnose(&list, (mw_position){7, 2}, MW_NOT_BUILT, "that is not built yet"); /* listed */
    mw_diagnose_hint(&list, "This would stand at the wrong entry.");
    mw_diagnose(&list, (mw_position){0, 0}, MW_MALFORMED, "it is empty");
    mw_buf out;
    mw_buf_init(&out, 4096);
    mw_diagnostics_print(&list, "millwright.yaml", &out);
    MW_CHECK_EQUAL_STR(mw_buf_str(&out), "millwright.yaml: it is empty\n"
                                         "millwright.yaml:3:9: there is no field x\n"
                                         "    Did you mean y?\n"
                                         "millwright.yaml:7:2: that is not built yet\n");
    mw_error err;
    MW_CHECK_STATUS(mw_diagnostics_status(&list, &err), MW_NOT_BUILT);
    MW_CHECK_EQUAL_STR(err.message, "7:2: that is not built yet");
    MW_CHECK_EQUAL_STR(err.hint, "There are 2 more.");
    mw_buf_release(&out);
    mw_arena_release(&arena);
}

MW_TEST(diagnostics_past_the_maximum_are_counted) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    mw_diagnostics list;
    mw_diagnostics_init(&list, &arena);
    for (int i = 0; i < MW_DIAGNOSTICS_MAX + 5; i++)
        mw_diagnose(&list, (mw_position){i + 1, 1}, MW_INVALID, "wrong");
    MW_CHECK_EQUAL_INT(list.count, MW_DIAGNOSTICS_MAX);
    MW_CHECK_EQUAL_INT(list.dropped, 5);
    mw_diagnose_hint(&list, "Of what was dropped.");
    MW_CHECK_EQUAL_STR(list.entries[MW_DIAGNOSTICS_MAX - 1].hint, "");
    mw_arena_release(&arena);
}

MW_TEST(diagnostics_without_memory_are_no_success) {
    mw_arena arena;
    mw_arena_init(&arena, 4);
    mw_diagnostics list;
    mw_diagnostics_init(&list, &arena);
    mw_diagnose(&list, (mw_position){1, 1}, MW_INVALID, "longer than the arena");
    MW_CHECK_EQUAL_INT(list.count, 0);
    MW_CHECK_STATUS(mw_diagnostics_status(&list, NULL), MW_NO_MEMORY);
    mw_arena_release(&arena);
}
