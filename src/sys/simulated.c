#include "sys/simulated.h"

#include "base/prng.h"
#include "sys/backend.h"
#include "sys/simulated_disk.h"

#include <pthread.h>
#include <string.h>

#define ENDLESS ((uint64_t)1 << 60)
enum { SHOWN_SIZE_MAX = 1 << 24, ENVIRONMENT_SIZE_MAX = 1 << 20, VARIABLES_MAX = 256 };

typedef struct {
    const char *name, *value;
} variable;

/* `lock` guards all that stands below it. */
typedef struct {
    mw_sys base;
    pthread_mutex_t lock;
    mw_disk *disk;
    int64_t now_us, monotonic_us;
    uint64_t entropy; /* two streams, so that what is drawn does not depend on what fails */
    uint64_t chance;
    uint64_t call_count;
    uint64_t failing_from, failing_count; /* by call number */
    uint64_t life;                        /* how often the process has died */
    size_t open_count;
    mw_arena arena; /* of the environment */
    variable variables[VARIABLES_MAX];
    size_t variable_count;
    size_t terminal_width;
    mw_buf shown;
} simulation;

typedef struct {
    mw_file base;
    simulation *owner;
    mw_disk_node *node;
    uint64_t life; /* in which it was opened */
    bool holds_lock;
} simulated_file;

static simulation *enter(mw_sys *sys) {
    simulation *at = (simulation *)sys;
    pthread_mutex_lock(&at->lock);
    return at;
}

static mw_status leave(simulation *at, mw_status status) {
    pthread_mutex_unlock(&at->lock);
    return status;
}

static bool next_call_fails(simulation *at) {
    uint64_t number = at->call_count++;
    return number >= at->failing_from && number - at->failing_from < at->failing_count;
}

static mw_status begin_call(simulation *at, const char *what, mw_error *err) {
    if (!next_call_fails(at)) return MW_OK;
    return mw_fail(err, MW_IO, "%s: Input/output error, as was asked for", what);
}

static mw_status check_alive(const simulated_file *file, mw_error *err) {
    if (file->life == file->owner->life) return MW_OK;
    return mw_fail(err, MW_IO, "file: the process that opened it is dead");
}

static int64_t disk_now_us(void *context) {
    return ((simulation *)context)->now_us;
}

/* Clock, entropy, environment, terminal. */

static int64_t sim_now_us(mw_sys *sys) {
    simulation *at = enter(sys);
    int64_t now_us = at->now_us;
    leave(at, MW_OK);
    return now_us;
}

static int64_t sim_monotonic_us(mw_sys *sys) {
    simulation *at = enter(sys);
    int64_t monotonic_us = at->monotonic_us;
    leave(at, MW_OK);
    return monotonic_us;
}

static int64_t sim_cpu_us(mw_sys *sys) {
    (void)sys;
    return 0; /* real CPU time would differ from run to run */
}

static void sim_entropy(mw_sys *sys, void *bytes, size_t size) {
    simulation *at = enter(sys);
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)mw_prng_next(&at->entropy);
    leave(at, MW_OK);
}

static variable *find_variable(simulation *at, const char *name) {
    for (size_t i = 0; i < at->variable_count; i++)
        if (strcmp(at->variables[i].name, name) == 0) return &at->variables[i];
    return NULL;
}

static const char *sim_environment(mw_sys *sys, const char *name) {
    simulation *at = enter(sys);
    const variable *found = find_variable(at, name);
    const char *value = found ? found->value : NULL;
    leave(at, MW_OK);
    return value;
}

static mw_status sim_executable(mw_sys *sys, mw_arena *arena, const char **out_path,
                                mw_error *err) {
    (void)sys;
    const char *path = mw_str_copy(arena, MW_STR("/usr/bin/millwright")).data;
    if (!path) return mw_fail(err, MW_NO_MEMORY, "executable: no memory for its path");
    *out_path = path;
    return MW_OK;
}

static size_t sim_core_count(mw_sys *sys) {
    (void)sys;
    return 1;
}

static size_t sim_terminal_width(mw_sys *sys, mw_standard_stream stream) {
    (void)stream;
    simulation *at = enter(sys);
    size_t width = at->terminal_width;
    leave(at, MW_OK);
    return width;
}

static void sim_show(mw_sys *sys, mw_str text) {
    simulation *at = enter(sys);
    mw_buf_append_str(&at->shown, text);
    leave(at, MW_OK);
}

/* Open files. */

static mw_status file_begin(mw_file *base, const char *action, mw_error *err) {
    simulated_file *file = (simulated_file *)base;
    enter(&file->owner->base);
    MW_TRY(check_alive(file, err));
    return begin_call(file->owner, action, err);
}

static mw_status file_end(mw_file *base, mw_status status) {
    return leave(((simulated_file *)base)->owner, status);
}

static mw_status sim_read(mw_file *base, uint64_t offset, void *bytes, size_t size,
                          size_t *out_size, mw_error *err) {
    const mw_disk_node *node = ((simulated_file *)base)->node;
    mw_status status = file_begin(base, "read", err);
    if (status == MW_OK && !mw_disk_can_read(node, offset, size))
        status = mw_fail(err, MW_IO, "read: Input/output error of a spoilt file");
    if (status == MW_OK) *out_size = mw_disk_read(node, offset, bytes, size);
    return file_end(base, status);
}

/* With the lock held. A failing write gets as far as chance wants. */
static mw_status write_at(simulated_file *file, uint64_t offset, mw_str bytes, mw_error *err) {
    simulation *at = file->owner;
    MW_TRY(check_alive(file, err));
    mw_status status = begin_call(at, "write", err);
    if (status != MW_OK && bytes.size > 0)
        bytes.size = (size_t)mw_prng_below(&at->chance, bytes.size);
    mw_status written = mw_disk_write(at->disk, file->node, offset, bytes,
                                      status == MW_OK ? err : NULL);
    return status == MW_OK ? written : status;
}

static mw_status sim_write(mw_file *base, uint64_t offset, const void *bytes, size_t size,
                           mw_error *err) {
    simulated_file *file = (simulated_file *)base;
    simulation *at = enter(&file->owner->base);
    return leave(at, write_at(file, offset, (mw_str){bytes, size}, err));
}

static mw_status sim_append(mw_file *base, const void *bytes, size_t size, mw_error *err) {
    simulated_file *file = (simulated_file *)base;
    simulation *at = enter(&file->owner->base);
    uint64_t end = mw_disk_file_size(file->node);
    return leave(at, write_at(file, end, (mw_str){bytes, size}, err));
}

static mw_status sim_truncate(mw_file *base, uint64_t size, mw_error *err) {
    simulated_file *file = (simulated_file *)base;
    mw_status status = file_begin(base, "truncate", err);
    if (status == MW_OK) status = mw_disk_truncate(file->owner->disk, file->node, size, err);
    return file_end(base, status);
}

static mw_status sim_sync(mw_file *base, mw_error *err) {
    mw_status status = file_begin(base, "sync", err);
    if (status == MW_OK) mw_disk_sync(((simulated_file *)base)->node);
    return file_end(base, status);
}

static mw_status sim_size(mw_file *base, uint64_t *out_size, mw_error *err) {
    mw_status status = file_begin(base, "size", err);
    if (status == MW_OK) *out_size = mw_disk_file_size(((simulated_file *)base)->node);
    return file_end(base, status);
}

static mw_status sim_lock(mw_file *base, mw_error *err) {
    simulated_file *file = (simulated_file *)base;
    mw_status status = file_begin(base, "lock", err);
    if (status == MW_OK && !file->holds_lock) {
        file->holds_lock = mw_disk_lock(file->node);
        if (!file->holds_lock)
            status = mw_fail(err, MW_BUSY, "file: another process holds its lock");
    }
    return file_end(base, status);
}

static void sim_close(mw_file *base) {
    simulated_file *file = (simulated_file *)base;
    simulation *at = enter(&file->owner->base);
    if (file->holds_lock && file->life == at->life) mw_disk_unlock(file->node);
    mw_disk_close(at->disk, file->node);
    at->open_count--;
    leave(at, MW_OK);
    mw_free(file);
}

static const mw_file_functions simulated_file_functions = {
    .read = sim_read,
    .write = sim_write,
    .append = sim_append,
    .truncate = sim_truncate,
    .sync = sim_sync,
    .size = sim_size,
    .lock = sim_lock,
    .close = sim_close,
};

/* Paths. */

static mw_status sim_open(mw_sys *sys, const char *path, mw_file_mode mode, mw_file **out_file,
                          mw_error *err) {
    simulated_file *file = mw_allocate(sizeof *file);
    if (!file) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to open it", path);
    simulation *at = enter(sys);
    mw_status status = begin_call(at, path, err);
    if (status == MW_OK) status = mw_disk_open(at->disk, path, mode, &file->node, err);
    if (status == MW_OK) {
        at->open_count++;
        file->base = (mw_file){.functions = &simulated_file_functions, .mode = mode};
        file->owner = at;
        file->life = at->life;
        *out_file = &file->base;
    } else {
        mw_free(file);
    }
    return leave(at, status);
}

static mw_status sim_info(mw_sys *sys, const char *path, mw_file_info *out_info, mw_error *err) {
    simulation *at = enter(sys);
    mw_status status = begin_call(at, path, err);
    if (status == MW_OK) status = mw_disk_info(at->disk, path, out_info, err);
    return leave(at, status);
}

/* Its disk has no links. */
static mw_status sim_resolve(mw_sys *sys, const char *path, mw_arena *arena, const char **out_path,
                             mw_error *err) {
    (void)sys;
    const char *copy = mw_arena_copy(arena, path, strlen(path));
    if (!copy) return mw_fail(err, MW_NO_MEMORY, "%s: no memory to look at it", path);
    *out_path = copy;
    return MW_OK;
}

static mw_status sim_make_folder(mw_sys *sys, const char *path, bool *out_made, mw_error *err) {
    simulation *at = enter(sys);
    mw_status status = begin_call(at, path, err);
    if (status == MW_OK) status = mw_disk_make_folder(at->disk, path, out_made, err);
    return leave(at, status);
}

static mw_status sim_sync_folder(mw_sys *sys, const char *path, mw_error *err) {
    simulation *at = enter(sys);
    mw_status status = begin_call(at, path, err);
    if (status == MW_OK) status = mw_disk_sync_folder(at->disk, path, err);
    return leave(at, status);
}

static mw_status sim_rename(mw_sys *sys, const char *from, const char *to, mw_error *err) {
    simulation *at = enter(sys);
    mw_status status = begin_call(at, from, err);
    if (status == MW_OK) status = mw_disk_rename(at->disk, from, to, err);
    return leave(at, status);
}

static mw_status sim_remove(mw_sys *sys, const char *path, mw_error *err) {
    simulation *at = enter(sys);
    mw_status status = begin_call(at, path, err);
    if (status == MW_OK) status = mw_disk_remove(at->disk, path, err);
    return leave(at, status);
}

static mw_status sim_list(mw_sys *sys, const char *path, mw_arena *arena, mw_str **out_names,
                          size_t *out_count, mw_error *err) {
    simulation *at = enter(sys);
    mw_status status = begin_call(at, path, err);
    if (status == MW_OK)
        status = mw_disk_list(at->disk, path, arena, out_names, out_count, err);
    return leave(at, status);
}

static const mw_sys_functions simulated_functions = {
    .now_us = sim_now_us,
    .monotonic_us = sim_monotonic_us,
    .cpu_us = sim_cpu_us,
    .entropy = sim_entropy,
    .environment = sim_environment,
    .executable = sim_executable,
    .core_count = sim_core_count,
    .open = sim_open,
    .info = sim_info,
    .resolve = sim_resolve,
    .make_folder = sim_make_folder,
    .sync_folder = sim_sync_folder,
    .rename = sim_rename,
    .remove = sim_remove,
    .list = sim_list,
    .terminal_width = sim_terminal_width,
    .show = sim_show,
};

/* Life and knobs. */

mw_status mw_simulated_create(mw_simulated_config config, mw_sys **out_sys, mw_error *err) {
    simulation *at = mw_allocate(sizeof *at);
    if (!at) return mw_fail(err, MW_NO_MEMORY, "simulated system: no memory for it");
    at->base.functions = &simulated_functions;
    at->now_us = config.now_us;
    at->entropy = config.seed;
    at->chance = ~config.seed;
    mw_arena_init(&at->arena, ENVIRONMENT_SIZE_MAX);
    mw_buf_init(&at->shown, SHOWN_SIZE_MAX);
    mw_disk_config disk = {.size_max = config.disk_size_max ? config.disk_size_max : ENDLESS,
                           .now_us = disk_now_us,
                           .context = at};
    mw_status status = mw_disk_create(disk, &at->disk, err);
    if (status != MW_OK) {
        mw_free(at);
        return status;
    }
    pthread_mutex_init(&at->lock, NULL);
    *out_sys = &at->base;
    return MW_OK;
}

void mw_simulated_destroy(mw_sys *sys) {
    if (!sys) return;
    simulation *at = (simulation *)sys;
    MW_ASSERT(at->open_count == 0);
    mw_disk_destroy(at->disk);
    mw_arena_release(&at->arena);
    mw_buf_release(&at->shown);
    pthread_mutex_destroy(&at->lock);
    mw_free(at);
}

static void set_now(simulation *at, int64_t now_us) {
    if (now_us > at->now_us) at->monotonic_us += now_us - at->now_us;
    at->now_us = now_us;
}

void mw_simulated_set_now(mw_sys *sys, int64_t now_us) {
    simulation *at = enter(sys);
    set_now(at, now_us);
    leave(at, MW_OK);
}

void mw_simulated_advance(mw_sys *sys, int64_t span_us) {
    simulation *at = enter(sys);
    set_now(at, at->now_us + span_us);
    leave(at, MW_OK);
}

uint64_t mw_simulated_call_count(mw_sys *sys) {
    simulation *at = enter(sys);
    uint64_t count = at->call_count;
    leave(at, MW_OK);
    return count;
}

void mw_simulated_fail(mw_sys *sys, uint64_t after, uint64_t count) {
    simulation *at = enter(sys);
    at->failing_from = at->call_count + after;
    at->failing_count = count;
    leave(at, MW_OK);
}

void mw_simulated_set_disk_size_max(mw_sys *sys, uint64_t size_max) {
    simulation *at = enter(sys);
    mw_disk_set_size_max(at->disk, size_max);
    leave(at, MW_OK);
}

mw_status mw_simulated_spoil(mw_sys *sys, const char *path, uint64_t offset, mw_error *err) {
    simulation *at = enter(sys);
    return leave(at, mw_disk_spoil(at->disk, path, offset, err));
}

uint64_t mw_simulated_disk_size(mw_sys *sys) {
    simulation *at = enter(sys);
    uint64_t size = mw_disk_size(at->disk);
    leave(at, MW_OK);
    return size;
}

/* With the lock held. */
static void end_life(simulation *at) {
    at->life++;
    mw_disk_unlock_all(at->disk);
}

void mw_simulated_kill(mw_sys *sys) {
    simulation *at = enter(sys);
    end_life(at);
    leave(at, MW_OK);
}

void mw_simulated_lose_power(mw_sys *sys) {
    simulation *at = enter(sys);
    end_life(at);
    mw_disk_lose_power(at->disk, NULL);
    leave(at, MW_OK);
}

void mw_simulated_lose_power_partly(mw_sys *sys) {
    simulation *at = enter(sys);
    end_life(at);
    mw_disk_lose_power(at->disk, &at->chance);
    leave(at, MW_OK);
}

/* With the lock held. Old values stay where they are: somebody may still read them. */
static mw_status set_variable(simulation *at, const char *name, const char *value,
                              mw_error *err) {
    variable *old = find_variable(at, name);
    if (!old && at->variable_count == VARIABLES_MAX)
        return mw_fail(err, MW_TOO_LARGE, "environment: there may be %d variables", VARIABLES_MAX);
    variable set = {.name = old ? old->name : mw_str_copy(&at->arena, mw_str_of(name)).data,
                    .value = value ? mw_str_copy(&at->arena, mw_str_of(value)).data : NULL};
    if (!set.name || (value && !set.value))
        return mw_fail(err, MW_NO_MEMORY, "environment: no memory for %s", name);
    if (!old) old = &at->variables[at->variable_count++];
    *old = set;
    return MW_OK;
}

mw_status mw_simulated_set_environment(mw_sys *sys, const char *name, const char *value,
                                       mw_error *err) {
    simulation *at = enter(sys);
    return leave(at, set_variable(at, name, value, err));
}

void mw_simulated_set_terminal(mw_sys *sys, size_t width) {
    simulation *at = enter(sys);
    at->terminal_width = width;
    leave(at, MW_OK);
}

mw_str mw_simulated_shown(mw_sys *sys) {
    simulation *at = enter(sys);
    mw_str shown = mw_buf_str(&at->shown);
    leave(at, MW_OK);
    return shown;
}
