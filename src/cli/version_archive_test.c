#include "cli/version_archive.h"
#include "testing/test.h"

/* Who asks for versions that are gone, however often, keeps nobody from being answered. */
MW_TEST(version_archive_is_not_filled_by_versions_that_are_gone) {
    enum { NAME_SIZE = 1 << 20, ASKED = 200 }; /* the names have 200 MB */
    static char bytes[NAME_SIZE];
    mw_workspace workspace = {.state = NULL};
    mw_version_archive *archive;
    const mw_version_features *features;
    mw_error err;
    memset(bytes, 'v', sizeof bytes);
    MW_CHECK_OK(mw_state_open(mw_sys_real(), NULL, MW_STATE_WRITE, &workspace.state, &err), &err);
    MW_CHECK_OK(mw_version_archive_create(&workspace, &archive, &err), &err);
    for (int i = 0; i < ASKED; i++) {
        mw_status status = mw_version_archive_find(archive, MW_STR("late"),
                                                   (mw_str){bytes, sizeof bytes}, &features, &err);
        MW_CHECK_EQUAL_INT(status, MW_NOT_FOUND);
    }
    mw_version_archive_destroy(archive);
    mw_state_close(workspace.state);
}
