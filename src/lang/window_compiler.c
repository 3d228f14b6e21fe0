/* Windows: which stream they read, what they hold, when, and for whom. */
#include "lang/aggregate.h"
#include "lang/asked.h"
#include "lang/lexer.h"
#include "lang/model_compiler.h"
#include "lang/range.h"
#include "lang/source_compiler.h"

#include <assert.h>
#include <string.h>

static_assert((int)MW_KEYS_MAX == (int)MW_WINDOW_KEYS_MAX, "what can be written can be run");

/* What names mean inside an aggregate: the event's fields. */
typedef struct {
    mw_scope scope;
    mw_moment_scope *moment;
    const mw_stream_source *source;
    const mw_stream *stream;
} event_scope;

typedef enum { VALUE_NONE, VALUE_OPTIONAL, VALUE_NEEDED } value_rule;

typedef struct {
    const char *word;
    mw_aggregate aggregate;
    value_rule value;
    bool takes_all_past; /* `over` may be left out */
} aggregate_rule;

static const aggregate_rule rules[] = {
    {"count", MW_AGGREGATE_COUNT, VALUE_OPTIONAL, true},
    {"sum", MW_AGGREGATE_SUM, VALUE_NEEDED, false},
    {"mean", MW_AGGREGATE_MEAN, VALUE_NEEDED, false},
    {"min", MW_AGGREGATE_MIN, VALUE_NEEDED, false},
    {"max", MW_AGGREGATE_MAX, VALUE_NEEDED, false},
    {"first", MW_AGGREGATE_FIRST, VALUE_NEEDED, true},
    {"last", MW_AGGREGATE_LAST, VALUE_NEEDED, true},
    {"any", MW_AGGREGATE_ANY, VALUE_OPTIONAL, true},
    {"all", MW_AGGREGATE_ANY, VALUE_NEEDED, false}, /* what two of any say */
    {"since", MW_AGGREGATE_SINCE, VALUE_NONE, true},
    {"var", MW_AGGREGATE_VAR, VALUE_NEEDED, false},
    {"std", MW_AGGREGATE_STD, VALUE_NEEDED, false},
    {"trend", MW_AGGREGATE_TREND, VALUE_NEEDED, false},
    {"quantile", MW_AGGREGATE_QUANTILE, VALUE_NEEDED, false},
    {"distinct", MW_AGGREGATE_DISTINCT, VALUE_NEEDED, false},
    {"top", MW_AGGREGATE_TOP, VALUE_NEEDED, false},
    {"ratio", MW_AGGREGATE_COUNT, VALUE_NONE, false}, /* a quotient of two counts */
};

static const aggregate_rule *rule_of(mw_str word) {
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (mw_str_is(word, rules[i].word)) return &rules[i];
    return NULL;
}

/* False if no field is named nearly so. */
static bool refuse_field(event_scope *event, mw_str name, mw_position position) {
    const mw_stream_source *source = event->source; /* the later ones too */
    return mw_complain_field(event->scope.compiler, position, name, &source->row, source->name);
}

/* Whether the source has a field of this name that is worked out only as the event enters. */
static bool is_entry_field(const event_scope *event, mw_str name) {
    int32_t index = mw_schema_find(&event->source->row, name);
    return index != MW_NO_FIELD && (size_t)index >= event->source->plain_count;
}

static const mw_expr *resolve(mw_scope *scope, const mw_node *node) {
    event_scope *event = (event_scope *)scope;
    mw_compiler *compiler = scope->compiler;
    if (node->kind == MW_NODE_WINDOW || node->kind == MW_NODE_WITHIN) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "a window must not stand inside another window");
        mw_complain_hint(compiler, "Make the inner one a feature, or a field of the stream.");
        return NULL;
    }
    if (node->kind == MW_NODE_MEMBER && mw_str_is(node->owner, "now"))
        return mw_expr_now(compiler, mw_type_node(&event->moment->scope, node));
    if (node->kind == MW_NODE_MEMBER) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "a window over %.*s sees its own fields alone, got %.*s.%.*s",
                    MW_STR_ARGS(event->source->name), MW_STR_ARGS(node->owner),
                    MW_STR_ARGS(node->text));
        return NULL;
    }
    if (mw_str_is(node->text, "time")) {
        if (!event->stream->is_always) return mw_expr_time(compiler);
        mw_complain(compiler, node->position, MW_INVALID,
                    "an event of %.*s has no time, for it has `time: always`",
                    MW_STR_ARGS(event->stream->name));
        return NULL;
    }
    int32_t index = mw_schema_find(&event->stream->schema, node->text);
    if (index == MW_NO_FIELD && is_entry_field(event, node->text)) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "%.*s has windows, and is not there beside fields that become known later",
                    MW_STR_ARGS(node->text));
        return NULL;
    }
    if (index == MW_NO_FIELD) {
        if (!refuse_field(event, node->text, node->position))
            mw_complain_hint(compiler, "A text stands in quotes: \"%.*s\".",
                             MW_STR_ARGS(node->text));
        return NULL;
    }
    mw_field field = event->stream->schema.fields[index];
    field.type = mw_entry_field_type(event->moment, event->stream, index, node->position);
    if (field.type == MW_TYPE_COUNT) return NULL; /* a mistake in the stream, told there */
    return mw_expr_load(compiler, MW_OP_FIELD, field.type, index, field.name);
}

static bool mentions(const mw_node *node, mw_str name) {
    if (!node) return false;
    if (node->kind == MW_NODE_NAME && mw_str_equal(node->text, name)) return true;
    for (size_t i = 0; i < node->arg_count; i++)
        if (mentions(node->args[i], name)) return true;
    return false;
}

static bool window_mentions(const mw_window_node *window, mw_str name) {
    for (size_t i = 0; i < window->key_count; i++)
        if (mw_str_equal(window->keys[i].name, name)) return true;
    return mentions(window->value, name) || mentions(window->condition, name);
}

static const mw_stream *later_stream(event_scope *event, mw_str field) {
    const mw_stream *streams = event->moment->program->streams;
    const mw_stream_source *source = event->source;
    for (int32_t i = 1; i < source->stream_count; i++) {
        const mw_stream *stream = &streams[source->first_stream + i];
        if (mw_schema_find(&stream->schema, field) != MW_NO_FIELD) return stream;
    }
    return &streams[source->first_stream];
}

/* The source's own stream, or that of the later fields which the window names. */
static bool choose_stream(event_scope *event, const mw_window_node *window, mw_position position) {
    const mw_stream *streams = event->moment->program->streams;
    const mw_schema *row = &event->source->row;
    const mw_stream *base = &streams[event->source->first_stream];
    mw_str first = {NULL, 0};
    event->stream = base;
    for (size_t i = 0; i < row->field_count; i++) {
        mw_str name = row->fields[i].name;
        if (!mw_source_is_later(event->source, streams, name)) continue;
        if (!window_mentions(window, name)) continue;
        const mw_stream *stream = later_stream(event, name);
        if (event->stream != base && event->stream != stream) {
            mw_complain(event->scope.compiler, position, MW_INVALID,
                        "a window must not mix later fields of different times, got %.*s and %.*s",
                        MW_STR_ARGS(first), MW_STR_ARGS(name));
            return false;
        }
        event->stream = stream;
        first = name;
    }
    return true;
}

/* A later field's stream has no event where its value is missing. */
static const mw_expr *only_present(event_scope *event, const mw_window_node *window,
                                   const mw_expr *condition) {
    mw_compiler *compiler = event->scope.compiler;
    const mw_stream *base = &event->moment->program->streams[event->source->first_stream];
    const mw_schema *schema = &event->stream->schema;
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_field field = schema->fields[i];
        if (field.type == MW_TYPE_COUNT || !window_mentions(window, field.name)) continue;
        if (mw_schema_find(&base->schema, field.name) != MW_NO_FIELD) continue;
        const mw_expr *value =
            mw_expr_load(compiler, MW_OP_FIELD, field.type, (int32_t)i, field.name);
        condition = mw_expr_and(compiler, mw_expr_not_missing(compiler, value), condition);
    }
    return condition;
}

/* A window that is being put together: its expressions, and the parts that need no code. */
typedef struct {
    const aggregate_rule *rule;
    mw_window window; /* but for its codes and text */
    const mw_expr *value, *condition;
    const mw_expr *keys[MW_KEYS_MAX];
    mw_str since; /* the stream whose last event it may begin with; no data: none */
    bool is_span; /* its result, a number of seconds, is a duration */
} window_draft;

static bool take_value(event_scope *event, const mw_window_node *window, window_draft *draft) {
    mw_compiler *compiler = event->scope.compiler;
    mw_type type = draft->value->type;
    mw_aggregate aggregate = draft->window.aggregate;
    draft->value = mw_aggregate_take_value(compiler, window->value->position, window->aggregate,
                                           draft->value, &draft->window);
    if (!draft->value) return false;
    draft->is_span = mw_aggregate_is_of_seconds(&draft->window, type);
    if (mw_str_is(window->aggregate, "all")) return true; /* split_all goes on from here */
    if (aggregate == MW_AGGREGATE_ANY) {
        draft->condition = mw_expr_and(compiler, draft->condition, draft->value);
        draft->value = NULL;
        return draft->condition != NULL;
    }
    if (aggregate == MW_AGGREGATE_COUNT) draft->value = NULL; /* counted with or without it */
    return true;
}

static bool check_value_rule(event_scope *event, const mw_node *node, const aggregate_rule *rule) {
    mw_compiler *compiler = event->scope.compiler;
    const mw_window_node *window = node->window;
    if (rule->value == VALUE_NONE && window->value) {
        mw_complain(compiler, window->value->position, MW_INVALID,
                    "%s is of events, not of a value", rule->word);
        mw_complain_hint(compiler, "Write %s(%.*s where CONDITION by ...).", rule->word,
                         MW_STR_ARGS(window->stream));
        return false;
    }
    if (rule->value == VALUE_NEEDED && !window->value) {
        mw_complain(compiler, window->stream_position, MW_INVALID, "%s needs a value of %.*s",
                    rule->word, MW_STR_ARGS(window->stream));
        mw_complain_hint(compiler, "Write %s(%.*s.FIELD by ...).", rule->word,
                         MW_STR_ARGS(window->stream));
        return false;
    }
    if (mw_str_is(window->aggregate, "ratio") && !window->condition) {
        mw_complain(compiler, node->position, MW_INVALID, "ratio needs a condition");
        mw_complain_hint(compiler, "Write ratio(%.*s where CONDITION by ...).",
                         MW_STR_ARGS(window->stream));
        return false;
    }
    return true;
}

/* The value and the condition, over the event. */
static bool take_contents(event_scope *event, const mw_node *node, window_draft *draft) {
    const mw_window_node *window = node->window;
    draft->window.type = draft->window.aggregate == MW_AGGREGATE_ANY     ? MW_TYPE_BOOL
                         : draft->window.aggregate == MW_AGGREGATE_SINCE ? MW_TYPE_DURATION
                                                                         : MW_TYPE_NUMBER;
    if (!check_value_rule(event, node, draft->rule)) return false;
    if (!mw_aggregate_take_fraction(event->scope.compiler, window, &draft->window)) return false;
    if (window->condition) {
        draft->condition =
            mw_type_condition(&event->scope, window->condition, "a window's condition");
        if (!draft->condition) return false;
    }
    draft->condition = only_present(event, window, draft->condition);
    if (!window->value) return true;
    draft->value = mw_type_node(&event->scope, window->value);
    return draft->value && take_value(event, window, draft);
}

static bool take_key(event_scope *event, const mw_key_node *key, window_draft *draft) {
    mw_moment_scope *moment = event->moment;
    mw_compiler *compiler = event->scope.compiler;
    int32_t field = mw_schema_find(&event->stream->schema, key->name);
    if (field == MW_NO_FIELD) {
        refuse_field(event, key->name, key->position);
        if (!key->value) return false;
    }
    mw_node name = {.kind = MW_NODE_NAME, .text = key->name, .position = key->position};
    bool was_in_key = moment->in_key; /* its key may hold a window, which has keys */
    moment->in_key = true;
    const mw_expr *mine = mw_type_node(&moment->scope, key->value ? key->value : &name);
    moment->in_key = was_in_key;
    if (!mine || field == MW_NO_FIELD) return false;

    mw_type type = mw_entry_field_type(moment, event->stream, field, key->position);
    if (type == MW_TYPE_COUNT) return false;
    if (!mw_types_match(type, mine->type)) {
        mw_complain(compiler, key->position, MW_INVALID,
                    "a key must have one type on both sides, got %s in %.*s and %s at the moment",
                    mw_type_name(type), MW_STR_ARGS(event->source->name), mw_type_name(mine->type));
        if (!key->value && mine->op != MW_OP_FIELD)
            mw_complain_hint(compiler, "For the moment's own field write by %.*s = now.%.*s.",
                             MW_STR_ARGS(key->name), MW_STR_ARGS(key->name));
        return false;
    }
    draft->window.event_keys[draft->window.key_count] = field;
    draft->keys[draft->window.key_count++] = mine;
    return true;
}

/* Whether a moment has the id of the stream's events: a schedule's moment, if that is its keys. */
static bool has_id_of(const mw_moment_scope *moment, const mw_stream *stream) {
    if (!moment->schedule) return stream->id_set >= 0 && moment->stream->id_set == stream->id_set;
    bool has_all = stream->id_count > 0 && moment->model->schedule->key_count == stream->id_count;
    for (int32_t i = 0; has_all && i < stream->id_count; i++) {
        mw_field wanted = stream->schema.fields[stream->id_fields[i]];
        int32_t key = mw_schema_find(&moment->stream->schema, wanted.name);
        has_all = key != MW_NO_FIELD && key < stream->id_count &&
                  mw_types_match(moment->stream->schema.fields[key].type, wanted.type);
    }
    return has_all;
}

static void refuse_id(event_scope *event, const mw_window_node *window) {
    mw_compiler *compiler = event->scope.compiler;
    mw_str name = mw_moment_name(event->moment);
    const mw_each *each = event->moment->model->each;
    if (each)
        mw_complain(compiler, window->by_position, MW_INVALID,
                    "`by id` means the id of %.*s and %.*s here, which is not that of %.*s",
                    MW_STR_ARGS(name),
                    MW_STR_ARGS(event->moment->stream->schema.fields[each->element].name),
                    MW_STR_ARGS(event->source->name));
    else if (event->moment->schedule)
        mw_complain(compiler, window->by_position, MW_INVALID,
                    "`by id` needs a schedule whose keys are the id of %.*s",
                    MW_STR_ARGS(event->source->name));
    else
        mw_complain(compiler, window->by_position, MW_INVALID,
                    "`by id` needs the same id columns on both sides, %.*s and %.*s differ",
                    MW_STR_ARGS(event->source->name), MW_STR_ARGS(name));
    mw_complain_hint(compiler, each || event->moment->schedule
                                   ? "Name the keys."
                                   : "Give both streams the same `id`, or name the keys.");
}

static bool take_id(event_scope *event, const mw_window_node *window, window_draft *draft) {
    const mw_stream *moment = event->moment->stream, *stream = event->stream;
    mw_compiler *compiler = event->scope.compiler;
    if (!has_id_of(event->moment, stream)) {
        refuse_id(event, window);
        return false;
    }
    bool is_schedule = event->moment->schedule != NULL;
    bool is_own = !event->moment->entered && !is_schedule && (!window->is_next || stream == moment);
    if (is_own && compiler->status == MW_OK) { /* else what was meant as `later` may be not */
        mw_complain(compiler, window->by_position, MW_INVALID,
                    "it holds nothing `by id`, for the predicted event's own id is left out");
        mw_complain_hint(compiler, "Name keys that other events share, by a customer or a place.");
        return false;
    }
    for (int32_t i = 0; i < stream->id_count; i++) {
        int32_t theirs = stream->id_by_name[i];
        int32_t mine = is_schedule
                           ? mw_schema_find(&moment->schema, stream->schema.fields[theirs].name)
                           : moment->id_by_name[i];
        mw_field field = moment->schema.fields[mine];
        if (field.type == MW_TYPE_COUNT) return false; /* a mistake in the stream, told there */
        draft->window.event_keys[i] = theirs;
        draft->keys[i] = mw_expr_load(compiler, MW_OP_FIELD, field.type, mine, field.name);
        if (!draft->keys[i]) return false;
    }
    draft->window.key_count = stream->id_count;
    return true;
}

static bool take_keys(event_scope *event, const mw_window_node *window, window_draft *draft) {
    if (window->by_id) return take_id(event, window, draft);
    bool is_good = true; /* all mistakes at once */
    for (size_t i = 0; i < window->key_count; i++)
        is_good = take_key(event, &window->keys[i], draft) && is_good;
    return is_good;
}

/* Whose event is predicted: of a schedule's moments none is, for none is in their stream. */
static int32_t predicted_stream(const mw_moment_scope *moment) {
    const mw_model_program *model = moment->model;
    return model->each ? model->each->stream : model->moment_stream;
}

/* Rule 3: a window ahead leaves out the predicted event, which only its id tells from others. */
static bool check_own(event_scope *event, const mw_window_node *window) {
    const mw_stream *stream = event->stream;
    if (event->moment->entered) return true; /* it does not know itself */
    int32_t predicted = predicted_stream(event->moment);
    if (stream != &event->moment->program->streams[predicted] || stream->id_count > 0) return true;
    if (event->scope.compiler->status != MW_OK) return true; /* its id may be among the mistakes */
    mw_complain(event->scope.compiler, window->range_position, MW_INVALID,
                "a window ahead over %.*s would hold the predicted event itself, for the stream "
                "has no id",
                MW_STR_ARGS(stream->name));
    mw_complain_hint(event->scope.compiler, "Add id: COLUMN to %.*s.", MW_STR_ARGS(stream->name));
    return false;
}

static void refuse_ahead_of_later(event_scope *event, const mw_window_node *window) {
    mw_complain(event->scope.compiler, window->range_position, MW_INVALID,
                "a feature must not see the future: a field of %.*s that becomes known later is "
                "not known ahead",
                MW_STR_ARGS(event->source->name));
    mw_complain_hint(event->scope.compiler, "Look back.");
}

/* Rule 7: a feature may look ahead only at what is announced by then. */
static bool check_ahead(event_scope *event, const mw_window_node *window,
                        const window_draft *draft) {
    mw_compiler *compiler = event->scope.compiler;
    const mw_stream *stream = event->stream;
    if (event->moment->in_label || stream->known_is_column) return true;
    int64_t needed_us = draft->window.end_us;
    if (event->moment->entered) needed_us += event->moment->stream->ahead_us;
    if (stream->ahead_us >= needed_us) return true;
    if (!stream->known) return false; /* a mistake in the stream, told there */
    if (stream->is_later) {
        refuse_ahead_of_later(event, window);
        return false;
    }
    mw_buf needed;
    mw_buf_init(&needed, 64);
    mw_span_write(&needed, needed_us);
    mw_complain(compiler, window->range_position, MW_INVALID,
                "a feature must not see the future: %.*s ahead of the moment is not known yet in "
                "%.*s",
                MW_STR_ARGS(mw_buf_str(&needed)), MW_STR_ARGS(stream->name));
    mw_complain_hint(compiler,
                     "Look back, or, if its events are announced that long before, declare "
                     "known: time - %.*s for %.*s.",
                     MW_STR_ARGS(mw_buf_str(&needed)), MW_STR_ARGS(event->source->name));
    mw_buf_release(&needed);
    return false;
}

/* A static table has no time to look over: a window holds all of it. */
static bool take_always(event_scope *event, const mw_node *node, window_draft *draft) {
    mw_compiler *compiler = event->scope.compiler;
    mw_range_take_all_past(compiler, node->window, &draft->window);
    if (draft->window.aggregate == MW_AGGREGATE_SINCE ||
        draft->window.aggregate == MW_AGGREGATE_TREND) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "%s needs times, %.*s has `time: always`", draft->rule->word,
                    MW_STR_ARGS(event->stream->name));
        return false;
    }
    bool has_tick = node->window->tick.kind != MW_TICK_NONE;
    if (!node->window->has_range && !has_tick) return true;
    mw_complain(compiler,
                has_tick ? node->window->tick_position : node->window->range_position, MW_INVALID,
                "a window over %.*s takes no %s, for it has `time: always`",
                MW_STR_ARGS(event->stream->name), has_tick ? "`aligned` or `every`" : "span");
    mw_complain_hint(compiler, "Leave %s out: it holds all events with the keys.",
                     has_tick ? "that" : "`over`");
    return false;
}

/* `since STREAM` is a window of its own: the time of the last event there, no further back than
   this window reaches. */
static bool take_since(event_scope *event, const mw_window_node *window, window_draft *draft) {
    mw_node time = {
        .kind = MW_NODE_NAME, .position = window->since_position, .text = MW_STR("time")};
    mw_window_node last = *window;
    last.aggregate = MW_STR("last");
    last.stream = window->since;
    last.stream_position = window->since_position;
    last.value = &time;
    last.condition = NULL;
    last.is_set = false;
    last.spans[0].us = -draft->window.start_us;
    last.offset_us = 0;
    last.since = (mw_str){NULL, 0};
    last.tick = (mw_tick){.kind = MW_TICK_NONE};
    mw_node node = {
        .kind = MW_NODE_WINDOW, .position = window->since_position, .window = &last};
    const mw_expr *value = mw_compile_window(event->moment, &node);
    if (!value) return false;
    draft->window.since = value->operand;
    draft->since = window->since;
    return true;
}

static bool take_range(event_scope *event, const mw_node *node, window_draft *draft) {
    mw_compiler *compiler = event->scope.compiler;
    const mw_window_node *window = node->window;
    if (event->stream->is_always) return take_always(event, node, draft);
    if (!window->has_range) {
        mw_range_take_all_past(compiler, window, &draft->window);
        if (draft->rule->takes_all_past) return true;
        mw_complain(compiler, node->position, MW_INVALID, "%s needs a span to look over",
                    draft->rule->word);
        mw_complain_hint(compiler, "Add over 24h, or the span that you mean.");
        return false;
    }
    if (window->is_set && (event->moment->in_label || event->moment->entered)) {
        mw_complain(compiler, window->range_position, MW_INVALID,
                    "a %s must have one span, not a set",
                    event->moment->entered ? "field" : "label");
        return false;
    }
    size_t span_index = window->is_set ? event->moment->span_index : 0;
    if (!mw_range_take(compiler, window, span_index, &draft->window)) return false;
    if (window->since.data) return take_since(event, window, draft);
    if (!window->is_next) return true;
    if (draft->window.aggregate == MW_AGGREGATE_SINCE) {
        mw_complain(compiler, window->range_position, MW_INVALID,
                    "since looks back alone, it takes no `next`");
        return false;
    }
    return check_ahead(event, window, draft) && check_own(event, window);
}

static void write_keys(const event_scope *event, const window_draft *draft, mw_buf *out) {
    for (int32_t i = 0; i < draft->window.key_count; i++) {
        mw_field field = event->stream->schema.fields[draft->window.event_keys[i]];
        const mw_expr *mine = draft->keys[i];
        mw_expr theirs = {.op = MW_OP_FIELD, .name = field.name};
        mw_buf_append_text(out, i > 0 ? ", " : " by ");
        mw_expr_write(event->scope.compiler, &theirs, out);
        if (mine->op == MW_OP_FIELD && mw_str_equal(mine->name, field.name)) continue;
        mw_buf_append_text(out, " = ");
        mw_expr_write(event->scope.compiler, mine, out);
    }
}

/* The canonical spelling: equal exactly for windows that mean the same. (Which stream of the
   source it is follows from the fields that it names.) */
static void write_window(const event_scope *event, const window_draft *draft, mw_buf *out) {
    const mw_window *window = &draft->window;
    mw_aggregate_write(window, out);
    mw_buf_printf(out, "(%.*s", MW_STR_ARGS(event->source->name));
    if (draft->value) mw_buf_append_char(out, '.');
    if (draft->value) mw_expr_write(event->scope.compiler, draft->value, out);
    if (draft->condition) {
        mw_buf_append_text(out, " where ");
        mw_expr_write(event->scope.compiler, draft->condition, out);
    }
    write_keys(event, draft, out);
    mw_range_write(window, draft->since, out);
    mw_buf_append_char(out, ')');
}

static bool grow_windows(mw_moment_scope *moment) {
    mw_model_program *model = moment->model;
    if (model->window_count < moment->window_capacity) return true;
    size_t capacity = moment->window_capacity ? moment->window_capacity * 2 : 16;
    mw_window *windows = mw_compiler_alloc(moment->scope.compiler, capacity, sizeof *windows);
    if (!windows) return false;
    if (model->window_count > 0)
        memcpy(windows, model->windows, model->window_count * sizeof *windows);
    model->windows = windows;
    moment->window_capacity = capacity;
    return true;
}

/* Windows and all else that only the moment tells. */
static bool reads_now(const mw_expr *expr) {
    if (expr->op == MW_OP_NOW || expr->op == MW_OP_NOW_TIME || expr->op == MW_OP_WINDOW)
        return true;
    for (size_t i = 0; i < expr->arg_count; i++)
        if (reads_now(expr->args[i])) return true;
    return false;
}

/* The parts of a condition that read the moment's row, or the others; NULL: there are none. */
static const mw_expr *part_of(mw_compiler *compiler, const mw_expr *condition, bool of_now) {
    if (!condition) return NULL;
    if (condition->op != MW_OP_AND) return reads_now(condition) == of_now ? condition : NULL;
    return mw_expr_and(compiler, part_of(compiler, condition->args[0], of_now),
                       part_of(compiler, condition->args[1], of_now));
}

/* Adds the fields of the event that the expression reads. */
static bool add_now_fields(mw_compiler *compiler, const mw_expr *expr, mw_position position,
                           mw_window *window) {
    for (size_t i = 0; i < expr->arg_count; i++)
        if (!add_now_fields(compiler, expr->args[i], position, window)) return false;
    if (expr->op != MW_OP_FIELD) return true;
    for (size_t i = 0; i < window->now_field_count; i++)
        if (mw_code_field(window->now_fields[i]) == expr->operand) return true;
    const mw_code *code = mw_expr_compile(compiler, expr, position);
    if (code) window->now_fields[window->now_field_count++] = code;
    return code != NULL;
}

/* What can be worked out at the moment alone, and what of the event that takes. */
static bool take_now(const event_scope *event, mw_position position, const window_draft *draft,
                     mw_window *window) {
    mw_compiler *compiler = event->scope.compiler;
    const mw_expr *condition = part_of(compiler, draft->condition, true);
    const mw_expr *value = draft->value && reads_now(draft->value) ? draft->value : NULL;
    window->reads_now = condition || value;
    window->now_condition = NULL; /* a draft may have been another window before */
    window->now_fields = NULL;
    window->now_field_count = 0;
    if (!window->reads_now) return true;
    window->now_fields = mw_compiler_alloc(compiler, event->stream->schema.field_count,
                                           sizeof *window->now_fields);
    if (!window->now_fields) return false;
    if (value && !add_now_fields(compiler, value, position, window)) return false;
    if (!condition) return true;
    window->now_condition = mw_expr_compile(compiler, condition, position);
    return window->now_condition && add_now_fields(compiler, condition, position, window);
}

static bool finish_window(event_scope *event, mw_position position, window_draft *draft,
                          mw_str text) {
    mw_compiler *compiler = event->scope.compiler;
    mw_window *window = &draft->window;
    window->text = text;
    if (draft->value) window->value = mw_expr_compile(compiler, draft->value, position);
    const mw_expr *condition = part_of(compiler, draft->condition, false);
    if (condition) window->condition = mw_expr_compile(compiler, condition, position);
    if ((draft->value && !window->value) || (condition && !window->condition)) return false;
    if (!take_now(event, position, draft, window)) return false;
    for (int32_t i = 0; i < window->key_count; i++) {
        window->moment_keys[i] = mw_expr_compile(compiler, draft->keys[i], position);
        if (!window->moment_keys[i]) return false;
    }
    window->process = mw_asked_of_window(event->moment->program, event->moment->model, window);
    return true;
}

/* The value of the window, which is new or one of the model's already. */
static const mw_expr *add_window(event_scope *event, mw_position position, window_draft *draft) {
    mw_compiler *compiler = event->scope.compiler;
    mw_moment_scope *moment = event->moment;
    mw_model_program *model = moment->model;
    mw_buf buf;
    mw_buf_init(&buf, MW_EXPRESSION_SIZE_MAX);
    write_window(event, draft, &buf);
    if (buf.out_of_memory) compiler->out_of_memory = true;
    mw_str text = mw_str_copy(compiler->arena, mw_buf_str(&buf));
    bool fails = buf.failed;
    mw_buf_release(&buf);
    if (!text.data) compiler->out_of_memory = true;
    if (fails && !compiler->out_of_memory)
        mw_complain(compiler, position, MW_INVALID, "a window must have at most %d bytes of text",
                    MW_EXPRESSION_SIZE_MAX);
    if (fails || !text.data) return NULL;

    size_t index = moment->first_window;
    while (index < model->window_count && !mw_str_equal(model->windows[index].text, text)) index++;
    if (index == model->window_count) {
        if (!finish_window(event, position, draft, text) || !grow_windows(moment)) return NULL;
        model->windows[model->window_count++] = draft->window;
    }
    const mw_expr *load =
        mw_expr_load(compiler, MW_OP_WINDOW, draft->window.type, (int32_t)index, text);
    if (!draft->is_span) return load;
    return mw_expr_unary(compiler, MW_OP_SPAN_OF_SECONDS, MW_TYPE_DURATION, load);
}

static const mw_expr *any_where(event_scope *event, mw_position position,
                                const window_draft *model, const mw_expr *value) {
    window_draft draft = *model;
    draft.condition = mw_expr_and(event->scope.compiler, draft.condition, value);
    return draft.condition ? add_window(event, position, &draft) : NULL;
}

static const mw_expr *split_all(event_scope *event, mw_position position, window_draft *draft) {
    mw_compiler *compiler = event->scope.compiler;
    const mw_expr *value = draft->value;
    draft->value = NULL;
    const mw_expr *not_value = mw_expr_unary(compiler, MW_OP_NOT, MW_TYPE_BOOL, value);
    if (!not_value) return NULL;
    const mw_expr *has_false = any_where(event, position, draft, not_value);
    return mw_aggregate_all(compiler, has_false, any_where(event, position, draft, value));
}

/* By whose id own events are told (rule 3); -1: there are none. Fields have no predicted event;
   with `each` an event is a moment's own too that has its event's id, without the element. */
static int32_t own_by(const event_scope *event) {
    const mw_moment_scope *moment = event->moment;
    int32_t candidates[] = {moment->model->moment_stream, predicted_stream(moment)};
    for (size_t i = 0; i < 2 && !moment->entered; i++) {
        int32_t id_set = moment->program->streams[candidates[i]].id_set;
        if (id_set >= 0 && id_set == event->stream->id_set) return candidates[i];
    }
    return -1;
}

const mw_expr *mw_compile_window(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_window_node *window = node->window;
    if (window->ahead_count != 0) return mw_compile_window_ahead(moment, node);
    const mw_stream_source *source =
        mw_find_source(moment, window->stream, window->stream_position);
    if (!source || source->stream_count == 0) return NULL;
    event_scope event = {.scope = {compiler, resolve}, .moment = moment, .source = source};
    if (!choose_stream(&event, window, node->position)) return NULL;

    window_draft draft = {.rule = rule_of(window->aggregate)};
    MW_ASSERT(draft.rule);
    draft.window.aggregate = draft.rule->aggregate;
    draft.window.since = -1;
    draft.window.stream = (int32_t)(event.stream - moment->program->streams);
    draft.window.own_by = own_by(&event);
    bool was_in_contents = moment->in_contents;
    moment->in_contents = true;
    bool is_good = take_contents(&event, node, &draft);
    moment->in_contents = false;
    is_good = take_keys(&event, window, &draft) && is_good;
    is_good = take_range(&event, node, &draft) && is_good;
    moment->in_contents = was_in_contents;
    if (!is_good) return NULL;

    if (mw_str_is(window->aggregate, "all")) return split_all(&event, node->position, &draft);
    const mw_expr *value = add_window(&event, node->position, &draft);
    if (!mw_str_is(window->aggregate, "ratio")) return value;
    draft.condition = only_present(&event, window, NULL);
    draft.window.condition = NULL;
    const mw_expr *all = add_window(&event, node->position, &draft);
    return mw_expr_binary(compiler, MW_OP_DIVIDE, MW_TYPE_NUMBER, value, all);
}
