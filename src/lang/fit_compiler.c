#include "lang/fit_compiler.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    double usual, max; /* of a whole number behind the value; usual 0: it must stand there */
    bool has_number;
} kinds[] = {[MW_FIT_IMPUTE] = {"impute", 0, 0, false},
             [MW_FIT_SCALE] = {"scale", 0, 0, false},
             [MW_FIT_RANK] = {"rank_bucket", 0, MW_FIT_BUCKETS_MAX, true},
             [MW_FIT_TARGET] = {"target_encode", 10, MW_FIT_WEIGHT_MAX, true},
             [MW_FIT_TF_IDF] = {"tf_idf", 0, 0, false},
             [MW_FIT_PCA] = {"pca", 0, MW_FIT_PCA_WIDTH_MAX, true}};
enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

static size_t find_kind(mw_str name) {
    size_t kind = 0;
    while (kind < KIND_COUNT && !mw_str_is(name, kinds[kind].name)) kind++;
    return kind;
}

bool mw_fit_is_named(mw_str function) {
    return find_kind(function) < KIND_COUNT;
}

static bool is_joint(const mw_fit *fit) {
    return fit->kind == MW_FIT_TF_IDF || fit->kind == MW_FIT_PCA;
}

bool mw_fits_are_joint(const mw_fits *fits) {
    for (size_t i = 0; i < fits->count; i++)
        if (is_joint(&fits->items[i])) return true;
    return false;
}

static bool read_fit(mw_compiler *compiler, const mw_node *node, mw_fit *out_fit) {
    size_t kind = find_kind(node->text);
    double parameter = kinds[kind].usual, max = kinds[kind].max;
    size_t least = kinds[kind].has_number && parameter == 0 ? 2 : 1;
    size_t most = kinds[kind].has_number ? 2 : 1;
    bool is_good = node->arg_count >= least && node->arg_count <= most;
    if (is_good && node->arg_count == 2) {
        const mw_node *number = node->args[1];
        parameter = number->kind == MW_NODE_NUMBER ? number->number : 0;
        is_good = parameter >= 1 && parameter <= max && floor(parameter) == parameter;
    }
    *out_fit = (mw_fit){(mw_fit_kind)kind, parameter};
    if (is_good) return true;
    if (kinds[kind].has_number)
        mw_complain(compiler, node->position, MW_INVALID,
                    "%s takes a value and a whole number from 1 to %.0f", kinds[kind].name, max);
    else
        mw_complain(compiler, node->position, MW_INVALID, "%s takes one value, got %zu",
                    kinds[kind].name, node->arg_count);
    return false;
}

const mw_node *mw_read_fits(mw_compiler *compiler, const mw_node *node, mw_fits *out_fits) {
    mw_fits fits = {.count = 0};
    while (node && node->kind == MW_NODE_CALL && mw_fit_is_named(node->text)) {
        if (fits.count == MW_FITS_MAX) {
            mw_complain(compiler, node->position, MW_INVALID,
                        "at most %d fitted functions may stand around each other", MW_FITS_MAX);
            return NULL;
        }
        memmove(fits.items + 1, fits.items, fits.count * sizeof *fits.items);
        if (!read_fit(compiler, node, &fits.items[0])) return NULL;
        fits.count++;
        if (fits.items[0].kind == MW_FIT_TARGET && mw_fit_is_named(node->args[0]->text)) {
            mw_complain(compiler, node->args[0]->position, MW_INVALID,
                        "target_encode takes a text, which a fitted function does not give");
            return NULL;
        }
        node = node->args[0];
    }
    *out_fits = fits;
    return node;
}

/* pca and tf_idf are of whole vectors, and pca gives fewer numbers than there are places. */
static bool take_vector(mw_compiler *compiler, const mw_fits *fits, size_t width,
                        mw_position position) {
    bool has_pca = false;
    for (size_t i = 0; i < fits->count; i++) {
        const mw_fit *fit = &fits->items[i];
        const char *name = kinds[fit->kind].name;
        if (!is_joint(fit)) continue;
        if (width == 0) {
            mw_complain(compiler, position, MW_INVALID, "%s takes a vector", name);
            mw_complain_hint(compiler, "Such as %s", fit->kind == MW_FIT_PCA
                                                         ? "pca(vector(a, b, c), 2)."
                                                         : "tf_idf(ngrams(lower(text), 1, 1)).");
        } else if (has_pca) {
            mw_complain(compiler, position, MW_INVALID, "%s cannot stand around pca", name);
        } else if (fit->kind == MW_FIT_PCA && width > MW_FIT_PCA_WIDTH_MAX) {
            mw_complain(compiler, position, MW_INVALID,
                        "pca takes a vector of at most %d numbers, got %zu", MW_FIT_PCA_WIDTH_MAX,
                        width);
        } else if (fit->kind == MW_FIT_PCA && fit->parameter > (double)width) {
            mw_complain(compiler, position, MW_INVALID,
                        "pca gives at most as many numbers as it takes, %zu, got %.0f", width,
                        fit->parameter);
        } else {
            has_pca = fit->kind == MW_FIT_PCA;
            continue;
        }
        return false;
    }
    return true;
}

bool mw_fits_take(mw_compiler *compiler, const mw_fits *fits, mw_type type,
                  size_t width, mw_position position) {
    if (fits->count == 0) return true;
    if (!take_vector(compiler, fits, width, position)) return false;
    bool takes_text = fits->items[0].kind == MW_FIT_TARGET;
    if (takes_text ? mw_type_is_text(type) : type == MW_TYPE_NUMBER) return true;
    mw_complain(compiler, position, MW_INVALID, "%s takes a %s, got a %s",
                kinds[fits->items[0].kind].name, takes_text ? "text" : "number",
                mw_type_name(type));
    return false;
}

mw_str mw_fits_text(mw_compiler *compiler, const mw_fits *fits, mw_str within) {
    mw_str text = within;
    for (size_t i = 0; i < fits->count && text.data; i++) {
        const mw_fit *fit = &fits->items[i];
        text = kinds[fit->kind].has_number
                   ? mw_compiler_text(compiler, "%s(%.*s, %.0f)", kinds[fit->kind].name,
                                      MW_STR_ARGS(text), fit->parameter)
                   : mw_compiler_text(compiler, "%s(%.*s)", kinds[fit->kind].name,
                                      MW_STR_ARGS(text));
    }
    return text;
}
