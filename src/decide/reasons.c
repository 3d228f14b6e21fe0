#include "decide/reasons.h"

#include <math.h>
#include <stdlib.h>

#include "table/cell_json.h"

static int compare_strength(const void *left, const void *right) {
    const mw_reason *a = left, *b = right;
    double x = fabs(a->adds), y = fabs(b->adds);
    if (x != y) return x > y ? -1 : 1;
    return (a->feature > b->feature) - (a->feature < b->feature);
}

void mw_reasons_sort(mw_reason *items, size_t count) {
    qsort(items, count, sizeof *items, compare_strength);
}

mw_str mw_reason_name(const mw_reason *reason, const mw_schema *features) {
    mw_str name = features->fields[reason->feature].name; /* words_0, of the vector words */
    return mw_str_slice(name, 0, name.size - (reason->width > 0 ? 2 : 0));
}

mw_str mw_reason_description(const mw_reasons *reasons, const mw_reason *reason) {
    return reasons->descriptions ? reasons->descriptions[reason->feature] : MW_STR("");
}

void mw_reasons_write_json(mw_json *json, const mw_reasons *reasons, const mw_schema *features,
                           const mw_cell *cells, const mw_symbols *symbols) {
    double others = 0;
    mw_json_object(json);
    mw_json_put_number(json, "expected", reasons->expected);
    mw_json_key(json, "reasons");
    mw_json_array(json);
    for (size_t i = 0; i < reasons->count; i++) {
        const mw_reason *reason = &reasons->items[i];
        if (i >= MW_REASONS_SHOWN_MAX) others += reason->adds;
        if (i >= MW_REASONS_SHOWN_MAX || reason->adds == 0) continue;
        const mw_field *field = &features->fields[reason->feature];
        mw_json_object(json);
        mw_json_put_str(json, "feature", mw_reason_name(reason, features));
        mw_json_key(json, "value");
        if (reason->width > 0) mw_json_null(json);
        else mw_cell_write_json(json, field->type, cells[reason->feature], symbols);
        mw_json_put_number(json, "adds", reason->adds);
        mw_str description = mw_reason_description(reasons, reason);
        if (description.size > 0) mw_json_put_str(json, "description", description);
        mw_json_object_end(json);
    }
    mw_json_array_end(json);
    mw_json_put_number(json, "others", others);
    mw_json_object_end(json);
}
