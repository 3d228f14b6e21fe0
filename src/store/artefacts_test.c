#include "store/artefacts.h"

#include <stdio.h>

#include "testing/test.h"

#define ABC_HASH "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* FIPS 180-4 */
#define ABSENT_HASH "0000000000000000000000000000000000000000000000000000000000000000"

/* What must hold of either backend. */
static void behaves(const char *folder) {
    mw_artefacts *artefacts;
    mw_error err;
    char hash[MW_SHA256_HEX_SIZE + 1];
    bool exists;
    MW_CHECK_OK(mw_artefacts_open(mw_sys_real(), folder, &artefacts, &err), &err);
    MW_CHECK_OK(mw_artefacts_exists(artefacts, MW_STR(ABC_HASH), &exists, &err), &err);
    MW_CHECK(!exists);
    MW_CHECK_OK(mw_artefacts_put(artefacts, MW_STR("abc"), hash, &err), &err);
    MW_CHECK_EQUAL_STR(hash, ABC_HASH);
    MW_CHECK_OK(mw_artefacts_put(artefacts, MW_STR("abc"), hash, &err), &err);
    MW_CHECK_OK(mw_artefacts_put(artefacts, MW_STR(""), hash, &err), &err);
    MW_CHECK_OK(mw_artefacts_exists(artefacts, MW_STR(ABC_HASH), &exists, &err), &err);
    MW_CHECK(exists);

    mw_buf bytes;
    mw_buf_init(&bytes, 100);
    mw_buf_append_text(&bytes, ">");
    MW_CHECK_OK(mw_artefacts_get(artefacts, MW_STR(ABC_HASH), &bytes, &err), &err);
    MW_CHECK_OK(mw_artefacts_get(artefacts, mw_str_of(hash), &bytes, &err), &err);
    MW_CHECK_EQUAL_STR(mw_buf_str(&bytes), ">abc");
    MW_CHECK_STATUS(mw_artefacts_get(artefacts, MW_STR(ABSENT_HASH), &bytes, &err),
                    MW_NOT_FOUND);
    MW_CHECK_EQUAL_STR(err.message, "artefacts: there is none named " ABSENT_HASH);
    mw_buf_release(&bytes);
    mw_artefacts_close(artefacts);
}

MW_TEST(artefacts_behave_alike_in_memory_and_in_a_folder) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s/artefacts", mw_test_directory());
    behaves(NULL);
    behaves(folder);
}

MW_TEST(artefacts_show_damage_and_mend_it) {
    mw_artefacts *artefacts;
    mw_error err;
    char folder[512], path[700], hash[MW_SHA256_HEX_SIZE + 1];
    snprintf(folder, sizeof folder, "%s/artefacts", mw_test_directory());
    snprintf(path, sizeof path, "%s/%.2s/%s", folder, ABC_HASH, &ABC_HASH[2]);
    MW_CHECK_OK(mw_artefacts_open(mw_sys_real(), folder, &artefacts, &err), &err);
    MW_CHECK_OK(mw_artefacts_put(artefacts, MW_STR("abc"), hash, &err), &err);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, MW_STR("abd"), &err), &err);

    mw_buf bytes;
    mw_buf_init(&bytes, 100);
    MW_CHECK_STATUS(mw_artefacts_get(artefacts, MW_STR(ABC_HASH), &bytes, &err), MW_CORRUPT);
    MW_CHECK_EQUAL_INT(bytes.size, 0);
    MW_CHECK_OK(mw_artefacts_put(artefacts, MW_STR("abc"), hash, &err), &err);
    MW_CHECK_OK(mw_artefacts_get(artefacts, MW_STR(ABC_HASH), &bytes, &err), &err);
    mw_buf_release(&bytes);
    mw_artefacts_close(artefacts);
}

MW_TEST(artefacts_take_no_path_for_a_name) {
    mw_artefacts *artefacts;
    mw_error err;
    mw_buf bytes;
    mw_buf_init(&bytes, 100);
    MW_CHECK_OK(mw_artefacts_open(mw_sys_real(), mw_test_directory(), &artefacts, &err), &err);
    MW_CHECK_STATUS(mw_artefacts_get(artefacts, MW_STR("../../etc/passwd"), &bytes, &err),
                    MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "artefacts: a name must be 64 lower-case hex digits, "
                                    "got ../../etc/passwd");
    mw_buf_release(&bytes);
    mw_artefacts_close(artefacts);
}

static mw_status put_and_get(void *context) {
    mw_artefacts *artefacts;
    mw_buf bytes;
    char hash[MW_SHA256_HEX_SIZE + 1];
    MW_TRY(mw_artefacts_open(mw_sys_real(), context, &artefacts, NULL));
    mw_buf_init(&bytes, 100);
    mw_status status = mw_artefacts_put(artefacts, MW_STR("abc"), hash, NULL);
    if (status == MW_OK) status = mw_artefacts_get(artefacts, mw_str_of(hash), &bytes, NULL);
    mw_buf_release(&bytes);
    mw_artefacts_close(artefacts);
    return status;
}

MW_TEST(artefacts_survive_every_failing_allocation) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s", mw_test_directory());
    MW_CHECK(mw_test_every_allocation_fails(put_and_get, NULL) > 2);
    MW_CHECK(mw_test_every_allocation_fails(put_and_get, folder) > 2);
}
