#include "cli/live_version.h"

#include "ingest/load.h"
#include "lang/explain.h"
#include "table/answer_kind.h"

enum { PROGRAM_SIZE_MAX = 1 << 28 };

static void init(mw_live_version *live) {
    *live = (mw_live_version){.program = {.version = NULL}};
    mw_arena_init(&live->arena, PROGRAM_SIZE_MAX);
    mw_buf_init(&live->bytes, MW_VERSION_SIZE_MAX);
}

/* The version of the row that stands in `live`. */
static mw_status read(mw_registry registry, mw_live_version *live, mw_version_carried *out_carried,
                      mw_error *err) {
    MW_TRY(mw_registry_load(registry, &live->row, &live->bytes, err));
    return mw_version_program_read(mw_buf_str(&live->bytes), &live->arena, out_carried, err);
}

mw_status mw_live_version_make(const mw_workspace *workspace, mw_version_carried *carried,
                               mw_live_version *live, mw_error *err) {
    return mw_version_program_make(carried, workspace->symbols, &workspace->perception->senses,
                                   &live->program, err);
}

static mw_status load(const mw_workspace *workspace, mw_live_version *live, mw_error *err) {
    mw_version_carried carried;
    MW_TRY(read(mw_workspace_registry(workspace), live, &carried, err));
    return mw_live_version_make(workspace, &carried, live, err);
}

static mw_status copy_row(mw_arena *arena, const mw_version_row *row, mw_version_row *out_row,
                          mw_error *err) {
    mw_version_row copy = *row;
    mw_str *texts[] = {&copy.version, &copy.model, &copy.artefact, &copy.stage, &copy.details};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = mw_str_copy(arena, *texts[i]);
        if (!texts[i]->data) return mw_fail(err, MW_NO_MEMORY, "version: no memory for its name");
    }
    *out_row = copy;
    return MW_OK;
}

mw_status mw_live_version_read(mw_registry registry, const mw_version_row *row,
                               mw_live_version *out_live, mw_version_carried *out_carried,
                               mw_error *err) {
    init(out_live);
    MW_TRY(copy_row(&out_live->arena, row, &out_live->row, err));
    return read(registry, out_live, out_carried, err);
}

mw_status mw_live_version_load(const mw_workspace *workspace, mw_str model,
                               mw_live_version *out_live, mw_error *err) {
    init(out_live);
    mw_status status = mw_registry_champion(mw_workspace_registry(workspace), model,
                                            &out_live->arena, &out_live->row, err);
    if (status == MW_NOT_FOUND) return MW_OK;
    MW_TRY(status);
    return load(workspace, out_live, err);
}

mw_status mw_live_version_find(const mw_workspace *workspace, mw_str model, mw_str version,
                               mw_live_version *out_live, mw_error *err) {
    init(out_live);
    MW_TRY(mw_registry_find(mw_workspace_registry(workspace), model, version, &out_live->arena,
                            &out_live->row, err));
    return load(workspace, out_live, err);
}

void mw_live_version_release(mw_live_version *live) {
    mw_buf_release(&live->bytes);
    mw_arena_release(&live->arena);
}

mw_champion mw_live_version_champion(const mw_live_version *live) {
    return (mw_champion){.bytes = mw_buf_str(&live->bytes),
                         .program = live->program.program,
                         .model = live->program.model};
}

/* --- alike or not ------------------------------------------------------------------------- */

enum { MOMENT_TEXT_MAX = 1 << 20 };

/* What features are computed by. */
typedef struct {
    const mw_program *program;
    const mw_model_program *model;
    mw_str zone_data;
} course_rules;

static const mw_stream *window_stream(const course_rules *it, size_t window) {
    return &it->program->streams[it->model->windows[window].stream];
}

static const mw_stream *moment_stream(const course_rules *it) {
    return &it->program->streams[it->model->moment_stream];
}

static bool same_stream(const course_rules *a, const mw_stream *x, const course_rules *b,
                        const mw_stream *y) {
    char definition_of_x[MW_SHA256_HEX_SIZE + 1], definition_of_y[MW_SHA256_HEX_SIZE + 1];
    if (!mw_str_equal(x->name, y->name) || x->late_us != y->late_us) return false;
    mw_source_definition(a->program, x->source, definition_of_x);
    mw_source_definition(b->program, y->source, definition_of_y);
    return mw_str_is(mw_str_of(definition_of_x), definition_of_y);
}

static bool same_windows(const course_rules *a, const course_rules *b) {
    size_t count = a->model->feature_window_count;
    if (count != b->model->feature_window_count) return false;
    for (size_t i = 0; i < count; i++)
        if (!mw_str_equal(a->model->windows[i].text, b->model->windows[i].text) ||
            !same_stream(a, window_stream(a, i), b, window_stream(b, i)))
            return false;
    return true;
}

static bool same_features(const mw_model_program *a, const mw_model_program *b) {
    if (a->feature_count != b->feature_count) return false;
    for (size_t i = 0; i < a->feature_count; i++) {
        const mw_feature *x = &a->features[i], *y = &b->features[i];
        if (x->type != y->type || !mw_str_equal(x->name, y->name) ||
            !mw_str_equal(mw_code_text(x->code), mw_code_text(y->code)))
            return false;
    }
    return true;
}

static bool same_code(const mw_code *a, const mw_code *b) {
    return !a || !b ? a == b : mw_str_equal(mw_code_text(a), mw_code_text(b));
}

static bool same_label(const mw_model_program *a, const mw_model_program *b) {
    return same_code(a->label, b->label) && same_code(a->unless, b->unless) &&
           a->maturity_us == b->maturity_us;
}

static course_rules rules_of(const mw_workspace *workspace, const mw_live_version *live,
                             mw_str model) {
    const mw_version_program *own = &live->program;
    if (own->model) return (course_rules){own->program, own->model, own->version->zone_data};
    return (course_rules){workspace->program, mw_program_find_model(workspace->program, model),
                          workspace->zone_data};
}

static bool same_moments(const course_rules *a, const course_rules *b) {
    mw_buf x, y;
    mw_buf_init(&x, MOMENT_TEXT_MAX);
    mw_buf_init(&y, MOMENT_TEXT_MAX);
    mw_moment_write(a->program, a->model, &x);
    mw_moment_write(b->program, b->model, &y);
    bool are_same = !x.failed && !y.failed && mw_str_equal(mw_buf_str(&x), mw_buf_str(&y));
    mw_buf_release(&x);
    mw_buf_release(&y);
    return are_same;
}

static bool same_rules(const course_rules *a, const course_rules *b) {
    return mw_str_equal(mw_zone_name(a->program->zone), mw_zone_name(b->program->zone)) &&
           mw_str_equal(a->zone_data, b->zone_data) &&
           same_moments(a, b) &&
           same_stream(a, moment_stream(a), b, moment_stream(b)) &&
           same_features(a->model, b->model) && same_windows(a, b);
}

static mw_answer_kind answer_of(const course_rules *rules) {
    return mw_answer_kind_of(mw_code_type(rules->model->label));
}

bool mw_live_version_is_alike(const mw_workspace *workspace, const mw_live_version *live,
                              const mw_live_version *next) {
    course_rules b = rules_of(workspace, next, MW_STR(""));
    course_rules a = rules_of(workspace, live, b.model->name);
    return same_rules(&a, &b) && answer_of(&a) == answer_of(&b);
}

bool mw_live_version_is_kin(const mw_workspace *workspace, const mw_live_version *live,
                            const mw_live_version *other) {
    course_rules a = rules_of(workspace, live, MW_STR(""));
    course_rules b = rules_of(workspace, other, a.model->name);
    return same_rules(&a, &b) && same_label(a.model, b.model);
}
