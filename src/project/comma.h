/*
 * comma: finds the expressions that a YAML comma has cut in two, and puts them together again.
 *
 * Inside [ ] and { } a comma ends an item, so `{a: mean(s.x by k, l over 1h)}` is a text with an
 * open parenthesis and a key without a value. Each such break is reported, with the whole
 * expression as it must be quoted, and mended in the tree, so that the errors that are found
 * later are the user's and not its echo.
 */
#pragma once
#include "project/yaml.h"

void mw_comma_mend(const mw_yaml_tree *tree, mw_diagnostics *diagnostics);
