/* Makes every fdatasync and fsync take SYNC_US microseconds longer, as on a memory card: this machine's disk
   answers in a tenth of what the figures of the design were measured with. For LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_as_a_card_would(void)
{
    static long nanoseconds = -1;
    if (nanoseconds < 0) {
        const char *text = getenv("SYNC_US");
        nanoseconds = text ? atol(text) * 1000 : 0;
    }
    struct timespec pause = {0, nanoseconds};
    nanosleep(&pause, 0);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_as_a_card_would();
    return real(fd);
}

int fsync(int fd)
{
    static int (*real)(int);
    if (!real)
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_as_a_card_would();
    return real(fd);
}
