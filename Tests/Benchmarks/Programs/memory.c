/* Mappings and page faults. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define PAGE 4096l
/* Few enough that they are no huge page. */
#define PAGES 256l

static int file;

static volatile char *map(long pages, int flags, int descriptor)
{
    void *memory = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, flags, descriptor, 0);
    if (memory == MAP_FAILED)
        fail("mmap");
    return memory;
}

static void unmap(volatile char *memory, long pages)
{
    need(munmap((void *)memory, pages * PAGE), "munmap");
}

static void make_file(void)
{
    file = need(open("/tmp/pages", O_RDWR | O_CREAT, 0644), "open");
    static char block[PAGE];
    for (long page = 0; page < PAGES; page++)
        need(write(file, block, sizeof block), "write");
}

static void run_map(long count)
{
    for (long i = 0; i < count; i++)
        unmap(map(16, MAP_PRIVATE | MAP_ANONYMOUS, -1), 16);
}

/* Each time a mapping, a fault for each of its pages, and the end of it; the row is a page's share. */
static void run_anonymous(long count)
{
    for (long i = 0; i < count; i++) {
        volatile char *memory = map(PAGES, MAP_PRIVATE | MAP_ANONYMOUS, -1);
        /* Mappings beside it may make it large enough for huge pages. */
        madvise((void *)memory, PAGES * PAGE, MADV_NOHUGEPAGE);
        for (long page = 0; page < PAGES; page++)
            memory[page * PAGE] = 1;
        unmap(memory, PAGES);
    }
}

static void run_file(long count)
{
    for (long i = 0; i < count; i++) {
        volatile char *memory = map(PAGES, MAP_SHARED, file);
        for (long page = 0; page < PAGES; page++)
            (void)memory[page * PAGE];
        unmap(memory, PAGES);
    }
}

const struct benchmark memory_benchmarks[] = {
    {.name = "memory.map-unmap", .run = run_map},
    {.name = "fault.anonymous", .run = run_anonymous, .batch = PAGES},
    {.name = "fault.file", .prepare = make_file, .run = run_file, .batch = PAGES},
    {0},
};
