#include "serve/query_parameters.h"

#include "base/nearest.h"
#include "serve/target.h"

enum { NAME_SIZE_MAX = 128 };

static mw_status refuse_name(const mw_query_parameter *parameters, size_t count, mw_str name,
                             mw_error *err) {
    mw_nearest nearest = mw_nearest_to(name);
    for (size_t i = 0; i < count; i++) mw_nearest_offer_text(&nearest, parameters[i].name);
    mw_status status = mw_fail(err, MW_INVALID, "query: has no \"%.*s\"",
                               MW_STR_ARGS(mw_str_slice(name, 0, NAME_SIZE_MAX)));
    if (count == 0) return mw_hint(err, status, "This address takes no parameters.");
    return mw_hint_nearest(err, status, &nearest);
}

static mw_status give(mw_query_parameter *parameters, size_t count, mw_str key, mw_str value,
                      mw_error *err) {
    char bytes[NAME_SIZE_MAX];
    mw_str name;
    size_t at = 0;
    if (!mw_target_unescape_query(key, bytes, sizeof bytes, &name)) name = key;
    while (at < count && !mw_str_is(name, parameters[at].name)) at++;
    if (at == count) return refuse_name(parameters, count, key, err);
    mw_query_parameter *p = &parameters[at];
    if (p->is_given) return mw_fail(err, MW_INVALID, "%s: must be given once", p->name);
    p->is_given = true;
    if (mw_target_unescape_query(value, p->bytes, sizeof p->bytes, &p->text)) return MW_OK;
    return mw_fail(err, MW_MALFORMED, "%s: is wrongly escaped or too long", p->name);
}

mw_status mw_query_parameters_read(mw_str query, mw_query_parameter *parameters, size_t count,
                                   mw_error *err) {
    mw_str pair, key;
    while (mw_str_split(&query, '&', &pair)) {
        if (pair.size == 0 || !mw_str_split(&pair, '=', &key)) continue;
        MW_TRY(give(parameters, count, key, pair.data ? pair : MW_STR(""), err));
    }
    return MW_OK;
}
