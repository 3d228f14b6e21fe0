#include "store/digest_runs.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

enum {
    RUNS_MAX = MW_RUN_SOURCES_MAX - 1, /* of a list */
    NAMES_SIZE_MAX = 1 << 14,
    ARENA_SIZE_MAX = 1 << 24,
    ID_DIGITS = 16,
    NUMBER_SHIFT = 32, /* in an id */
};
static const char magic[4] = {'M', 'W', 'R', 'L'};
static const char list_suffix[] = ".list";

static const struct {
    uint32_t word_count;
    bool is_filtered;
    bool keeps_newest; /* of entries with one digest */
} kinds[MW_RUNS_KINDS] = {
    [MW_RUNS_IDS] = {4, true, true},
    [MW_RUNS_EVENTS] = {3, true, false},
    [MW_RUNS_STAMPS] = {4, false, true}, /* each is there once; runs of later ones say so first */
    [MW_RUNS_RANKINGS] = {3, true, false},
};

typedef struct {
    mw_digest_run *items[RUNS_MAX]; /* the oldest first */
    size_t count;
    int64_t through;
} run_list;

struct mw_digest_runs {
    mw_sys *sys;
    char *folder;
    run_list lists[MW_RUNS_KINDS];
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "runs: no memory");
}

mw_status mw_digest_runs_create(mw_sys *sys, const char *folder, mw_digest_runs **out_runs,
                                mw_error *err) {
    size_t size = strlen(folder) + 1;
    mw_digest_runs *runs = mw_allocate(sizeof *runs);
    if (!runs) return no_memory(err);
    runs->sys = sys;
    runs->folder = mw_allocate(size);
    if (!runs->folder) {
        mw_free(runs);
        return no_memory(err);
    }
    memcpy(runs->folder, folder, size);
    for (size_t i = 0; i < MW_RUNS_KINDS; i++) runs->lists[i].through = INT64_MIN;
    *out_runs = runs;
    return MW_OK;
}

static bool has_run(const run_list *list, const mw_digest_run *run) {
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i] == run) return true;
    return false;
}

/* Closes the runs of a list that the other one has not. */
static void close_runs(run_list *list, const run_list *other) {
    for (size_t i = 0; i < list->count; i++)
        if (!has_run(other, list->items[i])) mw_digest_run_close(list->items[i]);
}

void mw_digest_runs_destroy(mw_digest_runs *runs) {
    static const run_list none;
    if (!runs) return;
    for (size_t i = 0; i < MW_RUNS_KINDS; i++) close_runs(&runs->lists[i], &none);
    mw_free(runs->folder);
    mw_free(runs);
}

/* --- finding ---------------------------------------------------------------------------------- */

size_t mw_digest_runs_words(mw_runs_kind kind) { return kinds[kind].word_count; }

mw_status mw_digest_runs_find(const mw_digest_runs *runs, mw_runs_kind kind, mw_keyed_hash digest,
                              uint64_t *out_words, bool *out_is_found, mw_error *err) {
    *out_is_found = false;
    if (!runs) return MW_OK;
    const run_list *list = &runs->lists[kind];
    for (size_t i = 0; !*out_is_found && i < list->count; i++) {
        size_t index = kinds[kind].keeps_newest ? list->count - 1 - i : i;
        MW_TRY(mw_digest_run_find(list->items[index], digest, out_words, out_is_found, err));
    }
    return MW_OK;
}

uint64_t mw_digest_runs_count(const mw_digest_runs *runs, mw_runs_kind kind) {
    uint64_t count = 0;
    for (size_t i = 0; runs && i < runs->lists[kind].count; i++)
        count += mw_digest_run_count(runs->lists[kind].items[i]);
    return count;
}

int64_t mw_digest_runs_through(const mw_digest_runs *runs, mw_runs_kind kind) {
    return runs ? runs->lists[kind].through : INT64_MIN;
}

/* --- the folder ------------------------------------------------------------------------------- */

/* The id in a file's name with that suffix; 0: it is none. */
static uint64_t id_of(mw_str name, mw_str suffix) {
    uint64_t id = 0;
    if (name.size != ID_DIGITS + suffix.size || !mw_str_ends(name, suffix)) return 0;
    for (size_t i = 0; i < ID_DIGITS; i++) {
        char c = name.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) return 0;
        id = id << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return id;
}

/* A list that was written no further than under its temporary name. */
static bool is_half_list(mw_str name) {
    if (name.size <= ID_DIGITS || !mw_str_ends(name, MW_STR(".tmp"))) return false;
    return id_of(mw_str_slice(name, 0, ID_DIGITS), MW_STR("")) > 0 &&
           mw_str_starts(mw_str_slice(name, ID_DIGITS, name.size), MW_STR(".list."));
}

static const char *list_path(const mw_digest_runs *runs, uint64_t id, mw_arena *arena) {
    char name[ID_DIGITS + sizeof list_suffix];
    snprintf(name, sizeof name, "%016llx%s", (unsigned long long)id, list_suffix);
    return mw_path_join(arena, runs->folder, name);
}

static uint64_t number_in(uint64_t id) { return id >> NUMBER_SHIFT; }

/* The greatest ids of lists that are below `before`, in turn; 0: none. */
static uint64_t newest_list(const mw_str *names, size_t count, uint64_t before) {
    uint64_t newest = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t id = id_of(names[i], MW_STR(list_suffix));
        if (id < before && id > newest) newest = id;
    }
    return newest;
}

static mw_status newest_in(const mw_digest_runs *runs, uint64_t *out_id, mw_error *err) {
    mw_arena arena;
    mw_str *names = NULL;
    size_t count = 0;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = mw_sys_list_if_any(runs->sys, runs->folder, &arena, &names, &count, err);
    if (status == MW_OK) *out_id = newest_list(names, count, UINT64_MAX);
    mw_arena_release(&arena);
    return status;
}

/* An id for what is written next, behind the newest list. */
static mw_status next_id(const mw_digest_runs *runs, uint64_t *out_id, mw_error *err) {
    uint64_t newest = 0;
    uint32_t chance;
    MW_TRY(newest_in(runs, &newest, err));
    mw_sys_entropy(runs->sys, &chance, sizeof chance);
    *out_id = (number_in(newest) + 1) << NUMBER_SHIFT | chance;
    return MW_OK;
}

/* --- names ------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t id;
    uint32_t checksum;
} run_name;

typedef struct {
    run_name items[RUNS_MAX];
    uint32_t count;
    int64_t through;
} name_list;

typedef struct {
    mw_runs_identity identity;
    name_list lists[MW_RUNS_KINDS];
} names;

static void append_names(mw_buf *out, const names *all) {
    size_t start = out->size;
    mw_buf_append(out, magic, sizeof magic);
    mw_buf_append_u32(out, MW_RUNS_FORMAT);
    mw_buf_append_u64(out, all->identity.log_id);
    mw_buf_append_u64(out, all->identity.key.words[0]);
    mw_buf_append_u64(out, all->identity.key.words[1]);
    mw_buf_append_u64(out, all->identity.circumstances);
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++) {
        const name_list *list = &all->lists[kind];
        mw_buf_append_u64(out, (uint64_t)list->through);
        mw_buf_append_u32(out, list->count);
        for (size_t i = 0; i < list->count; i++) {
            mw_buf_append_u64(out, list->items[i].id);
            mw_buf_append_u32(out, list->items[i].checksum);
        }
    }
    if (!out->failed) mw_buf_append_u32(out, mw_crc32c(0, out->data + start, out->size - start));
}

static mw_status not_names(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "runs: their names break their format");
}

static mw_status check_frame(mw_str bytes, mw_error *err) {
    mw_reader in = {.rest = bytes};
    mw_str found = mw_read_bytes(&in, sizeof magic);
    uint32_t format = mw_read_u32(&in);
    if (in.failed || bytes.size < sizeof magic + 2 * sizeof format ||
        memcmp(found.data, magic, sizeof magic) != 0)
        return not_names(err);
    if (format > MW_RUNS_FORMAT)
        return mw_fail(err, MW_NEWER_FORMAT, "runs: their names have format %u, this program reads "
                       "up to %d", format, MW_RUNS_FORMAT);
    size_t summed = bytes.size - sizeof format;
    mw_reader end = {.rest = mw_str_slice(bytes, summed, bytes.size)};
    if (mw_crc32c(0, bytes.data, summed) == mw_read_u32(&end)) return MW_OK;
    return mw_fail(err, MW_CORRUPT, "runs: their names fail their checksum");
}

static void read_list(mw_reader *in, name_list *list) {
    list->through = (int64_t)mw_read_u64(in);
    list->count = mw_read_u32(in);
    if (list->count > RUNS_MAX) {
        in->failed = true;
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        list->items[i].id = mw_read_u64(in);
        list->items[i].checksum = mw_read_u32(in);
    }
}

static mw_status read_names(mw_str bytes, names *out_names, mw_error *err) {
    MW_TRY(check_frame(bytes, err));
    mw_reader in = {.rest = mw_str_slice(bytes, sizeof magic + sizeof(uint32_t),
                                         bytes.size - sizeof(uint32_t))};
    names all = {.identity = {.log_id = mw_read_u64(&in)}};
    all.identity.key.words[0] = mw_read_u64(&in);
    all.identity.key.words[1] = mw_read_u64(&in);
    all.identity.circumstances = mw_read_u64(&in);
    for (size_t kind = 0; !in.failed && kind < MW_RUNS_KINDS; kind++)
        read_list(&in, &all.lists[kind]);
    if (in.failed || in.rest.size > 0) return not_names(err);
    *out_names = all;
    return MW_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

static mw_run_shape shape_of(size_t kind, const mw_runs_identity *identity) {
    return (mw_run_shape){.log_id = identity->log_id,
                          .key = identity->key,
                          .kind = (uint32_t)kind,
                          .word_count = kinds[kind].word_count,
                          .is_filtered = kinds[kind].is_filtered};
}

/* How many of the runs stay as they are when so many entries come: each has twice as many as all
   that come behind it. */
static size_t staying(const run_list *list, uint64_t news_count) {
    size_t count = list->count;
    uint64_t behind = news_count;
    while (count > 0 && (mw_digest_run_count(list->items[count - 1]) < 2 * behind ||
                         count == RUNS_MAX))
        behind += mw_digest_run_count(list->items[--count]);
    return count;
}

/* Writes the news with the last runs of the list, of which the first ones stay. */
static mw_status write_run(const mw_digest_runs *runs, const mw_run_shape *shape, size_t stay_count,
                           const mw_runs_news *news, run_name *out_name, mw_error *err) {
    const run_list *list = &runs->lists[shape->kind];
    mw_run_source sources[MW_RUN_SOURCES_MAX];
    size_t count = list->count - stay_count;
    bool keeps_newest = kinds[shape->kind].keeps_newest;
    mw_run_place place = {.sys = runs->sys, .folder = runs->folder};
    mw_digest_run *written;
    for (size_t i = 0; i < count; i++)
        sources[keeps_newest ? count - i : i] = (mw_run_source){.run = list->items[stay_count + i]};
    sources[keeps_newest ? 0 : count] =
        (mw_run_source){.words = news->words, .count = news->count};
    MW_TRY(mw_sys_make_folder(runs->sys, runs->folder, err));
    MW_TRY(next_id(runs, &place.id, err));
    MW_TRY(mw_digest_run_write(place, shape, sources, count + 1, err));
    MW_TRY(mw_digest_run_open(place, shape, 0, &written, err));
    *out_name = (run_name){place.id, mw_digest_run_checksum(written)};
    mw_digest_run_close(written);
    return MW_OK;
}

static mw_status write_list(const mw_digest_runs *runs, const mw_run_shape *shape,
                            const mw_runs_news *news, name_list *out_list, mw_error *err) {
    const run_list *list = &runs->lists[shape->kind];
    size_t count = news->count > 0 ? staying(list, news->count) : list->count;
    for (size_t i = 0; i < count; i++)
        out_list->items[i] = (run_name){mw_digest_run_id(list->items[i]),
                                        mw_digest_run_checksum(list->items[i])};
    out_list->count = (uint32_t)count;
    out_list->through = list->through;
    if (news->count == 0) return MW_OK;
    out_list->through = news->through;
    return write_run(runs, shape, count, news, &out_list->items[out_list->count++], err);
}

mw_status mw_digest_runs_write(const mw_digest_runs *runs, const mw_runs_identity *identity,
                               const mw_runs_news news[MW_RUNS_KINDS], mw_buf *out_names,
                               mw_error *err) {
    names all = {.identity = *identity};
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++) {
        mw_run_shape shape = shape_of(kind, identity);
        MW_TRY(write_list(runs, &shape, &news[kind], &all.lists[kind], err));
    }
    append_names(out_names, &all);
    return mw_buf_check(out_names, "the names of runs", err);
}

mw_status mw_digest_runs_names_through(mw_str bytes, mw_runs_kind kind, int64_t *out_through,
                                       mw_error *err) {
    names all;
    MW_TRY(read_names(bytes, &all, err));
    *out_through = all.lists[kind].through;
    return MW_OK;
}

/* --- taking ----------------------------------------------------------------------------------- */

static mw_digest_run *find_open(const run_list *list, run_name name) {
    for (size_t i = 0; i < list->count; i++)
        if (mw_digest_run_id(list->items[i]) == name.id &&
            mw_digest_run_checksum(list->items[i]) == name.checksum)
            return list->items[i];
    return NULL;
}

static mw_status open_list(const mw_digest_runs *runs, const mw_run_shape *shape,
                           const name_list *wanted, run_list *out_list, mw_error *err) {
    out_list->through = wanted->through;
    for (size_t i = 0; i < wanted->count; i++) {
        run_name name = wanted->items[i];
        mw_run_place place = {runs->sys, runs->folder, name.id};
        mw_digest_run *run = find_open(&runs->lists[shape->kind], name);
        if (!run) MW_TRY(mw_digest_run_open(place, shape, name.checksum, &run, err));
        out_list->items[out_list->count++] = run;
    }
    return MW_OK;
}

static bool is_same(const mw_runs_identity *a, const mw_runs_identity *b) {
    return a->log_id == b->log_id && a->circumstances == b->circumstances &&
           a->key.words[0] == b->key.words[0] && a->key.words[1] == b->key.words[1];
}

/* Who has taken what is known up to a place may have forgotten it elsewhere. */
static bool goes_back(const mw_digest_runs *runs, const names *wanted) {
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++)
        if (wanted->lists[kind].through < runs->lists[kind].through) return true;
    return false;
}

mw_status mw_digest_runs_take(mw_digest_runs *runs, const mw_runs_identity *identity,
                              mw_str bytes, mw_error *err) {
    run_list lists[MW_RUNS_KINDS] = {{.count = 0}};
    names wanted;
    mw_status status = MW_OK;
    MW_TRY(read_names(bytes, &wanted, err));
    if (!is_same(&wanted.identity, identity))
        return mw_fail(err, MW_CONFLICT, "runs: they were made of other streams or other data");
    if (goes_back(runs, &wanted))
        return mw_fail(err, MW_CONFLICT, "runs: they know less than what is there");
    for (size_t kind = 0; status == MW_OK && kind < MW_RUNS_KINDS; kind++) {
        mw_run_shape shape = shape_of(kind, identity);
        status = open_list(runs, &shape, &wanted.lists[kind], &lists[kind], err);
    }
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++) {
        if (status != MW_OK) {
            close_runs(&lists[kind], &runs->lists[kind]);
        } else {
            close_runs(&runs->lists[kind], &lists[kind]);
            runs->lists[kind] = lists[kind];
        }
    }
    return status;
}

/* --- between processes ------------------------------------------------------------------------ */

static mw_status read_list_file(const mw_digest_runs *runs, uint64_t id, mw_arena *arena,
                                mw_buf *out_bytes, mw_error *err) {
    const char *path = list_path(runs, id, arena);
    if (!path) return no_memory(err);
    mw_buf_clear(out_bytes);
    return mw_sys_read_file(runs->sys, path, out_bytes, err);
}

mw_status mw_digest_runs_publish(const mw_digest_runs *runs, mw_str bytes, mw_error *err) {
    mw_arena arena;
    uint64_t id;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = next_id(runs, &id, err);
    const char *path = status == MW_OK ? list_path(runs, id, &arena) : NULL;
    if (status == MW_OK)
        status = path ? mw_sys_write_file(runs->sys, path, bytes, err) : no_memory(err);
    mw_arena_release(&arena);
    return status;
}

mw_status mw_digest_runs_news_of(const mw_digest_runs *runs, uint64_t *number, mw_buf *out_names,
                                 mw_error *err) {
    mw_arena arena;
    uint64_t id = 0;
    mw_buf_clear(out_names);
    MW_TRY(newest_in(runs, &id, err));
    if (id == 0) *number = 0;
    if (id == *number) return MW_OK;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = read_list_file(runs, id, &arena, out_names, err);
    mw_arena_release(&arena);
    if (status == MW_OK) *number = id;
    return status;
}

/* --- tidying up ------------------------------------------------------------------------------- */

mw_status mw_digest_runs_note(mw_str bytes, mw_buf *out_noted, mw_error *err) {
    names all;
    MW_TRY(read_names(bytes, &all, err));
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++)
        for (size_t i = 0; i < all.lists[kind].count; i++)
            mw_buf_append_u64(out_noted, all.lists[kind].items[i].id);
    return mw_buf_check(out_noted, "the names of runs", err);
}

bool mw_digest_runs_may_name_any(mw_status unread) {
    return unread == MW_IO || unread == MW_NEWER_FORMAT;
}

/* A list that is damaged names nothing. */
static mw_status note_list(const mw_digest_runs *runs, uint64_t id, mw_buf *noted, mw_error *err) {
    mw_arena arena;
    mw_buf bytes;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_buf_init(&bytes, NAMES_SIZE_MAX);
    mw_status status = read_list_file(runs, id, &arena, &bytes, err);
    if (status == MW_OK) status = mw_digest_runs_note(mw_buf_str(&bytes), noted, err);
    mw_buf_release(&bytes);
    mw_arena_release(&arena);
    return status == MW_CORRUPT ? MW_OK : status;
}

/* What the newest lists name and the object has; the oldest of these lists, or 0. */
static mw_status note_known(const mw_digest_runs *runs, const mw_str *files, size_t file_count,
                            mw_buf *noted, uint64_t *out_oldest, mw_error *err) {
    uint64_t id = UINT64_MAX, oldest = 0;
    for (size_t i = 0; i < MW_RUNS_LISTS_KEPT; i++) {
        if ((id = newest_list(files, file_count, id)) == 0) break;
        oldest = id;
        MW_TRY(note_list(runs, id, noted, err));
    }
    for (size_t kind = 0; kind < MW_RUNS_KINDS; kind++)
        for (size_t i = 0; i < runs->lists[kind].count; i++)
            mw_buf_append_u64(noted, mw_digest_run_id(runs->lists[kind].items[i]));
    *out_oldest = oldest;
    return mw_buf_check(noted, "the names of runs", err);
}

static bool is_noted(mw_str noted, uint64_t id) {
    mw_reader in = {.rest = noted};
    while (in.rest.size > 0)
        if (mw_read_u64(&in) == id) return true;
    return false;
}

/* Nothing is ever removed but what we write. */
static bool is_left_over(mw_str file, mw_str noted, uint64_t oldest_list) {
    static const char *const suffixes[] = {".run", ".run.tmp", ".bad"};
    uint64_t list = id_of(file, MW_STR(list_suffix)), run = 0;
    for (size_t i = 0; run == 0 && i < sizeof suffixes / sizeof *suffixes; i++)
        run = id_of(file, mw_str_of(suffixes[i]));
    if (run > 0) return !is_noted(noted, run);
    return (list > 0 && list < oldest_list) || is_half_list(file);
}

static mw_status remove_left_over(const mw_digest_runs *runs, mw_buf *noted, mw_arena *arena,
                                  mw_error *err) {
    mw_str *files = NULL;
    size_t count = 0;
    uint64_t oldest;
    MW_TRY(mw_sys_list_if_any(runs->sys, runs->folder, arena, &files, &count, err));
    mw_status status = note_known(runs, files, count, noted, &oldest, err);
    if (mw_digest_runs_may_name_any(status)) return MW_OK;
    MW_TRY(status);
    for (size_t i = 0; i < count; i++) {
        if (!is_left_over(files[i], mw_buf_str(noted), oldest)) continue;
        const char *path = mw_path_join(arena, runs->folder, files[i].data);
        if (!path) return no_memory(err);
        MW_TRY(mw_sys_remove(runs->sys, path, err));
    }
    return MW_OK;
}

mw_status mw_digest_runs_tidy(const mw_digest_runs *runs, mw_buf *noted, mw_error *err) {
    mw_arena arena;
    mw_arena_init(&arena, ARENA_SIZE_MAX);
    mw_status status = remove_left_over(runs, noted, &arena, err);
    mw_arena_release(&arena);
    return status;
}
