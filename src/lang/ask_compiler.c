#include "lang/ask_compiler.h"

static void refuse_argument(const mw_ask_scope *scope, const mw_node *node, const char *why) {
    mw_complain(scope->compiler, node->position, MW_INVALID,
                "a process is sent fields that are there before the event enters, got %.*s, %s",
                MW_STR_ARGS(node->text), why);
}

static bool take_argument(const mw_ask_scope *scope, const mw_node *node, int32_t *out_field) {
    const mw_stream_source *source = scope->source;
    if (node->kind != MW_NODE_NAME) {
        mw_complain(scope->compiler, node->position, MW_INVALID,
                    "a process is sent fields of the row, by their names");
        mw_complain_hint(scope->compiler, "Make what it is to see a field of the stream.");
        return false;
    }
    int32_t field = mw_schema_find(&source->row, node->text);
    if (field == MW_NO_FIELD) {
        mw_complain_field(scope->compiler, node->position, node->text, &source->row, source->name);
    } else if ((size_t)field >= source->plain_count) {
        refuse_argument(scope, node, "which is worked out only then");
    } else if (scope->group_of[field] >= 0) {
        refuse_argument(scope, node, "which is known only later");
    } else if (source->row.fields[field].type != MW_TYPE_COUNT) { /* else it was told */
        *out_field = field;
        return true;
    }
    return false;
}

void mw_compile_ask(const mw_ask_scope *scope, mw_ask *out_ask) {
    mw_compiler *compiler = scope->compiler;
    const mw_node *node = scope->node;
    if (!node) return;
    if (node->kind != MW_NODE_CALL) {
        mw_complain(compiler, node->position, MW_INVALID,
                    "must be a process and the fields that it is sent: NAME(FIELD, ...)");
        return;
    }
    int32_t *arguments = mw_compiler_alloc(compiler, node->arg_count, sizeof *arguments);
    if (compiler->out_of_memory) return;
    if (node->arg_count == 0)
        mw_complain(compiler, node->position, MW_INVALID, "a process must be sent a field");
    for (size_t i = 0; i < node->arg_count; i++) {
        if (!take_argument(scope, node->args[i], &arguments[i])) return;
        for (size_t k = 0; k < i; k++)
            if (arguments[k] == arguments[i])
                mw_complain(compiler, node->args[i]->position, MW_INVALID,
                            "%.*s is sent already", MW_STR_ARGS(node->args[i]->text));
    }
    out_ask->process = mw_str_copy(compiler->arena, node->text);
    if (!out_ask->process.data) compiler->out_of_memory = true;
    out_ask->arguments = arguments;
    out_ask->argument_count = node->arg_count;
}
