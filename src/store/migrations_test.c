#include "store/migrations.h"

#include <string.h>

#include "testing/test.h"

/* Tables, or columns that older rows lack. */
MW_TEST(migrations_only_add) {
    for (int i = 0; i < MW_CATALOG_FORMAT; i++) {
        const char *sql = mw_catalog_migration(i);
        MW_CHECK(strstr(sql, "DROP ") == NULL);
        size_t tables = 0, stricts = 0;
        for (const char *at = sql; (at = strstr(at, "CREATE TABLE")) != NULL; at++) tables++;
        for (const char *at = sql; (at = strstr(at, ") STRICT")) != NULL; at++) stricts++;
        MW_CHECK(tables > 0 || strstr(sql, "ADD COLUMN") != NULL);
        MW_CHECK(strstr(sql, "DELETE ") == NULL && strstr(sql, "UPDATE ") == NULL);
        MW_CHECK_EQUAL_INT(stricts, tables);
    }
}
