/* Processes and threads that are started and end. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

static char *no_environment[] = {0};

static void wait_for(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || status != 0)
        fail("waitpid, or the child");
}

/* A child that becomes `path`. */
static void start(const char *path, char *const arguments[])
{
    pid_t child = need(fork(), "fork");
    if (child == 0) {
        execve(path, arguments, no_environment);
        _exit(127);
    }
    wait_for(child);
}

static void run_fork(long count)
{
    for (long i = 0; i < count; i++) {
        pid_t child = need(fork(), "fork");
        if (child == 0)
            _exit(0);
        wait_for(child);
    }
}

static void run_exec(long count)
{
    char *arguments[] = {"empty", 0};
    for (long i = 0; i < count; i++)
        start("/bin/empty", arguments);
}

static void run_shell(long count)
{
    char *arguments[] = {"sh", "-c", ":", 0};
    for (long i = 0; i < count; i++)
        start("/bin/busybox", arguments);
}

static void *end(void *nothing)
{
    return nothing;
}

static void run_thread(long count)
{
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, 0, end, 0) != 0 || pthread_join(thread, 0) != 0)
            fail("pthread");
    }
}

const struct benchmark process_benchmarks[] = {
    {.name = "process.fork-exit", .run = run_fork},
    {.name = "process.fork-exec", .run = run_exec},
    {.name = "process.shell", .run = run_shell},
    {.name = "thread.create-join", .run = run_thread},
    {0},
};
