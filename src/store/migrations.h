/*
 * migrations: the catalog's tables, as the numbered steps that made them.
 *
 * Step i brings a catalog from format i to format i + 1; the newest format is the number of
 * steps. A step that was released never changes: what is new becomes a new step at the end.
 * Columns whose names end in `_us` are times in us since 1970 UTC.
 */
#pragma once

enum { MW_CATALOG_FORMAT = 9, MW_CATALOG_APPLICATION = 0x4d574331 }; /* "MWC1" */

/* SQL statements; `format` from 0 to MW_CATALOG_FORMAT - 1. */
const char *mw_catalog_migration(int format);
