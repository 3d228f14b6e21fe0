#include "cli/live_version.h"

enum { PROGRAM_SIZE_MAX = 1 << 28 };

mw_status mw_live_version_load(const mw_workspace *workspace, mw_str model,
                               mw_live_version *out_live, mw_error *err) {
    *out_live = (mw_live_version){.program = {.version = NULL}};
    mw_arena_init(&out_live->arena, PROGRAM_SIZE_MAX);
    mw_buf_init(&out_live->bytes, MW_VERSION_SIZE_MAX);
    mw_registry registry = mw_workspace_registry(workspace);
    mw_version_row champion;
    mw_status status = mw_registry_champion(registry, model, &out_live->arena, &champion, err);
    if (status == MW_NOT_FOUND) return MW_OK;
    MW_TRY(status);
    MW_TRY(mw_registry_load(registry, &champion, &out_live->bytes, err));
    return mw_version_program_compile(mw_buf_str(&out_live->bytes), workspace->symbols,
                                      &out_live->arena, &out_live->program, err);
}

void mw_live_version_release(mw_live_version *live) {
    mw_buf_release(&live->bytes);
    mw_arena_release(&live->arena);
}

mw_champion mw_live_version_champion(const mw_live_version *live) {
    return (mw_champion){mw_buf_str(&live->bytes), live->program.program, live->program.model};
}

static bool same_columns(const mw_schema *a, const mw_schema *b) {
    bool is_same = a->field_count == b->field_count;
    for (size_t i = 0; is_same && i < a->field_count; i++)
        is_same = mw_str_equal(a->fields[i].name, b->fields[i].name) &&
                  a->fields[i].type == b->fields[i].type;
    return is_same;
}

bool mw_live_version_is_alike(const mw_live_version *a, const mw_live_version *b) {
    const mw_version *one = a->program.version, *other = b->program.version;
    if (!one || !other) return one == other;
    bool is_alike = mw_str_equal(one->project, other->project) &&
                    mw_str_equal(one->zone, other->zone) &&
                    mw_str_equal(one->zone_data, other->zone_data) &&
                    one->stream_count == other->stream_count;
    for (size_t i = 0; is_alike && i < one->stream_count; i++)
        is_alike = same_columns(&one->streams[i].columns, &other->streams[i].columns);
    return is_alike;
}
