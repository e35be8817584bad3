/* A disk whose every sync takes SLOW_DISK_US microseconds more; it counts them. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

typedef int (*sync_call)(int);

static atomic_long syncs, nanoseconds;

static long now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000L + at.tv_nsec;
}

static long delay_us(void) {
    const char *given = getenv("SLOW_DISK_US");
    return given ? atol(given) : 0;
}

static int slowly(const char *name, int file) {
    long began = now(), delay = delay_us();
    sync_call real = (sync_call)dlsym(RTLD_NEXT, name);
    int result = real(file), error = errno;
    if (delay > 0) {
        struct timespec pause = {delay / 1000000, delay % 1000000 * 1000};
        while (nanosleep(&pause, &pause) != 0 && errno == EINTR) {
        }
    }
    atomic_fetch_add(&syncs, 1);
    atomic_fetch_add(&nanoseconds, now() - began);
    errno = error;
    return result;
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
long slow_disk_syncs(void) { return atomic_load(&syncs); }
long slow_disk_nanoseconds(void) { return atomic_load(&nanoseconds); }
