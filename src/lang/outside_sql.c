#include "lang/outside_sql.h"

#include "base/hash.h"

/* Not as the vector is spelled: SQL would take two names for one that differ in case. */
static void append_named(const char *what, const mw_vector *vector, mw_buf *out) {
    uint64_t hash = mw_hash_bytes(vector->text.data, vector->text.size);
    mw_buf_printf(out, "\"%s %016llx\"", what, (unsigned long long)hash);
}

void mw_outside_sql_append_table(const mw_vector *vector, mw_str model, mw_buf *out) {
    uint64_t hash = mw_hash_bytes(vector->text.data, vector->text.size);
    mw_buf_printf(out, "\"outside %.*s %016llx\"", MW_STR_ARGS(model),
                  (unsigned long long)hash);
}

void mw_outside_sql_append_macros(mw_buf *out) {
    mw_buf_append_text(out, "CREATE OR REPLACE MACRO mw_float(x) AS\n"
                            "  coalesce(TRY_CAST(x AS FLOAT),\n"
                            "  CASE WHEN x > 0 THEN CAST('inf' AS FLOAT)\n"
                            "    WHEN x < 0 THEN CAST('-inf' AS FLOAT) END);\n");
}

/* A missing text has no digest; a missing number is spelled, and is in no row. */
mw_status mw_outside_sql_append_input(const mw_vector *vector, const mw_sql_names *names,
                                      const mw_symbols *symbols, mw_buf *out, mw_error *err) {
    bool takes_text = mw_vector_takes_text(vector);
    mw_buf_append_text(out, takes_text ? "sha256(" : "CAST([mw_float(");
    for (size_t i = 0; i < vector->arg_count; i++) {
        if (i > 0) mw_buf_append_text(out, "), mw_float(");
        MW_TRY(mw_code_append_sql(vector->args[i], names, symbols, out, err));
    }
    mw_buf_append_text(out, takes_text ? ")" : ")] AS VARCHAR)");
    return MW_OK;
}

void mw_outside_sql_describe_input(const mw_vector *vector, mw_buf *out) {
    bool takes_text = mw_vector_takes_text(vector);
    mw_buf_append_text(out, takes_text ? "sha256(" : "CAST(CAST([");
    for (size_t i = 0; i < vector->arg_count; i++) {
        if (i > 0) mw_buf_append_text(out, ", ");
        mw_buf_append_str(out, mw_code_text(vector->args[i]));
    }
    mw_buf_append_text(out, takes_text ? ")" : "] AS FLOAT[]) AS VARCHAR)");
}

void mw_outside_sql_end_input(const mw_vector *vector, mw_buf *out) {
    mw_buf_append_text(out, " AS ");
    append_named("input", vector, out);
}

/* Of two rows with the same input DuckDB makes an error, and not two moments of one. */
void mw_outside_sql_append_found(const mw_vector *vector, mw_str model, mw_buf *out) {
    mw_buf_append_text(out, "(SELECT found FROM ");
    mw_outside_sql_append_table(vector, model, out);
    mw_buf_append_text(out, " AS found WHERE found.input = m.");
    append_named("input", vector, out);
    mw_buf_append_text(out, ") AS ");
    append_named("found", vector, out);
}

void mw_outside_sql_append_number(const mw_vector *vector, size_t index, const char *columns,
                                  mw_buf *out) {
    mw_buf_printf(out, "mw_number(CAST(%s", columns);
    append_named("found", vector, out);
    mw_buf_printf(out, ".number_%zu AS DOUBLE))", index);
}
