#include "train/candidates.h"

#include "lang/lexer.h"

enum { KEY_SETS_MAX = 16, TEXT_MAX = 1 << 12 };

static const char *const spans[] = {"1h", "6h", "1d", "7d", "30d"};
enum { SPAN_COUNT = sizeof spans / sizeof *spans };

/* One way to find events of a stream from the moment. */
typedef struct {
    size_t count;
    int32_t event_keys[MW_KEYS_MAX];
    mw_str moment_keys[MW_KEYS_MAX]; /* as written at the moment */
} key_set;

/* What a window says of the events that are found. */
typedef struct {
    const char *aggregate;
    mw_str field; /* empty: the events themselves */
    const char *span;
} saying;

typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    mw_arena *arena;
    size_t max, count;        /* count may exceed max: no more are kept then */
    mw_named_source *items;
    const mw_stream *stream;  /* the one in hand */
    mw_str source_name;
    key_set sets[KEY_SETS_MAX];
    size_t set_count;
    bool out_of_memory;
} lister;

/* --- keys ----------------------------------------------------------------------------------- */

static bool is_same_set(const key_set *a, const key_set *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->event_keys[i] != b->event_keys[i] ||
            !mw_str_equal(a->moment_keys[i], b->moment_keys[i]))
            return false;
    return true;
}

/* Keys that hold a stream's whole id find the moment's own instance: left out of its windows. */
static bool holds_id(const lister *it, const key_set *set) {
    int32_t held = 0;
    for (int32_t id = 0; id < it->stream->id_count; id++)
        for (size_t i = 0; i < set->count; i++)
            held += set->event_keys[i] == it->stream->id_fields[id];
    return it->stream->id_count > 0 && held == it->stream->id_count;
}

static void add_set(lister *it, const key_set *set) {
    if (it->set_count == KEY_SETS_MAX || holds_id(it, set)) return;
    for (size_t i = 0; i < it->set_count; i++)
        if (is_same_set(&it->sets[i], set)) return;
    it->sets[it->set_count++] = *set;
}

/* The keys of a window, if this stream has fields of the same names and types. */
static void borrow_keys(lister *it, const mw_window *window) {
    const mw_schema *theirs = &it->program->streams[window->stream].schema;
    key_set set = {.count = (size_t)window->key_count};
    for (size_t i = 0; i < set.count; i++) {
        const mw_field *field = &theirs->fields[window->event_keys[i]];
        int32_t own = mw_schema_find(&it->stream->schema, field->name);
        if (own == MW_NO_FIELD || it->stream->schema.fields[own].type != field->type) return;
        set.event_keys[i] = own;
        set.moment_keys[i] = mw_code_text(window->moment_keys[i]);
    }
    if (set.count > 0) add_set(it, &set);
}

static void find_keys(lister *it) {
    const mw_schema *own = &it->stream->schema;
    const mw_schema *moment = &it->program->streams[it->model->moment_stream].schema;
    it->set_count = 0;
    for (size_t i = 0; i < it->model->feature_window_count; i++)
        borrow_keys(it, &it->model->windows[i]);
    for (size_t i = 0; i < own->field_count; i++) {
        int32_t other = mw_schema_find(moment, own->fields[i].name);
        if (!mw_type_is_symbol(own->fields[i].type) || other == MW_NO_FIELD ||
            !mw_type_is_symbol(moment->fields[other].type))
            continue;
        key_set set = {1, {(int32_t)i}, {own->fields[i].name}};
        add_set(it, &set);
    }
}

/* A later stream carries the fields of its source's own stream too. */
static bool is_carried(const lister *it, mw_str field) {
    const mw_stream_source *source = &it->program->sources[it->stream->source];
    return it->stream->is_later &&
           mw_schema_find(&it->program->streams[source->first_stream].schema, field) !=
               MW_NO_FIELD;
}

static bool is_of_id(const lister *it, size_t field) {
    for (int32_t i = 0; i < it->stream->id_count; i++)
        if (it->stream->id_fields[i] == (int32_t)field) return true;
    return false;
}

static bool is_key(const key_set *set, size_t field) {
    for (size_t i = 0; i < set->count; i++)
        if (set->event_keys[i] == (int32_t)field) return true;
    return false;
}

/* --- windows -------------------------------------------------------------------------------- */

static bool stands_already(const lister *it, mw_str text) {
    for (size_t i = 0; i < it->model->feature_window_count; i++)
        if (mw_str_equal(it->model->windows[i].text, text)) return true;
    return false;
}

static void append_keys(const lister *it, const key_set *set, mw_buf *out) {
    for (size_t i = 0; i < set->count; i++) {
        mw_str name = it->stream->schema.fields[set->event_keys[i]].name;
        if (i > 0) mw_buf_append_text(out, ", ");
        mw_name_append(out, name);
        if (!mw_str_equal(name, set->moment_keys[i]))
            mw_buf_printf(out, " = %.*s", MW_STR_ARGS(set->moment_keys[i]));
    }
}

/* mean_arrivals_delay_by_dest_6h */
static void append_name(const lister *it, const key_set *set, saying what, mw_buf *out) {
    mw_buf_printf(out, "%s_%.*s", what.aggregate, MW_STR_ARGS(it->source_name));
    if (what.field.size > 0) mw_buf_append_char(out, '_');
    mw_name_append_part(out, what.field);
    mw_buf_append_text(out, "_by");
    for (size_t i = 0; i < set->count; i++) {
        mw_buf_append_char(out, '_');
        mw_name_append_part(out, it->stream->schema.fields[set->event_keys[i]].name);
    }
    mw_buf_printf(out, "_%s", what.span);
}

/* mean(arrivals.delay by dest over 6h) */
static void append_window(const lister *it, const key_set *set, saying what, mw_buf *out) {
    mw_buf_printf(out, "%s(%.*s", what.aggregate, MW_STR_ARGS(it->source_name));
    if (what.field.size > 0) {
        mw_buf_append_char(out, '.');
        mw_name_append(out, what.field);
    }
    mw_buf_append_text(out, " by ");
    append_keys(it, set, out);
    mw_buf_printf(out, " over %s)", what.span);
}

static void keep(lister *it, mw_str name, mw_str text) {
    if (stands_already(it, text)) return;
    size_t index = it->count++;
    if (index >= it->max) return;
    mw_position position = {(int32_t)index + 1, 1};
    it->items[index] = (mw_named_source){
        mw_str_copy(it->arena, name), position, {mw_str_copy(it->arena, text), position}};
    if (!it->items[index].name.data || !it->items[index].source.text.data)
        it->out_of_memory = true;
}

static void add(lister *it, const key_set *set, saying what) {
    mw_buf name, text;
    mw_buf_init(&name, TEXT_MAX);
    mw_buf_init(&text, TEXT_MAX);
    append_name(it, set, what, &name);
    append_window(it, set, what, &text);
    if (mw_buf_check(&name, "a name", NULL) == MW_OK && mw_buf_check(&text, "", NULL) == MW_OK)
        keep(it, mw_buf_str(&name), mw_buf_str(&text));
    mw_buf_release(&name);
    mw_buf_release(&text);
}

static void add_numbers(lister *it, const key_set *set) {
    const mw_schema *schema = &it->stream->schema;
    for (size_t i = 0; i < schema->field_count; i++) {
        mw_str name = schema->fields[i].name;
        if (schema->fields[i].type != MW_TYPE_NUMBER || is_key(set, i) || is_of_id(it, i) ||
            is_carried(it, name))
            continue;
        for (size_t s = 0; s < SPAN_COUNT; s++) add(it, set, (saying){"mean", name, spans[s]});
        add(it, set, (saying){"max", name, "1d"});
        add(it, set, (saying){"last", name, "7d"});
    }
}

static void add_counts(lister *it, const key_set *set) {
    for (size_t s = 0; s < SPAN_COUNT; s++) add(it, set, (saying){"count", {0}, spans[s]});
    add(it, set, (saying){"since", {0}, "30d"});
}

static void add_stream(lister *it, const mw_stream *stream) {
    it->stream = stream;
    it->source_name = it->program->sources[stream->source].name;
    find_keys(it);
    for (size_t k = 0; k < it->set_count; k++) {
        if (!stream->is_later) add_counts(it, &it->sets[k]);
        add_numbers(it, &it->sets[k]);
    }
}

mw_status mw_candidates_list(const mw_program *program, const mw_model_program *model, size_t max,
                             mw_arena *arena, mw_candidates *out_candidates, mw_error *err) {
    lister it = {.program = program, .model = model, .arena = arena, .max = max};
    it.items = mw_arena_alloc(arena, max + 1, sizeof *it.items);
    if (!it.items) return mw_fail(err, MW_NO_MEMORY, "candidates: no memory");
    for (size_t i = 0; i < program->stream_count; i++) {
        const mw_stream *stream = &program->streams[i];
        if (!stream->is_of_moments && !stream->is_always) add_stream(&it, stream);
    }
    if (it.out_of_memory) return mw_fail(err, MW_NO_MEMORY, "candidates: no memory");
    *out_candidates = (mw_candidates){it.items, it.count};
    return MW_OK;
}
