#include "store/migrations.h"

#include <string.h>

#include "testing/test.h"

MW_TEST(migrations_only_add_strict_tables) {
    for (int i = 0; i < MW_CATALOG_FORMAT; i++) {
        const char *sql = mw_catalog_migration(i);
        MW_CHECK(strstr(sql, "DROP ") == NULL);
        size_t tables = 0, stricts = 0;
        for (const char *at = sql; (at = strstr(at, "CREATE TABLE")) != NULL; at++) tables++;
        for (const char *at = sql; (at = strstr(at, ") STRICT")) != NULL; at++) stricts++;
        MW_CHECK(tables > 0);
        MW_CHECK_EQUAL_INT(stricts, tables);
    }
}
