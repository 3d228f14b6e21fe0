#include "cli/program_changes.h"

#include "cli/grid.h"
#include "ingest/load.h"
#include "lang/explain.h"

enum { MOMENT_TEXT_MAX = 1 << 20, LABEL_TEXT_MAX = 1 << 18, OTHER_CHANGES_MAX = 3 };

typedef struct {
    mw_sys *sys;
    mw_model_in_program live, file;
    mw_arena *arena;
    mw_program_change *items;
    size_t count;
    bool out_of_memory;
} search;

static void add(search *it, const char *what, mw_str name, mw_str live, mw_str file) {
    it->items[it->count++] = (mw_program_change){what, name, live, file};
}

/* What was written, kept; the buffer is released. */
static mw_str keep(search *it, mw_buf *text) {
    mw_str kept = mw_str_copy(it->arena, mw_buf_str(text));
    if (!kept.data || text->failed) it->out_of_memory = true;
    mw_buf_release(text);
    return kept;
}

/* --- streams and zone --------------------------------------------------------------------- */

static bool uses_source(mw_model_in_program it, int32_t source) {
    const mw_stream *streams = it.program->streams;
    if (streams[it.model->moment_stream].source == source) return true;
    for (size_t i = 0; i < it.model->window_count; i++)
        if (streams[it.model->windows[i].stream].source == source) return true;
    return false;
}

/* Streams have no one text: it says that they are there. */
static void compare_sources(search *it) {
    for (size_t i = 0; i < it->live.program->source_count; i++) {
        if (!uses_source(it->live, (int32_t)i)) continue;
        char live[MW_SHA256_HEX_SIZE + 1];
        mw_str name = it->live.program->sources[i].name;
        int32_t other = mw_program_find_source(it->file.program, name);
        mw_source_definition(it->live.program, (int32_t)i, live);
        if (other >= 0 && mw_source_is(it->sys, it->file.program, other, mw_str_of(live)))
            continue;
        mw_str now = other >= 0 ? MW_STR("other keys") : (mw_str){0};
        add(it, "stream", name, MW_STR("its keys"), now);
    }
}

static void compare_zones(search *it) {
    mw_str live = mw_zone_name(it->live.program->zone), file = mw_zone_name(it->file.program->zone);
    if (!mw_str_equal(live, file)) add(it, "zone", MW_STR(""), live, file);
}

/* --- moment and label --------------------------------------------------------------------- */

static mw_str moment_text(search *it, mw_model_in_program of) {
    mw_buf text;
    mw_buf_init(&text, MOMENT_TEXT_MAX);
    mw_moment_write(of.program, of.model, &text);
    return keep(it, &text);
}

static mw_str label_text(search *it, mw_model_in_program of) {
    mw_buf text;
    mw_buf_init(&text, LABEL_TEXT_MAX);
    mw_buf_append_str(&text, mw_code_text(of.model->label));
    if (of.model->unless)
        mw_buf_printf(&text, " unless %.*s", MW_STR_ARGS(mw_code_text(of.model->unless)));
    return keep(it, &text);
}

static void compare_texts(search *it, const char *what, mw_str live, mw_str file) {
    if (!mw_str_equal(live, file)) add(it, what, MW_STR(""), live, file);
}

/* --- features ----------------------------------------------------------------------------- */

static const mw_feature *find_feature(const mw_model_program *model, mw_str name) {
    for (size_t i = 0; i < model->feature_count; i++)
        if (mw_str_equal(model->features[i].name, name)) return &model->features[i];
    return NULL;
}

static void compare_features(search *it) {
    const mw_model_program *live = it->live.model, *file = it->file.model;
    for (size_t i = 0; i < file->feature_count; i++) {
        const mw_feature *now = &file->features[i], *before = find_feature(live, now->name);
        mw_str was = before ? mw_code_text(before->code) : (mw_str){0};
        if (before && before->type == now->type && mw_str_equal(was, mw_code_text(now->code)))
            continue;
        add(it, "feature", now->name, was, mw_code_text(now->code));
    }
    for (size_t i = 0; i < live->feature_count; i++) {
        const mw_feature *before = &live->features[i];
        if (!find_feature(file, before->name))
            add(it, "feature", before->name, mw_code_text(before->code), (mw_str){0});
    }
}

mw_status mw_program_changes_find(mw_sys *sys, mw_model_in_program live,
                                  mw_model_in_program file, mw_arena *arena,
                                  mw_program_changes *out_changes, mw_error *err) {
    size_t most = live.program->source_count + live.model->feature_count +
                  file.model->feature_count + OTHER_CHANGES_MAX;
    search it = {.sys = sys, .live = live, .file = file, .arena = arena};
    it.items = mw_arena_alloc(arena, most, sizeof *it.items);
    if (!it.items) return mw_fail(err, MW_NO_MEMORY, "check: no memory to compare programs");
    compare_features(&it);
    compare_texts(&it, "label", label_text(&it, live), label_text(&it, file));
    compare_texts(&it, "moment", moment_text(&it, live), moment_text(&it, file));
    compare_zones(&it);
    compare_sources(&it);
    if (it.out_of_memory)
        return mw_fail(err, MW_NO_MEMORY, "check: no memory to compare programs");
    *out_changes = (mw_program_changes){it.items, it.count};
    return MW_OK;
}

/* --- telling ------------------------------------------------------------------------------ */

static const char *kind_of(const mw_program_change *change) {
    if (!change->live.data) return "added";
    return change->file.data ? "changed" : "removed";
}

void mw_program_changes_print(mw_program_changes changes, const char *indent, mw_buf *out) {
    mw_grid grid = mw_grid_begin("|||");
    for (size_t i = 0; i < changes.count; i++) {
        const mw_program_change *change = &changes.items[i];
        mw_grid_add(&grid, "%s", change->what);
        mw_grid_add_str(&grid, change->name);
        mw_grid_add(&grid, "%s", kind_of(change));
        if (change->live.data && change->file.data)
            mw_grid_add(&grid, "%.*s -> %.*s", MW_STR_ARGS(change->live),
                        MW_STR_ARGS(change->file));
        else mw_grid_add_str(&grid, change->live.data ? change->live : change->file);
    }
    mw_grid_print(&grid, indent, out);
}

static void write_text(mw_json *json, const char *key, mw_str text) {
    mw_json_key(json, key);
    if (text.data) mw_json_str(json, text);
    else mw_json_null(json);
}

void mw_program_changes_write_json(mw_program_changes changes, mw_json *json) {
    mw_json_array(json);
    for (size_t i = 0; i < changes.count; i++) {
        const mw_program_change *change = &changes.items[i];
        mw_json_object(json);
        mw_json_put_text(json, "what", change->what);
        if (change->name.size > 0) write_text(json, "name", change->name);
        mw_json_put_text(json, "change", kind_of(change));
        write_text(json, "live", change->live);
        write_text(json, "file", change->file);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
}
