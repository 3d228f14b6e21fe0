#include "store/digest_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum {
    PAGE = 4096, /* of head and blocks */
    BLOCK_HEAD_SIZE = 8,
    HEAD_SIZE = 72,
    WORD_SIZE = 8,
    LINE_SIZE = 64,
    LINE_BITS = 8 * LINE_SIZE,
    BITS_AN_ENTRY = 16, /* of what is written; 10 in runs of older programs */
    PROBES = 6,
    PROBE_BITS = 9, /* of the digest, for one of LINE_BITS */
    PATH_SIZE = 4096,
};
static const char magic[4] = {'M', 'W', 'R', 'N'};

typedef struct {
    uint64_t id;
    mw_run_shape shape;
    uint64_t entry_count, line_count;
    uint32_t tail_sum, sum;
} run_head;

struct mw_digest_run {
    mw_run_place place; /* its folder is `folder` */
    char *folder;
    mw_file *file;
    run_head head;
    uint64_t *firsts; /* of each block */
    void *filter_memory;
    unsigned char *filter; /* in there, at a multiple of LINE_SIZE; NULL: it has none */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "run: no memory");
}

static size_t entries_a_block(const mw_run_shape *shape) {
    return (PAGE - BLOCK_HEAD_SIZE) / (shape->word_count * WORD_SIZE);
}

static uint64_t block_count(const run_head *head) {
    size_t full = entries_a_block(&head->shape);
    return (head->entry_count + full - 1) / full;
}

static size_t entries_in(const run_head *head, uint64_t block) {
    size_t full = entries_a_block(&head->shape);
    uint64_t behind = head->entry_count - block * full;
    return behind < full ? (size_t)behind : full;
}

static bool path_of(mw_run_place place, const char *suffix, char out_path[PATH_SIZE]) {
    int size = snprintf(out_path, PATH_SIZE, "%s/%016llx%s", place.folder,
                        (unsigned long long)place.id, suffix);
    return size > 0 && size < PATH_SIZE;
}

static mw_status find_path(mw_run_place place, const char *suffix, char out_path[PATH_SIZE],
                           mw_error *err) {
    if (path_of(place, suffix, out_path)) return MW_OK;
    return mw_fail(err, MW_TOO_LARGE, "run: a path must be less than %d bytes", PATH_SIZE);
}

/* --- the filter ------------------------------------------------------------------------------- */

static uint64_t line_count_of(uint64_t entry_count) {
    return entry_count * BITS_AN_ENTRY / LINE_BITS + 1;
}

/* The order of a run is that of the first word, so the other one says the line. */
static unsigned char *line_of(unsigned char *filter, uint64_t line_count, mw_keyed_hash digest) {
    return filter + LINE_SIZE * ((digest.words[1] >> 32) * line_count >> 32);
}

static void mark(unsigned char *line, uint64_t word) {
    for (int i = 0; i < PROBES; i++, word >>= PROBE_BITS) {
        size_t bit = word % LINE_BITS;
        line[bit / 8] = (unsigned char)(line[bit / 8] | 1 << bit % 8);
    }
}

static bool is_marked(const unsigned char *line, uint64_t word) {
    for (int i = 0; i < PROBES; i++, word >>= PROBE_BITS) {
        size_t bit = word % LINE_BITS;
        if (!(line[bit / 8] >> bit % 8 & 1)) return false;
    }
    return true;
}

/* --- the head --------------------------------------------------------------------------------- */

static void append_head(mw_buf *out, run_head *head) {
    mw_buf_append(out, magic, sizeof magic);
    mw_buf_append_u32(out, MW_RUN_FORMAT);
    mw_buf_append_u64(out, head->id);
    mw_buf_append_u64(out, head->shape.log_id);
    mw_buf_append_u64(out, head->shape.key.words[0]);
    mw_buf_append_u64(out, head->shape.key.words[1]);
    mw_buf_append_u32(out, head->shape.kind);
    mw_buf_append_u32(out, head->shape.word_count);
    mw_buf_append_u64(out, head->entry_count);
    mw_buf_append_u64(out, head->line_count);
    mw_buf_append_u32(out, head->tail_sum);
    MW_ASSERT(out->failed || out->size == HEAD_SIZE - sizeof(uint32_t));
    if (!out->failed) head->sum = mw_crc32c(0, out->data, out->size);
    mw_buf_append_u32(out, head->sum);
}

static mw_status not_one(const char *path, mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "run: %s does not begin as one does", path);
}

static mw_status read_head(mw_str bytes, const char *path, run_head *out_head, mw_error *err) {
    mw_reader in = {.rest = bytes};
    run_head head = {.id = 0};
    mw_str found = mw_read_bytes(&in, sizeof magic);
    uint32_t format = mw_read_u32(&in);
    if (in.failed || memcmp(found.data, magic, sizeof magic) != 0) return not_one(path, err);
    if (format > MW_RUN_FORMAT)
        return mw_fail(err, MW_NEWER_FORMAT, "run: %s has format %u, this program reads up to %d",
                       path, format, MW_RUN_FORMAT);
    head.id = mw_read_u64(&in);
    head.shape.log_id = mw_read_u64(&in);
    head.shape.key.words[0] = mw_read_u64(&in);
    head.shape.key.words[1] = mw_read_u64(&in);
    head.shape.kind = mw_read_u32(&in);
    head.shape.word_count = mw_read_u32(&in);
    head.entry_count = mw_read_u64(&in);
    head.line_count = mw_read_u64(&in);
    head.tail_sum = mw_read_u32(&in);
    head.sum = mw_read_u32(&in);
    if (in.failed) return not_one(path, err);
    if (mw_crc32c(0, bytes.data, HEAD_SIZE - sizeof(uint32_t)) != head.sum)
        return mw_fail(err, MW_CORRUPT, "run: the head of %s fails its checksum", path);
    *out_head = head;
    return MW_OK;
}

static bool is_of_shape(const run_head *head, const mw_run_shape *shape) {
    return head->shape.log_id == shape->log_id && head->shape.kind == shape->kind &&
           head->shape.key.words[0] == shape->key.words[0] &&
           head->shape.key.words[1] == shape->key.words[1] &&
           head->shape.word_count == shape->word_count;
}

static mw_status check_head(const mw_digest_run *run, const mw_run_shape *shape, uint32_t checksum,
                            const char *path, mw_error *err) {
    const run_head *head = &run->head;
    uint64_t size;
    if (!is_of_shape(head, shape))
        return mw_fail(err, MW_CONFLICT, "run: %s is of another list or log", path);
    if (head->id != run->place.id || (checksum != 0 && head->sum != checksum))
        return mw_fail(err, MW_CONFLICT, "run: %s is not the one that was written", path);
    MW_TRY(mw_file_size(run->file, &size, err));
    if (head->entry_count == 0 || head->entry_count > MW_RUN_ENTRIES_MAX ||
        (head->line_count > 0) != shape->is_filtered || head->line_count > size / LINE_SIZE ||
        size != PAGE + block_count(head) * (PAGE + WORD_SIZE) + head->line_count * LINE_SIZE)
        return mw_fail(err, MW_CORRUPT, "run: the size of %s is not what its head says", path);
    return MW_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

static mw_status read_all(mw_file *file, uint64_t offset, void *bytes, size_t size,
                          mw_error *err) {
    size_t got = 0;
    MW_TRY(mw_file_read(file, offset, bytes, size, &got, err));
    return got == size ? MW_OK : mw_fail(err, MW_CORRUPT, "run: the file ends early");
}

static uint64_t word_at(const unsigned char *bytes, size_t index) {
    return mw_u64_at(bytes + index * WORD_SIZE);
}

static mw_status read_firsts(mw_digest_run *run, uint64_t offset, uint32_t *sum, mw_error *err) {
    uint64_t count = block_count(&run->head);
    unsigned char bytes[PAGE];
    run->firsts = mw_allocate((size_t)count * sizeof *run->firsts);
    if (!run->firsts) return no_memory(err);
    for (uint64_t i = 0; i < count; i++) {
        size_t at = i % (PAGE / WORD_SIZE);
        uint64_t left = (count - i) * WORD_SIZE;
        size_t size = left < PAGE ? (size_t)left : PAGE;
        if (at == 0) {
            MW_TRY(read_all(run->file, offset + i * WORD_SIZE, bytes, size, err));
            *sum = mw_crc32c(*sum, bytes, size);
        }
        run->firsts[i] = word_at(bytes, at);
    }
    return MW_OK;
}

static mw_status make_filter(uint64_t line_count, void **out_memory, unsigned char **out_filter,
                             mw_error *err) {
    void *memory = mw_allocate((size_t)line_count * LINE_SIZE + LINE_SIZE);
    if (!memory) return no_memory(err);
    size_t odd = (uintptr_t)memory % LINE_SIZE;
    *out_memory = memory;
    *out_filter = (unsigned char *)memory + (odd ? LINE_SIZE - odd : 0);
    return MW_OK;
}

static mw_status read_tail(mw_digest_run *run, const char *path, mw_error *err) {
    uint64_t blocks = block_count(&run->head), offset = PAGE + blocks * PAGE;
    size_t size = (size_t)run->head.line_count * LINE_SIZE;
    uint32_t sum = 0;
    MW_TRY(read_firsts(run, offset, &sum, err));
    if (size > 0) {
        MW_TRY(make_filter(run->head.line_count, &run->filter_memory, &run->filter, err));
        MW_TRY(read_all(run->file, offset + blocks * WORD_SIZE, run->filter, size, err));
        sum = mw_crc32c(sum, run->filter, size);
    }
    if (sum == run->head.tail_sum) return MW_OK;
    return mw_fail(err, MW_CORRUPT, "run: the end of %s fails its checksum", path);
}

static mw_status open_run(mw_digest_run *run, const mw_run_shape *shape, uint32_t checksum,
                          mw_error *err) {
    char path[PATH_SIZE], head[HEAD_SIZE];
    MW_TRY(find_path(run->place, ".run", path, err));
    MW_TRY(mw_sys_open(run->place.sys, path, MW_FILE_READ, &run->file, err));
    MW_TRY(read_all(run->file, 0, head, sizeof head, err));
    MW_TRY(read_head((mw_str){head, sizeof head}, path, &run->head, err));
    MW_TRY(check_head(run, shape, checksum, path, err));
    return read_tail(run, path, err);
}

mw_status mw_digest_run_open(mw_run_place place, const mw_run_shape *shape, uint32_t checksum,
                             mw_digest_run **out_run, mw_error *err) {
    size_t size = strlen(place.folder) + 1;
    mw_digest_run *run = mw_allocate(sizeof *run);
    if (!run) return no_memory(err);
    run->place = place;
    run->folder = mw_allocate(size);
    if (!run->folder) {
        mw_digest_run_close(run);
        return no_memory(err);
    }
    memcpy(run->folder, place.folder, size);
    run->place.folder = run->folder;
    mw_status status = open_run(run, shape, checksum, err);
    if (status != MW_OK) mw_digest_run_close(run);
    else *out_run = run;
    return status;
}

void mw_digest_run_close(mw_digest_run *run) {
    if (!run) return;
    mw_file_close(run->file);
    mw_free(run->firsts);
    mw_free(run->filter_memory);
    mw_free(run->folder);
    mw_free(run);
}

uint64_t mw_digest_run_id(const mw_digest_run *run) { return run->head.id; }
uint64_t mw_digest_run_count(const mw_digest_run *run) { return run->head.entry_count; }
uint32_t mw_digest_run_checksum(const mw_digest_run *run) { return run->head.sum; }

static uint32_t sum_block(uint64_t id, const unsigned char *block) {
    unsigned char bytes[WORD_SIZE];
    for (size_t i = 0; i < WORD_SIZE; i++) bytes[i] = (unsigned char)(id >> 8 * i);
    uint32_t sum = mw_crc32c(0, bytes, sizeof bytes);
    return mw_crc32c(sum, block + sizeof sum, PAGE - sizeof sum);
}

static void put_aside(const mw_digest_run *run) {
    char path[PATH_SIZE], aside[PATH_SIZE];
    mw_error unmoved;
    if (path_of(run->place, ".run", path) && path_of(run->place, ".bad", aside))
        (void)!mw_sys_rename(run->place.sys, path, aside, &unmoved);
}

static mw_status check_block(const mw_digest_run *run, uint64_t block, const unsigned char *bytes,
                             mw_error *err) {
    mw_reader in = {.rest = {(const char *)bytes, BLOCK_HEAD_SIZE}};
    uint32_t sum = mw_read_u32(&in);
    if (mw_read_u32(&in) == (uint32_t)block && sum == sum_block(run->head.id, bytes)) return MW_OK;
    return mw_fail(err, MW_CORRUPT, "run: block %llu of %s/%016llx.run fails its checksum",
                   (unsigned long long)block, run->folder, (unsigned long long)run->place.id);
}

/* A disk that has lost a block will not find it again: that is put aside like a wrong one. */
static mw_status read_block(const mw_digest_run *run, uint64_t block, unsigned char bytes[PAGE],
                            mw_error *err) {
    mw_status status = read_all(run->file, PAGE + block * PAGE, bytes, PAGE, err);
    if (status == MW_OK) status = check_block(run, block, bytes, err);
    if (status == MW_OK || status == MW_NO_MEMORY) return status;
    put_aside(run);
    return mw_hint(err, status, "The next start reads everything from lake and log.");
}

/* --- finding ---------------------------------------------------------------------------------- */

static int compare(const uint64_t *a, const uint64_t *b) {
    if (a[0] != b[0]) return a[0] < b[0] ? -1 : 1;
    return a[1] == b[1] ? 0 : a[1] < b[1] ? -1 : 1;
}

/* The first block that can hold an entry with that first word. */
static uint64_t first_block(const mw_digest_run *run, uint64_t word) {
    uint64_t low = 0, high = block_count(&run->head);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (run->firsts[middle] < word) low = middle + 1;
        else high = middle;
    }
    return low > 0 ? low - 1 : 0;
}

static bool find_in_block(const unsigned char *entries, size_t count, size_t word_count,
                          mw_keyed_hash digest, uint64_t *out_words) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t words[] = {word_at(entries, middle * word_count),
                            word_at(entries, middle * word_count + 1)};
        int order = compare(words, digest.words);
        if (order == 0) {
            for (size_t i = 2; i < word_count; i++)
                out_words[i - 2] = word_at(entries, middle * word_count + i);
            return true;
        }
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

mw_status mw_digest_run_find(const mw_digest_run *run, mw_keyed_hash digest, uint64_t *out_words,
                             bool *out_is_found, mw_error *err) {
    unsigned char bytes[PAGE];
    const run_head *head = &run->head;
    *out_is_found = false;
    if (run->filter &&
        !is_marked(line_of(run->filter, head->line_count, digest), digest.words[0]))
        return MW_OK;
    uint64_t block = first_block(run, digest.words[0]), end = block_count(head);
    for (; !*out_is_found && block < end && run->firsts[block] <= digest.words[0]; block++) {
        MW_TRY(read_block(run, block, bytes, err));
        *out_is_found = find_in_block(bytes + BLOCK_HEAD_SIZE, entries_in(head, block),
                                      head->shape.word_count, digest, out_words);
    }
    return MW_OK;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Where one of the sources is. */
typedef struct {
    mw_run_source source;
    uint64_t next, count;
    const uint64_t *entry; /* NULL: it is at its end */
    uint64_t words[MW_RUN_WORDS_MAX];
    unsigned char block[PAGE];
} cursor;

static mw_status advance(cursor *at, size_t word_count, mw_error *err) {
    const mw_digest_run *run = at->source.run;
    uint64_t index = at->next++;
    at->entry = NULL;
    if (index >= at->count) return MW_OK;
    if (!run) {
        at->entry = at->source.words + index * word_count;
        return MW_OK;
    }
    size_t full = entries_a_block(&run->head.shape), in_block = index % full;
    if (in_block == 0) MW_TRY(read_block(run, index / full, at->block, err));
    for (size_t i = 0; i < word_count; i++)
        at->words[i] = word_at(at->block + BLOCK_HEAD_SIZE, in_block * word_count + i);
    at->entry = at->words;
    return MW_OK;
}

typedef struct {
    mw_file *file;
    run_head head;
    cursor *cursors;
    size_t cursor_count;
    mw_buf block, firsts;
    uint64_t blocks;
    void *filter_memory;
    unsigned char *filter;
} writing;

static mw_status begin_cursors(writing *w, const mw_run_source *sources, mw_error *err) {
    w->cursors = mw_allocate(w->cursor_count * sizeof *w->cursors);
    if (!w->cursors) return no_memory(err);
    for (size_t i = 0; i < w->cursor_count; i++) {
        cursor *at = &w->cursors[i];
        at->source = sources[i];
        at->count = sources[i].run ? sources[i].run->head.entry_count : sources[i].count;
        w->head.line_count += at->count;
        MW_TRY(advance(at, w->head.shape.word_count, err));
    }
    w->head.line_count = w->head.shape.is_filtered ? line_count_of(w->head.line_count) : 0;
    if (w->head.line_count == 0) return MW_OK;
    return make_filter(w->head.line_count, &w->filter_memory, &w->filter, err);
}

/* The least entry of all, of the first source that has it; they all go beyond. False: none. */
static mw_status take_least(writing *w, uint64_t *out_entry, bool *out_has_entry, mw_error *err) {
    size_t words = w->head.shape.word_count;
    const cursor *least = NULL;
    for (size_t i = 0; i < w->cursor_count; i++) {
        const cursor *at = &w->cursors[i];
        if (at->entry && (!least || compare(at->entry, least->entry) < 0)) least = at;
    }
    *out_has_entry = least;
    if (!least) return MW_OK;
    memcpy(out_entry, least->entry, words * WORD_SIZE);
    for (size_t i = 0; i < w->cursor_count; i++) {
        cursor *at = &w->cursors[i];
        while (at->entry && compare(at->entry, out_entry) == 0) MW_TRY(advance(at, words, err));
    }
    return MW_OK;
}

static mw_status end_block(writing *w, mw_error *err) {
    static const char zeros[PAGE];
    mw_buf *block = &w->block;
    if (block->size == 0) return MW_OK;
    mw_buf_append(block, zeros, PAGE - block->size);
    MW_TRY(mw_buf_check(block, "a run", err));
    uint32_t sum = sum_block(w->head.id, (const unsigned char *)block->data);
    for (size_t i = 0; i < sizeof sum; i++) block->data[i] = (char)(sum >> 8 * i);
    MW_TRY(mw_file_write(w->file, PAGE + w->blocks * PAGE, block->data, PAGE, err));
    w->blocks++;
    mw_buf_clear(block);
    return MW_OK;
}

static mw_status add_entry(writing *w, const uint64_t *entry, mw_error *err) {
    size_t words = w->head.shape.word_count;
    if (w->block.size == 0) {
        mw_buf_append_u32(&w->block, 0); /* its sum comes when it is full */
        mw_buf_append_u32(&w->block, (uint32_t)w->blocks);
        mw_buf_append_u64(&w->firsts, entry[0]);
    }
    for (size_t i = 0; i < words; i++) mw_buf_append_u64(&w->block, entry[i]);
    mw_keyed_hash digest = {{entry[0], entry[1]}};
    if (w->filter) mark(line_of(w->filter, w->head.line_count, digest), entry[0]);
    bool is_full = ++w->head.entry_count % entries_a_block(&w->head.shape) == 0;
    return is_full ? end_block(w, err) : MW_OK;
}

static mw_status write_tail(writing *w, mw_error *err) {
    uint64_t offset = PAGE + w->blocks * PAGE;
    size_t size = (size_t)w->head.line_count * LINE_SIZE;
    MW_TRY(mw_buf_check(&w->firsts, "a run", err));
    w->head.tail_sum = mw_crc32c(0, w->firsts.data, w->firsts.size);
    MW_TRY(mw_file_write(w->file, offset, w->firsts.data, w->firsts.size, err));
    if (size == 0) return MW_OK;
    w->head.tail_sum = mw_crc32c(w->head.tail_sum, w->filter, size);
    return mw_file_write(w->file, offset + w->firsts.size, w->filter, size, err);
}

static mw_status write_head(writing *w, mw_error *err) {
    static const char zeros[PAGE];
    append_head(&w->block, &w->head);
    mw_buf_append(&w->block, zeros, PAGE - w->block.size);
    MW_TRY(mw_buf_check(&w->block, "a run", err));
    MW_TRY(mw_file_write(w->file, 0, w->block.data, PAGE, err));
    return mw_file_sync(w->file, err);
}

static mw_status write_entries(writing *w, const mw_run_source *sources, mw_error *err) {
    uint64_t entry[MW_RUN_WORDS_MAX];
    bool has_entry = true;
    MW_TRY(begin_cursors(w, sources, err));
    while (has_entry) {
        MW_TRY(take_least(w, entry, &has_entry, err));
        if (has_entry) MW_TRY(add_entry(w, entry, err));
    }
    MW_TRY(end_block(w, err));
    MW_TRY(write_tail(w, err));
    return write_head(w, err);
}

static mw_status write_to(writing *w, mw_run_place place, const mw_run_source *sources,
                          mw_error *err) {
    char path[PATH_SIZE], written[PATH_SIZE];
    MW_TRY(find_path(place, ".run", path, err));
    MW_TRY(find_path(place, ".run.tmp", written, err));
    MW_TRY(mw_sys_open(place.sys, written, MW_FILE_CREATE, &w->file, err));
    mw_status status = write_entries(w, sources, err);
    mw_file_close(w->file);
    if (status == MW_OK) status = mw_sys_rename(place.sys, written, path, err);
    if (status == MW_OK) return mw_sys_sync_folder(place.sys, place.folder, err);
    mw_error unremoved;
    (void)!mw_sys_remove(place.sys, written, &unremoved);
    return status;
}

mw_status mw_digest_run_write(mw_run_place place, const mw_run_shape *shape,
                              const mw_run_source *sources, size_t source_count, mw_error *err) {
    writing w = {.head = {.id = place.id, .shape = *shape}, .cursor_count = source_count};
    MW_ASSERT(shape->word_count >= 2 && shape->word_count <= MW_RUN_WORDS_MAX);
    MW_ASSERT(source_count > 0 && source_count <= MW_RUN_SOURCES_MAX);
    mw_buf_init(&w.block, PAGE + 1);
    mw_buf_init(&w.firsts, SIZE_MAX / 2);
    mw_status status = write_to(&w, place, sources, err);
    mw_buf_release(&w.block);
    mw_buf_release(&w.firsts);
    mw_free(w.cursors);
    mw_free(w.filter_memory);
    return status;
}

/* What entries say has signs: a stamp before 1970 is less than one after. */
static int compare_entries(const void *a, const void *b, void *word_count) {
    const uint64_t *one = a, *other = b;
    int order = compare(one, other);
    for (size_t i = 2; order == 0 && i < *(const size_t *)word_count; i++)
        if (one[i] != other[i]) order = (int64_t)one[i] < (int64_t)other[i] ? -1 : 1;
    return order;
}

size_t mw_digest_run_sort(uint64_t *words, size_t count, size_t word_count) {
    size_t kept = 0, size = word_count * WORD_SIZE;
    if (count == 0) return 0;
    qsort_r(words, count, size, compare_entries, &word_count);
    for (size_t i = 0; i < count; i++) {
        const uint64_t *entry = words + i * word_count;
        if (kept > 0 && compare(entry, words + (kept - 1) * word_count) == 0) continue;
        memmove(words + kept++ * word_count, entry, size);
    }
    return kept;
}
