/* Moments of `every`: their stream, and for whom they are. */
#include "lang/model_compiler.h"
#include "lang/source_compiler.h"

enum { AHEADS_MAX = 400 };

static bool check_ahead(mw_compiler *compiler, const mw_moment_node *node) {
    int64_t first = node->ahead_first_us, last = node->ahead_last_us;
    if (first == 0 && last == 0) return true;
    if (first > 0 && last >= first && last % first == 0 && last / first <= AHEADS_MAX) return true;
    mw_complain(compiler, node->ahead_position, MW_INVALID,
                "`ahead A..B` goes in steps of A: B must be a multiple of it, at most %d of them",
                AHEADS_MAX);
    return false;
}

/* `for id` names the columns of the stream's id. */
static bool open_id(mw_moment_scope *moment, mw_moment_node *node) {
    const mw_stream *stream = moment->scheduled;
    mw_key_node id = node->keys[0];
    bool is_id = node->key_count == 1 && mw_str_is(id.name, "id") &&
                 mw_schema_find(&stream->schema, id.name) == MW_NO_FIELD;
    if (!is_id || (stream->id_count == 0 && moment->scope.compiler->status != MW_OK)) return !is_id;
    if (stream->id_count == 0 || stream->id_count > MW_MOMENT_KEYS_MAX) {
        mw_complain(moment->scope.compiler, id.position, MW_INVALID,
                    stream->id_count == 0
                        ? "a schedule for `id` needs a stream with an id, %.*s has none"
                        : "a schedule for `id` takes at most 6 columns, %.*s has more",
                    MW_STR_ARGS(stream->name));
        return false;
    }
    node->key_count = (size_t)stream->id_count;
    for (size_t i = 0; i < node->key_count; i++) {
        node->keys[i] = id;
        node->keys[i].name = stream->schema.fields[stream->id_fields[i]].name;
    }
    return true;
}

static bool check_keys(mw_moment_scope *moment, const mw_moment_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_schema *schema = &moment->scheduled->schema;
    bool is_good = true;
    for (size_t i = 0; i < node->key_count; i++) {
        mw_str name = node->keys[i].name;
        bool is_double = mw_str_is(name, "ahead") || mw_str_is(name, "time");
        for (size_t j = 0; j < i; j++)
            is_double = is_double || mw_str_equal(node->keys[j].name, name);
        int32_t field = mw_schema_find(schema, name);
        if (field != MW_NO_FIELD && schema->fields[field].type == MW_TYPE_COUNT) return false;
        if (field != MW_NO_FIELD && !is_double) continue;
        is_good = false;
        mw_complain(compiler, node->keys[i].position, MW_INVALID,
                    is_double ? "a schedule's keys must differ, and not be time or ahead, got %.*s"
                              : "a schedule's keys must be fields of its stream, got %.*s",
                    MW_STR_ARGS(name));
    }
    return is_good;
}

static void add_field(mw_stream *stream, mw_str name, mw_type type) {
    int32_t index = stream->id_count++;
    stream->schema.fields[index] = (mw_field){name, type};
    stream->schema.field_count = (size_t)stream->id_count;
    stream->id_fields[index] = stream->id_by_name[index] = index;
}

/* Keys, time and ahead: together they are the id of a moment, and no event has such a one. */
static bool make_stream(mw_moment_scope *moment, const mw_moment_node *node, mw_stream *stream) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_schema *schema = &moment->scheduled->schema;
    size_t room = node->key_count + 2;
    *stream = (mw_stream){.source = moment->scheduled->source, .id_set = -1, .is_of_moments = true};
    stream->name = mw_compiler_text(compiler, "%.*s@every", MW_STR_ARGS(moment->model->name));
    stream->schema.fields = mw_compiler_alloc(compiler, room, sizeof(mw_field));
    stream->row_fields = mw_compiler_alloc(compiler, room, sizeof(int32_t));
    stream->id_fields = mw_compiler_alloc(compiler, room, sizeof(int32_t));
    stream->id_by_name = mw_compiler_alloc(compiler, room, sizeof(int32_t));
    if (compiler->out_of_memory) return false;
    for (size_t i = 0; i < node->key_count; i++) {
        int32_t field = mw_schema_find(schema, node->keys[i].name);
        add_field(stream, schema->fields[field].name, schema->fields[field].type);
    }
    add_field(stream, MW_STR("time"), MW_TYPE_TIME);
    if (node->ahead_first_us > 0) add_field(stream, MW_STR("ahead"), MW_TYPE_DURATION);
    return true;
}

bool mw_compile_schedule(mw_moment_scope *moment, const mw_moment_node *node,
                         mw_program *program) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_stream_source *source = mw_find_source(moment, node->stream, node->stream_position);
    if (!source || source->stream_count == 0 || !check_ahead(compiler, node)) return false;
    moment->scheduled = &program->streams[source->first_stream];
    if (moment->scheduled->is_always) {
        mw_complain(compiler, node->stream_position, MW_INVALID,
                    "%.*s has `time: always`: a schedule is for the keys of what happens",
                    MW_STR_ARGS(source->name));
        return false;
    }
    mw_schedule *schedule = mw_compiler_alloc(compiler, 1, sizeof *schedule);
    mw_moment_node *kept = mw_compiler_alloc(compiler, 1, sizeof *kept);
    mw_stream *stream = &program->streams[program->stream_count];
    if (!schedule || !kept) return false;
    *kept = *node;
    if (!open_id(moment, kept) || !check_keys(moment, kept) || !make_stream(moment, kept, stream))
        return false;
    *schedule = (mw_schedule){.beat = node->beat,
                              .stream = source->first_stream,
                              .key_count = (int32_t)kept->key_count,
                              .over_us = node->over_us,
                              .ahead_first_us = node->ahead_first_us,
                              .ahead_last_us = node->ahead_last_us};
    for (size_t i = 0; i < kept->key_count; i++)
        schedule->keys[i] = mw_schema_find(&moment->scheduled->schema, kept->keys[i].name);
    moment->schedule = kept;
    moment->stream = stream;
    moment->model->schedule = moment->scheduling = schedule;
    moment->model->moment_stream = (int32_t)program->stream_count++;
    return true;
}

/* AGG(STREAM[.VALUE] by KEYS [over SPAN]), for the moment's own keys. */
static const mw_expr *window_of_key(mw_moment_scope *moment, const char *aggregate,
                                    mw_node *value, mw_position position) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_moment_node *schedule = moment->schedule;
    mw_node *node = mw_compiler_alloc(compiler, 1, sizeof *node);
    mw_window_node *window = mw_compiler_alloc(compiler, 1, sizeof *window);
    mw_node *keys = mw_compiler_alloc(compiler, schedule->key_count, sizeof *keys);
    if (!node || !window || !keys) return NULL;
    *node = (mw_node){.kind = MW_NODE_WINDOW, .position = position, .window = window};
    *window = (mw_window_node){.aggregate = mw_str_of(aggregate),
                               .stream = schedule->stream,
                               .stream_position = schedule->stream_position,
                               .value = value,
                               .key_count = schedule->key_count,
                               .has_range = schedule->over_us > 0,
                               .range_position = schedule->over_position,
                               .spans = {{schedule->over_us, MW_STR("")}},
                               .span_count = 1};
    for (size_t i = 0; i < schedule->key_count; i++) {
        keys[i] = (mw_node){.kind = MW_NODE_MEMBER, .position = position,
                            .owner = MW_STR("now"), .text = schedule->keys[i].name};
        window->keys[i] = schedule->keys[i];
        window->keys[i].value = &keys[i];
    }
    return mw_compile_window(moment, node);
}

const mw_expr *mw_schedule_field(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    if (mw_schema_find(&moment->scheduled->schema, node->text) == MW_NO_FIELD) return NULL;
    mw_node *value = mw_compiler_alloc(compiler, 1, sizeof *value);
    if (!value) return NULL;
    *value = (mw_node){.kind = MW_NODE_NAME, .position = node->position, .text = node->text};
    return window_of_key(moment, "last", value, node->position);
}

void mw_compile_schedule_takes(mw_moment_scope *moment) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_moment_node *node = moment->schedule;
    compiler->subject =
        mw_compiler_text(compiler, "models.%.*s.moment", MW_STR_ARGS(moment->model->name));
    moment->feature = -1;
    const mw_expr *takes = window_of_key(moment, "any", NULL, node->position);
    if (takes && node->where) {
        const mw_expr *where =
            mw_type_condition(&moment->scope, node->where, "a schedule's condition");
        takes = where ? mw_expr_and(compiler, takes, where) : NULL;
    }
    moment->scheduling->takes = mw_expr_compile(compiler, takes, node->position);
}

/* The same window with `ahead` added to its offset; NULL after complaining. */
static mw_node *window_at(mw_moment_scope *moment, const mw_node *node, int64_t ahead_us) {
    mw_compiler *compiler = moment->scope.compiler;
    mw_node *copy = mw_compiler_alloc(compiler, 1, sizeof *copy);
    mw_window_node *window = mw_compiler_alloc(compiler, 1, sizeof *window);
    if (!copy || !window) return NULL;
    *copy = *node;
    *window = *node->window;
    copy->window = window;
    window->ahead_count = 0;
    bool overflows =
        __builtin_mul_overflow(ahead_us, (int64_t)node->window->ahead_count, &ahead_us) ||
        __builtin_add_overflow(window->offset_us, ahead_us, &window->offset_us);
    if (!overflows && window->offset_us >= 0) return copy;
    mw_complain(compiler, window->range_position, MW_INVALID,
                "`%s` must not be negative for any `ahead`: the window would begin on the moment's "
                "other side",
                window->is_next ? "after" : "ago");
    return NULL;
}

/* `now.ahead = SPAN` */
static mw_node *is_ahead(mw_compiler *compiler, mw_position position, int64_t ahead_us) {
    mw_node *nodes = mw_compiler_alloc(compiler, 3, sizeof *nodes);
    mw_node **args = mw_compiler_alloc(compiler, 2, sizeof *args);
    if (!nodes || !args) return NULL;
    nodes[0] = (mw_node){.kind = MW_NODE_MEMBER, .position = position, .owner = MW_STR("now"),
                         .text = MW_STR("ahead")};
    nodes[1] = (mw_node){.kind = MW_NODE_SPAN, .position = position, .span_us = ahead_us};
    args[0] = &nodes[0];
    args[1] = &nodes[1];
    nodes[2] = (mw_node){.kind = MW_NODE_BINARY, .position = position, .text = MW_STR("="),
                         .args = args, .arg_count = 2};
    return &nodes[2];
}

const mw_expr *mw_compile_window_ahead(mw_moment_scope *moment, const mw_node *node) {
    mw_compiler *compiler = moment->scope.compiler;
    const mw_moment_node *schedule = moment->schedule;
    if (!schedule || schedule->ahead_first_us == 0) {
        mw_complain(compiler, node->window->range_position, MW_INVALID,
                    "`ahead` in an offset needs a moment that looks ahead");
        mw_complain_hint(compiler, "Such a one is every 1d for KEYS of STREAM ahead 1d..7d.");
        return NULL;
    }
    const mw_expr *choice = NULL;
    for (int64_t at = schedule->ahead_first_us; at <= schedule->ahead_last_us;
         at += schedule->ahead_first_us) {
        mw_node *window = window_at(moment, node, at);
        const mw_expr *value = window ? mw_compile_window(moment, window) : NULL;
        const mw_expr *is_it = mw_type_node(&moment->scope, is_ahead(compiler, node->position, at));
        if (!value || !is_it) return NULL;
        choice = choice ? mw_expr_select(compiler, is_it, value, choice) : value;
    }
    return choice;
}
