/*
 * environment: ${VAR} in the texts of a project file.
 *
 * The variables are an argument, so that a project file reads the same wherever the caller says
 * so. What a variable holds is not looked through for further ${ }. Only plain texts may hold
 * one (shape.h): a version keeps the file and not the environment.
 */
#pragma once
#include "project/yaml.h"

typedef struct {
    /* False: there is no such variable. The value must stay as long as the arena below. */
    bool (*find)(void *context, mw_str name, mw_str *out_value);
    void *context;
} mw_environment;

mw_environment mw_environment_blank(void); /* where all variables are, and empty */

enum { MW_ENVIRONMENT_TEXT_MAX = 1 << 16 }; /* bytes of a value, its variables filled in */

/* Fills in the variables of all texts. Those that are not defined are reported. */
MW_MUST_USE mw_status mw_environment_fill(const mw_yaml_tree *tree, mw_environment environment,
                                          mw_arena *arena, mw_diagnostics *diagnostics);
