/* Asking which of several files is ready. */
#define _GNU_SOURCE 1
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"

#define POLLED 64

static int set;
static struct pollfd polled[POLLED];

static void make_set(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    set = need(epoll_create1(0), "epoll_create1");
    need(epoll_ctl(set, EPOLL_CTL_ADD, need(eventfd(1, 0), "eventfd"), &event), "epoll_ctl");
}

static void make_pipes(void)
{
    for (int i = 0; i < POLLED; i++) {
        int ends[2];
        need(pipe(ends), "pipe");
        polled[i] = (struct pollfd){.fd = ends[0], .events = POLLIN};
    }
}

static void run_epoll(long count)
{
    struct epoll_event event;
    for (long i = 0; i < count; i++)
        if (epoll_wait(set, &event, 1, -1) != 1)
            fail("epoll_wait");
}

static void run_poll(long count)
{
    for (long i = 0; i < count; i++)
        need(poll(polled, POLLED, 0), "poll");
}

const struct benchmark wait_benchmarks[] = {
    {.name = "wait.epoll-ready", .prepare = make_set, .run = run_epoll},
    {.name = "wait.poll-64", .prepare = make_pipes, .run = run_poll},
    {0},
};
