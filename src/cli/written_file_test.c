#include "cli/written_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "testing/test.h"

static const char project[] = "project: bakery\n"
                              "streams:\n"
                              "  loaves: {from: [data/loaves.csv, late/*.csv], time: baked}\n"
                              "  tweets: {from: 'kafka://tweets', time: at}\n"
                              "  gone:   {from: nowhere/*.csv, time: at}\n";

static const mw_command baking = {
    .name = "bake",
    .options = {{"--input", "FILE", ""}, {"--onto", "FILE", ""}, {"--log", "FILE", ""}},
    .written = "--onto",
    .appended = "--log",
};

typedef struct {
    char folder[2048];
    char path[4096], input[4096];
    mw_cli cli;
    mw_error err;
} bakery;

static const char *path_in(const bakery *at, char path[4096], const char *name) {
    if (name[0] == '/' || strcmp(name, "-") == 0) snprintf(path, 4096, "%s", name);
    else snprintf(path, 4096, "%s/%s", at->folder, name);
    return path;
}

static void put(bakery *at, const char *name, const char *text) {
    path_in(at, at->path, name);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), at->path, mw_str_of(text), &at->err), &at->err);
}

static void put_link(bakery *at, const char *name, const char *target) {
    char from[4096], to[4096];
    MW_CHECK(symlink(path_in(at, to, target), path_in(at, from, name)) == 0);
}

/* A project `shop` in a folder, with files of it and others, beside a folder `else`. */
static void open_bakery(bakery *at) {
    static const char *const folders[] = {"shop/.millwright/lake/loaves", "shop/data/old",
                                          "shop/late", "else/deep"};
    static const char *const files[] = {
        "shop/data/loaves.csv", "shop/late/monday.csv", "shop/late/note.txt", "shop/given.csv",
        "shop/.millwright/format", "shop/.millwright/lake/loaves/1.parquet", "else/report.html"};
    *at = (bakery){.cli = {.sys = mw_sys_real(), .command = &baking}};
    snprintf(at->folder, sizeof at->folder, "%s", mw_test_directory());
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        path_in(at, at->path, folders[i]);
        MW_CHECK_OK(mw_sys_make_folder(mw_sys_real(), at->path, &at->err), &at->err);
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) put(at, files[i], "x");
    put(at, "shop/millwright.yaml", project);
    put_link(at, "else/loaves", "shop/data/loaves.csv");
    put_link(at, "else/shop", "shop");
    put_link(at, "else/state", "shop/.millwright/lake");
    at->err = (mw_error){0};
}

/* Of a command that is called in `folder` of the bakery. */
static mw_status try_option(bakery *at, size_t option, const char *name) {
    static char folder[4096];
    at->cli.folder = path_in(at, folder, "shop");
    at->cli.option_values[1] = at->cli.option_values[2] = NULL;
    at->cli.option_values[option] = path_in(at, at->path, name);
    at->err = (mw_error){0};
    return mw_cli_try_written(&at->cli, &at->err);
}

static mw_status try(bakery *at, const char *name) { return try_option(at, 1, name); }

static void check_refused(bakery *at, const char *name, const char *why) {
    char expected[8192];
    MW_CHECK_STATUS(try(at, name), MW_USAGE);
    snprintf(expected, sizeof expected, "--onto: %s: must not be %s", at->path, why);
    MW_CHECK_EQUAL_STR(at->err.message, expected);
    MW_CHECK(strstr(at->err.hint, "Name another file.") != NULL);
}

MW_TEST(written_file_is_none_of_the_project) {
    static const char *const cases[][2] = {
        {"shop/millwright.yaml", "the project file"},
        {"shop/data/../millwright.yaml", "the project file"},
        {"else/shop/millwright.yaml", "the project file"},
        {"shop/.millwright", "the project's state folder"},
        {"shop/.millwright/format", "in the project's state folder"},
        {"shop/.millwright/new.html", "in the project's state folder"},
        {"shop/.millwright/lake/loaves/1.parquet", "in the project's state folder"},
        {"else/state/loaves/2.parquet", "in the project's state folder"},
        {"else/state/../format", "in the project's state folder"},
        {"shop/data/loaves.csv", "a file that stream loaves reads"},
        {"shop/data/old/../loaves.csv", "a file that stream loaves reads"},
        {"else/loaves", "a file that stream loaves reads"},
        {"shop/late/monday.csv", "a file that stream loaves reads"},
        {"shop/late/tuesday.csv", "a file that stream loaves reads"}, /* it would */
        {"else/shop/late/tuesday.csv", "a file that stream loaves reads"},
    };
    bakery at;
    open_bakery(&at);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(&at, cases[i][0], cases[i][1]);
    MW_CHECK_EQUAL_STR(at.err.hint, "Its `from` says late/*.csv. Name another file.");
    char hard[4096], loaves[4096];
    MW_CHECK(link(path_in(&at, loaves, "shop/data/loaves.csv"),
                  path_in(&at, hard, "else/hard.csv")) == 0);
    check_refused(&at, "else/hard.csv", "a file that stream loaves reads");
}

MW_TEST(written_file_may_be_any_other) {
    static const char *const names[] = {
        "shop/report.html", "shop/late/note.txt", "shop/late/new.txt", "shop/data/loaves.csv.html",
        "shop/given.csv", "else/report.html", "else/deep/millwright.yaml", "else/deep/format",
        "shop/data/old/loaves.csv", "shop/data/old/monday.csv", "shop/.millwright.html"};
    bakery at;
    open_bakery(&at);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        MW_CHECK_OK(try(&at, names[i]), &at.err);
    at.cli.option_values[1] = NULL;
    MW_CHECK_OK(mw_cli_try_written(&at.cli, &at.err), &at.err);
}

MW_TEST(written_file_is_not_what_the_command_reads) {
    bakery at;
    open_bakery(&at);
    at.cli.option_values[0] = path_in(&at, at.input, "shop/given.csv");
    check_refused(&at, "shop/given.csv", "the file of --input");
    check_refused(&at, "else/shop/given.csv", "the file of --input");
    MW_CHECK_OK(try(&at, "shop/other.csv"), &at.err);
    at.cli.option_values[0] = "-";
    MW_CHECK_OK(try(&at, "shop/given.csv"), &at.err);
    FILE *input = freopen(at.input, "r", stdin); /* as a shell's < does */
    MW_CHECK(input != NULL);
    check_refused(&at, "shop/given.csv", "the file of --input");
}

/* No work is done for a file that cannot be written. */
MW_TEST(written_file_can_be) {
    bakery at;
    open_bakery(&at);
    MW_CHECK_STATUS(try(&at, "/no/such/tray"), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(at.err.message,
                       "--onto: /no/such/tray: cannot be opened: No such file or directory");
    MW_CHECK_EQUAL_STR(at.err.hint, "Make its folder first.");
    MW_CHECK_STATUS(try(&at, "/dev/null"), MW_INVALID);
    MW_CHECK_EQUAL_STR(at.err.message, "--onto: /dev/null: must be a file, not a pipe or device");
    MW_CHECK_STATUS(try(&at, "-"), MW_USAGE);
    MW_CHECK_EQUAL_STR(at.err.message, "--onto: must be a file, got -");
    MW_CHECK_EQUAL_STR(at.err.hint, "A file of this name is ./-.");
    mw_command printing = baking;
    printing.prints = true;
    at.cli.command = &printing;
    MW_CHECK_STATUS(try(&at, "-"), MW_USAGE);
    MW_CHECK_EQUAL_STR(at.err.hint,
                       "Leave --onto out for standard output. A file of this name is ./-.");
}

static void check_not_appended(bakery *at, const char *name, const char *why) {
    char expected[8192];
    MW_CHECK_STATUS(try_option(at, 2, name), MW_USAGE);
    snprintf(expected, sizeof expected, "--log: %s: must not be %s", at->path, why);
    MW_CHECK_EQUAL_STR(at->err.message, expected);
}

static mw_file_info info_of(bakery *at, const char *name) {
    mw_file_info info = {.exists = false};
    path_in(at, at->path, name);
    MW_CHECK_OK(mw_sys_info(mw_sys_real(), at->path, &info, &at->err), &at->err);
    return info;
}

/* To where a link leads, be there something or not yet. */
MW_TEST(written_file_that_is_appended_to) {
    static const char *const links[][3] = {
        {"else/format", "shop/.millwright/format", "in the project's state folder"},
        {"else/nothing", "shop/.millwright/nothing", "in the project's state folder"},
        {"else/round", "else/nothing", "in the project's state folder"},
        {"else/tuesday", "shop/late/tuesday.csv", "a file that stream loaves reads"},
        {"shop/late/away.csv", "else/away.csv", "a file that stream loaves reads"}, /* by it */
        {"shop/.millwright/away", "else/away.log", "in the project's state folder"}};
    bakery at;
    open_bakery(&at);
    check_not_appended(&at, "shop/millwright.yaml", "the project file");
    check_not_appended(&at, "shop/.millwright/format", "in the project's state folder");
    check_not_appended(&at, "shop/data/loaves.csv", "a file that stream loaves reads");
    check_not_appended(&at, "shop/late/tuesday.csv", "a file that stream loaves reads");
    check_not_appended(&at, "else/loaves", "a file that stream loaves reads");
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        put_link(&at, links[i][0], links[i][1]);
        check_not_appended(&at, links[i][0], links[i][2]);
    }
    MW_CHECK(!info_of(&at, "shop/.millwright/nothing").exists);
    MW_CHECK(symlink("../shop/.millwright/nothing", path_in(&at, at.path, "else/near")) == 0);
    check_not_appended(&at, "else/near", "in the project's state folder");
    MW_CHECK_STATUS(try_option(&at, 2, "-"), MW_USAGE);
}

MW_TEST(written_file_that_can_be_appended_to) {
    bakery at;
    open_bakery(&at);
    MW_CHECK_OK(try_option(&at, 2, "/dev/null"), &at.err);
    MW_CHECK_OK(try_option(&at, 2, "else/new.log"), &at.err);
    MW_CHECK(!info_of(&at, "else/new.log").exists); /* it is tried, and not made */
    MW_CHECK_OK(try_option(&at, 2, "else/report.html"), &at.err);
    MW_CHECK_EQUAL_INT(info_of(&at, "else/report.html").size, 1);
    put_link(&at, "else/to", "else/report.html");
    put_link(&at, "else/to-new", "else/newer.log");
    MW_CHECK_OK(try_option(&at, 2, "else/to"), &at.err);
    MW_CHECK_OK(try_option(&at, 2, "else/to-new"), &at.err);
    MW_CHECK(!info_of(&at, "else/newer.log").exists);
    put_link(&at, "else/to-nowhere", "/no/such/tray");
    MW_CHECK_STATUS(try_option(&at, 2, "else/to-nowhere"), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(at.err.message,
                       "--log: /no/such/tray: cannot be opened: No such file or directory");
    put_link(&at, "else/ring", "else/ring");
    MW_CHECK(try_option(&at, 2, "else/ring") != MW_OK);
    MW_CHECK_STATUS(try_option(&at, 2, "/no/such/tray"), MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(at.err.message,
                       "--log: /no/such/tray: cannot be opened: No such file or directory");
    MW_CHECK_EQUAL_STR(at.err.hint, "Make its folder first.");
    MW_CHECK(try_option(&at, 2, "else/deep") != MW_OK);
    MW_CHECK(mw_str_starts(mw_str_of(at.err.message), MW_STR("--log: ")));
    put(&at, "shop/millwright.yaml", "streams: {loaves: [\n"); /* which `serve` tells itself */
    MW_CHECK_OK(try_option(&at, 2, "else/report.html"), &at.err);
}

/* A broken project file says less, or nothing, of what its streams read. */
MW_TEST(written_file_of_a_broken_project) {
    bakery at;
    open_bakery(&at);
    put(&at, "shop/millwright.yaml", "colour: red\nstreams: {loaves: {from: data/loaves.csv}}\n");
    check_refused(&at, "shop/data/loaves.csv", "a file that stream loaves reads");
    MW_CHECK_OK(try(&at, "shop/given.csv"), &at.err);
    put(&at, "shop/millwright.yaml", "streams: {loaves: [\n");
    MW_CHECK_STATUS(try(&at, "shop/data/loaves.csv"), MW_USAGE);
    MW_CHECK(mw_str_ends(mw_str_of(at.err.message),
                         MW_STR(": must be a new file while millwright.yaml cannot be read")));
    MW_CHECK_OK(try(&at, "shop/new.csv"), &at.err);
    check_refused(&at, "shop/.millwright/format", "in the project's state folder");
    MW_CHECK(unlink(path_in(&at, at.path, "shop/millwright.yaml")) == 0);
    MW_CHECK_OK(try(&at, "shop/given.csv"), &at.err);
    check_refused(&at, "shop/millwright.yaml", "the project file"); /* it would be */
}

static mw_status try_new(void *context) { return try(context, "else/deep/new.html"); }
static mw_status try_old(void *context) { return try(context, "else/report.html"); }
static mw_status try_log(void *context) { return try_option(context, 2, "else/to-new"); }

MW_TEST(written_file_survives_every_failing_allocation) {
    bakery at;
    open_bakery(&at);
    MW_CHECK(mw_test_every_allocation_fails(try_new, &at) > 3);
    MW_CHECK(mw_test_every_allocation_fails(try_old, &at) > 3);
    put_link(&at, "else/to-new", "else/new.log");
    MW_CHECK(mw_test_every_allocation_fails(try_log, &at) > 3);
}
