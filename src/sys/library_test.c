#include "sys/library.h"
#include "testing/test.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

static mw_arena arena_of_test(void) {
    mw_arena arena;
    mw_arena_init(&arena, 1 << 20);
    return arena;
}

MW_TEST(library_says_where_it_looked) {
    mw_library *library = NULL;
    mw_error err;
    MW_CHECK_STATUS(mw_library_open(mw_sys_real(), "libnone.so", &library, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "libnone.so: not found in $MILLWRIGHT_LIB, nor in lib or "
                                    "../lib/millwright from the program");
    MW_CHECK_EQUAL_STR(err.hint, "Set MILLWRIGHT_LIB to the folder that holds it.");
    MW_CHECK(library == NULL);
}

/* A file that is found and is no library; then a true one, under the same rules. */
MW_TEST(library_opens_once_and_gives_functions) {
    mw_sys *sys = mw_sys_real();
    mw_arena arena = arena_of_test();
    mw_error err;
    mw_library *library = NULL, *again = NULL;
    const char *before = getenv("MILLWRIGHT_LIB");
    const char *kept = before ? mw_str_copy(&arena, mw_str_of(before)).data : NULL;
    const char *folder = mw_test_directory();
    const char *bad = mw_path_join(&arena, folder, "libbad.so");
    MW_CHECK_OK(mw_sys_write_file(sys, bad, MW_STR("no library"), &err), &err);
    MW_CHECK(setenv("MILLWRIGHT_LIB", folder, 1) == 0);
    MW_CHECK_STATUS(mw_library_open(sys, "libbad.so", &library, &err), MW_UNAVAILABLE);
    MW_CHECK(strstr(err.message, "libbad.so: cannot be opened: ") != NULL);

    Dl_info libc;
    MW_CHECK(dladdr(dlsym(RTLD_DEFAULT, "getenv"), &libc) != 0);
    const char *libc_folder =
        mw_str_copy(&arena, mw_path_folder(mw_str_of(libc.dli_fname))).data;
    MW_CHECK(setenv("MILLWRIGHT_LIB", libc_folder, 1) == 0);
    MW_CHECK_OK(mw_library_open(sys, "libc.so.6", &library, &err), &err);
    MW_CHECK_OK(mw_library_open(sys, "libc.so.6", &again, &err), &err);
    MW_CHECK(library == again);
    static const char *const names[] = {"getenv", "gnu_get_libc_version"};
    static const char *const absent[] = {"getenv", "getenw"};
    mw_symbol symbols[2] = {NULL, NULL};
    MW_CHECK_STATUS(mw_library_symbols(library, absent, 2, symbols, &err), MW_UNAVAILABLE);
    MW_CHECK_EQUAL_STR(err.message, "libc.so.6: has no function getenw");
    MW_CHECK(symbols[0] == NULL);
    MW_CHECK_OK(mw_library_symbols(library, names, 2, symbols, &err), &err);
    const char *version = ((const char *(*)(void))symbols[1])();
    MW_CHECK(mw_str_starts(mw_str_of(version), MW_STR("2.")));
    mw_library_rest(library);
    MW_CHECK(((const char *(*)(void))symbols[1])() == version);
    MW_CHECK(mw_str_starts(mw_str_of(version), MW_STR("2.")));

    if (kept) MW_CHECK(setenv("MILLWRIGHT_LIB", kept, 1) == 0);
    else MW_CHECK(unsetenv("MILLWRIGHT_LIB") == 0);
    mw_arena_release(&arena);
}

MW_TEST(share_path_is_found_and_stays_inside) {
    mw_sys *sys = mw_sys_real();
    mw_arena arena = arena_of_test();
    mw_error err;
    const char *path = NULL, *executable;
    MW_CHECK_OK(mw_executable_path(sys, &arena, &executable, &err), &err);
    MW_CHECK(executable[0] == '/');

    const char *share = mw_test_directory();
    const char *folder = mw_path_join(&arena, share, "examples");
    const char *file = mw_path_join(&arena, folder, "data.csv");
    MW_CHECK_OK(mw_sys_make_folder(sys, folder, &err), &err);
    MW_CHECK_OK(mw_sys_write_file(sys, file, MW_STR("x"), &err), &err);
    MW_CHECK(setenv("MILLWRIGHT_SHARE", share, 1) == 0);
    MW_CHECK_OK(mw_share_path(sys, &arena, "examples/data.csv", &path, &err), &err);
    MW_CHECK_EQUAL_STR(path, file);
    MW_CHECK_STATUS(mw_share_path(sys, &arena, "examples/none", &path, &err), MW_NOT_FOUND);
    static const char *const outside[] = {"", "/etc/passwd", "..", "a/../../b", "../share"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        MW_CHECK_STATUS(mw_share_path(sys, &arena, outside[i], &path, &err), MW_INVALID);
    MW_CHECK(unsetenv("MILLWRIGHT_SHARE") == 0);
    mw_arena_release(&arena);
}

MW_TEST(zone_load_finds_zones) {
    mw_sys *sys = mw_sys_real();
    mw_arena arena = arena_of_test();
    mw_error err;
    const mw_zone *zone = NULL;
    MW_CHECK_OK(mw_zone_load(sys, &arena, MW_STR("UTC"), &zone, &err), &err);
    MW_CHECK(zone == mw_zone_utc());
    MW_CHECK_OK(mw_zone_load(sys, &arena, MW_STR("America/New_York"), &zone, &err), &err);
    MW_CHECK_EQUAL_STR(mw_zone_name(zone), "America/New_York");
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, 0), -5 * MW_HOUR_US);
    mw_str bytes;
    MW_CHECK_OK(mw_zone_read(sys, &arena, MW_STR("America/New_York"), &bytes, &err), &err);
    MW_CHECK_OK(mw_zone_parse(&arena, MW_STR("again"), bytes, &zone, &err), &err);
    MW_CHECK_EQUAL_INT(mw_zone_offset_us(zone, 0), -5 * MW_HOUR_US);
    MW_CHECK_OK(mw_zone_read(sys, &arena, MW_STR("UTC"), &bytes, &err), &err);
    MW_CHECK_EQUAL_INT(bytes.size, 0);

    MW_CHECK_STATUS(mw_zone_load(sys, &arena, MW_STR("America/New_Yorck"), &zone, &err),
                    MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message, "zone: there is no time zone \"America/New_Yorck\"");
    MW_CHECK_STATUS(mw_zone_load(sys, &arena, MW_STR("America"), &zone, &err), MW_NOT_FOUND);
    MW_CHECK(mw_zone_load(sys, &arena, MW_STR("zone.tab"), &zone, &err) != MW_OK);
    static const char *const outside[] = {"", "/etc/localtime", "../passwd", "a/../../b"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        MW_CHECK_STATUS(mw_zone_load(sys, &arena, mw_str_of(outside[i]), &zone, &err), MW_INVALID);
    mw_arena_release(&arena);
}

static mw_status load_zone(void *context) {
    (void)context;
    mw_arena arena = arena_of_test();
    const mw_zone *zone;
    mw_status status =
        mw_zone_load(mw_sys_real(), &arena, MW_STR("Europe/Berlin"), &zone, NULL);
    mw_arena_release(&arena);
    return status;
}

MW_TEST(zone_load_survives_every_failing_allocation) {
    MW_CHECK(mw_test_every_allocation_fails(load_zone, NULL) > 3);
}
