/*
 * yaml: bytes as a tree of texts, lists and mappings, each with its place in the file.
 *
 * A thin layer over libfyaml's events: no types, no tags, no merge keys, one document. An alias
 * shares the node that its anchor named, so a tree costs no more than its file; the size that it
 * would have with all aliases written out is bounded, so that walking it costs no more either.
 * The work is linear in the file, but for the repeated keys (quadratic in a mapping's size).
 *
 * Everything lives in the caller's arena, a copy of the bytes included.
 */
#pragma once
#include "lang/diagnostics.h"

enum {
    MW_YAML_SIZE_MAX = 1 << 20,  /* bytes of a file */
    MW_YAML_DEPTH_MAX = 32,      /* mappings and lists inside each other */
    MW_YAML_ITEMS_MAX = 4096,    /* in one of them */
    MW_YAML_NODES_MAX = 1 << 16, /* in a file, its aliases written out */
};

typedef enum { MW_YAML_TEXT, MW_YAML_LIST, MW_YAML_MAPPING } mw_yaml_kind;

/* PLAIN, QUOTED and INDENTED (| or >) are texts; FLOW is [ ] or { }, LINES a list or a mapping
   written out over lines. */
typedef enum {
    MW_YAML_PLAIN,
    MW_YAML_QUOTED,
    MW_YAML_INDENTED,
    MW_YAML_FLOW,
    MW_YAML_LINES,
} mw_yaml_style;

typedef struct mw_yaml mw_yaml;
typedef struct mw_yaml_item mw_yaml_item;

struct mw_yaml_item {
    mw_yaml *key; /* a text; NULL in a list */
    mw_yaml *value;
    mw_yaml_item *next;
};

struct mw_yaml {
    mw_yaml_kind kind;
    mw_yaml_style style;
    mw_position position; /* of its first character (after a quote) */
    mw_str text;          /* of a text: its value; empty and PLAIN when nothing was written */
    mw_str source;        /* the same as the file has it, line breaks too: an offset in it is one
                             in the file. Where escapes make the two differ, it is `text`. */
    bool has_variable;    /* parts of the text are from the environment */
    mw_yaml_item *items;  /* of a list or a mapping, in file order */
    size_t item_count;
    size_t node_count;    /* itself and all below, aliases written out */
    mw_yaml *made_before; /* chain of all nodes of a tree, the last one first */
};

typedef struct {
    mw_yaml *root;
    mw_yaml *nodes; /* the last one made */
} mw_yaml_tree;

/* MW_MALFORMED: the diagnostics say what and where; nothing can be read. */
MW_MUST_USE mw_status mw_yaml_parse(mw_str bytes, mw_arena *arena, mw_diagnostics *diagnostics,
                                    mw_yaml_tree *out_tree);
/* Reports each key that stands twice in its mapping, and takes the later ones out, so that nothing
   else is said of them. */
void mw_yaml_drop_repeats(const mw_yaml_tree *tree, mw_diagnostics *diagnostics);

/* Nothing was written where a value belongs. */
bool mw_yaml_is_empty(const mw_yaml *node);
/* The value of `key`; NULL if there is none, or if `node` is NULL or no mapping. */
const mw_yaml *mw_yaml_get(const mw_yaml *node, const char *key);
