/*
 * compiler_world: a compiler on its own, without a project, for tests of what leans on one.
 */
#pragma once
#include "lang/compiler.h"
#include "testing/test.h"

typedef struct {
    mw_arena arena;
    mw_symbols *symbols;
    mw_diagnostics diagnostics;
    mw_compiler compiler;
} compiler_world;

static inline void compiler_world_begin(compiler_world *world) {
    mw_arena_init(&world->arena, 64 << 20);
    MW_CHECK_OK(mw_symbols_create(1 << 20, &world->symbols, NULL), NULL);
    mw_diagnostics_init(&world->diagnostics, &world->arena);
    world->compiler = (mw_compiler){.arena = &world->arena,
                                    .symbols = world->symbols,
                                    .zone = mw_zone_utc(),
                                    .diagnostics = &world->diagnostics,
                                    .subject = MW_STR("x")};
}

static inline void compiler_world_end(compiler_world *world) {
    mw_arena_release(&world->arena);
    mw_symbols_destroy(world->symbols);
}
