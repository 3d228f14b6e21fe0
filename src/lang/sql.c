#include "lang/sql.h"

#include <string.h>

#include "base/letters.h"
#include "base/zone.h"
#include "lang/functions.h"
#include "lang/ngram_sql.h"
#include "lang/opcode.h"
#include "lang/outside_sql.h"

enum { SQL_SIZE_MAX = 1 << 24, MACROS_MAX = 40 };

/* --- macros --------------------------------------------------------------------------------- */

static const char macros[] =
    "CREATE OR REPLACE MACRO mw_number(x) AS CASE WHEN isfinite(x) THEN x + 0.0 END;\n"
    "CREATE OR REPLACE MACRO mw_span(us) AS\n"
    "  CASE WHEN abs(us) < 9223372036854775808.0 THEN CAST(round_even(us, 0) AS BIGINT) END;\n"
    "CREATE OR REPLACE MACRO mw_sqrt(x) AS CASE WHEN x >= 0 THEN sqrt(x) END;\n"
    "CREATE OR REPLACE MACRO mw_log(x) AS CASE WHEN x > 0 THEN ln(x) END;\n"
    "CREATE OR REPLACE MACRO mw_round(x, digits) AS mw_number(\n"
    "  round(x * pow(10.0, least(greatest(trunc(digits), 0.0), 15.0)))\n"
    "  / pow(10.0, least(greatest(trunc(digits), 0.0), 15.0)));\n"
    "CREATE OR REPLACE MACRO mw_clip(x, low, high) AS CASE\n"
    "  WHEN x IS NOT NULL AND low IS NOT NULL AND high IS NOT NULL\n"
    "  THEN CASE WHEN x < low THEN low WHEN x > high THEN high ELSE x END END;\n"
    "CREATE OR REPLACE MACRO mw_split(x, separator, n) AS CASE\n"
    "  WHEN n >= 1 AND n = floor(n) AND separator <> ''\n"
    "  THEN list_extract(string_split(x, separator), CAST(n AS BIGINT)) END;\n"
    /* The middle of a quantile's bucket: of 256 between two powers of two. */
    "CREATE OR REPLACE MACRO mw_power(x, near) AS\n"
    "  CASE WHEN near > x THEN near / 2 WHEN near * 2 <= x THEN near * 2 ELSE near END;\n"
    "CREATE OR REPLACE MACRO mw_width(x) AS greatest(pow(2.0, -1030.0),\n"
    "  mw_power(abs(x), pow(2.0, floor(log2(abs(x))))) / 256);\n"
    "CREATE OR REPLACE MACRO mw_middle(x) AS CASE WHEN x = 0 THEN 0.0\n"
    "  WHEN floor(abs(x) / mw_width(x)) = 0 THEN 0.0\n"
    "  ELSE sign(x) * (floor(abs(x) / mw_width(x)) + 0.5) * mw_width(x) END;\n"
    /* What is too large for an exact sum is missing to it (base/exact_sum.h). */
    "CREATE OR REPLACE MACRO mw_summed(x) AS\n"
    "  CASE WHEN abs(CAST(x AS DOUBLE)) < 9223372036854775808e0 THEN x END;\n"
    "CREATE OR REPLACE MACRO mw_floor(us, span) AS us - (us % span + span) % span;\n"
    "CREATE OR REPLACE MACRO mw_haversine(lat1, lon1, lat2, lon2) AS 2 * 6371.0088 * asin(sqrt(\n"
    "  least(1.0, pow(sin((lat2 * (pi() / 180) - lat1 * (pi() / 180)) / 2), 2)\n"
    "  + cos(lat1 * (pi() / 180)) * cos(lat2 * (pi() / 180))\n"
    "  * pow(sin((lon2 - lon1) * (pi() / 180) / 2), 2))));\n";

/* Every letter that changes, and what it becomes: DuckDB's own tables may be of another Unicode. */
static void append_case(const char *name, uint32_t (*change)(uint32_t), mw_buf *out) {
    mw_buf_printf(out, "CREATE OR REPLACE MACRO %s(x) AS translate(x,\n  '", name);
    for (uint32_t letter = 0; letter <= MW_LETTER_MAX; letter++)
        if (change(letter) != letter) mw_letter_append(out, letter);
    mw_buf_append_text(out, "',\n  '");
    for (uint32_t letter = 0; letter <= MW_LETTER_MAX; letter++)
        if (change(letter) != letter) mw_letter_append(out, change(letter));
    mw_buf_append_text(out, "');\n");
}

/* A list's element as base/json.h spells it, and the list of all parts of a text (table/list.h). */
static void append_list_macros(mw_buf *out) {
    mw_buf_append_text(out, "CREATE OR REPLACE MACRO mw_quoted(x) AS '\"' ||\n"
                            "  CASE WHEN regexp_matches(x, '[\\x00-\\x1f\"\\\\]') THEN ");
    for (int c = 0; c < ' ' + 2; c++) mw_buf_append_text(out, "replace(");
    mw_buf_append_text(out, "x, '\\', '\\\\'), '\"', '\\\"')");
    for (int c = 0; c < ' '; c++) {
        const char *letter = c == '\n' ? "n" : c == '\r' ? "r" : c == '\t' ? "t" : NULL;
        if (letter) mw_buf_printf(out, ", chr(%d), '\\%s')", c, letter);
        else mw_buf_printf(out, ", chr(%d), '\\u%04x')", c, (unsigned)c);
    }
    mw_buf_printf(out, " ELSE x END || '\"';\n"
                       "CREATE OR REPLACE MACRO mw_list(parts) AS CASE\n"
                       "  WHEN len(parts) <= %d AND strlen(array_to_string(parts, ',')) <= %d\n"
                       "  THEN '[' || array_to_string(parts, ',') || ']' END;\n"
                       "CREATE OR REPLACE MACRO mw_parts(x, separator) AS CASE\n"
                       "  WHEN separator <> '' THEN mw_list(\n"
                       "    [mw_quoted(part) FOR part IN string_split(x, separator)]) END;\n",
                  MW_LIST_ELEMENTS_MAX, MW_LIST_SIZE_MAX - 2);
}

static void append_all_macros(const mw_zone *zone, mw_buf *out) {
    mw_buf_append_text(out, macros);
    append_list_macros(out);
    append_case("mw_lower", mw_letter_lower, out);
    append_case("mw_upper", mw_letter_upper, out);
    mw_ngram_sql_append_macros(out);
    mw_outside_sql_append_macros(out);
    mw_buf_append_text(out, "CREATE OR REPLACE MACRO mw_local(us) AS ");
    mw_str name = mw_zone_name(zone);
    if (mw_str_is(name, "UTC")) mw_buf_append_text(out, "make_timestamp(us);\n");
    else mw_buf_printf(out, "timezone('%.*s', timezone('UTC', make_timestamp(us)));\n",
                       MW_STR_ARGS(name));
}

typedef struct {
    mw_str text, name; /* of the statement; what it is called by, with the bracket */
    bool is_used;
} macro;

static size_t find_macros(mw_str all, macro out_found[MACROS_MAX]) {
    const mw_str begin = MW_STR("CREATE OR REPLACE MACRO ");
    size_t count = 0;
    for (size_t i = 0; i < all.size; i++) {
        mw_str rest = mw_str_slice(all, i, all.size);
        bool begins_line = i == 0 || all.data[i - 1] == '\n';
        if (!begins_line || !mw_str_starts(rest, begin)) continue;
        const char *name = rest.data + begin.size, *bracket = memchr(name, '(', rest.size);
        MW_ASSERT(count < MACROS_MAX && bracket);
        out_found[count++] = (macro){rest, {name, (size_t)(bracket - name) + 1}, false};
    }
    for (size_t i = 0; i + 1 < count; i++)
        out_found[i].text.size = (size_t)(out_found[i + 1].text.data - out_found[i].text.data);
    return count;
}

/* Those that the text calls, and those that these call. */
static void use_macros(macro *found, size_t count, mw_str text) {
    for (size_t i = 0; i < count; i++) {
        mw_str name = found[i].name;
        if (found[i].is_used || !memmem(text.data, text.size, name.data, name.size)) continue;
        found[i].is_used = true;
        use_macros(found, count, found[i].text);
    }
}

void mw_sql_append_macros(const mw_zone *zone, mw_str query, mw_buf *out) {
    macro found[MACROS_MAX];
    mw_buf all;
    mw_buf_init(&all, SQL_SIZE_MAX);
    append_all_macros(zone, &all);
    size_t count = all.failed ? 0 : find_macros(mw_buf_str(&all), found);
    use_macros(found, count, query);
    for (size_t i = 0; i < count; i++)
        if (found[i].is_used) mw_buf_append_str(out, found[i].text);
    out->failed = out->failed || all.failed;
    mw_buf_release(&all);
}

/* --- functions ------------------------------------------------------------------------------ */

/* $1 .. $9: the arguments. A function whose arguments any number may be is written apart. */
static const struct {
    const char *name, *sql;
} functions[] = {
    {"abs", "abs($1)"},
    {"floor", "floor($1)"},
    {"ceil", "mw_number(ceil($1))"},
    {"sqrt", "mw_sqrt($1)"},
    {"log", "mw_log($1)"},
    {"log1p", "mw_log(1 + $1)"},
    {"exp", "mw_number(exp($1))"},
    {"sin", "sin($1)"},
    {"cos", "cos($1)"},
    {"pow", "mw_number(TRY(pow($1, $2)))"},
    {"clip", "mw_clip($1, $2, $3)"},
    {"haversine", "mw_haversine($1, $2, $3, $4)"},
    {"second", "CAST(second(mw_local($1)) AS DOUBLE)"},
    {"minute", "CAST(minute(mw_local($1)) AS DOUBLE)"},
    {"hour", "CAST(hour(mw_local($1)) AS DOUBLE)"},
    {"day", "CAST(day(mw_local($1)) AS DOUBLE)"},
    {"weekday", "CAST(isodow(mw_local($1)) AS DOUBLE)"},
    {"day_of_year", "CAST(dayofyear(mw_local($1)) AS DOUBLE)"},
    {"week", "CAST(week(mw_local($1)) AS DOUBLE)"},
    {"month", "CAST(month(mw_local($1)) AS DOUBLE)"},
    {"quarter", "CAST(quarter(mw_local($1)) AS DOUBLE)"},
    {"year", "CAST(year(mw_local($1)) AS DOUBLE)"},
    {"lower", "mw_lower($1)"},
    {"upper", "mw_upper($1)"},
    {"length", "CAST(length($1) AS DOUBLE)"},
    {"contains", "contains($1, $2)"},
    {"starts", "starts_with($1, $2)"},
    {"ends", "suffix($1, $2)"},
    {"split", "mw_split($1, $2, $3)"}, /* but for the list of all parts */
};

typedef struct {
    const mw_code *code;
    const mw_sql_names *names;
    const mw_symbols *symbols;
    mw_arena arena;
    mw_str stack[MW_CODE_STACK_MAX];
    mw_str *top; /* one past the last */
    mw_buf text; /* of the operation in hand */
} writer;

static void append_template(mw_buf *out, const char *sql, const mw_str *args) {
    for (; *sql; sql++) {
        if (*sql != '$') mw_buf_append_char(out, *sql);
        else mw_buf_append_str(out, args[*++sql - '1']);
    }
}

static void append_list(mw_buf *out, const mw_str *items, size_t count, const char *joint) {
    for (size_t i = 0; i < count; i++) {
        if (i > 0) mw_buf_append_text(out, joint);
        mw_buf_append_str(out, items[i]);
    }
}

/* Missing spreads here, where SQL would pass it over. */
static void append_if_none_missing(mw_buf *out, const mw_str *args, size_t count) {
    mw_buf_append_text(out, "CASE WHEN ");
    append_list(out, args, count, " IS NOT NULL AND ");
    mw_buf_append_text(out, " IS NOT NULL THEN ");
}

/* A list is the text of its JSON array in SQL too. False: none of what is called takes one. */
static bool write_list_call(mw_buf *out, const mw_function *function, const mw_str *args) {
    mw_str called = mw_str_of(function->name);
    bool has_texts = strchr(function->parameters, 'l') != NULL;
    if (!has_texts && !strchr(function->parameters, 'm')) return false;
    bool is_in = mw_str_is(called, "in");
    if (mw_str_is(called, "length")) {
        append_template(out, "CAST(json_array_length($1) AS DOUBLE)", args);
        return true;
    }
    mw_str list = args[is_in ? 1 : 0], element = args[is_in ? 0 : 1];
    mw_buf_printf(out, "list_contains(from_json(%.*s, '[\"%s\"]'), %.*s)", MW_STR_ARGS(list),
                  has_texts ? "VARCHAR" : "DOUBLE", MW_STR_ARGS(element));
    return true;
}

static mw_status write_call(writer *w, const mw_function *function, const mw_str *args,
                            size_t count, mw_error *err) {
    mw_buf *out = &w->text;
    mw_str called = mw_str_of(function->name);
    if (write_list_call(out, function, args)) return MW_OK;
    bool is_min = mw_str_is(called, "min");
    if (mw_str_is(called, "round")) {
        append_template(out, count == 1 ? "mw_number(round($1))" : "mw_round($1, $2)", args);
    } else if (is_min || mw_str_is(called, "max")) {
        append_if_none_missing(out, args, count);
        mw_buf_append_text(out, is_min ? "least(" : "greatest(");
        append_list(out, args, count, ", ");
        mw_buf_append_text(out, ") END");
    } else if (mw_str_is(called, "bucket")) {
        append_if_none_missing(out, args, count);
        for (size_t i = 1; i < count; i++)
            mw_buf_printf(out, "%sCAST(%.*s <= %.*s AS DOUBLE)", i > 1 ? " + " : "",
                          MW_STR_ARGS(args[i]), MW_STR_ARGS(args[0]));
        mw_buf_append_text(out, " END");
    } else if (mw_type_is_list(function->result)) {
        MW_ASSERT(mw_str_is(called, "split"));
        append_template(out, "mw_parts($1, $2)", args);
    } else if (mw_str_is(called, "concat")) {
        append_list(out, args, count, " || ");
    } else {
        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
            if (!mw_str_is(called, functions[i].name)) continue;
            append_template(out, functions[i].sql, args);
            return MW_OK;
        }
        return mw_fail(err, MW_NOT_BUILT, "SQL has no function %s", function->name);
    }
    return MW_OK;
}

/* --- instructions --------------------------------------------------------------------------- */

static const char *const operations[MW_OP_COUNT] = {
    [MW_OP_NEGATE] = "mw_number(-$1)",
    [MW_OP_ADD] = "mw_number($1 + $2)",
    [MW_OP_SUBTRACT] = "mw_number($1 - $2)",
    [MW_OP_MULTIPLY] = "mw_number($1 * $2)",
    [MW_OP_DIVIDE] = "mw_number($1 / $2)",
    [MW_OP_NEGATE_SPAN] = "-$1",
    [MW_OP_ADD_SPAN] = "$1 + $2",
    [MW_OP_SUBTRACT_SPAN] = "$1 - $2",
    [MW_OP_SCALE_SPAN] = "mw_span(CAST($1 AS DOUBLE) * $2)",
    [MW_OP_DIVIDE_SPAN] = "mw_span(CAST($1 AS DOUBLE) / $2)",
    [MW_OP_PROPORTION] = "mw_number(CAST($1 AS DOUBLE) / CAST($2 AS DOUBLE))",
    [MW_OP_SHIFT] = "$1 + $2",
    [MW_OP_SHIFT_BACK] = "$1 - $2",
    [MW_OP_ELAPSED] = "$1 - $2",
    [MW_OP_SECONDS] = "CAST($1 AS DOUBLE) / 1e6",
    [MW_OP_SPAN_OF_SECONDS] = "mw_span($1 * 1e6)",
    [MW_OP_NUMBER_OF_BOOL] = "CAST($1 AS DOUBLE)",
    [MW_OP_EQUAL_NUMBER] = "$1 = $2",
    [MW_OP_LESS_NUMBER] = "$1 < $2",
    [MW_OP_LESS_EQUAL_NUMBER] = "$1 <= $2",
    [MW_OP_EQUAL] = "$1 = $2",
    [MW_OP_LESS] = "$1 < $2",
    [MW_OP_LESS_EQUAL] = "$1 <= $2",
    [MW_OP_AND] = "$1 AND $2",
    [MW_OP_OR] = "$1 OR $2",
    [MW_OP_NOT] = "NOT $1",
    [MW_OP_MISSING] = "$1 IS NULL",
    [MW_OP_COALESCE] = "coalesce($1, $2)",
    [MW_OP_SELECT] = "CASE WHEN $2 THEN $3 ELSE $1 END",
};

static size_t arity_of(const char *sql) {
    return strstr(sql, "$3") ? 3 : strstr(sql, "$2") ? 2 : 1;
}

void mw_sql_append_name(mw_buf *out, mw_str name) {
    mw_buf_append_char(out, '"');
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '"') mw_buf_append_char(out, '"');
        mw_buf_append_char(out, name.data[i]);
    }
    mw_buf_append_char(out, '"');
}

static void append_text(mw_buf *out, mw_str text) {
    mw_buf_append_char(out, '\'');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '\'') mw_buf_append_char(out, '\'');
        mw_buf_append_char(out, text.data[i]);
    }
    mw_buf_append_char(out, '\'');
}

void mw_sql_append_comment(mw_buf *out, mw_str text) {
    mw_buf_append_text(out, "-- ");
    for (size_t i = 0; i < text.size; i++)
        mw_buf_append_char(out, (unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
    mw_buf_append_char(out, '\n');
}

void mw_sql_append_field(mw_buf *out, const char *row, mw_field field) {
    if (field.type == MW_TYPE_TIME) mw_buf_append_text(out, "epoch_us(");
    mw_buf_append_text(out, row);
    mw_sql_append_name(out, field.name);
    if (field.type == MW_TYPE_TIME) mw_buf_append_char(out, ')');
}

/* With an exponent, for 0.1 is a DECIMAL to SQL. */
static void append_number(mw_buf *out, double number) {
    size_t begin = out->size;
    mw_buf_append_double(out, number);
    mw_str text = mw_str_slice(mw_buf_str(out), begin, out->size);
    if (!memchr(text.data, 'e', text.size)) mw_buf_append_text(out, "e0");
}

static void append_constant(const writer *w, mw_type type, mw_cell cell, mw_buf *out) {
    switch (type) {
    case MW_TYPE_NUMBER:
        if (mw_cell_is_missing(type, cell)) mw_buf_append_text(out, "CAST(NULL AS DOUBLE)");
        else append_number(out, cell.number);
        break;
    case MW_TYPE_BOOL:
        mw_buf_append_text(out, mw_cell_is_missing(type, cell) ? "CAST(NULL AS BOOLEAN)"
                                : cell.boolean == MW_TRUE      ? "TRUE" : "FALSE");
        break;
    case MW_TYPE_TIME:
    case MW_TYPE_DURATION:
        if (mw_cell_is_missing(type, cell)) mw_buf_append_text(out, "CAST(NULL AS BIGINT)");
        else mw_buf_printf(out, "CAST(%lld AS BIGINT)", (long long)cell.time);
        break;
    default:
        if (mw_cell_is_missing(type, cell)) mw_buf_append_text(out, "CAST(NULL AS VARCHAR)");
        else append_text(out, mw_symbols_text(w->symbols, cell.symbol));
    }
}

/* list[0] is what is missing, which tells the kind of all. */
static void append_in(const writer *w, const mw_cell *list, size_t count, mw_str value,
                      mw_buf *out) {
    static const mw_type kinds[] = {MW_TYPE_NUMBER, MW_TYPE_BOOL, MW_TYPE_TIME, MW_TYPE_TEXT};
    size_t kind = 0;
    while (mw_cell_missing(kinds[kind]).bits != list[0].bits) kind++;
    mw_buf_printf(out, "%.*s IN (", MW_STR_ARGS(value));
    for (size_t i = 1; i <= count; i++) {
        if (i > 1) mw_buf_append_text(out, ", ");
        append_constant(w, kinds[kind], list[i], out);
    }
    mw_buf_append_char(out, ')');
}

/* Numbers side by side have nothing to do with each other; n-grams are counted in what stands in
   a column; for the other kinds SQL has no functions, so they were looked up in what they gave. */
static mw_status write_number_of_vector(writer *w, size_t index, mw_error *err) {
    const mw_vector *vector = w->code->vector;
    if (vector->kind == MW_VECTOR_NUMBERS)
        return mw_code_append_sql(vector->args[index], w->names, w->symbols, &w->text, err);
    if (vector->kind == MW_VECTOR_NGRAMS) {
        mw_ngram_sql_append_number(vector, index, w->names->columns, &w->text);
        return MW_OK;
    }
    if (w->names->has_outside) {
        mw_outside_sql_append_number(vector, index, w->names->columns, &w->text);
        return MW_OK;
    }
    return mw_fail(err, MW_NOT_BUILT, "%s", vector->kind == MW_VECTOR_PIXELS
                                                ? "SQL sees no pictures" : "SQL runs no network");
}

/* Writes what the instruction says of the `count` operands that it takes off the stack. */
static mw_status write_instruction(writer *w, mw_instruction now, size_t *out_count,
                                   mw_error *err) {
    mw_buf *out = &w->text;
    const mw_sql_names *names = w->names;
    const char *operation = operations[now.op];
    *out_count = operation ? arity_of(operation) : now.op == MW_OP_IN ? 1 : 0;
    if (now.op == MW_OP_CALL) *out_count = now.count;
    const mw_str *args = w->top - *out_count;
    switch ((mw_opcode)now.op) {
    case MW_OP_FIELD:
        mw_sql_append_field(out, names->row, names->schema->fields[now.operand]);
        return MW_OK;
    case MW_OP_NOW:
        mw_sql_append_field(out, names->now, names->now_schema->fields[now.operand]);
        return MW_OK;
    case MW_OP_WINDOW:
        mw_buf_append_text(out, names->columns);
        mw_sql_append_name(out, names->windows->fields[now.operand].name);
        return MW_OK;
    case MW_OP_FEATURE:
        mw_buf_append_text(out, names->columns);
        mw_sql_append_name(out, names->features->fields[now.operand].name);
        return MW_OK;
    case MW_OP_WITHIN:
        mw_buf_append_text(out, names->columns);
        mw_sql_append_name(out, names->withins->fields[now.operand].name);
        return MW_OK;
    case MW_OP_TIME: mw_buf_append_text(out, names->time); return MW_OK;
    case MW_OP_NOW_TIME: mw_buf_append_text(out, names->now_time); return MW_OK;
    case MW_OP_CONSTANT:
        append_constant(w, (mw_type)now.count, w->code->constants[now.operand], out);
        return MW_OK;
    case MW_OP_IN:
        append_in(w, w->code->constants + now.operand, now.count, args[0], out);
        return MW_OK;
    case MW_OP_VECTOR: return write_number_of_vector(w, (size_t)now.operand, err);
    case MW_OP_CALL:
        return write_call(w, mw_function_at(now.operand), args, now.count, err);
    default: append_template(out, operation, args); return MW_OK;
    }
}

static mw_status push(writer *w, mw_instruction now, mw_error *err) {
    size_t count;
    mw_buf_clear(&w->text);
    bool is_operation = now.op > MW_OP_CONSTANT && now.op != MW_OP_CALL;
    if (is_operation) mw_buf_append_char(&w->text, '(');
    MW_TRY(write_instruction(w, now, &count, err));
    if (is_operation) mw_buf_append_char(&w->text, ')');
    MW_TRY(mw_buf_check(&w->text, "an expression in SQL", err));
    w->top -= count;
    *w->top = mw_str_copy(&w->arena, mw_buf_str(&w->text));
    if (!w->top->data) return mw_fail(err, MW_TOO_LARGE, "sql: an expression is too large");
    w->top++;
    return MW_OK;
}

mw_status mw_code_append_sql(const mw_code *code, const mw_sql_names *names,
                             const mw_symbols *symbols, mw_buf *out, mw_error *err) {
    writer *w = mw_allocate(sizeof *w);
    if (!w) return mw_fail(err, MW_NO_MEMORY, "sql: no memory for an expression");
    *w = (writer){.code = code, .names = names, .symbols = symbols};
    w->top = w->stack;
    mw_arena_init(&w->arena, SQL_SIZE_MAX);
    mw_buf_init(&w->text, SQL_SIZE_MAX);
    mw_status status = MW_OK;
    for (size_t i = 0; i < code->instruction_count && status == MW_OK; i++)
        status = push(w, code->instructions[i], err);
    if (status == MW_OK) mw_buf_append_str(out, w->stack[0]);
    mw_buf_release(&w->text);
    mw_arena_release(&w->arena);
    mw_free(w);
    return status;
}
