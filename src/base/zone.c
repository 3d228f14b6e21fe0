#include "base/zone.h"

#include "base/calendar.h"
#include "base/hash.h"

#include <string.h>

/* All times here are whole seconds since 1970 and all offsets whole seconds of local minus UTC,
   as in TZif. */
enum {
    HOUR = 3600,
    OFFSET_MAX = 26 * HOUR,           /* RFC 8536 asks for -25 to +26 hours */
    RULE_TIME_MAX = 167 * HOUR,       /* of a rule's time of day, since version 3 */
    HEADER_SIZE = 44,
    TYPE_SIZE = 6,
    UNROLLED_MAX = 420,
};
#define UNROLLED_FROM INT64_C(-2208988800) /* 1900-01-01 */
#define UNROLLED_TO INT64_C(4102444800)    /* 2100-01-01 */

/* A day of the year in a rule: the `week`-th `weekday` of a month (5: the last; 0: Sunday), or the
   day counted with or without February 29. */
typedef enum { DAY_OF_MONTH, DAY_FROM_1_NEVER_LEAP, DAY_FROM_0 } day_kind;
typedef struct {
    day_kind kind;
    int32_t month, week, day;
    int32_t time; /* from local midnight, by the offset that ends then */
} change;

typedef struct {
    bool has_summer;
    int32_t offset, summer_offset; /* "summer" is what POSIX calls dst; it need not be ahead */
    change summer_begins, summer_ends;
} rule;

struct mw_zone {
    mw_str name;
    unsigned char digest[MW_SHA256_SIZE]; /* of the bytes that it came from */
    int32_t first_offset; /* before the first transition */
    size_t transition_count;
    int64_t *transitions; /* strictly ascending */
    int32_t *offsets;     /* from each transition on */
    bool has_rule;              /* from the last transition on */
    rule rule;
};

/* ---- the footer: "EST5EDT,M3.2.0,M11.1.0" ---- */

static bool take_char(mw_str *rest, char c) {
    if (rest->size == 0 || rest->data[0] != c) return false;
    *rest = mw_str_slice(*rest, 1, rest->size);
    return true;
}

static bool take_number(mw_str *rest, int32_t least, int32_t most, int32_t *out) {
    int32_t value = 0;
    size_t i = 0;
    for (; i < rest->size && rest->data[i] >= '0' && rest->data[i] <= '9'; i++) {
        value = value * 10 + (rest->data[i] - '0');
        if (value > most) return false;
    }
    if (i == 0 || value < least) return false;
    *rest = mw_str_slice(*rest, i, rest->size);
    *out = value;
    return true;
}

/* Three letters or more, or anything in angle brackets. */
static bool take_abbreviation(mw_str *rest) {
    if (take_char(rest, '<')) {
        mw_str inside;
        return mw_str_split(rest, '>', &inside) && rest->data != NULL;
    }
    size_t i = 0;
    while (i < rest->size && ((rest->data[i] | 0x20) >= 'a' && (rest->data[i] | 0x20) <= 'z')) i++;
    *rest = mw_str_slice(*rest, i, rest->size);
    return i >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool take_time(mw_str *rest, int32_t *out) {
    bool negative = take_char(rest, '-');
    if (!negative) (void)take_char(rest, '+');
    int32_t hours, minutes = 0, seconds = 0;
    if (!take_number(rest, 0, RULE_TIME_MAX / HOUR, &hours)) return false;
    if (take_char(rest, ':')) {
        if (!take_number(rest, 0, 59, &minutes)) return false;
        if (take_char(rest, ':') && !take_number(rest, 0, 59, &seconds)) return false;
    }
    int32_t time = hours * HOUR + minutes * 60 + seconds;
    *out = negative ? -time : time;
    return true;
}

/* POSIX counts west of Greenwich; we count east. */
static bool take_offset(mw_str *rest, int32_t *out) {
    int32_t west;
    const int32_t most = OFFSET_MAX - HOUR; /* summer is ahead by an hour unless it says else */
    if (!take_time(rest, &west) || west > most || west < -most) return false;
    *out = -west;
    return true;
}

static bool take_change(mw_str *rest, change *out) {
    change c = {.time = 2 * HOUR};
    if (take_char(rest, 'M')) {
        c.kind = DAY_OF_MONTH;
        if (!take_number(rest, 1, 12, &c.month) || !take_char(rest, '.')) return false;
        if (!take_number(rest, 1, 5, &c.week) || !take_char(rest, '.')) return false;
        if (!take_number(rest, 0, 6, &c.day)) return false;
    } else if (take_char(rest, 'J')) {
        c.kind = DAY_FROM_1_NEVER_LEAP;
        if (!take_number(rest, 1, 365, &c.day)) return false;
    } else {
        c.kind = DAY_FROM_0;
        if (!take_number(rest, 0, 365, &c.day)) return false;
    }
    if (take_char(rest, '/') && !take_time(rest, &c.time)) return false;
    *out = c;
    return true;
}

static bool rule_read(mw_str text, rule *out) {
    rule r = {0};
    if (!take_abbreviation(&text) || !take_offset(&text, &r.offset)) return false;
    if (text.size > 0) {
        r.has_summer = true;
        if (!take_abbreviation(&text)) return false;
        r.summer_offset = r.offset + HOUR;
        if (text.size > 0 && text.data[0] != ',' && !take_offset(&text, &r.summer_offset))
            return false;
        if (!take_char(&text, ',') || !take_change(&text, &r.summer_begins)) return false;
        if (!take_char(&text, ',') || !take_change(&text, &r.summer_ends)) return false;
    }
    *out = r;
    return text.size == 0;
}

/* The time at which `c` comes in `year`, where the clocks that it ends show `offset`. */
static int64_t change_time(const change *c, int32_t year, int32_t offset) {
    mw_civil date = {.year = year, .month = 1, .day = 1};
    if (c->kind == DAY_OF_MONTH) {
        date.month = c->month;
        int32_t first_weekday = mw_civil_of(mw_civil_to_us(date)).weekday % 7;
        date.day += (c->day - first_weekday + 7) % 7 + (c->week - 1) * 7;
        while (mw_civil_of(mw_civil_to_us(date)).month != c->month) date.day -= 7;
    } else if (c->kind == DAY_FROM_0) {
        date.day += c->day;
    } else { /* day 60 is March 1 in each year */
        bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        date.day += c->day - 1 + (is_leap && c->day >= 60);
    }
    return mw_civil_to_us(date) / MW_SECOND_US + c->time - offset;
}

/* ---- periods: stretches of time in which the offset does not change ---- */

typedef struct {
    int32_t offset;
    int64_t begin; /* its first second; INT64_MIN if there is none */
    int64_t end;   /* the first second that is past it; INT64_MAX if there is none */
} period;

/* The changes of three years surely hold the last one up to `at` and the first one after it. */
static period period_by_rule(const rule *r, int64_t at) {
    period found = {r->offset, INT64_MIN, INT64_MAX};
    if (!r->has_summer) return found;
    int32_t year = mw_civil_of(at * MW_SECOND_US).year;
    for (int32_t y = year - 1; y <= year + 1; y++) {
        int64_t times[] = {change_time(&r->summer_begins, y, r->offset),
                           change_time(&r->summer_ends, y, r->summer_offset)};
        for (int i = 0; i < 2; i++) {
            if (times[i] > at) {
                if (times[i] < found.end) found.end = times[i];
            } else if (times[i] >= found.begin) { /* of two at once the later one to come rules */
                found.begin = times[i];
                found.offset = i == 0 ? r->summer_offset : r->offset;
            }
        }
    }
    return found;
}

static period period_at(const mw_zone *zone, int64_t at) {
    size_t low = 0, high = zone->transition_count; /* how many transitions are at or before `at` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->transitions[middle] <= at) low = middle + 1;
        else high = middle;
    }
    int64_t begin = low > 0 ? zone->transitions[low - 1] : INT64_MIN;
    if (low == zone->transition_count && zone->has_rule) {
        period by_rule = period_by_rule(&zone->rule, at);
        if (by_rule.begin < begin) by_rule.begin = begin;
        return by_rule;
    }
    return (period){low > 0 ? zone->offsets[low - 1] : zone->first_offset, begin,
                    low < zone->transition_count ? zone->transitions[low] : INT64_MAX};
}

static int64_t seconds_of(int64_t us) {
    return us / MW_SECOND_US - (us % MW_SECOND_US < 0);
}

int64_t mw_zone_offset_us(const mw_zone *zone, int64_t utc_us) {
    if (utc_us < MW_TIME_MIN) utc_us = MW_TIME_MIN;
    if (utc_us > MW_TIME_MAX) utc_us = MW_TIME_MAX;
    return period_at(zone, seconds_of(utc_us)).offset * MW_SECOND_US;
}

int64_t mw_zone_last_change_us(const mw_zone *zone, int64_t utc_us) {
    if (utc_us < MW_TIME_MIN || utc_us > MW_TIME_MAX) return MW_TIME_MIN;
    int64_t begin = period_at(zone, seconds_of(utc_us)).begin;
    return begin < MW_TIME_MIN / MW_SECOND_US ? MW_TIME_MIN : begin * MW_SECOND_US;
}

static void widen(int32_t offset, int32_t *least, int32_t *most) {
    if (offset < *least) *least = offset;
    if (offset > *most) *most = offset;
}

int64_t mw_zone_spread_us(const mw_zone *zone) {
    bool rules_alone = zone->transition_count == 0 && zone->has_rule;
    int32_t least = rules_alone ? zone->rule.offset : zone->first_offset, most = least;
    for (size_t i = 0; i < zone->transition_count; i++) widen(zone->offsets[i], &least, &most);
    if (zone->has_rule) widen(zone->rule.offset, &least, &most);
    if (zone->has_rule && zone->rule.has_summer) widen(zone->rule.summer_offset, &least, &most);
    return (most - least) * MW_SECOND_US;
}

mw_local_kind mw_zone_to_utc(const mw_zone *zone, int64_t local_us, int64_t *out_utc_us) {
    MW_ASSERT(local_us >= MW_TIME_MIN - MW_LOCAL_SLACK_US);
    MW_ASSERT(local_us <= MW_TIME_MAX + MW_LOCAL_SLACK_US);
    int64_t local = seconds_of(local_us), fraction_us = local_us - local * MW_SECOND_US;

    /* No clock is further off than OFFSET_MAX, so the first period lies at or before the reading
       that we look for: walk on until one holds it or the next one has jumped over it. */
    period now = period_at(zone, local - OFFSET_MAX);
    mw_local_kind kind = MW_LOCAL_UNIQUE;
    while (local - now.offset >= now.end) {
        period next = period_at(zone, now.end);
        if (local - next.offset < now.end) {
            kind = MW_LOCAL_ABSENT;
            break;
        }
        now = next;
    }
    *out_utc_us = (local - now.offset) * MW_SECOND_US + fraction_us;
    while (kind == MW_LOCAL_UNIQUE && now.end <= local + OFFSET_MAX) {
        period next = period_at(zone, now.end);
        int64_t utc = local - next.offset;
        if (utc >= now.end && utc < next.end) kind = MW_LOCAL_AMBIGUOUS;
        now = next;
    }
    return kind;
}

const mw_zone *mw_zone_utc(void) {
    static const mw_zone utc = {.name = {"UTC", 3}};
    return &utc;
}

mw_str mw_zone_name(const mw_zone *zone) {
    return zone->name;
}

mw_str mw_zone_digest(const mw_zone *zone) {
    return (mw_str){(const char *)zone->digest, sizeof zone->digest};
}

/* ---- TZif: header and data with 4-byte times, again with 8-byte times, footer ---- */

typedef struct {
    uint32_t utc_flags, standard_flags, leaps, transitions, types, characters;
} header;

static uint64_t read_big_endian(mw_reader *reader, size_t size) {
    mw_str bytes = mw_read_bytes(reader, size);
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size; i++) value = value << 8 | (unsigned char)bytes.data[i];
    return value;
}

static mw_status header_read(mw_reader *reader, header *out, mw_error *err) {
    mw_str bytes = mw_read_bytes(reader, HEADER_SIZE);
    if (bytes.size == 0 || !mw_str_starts(bytes, MW_STR("TZif")))
        return mw_fail(err, MW_MALFORMED, "header: must begin with TZif and have 44 bytes");
    if (bytes.data[4] < '2' || bytes.data[4] > '4')
        return mw_fail(err, MW_MALFORMED, "header: version must be 2 to 4, got byte %d",
                       (unsigned char)bytes.data[4]);
    mw_reader counts = {.rest = mw_str_slice(bytes, 20, HEADER_SIZE)};
    uint32_t *const fields[] = {&out->utc_flags,   &out->standard_flags, &out->leaps,
                                &out->transitions, &out->types,          &out->characters};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        *fields[i] = (uint32_t)read_big_endian(&counts, 4);
    return MW_OK;
}

/* The data of the first header, in 32 bits, are for old readers only. */
static void skip_old_data(mw_reader *reader, const header *h) {
    uint64_t size = (uint64_t)h->transitions * 5 + (uint64_t)h->types * TYPE_SIZE + h->characters +
                    (uint64_t)h->leaps * 8 + h->standard_flags + h->utc_flags;
    (void)mw_read_bytes(reader, size);
}

static mw_status header_check(const header *h, mw_error *err) {
    if (h->leaps > 0)
        return mw_fail(err, MW_INVALID, "leap seconds: must be none, got %u", h->leaps);
    if (h->types < 1 || h->types > MW_ZONE_TYPES_MAX)
        return mw_fail(err, MW_MALFORMED, "types: must be 1 to %d, got %u", MW_ZONE_TYPES_MAX,
                       h->types);
    if (h->transitions > MW_ZONE_TRANSITIONS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "transitions: must be at most %d, got %u",
                       MW_ZONE_TRANSITIONS_MAX, h->transitions);
    return MW_OK;
}

/* `types` holds six bytes for each: the offset in four of them, a flag, an abbreviation. */
static mw_status type_offset(mw_str types, size_t type, int32_t *out_offset, mw_error *err) {
    if (type >= types.size / TYPE_SIZE)
        return mw_fail(err, MW_MALFORMED, "transition: type must be below %zu, got %zu",
                       types.size / TYPE_SIZE, type);
    mw_reader reader = {.rest = mw_str_slice(types, type * TYPE_SIZE, types.size)};
    int32_t offset = (int32_t)read_big_endian(&reader, 4);
    if (offset > OFFSET_MAX || offset < -OFFSET_MAX)
        return mw_fail(err, MW_MALFORMED, "offset: must be within 26 hours, got %d s", offset);
    *out_offset = offset;
    return MW_OK;
}

static mw_status transitions_read(mw_arena *arena, mw_reader *reader, const header *h,
                                  mw_zone *zone, mw_error *err) {
    size_t room = (size_t)h->transitions + UNROLLED_MAX;
    int64_t *transitions = mw_arena_alloc(arena, room, sizeof *transitions);
    int32_t *offsets = mw_arena_alloc(arena, room, sizeof *offsets);
    if (!transitions || !offsets) return mw_fail(err, MW_NO_MEMORY, "no memory is left");
    for (size_t i = 0; i < h->transitions; i++) {
        transitions[i] = (int64_t)read_big_endian(reader, 8);
        if (!reader->failed && i > 0 && transitions[i] <= transitions[i - 1])
            return mw_fail(err, MW_MALFORMED, "transition %zu: must be later than the one before",
                           i);
    }
    mw_str type_of_each = mw_read_bytes(reader, h->transitions);
    mw_str types = mw_read_bytes(reader, (size_t)h->types * TYPE_SIZE);
    (void)mw_read_bytes(reader, (size_t)h->characters + h->standard_flags + h->utc_flags);
    if (reader->failed) return mw_fail(err, MW_MALFORMED, "data: must be whole, got a part");
    MW_TRY(type_offset(types, 0, &zone->first_offset, err));
    for (size_t i = 0; i < h->transitions; i++)
        MW_TRY(type_offset(types, (unsigned char)type_of_each.data[i], &offsets[i], err));
    zone->transition_count = h->transitions;
    zone->transitions = transitions;
    zone->offsets = offsets;
    return MW_OK;
}

/* Writes the rule's changes of this and the last century into the table, where finding one is 90
   times as quick as working it out. A table that ends before or after them is left as it is. */
static void unroll_rule(mw_zone *zone) {
    if (zone->transition_count == 0) return;
    size_t last = zone->transition_count - 1;
    if (zone->transitions[last] < UNROLLED_FROM || zone->transitions[last] >= UNROLLED_TO) return;
    period now = period_by_rule(&zone->rule, zone->transitions[last]);
    zone->offsets[last] = now.offset;
    for (int i = 0; i < UNROLLED_MAX && now.end < UNROLLED_TO; i++) {
        zone->transitions[++last] = now.end;
        now = period_by_rule(&zone->rule, now.end);
        zone->offsets[last] = now.offset;
    }
    zone->transition_count = last + 1;
}

/* A line with a line break on either side; an empty one has no rule. */
static mw_status footer_read(mw_reader *reader, mw_zone *zone, mw_error *err) {
    mw_str text, rest = reader->rest;
    if (!take_char(&rest, '\n') || !mw_str_split(&rest, '\n', &text) || !rest.data)
        return mw_fail(err, MW_MALFORMED, "footer: must stand between two line breaks");
    zone->has_rule = text.size > 0;
    if (zone->has_rule && !rule_read(text, &zone->rule))
        return mw_fail(err, MW_MALFORMED, "footer: must be a POSIX TZ rule, got \"%.*s\"",
                       MW_STR_ARGS(text));
    if (zone->has_rule) unroll_rule(zone);
    return MW_OK;
}

static mw_status zone_read(mw_arena *arena, mw_reader *reader, mw_zone *zone, mw_error *err) {
    header h;
    MW_TRY(header_read(reader, &h, err));
    skip_old_data(reader, &h);
    MW_TRY(header_read(reader, &h, err));
    MW_TRY(header_check(&h, err));
    MW_TRY(transitions_read(arena, reader, &h, zone, err));
    return footer_read(reader, zone, err);
}

mw_status mw_zone_parse(mw_arena *arena, mw_str name, mw_str tzif, const mw_zone **out_zone,
                        mw_error *err) {
    mw_zone *zone = mw_arena_alloc(arena, 1, sizeof *zone);
    mw_str kept_name = mw_str_copy(arena, name);
    if (!zone || !kept_name.data)
        return mw_fail(err, MW_NO_MEMORY, "time zone %.*s: no memory is left", MW_STR_ARGS(name));
    zone->name = kept_name;
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, tzif.data, tzif.size);
    mw_sha256_bytes(&sha, zone->digest);
    mw_reader reader = {.rest = tzif};
    mw_status status = zone_read(arena, &reader, zone, err);
    if (status != MW_OK)
        return mw_fail_within(err, status, "time zone %.*s", MW_STR_ARGS(name));
    *out_zone = zone;
    return MW_OK;
}
