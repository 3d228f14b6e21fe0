/*
 * overflow: how many features are missing because a computation left the doubles (rule 12).
 *
 * The processor notes by itself, in a flag of the thread that stays up, that a result was too large
 * for a double (IEEE 754: a division by zero is something else). So whoever has worked features out
 * asks for the flag once, a few instructions, and only where it is up are those that are missing
 * worked out again, one by one. A flag that somebody else has left up costs one such look, and is
 * down then, in a program that uses the library too; a vector is not looked at, whose network may
 * be dear.
 */
#pragma once
#include <fenv.h>

#include "lang/program.h"

static inline bool mw_overflow_happened(void) {
    return fetestexcept(FE_OVERFLOW) != 0;
}
/* Of these features of the model, which the frame has all been given to. Takes the flag down. */
size_t mw_overflow_count(const mw_model_program *model, const int32_t *features, size_t count,
                         const mw_frame *frame);
