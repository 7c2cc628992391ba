/* A disk that does not answer: fdatasync and fsync wait for as long as the file named by HELD_DISK exists.
   Whoever waits leaves a file of the same name with ".waiting" at its end. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_while_held(void)
{
    const char *held = getenv("HELD_DISK");
    const struct timespec pause = {0, 5000000};
    char waiting[PATH_MAX];
    if (!held || access(held, F_OK))
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
    wait_while_held();
    return real(fd);
}

int fsync(int fd)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_while_held();
    return real(fd);
}
