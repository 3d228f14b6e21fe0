/*
 * stamped_read: bytes of a TCP connection with the time at which the machine received them.
 *
 * Between the kernel and a busy process a request may wait for long, unseen by the process. The
 * kernel's stamp (SO_TIMESTAMPNS) tells for how long, at no extra call to the system. Only
 * `sys` itself includes this.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Connections that the listener accepts from now on have stamps, once the kernel has begun to take
   them: the first ones of a machine may lack them. */
void mw_stamped_listen(int listener);
/* As recv; `*out_arrival_us` is when the last of these bytes came, in us since 1970 UTC by the
   wall clock, and unchanged where the kernel does not tell. */
ssize_t mw_stamped_read(int descriptor, void *bytes, size_t size, int64_t *out_arrival_us);
