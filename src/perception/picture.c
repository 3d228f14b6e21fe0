#include "perception/picture.h"

#include <png.h>
#include <turbojpeg.h>

typedef struct {
    unsigned char *bytes; /* red, green, blue; row by row */
    size_t width, height;
} bitmap;

/* --- decoding --------------------------------------------------------------------------------- */

/* Gives the bitmap its memory; sides as the file says, which may be anything. */
static bool give_memory(bitmap *to, int64_t width, int64_t height) {
    if (width < 1 || height < 1 || width > MW_PICTURE_SIDE_MAX || height > MW_PICTURE_SIDE_MAX ||
        width * height > MW_PICTURE_PIXELS_MAX)
        return false;
    to->width = (size_t)width;
    to->height = (size_t)height;
    to->bytes = mw_allocate(to->width * to->height * 3);
    return to->bytes != NULL;
}

static bool decode_jpeg(mw_str bytes, bitmap *out) {
    const unsigned char *data = (const unsigned char *)bytes.data;
    int width = 0, height = 0, sampling, colours;
    tjhandle decoder = tjInitDecompress();
    /* A file of a few bytes may ask for any number of scans, each as dear as the picture. */
    bool is_good =
        decoder &&
        tjDecompressHeader3(decoder, data, bytes.size, &width, &height, &sampling, &colours) == 0 &&
        give_memory(out, width, height) &&
        tjDecompress2(decoder, data, bytes.size, out->bytes, width, 0, height, TJPF_RGB,
                      TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS | TJFLAG_STOPONWARNING) == 0;
    if (decoder) tjDestroy(decoder);
    return is_good;
}

static bool decode_png(mw_str bytes, bitmap *out) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    png_color black = {0, 0, 0};
    bool is_good = png_image_begin_read_from_memory(&image, bytes.data, bytes.size) != 0 &&
                   give_memory(out, image.width, image.height);
    image.format = PNG_FORMAT_RGB;
    is_good = is_good && png_image_finish_read(&image, &black, out->bytes, 0, NULL) != 0;
    png_image_free(&image);
    return is_good;
}

/* --- scaling ---------------------------------------------------------------------------------- */

/* How much of cell `at` lies between `from` and `to`, where each cell is `size` long. */
static uint64_t overlap(size_t at, size_t size, uint64_t from, uint64_t to) {
    uint64_t begin = at * size, end = begin + size;
    if (begin < from) begin = from;
    if (end > to) end = to;
    return end > begin ? end - begin : 0;
}

/* What a pixel of the image covers, in units of which a pixel of the picture has `column_size` by
   `row_size`: whole numbers, all of them. */
typedef struct {
    uint64_t left, right, top, bottom;
    size_t column_size, row_size;
} cover;

/* At most 255 x 2^14 x 2^14, so it is exact. */
static uint64_t sum_of(const bitmap *from, cover part, size_t colour) {
    uint64_t sum = 0;
    for (size_t row = part.top / part.row_size; row * part.row_size < part.bottom; row++) {
        const unsigned char *bytes = from->bytes + row * from->width * 3 + colour;
        size_t size = part.column_size;
        uint64_t row_sum = 0;
        for (size_t column = part.left / size; column * size < part.right; column++)
            row_sum += overlap(column, size, part.left, part.right) * bytes[column * 3];
        sum += row_sum * overlap(row, part.row_size, part.top, part.bottom);
    }
    return sum;
}

static void scale(const bitmap *from, size_t width, size_t height, float *out_numbers) {
    double whole = 255.0 * (double)from->width * (double)from->height;
    for (size_t colour = 0; colour < 3; colour++)
        for (size_t y = 0; y < height; y++)
            for (size_t x = 0; x < width; x++) {
                cover part = {x * from->width, (x + 1) * from->width, y * from->height,
                              (y + 1) * from->height, width, height};
                *out_numbers++ = (float)((double)sum_of(from, part, colour) / whole);
            }
}

bool mw_picture_fill(mw_str bytes, size_t width, size_t height, float *out_numbers) {
    bitmap picture = {NULL, 0, 0};
    bool is_png = mw_str_starts(bytes, MW_STR("\x89PNG"));
    bool is_good = is_png ? decode_png(bytes, &picture) : decode_jpeg(bytes, &picture);
    if (is_good) scale(&picture, width, height, out_numbers);
    mw_free(picture.bytes);
    return is_good;
}
