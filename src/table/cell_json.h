/*
 * cell_json: a cell as a JSON value, the same wherever people or programs are shown one.
 *
 * Numbers and bools as such, times in RFC 3339, durations in seconds, all else as text; missing
 * is null.
 */
#pragma once
#include "base/json.h"
#include "table/cell.h"

void mw_cell_write_json(mw_json *json, mw_type type, mw_cell cell, const mw_symbols *symbols);
