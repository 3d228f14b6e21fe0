#include "lang/source_compiler.h"

#include "lang/ask_compiler.h"
#include "lang/mend_compiler.h"
#include "lang/parser.h"
#include "lang/typing.h"

enum { AT_ONCE = -1 };
typedef enum { FIELD_NEW, FIELD_OPEN, FIELD_DONE } field_state;

/* What names mean in the keys of a stream: the row's own fields. */
typedef struct {
    mw_scope scope;
    const mw_stream_declaration *declaration;
    mw_stream_source *source;
    mw_named_source *fields; /* the declared ones: without windows, with them, asked for */
    const mw_node **nodes;   /* of these; NULL: could not be read, told already */
    size_t field_count;
    size_t plain_count;      /* of these: without windows, and not asked for */
    const mw_expr **exprs; /* one each a derived field; NULL until done, and of bad ones */
    field_state *states;   /* likewise */
    size_t *open;          /* the derived fields that wait for each other, outermost first */
    size_t open_count;
    size_t done_count;
    int32_t *group_of; /* of each row field: its group of later fields, or AT_ONCE */
    const mw_expr **group_times;
    mw_position *group_positions;
    int32_t group_count;
    bool knows_time;          /* `time` is the event's */
    const mw_expr *row_known; /* the base event's known time, over the row alone; NULL if bad */
} row_scope;

static void set_subject(row_scope *row, const char *key, mw_str name) {
    mw_compiler *compiler = row->scope.compiler;
    mw_str stream = row->declaration->name;
    compiler->subject =
        name.size == 0 ? mw_compiler_text(compiler, "streams.%.*s.%s", MW_STR_ARGS(stream), key)
                       : mw_compiler_text(compiler, "streams.%.*s.%s.%.*s", MW_STR_ARGS(stream),
                                          key, MW_STR_ARGS(name));
}

static void refuse_cycle(row_scope *row, size_t field, mw_position position) {
    mw_buf path;
    mw_buf_init(&path, 1024);
    size_t from = 0;
    while (row->open[from] != field) from++;
    for (; from < row->open_count; from++)
        mw_buf_printf(&path, "%.*s -> ", MW_STR_ARGS(row->fields[row->open[from]].name));
    mw_buf_append_str(&path, row->fields[field].name);
    mw_complain(row->scope.compiler, position, MW_INVALID, "the fields go in a circle: %.*s",
                MW_STR_ARGS(mw_buf_str(&path)));
    mw_buf_release(&path);
}

/* Compiles derived field number `field` unless that is done, after those that it reads. */
static void compile_field(row_scope *row, size_t field, mw_position position) {
    mw_compiler *compiler = row->scope.compiler;
    const mw_named_source *declared = &row->fields[field];
    if (row->states[field] == FIELD_DONE) return;
    if (row->states[field] == FIELD_OPEN) {
        refuse_cycle(row, field, position);
        return;
    }
    if (row->open_count == MW_NESTING_MAX) {
        mw_complain(compiler, position, MW_INVALID,
                    "fields must rest on each other at most %d deep", MW_NESTING_MAX);
        return;
    }
    mw_str subject = compiler->subject;
    set_subject(row, "fields", declared->name);
    row->states[field] = FIELD_OPEN;
    row->open[row->open_count++] = field;

    const mw_expr *expr = mw_type_node(&row->scope, row->nodes[field]);
    const mw_code *code = mw_expr_compile(compiler, expr, declared->source.position);
    size_t index = row->source->column_count + field;
    row->exprs[field] = expr;
    row->source->row.fields[index].type = code ? expr->type : MW_TYPE_COUNT;
    if (code) {
        row->source->fields[row->done_count] = code;
        row->source->field_indexes[row->done_count++] = (int32_t)index;
    }
    row->states[field] = FIELD_DONE;
    row->open_count--;
    compiler->subject = subject;
}

static void refuse_name(row_scope *row, const mw_node *node) {
    mw_compiler *compiler = row->scope.compiler;
    if (mw_str_is(node->text, "time")) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "`time` is not known before the key `time` is worked out");
        mw_complain_hint(compiler, "Name the column that holds it.");
        return;
    }
    bool is_near = mw_complain_field(compiler, node->position, node->text, &row->source->row,
                                     row->declaration->name);
    mw_nearest nearest = mw_nearest_to(node->text);
    mw_nearest_offer_text(&nearest, "always");
    if (!is_near && mw_str_ends(compiler->subject, MW_STR(".time")))
        mw_diagnose_nearest(compiler->diagnostics, &nearest);
}

/* Why a field of the row is there only when the event enters. */
static const char *entry_reason(const row_scope *row, size_t index) {
    size_t field_count = row->source->row.field_count;
    return index >= field_count - row->declaration->ask_count ? "is asked for" : "has a window";
}

static const mw_expr *resolve(mw_scope *scope, const mw_node *node) {
    row_scope *row = (row_scope *)scope;
    mw_compiler *compiler = scope->compiler;
    if (node->kind == MW_NODE_WINDOW || node->kind == MW_NODE_WITHIN) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "of a stream's keys only `fields` may hold a window, for that is worked out "
                    "when the event enters");
        return NULL;
    }
    if (node->kind == MW_NODE_MEMBER) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "a stream's keys see the fields of its own rows alone, got %.*s.%.*s",
                    MW_STR_ARGS(node->owner), MW_STR_ARGS(node->text));
        return NULL;
    }
    if (row->knows_time && mw_str_is(node->text, "time")) return mw_expr_time(compiler);
    int32_t index = mw_schema_find(&row->source->row, node->text);
    if (index == MW_NO_FIELD) {
        refuse_name(row, node);
        return NULL;
    }
    if ((size_t)index >= row->source->plain_count) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "the field %.*s %s, so it is worked out only when the event enters",
                    MW_STR_ARGS(node->text), entry_reason(row, (size_t)index));
        return NULL;
    }
    if ((size_t)index >= row->source->column_count)
        compile_field(row, (size_t)index - row->source->column_count, node->position);
    mw_field field = row->source->row.fields[index];
    if (field.type == MW_TYPE_COUNT) return NULL;
    return mw_expr_load(compiler, MW_OP_FIELD, field.type, index, field.name);
}

static bool reads_group(const row_scope *row, const mw_expr *expr, int32_t group) {
    if (expr->op == MW_OP_FIELD) return row->group_of[expr->operand] == group;
    for (size_t i = 0; i < expr->arg_count; i++)
        if (reads_group(row, expr->args[i], group)) return true;
    return false;
}

/* A field of the row that the expression reads and that is known only later, or MW_NO_FIELD. */
static int32_t later_field(const row_scope *row, const mw_expr *expr) {
    if (expr->op == MW_OP_FIELD)
        return row->group_of[expr->operand] == AT_ONCE ? MW_NO_FIELD : expr->operand;
    for (size_t i = 0; i < expr->arg_count; i++) {
        int32_t field = later_field(row, expr->args[i]);
        if (field != MW_NO_FIELD) return field;
    }
    return MW_NO_FIELD;
}

/* A key that must be known with the event; NULL after complaining. */
static const mw_expr *type_key(row_scope *row, const char *key, mw_source source) {
    mw_compiler *compiler = row->scope.compiler;
    set_subject(row, key, MW_STR(""));
    const mw_node *node = mw_parse_expression(compiler, source);
    const mw_expr *expr = mw_type_node(&row->scope, node);
    if (!expr) return NULL;
    int32_t later = later_field(row, expr);
    if (later == MW_NO_FIELD) return expr;
    mw_complain(compiler, source.position, MW_INVALID,
                "an event must not hang on a field that is known only later, got %.*s",
                MW_STR_ARGS(row->source->row.fields[later].name));
    mw_complain_hint(compiler, "Declare a stream of its own for what happens later.");
    return NULL;
}

static const mw_expr *type_time(row_scope *row, const mw_expr *expr, mw_position position) {
    if (!expr || expr->type == MW_TYPE_TIME) return expr;
    mw_complain(row->scope.compiler, position, MW_INVALID, "must be a time, got a %s",
                mw_type_name(expr->type));
    if (expr->type == MW_TYPE_NUMBER)
        mw_complain_hint(row->scope.compiler, "Times are written as 2013-01-31T08:15:00Z; seconds "
                                              "since 1970 are a number.");
    else if (expr->type == MW_TYPE_CATEGORY || expr->type == MW_TYPE_TEXT)
        mw_complain_hint(row->scope.compiler,
                         "Times are written as 2013-01-31T08:15:00Z: bring others, such as "
                         "31.01.2013, into this form first. Where too few rows show that the "
                         "column holds them, say so in `types`.");
    return NULL;
}

/* Whether the expression looks at other events or at what is asked for, by itself or by a field
   that does. */
static bool has_window(const row_scope *row, const bool *looks, const mw_node *node) {
    if (!node) return false;
    if (node->kind == MW_NODE_WINDOW || node->kind == MW_NODE_WITHIN) return true;
    for (size_t i = 0; node->kind == MW_NODE_NAME && i < row->declaration->field_count; i++)
        if (looks[i] && mw_str_equal(row->declaration->fields[i].name, node->text)) return true;
    for (size_t i = 0; node->kind == MW_NODE_NAME && i < row->declaration->ask_count; i++)
        if (mw_str_equal(row->declaration->asks[i].name, node->text)) return true;
    for (size_t i = 0; i < node->arg_count; i++)
        if (has_window(row, looks, node->args[i])) return true;
    return false;
}

static void read_asks(row_scope *row) {
    const mw_stream_declaration *declaration = row->declaration;
    for (size_t i = 0; i < declaration->ask_count; i++) {
        const mw_ask_declaration *ask = &declaration->asks[i];
        size_t field = declaration->field_count + i;
        set_subject(row, "ask", ask->name);
        row->fields[field] = (mw_named_source){ask->name, ask->position, ask->source};
        row->nodes[field] = mw_parse_expression(row->scope.compiler, ask->source);
    }
    row->field_count = declaration->field_count + declaration->ask_count;
}

/* Reads the declared fields and puts those with windows behind the others, and then those that are
   asked for. */
static bool read_fields(row_scope *row) {
    mw_compiler *compiler = row->scope.compiler;
    const mw_stream_declaration *declaration = row->declaration;
    size_t count = declaration->field_count, next = 0;
    const mw_node **nodes = mw_compiler_alloc(compiler, count, sizeof *nodes);
    bool *looks = mw_compiler_alloc(compiler, count, sizeof *looks), grows = true;
    row->fields =
        mw_compiler_alloc(compiler, count + declaration->ask_count, sizeof *row->fields);
    row->nodes = mw_compiler_alloc(compiler, count + declaration->ask_count, sizeof *row->nodes);
    if (compiler->out_of_memory) return false;
    for (size_t i = 0; i < count; i++) {
        set_subject(row, "fields", declaration->fields[i].name);
        nodes[i] = mw_parse_expression(compiler, declaration->fields[i].source);
    }
    while (grows) {
        grows = false;
        for (size_t i = 0; i < count; i++)
            if (!looks[i] && has_window(row, looks, nodes[i])) looks[i] = grows = true;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < count; i++) {
            if (looks[i] != (pass == 1)) continue;
            row->fields[next] = declaration->fields[i];
            row->nodes[next++] = nodes[i];
        }
        if (pass == 0) row->plain_count = next;
    }
    read_asks(row);
    return !compiler->out_of_memory;
}

/* The fields with windows and those that are asked for, as features of the event that enters. */
static bool list_entry(row_scope *row, mw_feature_list *out_entry) {
    mw_compiler *compiler = row->scope.compiler;
    size_t count = row->field_count - row->plain_count;
    size_t window_count = count - row->declaration->ask_count;
    mw_feature_syntax *items = mw_compiler_alloc(compiler, count, sizeof *items);
    if (!items) return false;
    for (size_t i = 0; i < count; i++) {
        const mw_named_source *field = &row->fields[row->plain_count + i];
        mw_str name = row->source->row.fields[row->source->plain_count + i].name;
        items[i] = (mw_feature_syntax){.name = name,
                                       .declared = name,
                                       .position = field->source.position,
                                       .node = row->nodes[row->plain_count + i]};
        if (i < window_count) continue;
        items[i].is_asked = true;
        items[i].answer = row->declaration->asks[i - window_count].gives;
    }
    *out_entry = (mw_feature_list){.items = items, .count = count, .capacity = count};
    return true;
}

/* The columns and the names of the derived fields, their types still open. */
static bool make_row(row_scope *row) {
    mw_compiler *compiler = row->scope.compiler;
    const mw_stream_declaration *declaration = row->declaration;
    size_t columns = declaration->columns.field_count, fields = row->field_count;
    mw_stream_source *source = row->source;
    source->name = mw_str_copy(compiler->arena, declaration->name);
    source->zone = mw_str_copy(compiler->arena, declaration->zone);
    if (!source->zone.data) compiler->out_of_memory = true;
    source->column_count = columns;
    source->plain_count = columns + row->plain_count;
    source->row.fields = mw_compiler_alloc(compiler, columns + fields, sizeof(mw_field));
    source->fields = mw_compiler_alloc(compiler, fields, sizeof(mw_code *));
    source->field_indexes = mw_compiler_alloc(compiler, fields, sizeof(int32_t));
    row->exprs = mw_compiler_alloc(compiler, fields, sizeof(mw_expr *));
    row->states = mw_compiler_alloc(compiler, fields, sizeof(field_state));
    row->open = mw_compiler_alloc(compiler, fields, sizeof(size_t));
    row->group_of = mw_compiler_alloc(compiler, columns + fields, sizeof(int32_t));
    row->group_times = mw_compiler_alloc(compiler, declaration->later_count, sizeof(mw_expr *));
    row->group_positions =
        mw_compiler_alloc(compiler, declaration->later_count, sizeof(mw_position));
    if (compiler->out_of_memory) return false;

    for (size_t i = 0; i < columns + fields; i++) {
        mw_field field = {.type = MW_TYPE_COUNT};
        if (i < columns) field = declaration->columns.fields[i];
        else field.name = row->fields[i - columns].name;
        field.name = mw_str_copy(compiler->arena, field.name);
        if (!field.name.data) compiler->out_of_memory = true;
        source->row.fields[i] = field;
        row->group_of[i] = AT_ONCE;
    }
    source->row.field_count = columns + fields;
    return source->name.data && !compiler->out_of_memory;
}

static void check_field_names(row_scope *row) {
    mw_compiler *compiler = row->scope.compiler;
    mw_schema *schema = &row->source->row;
    size_t columns = row->source->column_count;
    for (size_t i = columns; i < schema->field_count; i++) {
        mw_str name = schema->fields[i].name;
        mw_position position = row->fields[i - columns].position;
        set_subject(row, "fields", name);
        if (!mw_name_is_plain(name) || mw_str_is(name, "time"))
            mw_complain(compiler, position, MW_INVALID,
                        "a field's name must be letters, digits and _, and not `time`");
        if (mw_schema_find(schema, name) == (int32_t)i) continue;
        mw_complain(compiler, position, MW_INVALID,
                    "there is a column or field of this name "
                    "already");
        mw_complain_hint(compiler, "Give the derived field a name of its own.");
    }
}

static int32_t find_group(row_scope *row, const mw_expr *time, mw_position position) {
    mw_compiler *compiler = row->scope.compiler;
    mw_str text = mw_expr_text(compiler, time);
    for (int32_t i = 0; i < row->group_count; i++)
        if (mw_str_equal(mw_expr_text(compiler, row->group_times[i]), text)) return i;
    row->group_times[row->group_count] = time;
    row->group_positions[row->group_count] = position;
    return row->group_count++;
}

static void compile_laters(row_scope *row) {
    mw_compiler *compiler = row->scope.compiler;
    for (size_t i = 0; i < row->declaration->later_count; i++) {
        const mw_named_source *later = &row->declaration->laters[i];
        set_subject(row, "later", later->name);
        mw_node name = {.kind = MW_NODE_NAME, .text = later->name, .position = later->position};
        int32_t field = mw_schema_find(&row->source->row, later->name);
        if (field == MW_NO_FIELD) refuse_name(row, &name);
        const mw_node *node = mw_parse_expression(compiler, later->source);
        const mw_expr *time = mw_type_node(&row->scope, node);
        time = type_time(row, time, later->source.position);
        if (!time || field == MW_NO_FIELD) continue;
        if ((size_t)field >= row->source->plain_count) {
            mw_complain(compiler, later->position, MW_INVALID,
                        "%.*s %s, so it is worked out when the event enters, not later",
                        MW_STR_ARGS(later->name), entry_reason(row, (size_t)field));
            continue;
        }
        row->group_of[field] = find_group(row, time, later->source.position);
    }
}

static void compile_asks(row_scope *row) {
    const mw_stream_declaration *declaration = row->declaration;
    mw_stream_source *source = row->source;
    size_t first = row->field_count - declaration->ask_count;
    source->asks = mw_compiler_alloc(row->scope.compiler, declaration->ask_count, sizeof(mw_ask));
    if (!source->asks) return;
    source->ask_count = declaration->ask_count;
    for (size_t i = 0; i < source->ask_count; i++) {
        mw_ask_scope scope = {row->scope.compiler, source, row->nodes[first + i], row->group_of};
        set_subject(row, "ask", declaration->asks[i].name);
        source->asks[i].field = (int32_t)(source->column_count + first + i);
        mw_compile_ask(&scope, &source->asks[i]);
    }
}

/* What is worked out from a later field is known no earlier. */
static void check_derived(row_scope *row) {
    for (size_t i = 0; i < row->plain_count; i++) {
        const mw_named_source *field = &row->fields[i];
        if (!row->exprs[i] || row->group_of[row->source->column_count + i] != AT_ONCE) continue;
        int32_t later = later_field(row, row->exprs[i]);
        if (later == MW_NO_FIELD) continue;
        set_subject(row, "fields", field->name);
        mw_complain(row->scope.compiler, field->position, MW_INVALID,
                    "it is made from %.*s, which is known only later, so it must be listed in "
                    "`later` too",
                    MW_STR_ARGS(row->source->row.fields[later].name));
        mw_complain_hint(row->scope.compiler, "Add %.*s: TIME to `later` of %.*s.",
                         MW_STR_ARGS(field->name), MW_STR_ARGS(row->declaration->name));
    }
}

/* time, time + SPAN, time - SPAN or a column; NULL after complaining. */
static const mw_expr *type_known(row_scope *row, mw_stream *stream) {
    mw_compiler *compiler = row->scope.compiler;
    if (row->declaration->known.text.size == 0) return mw_expr_time(compiler);
    mw_source known = row->declaration->known;
    const mw_expr *expr = type_time(row, type_key(row, "known", known), known.position);
    if (!expr) return NULL;
    bool shifts = expr->op == MW_OP_SHIFT || expr->op == MW_OP_SHIFT_BACK;
    if (shifts && expr->args[0]->op == MW_OP_TIME && mw_expr_is_constant(expr->args[1])) {
        int64_t lag_us = expr->args[1]->constant.time;
        if (expr->op == MW_OP_SHIFT_BACK) lag_us = -lag_us;
        if (lag_us > 0) stream->lag_us = lag_us;
        else stream->ahead_us = -lag_us;
        return expr;
    }
    stream->known_is_column = expr->op == MW_OP_FIELD;
    if (expr->op == MW_OP_TIME || stream->known_is_column) return expr;
    mw_complain(compiler, known.position, MW_INVALID,
                "must be time, time + SPAN, time - SPAN or a column, got %.*s",
                MW_STR_ARGS(known.text));
    mw_complain_hint(compiler, "Here `time` is the event's time, whatever its column's name.");
    return NULL;
}

/* `known`, one of the forms above, with the event's time written out. */
static const mw_expr *known_of_row(mw_compiler *compiler, const mw_expr *known,
                                   const mw_expr *time) {
    if (!known || !time || known->op == MW_OP_FIELD) return known;
    if (known->op == MW_OP_TIME) return time;
    return mw_expr_binary(compiler, known->op, MW_TYPE_TIME, time, known->args[1]);
}

static const mw_code *code_of(row_scope *row, const mw_expr *expr) {
    return mw_expr_compile(row->scope.compiler, expr, row->declaration->position);
}

/* The fields that are known at once, and those of `group`. */
static bool make_schema(row_scope *row, int32_t group, mw_stream *stream) {
    const mw_schema *all = &row->source->row;
    mw_compiler *compiler = row->scope.compiler;
    stream->schema.fields = mw_compiler_alloc(compiler, all->field_count, sizeof(mw_field));
    stream->row_fields = mw_compiler_alloc(compiler, all->field_count, sizeof(int32_t));
    if (!stream->schema.fields || !stream->row_fields) return false;
    for (size_t i = 0; i < all->field_count; i++) {
        if (row->group_of[i] != AT_ONCE && row->group_of[i] != group) continue;
        if (i >= row->source->plain_count && group != AT_ONCE) break; /* another event's */
        stream->row_fields[stream->schema.field_count] = (int32_t)i;
        stream->schema.fields[stream->schema.field_count++] = all->fields[i];
    }
    if (group == AT_ONCE) stream->entry_count = all->field_count - row->source->plain_count;
    return true;
}

static bool id_is_good(row_scope *row, const mw_stream *stream, size_t i) {
    mw_compiler *compiler = row->scope.compiler;
    mw_str name = row->declaration->ids[i];
    mw_node node = {.kind = MW_NODE_NAME, .text = name, .position = row->declaration->id_position};
    int32_t in_row = mw_schema_find(&row->source->row, name);
    if (in_row == MW_NO_FIELD) {
        refuse_name(row, &node);
        return false;
    }
    if (mw_schema_find(&stream->schema, name) == MW_NO_FIELD) {
        mw_complain(compiler, node.position, MW_INVALID,
                    "an id must be known with the event, got %.*s, which is known only later",
                    MW_STR_ARGS(name));
        return false;
    }
    if ((size_t)in_row >= row->source->plain_count) {
        mw_complain(compiler, node.position, MW_INVALID,
                    "an id must be there before the event enters, got %.*s, which %s",
                    MW_STR_ARGS(name), entry_reason(row, (size_t)in_row));
        return false;
    }
    for (size_t j = 0; j < i; j++) {
        if (!mw_str_equal(row->declaration->ids[j], name)) continue;
        mw_complain(compiler, node.position, MW_INVALID, "names %.*s twice", MW_STR_ARGS(name));
        return false;
    }
    return true;
}

static void make_ids(row_scope *row, mw_stream *stream) {
    mw_compiler *compiler = row->scope.compiler;
    size_t count = row->declaration->id_count;
    set_subject(row, "id", MW_STR(""));
    if (count > MW_KEYS_MAX) {
        mw_complain(compiler, row->declaration->id_position, MW_INVALID,
                    "must name at most %d columns, got %zu", MW_KEYS_MAX, count);
        return;
    }
    stream->id_fields = mw_compiler_alloc(compiler, count, sizeof(int32_t));
    stream->id_by_name = mw_compiler_alloc(compiler, count, sizeof(int32_t));
    if (!stream->id_fields || !stream->id_by_name) return;
    for (size_t i = 0; i < count; i++) {
        if (!id_is_good(row, stream, i)) continue; /* with the others ids can still be compared */
        int32_t field = mw_schema_find(&stream->schema, row->declaration->ids[i]);
        size_t j = (size_t)stream->id_count++;
        stream->id_fields[j] = field;
        const mw_field *fields = stream->schema.fields;
        for (; j > 0; j--) {
            int32_t before = stream->id_by_name[j - 1];
            if (mw_str_compare(fields[before].name, fields[field].name) < 0) break;
            stream->id_by_name[j] = before;
        }
        stream->id_by_name[j] = field;
    }
}

/* What always held was known always, and nothing of it can come later. */
static void check_always(row_scope *row) {
    const mw_stream_declaration *declaration = row->declaration;
    if (declaration->known.text.size > 0) {
        set_subject(row, "known", MW_STR(""));
        mw_complain(row->scope.compiler, declaration->known.position, MW_INVALID,
                    "a stream with `time: always` is known always");
        mw_complain_hint(row->scope.compiler, "Leave `known` out, or say when an event happened.");
    }
    if (declaration->later_count > 0) {
        set_subject(row, "later", MW_STR(""));
        mw_complain(row->scope.compiler, declaration->laters[0].position, MW_INVALID,
                    "a stream with `time: always` has no later fields");
    }
}

static void make_base_stream(row_scope *row, mw_stream *stream) {
    mw_source time = row->declaration->time;
    const mw_expr *time_expr = NULL;
    stream->name = row->source->name;
    stream->late_us = row->declaration->late_us;
    if (!make_schema(row, AT_ONCE, stream)) return;
    if (time.text.size == 0) {
        set_subject(row, "time", MW_STR(""));
        mw_complain(row->scope.compiler, row->declaration->position, MW_INVALID,
                    "a stream must say which time its events have");
        mw_complain_hint(row->scope.compiler, "Add time: COLUMN.");
    } else if (mw_str_is(time.text, "always") &&
               mw_schema_find(&row->source->row, time.text) == MW_NO_FIELD) {
        time_expr = mw_expr_constant(row->scope.compiler, MW_TYPE_TIME,
                                     mw_cell_time(MW_TIME_ALWAYS));
        stream->time = code_of(row, time_expr);
        stream->is_always = true;
        stream->late_us = 0;
        check_always(row);
    } else {
        time_expr = type_time(row, type_key(row, "time", time), time.position);
        stream->time = code_of(row, time_expr);
    }
    row->knows_time = true;
    const mw_expr *known = type_known(row, stream);
    row->knows_time = false;
    stream->known = code_of(row, known);
    row->row_known = known_of_row(row->scope.compiler, known, time_expr);
    make_ids(row, stream);
}

/* The later of two times; `a` where `b` is missing. */
static const mw_expr *later_of(mw_compiler *compiler, const mw_expr *a, const mw_expr *b) {
    const mw_expr *is_later = mw_expr_binary(compiler, MW_OP_LESS, MW_TYPE_BOOL, a, b);
    return mw_expr_select(compiler, is_later, b, a);
}

/* Whether a derived field of the group is worked out from a field of the other group. */
static bool group_reads(const row_scope *row, int32_t group, int32_t other) {
    size_t columns = row->source->column_count;
    for (size_t i = 0; i < row->plain_count; i++)
        if (row->group_of[columns + i] == group && row->exprs[i] &&
            reads_group(row, row->exprs[i], other))
            return true;
    return false;
}

/* Its own time, but never before the base event is known, whose other fields it carries, nor
   before what its fields are worked out from. */
static const mw_expr *later_known(row_scope *row, int32_t group) {
    mw_compiler *compiler = row->scope.compiler;
    const mw_expr *known = mw_expr_time(compiler);
    if (row->row_known) known = later_of(compiler, known, row->row_known);
    for (int32_t other = 0; other < row->group_count; other++)
        if (other != group && group_reads(row, group, other))
            known = later_of(compiler, known, row->group_times[other]);
    return known;
}

static void make_later_stream(row_scope *row, int32_t group, const mw_stream *base,
                              mw_stream *stream) {
    mw_compiler *compiler = row->scope.compiler;
    mw_str text = mw_expr_text(compiler, row->group_times[group]);
    *stream = (mw_stream){.source = base->source,
                          .lag_us = base->lag_us,
                          .late_us = base->late_us,
                          .is_later = true,
                          .name = mw_compiler_text(compiler, "%.*s@%.*s", MW_STR_ARGS(base->name),
                                                   MW_STR_ARGS(text))};
    if (!make_schema(row, group, stream)) return;
    const mw_expr *present = NULL;
    for (size_t i = 0; i < row->source->row.field_count; i++) {
        mw_field field = row->source->row.fields[i];
        if (row->group_of[i] != group || field.type == MW_TYPE_COUNT) continue;
        const mw_expr *value =
            mw_expr_load(compiler, MW_OP_FIELD, field.type, (int32_t)i, field.name);
        const mw_expr *one = mw_expr_not_missing(compiler, value);
        present = present ? mw_expr_binary(compiler, MW_OP_OR, MW_TYPE_BOOL, present, one) : one;
    }
    stream->present = code_of(row, present);
    stream->time = mw_expr_compile(compiler, row->group_times[group], row->group_positions[group]);
    stream->known = code_of(row, later_known(row, group));
    make_ids(row, stream);
}

/* The row's field that is mended; NULL after complaining. */
static const mw_expr *mended_field(row_scope *row, const mw_mend_declaration *mend) {
    mw_node name = {.kind = MW_NODE_NAME, .text = mend->name, .position = mend->position};
    return resolve(&row->scope, &name);
}

static void compile_mend(row_scope *row, const mw_mend_declaration *mend) {
    mw_compiler *compiler = row->scope.compiler;
    const mw_expr *value = NULL;
    set_subject(row, mend->kind == MW_MEND_UNITS ? "units" : "clean", mend->name);
    const mw_expr *field = mended_field(row, mend);
    if (mend->kind == MW_MEND_DEFAULT)
        value = mw_type_node(&row->scope, mw_parse_expression(compiler, mend->value));
    if (!field) return;
    const mw_expr *expr = mw_compile_mend(compiler, mend, field, value);
    const mw_code *code = expr ? mw_expr_compile(compiler, expr, mend->position) : NULL;
    if (!code) return;
    row->source->mends[row->source->mend_count++] =
        (mw_mend){.field = field->operand,
                  .code = code,
                  .is_drop = mend->kind == MW_MEND_DROP,
                  .is_clean = mend->kind != MW_MEND_UNITS};
}

static void compile_mends(row_scope *row) {
    const mw_stream_declaration *declaration = row->declaration;
    size_t count = declaration->mend_count;
    row->source->mends =
        mw_compiler_alloc(row->scope.compiler, count + 1, sizeof *row->source->mends);
    for (size_t i = 0; row->source->mends && i < count; i++)
        compile_mend(row, &declaration->mends[i]);
}

static bool reads_field(const mw_code *code, int32_t field) {
    return code && mw_code_reads_field(code, field);
}

/* Time, known and id come before what is cleaned: they see a value as it is. */
static void check_mended(row_scope *row, const mw_stream *streams) {
    const mw_stream_source *source = row->source;
    for (size_t i = 0; i < source->mend_count; i++) {
        const mw_mend *mend = &source->mends[i];
        bool is_read = false;
        for (int32_t k = 0; k < source->stream_count; k++) {
            const mw_stream *stream = &streams[source->first_stream + k];
            is_read = is_read || reads_field(stream->time, mend->field) ||
                      reads_field(stream->known, mend->field);
            for (int32_t id = 0; id < stream->id_count; id++)
                is_read = is_read || stream->row_fields[stream->id_fields[id]] == mend->field;
        }
        if (!is_read || !mend->is_clean) continue;
        mw_str name = source->row.fields[mend->field].name;
        set_subject(row, "clean", name);
        mw_complain(row->scope.compiler, row->declaration->position, MW_INVALID,
                    "what makes the time, known or id of an event cannot be cleaned");
        mw_complain_hint(row->scope.compiler, "Make a field of it: fields: {mended: ...}.");
    }
}

mw_feature_list mw_compile_source(mw_compiler *compiler, const mw_stream_declaration *declaration,
                                  mw_stream_source *out_source, mw_stream *streams,
                                  size_t *stream_count) {
    mw_feature_list entry = {.items = NULL};
    row_scope row = {
        .scope = {compiler, resolve}, .declaration = declaration, .source = out_source};
    int32_t source_index = streams[*stream_count].source;
    out_source->first_stream = (int32_t)*stream_count;
    if (!read_fields(&row) || !make_row(&row) || !list_entry(&row, &entry)) return entry;
    check_field_names(&row);
    for (size_t i = 0; i < row.plain_count; i++) compile_field(&row, i, row.fields[i].position);
    compile_laters(&row);
    check_derived(&row);
    compile_asks(&row);
    if (declaration->where.text.size > 0) {
        const mw_expr *where = type_key(&row, "where", declaration->where);
        if (where && where->type != MW_TYPE_BOOL)
            mw_complain(compiler, declaration->where.position, MW_INVALID,
                        "must be a bool, got a %s", mw_type_name(where->type));
        out_source->where = code_of(&row, where);
    }
    compile_mends(&row);
    mw_stream *base = &streams[(*stream_count)++];
    base->source = source_index;
    make_base_stream(&row, base);
    for (int32_t group = 0; group < row.group_count; group++)
        make_later_stream(&row, group, base, &streams[(*stream_count)++]);
    out_source->stream_count = row.group_count + 1;
    check_mended(&row, streams);
    return entry;
}

static bool same_ids(const mw_stream *a, const mw_stream *b) {
    if (a->id_count != b->id_count) return false;
    for (int32_t i = 0; i < a->id_count; i++) {
        mw_field x = a->schema.fields[a->id_by_name[i]], y = b->schema.fields[b->id_by_name[i]];
        bool matches = x.type == y.type || (mw_type_is_text(x.type) && mw_type_is_text(y.type)) ||
                       x.type == MW_TYPE_COUNT || y.type == MW_TYPE_COUNT;
        if (!matches || !mw_str_equal(x.name, y.name)) return false;
    }
    return true;
}

int32_t mw_find_id_set(const mw_stream *streams, size_t stream_count, const mw_stream *stream) {
    for (size_t i = 0; i < stream_count && stream->id_count > 0; i++)
        if (streams[i].id_set >= 0 && same_ids(&streams[i], stream)) return streams[i].id_set;
    return -1;
}

void mw_compile_id_sets(mw_stream *streams, size_t stream_count) {
    int32_t set_count = 0;
    for (size_t i = 0; i < stream_count; i++) {
        streams[i].id_set = -1;
        if (streams[i].id_count == 0) continue;
        for (size_t j = 0; j < i && streams[i].id_set < 0; j++)
            if (same_ids(&streams[i], &streams[j])) streams[i].id_set = streams[j].id_set;
        if (streams[i].id_set < 0) streams[i].id_set = set_count++;
    }
}

bool mw_source_is_later(const mw_stream_source *source, const mw_stream *streams, mw_str field) {
    const mw_stream *base = &streams[source->first_stream];
    return mw_schema_find(&source->row, field) != MW_NO_FIELD &&
           mw_schema_find(&base->schema, field) == MW_NO_FIELD;
}
