#include "cli/version_archive.h"

#include "cli/version_program.h"
#include "lang/asked.h"

enum { NAMES_SIZE_MAX = 1 << 26, VERSION_ARENA_MAX = 1 << 30, SYMBOLS_SIZE_MAX = 1 << 26 };

typedef struct {
    mw_str model, version;
    mw_version_features features;
} entry;

struct mw_version_archive {
    const mw_workspace *workspace;
    mw_arena arena; /* what the entries point to */
    entry entries[MW_VERSION_ARCHIVE_MAX];
    size_t count;
    mw_scorer *scorer; /* of the version that was asked last; NULL: none was */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "archive: no memory for a version's features");
}

mw_status mw_version_archive_create(const mw_workspace *workspace,
                                    mw_version_archive **out_archive, mw_error *err) {
    mw_version_archive *archive = mw_allocate(sizeof *archive);
    if (!archive) return no_memory(err);
    archive->workspace = workspace;
    mw_arena_init(&archive->arena, NAMES_SIZE_MAX);
    *out_archive = archive;
    return MW_OK;
}

void mw_version_archive_destroy(mw_version_archive *archive) {
    if (!archive) return;
    mw_scorer_destroy(archive->scorer);
    mw_arena_release(&archive->arena);
    mw_free(archive);
}

static mw_status copy_features(mw_version_archive *archive, const mw_version *version,
                               mw_schema *out_features, mw_error *err) {
    size_t count = version->features.count;
    mw_field *fields = mw_arena_alloc(&archive->arena, count + 1, sizeof *fields);
    if (!fields) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const mw_model_feature *feature = &version->features.items[i];
        fields[i] = (mw_field){mw_str_copy(&archive->arena, feature->name), feature->type};
        if (!fields[i].name.data) return no_memory(err);
    }
    *out_features = (mw_schema){fields, count};
    return MW_OK;
}

static mw_status copy_asked(mw_version_archive *archive, const mw_model_program *model,
                            mw_schema *out_asked, mw_error *err) {
    size_t count = 0;
    mw_field *fields =
        mw_arena_alloc(&archive->arena, mw_asked_count(model) + 1, sizeof *fields);
    if (!fields) return no_memory(err);
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_feature *feature = &model->features[i];
        if (feature->process.size == 0) continue;
        fields[count] = (mw_field){mw_str_copy(&archive->arena, feature->name), feature->type};
        if (!fields[count++].name.data) return no_memory(err);
    }
    *out_asked = (mw_schema){fields, count};
    return MW_OK;
}

/* A program that does not compile any more, for a network it reads has changed, tells nothing. */
static mw_status find_asked(mw_version_archive *archive, mw_str bytes, mw_arena *arena,
                            mw_version_features *features, mw_error *err) {
    mw_symbols *symbols = NULL;
    mw_version_program program;
    mw_error unseen;
    MW_TRY(mw_symbols_create(SYMBOLS_SIZE_MAX, &symbols, err));
    features->is_told =
        mw_version_program_compile(bytes, symbols, &archive->workspace->perception->senses, arena,
                                   &program, &unseen) == MW_OK;
    mw_status status =
        features->is_told ? copy_asked(archive, program.model, &features->asked, err) : MW_OK;
    mw_symbols_destroy(symbols);
    return status;
}

static mw_status read_version(mw_version_archive *archive, mw_str model, mw_str name,
                              mw_arena *arena, entry *out_entry, mw_error *err) {
    mw_registry registry = mw_workspace_registry(archive->workspace);
    mw_version_row row;
    const mw_version *version = NULL;
    mw_version_features *features = &out_entry->features;
    mw_buf bytes;
    MW_TRY(mw_registry_find(registry, model, name, arena, &row, err));
    mw_buf_init(&bytes, MW_VERSION_SIZE_MAX);
    mw_status status = mw_registry_load(registry, &row, &bytes, err);
    if (status == MW_OK)
        status = mw_version_decode_all_but_forest(arena, mw_buf_str(&bytes), &version, err);
    if (status == MW_OK) status = copy_features(archive, version, &features->all, err);
    if (status == MW_OK) status = find_asked(archive, mw_buf_str(&bytes), arena, features, err);
    mw_buf_release(&bytes);
    return status;
}

/* What could not be read has left something in the arena too. */
static bool is_full(const mw_version_archive *archive) {
    return archive->count == MW_VERSION_ARCHIVE_MAX ||
           archive->arena.size_used > NAMES_SIZE_MAX / 2;
}

static mw_status add(mw_version_archive *archive, mw_str model, mw_str version, mw_error *err) {
    if (is_full(archive)) { /* so much is seldom asked for: begin anew */
        mw_arena_clear(&archive->arena);
        archive->count = 0;
    }
    mw_arena arena;
    mw_arena_init(&arena, VERSION_ARENA_MAX);
    entry read = {.model = mw_str_copy(&archive->arena, model),
                  .version = mw_str_copy(&archive->arena, version)};
    mw_status status = read.model.data && read.version.data ? MW_OK : no_memory(err);
    if (status == MW_OK) status = read_version(archive, model, version, &arena, &read, err);
    mw_arena_release(&arena);
    if (status == MW_OK) archive->entries[archive->count++] = read;
    return status;
}

mw_status mw_version_archive_find(mw_version_archive *archive, mw_str model, mw_str version,
                                  const mw_version_features **out_features, mw_error *err) {
    for (size_t i = 0; i < archive->count; i++) {
        const entry *known = &archive->entries[i];
        if (!mw_str_equal(known->version, version) || !mw_str_equal(known->model, model)) continue;
        *out_features = &known->features;
        return MW_OK;
    }
    MW_TRY(add(archive, model, version, err));
    *out_features = &archive->entries[archive->count - 1].features;
    return MW_OK;
}

static mw_status load_scorer(mw_version_archive *archive, mw_str model, mw_str version,
                             mw_arena *arena, mw_error *err) {
    mw_registry registry = mw_workspace_registry(archive->workspace);
    mw_scorer *scorer = NULL;
    mw_version_row row;
    mw_buf bytes;
    MW_TRY(mw_registry_find(registry, model, version, arena, &row, err));
    mw_buf_init(&bytes, MW_VERSION_SIZE_MAX);
    mw_status status = mw_registry_load(registry, &row, &bytes, err);
    if (status == MW_OK)
        status = mw_scorer_create(mw_buf_str(&bytes), archive->workspace->symbols, &scorer, err);
    mw_buf_release(&bytes);
    MW_TRY(status);
    mw_scorer_destroy(archive->scorer);
    archive->scorer = scorer;
    return MW_OK;
}

/* A version's name is that of its bytes, so the model need not be compared. */
mw_status mw_version_archive_scorer(mw_version_archive *archive, mw_str model, mw_str version,
                                    mw_scorer **out_scorer, mw_error *err) {
    if (!archive->scorer || !mw_str_equal(mw_scorer_name(archive->scorer), version)) {
        mw_arena arena;
        mw_arena_init(&arena, VERSION_ARENA_MAX);
        mw_status status = load_scorer(archive, model, version, &arena, err);
        mw_arena_release(&arena);
        MW_TRY(status);
    }
    *out_scorer = archive->scorer;
    return MW_OK;
}
