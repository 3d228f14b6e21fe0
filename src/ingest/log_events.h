/*
 * log_events: what a log's records say in the words of a program: streams, events, the clock.
 *
 * A log gives its streams numbers and defines each by bytes: the stream's name and its fields.
 * An event counts for a program only if a stream of it still has that definition; else the
 * project file has changed under the log, and the event is refused rather than misread.
 *
 * One thread uses it. The program and its symbols outlive it.
 */
#pragma once
#include "base/hash.h"
#include "lang/program.h"
#include "store/log.h"

/* The kinds of control records, which are JSON: {"kind": KIND}. Their time is the clock's. */
#define MW_CONTROL_BEGIN_WALL "begin under the wall clock"
#define MW_CONTROL_BEGIN_VIRTUAL "begin under a virtual clock"
#define MW_CONTROL_CLOCK "clock"
#define MW_CONTROL_CHAMPION "champion" /* and "model", "version": it answers from here on */

bool mw_log_control_is(const mw_record *record, const char *kind);

typedef struct mw_log_events mw_log_events;

MW_MUST_USE mw_status mw_log_events_create(const mw_program *program, mw_symbols *symbols,
                                           mw_log_events **out_events, mw_error *err);
void mw_log_events_destroy(mw_log_events *events); /* NULL is allowed */

/* The definition of a stream of the program, for mw_log_define. */
mw_str mw_log_events_definition(const mw_log_events *events, size_t stream);
/* Takes a MW_RECORD_DEFINITION. */
MW_MUST_USE mw_status mw_log_events_learn(mw_log_events *events, const mw_record *record,
                                          mw_error *err);
/* The SHA-256 of a definition, which stands for it. */
void mw_log_meaning(const mw_record *definition, unsigned char out_meaning[MW_SHA256_SIZE]);
/* That of a MW_RECORD_EVENT's stream. */
const unsigned char *mw_log_events_meaning(const mw_log_events *events, const mw_record *record);
/* Whether a MW_RECORD_EVENT is of a stream whose name the program does not know: it cannot matter
   to it. */
bool mw_log_events_is_foreign(const mw_log_events *events, const mw_record *record);
/* Reads a MW_RECORD_EVENT; its rows are valid until the next, and so are its texts, which pass.
   MW_CONFLICT if the stream has other fields now. */
MW_MUST_USE mw_status mw_log_events_read(mw_log_events *events, const mw_record *record,
                                         mw_event *out_event, mw_error *err);
