#include "project/project.h"

/* Any bytes: the whole way from a file to a project, and to the list of what is wrong with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 loses a scalar's buffer on some files that it refuses. Our own blocks are
   counted. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
    return "leak:fy_atom_iter";
}

static bool find(void *context, mw_str name, mw_str *out_value) {
    (void)context;
    *out_value = MW_STR("{value}");
    return mw_str_is(name, "A");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t live_before = mw_memory_live_count();
    mw_arena arena;
    mw_arena_init(&arena, MW_PROJECT_ARENA_SIZE);
    mw_diagnostics diagnostics;
    mw_diagnostics_init(&diagnostics, &arena);
    mw_buf printed;
    mw_buf_init(&printed, 1 << 20);

    const mw_project *project = NULL;
    mw_status status =
        mw_project_read((mw_str){(const char *)data, size}, (mw_environment){.find = find}, &arena,
                        &diagnostics, &project);
    MW_ASSERT((status == MW_OK) == (project != NULL));
    MW_ASSERT(status != MW_MALFORMED || diagnostics.count > 0);
    mw_diagnostics_print(&diagnostics, "f", &printed);

    mw_buf_release(&printed);
    mw_arena_release(&arena);
    MW_ASSERT(mw_memory_live_count() == live_before);
    return 0;
}
