#include "lang/vector.h"

#include "base/hash.h"
#include "base/letters.h"

static void fill_missing(const mw_vector *vector, mw_cell *out_cells) {
    for (size_t i = 0; i < vector->width; i++) out_cells[i] = mw_cell_missing(MW_TYPE_NUMBER);
}

/* --- n-grams ---------------------------------------------------------------------------------- */

/* The words that have been read, and where the last few of them begin. */
typedef struct {
    const mw_vector *vector;
    mw_cell *counts;
    mw_buf words; /* joined by single blanks, so that words in a row are one piece */
    size_t begins[MW_NGRAMS_WORDS_MAX]; /* of word n at n % MW_NGRAMS_WORDS_MAX */
    size_t word_count;
} ngrams;

static void count_run(ngrams *n, mw_str run) {
    int64_t hash = (int32_t)mw_murmur3(run.data, run.size);
    n->counts[(uint64_t)(hash < 0 ? -hash : hash) % n->vector->width].number++;
}

/* All runs that end with the word that has just ended. */
static void end_word(ngrams *n) {
    n->word_count++;
    for (size_t i = n->vector->words_min; i <= n->vector->words_max && i <= n->word_count; i++) {
        size_t begin = n->begins[(n->word_count - i) % MW_NGRAMS_WORDS_MAX];
        count_run(n, mw_str_slice(mw_buf_str(&n->words), begin, n->words.size));
    }
}

static void begin_word(ngrams *n) {
    if (n->word_count > 0) mw_buf_append_char(&n->words, ' ');
    n->begins[n->word_count % MW_NGRAMS_WORDS_MAX] = n->words.size;
}

static bool count_words(ngrams *n, mw_str text) {
    bool in_word = false;
    while (text.size > 0 && !n->words.failed) {
        mw_str before = text;
        bool is_word = mw_letter_is_word(mw_letter_take(&text));
        if (is_word && !in_word) begin_word(n);
        if (is_word) mw_buf_append(&n->words, before.data, before.size - text.size);
        else if (in_word) end_word(n);
        in_word = is_word;
    }
    if (in_word && !n->words.failed) end_word(n);
    return !n->words.failed;
}

static void fill_ngrams(const mw_vector *vector, const mw_frame *frame, mw_cell *out_cells) {
    mw_cell text = mw_code_run(vector->args[0], frame);
    if (text.symbol == 0) {
        fill_missing(vector, out_cells);
        return;
    }
    mw_str letters = mw_symbols_text(frame->symbols, text.symbol);
    ngrams n = {.vector = vector, .counts = out_cells};
    mw_buf_init(&n.words, letters.size + 1);
    for (size_t i = 0; i < vector->width; i++) out_cells[i] = mw_cell_number(0);
    if (!count_words(&n, letters)) fill_missing(vector, out_cells);
    mw_buf_release(&n.words);
}

/* --- pictures and networks -------------------------------------------------------------------- */

static void take_numbers(const float *numbers, size_t count, mw_cell *out_cells) {
    for (size_t i = 0; i < count; i++) out_cells[i] = mw_cell_number((double)numbers[i]);
}

/* Into `out_numbers`, `width` of them; false if one is missing. */
static bool fill_floats(const mw_vector *vector, const mw_frame *frame, float *out_numbers);

static bool see(const mw_vector *vector, const mw_frame *frame, float *out_numbers) {
    mw_cell text = mw_code_run(vector->args[0], frame);
    return text.symbol != 0 &&
           vector->senses->see(mw_symbols_text(frame->symbols, text.symbol), vector->image_width,
                               vector->image_height, out_numbers);
}

static bool embed(const mw_vector *vector, const mw_frame *frame, float *out_numbers) {
    float *input = mw_allocate(vector->input->width * sizeof *input);
    bool is_good = input && fill_floats(vector->input, frame, input) &&
                   vector->senses->run(vector->network, input, out_numbers);
    mw_free(input);
    return is_good;
}

static bool fill_from_cells(const mw_vector *vector, const mw_frame *frame, float *out_numbers) {
    mw_cell *cells = mw_allocate(vector->width * sizeof *cells);
    bool is_good = cells != NULL;
    if (is_good) mw_vector_fill(vector, frame, cells);
    for (size_t i = 0; is_good && i < vector->width; i++) {
        is_good = !mw_cell_is_missing(MW_TYPE_NUMBER, cells[i]);
        out_numbers[i] = (float)cells[i].number;
    }
    mw_free(cells);
    return is_good;
}

static bool fill_floats(const mw_vector *vector, const mw_frame *frame, float *out_numbers) {
    if (vector->kind == MW_VECTOR_PIXELS) return see(vector, frame, out_numbers);
    if (vector->kind == MW_VECTOR_EMBEDDED) return embed(vector, frame, out_numbers);
    return fill_from_cells(vector, frame, out_numbers);
}

static void fill_from_floats(const mw_vector *vector, const mw_frame *frame, mw_cell *out_cells) {
    float *numbers = mw_allocate(vector->width * sizeof *numbers);
    if (numbers && fill_floats(vector, frame, numbers))
        take_numbers(numbers, vector->width, out_cells);
    else
        fill_missing(vector, out_cells);
    mw_free(numbers);
}

/* --- all kinds -------------------------------------------------------------------------------- */

void mw_vector_fill(const mw_vector *vector, const mw_frame *frame, mw_cell *out_cells) {
    switch (vector->kind) {
    case MW_VECTOR_NUMBERS:
        for (size_t i = 0; i < vector->width; i++)
            out_cells[i] = mw_code_run(vector->args[i], frame);
        break;
    case MW_VECTOR_NGRAMS: fill_ngrams(vector, frame, out_cells); break;
    case MW_VECTOR_PIXELS:
    case MW_VECTOR_EMBEDDED: fill_from_floats(vector, frame, out_cells); break;
    }
}

mw_cell mw_vector_number(const mw_vector *vector, size_t index, const mw_frame *frame) {
    MW_ASSERT(index < vector->width);
    mw_cell *cells = mw_allocate(vector->width * sizeof *cells);
    if (!cells) return mw_cell_missing(MW_TYPE_NUMBER);
    mw_vector_fill(vector, frame, cells);
    mw_cell cell = cells[index];
    mw_free(cells);
    return cell;
}
