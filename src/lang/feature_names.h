/*
 * feature_names: which feature of a list bears a name already, by a table of hashes.
 *
 * Two features clash where the one is called as the other is, or as the other was declared before
 * its spans or numbers made several of it. Tables know no case; a version may be older than that
 * rule, and tells names apart as they are spelled. Of features that were declared as one the table
 * holds the first: it is the one that is named. The time is linear in the number of features.
 *
 * Private to lang. The table is the list's, in the compilation's arena.
 */
#pragma once
#include "lang/model_compiler.h"

/* Makes room in the table for `list->capacity` features. False: memory is out. */
MW_MUST_USE bool mw_feature_names_reserve(mw_compiler *compiler, mw_feature_list *list);
/* Adds the list's last. */
void mw_feature_names_add(const mw_compiler *compiler, mw_feature_list *list);
/* The first of the list that this one clashes with; `list->count`: none. */
size_t mw_feature_names_find(const mw_compiler *compiler, const mw_feature_list *list,
                             const mw_feature_syntax *feature);
