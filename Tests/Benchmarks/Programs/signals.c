/* Signals, asked for and caused by a fault. */
#define _GNU_SOURCE 1
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "bench.h"

static volatile char *page;
static pid_t self;

static void ignore(int signal)
{
    (void)signal;
}

/* Goes on behind the instruction that faulted, which is three bytes long. */
static void skip(int signal, siginfo_t *information, void *context)
{
    (void)signal;
    (void)information;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 3;
}

static void catch_signal(void)
{
    struct sigaction action = {.sa_handler = ignore};
    need(sigaction(SIGUSR1, &action, 0), "sigaction");
    self = getpid();
}

static void catch_fault(void)
{
    struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
    need(sigaction(SIGSEGV, &action, 0), "sigaction");
    page = mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        fail("mmap");
}

static void run_install(long count)
{
    struct sigaction action = {.sa_handler = ignore};
    for (long i = 0; i < count; i++)
        need(sigaction(SIGUSR1, &action, 0), "sigaction");
}

static void run_catch(long count)
{
    for (long i = 0; i < count; i++)
        need(kill(self, SIGUSR1), "kill");
}

static void run_fault(long count)
{
    for (long i = 0; i < count; i++)
        __asm__ volatile("movb $1, (%%rax)" : : "a"(page) : "memory");
}

const struct benchmark signal_benchmarks[] = {
    {.name = "signal.install", .run = run_install},
    {.name = "signal.catch", .prepare = catch_signal, .run = run_catch},
    {.name = "fault.protection", .prepare = catch_fault, .run = run_fault},
    {0},
};
