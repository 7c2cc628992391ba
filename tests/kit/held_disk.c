/* A disk that does not answer: fdatasync and fsync wait for as long as the file named by HELD_DISK exists.
   If that file holds the end of a path, only syncs of such a file wait.
   Whoever waits leaves a file of the same name with ".waiting" at its end. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_meant(const char *held, int fd)
{
    char wanted[NAME_MAX], link[64], path[PATH_MAX];
    int mark = open(held, O_RDONLY | O_CLOEXEC);
    if (mark < 0)
        return 0;
    ssize_t length = read(mark, wanted, sizeof wanted);
    close(mark);
    if (length <= 0)
        return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t whole = readlink(link, path, sizeof path);
    return whole >= length && !memcmp(path + whole - length, wanted, (size_t)length);
}

static void wait_while_held(int fd)
{
    const char *held = getenv("HELD_DISK");
    const struct timespec pause = {0, 5000000};
    char waiting[PATH_MAX];
    if (!held || access(held, F_OK) || !is_meant(held, fd))
        return;
    snprintf(waiting, sizeof waiting, "%s.waiting", held);
    int told = open(waiting, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (told >= 0)
        close(told);
    while (!access(held, F_OK))
        nanosleep(&pause, NULL);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_while_held(fd);
    return real(fd);
}

int fsync(int fd)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_while_held(fd);
    return real(fd);
}
