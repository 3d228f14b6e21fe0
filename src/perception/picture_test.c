#include "perception/picture.h"

#include <math.h>
#include <png.h>
#include <string.h>
#include <turbojpeg.h>

#include "base/prng.h"
#include "testing/test.h"

enum { SIDE_MAX = 40 };

typedef struct {
    unsigned char bytes[SIDE_MAX * SIDE_MAX * 3];
    size_t width, height;
} bitmap;

static bitmap random_bitmap(uint64_t *prng) {
    bitmap made = {.width = 1 + (size_t)mw_prng_below(prng, SIDE_MAX),
                   .height = 1 + (size_t)mw_prng_below(prng, SIDE_MAX)};
    for (size_t i = 0; i < sizeof made.bytes; i++)
        made.bytes[i] = (unsigned char)mw_prng_next(prng);
    return made;
}

static mw_buf png_of(const bitmap *from) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)from->width,
                       .height = (png_uint_32)from->height,
                       .format = PNG_FORMAT_RGB};
    mw_buf file;
    png_alloc_size_t size = 1 << 16;
    static char bytes[1 << 16];
    MW_CHECK(png_image_write_to_memory(&image, bytes, &size, 0, from->bytes, 0, NULL));
    mw_buf_init(&file, 1 << 16);
    mw_buf_append(&file, bytes, size);
    return file;
}

static mw_buf jpeg_of(const bitmap *from) {
    unsigned char *bytes = NULL;
    unsigned long size = 0;
    tjhandle encoder = tjInitCompress();
    MW_CHECK(tjCompress2(encoder, from->bytes, (int)from->width, 0, (int)from->height, TJPF_RGB,
                         &bytes, &size, TJSAMP_444, 100, TJFLAG_ACCURATEDCT) == 0);
    mw_buf file;
    mw_buf_init(&file, 1 << 16);
    mw_buf_append(&file, bytes, size);
    tjFree(bytes);
    tjDestroy(encoder);
    return file;
}

/* The naive twin: each side of the image and the picture cut into as many pieces as both have. */
static double mean_of(const bitmap *from, size_t width, size_t height, size_t at) {
    size_t x = at % width, y = at / width % height, colour = at / width / height;
    double sum = 0;
    for (size_t i = 0; i < from->width; i++)
        for (size_t j = 0; j < from->height; j++) {
            size_t column = (x * from->width + i) / width, row = (y * from->height + j) / height;
            sum += from->bytes[(row * from->width + column) * 3 + colour];
        }
    return sum / (double)(from->width * from->height) / 255;
}

MW_TEST(picture_is_the_mean_of_what_each_pixel_covers) {
    uint64_t prng = mw_test_seed();
    for (int round = 0; round < 60; round++) {
        bitmap from = random_bitmap(&prng);
        size_t width = 1 + (size_t)mw_prng_below(&prng, 12);
        size_t height = 1 + (size_t)mw_prng_below(&prng, 12);
        static float numbers[3 * 12 * 12];
        mw_buf file = png_of(&from);
        MW_CHECK(mw_picture_fill(mw_buf_str(&file), width, height, numbers));
        for (size_t i = 0; i < 3 * height * width; i++)
            MW_CHECK(fabs((double)numbers[i] - mean_of(&from, width, height, i)) < 1e-6);
        mw_buf_release(&file);
    }
}

/* One colour all over survives the losses of a JPEG to a step or two of 255. */
MW_TEST(picture_reads_jpeg) {
    bitmap from = {.width = 33, .height = 17};
    for (size_t i = 0; i < sizeof from.bytes; i++)
        from.bytes[i] = (unsigned char)(i % 3 == 0 ? 200 : i % 3 == 1 ? 100 : 10);
    mw_buf file = jpeg_of(&from);
    float numbers[3 * 4 * 4];
    MW_CHECK(mw_picture_fill(mw_buf_str(&file), 4, 4, numbers));
    for (size_t i = 0; i < 48; i++) {
        double expected = i < 16 ? 200 : i < 32 ? 100 : 10;
        MW_CHECK(fabs((double)numbers[i] * 255 - expected) < 2.5);
    }
    mw_buf_release(&file);
}

/* Cut anywhere, or any byte changed: a picture or none, and never a crash. */
MW_TEST(picture_that_is_broken_gives_nothing_or_something) {
    uint64_t prng = mw_test_seed();
    bitmap from = random_bitmap(&prng);
    mw_buf files[] = {png_of(&from), jpeg_of(&from)};
    float numbers[3 * 2 * 2];
    for (size_t f = 0; f < 2; f++) {
        for (size_t size = 0; size + 20 < files[f].size; size += 1 + files[f].size / 50)
            MW_CHECK(!mw_picture_fill((mw_str){files[f].data, size}, 2, 2, numbers));
        for (int round = 0; round < 300; round++) {
            char *byte = &files[f].data[mw_prng_below(&prng, files[f].size)], before = *byte;
            *byte = (char)mw_prng_next(&prng);
            (void)!mw_picture_fill(mw_buf_str(&files[f]), 2, 2, numbers);
            *byte = before;
        }
        mw_buf_release(&files[f]);
    }
}

/* A file of 70 bytes that says it is 60,000 by 60,000 pixels asks for no memory. */
MW_TEST(picture_that_is_too_large_is_none) {
    bitmap small = {.width = 1, .height = 1};
    mw_buf file = png_of(&small);
    static const char sides[] = {0, 0, (char)0xea, 0x60, 0, 0, (char)0xea, 0x60};
    memcpy(file.data + 16, sides, sizeof sides);
    float numbers[3];
    size_t before = mw_memory_live_count();
    MW_CHECK(!mw_picture_fill(mw_buf_str(&file), 1, 1, numbers));
    MW_CHECK_EQUAL_INT(mw_memory_live_count(), before);
    mw_buf_release(&file);
}
