#include "cli/version_program.h"

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "version: no memory for its program");
}

static mw_status read_zone(const mw_version *version, mw_arena *arena, const mw_zone **out_zone,
                           mw_error *err) {
    *out_zone = mw_zone_utc();
    if (version->zone_data.size == 0) return MW_OK;
    return mw_zone_parse(arena, version->zone, version->zone_data, out_zone, err);
}

static mw_status copy_columns(const mw_version *version, const mw_project *project,
                              mw_arena *arena, mw_schema **out_columns, mw_error *err) {
    size_t count = version->stream_count;
    mw_schema *columns = mw_arena_alloc(arena, count + 1, sizeof *columns);
    if (!columns) return no_memory(err);
    bool fits = count == project->stream_count;
    for (size_t i = 0; fits && i < count; i++) {
        fits = mw_str_equal(version->streams[i].name, project->streams[i].declaration.name);
        columns[i] = version->streams[i].columns;
    }
    if (!fits) return mw_fail(err, MW_CORRUPT, "version: its streams are not its project's");
    *out_columns = columns;
    return MW_OK;
}

static bool find_nothing(void *context, mw_str name, mw_str *out_value) {
    (void)context, (void)name;
    *out_value = MW_STR("");
    return true;
}

mw_status mw_version_program_compile(mw_str version_bytes, mw_symbols *symbols, mw_arena *arena,
                                     mw_version_program *out_program, mw_error *err) {
    mw_environment environment = {find_nothing, NULL};
    mw_version_program it = {.version = NULL};
    mw_project_data data;
    mw_schema *columns = NULL;
    mw_diagnostics *diagnostics = mw_arena_alloc(arena, 1, sizeof *diagnostics);
    if (!diagnostics) return no_memory(err);
    mw_diagnostics_init(diagnostics, arena);
    MW_TRY(mw_version_decode(arena, version_bytes, &it.version, err));
    MW_TRY(read_zone(it.version, arena, &data.zone, err));
    mw_status status = mw_project_read(it.version->project, environment, arena, diagnostics,
                                       &it.project);
    if (status == MW_OK) MW_TRY(copy_columns(it.version, it.project, arena, &columns, err));
    data.columns = columns;
    if (status == MW_OK)
        status = mw_project_compile(it.project, data, symbols, diagnostics, &it.program);
    if (status != MW_OK && diagnostics->count == 0) return no_memory(err);
    status = mw_diagnostics_status(diagnostics, err);
    if (status != MW_OK) return mw_fail_within(err, status, "the version's project file");
    it.model = mw_program_find_model(it.program, it.version->model);
    if (!it.model) return mw_fail(err, MW_CORRUPT, "version: its project lacks its model");
    *out_program = it;
    return MW_OK;
}
