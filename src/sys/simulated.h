/*
 * simulated: a mw_sys in memory for tests and simulations, the same for the same seed.
 *
 * It has a disk, a clock that moves only when told to, seeded entropy, an environment of its
 * own and, if wanted, a terminal that keeps what it was shown. Its disk can fill up, any of its
 * calls can fail, its process can be killed and its power can be lost. Processes, libraries and
 * sockets it has not: those say MW_UNAVAILABLE. mw_parallel runs in the caller's thread.
 *
 * The handle may be shared by threads, like a real one; these knobs too.
 */
#pragma once
#include "sys/sys.h"

typedef struct {
    uint64_t seed;
    int64_t now_us;        /* where the wall clock starts; the monotonic one starts at 0 */
    uint64_t disk_size_max; /* bytes in all files; 0: as good as endless */
} mw_simulated_config;

MW_MUST_USE mw_status mw_simulated_create(mw_simulated_config config, mw_sys **out_sys,
                                          mw_error *err);
void mw_simulated_destroy(mw_sys *sys); /* all its files must be closed; NULL is allowed */

/* Moves both clocks; the monotonic one does not follow back. */
void mw_simulated_set_now(mw_sys *sys, int64_t now_us);
void mw_simulated_advance(mw_sys *sys, int64_t span_us);

/* The calls on files and folders that were made so far. */
uint64_t mw_simulated_call_count(mw_sys *sys);
/* After `after` more such calls, the `count` next (UINT64_MAX: all) fail with MW_IO. A write
   that fails so leaves some of its bytes behind. (0, 0) ends it. */
void mw_simulated_fail(mw_sys *sys, uint64_t after, uint64_t count);
/* The medium goes bad under a file: what is read of it from that offset on fails with MW_IO, until
   another file stands in its place. */
MW_MUST_USE mw_status mw_simulated_spoil(mw_sys *sys, const char *path, uint64_t offset,
                                         mw_error *err);
void mw_simulated_set_disk_size_max(mw_sys *sys, uint64_t size_max);
uint64_t mw_simulated_disk_size(mw_sys *sys); /* bytes in all files */

/* The process dies and another begins: open files and locks are gone (calls on such a file
   fail; it still wants closing), what was written stays, since the kernel has it. */
void mw_simulated_kill(mw_sys *sys);
/* The machine dies: besides, all that was not synced is gone. */
void mw_simulated_lose_power(mw_sys *sys);
/* Likewise, but by chance some of it is there: as real disks do it. */
void mw_simulated_lose_power_partly(mw_sys *sys);

/* NULL as value unsets. */
MW_MUST_USE mw_status mw_simulated_set_environment(mw_sys *sys, const char *name,
                                                   const char *value, mw_error *err);
void mw_simulated_set_terminal(mw_sys *sys, size_t width); /* 0, as at the start: none */
mw_str mw_simulated_shown(mw_sys *sys); /* on standard error; valid until more is shown */
