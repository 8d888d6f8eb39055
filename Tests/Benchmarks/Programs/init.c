/* The first process of a benchmark guest, the same for every kernel: measures row after row, each in a process of its own.
 *
 * It takes no more of a kernel than it must: what a kernel cannot do is a row that fails.
 *
 * It reads from its environment, where the kernel puts what it does not know of its command line:
 *   rows=NAME,NAME...   the rows to measure: names, or what stands before a name's dot; all if there is none
 *   skip=NAME,NAME...   rows not to measure, in the same way
 *   round=TICKS         about how long a round of a row takes
 * and prints:
 *   bench: begin NAME
 *   bench: NAME operations=N ticks=T overhead=O nanoseconds=D most=M    the fastest of the rounds, and the slowest
 *   bench: value NAME N                                                 a figure that is no operation
 *   bench: fail NAME WHY
 *   bench: done */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/* A row that waits for ever is ended by an alarm, where the kernel has them; the one who boots this has a time limit too. */
#define ROW_SECONDS 60

/* What the process itself measures: the loop with nothing in it, which costs what the others' loops do. */
static void run_empty(long count)
{
    for (long i = 0; i < count; i++)
        __asm__ volatile("" : : : "memory");
}

static const struct benchmark own_benchmarks[] = {
    {.name = "calibration.loop", .run = run_empty},
    {0},
};

static const struct benchmark *const families[] = {
    own_benchmarks,    call_benchmarks,   file_benchmarks, memory_benchmarks, signal_benchmarks,
    message_benchmarks, process_benchmarks, wait_benchmarks,
};

/* Whether a list of names with commas has `name`, or what stands before its dot. */
static int has(const char *list, const char *name)
{
    size_t family = strcspn(name, "."), length = strlen(name);
    for (const char *item = list; *item;) {
        size_t count = strcspn(item, ",");
        if ((count == length || count == family) && strncmp(item, name, count) == 0)
            return 1;
        item += count + (item[count] == ',');
    }
    return 0;
}

static int is_wanted(const char *name)
{
    const char *rows = getenv("rows"), *skip = getenv("skip");
    return (!rows || has(rows, name)) && !(skip && has(skip, name));
}

/* Gives the process files and devices. What is already there, or cannot be had, is left as it is. */
static void furnish(void)
{
    mkdir("/dev", 0755);
    mount("devtmpfs", "/dev", "devtmpfs", 0, 0);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, 0);
    mkdir("/tmp", 0755);
    mount("tmpfs", "/tmp", "tmpfs", 0, 0);
    mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3));
    mknod("/dev/zero", S_IFCHR | 0666, makedev(1, 5));
    mknod("/dev/console", S_IFCHR | 0600, makedev(5, 1));
    if (fcntl(STDOUT_FILENO, F_GETFD) >= 0)
        return;
    int console = open("/dev/console", O_RDWR);
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        dup2(console, descriptor);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Compares the counter with the kernel's clock for a fiftieth of a second. A clock that stands still is no reason to stop. */
static void calibrate(void)
{
    uint64_t start = nanoseconds(), start_ticks = ticks(), end;
    do
        end = nanoseconds();
    while (end - start < 20000000 && ticks() - start_ticks < 1000000000);
    ticks_per_second = end - start < 20000000 ? 1000000000 : (double)(ticks() - start_ticks) * 1e9 / (double)(end - start);
}

static void run(const struct benchmark *benchmark, uint64_t round_ticks)
{
    row_name = benchmark->name;
    say("bench: begin %s", row_name);
    /* What was said is to be sent before the measuring, not during it. */
    tcdrain(STDOUT_FILENO);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        alarm(ROW_SECONDS);
        measure(benchmark, round_ticks);
        exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child)
        say("bench: fail %s no process: %s", row_name, strerror(errno));
    else if (WIFSIGNALED(status))
        say("bench: fail %s ended by signal %d", row_name, WTERMSIG(status));
    /* Partners of the row, which wait for nobody now. */
    kill(-child, SIGKILL);
    while (waitpid(-1, 0, WNOHANG) > 0)
        ;
}

/* A figure in /proc/meminfo, in KiB, or -1. */
static long memory_figure(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "r");
    char line[128];
    long value = -1;
    while (file && value < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), ": %ld", &value);
    if (file)
        fclose(file);
    return value;
}

static void say_memory(void)
{
    if (!is_wanted("memory.idle"))
        return;
    long free_memory = memory_figure("MemFree"), available = memory_figure("MemAvailable");
    struct sysinfo information;
    if (free_memory < 0 && sysinfo(&information) == 0)
        free_memory = (long)(information.freeram * information.mem_unit / 1024);
    if (free_memory >= 0)
        say("bench: value memory.free-KiB %ld", free_memory);
    if (available >= 0)
        say("bench: value memory.available-KiB %ld", available);
}

int main(void)
{
    uint64_t booted = ticks();
    furnish();
    say_memory();
    calibrate();
    /* The counter started with the machine. */
    if (is_wanted("boot.to-init"))
        say("bench: boot.to-init operations=1 ticks=%lu overhead=0 nanoseconds=%.0f", (unsigned long)booted,
            (double)booted * 1e9 / (double)ticks_per_second);
    const char *round = getenv("round");
    uint64_t round_ticks = round ? strtoull(round, 0, 10) : 4000000;
    for (size_t family = 0; family < sizeof families / sizeof families[0]; family++)
        for (const struct benchmark *each = families[family]; each->name; each++)
            if (is_wanted(each->name))
                run(each, round_ticks);
    say("bench: done");
    tcdrain(STDOUT_FILENO);
    if (getpid() == 1)
        reboot(RB_POWER_OFF);
    for (; getpid() == 1;)
        pause();
}
