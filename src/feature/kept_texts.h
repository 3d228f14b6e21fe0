/*
 * kept_texts: which texts of events outlive their requests in windows, as keys and as values.
 *
 * Windows hold codes and no texts, card by card and ring by ring, on disk too; none of them tells
 * when the last one goes. So whoever feeds them from a table whose texts pass says of each event,
 * before, that these stay (table/passing.h): the fields that are keys or that a value is made of,
 * and the keys of schedules. What else an event says, as its id, passes.
 *
 * Found once for a program, in an arena; some instructions for each field and event.
 */
#pragma once
#include "lang/program.h"

typedef struct mw_kept_texts mw_kept_texts;

/* None are, so far. The program outlives it. NULL: there is no memory. */
mw_kept_texts *mw_kept_texts_create(const mw_program *program, mw_arena *arena);
/* Those that the windows of a model of the program keep, but for its label's. */
void mw_kept_texts_add_model(mw_kept_texts *kept, const mw_model_program *model);
/* Those that an entrance (feature/entrance.h) keeps. */
void mw_kept_texts_add_entrance(mw_kept_texts *kept);
void mw_kept_texts_keep(const mw_kept_texts *kept, const mw_event *event, mw_symbols *symbols);
