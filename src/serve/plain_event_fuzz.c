/* Fuzzes bodies of one event: the input is bodies of one client, one a line, each of which tells
   what may stand between values in the next. What is read in one go must be what yyjson and
   event_json make of it, to the bit; what is not read is theirs. */
#include "serve/event_json.h"
#include "serve/plain_event.h"
#include "serve/sent_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mw_field fields[] = {{MW_STR("number"), MW_TYPE_NUMBER}, {MW_STR("at"), MW_TYPE_TIME},
                            {MW_STR("shop"), MW_TYPE_CATEGORY}, {MW_STR("note"), MW_TYPE_TEXT},
                            {MW_STR("paid"), MW_TYPE_BOOL},     {MW_STR("took"), MW_TYPE_DURATION},
                            {MW_STR("tags"), MW_TYPE_LIST},     {MW_STR("x1"), MW_TYPE_NUMBER}};
enum { FIELDS = sizeof fields / sizeof *fields, BODY_SIZE_MAX = 4096, TEXTS_SIZE = 1 << 20 };
static const mw_stream_source source = {
    .name = MW_STR("sales"), .row = {fields, FIELDS}, .column_count = FIELDS};

typedef struct {
    mw_cell row[FIELDS];
    mw_plain_wish wish;
} reading;

static bool read_switch(yyjson_val *root, const char *name, bool *out_is_on) {
    yyjson_val *value = yyjson_obj_get(root, name);
    if (value) *out_is_on = yyjson_get_bool(value);
    return !value || yyjson_is_bool(value);
}

static bool read_slowly(mw_str body, mw_symbols *symbols, reading *out) {
    yyjson_doc *doc = NULL;
    if (mw_sent_parse(body, mw_sent_json_memory(), &doc, NULL) != MW_OK) return false;
    yyjson_val *root = yyjson_doc_get_root(doc);
    bool is_right = read_switch(root, "record", &out->wish.record) &&
                    read_switch(root, "explain", &out->wish.explain) &&
                    mw_event_json_read(yyjson_obj_get(root, "event"), &source, mw_zone_utc(),
                                       symbols, out->row, NULL) == MW_OK;
    yyjson_doc_free(doc);
    return is_right;
}

static void read_both(mw_str body, const mw_plain_target *target) {
    char bytes[BODY_SIZE_MAX + 1] = {0}; /* with the NUL that must follow */
    reading plain = {.wish = {.record = true}}, slow = plain;
    memcpy(bytes, body.data, body.size);
    body.data = bytes;
    if (!mw_plain_event_read(body, target, plain.row, &plain.wish)) return;
    MW_ASSERT(read_slowly(body, target->symbols, &slow));
    MW_ASSERT(plain.wish.record == slow.wish.record);
    MW_ASSERT(plain.wish.explain == slow.wish.explain);
    for (size_t i = 0; i < FIELDS; i++) MW_ASSERT(plain.row[i].bits == slow.row[i].bits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_plain_habit habit = {.count = 0};
    mw_symbols *symbols = NULL;
    mw_status status = mw_symbols_create(TEXTS_SIZE, &symbols, NULL);
    MW_ASSERT(status == MW_OK);
    mw_plain_target target = {&source, mw_zone_utc(), symbols, &habit};
    mw_str rest = {(const char *)data, size}, body;
    while (mw_str_split(&rest, '\n', &body))
        if (body.size > 0 && body.size <= BODY_SIZE_MAX) read_both(body, &target);
    mw_symbols_destroy(symbols);
    return 0;
}
