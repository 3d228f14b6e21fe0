/*
 * picture_file: a picture as a row: its name, its bytes, and what stands in the file beside it.
 *
 * A stream that reads pictures has a row for each file: `file` is its name, `image` its bytes in
 * base64 (what `pixels` takes, and requests carry), and the keys of the JSON object in the file of
 * the same name that ends in .json, if there is one, are columns too: when it was taken, of what.
 */
#pragma once
#include "ingest/data_file.h"

enum { MW_PICTURE_FILE_SIZE_MAX = 1 << 24 };

bool mw_is_picture_file(const char *path); /* .jpg, .jpeg or .png */
/* Appends the row as a line of JSON (json_lines.h). MW_INVALID: what the files must be,
   without their names. */
MW_MUST_USE mw_status mw_picture_file_append(mw_sys *sys, const char *path, mw_buf *out_line,
                                             mw_error *err);
