/* When a model predicts: `on STREAM ...` or `every SPAN ... for KEYS of STREAM ...`. */
#include "lang/parser.h"

static bool parse_span(mw_parser *parser, int64_t *out_us) {
    mw_span_node span;
    if (!mw_parser_expect_span(parser, &span)) return false;
    *out_us = span.us;
    return true;
}

/* "at" "time" ("+" | "-") SPAN */
static bool parse_offset(mw_parser *parser, mw_moment_node *moment) {
    moment->offset_position = parser->token.position;
    if (parser->token.kind == MW_TOKEN_END) return true;
    if (!mw_parser_accept(parser, "at")) {
        mw_parser_refuse(parser, "at time - SPAN, or the end of the moment");
        return false;
    }
    if (!mw_parser_expect(parser, "time")) return false;
    bool is_minus = mw_parser_at(parser, "-");
    if (!is_minus && !mw_parser_at(parser, "+")) {
        mw_parser_refuse(parser, "+ or - and a span");
        return false;
    }
    mw_parser_advance(parser);
    int64_t span_us;
    if (!parse_span(parser, &span_us)) return false;
    moment->offset_us = is_minus ? -span_us : span_us;
    return true;
}

static bool parse_stream(mw_parser *parser, mw_moment_node *moment) {
    mw_token stream;
    if (!mw_parser_expect_name(parser, "a stream's name", &stream)) return false;
    moment->stream = stream.text;
    moment->stream_position = stream.position;
    return true;
}

/* ["each" LIST "as" NAME] */
static bool parse_each(mw_parser *parser, mw_moment_node *moment) {
    mw_token list, element;
    if (!mw_parser_accept(parser, "each")) return true;
    if (!mw_parser_expect_name(parser, "a field that is a list", &list) ||
        !mw_parser_expect(parser, "as") ||
        !mw_parser_expect_name(parser, "a name for its elements", &element))
        return false;
    moment->list = list.text;
    moment->list_position = list.position;
    moment->element = element.text;
    moment->element_position = element.position;
    return true;
}

static bool parse_on(mw_parser *parser, mw_moment_node *moment) {
    return parse_stream(parser, moment) && parse_each(parser, moment) &&
           parse_offset(parser, moment);
}

/* "mon 06:00", "06:00" */
static bool read_clock(mw_str text, mw_beat *beat) {
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    mw_str word, hour, minute;
    int64_t hours, minutes;
    mw_str rest = mw_str_trim(text);
    for (int32_t i = 0; i < 7; i++) {
        if (!mw_str_starts(rest, mw_str_of(days[i]))) continue;
        if (!mw_str_split(&rest, ' ', &word) || !mw_str_is(word, days[i])) return false;
        beat->weekday = i + 1;
        rest = mw_str_trim(rest);
        break;
    }
    if (rest.size != 5 || !mw_str_split(&rest, ':', &hour)) return false;
    minute = rest;
    if (!mw_str_to_int64(hour, &hours) || !mw_str_to_int64(minute, &minutes)) return false;
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return false;
    beat->clock_us = hours * MW_HOUR_US + minutes * MW_MINUTE_US;
    return true;
}

/* SPAN ["at" CLOCK] */
static bool parse_beat(mw_parser *parser, mw_moment_node *moment) {
    mw_position position = parser->token.position;
    mw_error err;
    if (!parse_span(parser, &moment->beat.span_us)) return false;
    if (mw_parser_accept(parser, "at")) {
        bool is_text = parser->token.kind == MW_TOKEN_TEXT;
        if (!is_text || !read_clock(parser->token.text, &moment->beat)) {
            mw_parser_refuse(parser, "a time of day such as \"06:00\" or \"mon 06:00\"");
            return false;
        }
        mw_parser_advance(parser);
    }
    if (mw_beat_check(moment->beat, &err) == MW_OK) return true;
    mw_complain(parser->compiler, position, MW_INVALID, "%s", err.message);
    return false;
}

static bool parse_keys(mw_parser *parser, mw_moment_node *moment) {
    do {
        if (moment->key_count == MW_MOMENT_KEYS_MAX) {
            mw_parser_refuse(parser, "at most 6 keys");
            return false;
        }
        mw_token name;
        if (!mw_parser_expect_name(parser, "a field that tells whom it is for", &name))
            return false;
        moment->keys[moment->key_count++] =
            (mw_key_node){.name = name.text, .position = name.position};
    } while (mw_parser_accept(parser, ","));
    return true;
}

/* "ahead" SPAN ".." SPAN */
static bool parse_ahead(mw_parser *parser, mw_moment_node *moment) {
    moment->ahead_position = parser->token.position;
    if (!mw_parser_accept(parser, "ahead")) return true;
    return parse_span(parser, &moment->ahead_first_us) && mw_parser_expect(parser, "..") &&
           parse_span(parser, &moment->ahead_last_us);
}

/* SPAN ["at" CLOCK] "for" KEYS "of" STREAM ["over" SPAN] ["where" COND] ["ahead" SPAN ".." SPAN] */
static bool parse_every(mw_parser *parser, mw_moment_node *moment) {
    moment->is_schedule = true;
    if (!parse_beat(parser, moment) || !mw_parser_expect(parser, "for") ||
        !parse_keys(parser, moment) || !mw_parser_expect(parser, "of") ||
        !parse_stream(parser, moment))
        return false;
    moment->over_position = parser->token.position;
    if (mw_parser_accept(parser, "over") && !parse_span(parser, &moment->over_us)) return false;
    moment->where_position = parser->token.position;
    if (mw_parser_accept(parser, "where")) {
        moment->where = mw_parser_expression(parser);
        if (!moment->where) return false;
    }
    return parse_ahead(parser, moment);
}

bool mw_parse_moment(mw_compiler *compiler, mw_source source, mw_moment_node *out_moment) {
    mw_parser parser;
    mw_parser_init(&parser, compiler, source);
    mw_moment_node moment = {.position = parser.token.position};
    bool is_good = false;
    if (mw_parser_accept(&parser, "on")) is_good = parse_on(&parser, &moment);
    else if (mw_parser_accept(&parser, "every")) is_good = parse_every(&parser, &moment);
    else mw_parser_refuse(&parser, "on STREAM or every SPAN for KEYS of STREAM");
    if (!is_good || !mw_parser_end(&parser)) return false;
    *out_moment = moment;
    return true;
}
