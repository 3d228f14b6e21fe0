/*
 * examples_world: examples for the tests of this layer, with a truth that is known.
 *
 * Visits of four people; the label matures two hours after the moment. Test code: only tests
 * include it.
 */
#pragma once
#include "testing/declare.h"
#include "testing/test.h"
#include "train/examples.h"

#include <stdio.h>

/* Labels of the other kinds. */
#define EXAMPLES_NUMBER "sum(visits.weight by who over next 1h)"
#define EXAMPLES_CLASS "last(visits.who by weight over next 1h)"

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    const mw_program *program;
    mw_examples examples;
} examples_world;

static inline void examples_world_begin_with(examples_world *world, const char *label) {
    char text[512];
    snprintf(text, sizeof text,
             "stream visits\n"
             "  columns: at time, who text, weight number\n"
             "  time: at\n"
             "  id: who, at\n"
             "feature weight: weight\n"
             "feature who: who\n"
             "model comes\n"
             "  moment: on visits\n"
             "  label: %s\n", label);
    mw_arena_init(&world->arena, (size_t)1 << 28);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &world->symbols, NULL), NULL);
    world->program = mw_test_program(&world->arena, world->symbols, text);
    mw_str who = MW_STR("who");
    MW_CHECK_OK(mw_examples_init(&world->examples, world->program, &world->program->models[0],
                                 &who, 1, NULL),
                NULL);
}

static inline void examples_world_begin(examples_world *world) {
    examples_world_begin_with(world, "any(visits by who over next 1h)");
}

static inline void examples_world_end(examples_world *world) {
    mw_examples_release(&world->examples);
    mw_symbols_destroy(world->symbols);
    mw_arena_release(&world->arena);
}

static inline void examples_world_add_cell(examples_world *world, int64_t t, const char *who,
                                           double weight, mw_cell label) {
    mw_cell name = {.symbol = mw_symbols_intern(world->symbols, mw_str_of(who))};
    mw_cell row[3] = {mw_cell_time(t), name, mw_cell_number(weight)};
    mw_cell features[2] = {mw_cell_number(weight), name};
    mw_step step = {.kind = MW_DUE_LABEL,
                    .place = t + 2 * MW_HOUR_US,
                    .moment = {t, t, row},
                    .features = features,
                    .label = {.value = label}};
    MW_CHECK_OK(mw_examples_add(&world->examples, &step, NULL), NULL);
}

static inline void examples_world_add(examples_world *world, int64_t t, const char *who,
                                      double weight, bool label) {
    examples_world_add_cell(world, t, who, weight, mw_cell_bool(label));
}

static inline void examples_world_add_class(examples_world *world, int64_t t, double weight,
                                            const char *name) {
    mw_cell label = {.symbol = mw_symbols_intern(world->symbols, mw_str_of(name))};
    examples_world_add_cell(world, t, "ann", weight, label);
}
