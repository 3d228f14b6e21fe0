#include "perception/perception.h"

#include <string.h>

#include "base/base64.h"
#include "base/hash.h"
#include "perception/network.h"
#include "perception/picture.h"

enum { PICTURE_BYTES_MAX = 1 << 26, ARENA_SIZE_MAX = 1 << 20 };

struct mw_perceived_network {
    mw_str file;
    mw_sense_input input;
    mw_network *network;
    char sha256[MW_SHA256_HEX_SIZE + 1];
};

static mw_perceived_network *find(const mw_perception *it, mw_str file, mw_sense_input input) {
    for (size_t i = 0; i < it->network_count; i++) {
        const mw_sense_input *other = &it->networks[i]->input;
        if (mw_str_equal(it->networks[i]->file, file) && other->channels == input.channels &&
            other->height == input.height && other->width == input.width)
            return it->networks[i];
    }
    return NULL;
}

static mw_status read_network(mw_perception *it, mw_perceived_network *made, mw_error *err) {
    mw_buf bytes;
    mw_sha256 sha;
    const char *path = mw_path_join(&it->arena, it->folder, made->file.data);
    if (!path) return mw_fail(err, MW_NO_MEMORY, "no memory for a network's name");
    mw_network_input input = {made->input.channels, made->input.height, made->input.width};
    mw_buf_init(&bytes, MW_NETWORK_SIZE_MAX);
    mw_status status = mw_sys_read_file(it->sys, path, &bytes, err);
    if (status == MW_OK) {
        mw_sha256_init(&sha);
        mw_sha256_add(&sha, bytes.data, bytes.size);
        mw_sha256_hex(&sha, made->sha256);
        status = mw_network_open(it->sys, mw_buf_str(&bytes), input, &made->network, err);
    }
    mw_buf_release(&bytes);
    return status;
}

static mw_status open_network(void *context, mw_str file, mw_sense_input input,
                              mw_sense_network *out_network, mw_error *err) {
    mw_perception *it = context;
    mw_perceived_network *found = find(it, file, input);
    if (!found) {
        if (it->network_count == MW_NETWORKS_MAX)
            return mw_fail(err, MW_TOO_LARGE, "a project has at most %d networks",
                           MW_NETWORKS_MAX);
        found = mw_arena_alloc(&it->arena, 1, sizeof *found);
        mw_str name = mw_str_copy(&it->arena, file);
        if (!found || !name.data) return mw_fail(err, MW_NO_MEMORY, "no memory for a network");
        *found = (mw_perceived_network){.file = name, .input = input};
        MW_TRY(read_network(it, found, err));
        it->networks[it->network_count++] = found;
    }
    *out_network = (mw_sense_network){.handle = found->network,
                                      .width = mw_network_width(found->network),
                                      .sha256 = mw_str_of(found->sha256)};
    return MW_OK;
}

static bool run_network(const void *handle, const float *input, float *output) {
    return mw_network_run(handle, input, output);
}

static bool see(mw_str text, size_t width, size_t height, float *output) {
    mw_buf bytes;
    mw_buf_init(&bytes, PICTURE_BYTES_MAX);
    bool is_seen = mw_base64_decode(text, &bytes) && bytes.size > 0 &&
                   mw_picture_fill(mw_buf_str(&bytes), width, height, output);
    mw_buf_release(&bytes);
    return is_seen;
}

void mw_perception_init(mw_perception *perception, mw_sys *sys, const char *folder) {
    *perception = (mw_perception){
        .sys = sys, .folder = folder, .senses = {perception, open_network, run_network, see}};
    mw_arena_init(&perception->arena, ARENA_SIZE_MAX);
}

void mw_perception_release(mw_perception *perception) {
    for (size_t i = 0; i < perception->network_count; i++)
        mw_network_close(perception->networks[i]->network);
    perception->network_count = 0;
    mw_arena_release(&perception->arena);
}
