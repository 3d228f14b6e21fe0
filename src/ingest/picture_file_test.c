#include "ingest/picture_file.h"

#include <stdio.h>

#include "testing/test.h"

static mw_status append_of(const char *name, mw_str picture, const char *beside, mw_buf *out_line,
                           mw_error *err) {
    char path[512], beside_path[512];
    const char *folder = mw_test_directory();
    snprintf(path, sizeof path, "%s/%s", folder, name);
    snprintf(beside_path, sizeof beside_path, "%s/p.json", folder);
    MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), path, picture, err), err);
    if (beside)
        MW_CHECK_OK(mw_sys_write_file(mw_sys_real(), beside_path, mw_str_of(beside), err), err);
    mw_buf_init(out_line, 1 << 16);
    return mw_picture_file_append(mw_sys_real(), path, out_line, err);
}

MW_TEST(picture_file_is_a_row) {
    static const struct {
        const char *name, *beside, *line, *picture;
    } cases[] = {
        {"p.jpg", NULL, "{\"file\":\"p.jpg\",\"image\":\"/9j/QQ==\"}", "\xff\xd8\xff" "A"},
        {"p.png", "{\n \"part\": 7,\n \"taken\": \"2024-01-01\"\n}\n",
         "{\"file\":\"p.png\",\"image\":\"iVBORw0KGgo=\",\"part\":7,\"taken\":\"2024-01-01\"}",
         "\x89PNG\r\n\x1a\n"},
        {"p.JPEG", "{}", "{\"file\":\"p.JPEG\",\"image\":\"/9j/\"}", "\xff\xd8\xff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf line;
        mw_error err = {0};
        MW_CHECK(mw_is_picture_file(cases[i].name));
        mw_str picture = mw_str_of(cases[i].picture);
        MW_CHECK_OK(append_of(cases[i].name, picture, cases[i].beside, &line, &err), &err);
        MW_CHECK_EQUAL_STR(mw_buf_str(&line), cases[i].line);
        mw_buf_release(&line);
    }
    MW_CHECK(!mw_is_picture_file("a.csv") && !mw_is_picture_file("jpg"));
}

MW_TEST(picture_file_refuses_what_is_none) {
    mw_buf line;
    mw_error err = {0};
    MW_CHECK_STATUS(append_of("p.jpg", MW_STR("GIF89a"), NULL, &line, &err), MW_INVALID);
    MW_CHECK(mw_str_ends(mw_str_of(err.message), MW_STR("p.jpg: must be a JPEG or PNG file")));
    mw_buf_release(&line);
    MW_CHECK_STATUS(append_of("p.jpg", MW_STR("\xff\xd8\xff"), "[1]", &line, &err), MW_INVALID);
    MW_CHECK(mw_str_ends(mw_str_of(err.message), MW_STR("p.json: must hold a JSON object")));
    mw_buf_release(&line);
}
