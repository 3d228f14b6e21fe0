#include "project/shape.h"

#include "lang/syntax_check.h"
#include "project/rule.h"
#include "project/scalar.h"
#include "table/table.h"
#include "project/utf8.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MAX_SIZE = 400, MESSAGE_MAX_SIZE = 500, GOT_MAX_SIZE = 60 };

/* Where the walk stands: the key that led here, and where it is written. */
typedef struct place {
    const struct place *parent;
    mw_str name;
    mw_position position;
} place;

typedef struct {
    mw_arena *arena;
    mw_diagnostics *diagnostics;
    mw_note *notes, **notes_end;
    size_t note_count;
    bool is_later; /* below what is not in force: nobody compiles the expressions there */
    bool out_of_memory;
} checker;

/* Appends what fits; a path that is cut is still a path. */
static size_t append(char *out, size_t used, const char *separator, mw_str text) {
    if (used >= PATH_MAX_SIZE) return used;
    int size = snprintf(out + used, PATH_MAX_SIZE - used, "%s%.*s", separator, MW_STR_ARGS(text));
    return size < 0 ? used : used + (size_t)size;
}

/* "streams.schedule.late"; the root has no name. */
static size_t path_write(const place *at, char *out, size_t used) {
    if (!at->parent) return used;
    used = path_write(at->parent, out, used);
    return append(out, used, used > 0 ? "." : "", mw_utf8_cut(at->name, GOT_MAX_SIZE));
}

/* The same place, the complaint to stand at `position`. */
static place moved(const place *at, mw_position position) {
    return (place){at->parent, at->name, position};
}

MW_PRINTF(4, 5)
static void complain(checker *c, const place *at, mw_status status, const char *format, ...) {
    char path[PATH_MAX_SIZE] = "", message[MESSAGE_MAX_SIZE];
    path_write(at, path, 0);
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    mw_diagnose(c->diagnostics, at->position, status, "%s%s%s", path, *path ? ": " : "", message);
}

static void note_add(checker *c, const place *at, const char *what) {
    if (c->note_count++ >= MW_NOTES_MAX) return;
    char text[PATH_MAX_SIZE] = "";
    size_t used = path_write(at, text, 0);
    append(text, used, ": ", mw_str_of(what));
    mw_note *note = mw_arena_alloc(c->arena, 1, sizeof *note);
    mw_str copy = mw_str_copy(c->arena, mw_str_of(text));
    if (!note || !copy.data) {
        c->out_of_memory = true;
        return;
    }
    *note = (mw_note){.position = at->position, .text = copy};
    *c->notes_end = note;
    c->notes_end = &note->next;
}

/* --- texts ---------------------------------------------------------------------------------- */

static bool fits_text(mw_str text) {
    return text.size > 0;
}

static bool fits_span(mw_str text) {
    int64_t us;
    return mw_scalar_span(text, &us);
}

static bool fits_share(mw_str text) {
    double share;
    return mw_scalar_share(text, &share);
}

static bool fits_size(mw_str text) {
    uint64_t bytes;
    return mw_scalar_size(text, &bytes);
}

static bool fits_number(mw_str text) {
    double number;
    return mw_str_to_double(text, &number);
}

static bool fits_amount(mw_str text) {
    double number;
    return mw_str_to_double(text, &number) && number >= 0;
}

/* What each kind is called, to be put after "must be". Choices and conditions say it themselves. */
static const struct {
    const char *called;
    bool (*fits)(mw_str text);
} kinds[] = {
    [MW_SHAPE_TEXT] = {"a text", fits_text},
    [MW_SHAPE_NAME] = {"a name of letters, digits and _", mw_scalar_is_name},
    [MW_SHAPE_ZONE] = {"a time zone such as America/New_York or UTC", mw_scalar_is_zone},
    [MW_SHAPE_EXPRESSION] = {"an expression", fits_text},
    [MW_SHAPE_SPAN] = {"a span such as 30m, 1h or 2d", fits_span},
    [MW_SHAPE_SHARE] = {"a share such as 5%", fits_share},
    [MW_SHAPE_SIZE] = {"a size such as 500 MB or 2 GB", fits_size},
    [MW_SHAPE_NUMBER] = {"a number", fits_number},
    [MW_SHAPE_AMOUNT] = {"a number of at least 0", fits_amount},
    [MW_SHAPE_CHOICE] = {"a word", fits_text},
    [MW_SHAPE_CONDITION] = {"a condition", fits_text},
    [MW_SHAPE_ACTIONS] = {"a rule of actions (later)", mw_scalar_is_action_rule},
    [MW_SHAPE_RATE] = {"a rate such as 200 per 1d", mw_scalar_is_rate},
    [MW_SHAPE_PER_POSITIVE] = {"a ratio such as 4 per positive", mw_scalar_is_per_positive},
    [MW_SHAPE_KEY_OVER] = {"a key and a span such as machine over 24h", mw_scalar_is_key_over},
    [MW_SHAPE_DECISION] = {"a decision such as `review when late > 0.5 at most 300 per 1d`, "
                           "`approve` or `top 20`", mw_scalar_is_decision},
    [MW_SHAPE_OUTPUT] = {"mean or a percentile such as p90", mw_scalar_is_output},
    [MW_SHAPE_EXTERNAL] = {"external(STREAM.FIELD)", mw_scalar_is_external},
    [MW_SHAPE_NAMES] = {"names, as a list or separated by commas", NULL},
    [MW_SHAPE_LIST] = {"a list", NULL},
    [MW_SHAPE_MAP] = {"a mapping of names to values", NULL},
    [MW_SHAPE_RECORD] = {"a mapping of keys to values", NULL},
    [MW_SHAPE_EITHER] = {"", NULL},
    [MW_SHAPE_ANY] = {"anything", NULL},
};

/* The value, cut to one short line, or what it is if it is no text. */
static void got_wrong(checker *c, const place *at, const mw_yaml *node, const char *expected) {
    place here = moved(at, node->position);
    if (node->kind != MW_YAML_TEXT || mw_yaml_is_empty(node)) {
        const char *got = node->kind == MW_YAML_LIST      ? "a list"
                          : node->kind == MW_YAML_MAPPING ? "a mapping"
                                                          : "nothing";
        complain(c, &here, MW_INVALID, "must be %s, got %s", expected, got);
        return;
    }
    mw_str rest = node->text, line = MW_STR("");
    (void)mw_str_split(&rest, '\n', &line);
    complain(c, &here, MW_INVALID, "must be %s, got \"%.*s\"", expected,
             MW_STR_ARGS(mw_utf8_cut(line, GOT_MAX_SIZE)));
}

/* Of a word that is known, and not in force. */
static void word_later(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    place here = moved(at, node->position);
    char text[PATH_MAX_SIZE];
    snprintf(text, sizeof text, "%.*s is not in force yet", MW_STR_ARGS(node->text));
    if (shape->state == MW_KEY_LATER) note_add(c, at, text);
    else complain(c, &here, MW_NOT_BUILT, "%.*s is not built yet", MW_STR_ARGS(node->text));
}

static void choice_check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    char expected[PATH_MAX_SIZE] = "", rule[MESSAGE_MAX_SIZE];
    size_t count = 0, used = 0;
    mw_nearest nearest = mw_nearest_to(node->text);
    for (; shape->words[count]; count++) {
        if (mw_str_is(node->text, shape->words[count])) {
            if (count >= shape->words_in_force) word_later(c, shape, node, at);
            return;
        }
        mw_nearest_offer_text(&nearest, shape->words[count]);
        if (count < shape->words_in_force)
            used = append(expected, used, used > 0 ? ", " : "", mw_str_of(shape->words[count]));
    }
    snprintf(rule, sizeof rule, shape->words_in_force > 1 ? "one of %s" : "%s", expected);
    got_wrong(c, at, node, rule);
    if (count > 1) mw_diagnose_nearest(c->diagnostics, &nearest);
}

static void condition_check(checker *c, const mw_yaml *node, const place *at) {
    mw_rule rule;
    mw_error err;
    if (mw_rule_parse(mw_utf8_cut(node->text, MW_ERROR_MESSAGE_MAX / 4), &rule, &err) == MW_OK)
        return;
    place here = moved(at, node->position);
    complain(c, &here, MW_INVALID, "%s", err.message);
    if (err.hint[0]) mw_diagnose_hint(c->diagnostics, "%s", err.hint);
}

/* A source up to where `part` of it ends, and blank before: what the parser counts stays right. */
static mw_str alone(checker *c, mw_str source, mw_str part) {
    size_t from = (size_t)(part.data - source.data);
    mw_str copy = mw_str_copy(c->arena, mw_str_slice(source, 0, from + part.size));
    char *bytes = (char *)copy.data;
    for (size_t i = 0; bytes && i < from; i++)
        if (bytes[i] != '\n') bytes[i] = ' ';
    return copy;
}

/* Its form holds. What its names mean is told when it comes into force. */
static void later_check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    char path[PATH_MAX_SIZE] = "";
    mw_source source = {node->source, node->position};
    if (shape->kind == MW_SHAPE_DECISION) {
        mw_str condition = mw_scalar_decision_condition(node->source);
        if (condition.size == 0) return;
        source.text = alone(c, node->source, condition);
    } else if (shape->kind != MW_SHAPE_EXPRESSION) {
        return;
    }
    path_write(at, path, 0);
    mw_str subject = mw_str_copy(c->arena, mw_str_of(path));
    if (!subject.data || !source.text.data ||
        !mw_syntax_check(source, subject, c->arena, c->diagnostics))
        c->out_of_memory = true;
}

/* True after complaining. */
static bool hangs_on_variable(checker *c, const mw_yaml *node, const place *at) {
    if (!node->has_variable) return false;
    place here = moved(at, node->position);
    complain(c, &here, MW_INVALID, "must stand in the file as it is, got a variable");
    mw_diagnose_hint(c->diagnostics, "${ } may stand in paths, addresses and other plain texts: a "
                                     "version keeps this file, not the environment.");
    return true;
}

static void text_check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    if (shape->kind != MW_SHAPE_TEXT && hangs_on_variable(c, node, at)) return;
    if (node->kind != MW_YAML_TEXT || !kinds[shape->kind].fits(node->text))
        got_wrong(c, at, node, kinds[shape->kind].called);
    else if (shape->kind == MW_SHAPE_CHOICE) choice_check(c, shape, node, at);
    else if (shape->kind == MW_SHAPE_CONDITION) condition_check(c, node, at);
    else if (c->is_later) later_check(c, shape, node, at);
}

static void names_check(checker *c, const mw_yaml *node, const place *at) {
    static const mw_shape name = {.kind = MW_SHAPE_NAME};
    if (node->kind == MW_YAML_LIST && node->item_count > 0) {
        for (const mw_yaml_item *item = node->items; item; item = item->next)
            text_check(c, &name, item->value, at);
        return;
    }
    if (hangs_on_variable(c, node, at)) return;
    bool good = node->kind == MW_YAML_TEXT;
    mw_str rest = node->text, piece;
    while (good && mw_str_split(&rest, ',', &piece)) good = mw_scalar_is_name(mw_str_trim(piece));
    if (!good) got_wrong(c, at, node, kinds[MW_SHAPE_NAMES].called);
}

/* --- mappings ------------------------------------------------------------------------------- */

static void check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at);

static void map_check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        place below = {at, item->key->text, item->key->position};
        place here = moved(at, item->key->position);
        if (hangs_on_variable(c, item->key, &here)) continue;
        if (!mw_scalar_is_name(item->key->text))
            complain(c, &here, MW_INVALID,
                     "must have names of at most %d letters, digits and _ as keys, got \"%.*s\"",
                     MW_NAME_SIZE_MAX, MW_STR_ARGS(mw_utf8_cut(item->key->text, GOT_MAX_SIZE)));
        else check(c, shape->item, item->value, &below);
    }
}

static const mw_shape_key *key_find(const mw_shape *shape, mw_str name) {
    for (size_t i = 0; i < shape->key_count; i++)
        if (mw_str_is(name, shape->keys[i].name)) return &shape->keys[i];
    return NULL;
}

static void unknown_key(checker *c, const mw_shape *shape, const mw_yaml *key, const place *at) {
    char all[PATH_MAX_SIZE] = "";
    size_t used = 0;
    mw_nearest nearest = mw_nearest_to(key->text);
    for (size_t i = 0; i < shape->key_count; i++) {
        mw_nearest_offer_text(&nearest, shape->keys[i].name);
        used = append(all, used, used > 0 ? ", " : "", mw_str_of(shape->keys[i].name));
    }
    place here = moved(at, key->position);
    complain(c, &here, MW_INVALID, "there is no key %.*s here",
             MW_STR_ARGS(mw_utf8_cut(key->text, GOT_MAX_SIZE)));
    if (!mw_diagnose_nearest(c->diagnostics, &nearest))
        mw_diagnose_hint(c->diagnostics, "The keys are %s.", all);
}

static void key_check(checker *c, const mw_shape_key *key, const mw_yaml *value, const place *at) {
    /* A version was made when its form did not count, and it counts for nothing in it. */
    if (key->state == MW_KEY_LATER && c->diagnostics->of_version) return;
    if (key->state == MW_KEY_LATER) note_add(c, at, "not in force yet");
    if (key->state == MW_KEY_NOT_BUILT) complain(c, at, MW_NOT_BUILT, "this key is not built yet");
    bool was_later = c->is_later;
    c->is_later |= key->state == MW_KEY_LATER;
    check(c, key->shape, value, at);
    c->is_later = was_later;
}

static void record_check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    for (const mw_yaml_item *item = node->items; item; item = item->next) {
        place below = {at, item->key->text, item->key->position};
        place here = moved(at, item->key->position);
        if (hangs_on_variable(c, item->key, &here)) continue;
        const mw_shape_key *key = key_find(shape, item->key->text);
        if (key) key_check(c, key, item->value, &below);
        else if (shape->item) check(c, shape->item, item->value, &below);
        else unknown_key(c, shape, item->key, at);
    }
    for (size_t i = 0; i < shape->key_count; i++) {
        const mw_shape_key *key = &shape->keys[i];
        if (key->state != MW_KEY_REQUIRED || mw_yaml_get(node, key->name)) continue;
        complain(c, at, MW_INVALID, "the key %s is missing", key->name);
        mw_diagnose_hint(c->diagnostics, "It says %s.", key->meaning);
    }
}

/* --- the walk ------------------------------------------------------------------------------- */

/* Whether the node looks like the shape at a glance: enough to choose between two. */
static bool resembles(const mw_shape *shape, const mw_yaml *node) {
    switch (shape->kind) {
    case MW_SHAPE_LIST: return node->kind == MW_YAML_LIST;
    case MW_SHAPE_RECORD: return node->kind == MW_YAML_MAPPING;
    case MW_SHAPE_MAP:
        return node->kind == MW_YAML_MAPPING &&
               (!node->items || resembles(shape->item, node->items->value));
    case MW_SHAPE_CHOICE:
        for (size_t i = 0; shape->words[i]; i++)
            if (node->kind == MW_YAML_TEXT && mw_str_is(node->text, shape->words[i])) return true;
        return false;
    default: return node->kind == MW_YAML_TEXT && kinds[shape->kind].fits(node->text);
    }
}

static void container_wrong(checker *c, const mw_shape *shape, const mw_yaml *node,
                            const place *at) {
    got_wrong(c, at, node, kinds[shape->kind].called);
    bool is_item = shape->kind == MW_SHAPE_LIST && node->kind == MW_YAML_TEXT &&
                   !mw_yaml_is_empty(node) && !memchr(node->text.data, ',', node->text.size);
    if (!is_item) return;
    mw_diagnose_hint(c->diagnostics, "Write [%.*s].",
                     MW_STR_ARGS(mw_utf8_cut(node->text, GOT_MAX_SIZE)));
}

static void check_kind(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    mw_yaml_kind wanted = shape->kind == MW_SHAPE_LIST ? MW_YAML_LIST : MW_YAML_MAPPING;
    if (shape->kind == MW_SHAPE_ANY) return;
    if (shape->kind == MW_SHAPE_NAMES) names_check(c, node, at);
    else if (shape->kind < MW_SHAPE_TEXTS_END) text_check(c, shape, node, at);
    else if (node->kind != wanted) container_wrong(c, shape, node, at);
    else if (shape->kind == MW_SHAPE_LIST)
        for (const mw_yaml_item *item = node->items; item; item = item->next)
            check(c, shape->item, item->value, at);
    else if (shape->kind == MW_SHAPE_MAP) map_check(c, shape, node, at);
    else record_check(c, shape, node, at);
}

static void check(checker *c, const mw_shape *shape, const mw_yaml *node, const place *at) {
    while (shape->kind == MW_SHAPE_EITHER)
        shape = resembles(shape->item, node) ? shape->item : shape->other;
    bool is_later = shape->state == MW_KEY_LATER && shape->kind != MW_SHAPE_CHOICE;
    bool was_later = c->is_later;
    if (is_later) note_add(c, at, "not in force yet");
    c->is_later |= is_later && !c->diagnostics->of_version;
    check_kind(c, shape, node, at);
    c->is_later = was_later;
}

mw_status mw_shape_check(const mw_shape *shape, const mw_yaml *root, mw_arena *arena,
                         mw_diagnostics *diagnostics, mw_note **out_notes) {
    checker c = {.arena = arena, .diagnostics = diagnostics};
    c.notes_end = &c.notes;
    place top = {.position = root->position};
    check(&c, shape, root, &top);
    if (c.out_of_memory) return MW_NO_MEMORY;
    *out_notes = c.notes;
    return MW_OK;
}

/* --- the reference -------------------------------------------------------------------------- */

static void type_write(const mw_shape *shape, mw_buf *out) {
    switch (shape->kind) {
    case MW_SHAPE_EITHER:
        type_write(shape->item, out);
        mw_buf_append_text(out, ", or ");
        type_write(shape->other, out);
        break;
    case MW_SHAPE_LIST:
        mw_buf_append_text(out, "a list, each ");
        type_write(shape->item, out);
        break;
    case MW_SHAPE_CHOICE:
        for (size_t i = 0; shape->words[i]; i++)
            mw_buf_printf(out, "%s`%s`%s", i > 0 ? ", " : "", shape->words[i],
                          i < shape->words_in_force ? "" : " (later)");
        break;
    default: mw_buf_append_text(out, kinds[shape->kind].called);
    }
}

static void rows_write(const mw_shape *shape, const char *path, mw_buf *out);

static void row_write(const mw_shape_key *key, const char *path, mw_buf *out) {
    static const char *const states[] = {"", "required", "required", "not in force yet",
                                         "not built yet"};
    mw_buf_printf(out, "| `%s` | ", path);
    type_write(key->shape, out);
    mw_buf_printf(out, " | %s | %s |\n", key->meaning, states[key->state]);
    rows_write(key->shape, path, out);
}

static void rows_write(const mw_shape *shape, const char *path, mw_buf *out) {
    char below[PATH_MAX_SIZE];
    if (shape->kind == MW_SHAPE_EITHER) {
        rows_write(shape->item, path, out);
        rows_write(shape->other, path, out);
    }
    if (shape->item && (shape->kind == MW_SHAPE_MAP || shape->kind == MW_SHAPE_RECORD)) {
        snprintf(below, sizeof below, "%s.NAME", path);
        rows_write(shape->item, below, out);
    }
    for (size_t i = 0; i < shape->key_count; i++) {
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", shape->keys[i].name);
        row_write(&shape->keys[i], below, out);
    }
}

void mw_shape_reference(const mw_shape *shape, mw_buf *out) {
    mw_buf_append_text(out, "| key | value | what it says | |\n| --- | --- | --- | --- |\n");
    rows_write(shape, "", out);
}
