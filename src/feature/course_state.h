/*
 * course_state: what a course is made of, for course.c and course_snapshot.c alone.
 */
#pragma once
#include "feature/course.h"
#include "feature/slate.h"

/* An accepted event whose stamp time has not passed yet. */
typedef struct {
    mw_event event;    /* its rows are found when it is used: the cells move as they grow */
    size_t first_cell; /* of its row, and then of that which it replaces */
} mw_waiting_event;

struct mw_course {
    mw_course_config config;
    mw_engine *engine;
    mw_agenda *agenda;
    mw_waiting_event *waiting; /* all of one stamp or later, in order */
    size_t waiting_count, waiting_capacity;
    mw_cell *cells;
    size_t cell_count, cell_capacity;
    mw_cell *features;
    mw_slate *slate;   /* of `each`: the moments that fell due last; else NULL */
    size_t slate_next; /* the first of them that is still to be told */
    uint64_t next_number;
    uint64_t refused_moments;
    int64_t last_place;
};

/* Whether some of the moments that one event makes are still to be told. */
static inline bool mw_course_has_slate(const mw_course *course) {
    return course->slate && course->slate_next < mw_slate_count(course->slate);
}
/* The i-th event that waits; its rows stay until the next one does. */
mw_event mw_course_waiting(const mw_course *course, size_t index);
/* Lets an event wait until time has passed its stamp. Its rows are copied, their texts held. */
MW_MUST_USE mw_status mw_course_wait(mw_course *course, const mw_event *event, mw_error *err);
/* None waits any more. */
void mw_course_drop_waiting(mw_course *course);
