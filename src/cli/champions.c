#include "cli/champions.h"

mw_status mw_champions_load(mw_workspace *workspace, mw_champions *out_champions, mw_error *err) {
    size_t count = workspace->program->model_count;
    mw_champions *all = out_champions;
    *all = (mw_champions){.workspace = workspace};
    all->live = mw_arena_alloc(&workspace->arena, count + 1, sizeof *all->live);
    all->next = mw_arena_alloc(&workspace->arena, count + 1, sizeof *all->next);
    all->by_catalog = mw_arena_alloc(&workspace->arena, count + 1, sizeof *all->by_catalog);
    all->fallbacks = mw_arena_alloc(&workspace->arena, count + 1, sizeof *all->fallbacks);
    if (!all->live || !all->next || !all->by_catalog || !all->fallbacks)
        return mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    for (size_t i = 0; i < count; i++) {
        mw_str model = workspace->program->models[i].name;
        mw_status status = mw_live_version_load(workspace, model, &all->live[i], err);
        if (status != MW_OK) {
            mw_live_version_release(&all->live[i]);
            return status;
        }
        all->by_catalog[i] = mw_live_version_champion(&all->live[i]);
        all->fallbacks[i] = workspace->project->models[i].fallback;
        all->count++;
    }
    return MW_OK;
}

void mw_champions_release(mw_champions *champions) {
    for (size_t i = 0; i < champions->count; i++) {
        mw_live_version_release(&champions->live[i]);
        mw_live_version_release(&champions->next[i]);
    }
}

static mw_live_version take(mw_live_version *version) {
    mw_live_version taken = *version;
    *version = (mw_live_version){.program = {.version = NULL}};
    return taken;
}

mw_status mw_champions_recall(mw_champions *champions, size_t model, const char *version,
                              mw_champion *out_champion, mw_error *err) {
    const mw_workspace *workspace = champions->workspace;
    mw_str name = workspace->program->models[model].name;
    mw_live_version found;
    mw_live_version *live = &champions->live[model], *next = &champions->next[model];
    mw_status status = mw_live_version_find(workspace, name, mw_str_of(version), &found, err);
    if (status != MW_OK) {
        mw_live_version_release(&found);
        return status;
    }
    if (next->program.version) mw_live_version_release(live); /* it was asked for before */
    else *next = take(live);
    *live = found;
    *out_champion = mw_live_version_champion(live);
    return MW_OK;
}

void mw_champions_settle(mw_champions *champions) {
    for (size_t i = 0; i < champions->count; i++) {
        const mw_program *program = champions->next[i].program.program;
        if (!program ||
            program != mw_decider_program(mw_sequencer_decider(champions->sequencer, i)))
            continue;
        mw_live_version_release(&champions->live[i]);
        champions->live[i] = take(&champions->next[i]);
    }
}

/* --- promoting ----------------------------------------------------------------------------- */

mw_status mw_champions_find(const mw_champions *champions, mw_str model, size_t *out_index,
                            mw_error *err) {
    for (size_t i = 0; i < champions->count; i++) {
        if (!mw_str_equal(champions->workspace->program->models[i].name, model)) continue;
        *out_index = i;
        return MW_OK;
    }
    return mw_fail(err, MW_NOT_FOUND, "serve: the server knows no model %.*s", MW_STR_ARGS(model));
}

mw_status mw_champions_promote(mw_champions *champions, size_t model, mw_live_version *version,
                               mw_scorer *read, mw_error *err) {
    mw_live_version *live = &champions->live[model], *next = &champions->next[model];
    mw_champion champion = mw_live_version_champion(version);
    champion.read = read;
    bool is_alike = mw_live_version_is_alike(champions->workspace, live, version);
    if (is_alike) {
        champion.program = live->program.program;
        champion.model = live->program.model;
    }
    mw_status status = mw_sequencer_promote(champions->sequencer, model, &champion, err);
    mw_live_version_release(next); /* one that was on its way makes room */
    *next = (mw_live_version){.program = {.version = NULL}};
    if (status == MW_OK && !is_alike) *next = take(version);
    return status;
}

/* The champion before stands in for this one, or tells what it said, if the windows of this one are
   enough for it. */
static mw_status load_former(mw_champions *champions, size_t model, mw_error *err) {
    mw_workspace *workspace = champions->workspace;
    mw_decider *decider = mw_sequencer_decider(champions->sequencer, model);
    mw_str name = workspace->program->models[model].name;
    mw_version_row row;
    mw_live_version former;
    mw_error ignored;
    if (!mw_decider_keeps_previous(decider)) return MW_OK;
    if (mw_registry_former(mw_workspace_registry(workspace), name, &workspace->arena, &row,
                           &ignored) != MW_OK)
        return MW_OK; /* there was none, and what stands in without one does so */
    mw_status status = mw_live_version_find(workspace, name, row.version, &former, err);
    if (status == MW_OK && mw_live_version_is_alike(workspace, &champions->live[model], &former))
        status = mw_decider_precede(decider, mw_buf_str(&former.bytes), err);
    mw_live_version_release(&former);
    bool is_needed = mw_decider_fallback(decider)->kind == MW_FALLBACK_PREVIOUS;
    return is_needed ? status : MW_OK; /* who asks what it said is told what is wrong with it */
}

mw_status mw_champions_take_over(mw_champions *champions, mw_error *err) {
    for (size_t i = 0; i < champions->count; i++) MW_TRY(load_former(champions, i, err));
    for (size_t i = 0; i < champions->count; i++) {
        mw_live_version version;
        mw_str name = champions->workspace->program->models[i].name;
        mw_live_version_release(&champions->next[i]);
        champions->next[i] = (mw_live_version){.program = {.version = NULL}};
        mw_status status = mw_live_version_load(champions->workspace, name, &version, err);
        const char *answering = mw_sequencer_answering(champions->sequencer, i);
        bool is_new = status == MW_OK && version.bytes.size > 0 &&
                      !mw_str_is(version.row.version, answering);
        if (is_new) status = mw_champions_promote(champions, i, &version, NULL, err);
        mw_live_version_release(&version);
        MW_TRY(status);
    }
    return MW_OK;
}

void mw_champions_list_next(const mw_champions *champions, mw_buf *out) {
    mw_json json = mw_json_begin(out);
    mw_json_array(&json);
    for (size_t i = 0; i < champions->count; i++) {
        mw_successor next = mw_sequencer_successor(champions->sequencer, i);
        if (next.version.size == 0) continue;
        mw_json_object(&json);
        mw_json_put_str(&json, "model", champions->workspace->program->models[i].name);
        mw_successor_write_json(&next, &json);
        mw_json_object_end(&json);
    }
    mw_json_array_end(&json);
}
