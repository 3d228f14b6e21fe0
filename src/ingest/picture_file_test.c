#include "ingest/picture_file.h"

#include <stdio.h>

#include "base/base64.h"
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

/* A red pixel in PNG, and its bytes, to be released. */
#define RED "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAA" \
            "AADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"

static mw_buf red_picture(void) {
    mw_buf bytes;
    mw_buf_init(&bytes, 1 << 10);
    MW_CHECK(mw_base64_decode(MW_STR(RED), &bytes));
    return bytes;
}

MW_TEST(picture_file_is_a_row) {
    static const struct {
        const char *name, *beside, *line;
    } cases[] = {
        {"p.jpg", NULL, "{\"file\":\"p.jpg\",\"image\":\"" RED "\"}"},
        {"p.png", "{\n \"part\": 7,\n \"taken\": \"2024-01-01\"\n}\n",
         "{\"file\":\"p.png\",\"image\":\"" RED
         "\",\"part\":7,\"taken\":\"2024-01-01\"}"},
        {"p.JPEG", "{}", "{\"file\":\"p.JPEG\",\"image\":\"" RED "\"}"},
    };
    mw_buf picture = red_picture();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mw_buf line;
        mw_error err = {0};
        MW_CHECK(mw_is_picture_file(cases[i].name));
        mw_str bytes = mw_buf_str(&picture);
        MW_CHECK_OK(append_of(cases[i].name, bytes, cases[i].beside, &line, &err), &err);
        MW_CHECK_EQUAL_STR(mw_buf_str(&line), cases[i].line);
        mw_buf_release(&line);
    }
    mw_buf_release(&picture);
    MW_CHECK(!mw_is_picture_file("a.csv") && !mw_is_picture_file("jpg"));
}

MW_TEST(picture_file_refuses_what_is_none) {
    mw_buf line, picture = red_picture();
    mw_str whole = mw_buf_str(&picture);
    mw_error err = {0};
    const mw_str none[] = {MW_STR(""), MW_STR("GIF89a"), MW_STR("\xff\xd8\xff"),
                           mw_str_slice(whole, 0, whole.size - 20)};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        MW_CHECK_STATUS(append_of("p.jpg", none[i], NULL, &line, &err), MW_INVALID);
        MW_CHECK_EQUAL_STR(err.message,
                           "picture: must be a JPEG or PNG file that can be decoded");
        mw_buf_release(&line);
    }
    MW_CHECK_STATUS(append_of("p.jpg", whole, "[1]", &line, &err), MW_INVALID);
    MW_CHECK_EQUAL_STR(err.message, "the .json file beside it: must hold a JSON object");
    mw_buf_release(&line);
    mw_buf_release(&picture);
}
