#include "ingest/log_digest.h"

#include <string.h>

mw_log_digest mw_log_digest_of_lake(const mw_lake_snapshot *lake) {
    mw_log_digest digest;
    memcpy(digest.hex, lake->log_digest, sizeof digest.hex);
    return digest;
}

void mw_log_digest_add(mw_log_digest *digest, const unsigned char meaning[MW_SHA256_SIZE],
                       const mw_record *record) {
    mw_sha256 sha;
    MW_ASSERT(record->type == MW_RECORD_EVENT);
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, mw_str_of(digest->hex));
    mw_sha256_add(&sha, meaning, MW_SHA256_SIZE);
    mw_sha256_add_u64(&sha, (uint64_t)record->time);
    mw_sha256_add_u64(&sha, (uint64_t)record->known);
    mw_sha256_add_u64(&sha, (uint64_t)record->place);
    mw_sha256_add_str(&sha, record->payload);
    mw_sha256_hex(&sha, digest->hex);
}

void mw_data_version(const mw_lake_snapshot *lake, const mw_log_digest *digest,
                     char out_version[MW_SHA256_HEX_SIZE + 1]) {
    mw_sha256 sha;
    if (!digest->hex[0]) {
        memcpy(out_version, lake->version, sizeof lake->version);
        return;
    }
    mw_sha256_init(&sha);
    mw_sha256_add_str(&sha, mw_str_of(lake->version));
    mw_sha256_add_str(&sha, mw_str_of(digest->hex));
    mw_sha256_hex(&sha, out_version);
}
