#include "stat/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stat/number_sort.h"

enum { MAGIC = 0x5250574d /* MWPR */, FORMAT = 1 };
enum { BOOL_BINS = 2, COLUMN_BINS_MAX = MW_PROFILE_VALUES_MAX + 2, EDGES_MAX = 31 };
_Static_assert(EDGES_MAX == MW_PROFILE_NUMBER_BINS_MAX - 1, "an edge stands between two bins");
_Static_assert(MW_PROFILE_NUMBER_BINS_MAX + 1 <= COLUMN_BINS_MAX, "counters for any column");
_Static_assert(MW_FALSE == 0 && MW_TRUE == 1 && (int)MW_BOOL_MISSING == (int)BOOL_BINS,
               "a bool is the number of its bin");

struct mw_profile {
    mw_arena *arena;
    mw_symbols *symbols;
    mw_profile_column *columns;
    size_t column_count, column_count_max;
    uint64_t *counts;
    size_t bin_count;
};

mw_status mw_profile_create(mw_arena *arena, mw_symbols *symbols, size_t column_count_max,
                            mw_profile **out_profile, mw_error *err) {
    if (column_count_max > MW_PROFILE_COLUMNS_MAX)
        return mw_fail(err, MW_TOO_LARGE, "profile: at most %d columns fit, got %zu",
                       MW_PROFILE_COLUMNS_MAX, column_count_max);
    mw_profile *profile = mw_arena_alloc(arena, 1, sizeof *profile);
    mw_profile_column *columns = mw_arena_alloc(arena, column_count_max, sizeof *columns);
    uint64_t *counts = mw_arena_alloc(arena, column_count_max * COLUMN_BINS_MAX, sizeof *counts);
    if (!profile || !columns || !counts)
        return mw_fail(err, MW_NO_MEMORY, "profile: out of memory for %zu columns",
                       column_count_max);
    *profile = (mw_profile){.arena = arena,
                            .symbols = symbols,
                            .columns = columns,
                            .column_count_max = column_count_max,
                            .counts = counts};
    *out_profile = profile;
    return MW_OK;
}

static double as_number(mw_type type, mw_cell cell) {
    return type == MW_TYPE_NUMBER ? cell.number : (double)cell.time;
}

/* The edges between bins of sorted values: their quantiles. A value that is several quantiles at
   once gets a bin of its own, with an edge just below; there are enough, for it took as many. */
static size_t cut(const mw_tagged_number *sorted, size_t count, double edges[EDGES_MAX]) {
    size_t edge_count = 0;
    double last = NAN;
    for (size_t k = 1; count > 0 && k <= EDGES_MAX; k++) {
        double value = mw_number_of_key(sorted[(k * count - 1) / MW_PROFILE_NUMBER_BINS_MAX].key);
        if (value != last) {
            edges[edge_count++] = value;
        } else {
            double below = nextafter(value, -INFINITY);
            bool is_cut = edge_count > 1 && edges[edge_count - 2] == below;
            if (!is_cut && isfinite(below)) {
                edges[edge_count - 1] = below;
                edges[edge_count++] = value;
            }
        }
        last = value;
    }
    return edge_count;
}

static mw_status no_memory(mw_str name, mw_error *err) {
    return mw_fail(err, MW_NO_MEMORY, "profile: out of memory for column %.*s",
                   MW_STR_ARGS(name));
}

static mw_status set_edges(mw_profile *profile, mw_profile_column *made, const double *edges,
                           size_t edge_count, mw_error *err) {
    double *kept = mw_arena_alloc(profile->arena, edge_count, sizeof *kept);
    if (!kept) return no_memory(made->name, err);
    memcpy(kept, edges, edge_count * sizeof *kept);
    made->edges = kept;
    made->edge_count = edge_count;
    made->bin_count = edge_count + 2;
    return MW_OK;
}

static mw_status cut_numbers(mw_profile *profile, mw_profile_column *made, mw_column column,
                             mw_error *err) {
    /* The numbers, and as much room again for sorting them. */
    mw_tagged_number *sorted = mw_allocate((column.count + 1) * 2 * sizeof *sorted);
    if (!sorted) return no_memory(made->name, err);
    size_t known = 0;
    for (size_t i = 0; i < column.count; i++) {
        mw_cell cell = column.cells[i * column.stride];
        if (mw_cell_is_missing(made->type, cell)) continue;
        sorted[known++].key = mw_number_key(as_number(made->type, cell));
    }
    mw_number_sort(sorted, sorted + column.count, known);
    double edges[EDGES_MAX];
    size_t edge_count = cut(sorted, known, edges);
    mw_free(sorted);
    return set_edges(profile, made, edges, edge_count, err);
}

static mw_status set_values(mw_profile *profile, mw_profile_column *made, mw_values values,
                            mw_error *err) {
    MW_TRY(mw_dictionary_create(profile->arena, profile->symbols, values, &made->values, err));
    made->bin_count = values.count + 2;
    return MW_OK;
}

typedef struct {
    mw_str text;
    size_t number; /* in the dictionary of all values */
    uint64_t count;
} counted_value;

static int compare_frequency(const void *a, const void *b) {
    const counted_value *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return mw_str_compare(x->text, y->text);
}

static int compare_text(const void *a, const void *b) {
    return mw_str_compare(((const counted_value *)a)->text, ((const counted_value *)b)->text);
}

/* Keeps the most frequent of `all` values, sorted by bytes. */
static mw_status keep_frequent(mw_profile *profile, mw_profile_column *made, mw_column column,
                               const mw_dictionary *all, mw_error *err) {
    mw_values values = mw_dictionary_values(all);
    counted_value *counted = mw_allocate((values.count + 1) * sizeof *counted);
    if (!counted) return no_memory(made->name, err);
    for (size_t i = 0; i < values.count; i++) counted[i].text = values.items[i];
    for (size_t i = 0; i < column.count; i++) {
        int32_t number = mw_dictionary_find(all, column.cells[i * column.stride].symbol);
        if (number != MW_DICTIONARY_UNKNOWN) counted[number].count++;
    }
    qsort(counted, values.count, sizeof *counted, compare_frequency);
    if (values.count > MW_PROFILE_VALUES_MAX) values.count = MW_PROFILE_VALUES_MAX;
    qsort(counted, values.count, sizeof *counted, compare_text);

    mw_str *kept = mw_arena_alloc(profile->arena, values.count, sizeof *kept);
    for (size_t i = 0; kept && i < values.count; i++) kept[i] = counted[i].text;
    mw_free(counted);
    if (!kept) return no_memory(made->name, err);
    return set_values(profile, made, (mw_values){kept, values.count}, err);
}

static mw_status cut_values(mw_profile *profile, mw_profile_column *made, mw_column column,
                            mw_error *err) {
    mw_arena scratch;
    mw_arena_init(&scratch, SIZE_MAX);
    mw_values values;
    const mw_dictionary *all;
    mw_status status =
        mw_dictionary_collect(&scratch, profile->symbols, column, &values, err);
    if (status == MW_OK)
        status = mw_dictionary_create(&scratch, profile->symbols, values, &all, err);
    if (status == MW_OK) status = keep_frequent(profile, made, column, all, err);
    mw_arena_release(&scratch);
    return status;
}

static void column_take(mw_profile *profile, mw_profile_column made) {
    MW_ASSERT(profile->column_count < profile->column_count_max);
    MW_ASSERT(made.bin_count <= COLUMN_BINS_MAX);
    made.first_bin = profile->bin_count;
    profile->columns[profile->column_count++] = made;
    profile->bin_count += made.bin_count;
}

mw_status mw_profile_add(mw_profile *profile, mw_str name, mw_type type, mw_column column,
                         mw_error *err) {
    mw_profile_column made = {.name = mw_str_copy(profile->arena, name), .type = type};
    if (!made.name.data) return no_memory(name, err);
    if (mw_type_is_symbol(type)) MW_TRY(cut_values(profile, &made, column, err));
    else if (type == MW_TYPE_BOOL) made.bin_count = BOOL_BINS + 1;
    else MW_TRY(cut_numbers(profile, &made, column, err));
    column_take(profile, made);
    for (size_t i = 0; i < column.count; i++) {
        mw_cell cell = column.cells[i * column.stride];
        profile->counts[mw_profile_bin(profile, profile->column_count - 1, cell)]++;
    }
    return MW_OK;
}

size_t mw_profile_column_count(const mw_profile *profile) {
    return profile->column_count;
}

const mw_profile_column *mw_profile_column_at(const mw_profile *profile, size_t index) {
    MW_ASSERT(index < profile->column_count);
    return &profile->columns[index];
}

size_t mw_profile_bin_count(const mw_profile *profile) {
    return profile->bin_count;
}

const uint64_t *mw_profile_counts(const mw_profile *profile) {
    return profile->counts;
}

/* The bin of a number: that of the first edge which is not below it. */
static size_t number_bin(const mw_profile_column *column, double value) {
    size_t low = 0, high = column->edge_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (column->edges[middle] < value) low = middle + 1;
        else high = middle;
    }
    return low;
}

size_t mw_profile_bin(const mw_profile *profile, size_t column_index, mw_cell cell) {
    const mw_profile_column *column = mw_profile_column_at(profile, column_index);
    size_t missing = column->first_bin + column->bin_count - 1;
    if (mw_cell_is_missing(column->type, cell)) return missing;
    if (column->type == MW_TYPE_BOOL) return column->first_bin + (size_t)cell.boolean;
    if (!mw_type_is_symbol(column->type))
        return column->first_bin + number_bin(column, as_number(column->type, cell));
    int32_t number = mw_dictionary_find(column->values, cell.symbol);
    return number == MW_DICTIONARY_UNKNOWN ? missing - 1 : column->first_bin + (size_t)number;
}

void mw_profile_count(const mw_profile *profile, const mw_cell *row, int step, uint64_t *counts) {
    MW_ASSERT(step == 1 || step == -1);
    for (size_t i = 0; i < profile->column_count; i++) {
        uint64_t *counter = &counts[mw_profile_bin(profile, i, row[i])];
        MW_ASSERT(step == 1 || *counter > 0);
        *counter += (uint64_t)(int64_t)step;
    }
}

/* Whether an edge stands just below the next one, so that one value lies between them. */
static bool is_just_below(const mw_profile_column *column, size_t edge) {
    return edge + 1 < column->edge_count &&
           nextafter(column->edges[edge], INFINITY) == column->edges[edge + 1];
}

enum { DIGITS_SHOWN = 4, DIGITS_ALL = 17, NUMBER_SIZE_MAX = 40 };

static double shown_number(const mw_profile_column *column, double value) {
    return column->type == MW_TYPE_DURATION ? value / MW_SECOND_US : value;
}

/* As many digits as tell the bin's edges from each other, and from those beside them. */
static int digits_of(const mw_profile_column *column, size_t bin) {
    size_t first = bin > 1 ? bin - 2 : 0;
    size_t last = bin + 1 < column->edge_count ? bin + 1 : column->edge_count - 1;
    int digits = DIGITS_SHOWN;
    for (size_t e = first; column->edge_count > 0 && e < last; e++) {
        if (is_just_below(column, e)) continue;
        char low[NUMBER_SIZE_MAX], high[NUMBER_SIZE_MAX];
        for (; digits < DIGITS_ALL; digits++) {
            snprintf(low, sizeof low, "%.*g", digits, shown_number(column, column->edges[e]));
            snprintf(high, sizeof high, "%.*g", digits,
                     shown_number(column, column->edges[e + 1]));
            if (strcmp(low, high) != 0) break;
        }
    }
    return digits;
}

static void append_number(const mw_profile_column *column, double value, int digits, mw_buf *out) {
    if (column->type == MW_TYPE_TIME) {
        mw_time_append(out, (int64_t)value);
        return;
    }
    char rounded[NUMBER_SIZE_MAX];
    double shown = shown_number(column, value);
    snprintf(rounded, sizeof rounded, "%.*g", digits, shown);
    mw_buf_append_double(out, digits < DIGITS_ALL ? strtod(rounded, NULL) : shown);
}

static void append_range(const mw_profile_column *column, size_t bin, int digits, mw_buf *out) {
    bool has_low = bin > 0, has_high = bin < column->edge_count;
    if (!has_low && !has_high) mw_buf_append_text(out, "any");
    if (has_low && is_just_below(column, bin - 1)) {
        append_number(column, column->edges[bin], digits, out);
        return;
    }
    if (has_low) {
        mw_buf_append_text(out, "above ");
        append_number(column, column->edges[bin - 1], digits, out);
    }
    if (has_low && has_high) mw_buf_append_text(out, ", ");
    if (has_high) {
        bool is_open = is_just_below(column, bin);
        mw_buf_append_text(out, is_open ? "below " : "up to ");
        append_number(column, column->edges[bin + is_open], digits, out);
    }
}

static void append_bin(const mw_profile *profile, size_t column_index, size_t bin, bool is_exact,
                       mw_buf *out) {
    const mw_profile_column *column = mw_profile_column_at(profile, column_index);
    MW_ASSERT(bin < column->bin_count);
    if (bin == column->bin_count - 1) {
        mw_buf_append_text(out, "missing");
    } else if (column->type == MW_TYPE_BOOL) {
        mw_buf_append_text(out, bin == MW_TRUE ? "true" : "false");
    } else if (!mw_type_is_symbol(column->type)) {
        append_range(column, bin, is_exact ? DIGITS_ALL : digits_of(column, bin), out);
    } else {
        mw_values values = mw_dictionary_values(column->values);
        mw_buf_append_str(out, bin < values.count ? values.items[bin] : MW_STR("other"));
    }
}

void mw_profile_append_bin(const mw_profile *profile, size_t column, size_t bin, mw_buf *out) {
    append_bin(profile, column, bin, true, out);
}

void mw_profile_append_bin_rounded(const mw_profile *profile, size_t column, size_t bin,
                                   mw_buf *out) {
    append_bin(profile, column, bin, false, out);
}

static void append_str(mw_buf *out, mw_str s) {
    mw_buf_append_u32(out, (uint32_t)s.size);
    mw_buf_append_str(out, s);
}

static void append_f64(mw_buf *out, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    mw_buf_append_u64(out, bits);
}

void mw_profile_encode(const mw_profile *profile, mw_buf *out) {
    mw_buf_append_u32(out, MAGIC);
    mw_buf_append_u32(out, FORMAT);
    mw_buf_append_u32(out, (uint32_t)profile->column_count);
    for (size_t i = 0; i < profile->column_count; i++) {
        const mw_profile_column *column = &profile->columns[i];
        append_str(out, column->name);
        append_str(out, mw_str_of(mw_type_name(column->type)));
        mw_buf_append_u32(out, (uint32_t)column->edge_count);
        for (size_t e = 0; e < column->edge_count; e++) append_f64(out, column->edges[e]);
        mw_values values = column->values ? mw_dictionary_values(column->values) : (mw_values){0};
        mw_buf_append_u32(out, (uint32_t)values.count);
        for (size_t v = 0; v < values.count; v++) append_str(out, values.items[v]);
        for (size_t b = 0; b < column->bin_count; b++)
            mw_buf_append_u64(out, profile->counts[column->first_bin + b]);
    }
}

static mw_status broken(mw_error *err) {
    return mw_fail(err, MW_CORRUPT, "profile: its bytes break a rule of the format");
}

static mw_str read_str(mw_reader *reader) {
    return mw_read_bytes(reader, mw_read_u32(reader));
}

/* The edge of a time must be one that can be shown as a time. */
static bool is_edge(mw_type type, double value) {
    if (type == MW_TYPE_TIME)
        return value >= (double)(MW_TIME_MIN - 1) && value <= (double)MW_TIME_MAX;
    return isfinite(value);
}

static mw_status read_edges(mw_reader *reader, mw_profile *profile, mw_profile_column *made,
                            mw_error *err) {
    double edges[EDGES_MAX];
    uint32_t count = mw_read_u32(reader);
    if (count > EDGES_MAX) return broken(err);
    for (uint32_t i = 0; i < count; i++) {
        edges[i] = mw_read_double(reader);
        bool is_rising = i == 0 || edges[i - 1] < edges[i];
        if (!is_rising || !is_edge(made->type, edges[i])) return broken(err);
    }
    bool is_numeric = made->type != MW_TYPE_BOOL && !mw_type_is_symbol(made->type);
    if (is_numeric) return set_edges(profile, made, edges, count, err);
    return count == 0 ? MW_OK : broken(err);
}

static mw_status read_values(mw_reader *reader, mw_profile *profile, mw_profile_column *made,
                             mw_error *err) {
    uint32_t count = mw_read_u32(reader);
    bool is_symbol = mw_type_is_symbol(made->type);
    if (count > (is_symbol ? MW_PROFILE_VALUES_MAX : 0)) return broken(err);
    if (!is_symbol) return MW_OK;
    mw_str *items = mw_arena_alloc(profile->arena, count, sizeof *items);
    if (!items) return no_memory(made->name, err);
    for (uint32_t i = 0; i < count; i++) {
        items[i] = read_str(reader);
        if (reader->failed || (i > 0 && mw_str_compare(items[i - 1], items[i]) >= 0))
            return broken(err);
    }
    return set_values(profile, made, (mw_values){items, count}, err);
}

static mw_status read_column(mw_reader *reader, mw_profile *profile, mw_error *err) {
    mw_profile_column made = {.name = read_str(reader)};
    if (!mw_type_parse(read_str(reader), &made.type)) return broken(err);
    if (made.type == MW_TYPE_BOOL) made.bin_count = BOOL_BINS + 1;
    MW_TRY(read_edges(reader, profile, &made, err));
    MW_TRY(read_values(reader, profile, &made, err));
    column_take(profile, made);
    size_t first = profile->bin_count - made.bin_count;
    for (size_t b = 0; b < made.bin_count; b++)
        profile->counts[first + b] = mw_read_u64(reader);
    return reader->failed ? broken(err) : MW_OK;
}

mw_status mw_profile_decode(mw_arena *arena, mw_symbols *symbols, mw_str bytes,
                            const mw_profile **out_profile, mw_error *err) {
    mw_str copy = mw_str_copy(arena, bytes);
    if (!copy.data) return mw_fail(err, MW_NO_MEMORY, "profile: out of memory");
    mw_reader reader = {.rest = copy};
    uint32_t magic = mw_read_u32(&reader);
    uint32_t format = mw_read_u32(&reader);
    uint32_t column_count = mw_read_u32(&reader);
    if (reader.failed || magic != MAGIC || format < FORMAT) return broken(err);
    if (format > FORMAT)
        return mw_fail(err, MW_NEWER_FORMAT,
                       "profile: format version must be at most %d, which this program reads, "
                       "got %u",
                       FORMAT, format);
    if (column_count > MW_PROFILE_COLUMNS_MAX || column_count > copy.size) return broken(err);
    mw_profile *profile;
    MW_TRY(mw_profile_create(arena, symbols, column_count, &profile, err));
    for (uint32_t i = 0; i < column_count; i++) MW_TRY(read_column(&reader, profile, err));
    if (reader.rest.size > 0) return broken(err);
    *out_profile = profile;
    return MW_OK;
}
