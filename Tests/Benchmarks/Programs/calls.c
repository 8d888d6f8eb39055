/* Calls that do next to nothing: what they cost is entering and leaving the kernel. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static int zero, null;

static void open_devices(void)
{
    zero = need(open("/dev/zero", O_RDONLY), "open /dev/zero");
    null = need(open("/dev/null", O_WRONLY), "open /dev/null");
}

static void run_null(long count)
{
    for (long i = 0; i < count; i++)
        syscall(SYS_getppid);
}

static void run_clock(long count)
{
    struct timespec now;
    for (long i = 0; i < count; i++)
        clock_gettime(CLOCK_MONOTONIC, &now);
}

static void run_clock_call(long count)
{
    struct timespec now;
    for (long i = 0; i < count; i++)
        syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
}

static void run_read(long count)
{
    char byte;
    for (long i = 0; i < count; i++)
        need(read(zero, &byte, 1), "read");
}

static void run_write(long count)
{
    char byte = 0;
    for (long i = 0; i < count; i++)
        need(write(null, &byte, 1), "write");
}

static void run_yield(long count)
{
    for (long i = 0; i < count; i++)
        sched_yield();
}

const struct benchmark call_benchmarks[] = {
    {.name = "call.null", .run = run_null},
    {.name = "call.yield", .run = run_yield},
    {.name = "call.read-byte", .prepare = open_devices, .run = run_read},
    {.name = "call.write-byte", .prepare = open_devices, .run = run_write},
    {.name = "clock.vdso", .run = run_clock},
    {.name = "clock.call", .run = run_clock_call},
    {0},
};
