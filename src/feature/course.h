/*
 * course: one model's line of time: events go in, what falls due comes out.
 *
 * It joins the engine (what is known) with the agenda (what is due) and keeps the one order that
 * rule 4 asks for: a moment sees exactly the events that count before its place, whoever
 * drives it. A replay, the backtest and the server are three drivers of this module:
 *
 *     for each event:  while (mw_course_next(course, event.place - 1, ...)) use the step;
 *                      mw_course_event(course, event);
 *
 * Events that bear one stamp wait until time has passed it, so that none of them is seen by
 * a moment of that stamp. One thread owns a course.
 */
#pragma once
#include "feature/replay.h"
#include "feature/slate.h"

typedef struct mw_course mw_course;

typedef struct {
    mw_engine_config engine;
    int64_t from, to;    /* moments with from <= t < to are announced; others pass silently */
    bool announces_none; /* moments are not made here: labels are added by hand */
} mw_course_config;

MW_MUST_USE mw_status mw_course_create(mw_course_config config, mw_course **out_course,
                                       mw_error *err);
void mw_course_destroy(mw_course *course);

/* Takes the next event. Its place is not before that of the event before, and nothing that falls
   due before it may be left. */
MW_MUST_USE mw_status mw_course_event(mw_course *course, const mw_event *event, mw_error *err);
/* The next moment or label that falls due at or before `place`; `*out_found` is false when there
   is none (then `*out_step` is untouched). A moment leaves its label in the agenda if the
   engine keeps labels. */
MW_MUST_USE mw_status mw_course_next(mw_course *course, int64_t place, mw_step *out_step,
                                     bool *out_found, mw_error *err);
/* The features of a moment now, at a place that is not before the last step's; nothing is
   kept. `out_features` has room for feature_count cells. */
MW_MUST_USE mw_status mw_course_features(mw_course *course, const mw_moment *moment,
                                         mw_cell *out_features, mw_error *err);
/* The same with `each`, for all the moments of an event: its row is that of the announced one. None
   that fell due may be left. */
MW_MUST_USE mw_status mw_course_slate(mw_course *course, const mw_moment *announced,
                                      const mw_slate **out_slate, mw_error *err);
int64_t mw_course_next_due(const mw_course *course); /* INT64_MAX: nothing is */
mw_engine *mw_course_engine(mw_course *course);
mw_agenda *mw_course_agenda(mw_course *course);
/* Features that it has given, missing since an expression overflowed (rule 12). */
uint64_t mw_course_overflowed(const mw_course *course);
uint64_t mw_course_refused_moments(const mw_course *course); /* too late (rule 5) */

/* All that the course knows as bytes, cells in their canonical form, and back into a course just
   created: it goes on bit for bit, in another process too. The bytes are bound to the program:
   MW_CONFLICT says that they were made by another one, MW_NEWER_FORMAT and MW_CORRUPT what
   else is wrong. After a failure the course is empty. What is between `from` and `to` is the
   new course's own affair. The layout stands in course_snapshot.c. */
MW_MUST_USE mw_status mw_course_save(const mw_course *course, mw_buf *out, mw_error *err);
MW_MUST_USE mw_status mw_course_load(mw_course *course, mw_str bytes, mw_error *err);
/* Nothing before this place will be taken or is due; INT64_MIN at the beginning. */
int64_t mw_course_last_place(const mw_course *course);
