#include "registry/registry.h"

enum { ROWS_MAX = 1 << 20 };

#define RUN_COLUMNS \
    "id, model, learner, status, started_us, ended_us, seed, data_version, version, why, details"
#define VERSION_COLUMNS "version, model, created_us, run, artefact, stage, details"
#define PROMOTION_COLUMNS "at_us, model, version, from_stage, to_stage, who, why"
#define METRIC_COLUMNS "name, segment, value, low, high, count"

/* --- rows of the catalog as values ------------------------------------------------------ */

/* Copies a text column; an arena that is full shows in `*full`. */
static mw_str text_at(const mw_catalog_rows *rows, int column, mw_arena *arena, bool *full) {
    mw_str copy = mw_str_copy(arena, mw_catalog_text(rows, column));
    if (!copy.data) *full = true;
    return copy;
}

typedef void (*row_reader)(const mw_catalog_rows *rows, mw_arena *arena, void *out, bool *full);

static void read_run(const mw_catalog_rows *rows, mw_arena *arena, void *out, bool *full) {
    *(mw_run_row *)out = (mw_run_row){.id = mw_catalog_int(rows, 0),
                                      .model = text_at(rows, 1, arena, full),
                                      .learner = text_at(rows, 2, arena, full),
                                      .status = text_at(rows, 3, arena, full),
                                      .started_us = mw_catalog_time(rows, 4),
                                      .ended_us = mw_catalog_time(rows, 5),
                                      .seed = mw_catalog_int(rows, 6),
                                      .data_version = text_at(rows, 7, arena, full),
                                      .version = text_at(rows, 8, arena, full),
                                      .why = text_at(rows, 9, arena, full),
                                      .details = text_at(rows, 10, arena, full)};
}

static void read_version(const mw_catalog_rows *rows, mw_arena *arena, void *out, bool *full) {
    *(mw_version_row *)out = (mw_version_row){.version = text_at(rows, 0, arena, full),
                                              .model = text_at(rows, 1, arena, full),
                                              .created_us = mw_catalog_time(rows, 2),
                                              .run = mw_catalog_int(rows, 3),
                                              .artefact = text_at(rows, 4, arena, full),
                                              .stage = text_at(rows, 5, arena, full),
                                              .details = text_at(rows, 6, arena, full)};
}

static void read_promotion(const mw_catalog_rows *rows, mw_arena *arena, void *out, bool *full) {
    *(mw_promotion_row *)out = (mw_promotion_row){.at_us = mw_catalog_time(rows, 0),
                                                  .model = text_at(rows, 1, arena, full),
                                                  .version = text_at(rows, 2, arena, full),
                                                  .from_stage = text_at(rows, 3, arena, full),
                                                  .to_stage = text_at(rows, 4, arena, full),
                                                  .who = text_at(rows, 5, arena, full),
                                                  .why = text_at(rows, 6, arena, full)};
}

static void read_text(const mw_catalog_rows *rows, mw_arena *arena, void *out, bool *full) {
    *(mw_str *)out = text_at(rows, 0, arena, full);
}

static void read_metric(const mw_catalog_rows *rows, mw_arena *arena, void *out, bool *full) {
    *(mw_metric_row *)out = (mw_metric_row){.name = text_at(rows, 0, arena, full),
                                            .segment = text_at(rows, 1, arena, full),
                                            .value = mw_catalog_real(rows, 2),
                                            .low = mw_catalog_real(rows, 3),
                                            .high = mw_catalog_real(rows, 4),
                                            .count = mw_catalog_int(rows, 5)};
}

/* What to ask and how to read the answer. */
typedef struct {
    const char *sql;
    mw_sql_values values;
    row_reader read;
    size_t row_size;
} question;

/* All rows of the answer, one behind the other in `arena`. */
static mw_status ask(mw_registry registry, question asked, mw_arena *arena, void **out_rows,
                     size_t *out_count, mw_error *err) {
    mw_catalog_rows *rows = NULL;
    MW_TRY(mw_catalog_query(registry.catalog, asked.sql, asked.values, &rows, err));
    char *items = NULL;
    size_t count = 0, capacity = 0;
    bool has_row = false, full = false;
    mw_status status = mw_catalog_next(rows, &has_row, err);
    while (status == MW_OK && has_row && !full) {
        full = !mw_grow((void **)&items, &capacity, count + 1, asked.row_size, ROWS_MAX);
        if (!full) asked.read(rows, arena, items + count++ * asked.row_size, &full);
        status = mw_catalog_next(rows, &has_row, err);
    }
    mw_catalog_rows_close(rows);
    void *kept = status == MW_OK && !full ? mw_arena_alloc(arena, count + 1, asked.row_size) : NULL;
    if (status == MW_OK && !kept)
        status = mw_fail(err, MW_NO_MEMORY, "registry: no memory for %zu rows", count);
    if (status == MW_OK) {
        for (size_t i = 0; i < count * asked.row_size; i++) ((char *)kept)[i] = items[i];
        *out_rows = kept;
        *out_count = count;
    }
    mw_free(items);
    return status;
}

/* --- recording -------------------------------------------------------------------------- */

static mw_status insert_run(mw_registry registry, const mw_run_row *run, int64_t *out_id,
                            mw_error *err) {
    MW_TRY(mw_catalog_run(registry.catalog,
                          "INSERT INTO runs (model, learner, status, started_us, ended_us, seed,"
                          " data_version, version, why, details)"
                          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                          MW_SQL(mw_sql_str(run->model), mw_sql_str(run->learner),
                                 mw_sql_str(run->status), mw_sql_time(run->started_us),
                                 mw_sql_time(run->ended_us), mw_sql_int(run->seed),
                                 mw_sql_str(run->data_version), mw_sql_str(run->version),
                                 mw_sql_str(run->why), mw_sql_str(run->details)),
                          err));
    *out_id = mw_catalog_last_id(registry.catalog);
    return MW_OK;
}

static mw_status insert_metrics(mw_registry registry, int64_t run, mw_metric_rows metrics,
                                mw_error *err) {
    for (size_t i = 0; i < metrics.count; i++) {
        const mw_metric_row *metric = &metrics.items[i];
        MW_TRY(mw_catalog_run(registry.catalog,
                              "INSERT INTO metrics (run, name, segment, value, low, high, count)"
                              " VALUES (?, ?, ?, ?, ?, ?, ?)",
                              MW_SQL(mw_sql_int(run), mw_sql_str(metric->name),
                                     mw_sql_str(metric->segment), mw_sql_real(metric->value),
                                     mw_sql_real(metric->low), mw_sql_real(metric->high),
                                     mw_sql_int(metric->count)),
                              err));
    }
    return MW_OK;
}

static mw_status insert_version(mw_registry registry, const mw_run_row *run, int64_t run_id,
                                const char *artefact, mw_error *err) {
    return mw_catalog_run(registry.catalog,
                          "INSERT OR IGNORE INTO versions (version, model, created_us, run,"
                          " artefact, stage, details) VALUES (?, ?, ?, ?, ?, ?, ?)",
                          MW_SQL(mw_sql_str(run->version), mw_sql_str(run->model),
                                 mw_sql_time(run->ended_us), mw_sql_int(run_id),
                                 mw_sql_text(artefact), mw_sql_text(MW_STAGE_CANDIDATE),
                                 mw_sql_str(run->details)),
                          err);
}

mw_status mw_registry_record(mw_registry registry, const mw_run_row *run,
                             mw_metric_rows metrics, mw_str version_bytes, int64_t *out_run,
                             mw_error *err) {
    MW_ASSERT((version_bytes.size > 0) == (run->version.size > 0));
    char artefact[MW_SHA256_HEX_SIZE + 1] = "";
    if (version_bytes.size > 0)
        MW_TRY(mw_artefacts_put(registry.artefacts, version_bytes, artefact, err));
    MW_TRY(mw_catalog_begin(registry.catalog, err));
    int64_t id = 0;
    mw_status status = insert_run(registry, run, &id, err);
    if (status == MW_OK) status = insert_metrics(registry, id, metrics, err);
    if (status == MW_OK && version_bytes.size > 0)
        status = insert_version(registry, run, id, artefact, err);
    if (status == MW_OK) status = mw_catalog_commit(registry.catalog, err);
    else mw_catalog_rollback(registry.catalog);
    if (status == MW_OK) *out_run = id;
    return status;
}

/* --- stages ----------------------------------------------------------------------------- */

static mw_status set_stage(mw_registry registry, const mw_version_row *version,
                           const char *stage, mw_change change, mw_error *err) {
    MW_TRY(mw_catalog_run(registry.catalog,
                          "UPDATE versions SET stage = ? WHERE model = ? AND version = ?",
                          MW_SQL(mw_sql_text(stage), mw_sql_str(version->model),
                                 mw_sql_str(version->version)),
                          err));
    return mw_catalog_run(registry.catalog,
                          "INSERT INTO promotions (at_us, model, version, from_stage, to_stage,"
                          " who, why) VALUES (?, ?, ?, ?, ?, ?, ?)",
                          MW_SQL(mw_sql_time(change.at_us), mw_sql_str(version->model),
                                 mw_sql_str(version->version), mw_sql_str(version->stage),
                                 mw_sql_text(stage), mw_sql_str(change.who),
                                 mw_sql_str(change.why)),
                          err);
}

/* No version if there is none. */
static mw_status find_replaced(mw_registry registry, mw_str model, mw_arena *arena,
                               mw_version_row *out_version, mw_error *err) {
    mw_error absent;
    *out_version = (mw_version_row){.run = 0};
    mw_status status = mw_registry_champion(registry, model, arena, out_version, &absent);
    if (status == MW_OK || status == MW_NOT_FOUND) return MW_OK;
    return mw_fail(err, status, "%s", absent.message);
}

static mw_status check_condition(const mw_promotion *wish, const mw_version_row *version,
                                 const mw_version_row *before, mw_error *err) {
    mw_str nobody = MW_STR("none"), now = before->version, over = wish->over;
    if (wish->is_conditional && !mw_str_equal(now, over))
        return mw_fail(err, MW_CONFLICT, "%.*s: %.*s is the champion now, not %.*s",
                       MW_STR_ARGS(wish->model), MW_STR_ARGS(now.size > 0 ? now : nobody),
                       MW_STR_ARGS(over.size > 0 ? over : nobody));
    if (wish->is_new && mw_str_is(version->stage, MW_STAGE_RETIRED))
        return mw_fail(err, MW_CONFLICT, "%.*s: %.*s was champion before, and was replaced",
                       MW_STR_ARGS(wish->model), MW_STR_ARGS(version->version));
    return MW_OK;
}

/* In a transaction, which holds the catalog's lock: nobody comes between look and change. */
static mw_status succeed(mw_registry registry, const mw_promotion *wish,
                         const mw_version_row *version, mw_arena *arena, mw_succession *made,
                         mw_error *err) {
    mw_version_row before;
    *made = (mw_succession){*version, version->version};
    if (mw_str_is(version->stage, MW_STAGE_CHAMPION)) return MW_OK;
    MW_TRY(find_replaced(registry, wish->model, arena, &before, err));
    MW_TRY(check_condition(wish, version, &before, err));
    if (before.version.size > 0)
        MW_TRY(set_stage(registry, &before, MW_STAGE_RETIRED, wish->change, err));
    made->before = before.version;
    made->champion.stage = MW_STR(MW_STAGE_CHAMPION);
    return set_stage(registry, version, MW_STAGE_CHAMPION, wish->change, err);
}

static mw_status end_change(mw_registry registry, mw_status status, mw_error *err) {
    if (status == MW_OK) return mw_catalog_commit(registry.catalog, err);
    mw_catalog_rollback(registry.catalog);
    return status;
}

mw_status mw_registry_promote(mw_registry registry, const mw_promotion *wish, mw_arena *arena,
                              mw_succession *out_made, mw_error *err) {
    mw_version_row version;
    mw_succession made;
    MW_TRY(mw_catalog_begin(registry.catalog, err));
    mw_status status = mw_registry_find(registry, wish->model, wish->version, arena, &version, err);
    if (status == MW_OK) status = succeed(registry, wish, &version, arena, &made, err);
    MW_TRY(end_change(registry, status, err));
    *out_made = made;
    return MW_OK;
}

/* Adds a champion to those before it in `line`; one that was there has been gone back to, which
   takes away what followed it. Returns how many there are. */
static size_t follow(mw_str *line, size_t count, mw_str version) {
    for (size_t i = 0; i < count; i++)
        if (mw_str_equal(line[i], version)) return i + 1;
    line[count] = version;
    return count + 1;
}

mw_status mw_registry_former(mw_registry registry, mw_str model, mw_arena *arena,
                             mw_version_row *out_version, mw_error *err) {
    question asked = {"SELECT version FROM promotions WHERE model = ? AND to_stage = 'champion'"
                      " ORDER BY id",
                      MW_SQL(mw_sql_str(model)), read_text, sizeof(mw_str)};
    mw_str *line;
    size_t promotion_count, count = 0;
    MW_TRY(ask(registry, asked, arena, (void **)&line, &promotion_count, err));
    for (size_t i = 0; i < promotion_count; i++) count = follow(line, count, line[i]);
    if (count < 2) {
        mw_status status = mw_fail(err, MW_NOT_FOUND,
                                   "%.*s: there is no champion before this one",
                                   MW_STR_ARGS(model));
        return mw_hint(err, status, "millwright models promote takes any version of models list.");
    }
    return mw_registry_find(registry, model, line[count - 2], arena, out_version, err);
}

mw_status mw_registry_rollback(mw_registry registry, mw_str model, mw_change change,
                               mw_arena *arena, mw_succession *out_made, mw_error *err) {
    mw_promotion wish = {.model = model, .change = change};
    mw_version_row version;
    mw_succession made;
    MW_TRY(mw_catalog_begin(registry.catalog, err));
    mw_status status = mw_registry_former(registry, model, arena, &version, err);
    if (status == MW_OK) status = succeed(registry, &wish, &version, arena, &made, err);
    MW_TRY(end_change(registry, status, err));
    *out_made = made;
    return MW_OK;
}

mw_status mw_registry_take_back(mw_registry registry, const mw_succession *made, int64_t at_us,
                                mw_str who, mw_arena *arena, mw_error *err) {
    MW_ASSERT(made->before.size > 0);
    mw_succession taken_back;
    mw_promotion wish = {.model = made->champion.model,
                         .version = made->before,
                         .is_conditional = true,
                         .over = made->champion.version,
                         .change = {at_us, who,
                                    MW_STR("the running server cannot use the one after it")}};
    return mw_registry_promote(registry, &wish, arena, &taken_back, err);
}

/* --- reading ---------------------------------------------------------------------------- */

mw_status mw_registry_champion(mw_registry registry, mw_str model, mw_arena *arena,
                               mw_version_row *out_version, mw_error *err) {
    question asked = {"SELECT " VERSION_COLUMNS
                      " FROM versions WHERE model = ? AND stage = 'champion'",
                      MW_SQL(mw_sql_str(model)), read_version, sizeof(mw_version_row)};
    void *rows;
    size_t count;
    MW_TRY(ask(registry, asked, arena, &rows, &count, err));
    if (count == 0) {
        mw_status status = mw_fail(err, MW_NOT_FOUND, "%.*s has no champion yet",
                                   MW_STR_ARGS(model));
        return mw_hint(err, status, "millwright train %.*s makes a version and promotes it.",
                       MW_STR_ARGS(model));
    }
    MW_ASSERT(count == 1);
    *out_version = *(mw_version_row *)rows;
    return MW_OK;
}

mw_status mw_registry_find(mw_registry registry, mw_str model, mw_str version, mw_arena *arena,
                           mw_version_row *out_version, mw_error *err) {
    question asked = {"SELECT " VERSION_COLUMNS " FROM versions WHERE model = ?"
                      " AND substr(version, 1, length(?2)) = ?2 LIMIT 2",
                      MW_SQL(mw_sql_str(model), mw_sql_str(version)), read_version,
                      sizeof(mw_version_row)};
    void *rows;
    size_t count = 0;
    if (version.size == 0) { /* which every version begins with */
        mw_status status = mw_fail(err, MW_INVALID, "%.*s: a version must have a name, or the "
                                   "beginning of one, got \"\"", MW_STR_ARGS(model));
        return mw_hint(err, status, "millwright models list shows them.");
    }
    MW_TRY(ask(registry, asked, arena, &rows, &count, err));
    if (count == 1) {
        *out_version = *(mw_version_row *)rows;
        return MW_OK;
    }
    mw_status status =
        count == 0 ? mw_fail(err, MW_NOT_FOUND, "%.*s has no version %.*s", MW_STR_ARGS(model),
                             MW_STR_ARGS(version))
                   : mw_fail(err, MW_INVALID, "%.*s: more than one version begins with %.*s",
                             MW_STR_ARGS(model), MW_STR_ARGS(version));
    return mw_hint(err, status, "millwright models list shows them.");
}

mw_status mw_registry_versions(mw_registry registry, mw_str model, mw_arena *arena,
                               mw_version_row **out_versions, size_t *out_count, mw_error *err) {
    question asked = {"SELECT " VERSION_COLUMNS " FROM versions WHERE ?1 = '' OR model = ?1"
                      " ORDER BY created_us DESC, version",
                      MW_SQL(mw_sql_str(model)), read_version, sizeof(mw_version_row)};
    return ask(registry, asked, arena, (void **)out_versions, out_count, err);
}

mw_status mw_registry_runs(mw_registry registry, mw_str model, mw_arena *arena,
                           mw_run_row **out_runs, size_t *out_count, mw_error *err) {
    question asked = {"SELECT " RUN_COLUMNS " FROM runs WHERE ?1 = '' OR model = ?1"
                      " ORDER BY id DESC",
                      MW_SQL(mw_sql_str(model)), read_run, sizeof(mw_run_row)};
    return ask(registry, asked, arena, (void **)out_runs, out_count, err);
}

mw_status mw_registry_run(mw_registry registry, int64_t id, mw_arena *arena,
                          mw_run_row *out_run, mw_error *err) {
    question asked = {"SELECT " RUN_COLUMNS " FROM runs WHERE id = ?", MW_SQL(mw_sql_int(id)),
                      read_run, sizeof(mw_run_row)};
    void *rows;
    size_t count;
    MW_TRY(ask(registry, asked, arena, &rows, &count, err));
    if (count == 0) {
        mw_status status = mw_fail(err, MW_NOT_FOUND, "there is no run %lld", (long long)id);
        return mw_hint(err, status, "millwright runs list shows them.");
    }
    *out_run = *(mw_run_row *)rows;
    return MW_OK;
}

mw_status mw_registry_metrics(mw_registry registry, int64_t run, mw_arena *arena,
                              mw_metric_row **out_metrics, size_t *out_count, mw_error *err) {
    question asked = {"SELECT " METRIC_COLUMNS " FROM metrics WHERE run = ?"
                      " ORDER BY segment, name",
                      MW_SQL(mw_sql_int(run)), read_metric, sizeof(mw_metric_row)};
    return ask(registry, asked, arena, (void **)out_metrics, out_count, err);
}

mw_status mw_registry_promotions(mw_registry registry, mw_str model, mw_arena *arena,
                                 mw_promotion_row **out_promotions, size_t *out_count,
                                 mw_error *err) {
    question asked = {"SELECT " PROMOTION_COLUMNS " FROM promotions WHERE ?1 = '' OR model = ?1"
                      " ORDER BY id DESC",
                      MW_SQL(mw_sql_str(model)), read_promotion, sizeof(mw_promotion_row)};
    return ask(registry, asked, arena, (void **)out_promotions, out_count, err);
}

mw_status mw_registry_load(mw_registry registry, const mw_version_row *version,
                           mw_buf *out_bytes, mw_error *err) {
    mw_status status = mw_artefacts_get(registry.artefacts, version->artefact, out_bytes, err);
    if (status != MW_NOT_FOUND && status != MW_INVALID) return status;
    /* The catalog lists it: it was lost, or the list is damaged, rather than named wrongly. */
    return mw_fail_within(err, MW_CORRUPT, "version %.*s", MW_STR_ARGS(version->version));
}
