/*
 * leak_report: what `features leaks` has measured, for people and for programs.
 *
 * The greatest gain comes first. Below the table stand how many features gain more than noise
 * usually does, and by name those that are too good to be true as they are. For people the numbers
 * of a vector that no cheat changes are one line.
 */
#pragma once
#include "base/str.h"
#include "lang/program.h"
#include "train/leaks.h"

typedef struct {
    const mw_feature *feature;
    mw_leak leak;
} mw_leak_finding;

typedef struct {
    const mw_leak_finding *found; /* by falling gain */
    size_t count, example_count;
    mw_answer_kind kind;
} mw_leak_report;

/* Sorts the findings, which outlive the report. */
mw_leak_report mw_leak_report_make(mw_leak_finding *found, size_t count, size_t example_count,
                                   mw_answer_kind kind);
void mw_leak_report_print(const mw_leak_report *told, mw_buf *out);
void mw_leak_report_write_json(const mw_leak_report *told, mw_buf *out);
