#include "cli/catalogue.h"

#include <math.h>

#include "cli/live_version.h"
#include "decide/scorer.h"
#include "stat/correlation.h"
#include "sys/terminal.h"

enum {
    SAMPLE_MIN = 500,
    EXPLAINED_MAX = 2000,        /* of the sample: a row takes some tens of microseconds */
    PRODUCTS_MAX = 2000000000,   /* of correlations: some two seconds */
};

typedef struct {
    mw_feature_walk *walk;
    mw_catalogue *catalogue;
    mw_schema schema;
    mw_table sample; /* rows of feature cells */
    size_t sample_max;
} job;

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "features show: no memory");
}

static mw_status begin(job *it, mw_error *err) {
    const mw_model_program *model = it->walk->model.program;
    mw_arena *arena = &it->walk->workspace.cli->arena;
    size_t count = model->feature_count;
    mw_field *fields = mw_arena_alloc(arena, count + 1, sizeof *fields);
    mw_catalogue_entry *entries = mw_arena_alloc(arena, count + 1, sizeof *entries);
    if (!fields || !entries) return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        const mw_feature *feature = &model->features[i];
        fields[i] = (mw_field){feature->name, feature->type};
        entries[i] = (mw_catalogue_entry){
            .feature = feature,
            .about = mw_project_feature_about(it->walk->workspace.project, feature->position),
            .summary = mw_summary_begin(feature->type),
            .importance = NAN,
            .twin = -1,
            .nearest = -1,
        };
    }
    it->schema = (mw_schema){fields, count};
    mw_table_init(&it->sample, &it->schema);
    size_t affordable = PRODUCTS_MAX / (count * count + 1);
    it->sample_max = affordable < SAMPLE_MIN                ? SAMPLE_MIN
                     : affordable > MW_CATALOGUE_SAMPLE_MAX ? MW_CATALOGUE_SAMPLE_MAX
                                                            : affordable;
    *it->catalogue = (mw_catalogue){.entries = entries, .count = count};
    return MW_OK;
}

static mw_status take_moment(job *it, const mw_cell *features, size_t every, mw_error *err) {
    mw_catalogue *catalogue = it->catalogue;
    for (size_t i = 0; i < catalogue->count; i++)
        mw_summary_add(&catalogue->entries[i].summary, features[i]);
    if (catalogue->moment_count++ % every != 0) return MW_OK;
    return mw_table_add(&it->sample, features, NULL, err);
}

static mw_status replay(job *it, mw_error *err) {
    mw_feature_walk *walk = it->walk;
    size_t every = walk->moment_count_max / it->sample_max + 1;
    mw_progress progress =
        mw_progress_begin(walk->workspace.cli->sys, "replaying", walk->moment_count_max);
    mw_status status = MW_OK;
    bool is_done = false;
    while (status == MW_OK) {
        mw_step step;
        status = mw_replay_next(walk->replay, &step, &is_done, err);
        if (status != MW_OK || is_done) break;
        if (step.kind == MW_DUE_MOMENT) status = take_moment(it, step.features, every, err);
        mw_progress_update(&progress, it->catalogue->moment_count);
    }
    mw_progress_end(&progress);
    it->catalogue->sample_count = it->sample.row_count;
    return status;
}

/* --- features that say the same ------------------------------------------------------------- */

static bool is_same(const job *it, size_t a, size_t b) {
    const mw_summary *x = &it->catalogue->entries[a].summary;
    const mw_summary *y = &it->catalogue->entries[b].summary;
    if (x->type != y->type || x->digest != y->digest) return false;
    for (size_t row = 0; row < it->sample.row_count; row++)
        if (mw_table_row(&it->sample, row)[a].bits != mw_table_row(&it->sample, row)[b].bits)
            return false;
    return true;
}

static void find_twins(job *it) {
    for (size_t i = 0; i < it->catalogue->count; i++)
        for (size_t j = 0; j < i && it->catalogue->entries[i].twin < 0; j++)
            if (is_same(it, j, i)) it->catalogue->entries[i].twin = (int32_t)j;
}

static double number_of(mw_type type, mw_cell cell) {
    if (mw_cell_is_missing(type, cell)) return NAN;
    if (type == MW_TYPE_NUMBER) return cell.number;
    return type == MW_TYPE_BOOL ? (double)cell.boolean : (double)cell.time;
}

static void correlate(mw_catalogue_entry *entry, size_t other, double correlation) {
    if (!(fabs(correlation) > fabs(entry->correlation))) return;
    entry->nearest = (int32_t)other;
    entry->correlation = correlation;
}

/* Fills the ranks of all features but texts, a column after the other. */
static mw_status rank_all(const job *it, double *ranks, mw_error *err) {
    size_t rows = it->sample.row_count;
    for (size_t i = 0; i < it->schema.field_count; i++) {
        mw_type type = it->schema.fields[i].type;
        if (mw_type_is_symbol(type)) continue;
        for (size_t row = 0; row < rows; row++)
            ranks[i * rows + row] = number_of(type, mw_table_row(&it->sample, row)[i]);
        MW_TRY(mw_ranks(ranks + i * rows, rows, err));
    }
    return MW_OK;
}

static mw_status find_nearest(job *it, mw_error *err) {
    size_t rows = it->sample.row_count, count = it->catalogue->count;
    double *ranks = mw_allocate((rows * count + 1) * sizeof *ranks);
    if (!ranks) return no_memory(err);
    mw_status status = rank_all(it, ranks, err);
    for (size_t i = 0; i < count && status == MW_OK; i++) {
        if (mw_type_is_symbol(it->schema.fields[i].type)) continue;
        for (size_t j = 0; j < i; j++) {
            if (mw_type_is_symbol(it->schema.fields[j].type)) continue;
            double correlation = mw_rank_correlation(ranks + i * rows, ranks + j * rows, rows);
            correlate(&it->catalogue->entries[i], j, correlation);
            correlate(&it->catalogue->entries[j], i, correlation);
        }
    }
    mw_free(ranks);
    return status;
}

/* --- what the champion makes of them -------------------------------------------------------- */

static const mw_feature *find(const mw_model_program *model, const mw_feature *wanted) {
    for (size_t i = 0; i < model->feature_count; i++) {
        const mw_feature *feature = &model->features[i];
        if (feature->type == wanted->type && mw_str_equal(feature->name, wanted->name) &&
            mw_str_equal(mw_code_text(feature->code), mw_code_text(wanted->code)))
            return feature;
    }
    return NULL;
}

/* Where each of the champion's features stands among today's; false if one is not there. */
static bool match(const job *it, const mw_model_program *champion, size_t *out_indices) {
    const mw_model_program *today = it->walk->model.program;
    for (size_t i = 0; i < champion->feature_count; i++) {
        const mw_feature *feature = find(today, &champion->features[i]);
        if (!feature) return false;
        out_indices[i] = (size_t)(feature - today->features);
    }
    return true;
}

static mw_status add_up(job *it, mw_scorer *scorer, const size_t *indices, mw_cell *cells,
                        mw_error *err) {
    size_t count = mw_scorer_version(scorer)->features.count, rows = it->sample.row_count;
    size_t every = rows / EXPLAINED_MAX + 1;
    mw_catalogue_entry *entries = it->catalogue->entries;
    double *weights = mw_arena_alloc(&it->walk->workspace.cli->arena, count + 1, sizeof *weights);
    double all = 0;
    if (!weights) return no_memory(err);
    for (size_t row = 0; row < rows; row += every) {
        for (size_t i = 0; i < count; i++)
            cells[i] = mw_table_row(&it->sample, row)[indices[i]];
        MW_TRY(mw_scorer_weigh(scorer, cells, weights, err));
    }
    for (size_t i = 0; i < count; i++) all += weights[i];
    for (size_t i = 0; i < count; i++)
        entries[indices[i]].importance = all > 0 ? weights[i] / all : 0;
    return MW_OK;
}

static mw_status weigh_by(job *it, const mw_live_version *live, mw_error *err) {
    mw_arena *arena = &it->walk->workspace.cli->arena;
    mw_catalogue *catalogue = it->catalogue;
    size_t count = live->program.model->feature_count;
    size_t *indices = mw_arena_alloc(arena, count + 1, sizeof *indices);
    mw_cell *cells = mw_arena_alloc(arena, count + 1, sizeof *cells);
    if (!indices || !cells) return no_memory(err);
    if (!match(it, live->program.model, indices)) {
        catalogue->no_importance = MW_STR("the champion has other features; `millwright check` "
                                          "shows them");
        return MW_OK;
    }
    mw_scorer *scorer = NULL;
    MW_TRY(mw_scorer_create(mw_buf_str(&live->bytes), it->walk->workspace.symbols, &scorer, err));
    mw_status status = mw_scorer_prepare(scorer, err);
    if (status == MW_NOT_BUILT || status == MW_TOO_LARGE) {
        catalogue->no_importance = MW_STR("the champion's trees cannot be explained");
        status = MW_OK;
    } else if (status == MW_OK) {
        catalogue->champion = mw_str_copy(arena, mw_scorer_name(scorer));
        status = add_up(it, scorer, indices, cells, err);
    }
    mw_scorer_destroy(scorer);
    return status;
}

static mw_status weigh(job *it, mw_error *err) {
    mw_live_version live;
    mw_status status = mw_live_version_load(&it->walk->workspace, it->walk->model.program->name,
                                            &live, err);
    if (status == MW_OK && live.program.model) status = weigh_by(it, &live, err);
    else if (status == MW_OK) it->catalogue->no_importance = MW_STR("no version answers yet");
    mw_live_version_release(&live);
    return status;
}

mw_status mw_catalogue_make(mw_feature_walk *walk, mw_catalogue *out_catalogue, mw_error *err) {
    job it = {.walk = walk, .catalogue = out_catalogue};
    MW_TRY(begin(&it, err));
    mw_status status = replay(&it, err);
    if (status == MW_OK) find_twins(&it);
    if (status == MW_OK) status = find_nearest(&it, err);
    if (status == MW_OK) status = weigh(&it, err);
    mw_table_release(&it.sample);
    return status;
}
