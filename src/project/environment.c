#include "project/environment.h"

#include "project/utf8.h"

#include <string.h>

typedef struct {
    mw_environment environment;
    mw_diagnostics *diagnostics;
    mw_position position;
    mw_buf out;
} filler;

static void complain(filler *f, const char *rule, mw_str got) {
    mw_diagnose(f->diagnostics, f->position, MW_INVALID, "%s, got %.*s", rule,
                MW_STR_ARGS(mw_utf8_cut(got, 60)));
}

/* `rest` begins with "${". Returns how much of it was read; what cannot be filled in stays. */
static size_t variable_fill(filler *f, mw_str rest) {
    const char *end = memchr(rest.data, '}', rest.size);
    size_t size = end ? (size_t)(end - rest.data) + 1 : rest.size;
    mw_str name = mw_str_slice(rest, 2, size - 1), value = mw_str_slice(rest, 0, size);
    if (!end) complain(f, "a variable must be written ${NAME}", value);
    else if (!f->environment.find || !f->environment.find(f->environment.context, name, &value))
        complain(f, "a variable must be set in the environment", value);
    mw_buf_append_str(&f->out, value);
    return size;
}

static void text_fill(filler *f, mw_str text) {
    for (size_t i = 0; i < text.size;) {
        bool opens = text.data[i] == '$' && i + 1 < text.size && text.data[i + 1] == '{';
        if (opens) i += variable_fill(f, mw_str_slice(text, i, text.size));
        else mw_buf_append_char(&f->out, text.data[i++]);
    }
}

static bool has_variable(mw_str text) {
    return memmem(text.data, text.size, "${", 2) != NULL;
}

static mw_status node_fill(mw_yaml *node, filler *f, mw_arena *arena) {
    mw_buf_clear(&f->out);
    f->position = node->position;
    node->has_variable = true;
    text_fill(f, node->text);
    if (f->out.out_of_memory) return MW_NO_MEMORY;
    if (f->out.failed) {
        mw_diagnose(f->diagnostics, node->position, MW_INVALID,
                    "a value with its variables must hold at most %d bytes",
                    MW_ENVIRONMENT_TEXT_MAX);
        return MW_OK;
    }
    mw_str filled = mw_str_copy(arena, mw_buf_str(&f->out));
    if (!filled.data) return MW_NO_MEMORY;
    node->text = node->source = filled;
    return MW_OK;
}

static bool find_blank(void *context, mw_str name, mw_str *out_value) {
    (void)context, (void)name;
    *out_value = MW_STR("");
    return true;
}

mw_environment mw_environment_blank(void) { return (mw_environment){find_blank, NULL}; }

mw_status mw_environment_fill(const mw_yaml_tree *tree, mw_environment environment, mw_arena *arena,
                              mw_diagnostics *diagnostics) {
    filler f = {.environment = environment, .diagnostics = diagnostics};
    mw_buf_init(&f.out, MW_ENVIRONMENT_TEXT_MAX);
    mw_status status = MW_OK;
    for (mw_yaml *node = tree->nodes; node && status == MW_OK; node = node->made_before)
        if (node->kind == MW_YAML_TEXT && has_variable(node->text))
            status = node_fill(node, &f, arena);
    mw_buf_release(&f.out);
    return status;
}
