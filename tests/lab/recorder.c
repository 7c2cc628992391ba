/* Records what a process does to the files below TP_LAB_DIR, in order, into the file TP_LAB_LOG.
 *
 * Loaded below everything by LD_PRELOAD, so it sees what SQLite really asks of the kernel. Each record is
 * a header and the bytes written:  kind, path length (2), offset (8), length (4), path, data.
 *   c create   w write   t truncate (offset = size)   s sync of a file   d sync of a directory
 *   u unlink   r rename (data = new name)
 * The write-ahead log's index (-shm) is memory that no power cut keeps, and is left out.
 *
 * TP_LAB_FAIL_SYNC=n makes the n-th sync of a file fail once with EIO (1 is the first); with
 * TP_LAB_FAIL_FILE only files whose path ends so are counted.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 1024
static char names[FILES][256]; /* path below the folder; empty: not ours */
static int is_folder[FILES];
static char folder[PATH_MAX];
static size_t folder_length;
static int log_file = -1;
static int fail_sync;
static const char *fail_file = "";

__attribute__((constructor)) static void begin(void) {
    const char *log = getenv("TP_LAB_LOG"), *below = getenv("TP_LAB_DIR");
    if (!below || !realpath(below, folder)) return;
    folder_length = strlen(folder);
    if (log) log_file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (getenv("TP_LAB_FAIL_SYNC")) fail_sync = atoi(getenv("TP_LAB_FAIL_SYNC"));
    if (getenv("TP_LAB_FAIL_FILE")) fail_file = getenv("TP_LAB_FAIL_FILE");
}

/* The part of path below the folder, "." for the folder itself, NULL when it is elsewhere. */
static const char *below(const char *path) {
    if (!folder_length || strncmp(path, folder, folder_length)) return NULL;
    path += folder_length;
    if (!*path) return ".";
    if (*path != '/' || strlen(path) > 250) return NULL;
    size_t length = strlen(path);
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    if (length > 5 && !strcmp(path + length - 5, ".lock")) return NULL;
    return path + 1;
}

static void note(char kind, const char *path, uint64_t offset, const void *data, uint32_t length) {
    if (log_file < 0) return;
    unsigned char head[15];
    uint16_t path_length = strlen(path);
    head[0] = kind;
    memcpy(head + 1, &path_length, 2);
    memcpy(head + 3, &offset, 8);
    memcpy(head + 11, &length, 4);
    struct iovec parts[3] = {{head, 15}, {(void *)path, path_length}, {(void *)data, length}};
    if (syscall(SYS_writev, log_file, parts, 3) != 15 + path_length + (long)length) abort();
}

static int ours(int fd) { return fd >= 0 && fd < FILES && names[fd][0]; }

static int opened(int fd, const char *path, int flags, int existed) {
    const char *name = below(path);
    if (fd < 0 || fd >= FILES) return fd;
    names[fd][0] = 0;
    if (!name) return fd;
    struct stat about;
    if (fstat(fd, &about)) return fd;
    is_folder[fd] = S_ISDIR(about.st_mode);
    strcpy(names[fd], name);
    if (!existed) note('c', name, 0, "", 0);
    else if (flags & O_TRUNC) note('t', name, 0, "", 0);
    return fd;
}

#define OPEN(name)                                                                  \
    int name(const char *path, int flags, ...) {                                    \
        va_list rest;                                                               \
        va_start(rest, flags);                                                      \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;     \
        va_end(rest);                                                               \
        int existed = !(flags & O_CREAT) || !syscall(SYS_faccessat, AT_FDCWD, path, F_OK); \
        return opened(syscall(SYS_openat, AT_FDCWD, path, flags, mode), path, flags, existed); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                \
    int name(int at, const char *path, int flags, ...) {                            \
        va_list rest;                                                               \
        va_start(rest, flags);                                                      \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;     \
        va_end(rest);                                                               \
        int existed = !(flags & O_CREAT) || !syscall(SYS_faccessat, at, path, F_OK); \
        return opened(syscall(SYS_openat, at, path, flags, mode), path, flags, existed); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    if (ours(fd)) names[fd][0] = 0;
    return syscall(SYS_close, fd);
}

ssize_t write(int fd, const void *data, size_t length) {
    uint64_t at = ours(fd) ? (uint64_t)lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = syscall(SYS_write, fd, data, length);
    if (ours(fd) && done > 0) note('w', names[fd], at, data, done);
    return done;
}

#define PWRITE(name, offset_type)                                                   \
    ssize_t name(int fd, const void *data, size_t length, offset_type at) {         \
        ssize_t done = syscall(SYS_pwrite64, fd, data, length, at);                 \
        if (ours(fd) && done > 0) note('w', names[fd], at, data, done);             \
        return done;                                                                \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, size_type)                                                   \
    int name(int fd, size_type size) {                                              \
        int failed = syscall(SYS_ftruncate, fd, size);                              \
        if (ours(fd) && !failed) note('t', names[fd], size, "", 0);                 \
        return failed;                                                              \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

static int synced(int fd, int failed) {
    if (!ours(fd)) return failed;
    size_t length = strlen(names[fd]), wanted = strlen(fail_file);
    int counts = !is_folder[fd] && length >= wanted && !strcmp(names[fd] + length - wanted, fail_file);
    if (counts && fail_sync && !--fail_sync) {
        errno = EIO;
        return -1;
    }
    if (!failed) note(is_folder[fd] ? 'd' : 's', names[fd], 0, "", 0);
    return failed;
}
int fsync(int fd) { return synced(fd, syscall(SYS_fsync, fd)); }
int fdatasync(int fd) { return synced(fd, syscall(SYS_fdatasync, fd)); }

int unlink(const char *path) {
    int failed = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
    if (!failed && below(path)) note('u', below(path), 0, "", 0);
    return failed;
}

int rename(const char *old, const char *new) {
    int failed = syscall(SYS_renameat, AT_FDCWD, old, AT_FDCWD, new);
    if (!failed && below(old) && below(new)) note('r', below(old), 0, below(new), strlen(below(new)));
    return failed;
}
