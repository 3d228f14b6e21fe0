#include "lang/model_compiler.h"

#include "lang/asked.h"
#include "lang/feature_names.h"
#include "lang/fit_compiler.h"
#include "lang/lexer.h"
#include "lang/parser.h"
#include "lang/source_compiler.h"
#include "lang/vector_compiler.h"

#include <string.h>

enum { FEATURES_MAX = 16384, THE_LABEL = MW_READ_BY_LABEL };

/* ---- Features as they are written ---- */

/* The first window of the tree whose span is a set, other than one with the same set as
   `like`; NULL: none. */
static const mw_node *span_set(const mw_node *node, const mw_window_node *like) {
    if (!node) return NULL;
    if (node->kind == MW_NODE_WINDOW && node->window->is_set) {
        const mw_window_node *window = node->window;
        bool is_same = like && like->span_count == window->span_count;
        for (size_t i = 0; is_same && i < window->span_count; i++)
            is_same = like->spans[i].us == window->spans[i].us;
        if (!is_same) return node;
    }
    for (size_t i = 0; i < node->arg_count; i++) {
        const mw_node *found = span_set(node->args[i], like);
        if (found) return found;
    }
    return NULL;
}

static void check_feature_name(mw_compiler *compiler, const mw_named_source *feature) {
    static const char *const taken[] = {"time", "now", "true", "false"};
    static const char *const columns[] = {"id", "label"};
    bool is_taken = false, is_column = false;
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        is_taken = is_taken || mw_str_equal_but_for_case(feature->name, mw_str_of(taken[i]));
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        is_column = is_column || mw_str_equal_but_for_case(feature->name, mw_str_of(columns[i]));
    if (is_column && !compiler->diagnostics->of_version)
        mw_complain(compiler, feature->position, MW_INVALID,
                    "a feature must not be called id or label, for these are columns beside it, "
                    "got %.*s", MW_STR_ARGS(feature->name));
    if (mw_name_is_plain(feature->name) && !is_taken) return;
    mw_complain(compiler, feature->position, MW_INVALID,
                "a feature's name must be letters, digits and _, and not time, now, true or false");
}

/* Twice as much whenever it is full. */
static bool make_room(mw_compiler *compiler, mw_feature_list *list) {
    if (list->count < list->capacity) return true;
    size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
    mw_feature_syntax *items = mw_compiler_alloc(compiler, capacity, sizeof *items);
    if (!items) return false;
    if (list->count > 0) memcpy(items, list->items, list->count * sizeof *items);
    list->items = items;
    list->capacity = capacity;
    if (mw_feature_names_reserve(compiler, list)) return true;
    list->capacity = list->count; /* for none but those that it has names of */
    return false;
}

/* The name that two features share, which clash: what is written may be neither's but for one of
   them. */
static mw_str shared_name(const mw_feature_syntax *a, const mw_feature_syntax *b) {
    bool is_name = mw_str_equal_but_for_case(a->name, b->name) ||
                   mw_str_equal_but_for_case(a->name, b->declared);
    return is_name ? a->name : a->declared;
}

/* False: there can be no more, or its whole set is refused. */
static bool add_feature(mw_compiler *compiler, mw_feature_list *list, mw_feature_syntax feature) {
    if (list->count == FEATURES_MAX) {
        mw_complain(compiler, feature.position, MW_INVALID, "there must be at most %d features",
                    FEATURES_MAX);
        return false;
    }
    if (!make_room(compiler, list)) return false;
    size_t first = mw_feature_names_find(compiler, list, &feature);
    if (first < list->count) {
        mw_str other = shared_name(&list->items[first], &feature);
        bool is_made = mw_str_equal_but_for_case(other, feature.name);
        mw_str own = is_made ? feature.name : feature.declared;
        mw_complain(compiler, feature.position, MW_INVALID, "there is another feature %.*s",
                    MW_STR_ARGS(other));
        if (!mw_str_equal(other, own))
            mw_complain_hint(compiler, "Parquet and SQL know no case: call %.*s otherwise.",
                             MW_STR_ARGS(own));
        return is_made;
    }
    list->items[list->count++] = feature;
    mw_feature_names_add(compiler, list);
    return true;
}

/* A feature for each number of a vector: words_0, words_1, ... */
static void read_vector(mw_compiler *compiler, mw_feature_syntax vector, mw_feature_list *list) {
    const mw_node *set = span_set(vector.node, NULL);
    if (set) {
        mw_complain(compiler, set->window->range_position, MW_INVALID,
                    "a vector takes no set of spans");
        mw_complain_hint(compiler, "Write a window for each span.");
        return;
    }
    vector.width = mw_vector_width(compiler, vector.node);
    for (size_t i = 0; i < vector.width; i++) {
        mw_feature_syntax number = vector;
        number.vector_index = i;
        number.name = mw_compiler_text(compiler, "%.*s_%zu", MW_STR_ARGS(vector.declared), i);
        if (!add_feature(compiler, list, number)) return;
    }
}

/* One feature, or one for each span of its sets or number of its vector. */
static void read_feature(mw_compiler *compiler, const mw_named_source *declared,
                         mw_feature_list *list) {
    compiler->subject = mw_compiler_text(compiler, "features.%.*s", MW_STR_ARGS(declared->name));
    check_feature_name(compiler, declared);
    mw_str name = mw_str_copy(compiler->arena, declared->name);
    if (!name.data) compiler->out_of_memory = true;
    mw_feature_syntax feature = {
        .name = name, .declared = name, .position = declared->source.position};
    feature.node = mw_read_fits(compiler, mw_parse_expression(compiler, declared->source),
                                &feature.fits);
    const mw_node *node = feature.node;
    if (node && node->kind == MW_NODE_CALL && mw_vector_is_named(node->text)) {
        read_vector(compiler, feature, list);
        return;
    }
    const mw_node *first = span_set(node, NULL);
    if (!first) {
        add_feature(compiler, list, feature);
        return;
    }
    const mw_window_node *spans = first->window;
    const mw_node *other = span_set(node, spans);
    if (other)
        mw_complain(compiler, other->window->range_position, MW_INVALID,
                    "the sets of spans in one feature must be the same");
    for (size_t i = 0; i < spans->span_count; i++) {
        feature.name = mw_compiler_text(compiler, "%.*s_%.*s", MW_STR_ARGS(name),
                                        MW_STR_ARGS(spans->spans[i].text));
        feature.span_index = i;
        if (other) feature.node = NULL;
        if (!add_feature(compiler, list, feature)) return;
    }
}

bool mw_read_features(mw_compiler *compiler, const mw_declarations *declarations,
                      mw_feature_list *out_features) {
    mw_feature_list features = {.items = NULL};
    for (size_t i = 0; i < declarations->feature_count; i++)
        read_feature(compiler, &declarations->features[i], &features);
    *out_features = features;
    return !compiler->out_of_memory;
}

/* ---- Names at the moment ---- */

/* For a window over a field whose stream was forgotten. */
static void hint_at_field(mw_moment_scope *moment, mw_str name) {
    for (size_t i = 0; i < moment->program->source_count; i++) {
        const mw_stream_source *source = &moment->program->sources[i];
        if (mw_schema_find(&source->row, name) == MW_NO_FIELD) continue;
        mw_complain_hint(moment->scope.compiler, "It is a field of %.*s: write %.*s.%.*s.",
                         MW_STR_ARGS(source->name), MW_STR_ARGS(source->name), MW_STR_ARGS(name));
        return;
    }
}

const mw_stream_source *mw_find_source(mw_moment_scope *moment, mw_str name, mw_position position) {
    const mw_program *program = moment->program;
    mw_compiler *compiler = moment->scope.compiler;
    int32_t index = mw_program_find_source(program, name);
    if (index >= 0) return &program->sources[index];
    mw_complain(compiler, position, MW_INVALID, "there is no stream %.*s", MW_STR_ARGS(name));
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < program->source_count; i++)
        mw_nearest_offer(&nearest, program->sources[i].name);
    if (!mw_diagnose_nearest(compiler->diagnostics, &nearest)) hint_at_field(moment, name);
    return NULL;
}

static int32_t find_feature(const mw_moment_scope *moment, mw_str name) {
    for (size_t i = 0; i < moment->syntaxes.count; i++)
        if (mw_str_equal(moment->syntaxes.items[i].name, name)) return (int32_t)i;
    return -1;
}

/* `expr` with the features that it reads written out: a key is needed before any feature is worked
   out. NULL if one is a number of a vector, which cannot be, or memory is out. */
static const mw_expr *inlined(mw_moment_scope *moment, const mw_expr *expr) {
    if (expr->op == MW_OP_FEATURE) return moment->inlined[expr->operand];
    if (expr->arg_count == 0) return expr;
    mw_compiler *compiler = moment->scope.compiler;
    const mw_expr **args = mw_compiler_alloc(compiler, expr->arg_count, sizeof *args);
    for (size_t i = 0; args && i < expr->arg_count; i++) {
        args[i] = inlined(moment, expr->args[i]);
        if (!args[i]) return NULL;
    }
    return args ? mw_expr_make(compiler, *expr, args, expr->arg_count) : NULL;
}

static bool reads_within(const mw_expr *expr) {
    if (expr->op == MW_OP_WITHIN) return true;
    for (size_t i = 0; i < expr->arg_count; i++)
        if (reads_within(expr->args[i])) return true;
    return false;
}

static const mw_expr *as_key(mw_moment_scope *moment, int32_t index, const mw_node *node) {
    const mw_expr *expr = moment->inlined[index];
    if (!expr || !mw_expr_check_size(moment->scope.compiler, expr, node->position)) return NULL;
    if (!reads_within(expr)) return expr;
    mw_refuse_within_key(moment->scope.compiler, node->position);
    return NULL;
}

static void note_reading(mw_moment_scope *moment, int32_t index) {
    mw_model_program *model = moment->model;
    if (model->reading_count == moment->reading_capacity) {
        size_t capacity = moment->reading_capacity ? 2 * moment->reading_capacity : 16;
        mw_feature_reading *readings =
            mw_compiler_alloc(moment->scope.compiler, capacity, sizeof *readings);
        if (!readings) return;
        if (model->reading_count > 0)
            memcpy(readings, model->readings, model->reading_count * sizeof *readings);
        model->readings = readings;
        moment->reading_capacity = capacity;
    }
    bool is_moments = moment->feature == THE_LABEL && !moment->in_label;
    model->readings[model->reading_count++] =
        (mw_feature_reading){index, is_moments ? MW_READ_BY_MOMENT : moment->feature};
}

static const mw_expr *resolve_feature(mw_moment_scope *moment, int32_t index, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    mw_compile_feature(moment, index, node->position);
    note_reading(moment, index);
    const mw_expr *expr = moment->exprs[index];
    if (moment->syntaxes.items[index].fits.count > 0) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "%.*s is fitted in training, so only the learner can read it",
                    MW_STR_ARGS(node->text));
        mw_complain_hint(compiler, "Let what is within it be a feature of its own; the moment's "
                                   "field is now.%.*s.", MW_STR_ARGS(node->text));
        return NULL;
    }
    if (!expr || moment->states[index] != MW_FEATURE_DONE) return NULL;
    mw_str name = moment->syntaxes.items[index].name;
    if ((moment->in_key || moment->in_contents) && !moment->in_label) {
        if (!moment->inlined[index])
            mw_complain(compiler, node->position, MW_INVALID,
                        "a key must not read a number of a vector");
        return as_key(moment, index, node);
    }
    return mw_expr_load(compiler, MW_OP_FEATURE, expr->type, index, name);
}

mw_str mw_moment_name(const mw_moment_scope *moment) {
    const mw_each *each = moment->model->each;
    if (moment->schedule) return moment->scheduled->name;
    return each ? moment->program->streams[each->stream].name : moment->stream->name;
}

static void refuse_later(mw_moment_scope *moment, const mw_node *node) {
    mw_str stream = mw_moment_name(moment), field = node->text;
    mw_complain(moment->scope.compiler, node->position, MW_INVALID,
                "%.*s of %.*s is known only after the moment", MW_STR_ARGS(field),
                MW_STR_ARGS(stream));
    if (moment->in_label)
        mw_complain_hint(moment->scope.compiler, "Write last(%.*s.%.*s by id over next 2d).",
                         MW_STR_ARGS(stream), MW_STR_ARGS(field));
    else
        mw_complain_hint(moment->scope.compiler,
                         "Earlier events may be used: last(%.*s.%.*s by KEY over 24h).",
                         MW_STR_ARGS(stream), MW_STR_ARGS(field));
}

/* The feature whose span set made others: `wind` of wind_1h, wind_3h. */
static const mw_feature_syntax *set_of(const mw_moment_scope *moment, mw_str name) {
    for (size_t i = 0; i < moment->syntaxes.count; i++)
        if (mw_str_equal(moment->syntaxes.items[i].declared, name))
            return &moment->syntaxes.items[i];
    return NULL;
}

/* That of the feature which is being compiled: inside it, it is the moment's field. */
static bool is_own_name(const mw_moment_scope *moment, mw_str name) {
    if (moment->feature == THE_LABEL || moment->entered) return false;
    const mw_feature_syntax *feature = &moment->syntaxes.items[moment->feature];
    return mw_str_equal(feature->declared, name) || mw_str_equal(feature->name, name);
}

static void refuse_name(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_schema *schema = &moment->stream->schema;
    if (moment->entered)
        mw_complain(compiler, node->position, MW_INVALID, "there is no field %.*s in %.*s",
                    MW_STR_ARGS(node->text), MW_STR_ARGS(moment->stream->name));
    else
        mw_complain(compiler, node->position, MW_INVALID,
                    "there is no feature %.*s, and no such field in %.*s",
                    MW_STR_ARGS(node->text), MW_STR_ARGS(mw_moment_name(moment)));
    const mw_feature_syntax *set = set_of(moment, node->text);
    if (find_feature(moment, node->text) >= 0 && !is_own_name(moment, node->text)) {
        mw_complain_hint(compiler, "It is a feature, and `now.` reads the moment's row alone.");
        return;
    }
    if (set && mw_str_equal(set->name, set->declared)) {
        mw_complain_hint(compiler, "Inside a feature its own name is the moment's field.");
        return;
    }
    if (set && set->width > 0) {
        mw_complain_hint(compiler, "It is a vector: say %.*s for its first number.",
                         MW_STR_ARGS(set->name));
        return;
    }
    if (set) {
        mw_complain_hint(compiler, "Its spans made several features: say %.*s.",
                         MW_STR_ARGS(set->name));
        return;
    }
    if (mw_program_find_source(moment->program, node->text) >= 0) {
        mw_complain_hint(compiler,
                         "%.*s is a stream: say what of it, as in count(%.*s by KEY over "
                         "24h).",
                         MW_STR_ARGS(node->text), MW_STR_ARGS(node->text));
        return;
    }
    mw_nearest nearest = mw_nearest_to(node->text);
    for (size_t i = 0; i < schema->field_count; i++)
        mw_nearest_offer(&nearest, schema->fields[i].name);
    for (size_t i = 0; i < moment->syntaxes.count; i++)
        mw_nearest_offer(&nearest, moment->syntaxes.items[i].name);
    mw_diagnose_nearest(compiler->diagnostics, &nearest);
}

static const mw_expr *resolve_field(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_program *program = moment->program;
    int32_t index = mw_schema_find(&moment->stream->schema, node->text);
    if (index != MW_NO_FIELD) {
        mw_field field = moment->stream->schema.fields[index];
        if (field.type == MW_TYPE_COUNT) return NULL; /* a mistake in the stream, told there */
        bool is_hidden = !moment->entered && find_feature(moment, field.name) >= 0;
        mw_expr load = {.op = MW_OP_FIELD, .type = field.type, .operand = index,
                        .name = field.name, .is_hidden = is_hidden};
        return mw_expr_make(compiler, load, NULL, 0);
    }
    bool is_now = node->kind == MW_NODE_MEMBER;
    if (is_now && mw_str_is(node->text, "time")) return mw_expr_time(compiler);
    const mw_stream_source *source = &program->sources[moment->stream->source];
    const mw_expr *last = moment->schedule ? mw_schedule_field(moment, node) : NULL;
    if (last || compiler->out_of_memory) return last;
    if (mw_source_is_later(source, program->streams, node->text)) refuse_later(moment, node);
    else refuse_name(moment, node);
    return NULL;
}

static const mw_expr *refuse_member(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    if (!mw_find_source(moment, node->owner, node->position)) return NULL;
    mw_complain(compiler, node->position, MW_INVALID,
                "%.*s.%.*s: a field of another stream must stand in a window",
                MW_STR_ARGS(node->owner), MW_STR_ARGS(node->text));
    mw_complain_hint(compiler, "Write last(%.*s.%.*s by KEY over 24h).", MW_STR_ARGS(node->owner),
                     MW_STR_ARGS(node->text));
    return NULL;
}

static const mw_expr *resolve_name(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    if (node->kind == MW_NODE_WINDOW) return mw_compile_window(moment, node);
    if (node->kind == MW_NODE_WITHIN) return mw_compile_within(moment, node);
    /* What has just entered is all that an event's own fields can mean. */
    bool is_now = node->kind == MW_NODE_MEMBER && mw_str_is(node->owner, "now");
    if (is_now && !moment->entered) return resolve_field(moment, node);
    if (node->kind == MW_NODE_MEMBER && !is_now) return refuse_member(moment, node);
    if (!is_now && mw_str_is(node->text, "time")) return mw_expr_time(compiler);

    int32_t feature = is_own_name(moment, node->text) ? -1 : find_feature(moment, node->text);
    return feature >= 0 ? resolve_feature(moment, feature, node) : resolve_field(moment, node);
}

static const mw_expr *resolve(mw_scope *scope, const mw_node *node) {
    return resolve_name((mw_moment_scope *)scope, node);
}

/* ---- Features of one model ---- */

static void write_open(const mw_moment_scope *moment, int32_t index, mw_buf *out) {
    if (moment->entered) mw_buf_printf(out, "%.*s.", MW_STR_ARGS(moment->entered->name));
    mw_buf_append_str(out, moment->syntaxes.items[index].name);
}

static void refuse_cycle(mw_moment_scope *moment, int32_t index, mw_position position) {
    mw_buf path;
    mw_buf_init(&path, 1024);
    const mw_open_features *open = moment->open;
    size_t from = 0;
    while (open->items[from].moment != moment || open->items[from].index != index) from++;
    for (; from < open->count; from++) {
        write_open(open->items[from].moment, open->items[from].index, &path);
        mw_buf_append_text(&path, " -> ");
    }
    write_open(moment, index, &path);
    mw_complain(moment->scope.compiler, position, MW_INVALID, "the %s go in a circle: %.*s",
                moment->entered ? "fields" : "features", MW_STR_ARGS(mw_buf_str(&path)));
    mw_buf_release(&path);
}

static bool check_feature_type(mw_moment_scope *moment, const mw_expr *expr, mw_position position) {
    if (moment->entered) return true;
    if (mw_type_is_list(expr->type)) {
        mw_complain(moment->scope.compiler, position, MW_INVALID,
                    "a feature must be one value, got a %s", mw_type_name(expr->type));
        mw_complain_hint(moment->scope.compiler,
                         "Take its length(x), or whether it contains(x, y).");
        return false;
    }
    if (expr->type != MW_TYPE_TIME) return true;
    mw_complain(moment->scope.compiler, position, MW_INVALID,
                "a feature must not be a time, which never comes back");
    mw_complain_hint(moment->scope.compiler, "Take a part of it, hour(x), or an age, time - x.");
    return false;
}

/* The same numbers under the spelling that says what is made of them. */
static const mw_vector *with_fits(mw_compiler *compiler, const mw_vector *vector,
                                  const mw_fits *fits) {
    if (fits->count == 0) return vector;
    mw_vector *copy = mw_compiler_alloc(compiler, 1, sizeof *copy);
    if (!copy) return NULL;
    *copy = *vector;
    copy->text = mw_fits_text(compiler, fits, vector->text);
    return copy->text.data ? copy : NULL;
}

/* Likewise. */
static const mw_code *code_with_fits(mw_compiler *compiler, const mw_code *code,
                                     const mw_fits *fits) {
    if (!code || fits->count == 0) return code;
    mw_code *copy = mw_compiler_alloc(compiler, 1, sizeof *copy);
    if (!copy) return NULL;
    *copy = *code;
    copy->text = mw_fits_text(compiler, fits, code->text);
    return copy->text.data ? copy : NULL;
}

/* Of one that was refused halfway not all numbers have their place behind the first. */
static bool has_all_numbers(const mw_feature_list *list, size_t first, size_t width) {
    size_t last = first + width - 1;
    return last < list->count && list->items[first].vector_index == 0 &&
           list->items[last].vector_index == width - 1 &&
           list->items[last].node == list->items[first].node;
}

static void finish_vector(mw_moment_scope *moment, int32_t index) {
    const mw_feature_syntax *syntax = &moment->syntaxes.items[index];
    mw_compiler *compiler = moment->scope.compiler;
    const mw_vector *vector = mw_compile_vector(&moment->scope, syntax->node);
    mw_position position = syntax->position;
    if (!vector ||
        !mw_fits_take(compiler, &syntax->fits, MW_TYPE_NUMBER, vector->width, position) ||
        !has_all_numbers(&moment->syntaxes, (size_t)index, vector->width))
        return;
    vector = with_fits(compiler, vector, &syntax->fits);
    mw_str process = MW_STR("");
    for (size_t i = 0; vector && i < vector->width; i++, index++, syntax++) {
        const mw_code *code = mw_vector_code(compiler, vector, i);
        const mw_expr *itself =
            mw_expr_load(compiler, MW_OP_FEATURE, MW_TYPE_NUMBER, index, syntax->name);
        if (!code || !itself) return;
        if (i == 0) process = mw_asked_of_code(moment->program, moment->model, code);
        moment->model->features[index] = (mw_feature){
            syntax->name, MW_TYPE_NUMBER, code, position, vector, i, syntax->fits, process};
        moment->model->feature_order[moment->done_count++] = index;
        moment->exprs[index] = itself;
        moment->states[index] = MW_FEATURE_DONE;
    }
}

/* A feature that is the field of its name alone need not be told from it. */
static const mw_expr *in_plain_words(const mw_moment_scope *moment, const mw_expr *expr) {
    if (!expr || !expr->is_hidden || !is_own_name(moment, expr->name)) return expr;
    return mw_expr_load(moment->scope.compiler, MW_OP_FIELD, expr->type, expr->operand, expr->name);
}

static void finish_feature(mw_moment_scope *moment, int32_t index) {
    const mw_feature_syntax *syntax = &moment->syntaxes.items[index];
    mw_model_program *model = moment->model;
    if (syntax->width > 0) {
        finish_vector(moment, index);
        return;
    }
    const mw_expr *expr = syntax->is_asked ? mw_entry_answer(moment, index)
                                           : mw_type_node(&moment->scope, syntax->node);
    expr = in_plain_words(moment, expr);
    if (!expr || !check_feature_type(moment, expr, syntax->position)) return;
    mw_compiler *compiler = moment->scope.compiler;
    if (!mw_fits_take(compiler, &syntax->fits, expr->type, 0, syntax->position)) return;
    const mw_code *code = code_with_fits(
        compiler, mw_expr_compile(compiler, expr, syntax->position), &syntax->fits);
    if (!code) return;
    model->features[index] = (mw_feature){
        .name = syntax->name, .type = expr->type, .code = code, .position = syntax->position,
        .fits = syntax->fits, .process = mw_asked_of_code(moment->program, model, code)};
    model->feature_order[moment->done_count++] = index;
    moment->exprs[index] = expr;
    moment->inlined[index] = inlined(moment, expr);
    if (moment->entered) mw_entry_settle(moment, index, expr->type);
}

static mw_str subject_of(const mw_moment_scope *moment, const mw_feature_syntax *syntax) {
    mw_compiler *compiler = moment->scope.compiler;
    if (!moment->entered)
        return mw_compiler_text(compiler, "features.%.*s", MW_STR_ARGS(syntax->declared));
    return mw_compiler_text(compiler, "streams.%.*s.fields.%.*s",
                            MW_STR_ARGS(moment->entered->name), MW_STR_ARGS(syntax->declared));
}

void mw_compile_feature(mw_moment_scope *moment, int32_t index, mw_position position) {
    mw_compiler *compiler = moment->scope.compiler;
    index -= (int32_t)moment->syntaxes.items[index].vector_index;
    if (moment->states[index] == MW_FEATURE_DONE) return;
    if (moment->states[index] == MW_FEATURE_OPEN) {
        refuse_cycle(moment, index, position);
        return;
    }
    mw_open_features *open = moment->open;
    if (open->count == MW_NESTING_MAX) {
        mw_complain(compiler, position, MW_INVALID, "%s must rest on each other at most %d deep",
                    moment->entered ? "fields" : "features", MW_NESTING_MAX);
        return;
    }
    const mw_feature_syntax *syntax = &moment->syntaxes.items[index];
    mw_moment_scope before = *moment;
    mw_str subject = compiler->subject;
    compiler->subject = subject_of(moment, syntax);
    moment->states[index] = MW_FEATURE_OPEN;
    open->items[open->count].moment = moment;
    open->items[open->count++].index = index;
    moment->feature = index;
    moment->span_index = syntax->span_index;
    moment->in_key = moment->in_contents = false;

    finish_feature(moment, index);
    moment->states[index] = MW_FEATURE_DONE;
    open->count--;
    moment->feature = before.feature;
    moment->span_index = before.span_index;
    moment->in_key = before.in_key;
    moment->in_contents = before.in_contents;
    compiler->subject = subject;
}

/* ---- The moment and the label ---- */

/* Rule 7: at the moment, its own event must be known. */
static bool check_moment(mw_compiler *compiler, const mw_moment_node *node,
                         const mw_stream *stream) {
    int64_t before_us = -node->offset_us;
    if (before_us <= 0 || (!stream->known_is_column && stream->ahead_us >= before_us)) return true;
    if (!stream->known) return false; /* a mistake in the stream, told there */
    mw_buf span;
    mw_buf_init(&span, 64);
    mw_span_write(&span, before_us);
    mw_complain(compiler, node->offset_position, MW_INVALID,
                "%.*s before its time an event of %.*s is not known yet",
                MW_STR_ARGS(mw_buf_str(&span)), MW_STR_ARGS(stream->name));
    mw_complain_hint(compiler,
                     "Declare known: time - %.*s for %.*s if that holds, or predict at "
                     "its time.",
                     MW_STR_ARGS(mw_buf_str(&span)), MW_STR_ARGS(stream->name));
    mw_buf_release(&span);
    return false;
}

static bool has_moments(mw_compiler *compiler, const mw_moment_node *node,
                        const mw_stream *stream) {
    if (!stream->is_always) return true;
    mw_complain(compiler, node->stream_position, MW_INVALID,
                "%.*s has `time: always`: nothing happens there to predict at",
                MW_STR_ARGS(stream->name));
    return false;
}

static bool compile_moment(mw_moment_scope *moment, const mw_model_declaration *declaration,
                           mw_program *program) {
    mw_compiler *compiler = moment->scope.compiler;
    mw_moment_node node;
    compiler->subject =
        mw_compiler_text(compiler, "models.%.*s.moment", MW_STR_ARGS(declaration->name));
    if (declaration->moment.text.size == 0) {
        mw_complain(compiler, declaration->position, MW_INVALID,
                    "a model must say when it predicts");
        mw_complain_hint(compiler, "Add moment: on STREAM.");
        return false;
    }
    if (!mw_parse_moment(compiler, declaration->moment, &node)) return false;
    if (node.is_schedule) return mw_compile_schedule(moment, &node, program);
    const mw_stream_source *source = mw_find_source(moment, node.stream, node.stream_position);
    if (!source || source->stream_count == 0) return false;
    moment->stream = &moment->program->streams[source->first_stream];
    moment->model->moment_stream = source->first_stream;
    moment->model->moment_offset_us = node.offset_us;
    moment->model->lateness_us = moment->stream->lag_us + moment->stream->late_us;
    if (!has_moments(compiler, &node, moment->stream)) return false;
    check_moment(compiler, &node, moment->stream); /* told; the rest is checked all the same */
    return !node.list.data || mw_compile_each(moment, &node, program);
}

static bool looks_ahead(const mw_moment_scope *moment) {
    for (size_t i = moment->first_window; i < moment->model->window_count; i++)
        if (moment->model->windows[i].is_ahead) return true;
    return false;
}

static const mw_code *compile_target(mw_moment_scope *moment, const mw_node *node,
                                     mw_position position) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_expr *expr = mw_type_node(&moment->scope, node);
    if (!expr) return NULL;
    if (expr->type == MW_TYPE_DURATION) /* rule 11 */
        expr = mw_expr_unary(compiler, MW_OP_SECONDS, MW_TYPE_NUMBER, expr);
    if (!expr) return NULL;
    if (expr->type == MW_TYPE_BOOL || expr->type == MW_TYPE_NUMBER || mw_type_is_text(expr->type))
        return mw_expr_compile(compiler, expr, position);
    mw_complain(compiler, position, MW_INVALID,
                "must be a bool, a number, a span or a class, got a %s", mw_type_name(expr->type));
    return NULL;
}

/* Rule 6: when all that the label can see must be known. */
static void settle_maturity(mw_moment_scope *moment) {
    mw_model_program *model = moment->model;
    int64_t horizon_us = 0, wait_us = 0;
    for (size_t i = moment->first_window; i < model->window_count; i++) {
        const mw_window *window = &model->windows[i];
        const mw_stream *stream = &moment->program->streams[window->stream];
        int64_t stream_wait_us = stream->lag_us + stream->late_us;
        if (window->end_us > horizon_us) horizon_us = window->end_us;
        if (stream_wait_us > wait_us) wait_us = stream_wait_us;
    }
    model->maturity_us = horizon_us + wait_us;
}

static void compile_label(mw_moment_scope *moment, const mw_model_declaration *declaration) {
    mw_compiler *compiler = moment->scope.compiler;
    mw_source label = declaration->label;
    compiler->subject =
        mw_compiler_text(compiler, "models.%.*s.label", MW_STR_ARGS(declaration->name));
    moment->feature = THE_LABEL;
    moment->in_label = true;
    moment->first_window = moment->model->window_count;
    if (label.text.size == 0) {
        mw_complain(compiler, declaration->position, MW_INVALID, "a model must say what it learns");
        mw_complain_hint(compiler, "Add label: EXPRESSION over what comes after the moment.");
        return;
    }
    mw_node *unless = NULL;
    const mw_node *node = mw_parse_label(compiler, label, &unless);
    if (!node) return;
    moment->model->label = compile_target(moment, node, label.position);
    if (moment->model->label && !looks_ahead(moment)) {
        mw_complain(compiler, label.position, MW_INVALID,
                    "it sees nothing after the moment, so it "
                    "can never become known later");
        mw_complain_hint(compiler, "Look ahead: last(STREAM.field by id over next 2d).");
    }
    if (unless) {
        const mw_expr *condition =
            mw_type_condition(&moment->scope, unless, "the condition after `unless`");
        moment->model->unless = mw_expr_compile(compiler, condition, unless->position);
    }
    settle_maturity(moment);
}

bool mw_moment_scope_init(mw_moment_scope *moment, mw_compiler *compiler,
                          const mw_program *program, mw_feature_list features,
                          mw_model_program *out_model) {
    size_t count = features.count;
    *moment = (mw_moment_scope){
        .scope = {compiler, resolve},
        .program = program,
        .syntaxes = features,
        .model = out_model,
        .exprs = mw_compiler_alloc(compiler, count, sizeof(mw_expr *)),
        .inlined = mw_compiler_alloc(compiler, count, sizeof(mw_expr *)),
        .states = mw_compiler_alloc(compiler, count, sizeof(mw_feature_state))};
    out_model->features = mw_compiler_alloc(compiler, count, sizeof(mw_feature));
    out_model->feature_order = mw_compiler_alloc(compiler, count, sizeof(int32_t));
    out_model->feature_count = count;
    return !compiler->out_of_memory;
}

void mw_compile_model(mw_compiler *compiler, const mw_model_declaration *declaration,
                      mw_program *program, mw_feature_list features,
                      mw_model_program *out_model) {
    mw_open_features open = {.count = 0};
    mw_moment_scope moment;
    out_model->name = mw_str_copy(compiler->arena, declaration->name);
    if (!out_model->name.data) compiler->out_of_memory = true;
    if (!mw_moment_scope_init(&moment, compiler, program, features, out_model)) return;
    moment.open = &open;

    if (!compile_moment(&moment, declaration, program)) return;
    for (size_t i = 0; i < features.count; i++)
        mw_compile_feature(&moment, (int32_t)i, features.items[i].position);
    if (moment.schedule) mw_compile_schedule_takes(&moment);
    out_model->feature_window_count = out_model->window_count;
    compile_label(&moment, declaration);
}
