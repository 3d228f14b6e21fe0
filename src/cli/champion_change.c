#include "cli/champion_change.h"

#include <string.h>

#include "cli/version_reading.h"

enum {
    STAGES_SIZE_MAX = 1 << 24,
    STAGE_WAIT_MS = 50, /* for another process that writes to the catalog */
};

struct mw_champion_change {
    mw_pause base; /* first, so that a pause is its change */
    mw_champion_changes *all;
    mw_arena arena;
    mw_stage_wish wish;
    mw_succession made;   /* by the catalog, once is_listed */
    bool is_listed;       /* the catalog has changed, and the server is to follow */
    bool is_by_us;        /* so, if it cannot, it is taken back */
    mw_version_row next;  /* that is to answer */
    mw_version_reading *reading;
    mw_live_version version; /* that was read; */
    mw_scorer *scorer;       /* NULL: none was yet */
    bool is_over;
    mw_status status;
    mw_error err;
};

static const mw_workspace *workspace_of(const mw_champion_change *change) {
    return change->all->champions->workspace;
}

static mw_registry registry_of(const mw_champion_change *change) {
    return mw_workspace_registry(workspace_of(change));
}

static int64_t now_us(const mw_champion_change *change) {
    return mw_sys_now_us(workspace_of(change)->cli->sys);
}

/* --- the catalog --------------------------------------------------------------------------- */

/* The other clients wait with this one for another process that writes, not long. */
static mw_status ask_catalog(mw_champion_change *change, mw_error *err,
                             mw_status (*ask)(mw_champion_change *change, mw_error *err)) {
    mw_catalog *catalog = mw_state_catalog(workspace_of(change)->state);
    mw_catalog_set_wait(catalog, STAGE_WAIT_MS);
    mw_status status = ask(change, err);
    mw_catalog_set_wait(catalog, MW_CATALOG_WAIT_MS);
    return status;
}

/* The version that is to answer. */
static mw_status find_next(mw_champion_change *change, mw_error *err) {
    mw_registry registry = registry_of(change);
    mw_str model = change->wish.model, version = change->wish.version;
    mw_arena *arena = &change->arena;
    if (change->is_listed) return mw_registry_champion(registry, model, arena, &change->next, err);
    if (version.size == 0) return mw_registry_former(registry, model, arena, &change->next, err);
    return mw_registry_find(registry, model, version, arena, &change->next, err);
}

static mw_status list(mw_champion_change *change, mw_error *err) {
    mw_registry registry = registry_of(change);
    const mw_stage_wish *wish = &change->wish;
    mw_promotion named = {
        .model = wish->model,
        .version = wish->version,
        .change = {now_us(change), wish->who,
                   wish->why.size > 0 ? wish->why : MW_STR("over HTTP")}};
    if (wish->version.size > 0)
        return mw_registry_promote(registry, &named, &change->arena, &change->made, err);
    return mw_registry_rollback(registry, wish->model, named.change, &change->arena, &change->made,
                                err);
}

/* What this server cannot use is taken back: the catalog is what its next start reads. Unless
   another process has promoted another one since. */
static mw_status take_back(mw_champion_change *change, mw_error *err) {
    mw_status status = mw_registry_take_back(registry_of(change), &change->made, now_us(change),
                                             change->wish.who, &change->arena, NULL);
    (void)err; /* what is told is why it had to be */
    return status == MW_CONFLICT ? MW_OK : status;
}

/* --- its way ------------------------------------------------------------------------------- */

static void end_reading(mw_champion_change *change) {
    if (!change->reading) return;
    mw_version_reading_destroy(change->reading);
    change->reading = NULL;
    change->all->reading_count--;
}

static void forget_version(mw_champion_change *change) {
    mw_scorer_destroy(change->scorer);
    mw_live_version_release(&change->version);
    change->scorer = NULL;
    change->version = (mw_live_version){.program = {.version = NULL}};
}

static void end(mw_champion_change *change, mw_status status) {
    end_reading(change);
    forget_version(change);
    bool is_to_go = status != MW_OK && change->is_by_us && change->made.before.size > 0;
    if (is_to_go && ask_catalog(change, NULL, take_back) != MW_OK)
        status = mw_fail_within(&change->err, status, "and the catalog keeps it");
    change->status = status;
    change->is_over = true;
}

static mw_status promote(mw_champion_change *change, mw_error *err) {
    mw_champions *champions = change->all->champions;
    size_t model = 0;
    MW_TRY(mw_champions_find(champions, change->wish.model, &model, err));
    mw_scorer *scorer = change->scorer;
    change->scorer = NULL;
    mw_status status = mw_champions_promote(champions, model, &change->version, scorer, err);
    change->all->made(change->all->context);
    return status;
}

static bool is_read(const mw_champion_change *change) {
    return change->scorer && mw_str_equal(change->version.row.version, change->next.version);
}

/* The next one answers, if it is the one that was read. */
static mw_status make_answer(mw_champion_change *change, mw_error *err) {
    if (!is_read(change)) {
        forget_version(change);
        return MW_OK;
    }
    MW_TRY(promote(change, err));
    end(change, MW_OK);
    return MW_OK;
}

/* The server follows the catalog. Whoever has replaced there what we made makes it follow, too. */
static mw_status follow(mw_champion_change *change, mw_error *err) {
    MW_TRY(ask_catalog(change, err, find_next));
    bool is_replaced = change->is_by_us &&
                       !mw_str_equal(change->next.version, change->made.champion.version);
    if (!is_replaced) return make_answer(change, err);
    end(change, MW_OK);
    return MW_OK;
}

/* What a rollback goes back to may be another one since it was read: then that is read first. */
static mw_status enact(mw_champion_change *change, mw_error *err) {
    MW_TRY(ask_catalog(change, err, find_next));
    if (change->scorer && !is_read(change)) {
        forget_version(change);
        return MW_OK;
    }
    MW_TRY(ask_catalog(change, err, list));
    if (mw_str_equal(change->made.before, change->made.champion.version)) {
        end(change, MW_OK);
        return MW_OK;
    }
    change->is_listed = change->is_by_us = true;
    change->next = change->made.champion;
    return make_answer(change, err);
}

/* As far as there is room to read and that is over. */
static mw_status read(mw_champion_change *change, mw_error *err) {
    const mw_workspace *workspace = workspace_of(change);
    bool has_room = change->all->reading_count < MW_CHAMPION_READINGS_MAX;
    if (!change->reading && !has_room) return MW_OK;
    if (!change->reading) {
        MW_TRY(mw_version_reading_begin(workspace, &change->next, &change->reading, err));
        change->all->reading_count++;
    }
    if (!mw_version_reading_is_over(change->reading)) return MW_OK;
    MW_TRY(mw_version_reading_take(change->reading, &change->version, &change->scorer, err));
    end_reading(change);
    return MW_OK;
}

/* Who is champion already need not be read to stay it. */
static mw_status step(mw_champion_change *change, mw_error *err) {
    bool stays = !change->is_listed && mw_str_is(change->next.stage, MW_STAGE_CHAMPION);
    if (!change->scorer && !stays) MW_TRY(read(change, err));
    if (!change->scorer && !stays) return MW_OK;
    return change->is_listed ? follow(change, err) : enact(change, err);
}

static bool run(mw_champion_change *change) {
    if (change->is_over) return true;
    mw_status status = step(change, &change->err);
    if (status != MW_OK) end(change, status);
    return change->is_over;
}

/* --- waiting for it ------------------------------------------------------------------------ */

static bool pause_is_over(mw_pause *pause) { return run((mw_champion_change *)pause); }

static void end_pause(mw_pause *pause) {
    mw_champion_change *change = (mw_champion_change *)pause;
    end_reading(change);
    forget_version(change);
    mw_arena_release(&change->arena);
    mw_free(change);
}

static bool copy(mw_arena *arena, mw_str *text) {
    *text = mw_str_copy(arena, *text);
    return text->data != NULL;
}

static mw_status begin(mw_champion_changes *all, const mw_stage_wish *wish, bool is_listed,
                       mw_champion_change **out_change, mw_error *err) {
    mw_champion_change *change = mw_allocate(sizeof *change);
    if (!change) return mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    change->base = (mw_pause){
        .kind = MW_PAUSE_FOR_WORK, .is_over = pause_is_over, .end = end_pause};
    change->all = all;
    change->wish = *wish;
    change->is_listed = is_listed;
    mw_arena_init(&change->arena, STAGES_SIZE_MAX);
    bool is_copied = copy(&change->arena, &change->wish.model) &&
                     copy(&change->arena, &change->wish.version) &&
                     copy(&change->arena, &change->wish.who) &&
                     copy(&change->arena, &change->wish.why);
    size_t model;
    mw_status status = is_copied ? MW_OK : mw_fail(err, MW_NO_MEMORY, "serve: no memory");
    if (status == MW_OK) status = mw_champions_find(all->champions, wish->model, &model, err);
    if (status == MW_OK) status = ask_catalog(change, err, find_next);
    if (status == MW_OK) *out_change = change;
    else end_pause(&change->base);
    return status;
}

static void copy_name(mw_str name, char out_name[MW_VERSION_NAME_SIZE + 1]) {
    MW_ASSERT(name.size <= MW_VERSION_NAME_SIZE);
    memset(out_name, 0, MW_VERSION_NAME_SIZE + 1);
    if (name.size > 0) memcpy(out_name, name.data, name.size);
}

/* Goes on with one that is new, or was left in the pause: what is over is told. Whoever left it in
   the pause ends that. */
static mw_status go_on(mw_champion_change *change, mw_pause **pause, mw_stage_change *out_made,
                       mw_error *err) {
    bool is_new = !*pause, is_over = run(change);
    *pause = is_over ? NULL : &change->base;
    if (!is_over) return MW_OK;
    mw_status status = change->status;
    if (status == MW_OK) {
        copy_name(change->made.champion.version, out_made->champion);
        copy_name(change->made.before, out_made->before);
    } else if (err) {
        *err = change->err;
    }
    if (is_new) end_pause(&change->base);
    return status;
}

mw_status mw_champion_changes_enact(mw_champion_changes *all, const mw_stage_wish *wish,
                                    mw_pause **pause, mw_stage_change *out_made, mw_error *err) {
    mw_champion_change *change = (mw_champion_change *)*pause;
    if (!change) MW_TRY(begin(all, wish, false, &change, err));
    return go_on(change, pause, out_made, err);
}

mw_status mw_champion_changes_follow(mw_champion_changes *all, mw_str model, mw_pause **pause,
                                     mw_error *err) {
    mw_champion_change *change = (mw_champion_change *)*pause;
    mw_stage_change ignored;
    if (!change) MW_TRY(begin(all, &(mw_stage_wish){.model = model}, true, &change, err));
    return go_on(change, pause, &ignored, err);
}
