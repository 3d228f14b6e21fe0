/*
 * bundle: one exported model: a version, and what its project declares for it, in one file.
 *
 * A version carries the text of its project file, which only `project` can read. A bundle adds the
 * declarations that came of it (lang/declaration_format.h), so that whoever has no reader of
 * project files compiles the same program. The version's own bytes are kept as they are: they give
 * its name.
 *
 *     seal "MWMF", format 2: u64 size and the declarations | u64 size and the version
 */
#pragma once
#include "lang/declaration_format.h"
#include "model/version.h"

enum { MW_BUNDLE_MAGIC = 0x464d574d /* MWMF */, MW_BUNDLE_FORMAT = 2 };

typedef struct {
    mw_declarations declarations; /* of one model, with its zone */
    const mw_version *version;
    char name[MW_VERSION_NAME_SIZE + 1];
} mw_bundle;

/* `model` is the index in the declarations of the version's model. */
MW_MUST_USE mw_status mw_bundle_encode(const mw_declarations *declarations, size_t model,
                                       mw_str version, mw_buf *out, mw_error *err);
/* Whether C tells the classes apart: its texts end at the first NUL. */
bool mw_bundle_names_are_plain(mw_values classes);
/* Everything lives in the arena. MW_NEWER_FORMAT, MW_CORRUPT, MW_NO_MEMORY. */
MW_MUST_USE mw_status mw_bundle_decode(mw_arena *arena, mw_str bytes, mw_bundle *out_bundle,
                                       mw_error *err);
