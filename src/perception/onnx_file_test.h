/* ONNX files of one operation, for tests: x, floats of some dimensions, to y. */
#pragma once
#include "base/str.h"

static void onnx_number(mw_buf *out, int field, uint64_t value) {
    mw_buf_append_char(out, (char)(field << 3));
    for (; value >= 128; value >>= 7) mw_buf_append_char(out, (char)(value | 128));
    mw_buf_append_char(out, (char)value);
}

static void onnx_part(mw_buf *out, int field, mw_str bytes) {
    size_t size = bytes.size;
    mw_buf_append_char(out, (char)(field << 3 | 2));
    for (; size >= 128; size >>= 7) mw_buf_append_char(out, (char)(size | 128));
    mw_buf_append_char(out, (char)size);
    mw_buf_append_str(out, bytes);
}

/* Puts `part` into `out` as a field, and releases it. */
static void onnx_nest(mw_buf *out, int field, mw_buf *part) {
    onnx_part(out, field, mw_buf_str(part));
    mw_buf_release(part);
}

static mw_buf onnx_buf(void) {
    mw_buf buf;
    mw_buf_init(&buf, 1 << 16);
    return buf;
}

/* A value: its name, that it is of `element` (1: float), and its dimensions, 0 for any. */
static void onnx_value(mw_buf *graph, int field, const char *name, int element,
                       const char *dimensions) {
    mw_buf shape = onnx_buf(), tensor = onnx_buf(), type = onnx_buf(), value = onnx_buf();
    for (const char *d = dimensions; *d; d++) {
        mw_buf dimension = onnx_buf();
        if (*d == '0') onnx_part(&dimension, 2, MW_STR("n"));
        else onnx_number(&dimension, 1, (uint64_t)(*d - '0'));
        onnx_nest(&shape, 1, &dimension);
    }
    onnx_number(&tensor, 1, (uint64_t)element);
    onnx_nest(&tensor, 2, &shape);
    onnx_nest(&type, 1, &tensor);
    onnx_part(&value, 1, mw_str_of(name));
    onnx_nest(&value, 2, &type);
    onnx_nest(graph, field, &value);
}

/* The file; each digit of `dimensions` is one of x's. */
static mw_buf onnx_file(const char *operation, int element, const char *dimensions) {
    mw_buf node = onnx_buf(), graph = onnx_buf(), opset = onnx_buf(), file = onnx_buf();
    onnx_part(&node, 1, MW_STR("x"));
    onnx_part(&node, 2, MW_STR("y"));
    onnx_part(&node, 4, mw_str_of(operation));
    onnx_nest(&graph, 1, &node);
    onnx_part(&graph, 2, MW_STR("g"));
    onnx_value(&graph, 11, "x", element, dimensions);
    onnx_value(&graph, 12, "y", element, dimensions);
    onnx_number(&opset, 2, 13);
    onnx_number(&file, 1, 8);
    onnx_nest(&file, 7, &graph);
    onnx_nest(&file, 8, &opset);
    return file;
}
