/* What the benchmark programs share: a row is an operation that is done many times, and how the programs say what failed. */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

/* One operation to be measured. */
struct benchmark {
    const char *name;
    /* Makes what the operation needs; may be null. It runs in a process of the row's own, which ends when the row is done. */
    void (*prepare)(void);
    /* Does the operation `count` times. */
    void (*run)(long count);
    /* How many operations one of `count` is; 0 means one. */
    long batch;
};

/* Rows of one family, ended by one without a name. */
extern const struct benchmark call_benchmarks[], file_benchmarks[], memory_benchmarks[], message_benchmarks[],
    process_benchmarks[], signal_benchmarks[], wait_benchmarks[];

/* The time-stamp counter: an instruction a tick where QEMU counts instructions, and the host's own counter elsewhere. The same clock
 * for every kernel, whatever that kernel makes of it. */
static inline uint64_t ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Prints one line at once, so that lines of several processes do not mix. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says that the row which this process is for cannot be measured because `what` failed, with errno's text, and ends the process. */
void fail(const char *what) __attribute__((noreturn));

/* `value`, or `fail(what)` where it is negative. */
static inline long need(long value, const char *what)
{
    if (value < 0)
        fail(what);
    return value;
}

/* Measures one row in this process, in rounds of about `round_ticks` each, and prints its line. */
void measure(const struct benchmark *benchmark, uint64_t round_ticks);

/* Ticks of the counter in a second, by CLOCK_MONOTONIC. */
extern uint64_t ticks_per_second;

/* The row's name, for `fail`. */
extern const char *row_name;

#endif
