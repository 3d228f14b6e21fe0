/*
 * columns: joins a project with the columns of its data, and compiles the two.
 *
 * A project file says what to do with columns, the data say which there are and of what type. A
 * program needs both, so it is only here that a name in `types` or `checks` can be wrong.
 */
#pragma once
#include "project/project.h"

/* What the project cannot know by itself. */
typedef struct {
    const mw_schema *columns; /* of each stream's data, in the project's order; none: they could
                                 not be read, as the diagnostics say already */
    const mw_zone *zone;      /* the one that project->zone names */
    const mw_senses *senses;  /* NULL: no picture is seen, no network run */
} mw_project_data;

/* The compiler's input: the declarations with their columns, `types` applied. Mistakes go to the
   diagnostics; MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_project_declare(const mw_project *project, mw_project_data data,
                                         mw_arena *arena, mw_diagnostics *diagnostics,
                                         mw_declarations *out_declarations);

/* Declares and compiles. The status is that of the diagnostics, what was in them before included:
   a project whose file had mistakes gives no program. The program lives in the arena of the
   diagnostics. */
MW_MUST_USE mw_status mw_project_compile(const mw_project *project, mw_project_data data,
                                         mw_symbols *symbols, mw_diagnostics *diagnostics,
                                         const mw_program **out_program);
/* Tells of `min` and `max` of what has no such order, which no row would be asked for; of a program
   that was compiled, and no part of that, for the file that a version keeps may have some. */
void mw_project_check_bounds(const mw_project *project, const mw_program *program,
                             mw_diagnostics *diagnostics);
