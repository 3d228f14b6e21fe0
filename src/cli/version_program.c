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

/* The first of the project's mistakes, if there was one. */
static mw_status tell_mistakes(const mw_version_carried *it, mw_status status, mw_error *err) {
    if (status != MW_OK && it->diagnostics->count == 0) return no_memory(err);
    status = mw_diagnostics_status(it->diagnostics, err);
    return status == MW_OK ? MW_OK : mw_fail_within(err, status, "the version's project file");
}

mw_status mw_version_program_read(mw_str version_bytes, mw_arena *arena,
                                  mw_version_carried *out_carried, mw_error *err) {
    mw_environment environment = mw_environment_blank();
    mw_version_carried it = {.diagnostics = mw_arena_alloc(arena, 1, sizeof *it.diagnostics)};
    mw_schema *columns = NULL;
    if (!it.diagnostics) return no_memory(err);
    mw_diagnostics_init(it.diagnostics, arena);
    it.diagnostics->of_version = true;
    MW_TRY(mw_version_decode_all_but_forest(arena, version_bytes, &it.version, err));
    MW_TRY(read_zone(it.version, arena, &it.data.zone, err));
    MW_TRY(tell_mistakes(&it, mw_project_read(it.version->project, environment, arena,
                                              it.diagnostics, &it.project), err));
    MW_TRY(copy_columns(it.version, it.project, arena, &columns, err));
    it.data.columns = columns;
    *out_carried = it;
    return MW_OK;
}

static mw_status lacks_model(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "version: its project lacks its model");
}

/* A network that has changed makes other numbers of the same rows. */
static mw_status check_files(const mw_version *version, const mw_model_program *model,
                             mw_error *err) {
    for (size_t i = 0; i < version->file_count; i++)
        for (size_t f = 0; f < model->file_count; f++) {
            const mw_version_file *was = &version->files[i];
            const mw_program_file *now = &model->files[f];
            if (!mw_str_equal(was->name, now->name) || mw_str_equal(was->sha256, now->sha256))
                continue;
            mw_status status = mw_fail(err, MW_CONFLICT,
                                       "version: it was trained with another %.*s, of SHA-256 %.*s",
                                       MW_STR_ARGS(was->name), MW_STR_ARGS(was->sha256));
            return mw_hint(err, status, "Bring that file back, or train again.");
        }
    return MW_OK;
}

mw_status mw_version_program_make(mw_version_carried *carried, mw_symbols *symbols,
                                  const mw_senses *senses, mw_version_program *out_program,
                                  mw_error *err) {
    const mw_program *program = NULL;
    carried->data.senses = senses;
    MW_TRY(tell_mistakes(carried, mw_project_compile(carried->project, carried->data, symbols,
                                                     carried->diagnostics, &program), err));
    const mw_version *version = carried->version;
    const mw_model_program *model = mw_program_find_model(program, version->model);
    if (!model) return lacks_model(err);
    MW_TRY(check_files(version, model, err));
    *out_program = (mw_version_program){version, carried->project, program, model};
    return MW_OK;
}

mw_status mw_version_program_compile(mw_str version_bytes, mw_symbols *symbols,
                                     const mw_senses *senses, mw_arena *arena,
                                     mw_version_program *out_program, mw_error *err) {
    mw_version_carried carried;
    MW_TRY(mw_version_program_read(version_bytes, arena, &carried, err));
    return mw_version_program_make(&carried, symbols, senses, out_program, err);
}

mw_status mw_version_program_declare(mw_str version_bytes, mw_arena *arena,
                                     mw_declarations *out_declarations, size_t *out_model,
                                     mw_error *err) {
    mw_version_carried it;
    mw_declarations declarations;
    MW_TRY(mw_version_program_read(version_bytes, arena, &it, err));
    MW_TRY(tell_mistakes(&it, mw_project_declare(it.project, it.data, arena, it.diagnostics,
                                                 &declarations), err));
    for (size_t i = 0; i < declarations.model_count; i++) {
        if (!mw_str_equal(declarations.models[i].name, it.version->model)) continue;
        *out_declarations = declarations;
        *out_model = i;
        return MW_OK;
    }
    return lacks_model(err);
}
