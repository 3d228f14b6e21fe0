#include "cli/served_project.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

#define MARK "# As millwright serve "
#define TIME "took it up at "
#define SEAL "; SHA-256 of all before: "

enum { TAIL_SIZE_MAX = 256, FILE_SIZE_MAX = MW_YAML_SIZE_MAX + TAIL_SIZE_MAX };

static void seal(mw_str bytes, char out_hex[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    mw_sha256_init(&sha);
    mw_sha256_add(&sha, bytes.data, bytes.size);
    mw_sha256_hex(&sha, out_hex);
}

void mw_serve_word_draw(mw_sys *sys, char out_word[MW_SERVE_WORD_SIZE_MAX + 1]) {
    uint64_t drawn;
    mw_sys_entropy(sys, &drawn, sizeof drawn);
    snprintf(out_word, MW_SERVE_WORD_SIZE_MAX + 1, "%016llx", (unsigned long long)drawn);
}

bool mw_serve_word_is_good(mw_str word) {
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9')) return false;
    }
    return word.size > 0 && word.size <= MW_SERVE_WORD_SIZE_MAX;
}

mw_status mw_served_project_write(mw_sys *sys, const char *path, const mw_served_project *project,
                                  mw_error *err) {
    char hex[MW_SHA256_HEX_SIZE + 1];
    MW_ASSERT(mw_serve_word_is_good(project->serve));
    mw_buf out;
    mw_buf_init(&out, FILE_SIZE_MAX);
    mw_buf_append_str(&out, project->bytes);
    mw_buf_printf(&out, "\n" MARK "%.*s " TIME, MW_STR_ARGS(project->serve));
    mw_time_append(&out, project->accepted_us);
    mw_buf_append_text(&out, SEAL);
    seal(mw_buf_str(&out), hex);
    mw_buf_printf(&out, "%s\n", hex);
    mw_status status = mw_buf_check(&out, MW_SERVED_FILE, err);
    if (status == MW_OK) status = mw_sys_write_file(sys, path, mw_buf_str(&out), err);
    mw_buf_release(&out);
    return status;
}

/* A view of `file`. False: it is not as it was written. */
static bool parse(mw_str file, mw_served_project *out_project) {
    char hex[MW_SHA256_HEX_SIZE + 1];
    bool has_zone;
    if (file.size <= MW_SHA256_HEX_SIZE) return false;
    mw_str sealed = mw_str_slice(file, 0, file.size - MW_SHA256_HEX_SIZE - 1);
    mw_str written = mw_str_slice(file, sealed.size, file.size - 1);
    seal(sealed, hex);
    if (!mw_str_is(written, hex) || !mw_str_ends(file, MW_STR("\n"))) return false;
    const char *end = memrchr(sealed.data, '\n', sealed.size);
    if (!end) return false;
    size_t size = (size_t)(end - sealed.data);
    mw_str line = mw_str_slice(sealed, size + 1, sealed.size);
    if (!mw_str_starts(line, MW_STR(MARK)) || !mw_str_ends(line, MW_STR(SEAL))) return false;
    mw_str rest = mw_str_slice(line, sizeof MARK - 1, line.size - (sizeof SEAL - 1)), serve;
    if (!mw_str_split(&rest, ' ', &serve) || !mw_str_starts(rest, MW_STR(TIME))) return false;
    if (!mw_serve_word_is_good(serve)) return false;
    mw_str time = mw_str_slice(rest, sizeof TIME - 1, rest.size);
    out_project->bytes = mw_str_slice(sealed, 0, size);
    out_project->serve = serve;
    return mw_time_parse(time, &out_project->accepted_us, &has_zone);
}

mw_status mw_served_project_read(mw_sys *sys, const char *path, mw_arena *arena,
                                 mw_served_project *out_project, mw_error *err) {
    mw_served_project project;
    mw_file_info info;
    mw_buf file;
    MW_TRY(mw_sys_info(sys, path, &info, err));
    if (info.is_folder || info.is_special)
        return mw_fail(err, MW_CORRUPT, "%s: is no file", path);
    mw_buf_init(&file, FILE_SIZE_MAX);
    mw_status status = mw_sys_read_file(sys, path, &file, err);
    if (status == MW_TOO_LARGE || (status == MW_OK && !parse(mw_buf_str(&file), &project)))
        status = mw_fail(err, MW_CORRUPT, "%s: is not as it was written", path);
    if (status == MW_OK) {
        project.bytes = mw_str_copy(arena, project.bytes);
        project.serve = mw_str_copy(arena, project.serve);
    }
    mw_buf_release(&file);
    MW_TRY(status);
    if (!project.bytes.data || !project.serve.data)
        return mw_fail(err, MW_NO_MEMORY, "%s: no memory", path);
    *out_project = project;
    return MW_OK;
}
