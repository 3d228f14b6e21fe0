#include "serve/enquiry.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "sys/errand.h"
#include "table/passing.h"
#include "table/translation.h"

enum { SYMBOLS_SIZE_MAX = 1 << 28 };

typedef struct {
    uint64_t digest; /* of stream and row, to find it by */
    int32_t stream;
    mw_cell *row;   /* as it was added, its texts held: as long as it is here it can be found */
    mw_cell *asked; /* the same in the enquiry's symbols, and its answers */
} question;

struct mw_enquiry {
    mw_enquiry_config config;
    mw_symbols *symbols; /* of its own */
    question *questions; /* as they came, and once they are asked by their digests */
    size_t count, capacity;
    mw_errand *errand;
    bool has_ended;
    mw_status failure;
    mw_error reason;
    mw_enquiry *earlier; /* NULL: it follows none */
};

static mw_status no_memory(mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "enquiry: no memory");
}

mw_status mw_enquiry_create(mw_enquiry_config config, mw_enquiry **out_enquiry, mw_error *err) {
    mw_enquiry *enquiry = mw_allocate(sizeof *enquiry);
    if (!enquiry) return no_memory(err);
    enquiry->config = config;
    mw_status status = mw_symbols_create(SYMBOLS_SIZE_MAX, &enquiry->symbols, err);
    if (status == MW_OK) *out_enquiry = enquiry;
    else mw_enquiry_destroy(enquiry);
    return status;
}

static const mw_schema *schema_of(const mw_enquiry *enquiry, int32_t stream) {
    return &enquiry->config.program->streams[stream].schema;
}

/* Of what a row holds before it enters. */
static size_t plain_count(const mw_enquiry *enquiry, int32_t stream) {
    const mw_stream *events = &enquiry->config.program->streams[stream];
    return events->schema.field_count - events->entry_count;
}

static mw_schema plain_schema(const mw_enquiry *enquiry, int32_t stream) {
    return (mw_schema){schema_of(enquiry, stream)->fields, plain_count(enquiry, stream)};
}

static void end_asking(mw_enquiry *enquiry) {
    if (!enquiry->errand) return;
    mw_errand_end(enquiry->errand);
    enquiry->errand = NULL;
    mw_asking_yield(enquiry->config.asking);
}

static void destroy(mw_enquiry *enquiry) {
    if (enquiry->errand) mw_asking_give_up(enquiry->config.asking);
    end_asking(enquiry);
    for (size_t i = 0; i < enquiry->count; i++) {
        question *q = &enquiry->questions[i];
        mw_schema plain = plain_schema(enquiry, q->stream);
        mw_passing_let_go(enquiry->config.symbols, &plain, q->row);
        mw_free(q->row);
        mw_free(q->asked);
    }
    mw_free(enquiry->questions);
    mw_symbols_destroy(enquiry->symbols);
    mw_free(enquiry);
}

void mw_enquiry_destroy(mw_enquiry *enquiry) {
    while (enquiry) {
        mw_enquiry *earlier = enquiry->earlier;
        destroy(enquiry);
        enquiry = earlier;
    }
}

void mw_enquiry_follow(mw_enquiry *enquiry, mw_enquiry *earlier) { enquiry->earlier = earlier; }

/* --- questions -------------------------------------------------------------------------------- */

static uint64_t digest_of(const mw_enquiry *enquiry, int32_t stream, const mw_cell *row) {
    uint64_t digest = mw_hash_bytes(row, plain_count(enquiry, stream) * sizeof *row);
    return mw_hash_join((uint64_t)stream, digest);
}

mw_status mw_enquiry_add(mw_enquiry *enquiry, int32_t stream, const mw_cell *row, mw_error *err) {
    size_t size = schema_of(enquiry, stream)->field_count * sizeof *row;
    if (enquiry->count == MW_ENQUIRY_ROWS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "enquiry: must be of at most %d rows",
                       MW_ENQUIRY_ROWS_MAX);
    if (!mw_grow((void **)&enquiry->questions, &enquiry->capacity, enquiry->count + 1,
                 sizeof *enquiry->questions, MW_ENQUIRY_ROWS_MAX))
        return no_memory(err);
    question q = {digest_of(enquiry, stream, row), stream, mw_allocate(size), mw_allocate(size)};
    bool has_room = q.row && q.asked;
    if (has_room) {
        memcpy(q.row, row, size);
        memcpy(q.asked, row, size);
        mw_translation to_ask = {.from = enquiry->config.symbols, .to = enquiry->symbols};
        has_room = mw_translate_cells(&to_ask, schema_of(enquiry, stream)->fields,
                                      plain_count(enquiry, stream), q.asked);
    }
    if (has_room) {
        mw_schema plain = plain_schema(enquiry, stream);
        mw_passing_hold(enquiry->config.symbols, &plain, q.row);
        enquiry->questions[enquiry->count++] = q;
        return MW_OK;
    }
    mw_free(q.row);
    mw_free(q.asked);
    return no_memory(err);
}

/* --- in the thread ---------------------------------------------------------------------------- */

/* The rows from one on that are of its stream, together. */
static mw_status ask_from(mw_enquiry *enquiry, size_t from, mw_cell **rows, size_t *out_count,
                          mw_error *err) {
    int32_t stream = enquiry->questions[from].stream;
    size_t count = 0;
    while (from + count < enquiry->count && enquiry->questions[from + count].stream == stream) {
        rows[count] = enquiry->questions[from + count].asked;
        count++;
    }
    *out_count = count;
    return mw_asking_fill(enquiry->config.asking, stream, rows, count, err);
}

static mw_status ask_all(void *context, mw_error *err) {
    mw_enquiry *enquiry = context;
    mw_cell **rows = mw_allocate((enquiry->count + 1) * sizeof *rows);
    if (!rows) return no_memory(err);
    mw_status status = MW_OK;
    for (size_t from = 0, count = 0; status == MW_OK && from < enquiry->count; from += count)
        status = ask_from(enquiry, from, rows, &count, err);
    mw_free(rows);
    return status;
}

/* --- asking ----------------------------------------------------------------------------------- */

static int by_digest(const void *a, const void *b) {
    const question *x = a, *y = b;
    return (x->digest > y->digest) - (x->digest < y->digest);
}

static void end(mw_enquiry *enquiry, mw_status failure) {
    if (enquiry->count > 0)
        qsort(enquiry->questions, enquiry->count, sizeof *enquiry->questions, by_digest);
    enquiry->failure = failure;
    enquiry->has_ended = true;
    end_asking(enquiry);
}

bool mw_enquiry_run(mw_enquiry *enquiry, bool is_wanted) {
    const mw_enquiry_config *config = &enquiry->config;
    if (enquiry->has_ended || (!enquiry->errand && !is_wanted)) return true;
    if (enquiry->errand) {
        if (mw_errand_is_done(enquiry->errand))
            end(enquiry, mw_errand_wait(enquiry->errand, &enquiry->reason));
        return enquiry->has_ended;
    }
    if (!mw_asking_claim(config->asking, enquiry->symbols)) return false;
    mw_status status =
        mw_errand_begin(config->sys, ask_all, enquiry, &enquiry->errand, &enquiry->reason);
    if (status != MW_OK) {
        mw_asking_yield(config->asking);
        end(enquiry, status);
    }
    return enquiry->has_ended;
}

/* --- answers ---------------------------------------------------------------------------------- */

static const question *find_in(const mw_enquiry *enquiry, int32_t stream, const mw_cell *row) {
    size_t size = plain_count(enquiry, stream) * sizeof *row;
    uint64_t digest = digest_of(enquiry, stream, row);
    size_t low = 0, high = enquiry->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (enquiry->questions[middle].digest < digest) low = middle + 1;
        else high = middle;
    }
    for (; low < enquiry->count && enquiry->questions[low].digest == digest; low++) {
        const question *q = &enquiry->questions[low];
        if (q->stream == stream && memcmp(q->row, row, size) == 0) return q;
    }
    return NULL;
}

/* In the one that has it, which `*enquiry` is then. */
static const question *find(const mw_enquiry **enquiry, int32_t stream, const mw_cell *row) {
    const question *found = NULL;
    for (const mw_enquiry *one = *enquiry; one && !found; one = one->earlier) {
        MW_ASSERT(one->has_ended);
        found = find_in(one, stream, row);
        *enquiry = one;
    }
    return found;
}

bool mw_enquiry_covers(const mw_enquiry *enquiry, int32_t stream, const mw_cell *row) {
    return find(&enquiry, stream, row) != NULL;
}

mw_status mw_enquiry_fill(const mw_enquiry *enquiry, int32_t stream, mw_cell *row, mw_error *err) {
    const question *q = find(&enquiry, stream, row);
    MW_ASSERT(q);
    if (enquiry->failure != MW_OK)
        return mw_fail(err, MW_UNAVAILABLE, "%s", enquiry->reason.message);
    const mw_schema *schema = schema_of(enquiry, stream);
    const mw_program *program = enquiry->config.program;
    size_t ask_count = program->sources[program->streams[stream].source].ask_count;
    size_t first = schema->field_count - ask_count;
    mw_translation answered = {
        .from = enquiry->symbols, .to = enquiry->config.symbols, .passes = true};
    memcpy(row + first, q->asked + first, ask_count * sizeof *row);
    if (!mw_translate_cells(&answered, schema->fields + first, ask_count, row + first))
        return mw_fail(err, MW_NO_MEMORY, "ask: no memory for another text");
    return MW_OK;
}
