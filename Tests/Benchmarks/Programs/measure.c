/* How a row is measured and printed. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

/* Of several rounds the fastest counts: what disturbs one is not the operation's. */
#define ROUNDS 5

uint64_t ticks_per_second;
const char *row_name = "none";

void say(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    if (length > (int)sizeof line - 2)
        length = sizeof line - 2;
    line[length++] = '\n';
    for (int done = 0; done < length;) {
        ssize_t count = write(STDOUT_FILENO, line + done, length - done);
        if (count <= 0)
            return;
        done += count;
    }
}

void fail(const char *what)
{
    say("bench: fail %s %s: %s", row_name, what, strerror(errno));
    _exit(1);
}

/* For who watches the machine from outside, such as a profiler: instructions that do nothing, before and after a round. */
#define MARK_START() __asm__ volatile("xchgw %%bx, %%bx" : : : "memory")
#define MARK_END() __asm__ volatile("xchgw %%cx, %%cx" : : : "memory")

static uint64_t timed(const struct benchmark *benchmark, long count)
{
    MARK_START();
    uint64_t start = ticks();
    benchmark->run(count);
    uint64_t taken = ticks() - start;
    MARK_END();
    return taken;
}

/* The ticks between two readings of the counter with nothing in between. */
static uint64_t reading(void)
{
    uint64_t least = UINT64_MAX;
    for (int round = 0; round < 16; round++) {
        uint64_t start = ticks(), end = ticks();
        if (end - start < least)
            least = end - start;
    }
    return least;
}

void measure(const struct benchmark *benchmark, uint64_t round_ticks)
{
    if (benchmark->prepare)
        benchmark->prepare();
    /* How many make a round is found by doubling, which also fills caches. */
    long count = 1;
    uint64_t taken = timed(benchmark, count);
    while (taken < round_ticks / 2) {
        count *= 2;
        taken = timed(benchmark, count);
    }
    if (taken < round_ticks)
        count = (long)((double)count * ((double)round_ticks / (double)taken));
    uint64_t least = UINT64_MAX, most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        taken = timed(benchmark, count);
        if (taken < least)
            least = taken;
        if (taken > most)
            most = taken;
    }
    long operations = count * (benchmark->batch ? benchmark->batch : 1);
    double nanoseconds = (double)least * 1e9 / (double)ticks_per_second;
    say("bench: %s operations=%ld ticks=%lu overhead=%lu nanoseconds=%.0f most=%lu", benchmark->name, operations,
        (unsigned long)least, (unsigned long)reading(), nanoseconds, (unsigned long)most);
}
