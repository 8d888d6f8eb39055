/* Processes and threads that wait for each other. */
#define _GNU_SOURCE 1
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define CHUNK 65536l
#define MEBIBYTE (1l << 20)
#define RING 8

static int input, output;
static char chunk[CHUNK];
static _Atomic uint32_t turn;

/* A process that runs `body` on its ends of two pipes; this one has the others, as `input` and `output`. */
static void start_partner(void (*body)(int input, int output))
{
    int to[2], from[2];
    need(pipe(to), "pipe");
    need(pipe(from), "pipe");
    if (need(fork(), "fork") == 0) {
        close(to[1]);
        close(from[0]);
        body(to[0], from[1]);
        _exit(0);
    }
    close(to[0]);
    close(from[1]);
    output = to[1];
    input = from[0];
}

static void echo(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
        ;
}

/* Answers each mebibyte with a byte. */
static void swallow(int from, int to)
{
    static char buffer[CHUNK];
    long left = MEBIBYTE;
    for (long count; (count = read(from, buffer, sizeof buffer)) > 0;) {
        left -= count;
        if (left > 0)
            continue;
        left += MEBIBYTE;
        if (write(to, buffer, 1) != 1)
            return;
    }
}

static void start_echo(void) { start_partner(echo); }
static void start_swallow(void) { start_partner(swallow); }

static void run_round_trip(long count)
{
    char byte = 0;
    for (long i = 0; i < count; i++) {
        need(write(output, &byte, 1), "write");
        need(read(input, &byte, 1), "read");
    }
}

static void run_mebibyte(long count)
{
    for (long i = 0; i < count; i++) {
        for (long sent = 0; sent < MEBIBYTE;)
            sent += need(write(output, chunk, sizeof chunk), "write");
        need(read(input, chunk, 1), "read");
    }
}

/* A ring of processes and pipes that hand on a byte; this process is one of them. */
static void start_ring(void)
{
    int first[2], last[2];
    need(pipe(first), "pipe");
    last[0] = first[0];
    for (int member = 1; member < RING; member++) {
        int next[2];
        need(pipe(next), "pipe");
        if (need(fork(), "fork") == 0) {
            /* The end that this process's own input is written to must not stay open here, or it never sees the end. */
            close(first[1]);
            close(next[0]);
            echo(last[0], next[1]);
            _exit(0);
        }
        close(next[1]);
        close(last[0]);
        last[0] = next[0];
    }
    input = last[0];
    output = first[1];
}

/* The other thread's half of the round trip: it turns 1 to 0. */
static void *answer(void *nothing)
{
    for (;;) {
        while (atomic_load(&turn) != 1)
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
        atomic_store(&turn, 0);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    }
    return nothing;
}

static void start_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, 0, answer, 0) != 0)
        fail("pthread_create");
}

static void run_futex(long count)
{
    for (long i = 0; i < count; i++) {
        atomic_store(&turn, 1);
        syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
        while (atomic_load(&turn) != 0)
            syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 1, 0, 0, 0);
    }
}

const struct benchmark message_benchmarks[] = {
    {.name = "pipe.round-trip", .prepare = start_echo, .run = run_round_trip},
    {.name = "pipe.mebibyte", .prepare = start_swallow, .run = run_mebibyte},
    {.name = "switch.ring-of-8", .prepare = start_ring, .run = run_round_trip, .batch = RING},
    {.name = "futex.round-trip", .prepare = start_thread, .run = run_futex},
    {0},
};
