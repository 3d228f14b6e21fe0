/*
 * zone: what the clocks of a place show, from TZif bytes (RFC 8536) that the caller read.
 *
 * After the last transition of the table the POSIX TZ rule of the footer holds. A zone never
 * changes after it was parsed: any thread may read it. It lives in the arena that was given.
 * A look-up costs a binary search, but a microsecond past the year 2100, where the rule is worked
 * out each time.
 */
#pragma once
#include "base/str.h"

enum { MW_ZONE_TRANSITIONS_MAX = 4096, MW_ZONE_TYPES_MAX = 256 };

#define MW_LOCAL_SLACK_US INT64_C(3162240000000000) /* 100 years of 366 days */

typedef struct mw_zone mw_zone;
typedef enum { MW_LOCAL_UNIQUE, MW_LOCAL_ABSENT, MW_LOCAL_AMBIGUOUS } mw_local_kind;

/* Parses TZif versions 2 to 4, without leap seconds. `name` is kept for messages. */
MW_MUST_USE mw_status mw_zone_parse(mw_arena *arena, mw_str name, mw_str tzif,
                                    const mw_zone **out_zone, mw_error *err);
const mw_zone *mw_zone_utc(void);
mw_str mw_zone_name(const mw_zone *zone);
/* SHA-256 of the bytes that it was parsed from, whatever its name; of UTC zeros. */
mw_str mw_zone_digest(const mw_zone *zone);
/* Local minus UTC. Outside of the years 1 to 9999 it is that of the nearest time within. */
int64_t mw_zone_offset_us(const mw_zone *zone, int64_t utc_us);
/* When the clocks last changed at or before then; MW_TIME_MIN: never. */
int64_t mw_zone_last_change_us(const mw_zone *zone, int64_t utc_us);
/* How far apart its offsets ever lie: by no more than this do the clocks and elapsed time ever
   differ about a span. */
int64_t mw_zone_spread_us(const mw_zone *zone);
/* Local wall time to UTC. Absent and ambiguous times say so, and are read by the offset that was
   in force before the change: the earlier of two readings; an absent 02:30 as 03:30, and an absent
   midnight as the first moment of its day. `local_us` lies within the years that calendar.h
   names, or out of them by no more than the slack. */
mw_local_kind mw_zone_to_utc(const mw_zone *zone, int64_t local_us, int64_t *out_utc_us);
