#include "testing/declare.h"

#include <math.h>

#include "testing/test.h"

enum { ITEMS_MAX = 256, PROJECT_SIZE_MAX = 64 << 20, SYMBOLS_SIZE_MAX = 1 << 20 };

typedef struct {
    mw_arena *arena;
    mw_declarations declarations;
    mw_stream_declaration *stream; /* the one that lines belong to; NULL: a model */
    mw_str rest;
    int32_t line;
} declare_reader;

/* A line in its parts; the value's place is that of its first character. */
typedef struct {
    mw_str key, name;
    mw_source value;
    mw_position position;
} declare_entry;

static void *room(declare_reader *reader, size_t item_size) {
    void *items = mw_arena_alloc(reader->arena, ITEMS_MAX, item_size);
    MW_CHECK(items != NULL);
    return items;
}

static bool next_entry(declare_reader *reader, declare_entry *out_entry) {
    mw_str line;
    do {
        if (!mw_str_split(&reader->rest, '\n', &line)) return false;
        reader->line++;
    } while (mw_str_trim(line).size == 0);
    mw_str rest = line, head, key;
    MW_CHECK(mw_str_split(&rest, ':', &head));
    mw_str value = mw_str_trim(rest);
    mw_str name = mw_str_trim(head);
    MW_CHECK(mw_str_split(&name, ' ', &key));
    int32_t value_at = value.size > 0 ? (int32_t)(value.data - line.data) + 1 : 1;
    *out_entry = (declare_entry){.key = key,
                                 .name = mw_str_trim(name),
                                 .value = {value, {reader->line, value_at}},
                                 .position = {reader->line, (int32_t)(key.data - line.data) + 1}};
    return true;
}

/* "carrier category, at time" */
static mw_schema read_columns(declare_reader *reader, mw_str list) {
    mw_schema schema = {.fields = room(reader, sizeof(mw_field))};
    mw_str piece;
    while (mw_str_split(&list, ',', &piece)) {
        mw_str type = mw_str_trim(piece), name;
        MW_CHECK(mw_str_split(&type, ' ', &name));
        mw_field *field = &schema.fields[schema.field_count++];
        MW_CHECK(schema.field_count <= ITEMS_MAX);
        field->name = name;
        MW_CHECK(mw_type_parse(mw_str_trim(type), &field->type));
    }
    return schema;
}

static void begin_stream(declare_reader *reader, const declare_entry *entry) {
    MW_CHECK(reader->declarations.stream_count < ITEMS_MAX);
    reader->stream = &reader->declarations.streams[reader->declarations.stream_count++];
    *reader->stream = (mw_stream_declaration){.name = entry->name,
                                              .position = entry->position,
                                              .late_us = MW_HOUR_US,
                                              .fields = room(reader, sizeof(mw_named_source)),
                                              .asks = room(reader, sizeof(mw_ask_declaration)),
                                              .laters = room(reader, sizeof(mw_named_source)),
                                              .mends = room(reader, sizeof(mw_mend_declaration)),
                                              .ids = room(reader, sizeof(mw_str))};
}

/* Whether it is one: units, default, drop or clip of a field. */
static bool read_mend(mw_stream_declaration *stream, const declare_entry *entry) {
    static const char *const words[] = {"units", "default", "drop", "clip"};
    mw_mend_declaration mend = {.name = entry->name, .position = entry->value.position,
                                .min = -INFINITY, .max = INFINITY};
    size_t kind = 0;
    while (kind < 4 && !mw_str_is(entry->key, words[kind])) kind++;
    if (kind == 4) return false;
    mend.kind = (mw_mend_kind)kind;
    mw_str rest = entry->value.text, min;
    if (mend.kind == MW_MEND_UNITS) MW_CHECK(mw_str_to_double(rest, &mend.factor));
    if (mend.kind == MW_MEND_DEFAULT) mend.value = entry->value;
    if (mend.kind == MW_MEND_DROP || mend.kind == MW_MEND_CLIP)
        MW_CHECK(mw_str_split(&rest, ' ', &min) && mw_str_to_double(min, &mend.min) &&
                 mw_str_to_double(rest, &mend.max));
    MW_CHECK(stream->mend_count < ITEMS_MAX);
    stream->mends[stream->mend_count++] = mend;
    return true;
}

/* TYPE PROCESS(FIELD, ...) */
static void read_ask(mw_stream_declaration *stream, const declare_entry *entry) {
    mw_ask_declaration *ask = &stream->asks[stream->ask_count++];
    mw_str text = entry->value.text, type;
    MW_CHECK(stream->ask_count <= ITEMS_MAX && mw_str_split(&text, ' ', &type));
    mw_position position = entry->value.position;
    position.column += (int32_t)(text.data - entry->value.text.data);
    *ask = (mw_ask_declaration){entry->name, entry->position, {text, position}, MW_TYPE_COUNT};
    MW_CHECK(mw_type_parse(type, &ask->gives));
}

static void read_stream_key(declare_reader *reader, const declare_entry *entry) {
    mw_stream_declaration *stream = reader->stream;
    mw_named_source named = {entry->name, entry->position, entry->value};
    mw_str list = entry->value.text, id;
    int64_t count;
    if (mw_str_is(entry->key, "columns")) {
        stream->lacks_columns = mw_str_is(entry->value.text, "unknown");
        if (!stream->lacks_columns) stream->columns = read_columns(reader, entry->value.text);
    } else if (mw_str_is(entry->key, "field")) {
        stream->fields[stream->field_count++] = named;
    } else if (mw_str_is(entry->key, "ask")) {
        read_ask(stream, entry);
    } else if (mw_str_is(entry->key, "later")) {
        stream->laters[stream->later_count++] = named;
    } else if (mw_str_is(entry->key, "where")) {
        stream->where = entry->value;
    } else if (read_mend(stream, entry)) {
        return;
    } else if (mw_str_is(entry->key, "time")) {
        stream->time = entry->value;
    } else if (mw_str_is(entry->key, "known")) {
        stream->known = entry->value;
    } else if (mw_str_is(entry->key, "late")) {
        bool is_us = mw_str_ends(list, MW_STR("us"));
        list.size -= is_us ? 2 : 1;
        MW_CHECK(is_us || mw_str_ends(entry->value.text, MW_STR("h")));
        MW_CHECK(mw_str_to_int64(list, &count));
        stream->late_us = is_us ? count : count * MW_HOUR_US;
    } else {
        MW_CHECK(mw_str_is(entry->key, "id"));
        stream->id_position = entry->value.position;
        while (mw_str_split(&list, ',', &id)) stream->ids[stream->id_count++] = mw_str_trim(id);
    }
}

static void read_entry(declare_reader *reader, const declare_entry *entry) {
    mw_declarations *all = &reader->declarations;
    mw_model_declaration *model = all->model_count ? &all->models[all->model_count - 1] : NULL;
    if (mw_str_is(entry->key, "stream")) {
        begin_stream(reader, entry);
    } else if (mw_str_is(entry->key, "feature")) {
        MW_CHECK(all->feature_count < ITEMS_MAX);
        all->features[all->feature_count++] =
            (mw_named_source){entry->name, entry->position, entry->value};
    } else if (mw_str_is(entry->key, "model")) {
        MW_CHECK(all->model_count < ITEMS_MAX);
        reader->stream = NULL;
        all->models[all->model_count++] =
            (mw_model_declaration){.name = entry->name, .position = entry->position};
    } else if (reader->stream) {
        read_stream_key(reader, entry);
    } else if (mw_str_is(entry->key, "moment")) {
        MW_CHECK(model != NULL);
        model->moment = entry->value;
    } else {
        MW_CHECK(model != NULL && mw_str_is(entry->key, "label"));
        model->label = entry->value;
    }
}

mw_declarations mw_test_declare(mw_arena *arena, const char *text) {
    declare_reader reader = {.arena = arena, .rest = mw_str_of(text)};
    reader.declarations.zone = mw_zone_utc();
    reader.declarations.streams = room(&reader, sizeof(mw_stream_declaration));
    reader.declarations.features = room(&reader, sizeof(mw_named_source));
    reader.declarations.models = room(&reader, sizeof(mw_model_declaration));
    declare_entry entry;
    while (next_entry(&reader, &entry)) read_entry(&reader, &entry);
    return reader.declarations;
}

/* Compiles the text; what is wrong comes back as it is printed. */
static const mw_program *compile(mw_arena *arena, mw_symbols *symbols, const char *text,
                                 mw_str *out_mistakes) {
    mw_declarations declarations = mw_test_declare(arena, text);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, arena);
    for (size_t i = 0; i < declarations.stream_count; i++)
        if (declarations.streams[i].lacks_columns)
            mw_diagnose(&diagnostics, declarations.streams[i].position, MW_NOT_FOUND, "no data");
    const mw_program *program = NULL;
    mw_status status = mw_program_compile(&declarations, arena, symbols, &diagnostics, &program);
    MW_CHECK((status == MW_OK) == (diagnostics.count == 0));
    mw_buf out;
    mw_buf_init(&out, 1 << 20);
    mw_diagnostics_print(&diagnostics, "", &out);
    *out_mistakes = mw_str_copy(arena, mw_buf_str(&out));
    mw_buf_release(&out);
    return program;
}

const mw_program *mw_test_program(mw_arena *arena, mw_symbols *symbols, const char *text) {
    mw_str mistakes;
    const mw_program *program = compile(arena, symbols, text, &mistakes);
    if (!program)
        mw_test_fail(MW_TEST_PLACE("the project compiles"), "%.*s", MW_STR_ARGS(mistakes));
    return program;
}

mw_test_project mw_test_compile(const char *text) {
    mw_test_project project;
    mw_arena_init(&project.arena, PROJECT_SIZE_MAX);
    MW_CHECK_OK(mw_symbols_create(SYMBOLS_SIZE_MAX, &project.symbols, NULL), NULL);
    project.program = mw_test_program(&project.arena, project.symbols, text);
    project.model = project.program->model_count > 0 ? &project.program->models[0] : NULL;
    return project;
}

void mw_test_project_release(mw_test_project *project) {
    mw_symbols_destroy(project->symbols);
    mw_arena_release(&project->arena);
}

mw_str mw_test_mistakes(mw_arena *arena, mw_symbols *symbols, const char *text) {
    mw_str mistakes;
    (void)compile(arena, symbols, text, &mistakes);
    return mistakes;
}

static void check_mistakes(const char *before, const mw_test_mistake *it, const char *after) {
    mw_arena arena;
    mw_symbols *symbols;
    mw_buf text;
    mw_arena_init(&arena, 64 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &symbols, NULL), NULL);
    mw_buf_init(&text, 1 << 20);
    mw_buf_printf(&text, "%s%s%s", before, it->text, after);
    MW_CHECK_EQUAL_STR(mw_test_mistakes(&arena, symbols, text.data), it->mistakes);
    mw_buf_release(&text);
    mw_symbols_destroy(symbols);
    mw_arena_release(&arena);
}

void mw_test_check_mistakes(const char *before, const mw_test_mistake *cases, size_t count,
                            const char *after) {
    for (size_t i = 0; i < count; i++) check_mistakes(before, &cases[i], after);
}
