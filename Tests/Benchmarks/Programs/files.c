/* Files and folders in memory. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define FOLDER "/tmp/bench"
#define PATH FOLDER "/file"
#define ENTRIES 1000

static int file, folder;
static char block[4096];

static void make_file(void)
{
    mkdir(FOLDER, 0755);
    file = need(open(PATH, O_RDWR | O_CREAT, 0644), "open");
    need(write(file, block, sizeof block), "write");
}

static void make_folder(void)
{
    need(mkdir("/tmp/many", 0755), "mkdir");
    for (int entry = 0; entry < ENTRIES; entry++) {
        char path[64];
        snprintf(path, sizeof path, "/tmp/many/entry-%04d", entry);
        close(need(open(path, O_WRONLY | O_CREAT, 0644), "open"));
    }
    folder = need(open("/tmp/many", O_RDONLY | O_DIRECTORY), "open");
}

static void run_stat(long count)
{
    struct stat status;
    for (long i = 0; i < count; i++)
        need(stat(PATH, &status), "stat");
}

static void run_fstat(long count)
{
    struct stat status;
    for (long i = 0; i < count; i++)
        need(fstat(file, &status), "fstat");
}

static void run_open(long count)
{
    for (long i = 0; i < count; i++)
        close(need(open(PATH, O_RDONLY), "open"));
}

static void run_create(long count)
{
    for (long i = 0; i < count; i++) {
        close(need(open(FOLDER "/new", O_WRONLY | O_CREAT | O_EXCL, 0644), "open"));
        need(unlink(FOLDER "/new"), "unlink");
    }
}

static void run_read(long count)
{
    for (long i = 0; i < count; i++)
        need(pread(file, block, sizeof block, 0), "pread");
}

static void run_write(long count)
{
    for (long i = 0; i < count; i++)
        need(pwrite(file, block, sizeof block, 0), "pwrite");
}

static void run_list(long count)
{
    static char buffer[32768];
    for (long i = 0; i < count; i++) {
        need(lseek(folder, 0, SEEK_SET), "lseek");
        while (need(syscall(SYS_getdents64, folder, buffer, sizeof buffer), "getdents64") > 0)
            ;
    }
}

const struct benchmark file_benchmarks[] = {
    {.name = "file.stat", .prepare = make_file, .run = run_stat},
    {.name = "file.fstat", .prepare = make_file, .run = run_fstat},
    {.name = "file.open-close", .prepare = make_file, .run = run_open},
    {.name = "file.create-delete", .prepare = make_file, .run = run_create},
    {.name = "file.read-4KiB", .prepare = make_file, .run = run_read},
    {.name = "file.write-4KiB", .prepare = make_file, .run = run_write},
    {.name = "file.list-1000", .prepare = make_folder, .run = run_list},
    {0},
};
