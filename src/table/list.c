#include "table/list.h"

#include <math.h>
#include <string.h>

enum { SHOWN_MAX = 80 }; /* bytes of a list that an error quotes */

/* --- writing ------------------------------------------------------------------------------- */

void mw_list_begin(mw_list_writer *writer, mw_type type) {
    *writer = (mw_list_writer){.type = type};
    mw_buf_init(&writer->text, MW_LIST_SIZE_MAX);
    writer->json = mw_json_begin(&writer->text);
    mw_json_array(&writer->json);
}

void mw_list_add_text(mw_list_writer *writer, mw_str element) {
    MW_ASSERT(writer->type == MW_TYPE_LIST);
    writer->count++;
    mw_json_str(&writer->json, element);
}

void mw_list_add_number(mw_list_writer *writer, double element) {
    MW_ASSERT(writer->type == MW_TYPE_NUMBER_LIST && isfinite(element));
    writer->count++;
    mw_json_number(&writer->json, element == 0 ? 0.0 : element);
}

static mw_status finish(const mw_list_writer *writer, mw_symbols *symbols, mw_cell *out_cell,
                        mw_error *err) {
    if (writer->count > MW_LIST_ELEMENTS_MAX)
        return mw_fail(err, MW_INVALID, "list: must have at most %d elements, got %zu",
                       MW_LIST_ELEMENTS_MAX, writer->count);
    if (writer->text.failed && !writer->text.out_of_memory)
        return mw_fail(err, MW_INVALID, "list: must take at most %d bytes", MW_LIST_SIZE_MAX);
    MW_TRY(mw_buf_check(&writer->text, "list", err));
    uint32_t code = mw_symbols_intern(symbols, mw_buf_str(&writer->text));
    if (code == 0) return mw_fail(err, MW_NO_MEMORY, "list: no memory for another text");
    *out_cell = (mw_cell){.symbol = code};
    return MW_OK;
}

mw_status mw_list_end(mw_list_writer *writer, mw_symbols *symbols, mw_cell *out_cell,
                      mw_error *err) {
    mw_json_array_end(&writer->json);
    mw_status status = finish(writer, symbols, out_cell, err);
    mw_buf_release(&writer->text);
    return status;
}

/* --- JSON ---------------------------------------------------------------------------------- */

static void skip_blanks(mw_str *rest) {
    while (rest->size > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t' ||
                              rest->data[0] == '\n' || rest->data[0] == '\r'))
        *rest = mw_str_slice(*rest, 1, rest->size);
}

static bool accept(mw_str *rest, char c) {
    if (rest->size == 0 || rest->data[0] != c) return false;
    *rest = mw_str_slice(*rest, 1, rest->size);
    return true;
}

static bool read_hex(mw_str *rest, uint32_t *out_unit) {
    uint32_t unit = 0;
    if (rest->size < 4) return false;
    for (size_t i = 0; i < 4; i++) {
        char c = rest->data[i];
        char letter = (char)(c | 0x20);
        if (c >= '0' && c <= '9') unit = unit * 16 + (uint32_t)(c - '0');
        else if (letter >= 'a' && letter <= 'f') unit = unit * 16 + (uint32_t)(letter - 'a' + 10);
        else return false;
    }
    *rest = mw_str_slice(*rest, 4, rest->size);
    *out_unit = unit;
    return true;
}

static void append_utf8(mw_buf *out, uint32_t code) {
    if (code < 0x80) {
        mw_buf_append_char(out, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    mw_buf_append_char(out, (char)(leads[more] | (code >> (6 * more))));
    while (more-- > 0) mw_buf_append_char(out, (char)(0x80 | ((code >> (6 * more)) & 0x3f)));
}

/* After \u; what lies past U+FFFF is written as two units. */
static bool read_unicode(mw_str *rest, mw_buf *out) {
    uint32_t code, low;
    if (!read_hex(rest, &code)) return false;
    if (code >= 0xdc00 && code < 0xe000) return false;
    if (code >= 0xd800 && code < 0xdc00) {
        if (!accept(rest, '\\') || !accept(rest, 'u') || !read_hex(rest, &low)) return false;
        if (low < 0xdc00 || low >= 0xe000) return false;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    append_utf8(out, code);
    return true;
}

static bool read_escape(mw_str *rest, mw_buf *out) {
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    for (size_t i = 0; i + 1 < sizeof letters; i++) {
        if (!accept(rest, letters[i])) continue;
        mw_buf_append_char(out, meanings[i]);
        return true;
    }
    return accept(rest, 'u') && read_unicode(rest, out);
}

/* After the opening quote. */
static bool read_quoted(mw_str *rest, mw_buf *out) {
    mw_buf_clear(out);
    for (;;) {
        size_t plain = 0;
        while (plain < rest->size && rest->data[plain] != '"' && rest->data[plain] != '\\' &&
               (unsigned char)rest->data[plain] >= ' ')
            plain++;
        mw_buf_append_str(out, mw_str_slice(*rest, 0, plain));
        *rest = mw_str_slice(*rest, plain, rest->size);
        if (accept(rest, '"')) return true;
        if (!accept(rest, '\\') || !read_escape(rest, out)) return false;
    }
}

/* What stands there bare, up to a comma, a bracket or a blank. */
static mw_str read_bare(mw_str *rest) {
    size_t size = 0;
    for (; size < rest->size; size++) {
        char c = rest->data[size];
        if (c == ',' || c == ']' || c == ' ' || c == '\t' || c == '\n' || c == '\r') break;
    }
    mw_str bare = mw_str_slice(*rest, 0, size);
    *rest = mw_str_slice(*rest, size, rest->size);
    return bare;
}

/* --- parsing ------------------------------------------------------------------------------- */

static mw_status refuse(mw_type type, mw_str text, mw_error *err) {
    bool is_texts = type == MW_TYPE_LIST;
    mw_str shown = mw_str_slice(text, 0, SHOWN_MAX);
    while (shown.size > 0 && shown.size < text.size &&
           ((unsigned char)text.data[shown.size] & 0xc0) == 0x80)
        shown.size--;
    return mw_fail(err, MW_INVALID, "%s: must be an array of %s such as %s, got \"%.*s\"",
                   mw_type_name(type), is_texts ? "texts" : "numbers",
                   is_texts ? "[\"a\", \"b\"]" : "[1, 2.5]", MW_STR_ARGS(shown));
}

static bool is_whole(mw_str text) {
    for (size_t i = 0; i < text.size; i++)
        if ((text.data[i] < '0' || text.data[i] > '9') && !(i == 0 && text.data[i] == '-'))
            return false;
    return text.size > 0 && text.data[text.size - 1] != '-';
}

/* One array on its way in. */
typedef struct {
    mw_list_writer writer;
    mw_str whole, rest; /* of the text */
    mw_buf scratch;
    bool is_ours; /* its numbers have been checked when they came in */
} parsing;

static mw_status refuse_all(const parsing *p, mw_error *err) {
    return refuse(p->writer.type, p->whole, err);
}

/* A whole number among texts is a name that was written without quotes. */
static mw_status parse_bare(parsing *p, mw_str bare, mw_error *err) {
    if (p->writer.type == MW_TYPE_LIST) {
        if (!is_whole(bare)) return refuse_all(p, err);
        mw_list_add_text(&p->writer, bare);
        return MW_OK;
    }
    mw_cell cell;
    double number;
    if (!mw_str_to_double(bare, &number)) return refuse_all(p, err);
    if (!p->is_ours) MW_TRY(mw_cell_parse(MW_TYPE_NUMBER, bare, NULL, NULL, &cell, err));
    mw_list_add_number(&p->writer, number);
    return MW_OK;
}

static mw_status parse_element(parsing *p, mw_error *err) {
    skip_blanks(&p->rest);
    if (!accept(&p->rest, '"')) return parse_bare(p, read_bare(&p->rest), err);
    if (p->writer.type != MW_TYPE_LIST || !read_quoted(&p->rest, &p->scratch))
        return refuse_all(p, err);
    MW_TRY(mw_buf_check(&p->scratch, "list", err));
    mw_list_add_text(&p->writer, mw_buf_str(&p->scratch));
    return MW_OK;
}

static mw_status parse_elements(parsing *p, mw_error *err) {
    skip_blanks(&p->rest);
    if (!accept(&p->rest, '[')) return refuse_all(p, err);
    skip_blanks(&p->rest);
    bool is_over = accept(&p->rest, ']');
    while (!is_over) {
        MW_TRY(parse_element(p, err));
        skip_blanks(&p->rest);
        is_over = accept(&p->rest, ']');
        if (!is_over && !accept(&p->rest, ',')) return refuse_all(p, err);
    }
    skip_blanks(&p->rest);
    return p->rest.size == 0 ? MW_OK : refuse_all(p, err);
}

static mw_status parse(parsing *p, mw_type type, mw_symbols *symbols, mw_cell *out_cell,
                       mw_error *err) {
    mw_cell cell;
    mw_list_begin(&p->writer, type);
    mw_buf_init(&p->scratch, MW_LIST_SIZE_MAX);
    mw_status status = parse_elements(p, err);
    mw_buf_release(&p->scratch);
    if (status != MW_OK) {
        mw_buf_release(&p->writer.text);
        return status;
    }
    MW_TRY(mw_list_end(&p->writer, symbols, &cell, err));
    *out_cell = cell;
    return MW_OK;
}

mw_status mw_list_parse(mw_type type, mw_str text, mw_symbols *symbols, mw_cell *out_cell,
                        mw_error *err) {
    parsing p = {.whole = text, .rest = text};
    return parse(&p, type, symbols, out_cell, err);
}

bool mw_list_read_own(mw_type type, mw_str text, mw_symbols *symbols, mw_cell *out_cell) {
    parsing p = {.whole = text, .rest = text, .is_ours = true};
    mw_cell cell;
    if (parse(&p, type, symbols, &cell, NULL) != MW_OK) return false;
    if (!mw_str_equal(mw_symbols_text(symbols, cell.symbol), text)) return false;
    *out_cell = cell;
    return true;
}

/* --- reading ------------------------------------------------------------------------------- */

void mw_list_open(mw_list_reader *reader, mw_cell list, const mw_symbols *symbols) {
    mw_str text = mw_symbols_text(symbols, list.symbol);
    MW_ASSERT(text.size >= 2 && text.data[0] == '[');
    reader->rest = mw_str_slice(text, 1, text.size);
    mw_buf_init(&reader->element, MW_LIST_SIZE_MAX);
}

void mw_list_close(mw_list_reader *reader) {
    mw_buf_release(&reader->element);
}

bool mw_list_next_text(mw_list_reader *reader, mw_str *out_element) {
    if (accept(&reader->rest, ']')) return false;
    (void)accept(&reader->rest, ',');
    bool is_read = accept(&reader->rest, '"') && read_quoted(&reader->rest, &reader->element);
    MW_ASSERT(is_read);
    if (reader->element.failed) return false;
    *out_element = mw_buf_str(&reader->element);
    return true;
}

bool mw_list_next_number(mw_list_reader *reader, double *out_element) {
    if (accept(&reader->rest, ']')) return false;
    (void)accept(&reader->rest, ',');
    bool is_read = mw_str_to_double(read_bare(&reader->rest), out_element);
    MW_ASSERT(is_read);
    return true;
}

bool mw_list_contains(mw_type type, mw_cell list, mw_cell element, const mw_symbols *symbols) {
    mw_list_reader reader;
    bool found = false;
    mw_list_open(&reader, list, symbols);
    if (type == MW_TYPE_LIST) {
        mw_str wanted = mw_symbols_text(symbols, element.symbol), text;
        while (!found && mw_list_next_text(&reader, &text)) found = mw_str_equal(text, wanted);
    } else {
        double number;
        while (!found && mw_list_next_number(&reader, &number)) found = number == element.number;
    }
    mw_list_close(&reader);
    return found;
}

/* Outside of quotes each comma is between two elements. */
size_t mw_list_length(mw_cell list, const mw_symbols *symbols) {
    mw_str text = mw_symbols_text(symbols, list.symbol);
    bool is_quoted = false;
    size_t commas = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (is_quoted && text.data[i] == '\\') i++;
        else if (text.data[i] == '"') is_quoted = !is_quoted;
        else if (!is_quoted && text.data[i] == ',') commas++;
    }
    return text.size == 2 ? 0 : commas + 1;
}

size_t mw_list_length_again(mw_list_lengths *lengths, mw_cell list, const mw_symbols *symbols) {
    size_t at = 0;
    uint64_t age = mw_symbols_age(symbols);
    if (lengths->age != age) *lengths = (mw_list_lengths){.age = age, .counted = lengths->counted};
    while (at < MW_LIST_LENGTHS_KEPT && lengths->kept[at].list != list.symbol) at++;
    bool is_known = at < MW_LIST_LENGTHS_KEPT;
    uint32_t length = is_known ? lengths->kept[at].length : (uint32_t)mw_list_length(list, symbols);
    lengths->counted += !is_known;
    if (!is_known) at = MW_LIST_LENGTHS_KEPT - 1; /* whose place is lost */
    memmove(lengths->kept + 1, lengths->kept, at * sizeof *lengths->kept);
    lengths->kept[0].list = (uint32_t)list.symbol;
    lengths->kept[0].length = length;
    return length;
}
