/*
 * query_parameters: those that follow the "?" of an address, by their names.
 *
 * A name that is not known is refused, with the nearest one: who writes ?modle=late would else be
 * answered as if nothing had been asked. No parameter may be given twice. Nothing is allocated.
 */
#pragma once
#include "base/str.h"

enum { MW_QUERY_PARAMETER_SIZE_MAX = 1 << 12 };

typedef struct {
    const char *name;
    bool is_given;
    mw_str text; /* unescaped; empty if it was not given */
    char bytes[MW_QUERY_PARAMETER_SIZE_MAX]; /* of the text */
} mw_query_parameter;

/* `query` is as it stands in the address; `parameters` have their names, and are filled. Of none
   any name is refused. MW_INVALID, MW_MALFORMED. */
MW_MUST_USE mw_status mw_query_parameters_read(mw_str query, mw_query_parameter *parameters,
                                               size_t count, mw_error *err);
