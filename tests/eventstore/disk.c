/* Stands between a process and its disk, by LD_PRELOAD: counts flushes, fills the disk, pulls the plug.

   FMN_FULL=path            while a file is there, writes to the log fail for want of space
   FMN_PULL=write:12        the process dies in the middle of its 12th write to the write-ahead log,
   FMN_PULL=before-sync:12  before its 12th flush, or
   FMN_PULL=after-sync:12   right after it                                                            */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long flushes, writes;

long fmn_flushes(void) { return flushes; }

static int is(int file, const char *ending) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    size_t wanted = strlen(ending);
    if (length < (ssize_t)wanted) return 0;
    path[length] = 0;
    return strcmp(path + length - wanted, ending) == 0;
}

static int now(const char *moment, long count) {
    const char *pull = getenv("FMN_PULL");
    size_t length = strlen(moment);
    return pull && strncmp(pull, moment, length) == 0 && pull[length] == ':' && atol(pull + length + 1) == count;
}

static void die(const char *moment) {
    (void)!write(2, moment, strlen(moment));
    raise(SIGKILL);
}

static int flush(int (*real)(int), int file) {
    if (!is(file, "log.db-wal")) return real(file);
    if (now("before-sync", flushes + 1)) die("before-sync");
    int result = real(file);
    flushes++;
    if (now("after-sync", flushes)) die("after-sync");
    return result;
}

int fsync(int file) { return flush((int (*)(int))dlsym(RTLD_NEXT, "fsync"), file); }

int fdatasync(int file) { return flush((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"), file); }

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
    ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
    int is_wal = is(file, "log.db-wal");
    const char *full = getenv("FMN_FULL");
    if (full && (is_wal || is(file, "log.db")) && access(full, F_OK) == 0) {
        errno = ENOSPC;
        return -1;
    }
    if (is_wal && now("write", ++writes)) {
        real(file, data, size / 2, offset);
        die("write");
    }
    return real(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) { return pwrite64(file, data, size, offset); }
