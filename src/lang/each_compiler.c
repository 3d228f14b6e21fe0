/* Moments of `each`: their stream, and what is asked across those of one event. */
#include <string.h>

#include "lang/aggregate.h"
#include "lang/asked.h"
#include "lang/lexer.h"
#include "lang/model_compiler.h"
#include "lang/source_compiler.h"
#include "table/list.h"

enum { WITHINS_MAX = 256 };

/* --- on STREAM each LIST as NAME ---------------------------------------------------------- */

static void refuse_list(mw_moment_scope *moment, const mw_moment_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_schema *schema = &moment->stream->schema;
    int32_t field = mw_schema_find(schema, node->list);
    if (field != MW_NO_FIELD) {
        mw_complain(compiler, node->list_position, MW_INVALID,
                    "`each` goes through a list, but %.*s is a %s", MW_STR_ARGS(node->list),
                    mw_type_name(schema->fields[field].type));
        mw_complain_hint(compiler, "A column of JSON arrays is one by types: {%.*s: list}.",
                         MW_STR_ARGS(node->list));
        return;
    }
    mw_complain_field(compiler, node->list_position, node->list, schema, moment->stream->name);
}

static bool check_element(mw_moment_scope *moment, const mw_moment_node *node) {
    mw_str name = node->element;
    static const char *const taken[] = {"time", "now", "id", "version", "prediction",
                                        "probability", "probabilities", "decision", "fallback",
                                        "recorded", "why", "features"}; /* members of an answer */
    bool is_taken = mw_schema_find(&moment->stream->schema, name) != MW_NO_FIELD;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        is_taken = is_taken || mw_str_is(name, taken[i]);
    if (mw_name_is_plain(name) && !is_taken) return true;
    mw_complain(moment->scope.compiler, node->element_position, MW_INVALID,
                "an element's name must be letters, digits and _, and not time, a member of an "
                "answer or a field of %.*s, got %.*s",
                MW_STR_ARGS(moment->stream->name), MW_STR_ARGS(name));
    return false;
}

/* The event's fields and the element; its id is theirs together. */
static bool make_stream(mw_moment_scope *moment, mw_field element, mw_stream *stream) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_stream *announcer = moment->stream;
    size_t field_count = announcer->schema.field_count, id_count = (size_t)announcer->id_count;
    *stream = (mw_stream){.source = announcer->source, .is_of_moments = true};
    stream->name = mw_compiler_text(compiler, "%.*s@each", MW_STR_ARGS(moment->model->name));
    stream->schema.fields = mw_compiler_alloc(compiler, field_count + 1, sizeof(mw_field));
    stream->row_fields = mw_compiler_alloc(compiler, field_count + 1, sizeof(int32_t));
    stream->id_fields = mw_compiler_alloc(compiler, id_count + 1, sizeof(int32_t));
    stream->id_by_name = mw_compiler_alloc(compiler, id_count + 1, sizeof(int32_t));
    if (compiler->out_of_memory) return false;
    memcpy(stream->schema.fields, announcer->schema.fields, field_count * sizeof(mw_field));
    stream->schema.fields[field_count] = element;
    stream->schema.field_count = field_count + 1;
    if (id_count == 0) return true; /* what cannot be told apart has no parts either */
    memcpy(stream->id_fields, announcer->id_fields, id_count * sizeof(int32_t));
    memcpy(stream->id_by_name, announcer->id_by_name, id_count * sizeof(int32_t));
    stream->id_fields[id_count] = (int32_t)field_count;
    size_t at = id_count;
    for (; at > 0; at--) {
        mw_str before = stream->schema.fields[stream->id_by_name[at - 1]].name;
        if (mw_str_compare(before, element.name) < 0) break;
        stream->id_by_name[at] = stream->id_by_name[at - 1];
    }
    stream->id_by_name[at] = (int32_t)field_count;
    stream->id_count = (int32_t)id_count + 1;
    return true;
}

bool mw_compile_each(mw_moment_scope *moment, const mw_moment_node *node, mw_program *program) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_schema *schema = &moment->stream->schema;
    int32_t list = mw_schema_find(schema, node->list);
    mw_type type = list == MW_NO_FIELD ? MW_TYPE_NUMBER : schema->fields[list].type;
    if (type == MW_TYPE_COUNT) return false; /* a mistake in the stream, told there */
    if (!mw_type_is_list(type)) refuse_list(moment, node);
    if (!mw_type_is_list(type) || !check_element(moment, node)) return false;
    mw_each *each = mw_compiler_alloc(compiler, 1, sizeof *each);
    mw_stream *stream = &program->streams[program->stream_count];
    mw_field element = {mw_str_copy(compiler->arena, node->element), mw_list_element_type(type)};
    moment->model->withins =
        mw_compiler_alloc(compiler, WITHINS_MAX, sizeof *moment->model->withins);
    if (!element.name.data) compiler->out_of_memory = true;
    if (compiler->out_of_memory || !make_stream(moment, element, stream)) return false;
    stream->id_set = mw_find_id_set(program->streams, program->stream_count, stream);
    *each = (mw_each){.stream = moment->model->moment_stream,
                      .list = list,
                      .element = (int32_t)schema->field_count};
    moment->model->each = each;
    moment->model->moment_stream = (int32_t)program->stream_count++;
    moment->stream = stream;
    return true;
}

/* --- AGG(EXPR within moment) -------------------------------------------------------------- */

void mw_refuse_within_key(mw_compiler *compiler, mw_position position) {
    mw_complain(compiler, position, MW_INVALID,
                "a key cannot ask across the moments of one event, for that takes the windows of "
                "all of them, and this key's is one");
    mw_complain_hint(compiler, "Find by a key of the moment's own, and ask across what was found.");
}

static bool check_place(mw_moment_scope *moment, mw_position position) {
    mw_compiler *compiler = moment->scope.compiler;
    if (moment->entered) {
        mw_complain(compiler, position, MW_INVALID,
                    "`within moment` has no meaning in a field of a stream");
    } else if (!moment->model->each) {
        mw_complain(compiler, position, MW_INVALID, "`within moment` needs a moment with `each`");
        mw_complain_hint(compiler, "Such a one is on STREAM each LIST as NAME.");
    } else if (moment->in_label) {
        mw_complain(compiler, position, MW_INVALID,
                    "a label is of one moment: it cannot ask across those of one event");
        mw_complain_hint(compiler, "What is known at the moment can be a feature, best: x = "
                                   "max(x within moment), and a label may read that.");
    } else if (moment->in_key) {
        mw_refuse_within_key(compiler, position);
    } else {
        return true;
    }
    return false;
}

static bool find_aggregate(mw_compiler *compiler, const mw_node *node,
                           mw_aggregate *out_aggregate) {
    static const struct {
        const char *word;
        mw_aggregate aggregate;
    } built[] = {{"count", MW_AGGREGATE_COUNT}, {"sum", MW_AGGREGATE_SUM},
                 {"mean", MW_AGGREGATE_MEAN},   {"min", MW_AGGREGATE_MIN},
                 {"max", MW_AGGREGATE_MAX},     {"var", MW_AGGREGATE_VAR},
                 {"std", MW_AGGREGATE_STD},     {"any", MW_AGGREGATE_ANY},
                 {"all", MW_AGGREGATE_ANY},     {"quantile", MW_AGGREGATE_QUANTILE},
                 {"top", MW_AGGREGATE_TOP},     {"distinct", MW_AGGREGATE_DISTINCT}};
    static const char *const of_time[] = {"first", "last", "since", "trend"};
    for (size_t i = 0; i < sizeof built / sizeof *built; i++) {
        if (!mw_str_is(node->text, built[i].word)) continue;
        *out_aggregate = built[i].aggregate;
        return true;
    }
    for (size_t i = 0; i < sizeof of_time / sizeof *of_time; i++) {
        if (!mw_str_is(node->text, of_time[i])) continue;
        mw_complain(compiler, node->position, MW_INVALID,
                    "the moments of one event are at one time: there is no %s of them",
                    of_time[i]);
        return false;
    }
    mw_complain(compiler, node->position, MW_INVALID, "there is no %.*s within moment",
                MW_STR_ARGS(node->text));
    return false;
}

/* The canonical spelling: equal exactly for what means the same. */
static mw_str write_within(mw_compiler *compiler, const mw_expr *value, const mw_window *of) {
    mw_buf text;
    mw_buf_init(&text, 2 * MW_EXPRESSION_SIZE_MAX);
    mw_aggregate_write(of, &text);
    mw_buf_append_char(&text, '(');
    mw_expr_write(compiler, value, &text);
    mw_buf_append_text(&text, " within moment)");
    mw_str spelling = mw_str_copy(compiler->arena, mw_buf_str(&text));
    if (text.failed || !spelling.data) compiler->out_of_memory = true;
    mw_buf_release(&text);
    return compiler->out_of_memory ? MW_STR("") : spelling;
}

/* The one with this spelling, or a new one; -1 after complaining. */
static int32_t add_within(mw_moment_scope *moment, const mw_node *node, const mw_expr *value,
                          mw_window of) {
    mw_compiler *compiler = moment->scope.compiler;
    mw_model_program *model = moment->model;
    of.text = write_within(compiler, value, &of);
    if (!of.text.data) return -1;
    for (size_t i = 0; i < model->within_count; i++)
        if (mw_str_equal(model->withins[i].of.text, of.text)) return (int32_t)i;
    if (model->within_count == WITHINS_MAX) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "there must be at most %d different aggregates within moment", WITHINS_MAX);
        return -1;
    }
    const mw_code *code = mw_expr_compile(compiler, value, node->position);
    if (!code) return -1;
    if (of.aggregate == MW_AGGREGATE_ANY) of.condition = code;
    else if (of.aggregate != MW_AGGREGATE_COUNT) of.value = code;
    of.process = mw_asked_of_within(moment->program, model, &of);
    model->withins[model->within_count] = (mw_within){.of = of, .after = moment->done_count};
    return (int32_t)model->within_count++;
}

static const mw_expr *load_within(mw_moment_scope *moment, const mw_node *node,
                                  const mw_expr *value, mw_window of) {
    int32_t index = value ? add_within(moment, node, value, of) : -1;
    return index < 0 ? NULL
                     : mw_expr_load(moment->scope.compiler, MW_OP_WITHIN, of.type, index,
                                    moment->model->withins[index].of.text);
}

const mw_expr *mw_compile_within(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    mw_window of = {.stream = -1, .since = -1};
    if (!check_place(moment, node->position)) return NULL;
    if (!find_aggregate(compiler, node, &of.aggregate) ||
        !mw_aggregate_take_fraction(compiler, node->window, &of))
        return NULL;
    const mw_expr *value = mw_type_node(&moment->scope, node->args[0]);
    if (!value) return NULL;
    mw_type type = value->type;
    value = mw_aggregate_take_value(compiler, node->args[0]->position, node->text, value, &of);
    if (value && mw_str_is(node->text, "all")) {
        const mw_expr *not_value = mw_expr_unary(compiler, MW_OP_NOT, MW_TYPE_BOOL, value);
        const mw_expr *has_false = load_within(moment, node, not_value, of);
        return mw_aggregate_all(compiler, has_false, load_within(moment, node, value, of));
    }
    const mw_expr *load = load_within(moment, node, value, of);
    if (!load || !mw_aggregate_is_of_seconds(&of, type)) return load;
    return mw_expr_unary(compiler, MW_OP_SPAN_OF_SECONDS, MW_TYPE_DURATION, load);
}
