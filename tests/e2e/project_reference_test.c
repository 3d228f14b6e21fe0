/* docs/project-file.md holds the reference that the tables of the schema print. With
   MILLWRIGHT_WRITE=1 in the environment the page is written anew. */
#include "base/str.h"
#include "project/project.h"
#include "testing/test.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE "docs/project-file.md"
enum { PAGE_SIZE_MAX = 1 << 18 };

static const char introduction[] =
    "# The project file, key by key\n"
    "\n"
    "`millwright.yaml` describes a project: its streams, features, models and retraining.\n"
    "`millwright check` reports all that is wrong with it at once, each mistake with its place,\n"
    "the rule and the nearest known word. Expressions are in [the language](language.md).\n"
    "`${VAR}` in a plain text (a path, words for people) reads the environment. An expression\n"
    "with a comma inside `[...]` or `{...}` is quoted or put on a line of its own.\n"
    "\n"
    "This page is made from the tables that the check goes by:\n"
    "`MILLWRIGHT_WRITE=1 build/project_reference_test` writes it anew.\n"
    "\n";

static mw_str read_page(char *bytes) {
    FILE *file = fopen(PAGE, "rb");
    size_t size = file ? fread(bytes, 1, PAGE_SIZE_MAX, file) : 0;
    if (file) fclose(file);
    return (mw_str){bytes, size};
}

static void write_page(mw_str text) {
    FILE *file = fopen(PAGE, "wb");
    MW_CHECK(file != NULL);
    MW_CHECK_EQUAL_INT(fwrite(text.data, 1, text.size, file), text.size);
    MW_CHECK_EQUAL_INT(fclose(file), 0);
}

MW_TEST(page_of_the_project_file_is_what_the_schema_says) {
    static char bytes[PAGE_SIZE_MAX];
    mw_buf expected;
    mw_buf_init(&expected, PAGE_SIZE_MAX);
    mw_buf_append_text(&expected, introduction);
    mw_project_reference(&expected);
    if (getenv("MILLWRIGHT_WRITE")) write_page(mw_buf_str(&expected));
    MW_CHECK_EQUAL_STR(read_page(bytes), mw_buf_str(&expected));
    mw_buf_release(&expected);
}
