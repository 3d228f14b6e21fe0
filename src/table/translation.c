#include "table/translation.h"

#include "table/passing.h"

#include <string.h>

static uint32_t code_of(const mw_translation *translation, uint64_t symbol) {
    uint32_t *kept = translation->codes ? &translation->codes[symbol] : NULL;
    if (kept && *kept != 0) return *kept;
    uint32_t code =
        mw_symbols_intern(translation->to, mw_symbols_text(translation->from, symbol));
    if (kept && code != 0 && mw_passing_stays(translation->to, code)) *kept = code;
    return code;
}

bool mw_translate_cells(const mw_translation *translation, const mw_field *fields, size_t count,
                        mw_cell *cells) {
    bool was_passing = mw_passing_set(translation->to, translation->passes), has_room = true;
    for (size_t i = 0; has_room && i < count; i++) {
        if (!mw_type_is_symbol(fields[i].type) || cells[i].symbol == 0) continue;
        cells[i].symbol = code_of(translation, cells[i].symbol);
        has_room = cells[i].symbol != 0;
    }
    (void)mw_passing_set(translation->to, was_passing);
    return has_room;
}

bool mw_translate_event(const mw_translation *translation, const mw_schema *schema,
                        mw_cell *room, mw_event *event) {
    const mw_cell **rows[] = {&event->row, &event->replaced};
    for (size_t i = 0; i < 2; i++, room += schema->field_count) {
        if (!*rows[i]) continue;
        memcpy(room, *rows[i], schema->field_count * sizeof *room);
        if (!mw_translate_cells(translation, schema->fields, schema->field_count, room))
            return false;
        *rows[i] = room;
    }
    return true;
}
