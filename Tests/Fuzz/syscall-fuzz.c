/* Makes random system calls, typed by Specs/syscalls.json, with arguments that are good, bad and hostile.
 *
 * Runs rounds: each is a child process in a folder of its own, without privileges, that makes a number of calls. What a round does
 * depends on the seed and its number alone, so `-s SEED -r ROUND` does it again. The child that a call kills, stops or blocks
 * for ever is expected and counted; only what happens to the kernel is of interest. Build it static, by Tools/build-fuzz.sh. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct argument {
    int kind;               /* an enum kind */
    int other;              /* the index of the argument that says how much there is, or -1 */
    int size;               /* bytes of the structure pointed to, or bits of a number */
    const uint64_t *values; /* of flags and choices */
    int value_count;
};

struct call {
    int number;
    const char *name;
    int is_for_guest;       /* may trouble programs that are none of ours */
    int gives_descriptor;
    int argument_count;
    struct argument arguments[6];
};

#include SYSTEM_CALLS

#define CALL_COUNT (int)(sizeof calls / sizeof calls[0])
#define PAGE 4096ul
#define ARENA_PAGES 16ul
#define POOL 8

/* What the rounds tell the parent. Shared, so a call may write into it: nothing that matters depends on it. */
struct report {
    uint32_t position;
    uint32_t made[512], succeeded[512];
};

static struct report *report;
static uint64_t state;
static unsigned char *arena;        /* readable and writable, with a page behind it that is not */
static unsigned char *ground;       /* pages for calls that map, unmap and protect */
static int pool[POOL];              /* descriptors that calls returned */
static int is_listing, is_guest;
static uint64_t self = 4242;        /* this process, but in lists, which are the same every time */

/* SplitMix64 (Steele, Lea, Flood, 2014). */
static uint64_t next(void) {
    uint64_t mixed = state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

static uint64_t below(uint64_t limit) { return next() % limit; }
static int one_in(uint64_t number) { return below(number) == 0; }

static uint64_t any_of(const uint64_t *values, int count) { return values[below(count)]; }
#define ANY(...) any_of((const uint64_t[]){ __VA_ARGS__ }, (int)(sizeof(uint64_t[]){ __VA_ARGS__ } / 8))

/* Numbers at which something often goes wrong. */
static uint64_t edge(void) {
    switch (below(5)) {
    case 0: return 1ull << below(64);
    case 1: return (1ull << below(64)) - 1;
    case 2: return -(1ull << below(64));
    case 3: return ANY(0, -1, 0x7fffffff, 0x80000000, 0xffffffff, INT64_MAX, INT64_MIN, PAGE - 1, PAGE + 1);
    default: return next();
    }
}

/* Addresses that are no program's, or not this one's, or not to be written. */
static uint64_t hostile(void) {
    uint64_t address = ANY(
        0, 1, PAGE - 1, 0x600000000000, 0x5fffffffffff, 0x700000000000, 0x7ffffffff000, 0x7fffffffffff, 0x800000000000,
        0xffff800000000000, 0xffffc00000000000, 0xffffffff80000000, -PAGE, -1, (uintptr_t)calls, (uintptr_t)arena + ARENA_PAGES * PAGE);
    return address + (one_in(3) ? below(64) : 0) - (one_in(6) ? below(64) : 0);
}

/* A place for `size` bytes; now and then it ends where the memory does, or a bit later, or is no memory at all. */
static uint64_t memory(uint64_t size) {
    if (one_in(10)) return hostile();
    uint64_t room = ARENA_PAGES * PAGE;
    if (size > room) size = room;
    if (one_in(5)) return (uintptr_t)arena + room - size + (one_in(3) ? below(16) : 0);
    return ((uintptr_t)arena + below(room - size + 1)) & (one_in(4) ? ~0ull : ~7ull);
}

/* What a structure holds: zeros, small numbers, addresses, anything. */
static void fill(uint64_t address, uint64_t size) {
    uint64_t begin = (uintptr_t)arena, end = begin + ARENA_PAGES * PAGE;
    if (address < begin || address >= end) return;
    if (size > end - address) size = end - address;
    unsigned char *bytes = (unsigned char *)(uintptr_t)address;
    uint64_t style = below(4);
    for (uint64_t offset = 0; offset < size; offset += 8) {
        uint64_t word = 0;
        switch (style ? below(style + 2) : 0) {
        case 1: word = below(16); break;
        case 2: word = memory(64); break;
        case 3: word = edge(); break;
        case 4: word = pool[below(POOL)] | next() << 32; break;
        }
        memcpy(bytes + offset, &word, size - offset < 8 ? size - offset : 8);
    }
}

static uint64_t text(int is_path) {
    static const char *const paths[] = {
        "a", "b", "folder", "folder/c", "folder/../a", "link", "a/b", "", ".", "./", "folder//c/", "none/none", "/dev/null", "/dev/zero",
        "/proc/self/status", "/proc/self/fd/3", "/nonexistent", "\xff\xfe",
    };
    static const char *const words[] = { "", "user.x", "tmpfs", "proc", "name", "x,y=z", "\x80", "security.capability" };
    if (one_in(12)) return hostile();
    uint64_t address = memory(128);
    uint64_t begin = (uintptr_t)arena, end = begin + ARENA_PAGES * PAGE;
    if (address < begin || address >= end || end - address < 128) return address;
    char *target = (char *)(uintptr_t)address;
    if (one_in(30)) {
        /* Longer than a name or a path may be, perhaps without an end. */
        uint64_t length = ANY(255, 256, 4095, 4096, ARENA_PAGES * PAGE);
        if (length > end - address) length = end - address;
        memset(target, one_in(2) ? 'x' : '/', length);
        if (one_in(2)) target[length - 1] = 0;
    } else if (is_path) {
        strcpy(target, paths[below(sizeof paths / sizeof paths[0])]);
    } else {
        strcpy(target, words[below(sizeof words / sizeof words[0])]);
    }
    return address;
}

static uint64_t descriptor(void) {
    switch (below(10)) {
    case 0: return below(3);
    case 1: return ANY(-1, -100, 1000, 0x7fffffff, 0x80000000) | (one_in(3) ? next() << 32 : 0);
    default: return pool[below(POOL)];
    }
}

static uint64_t flags(const struct argument *argument) {
    uint64_t value = 0;
    for (uint64_t count = below(4); count > 0; count--) value |= any_of(argument->values, argument->value_count);
    return one_in(12) ? value | edge() : value;
}

static uint64_t number(int bits) {
    uint64_t value = one_in(4) ? edge() : below(one_in(2) ? 4 : 128);
    /* Nothing says what the rest of the register holds. */
    return bits < 64 && one_in(8) ? value | next() << 32 : value;
}

static uint64_t value(const struct argument *argument) {
    switch (argument->kind) {
    case kind_address: return one_in(6) ? memory(PAGE) : one_in(6) ? hostile() : (uintptr_t)ground + below(ARENA_PAGES) * PAGE;
    case kind_clock: return one_in(8) ? edge() : below(12);
    case kind_descriptor: return descriptor();
    case kind_directoryDescriptor: return one_in(3) ? descriptor() : (uint64_t)AT_FDCWD;
    case kind_enumeration: return one_in(8) ? edge() : any_of(argument->values, argument->value_count);
    case kind_flags: return flags(argument);
    /* Never a process that is not this one: the parent and strangers shall live. */
    case kind_pid: return ANY(0, self, self, 0x7ffffffe, INT32_MIN);
    case kind_signal: return ANY(0, 1, 10, 12, 17, 18, 23, 28, 34, 64, 65, -1, 1000);
    case kind_uid: case kind_gid: return ANY(0, -1, 65534, 65534, 1000);
    case kind_mode: return one_in(6) ? edge() : below(010000);
    case kind_milliseconds: return one_in(50) ? edge() : below(4);
    case kind_offset: return one_in(5) ? edge() : below(3 * PAGE);
    case kind_size: return one_in(6) ? edge() : below(one_in(2) ? 64 : 3 * PAGE);
    case kind_path: return text(1);
    case kind_string: return text(0);
    case kind_identifier: case kind_ipcKey: return one_in(3) ? edge() : below(8);
    case kind_union: case kind_pointer: case kind_device: case kind_unused: {
        if (one_in(3)) return number(64);
        uint64_t address = memory(256);
        fill(address, 256);
        return address;
    }
    default: return number(argument->size);
    }
}

/* Fills in what points to memory, once the numbers that say how much there is are known. */
static uint64_t pointer(const struct argument *argument, const uint64_t *values) {
    uint64_t count = argument->other >= 0 ? values[argument->other] : 1;
    uint64_t size = argument->kind == kind_structure ? (argument->size ? argument->size : 64) : 1;
    if (count > ARENA_PAGES * PAGE / size) count = ARENA_PAGES * PAGE / size;
    uint64_t address = memory(size * count);
    fill(address, size * count);
    return address;
}

static int points(int kind) { return kind == kind_bytes || kind == kind_structure; }

static void list(const struct call *call, const uint64_t *values) {
    printf("%s(", call->name);
    for (int index = 0; index < call->argument_count; index++) printf("%s0x%lx", index ? ", " : "", (unsigned long)values[index]);
    printf(")\n");
}

/* Does not come back in a process or thread that the call made. */
static void make(const struct call *call) {
    uint64_t values[6] = { 0 };
    for (int index = 0; index < call->argument_count; index++)
        if (!points(call->arguments[index].kind)) values[index] = value(&call->arguments[index]);
    for (int index = 0; index < call->argument_count; index++)
        if (points(call->arguments[index].kind)) values[index] = pointer(&call->arguments[index], values);
    if (is_listing) return list(call, values);

    int makes_thread = call->number == SYS_clone || call->number == SYS_clone3 || call->number == SYS_fork;
    register long result __asm__("rax") = call->number;
    register uint64_t fourth __asm__("r10") = values[3];
    register uint64_t fifth __asm__("r8") = values[4];
    register uint64_t sixth __asm__("r9") = values[5];
    __asm__ volatile(
        "syscall\n\t"
        /* A new thread has no stack to speak of: it ends here. */
        "testl %[makes], %[makes]\n\tjz 1f\n\ttestq %%rax, %%rax\n\tjnz 1f\n\tmovl $60, %%eax\n\txorl %%edi, %%edi\n\tsyscall\n1:"
        : "+r"(result)
        : "D"(values[0]), "S"(values[1]), "d"(values[2]), "r"(fourth), "r"(fifth), "r"(sixth), [makes] "b"(makes_thread)
        : "rcx", "r11", "memory", "cc");
    long outcome = result;
    report->made[call->number]++;
    if (outcome < 0 && outcome >= -4095) return;
    report->succeeded[call->number]++;
    if (call->gives_descriptor && outcome > 2) pool[below(POOL)] = (int)outcome;
}

static void nothing(int signal) { (void)signal; }

static void limit(int resource, rlim_t value) {
    struct rlimit limit = { value, value };
    setrlimit(resource, &limit);
}

/* The surroundings of a round: its own group of processes, memory, files and limits. */
static void prepare(void) {
    setpgid(0, 0);
    umask(0);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3 && null >= 0; fd++) dup2(null, fd);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 1 << 20);
    limit(RLIMIT_NOFILE, 64);
    limit(RLIMIT_CPU, 5);
    limit(RLIMIT_AS, 256 << 20);
    mkdir("folder", 0777);
    symlink("a", "link");
    if (getuid() == 0) {
        /* Nobody's. */
        (void)!chown(".", 65534, 65534);
        setgroups(0, 0);
        (void)!setgid(65534);
        (void)!setuid(65534);
    }
    for (int signal = 1; signal < 65; signal++) {
        struct sigaction action = { .sa_handler = nothing };
        sigaction(signal, &action, 0);
    }
}

static void map_memory(void) {
    arena = mmap((void *)0x10000000, (ARENA_PAGES + 1) * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    ground = mmap((void *)0x20000000, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (arena == MAP_FAILED || ground == MAP_FAILED) _exit(2);
    mprotect(arena + ARENA_PAGES * PAGE, PAGE, PROT_NONE);
}

static void run_round(uint64_t seed, uint32_t round, uint32_t call_count) {
    state = seed * 0x2545f4914f6cdd1d + round;
    map_memory();
    if (!is_listing) {
        self = (uint64_t)getpid();
        prepare();
        pool[0] = open("a", O_RDWR | O_CREAT, 0666);
        pool[1] = open(".", O_RDONLY);
        if (pipe(pool + 2)) pool[2] = pool[3] = -1;
    }
    for (uint32_t position = 0; position < call_count; position++) {
        const struct call *call = &calls[below(CALL_COUNT)];
        if (call->is_for_guest && !is_guest) continue;
        report->position = position;
        make(call);
    }
}

/* Waits for a round, at most `milliseconds`. Returns how it ended: 'd'one, 'k'illed by a signal, 's'tuck. */
static int await(pid_t child, int milliseconds) {
    for (int waited = 0;; waited++) {
        int status = 0;
        pid_t ended = waitpid(child, &status, WNOHANG | __WALL);
        int is_over = ended == child && (WIFEXITED(status) || WIFSIGNALED(status));
        if (is_over || waited >= milliseconds) {
            kill(-child, SIGKILL);
            if (!is_over) {
                kill(child, SIGKILL);
                while (waitpid(child, &status, __WALL) == child && !WIFEXITED(status) && !WIFSIGNALED(status)) {}
                return 's';
            }
            return WIFEXITED(status) ? 'd' : 'k';
        }
        nanosleep(&(struct timespec){ 0, 1000000 }, 0);
        /* Ends what waits. */
        if (waited % 8 == 7) kill(child, SIGALRM);
    }
}

/* Removes what rounds leave in the folder that they ran in. */
static void clear(const char *folder) {
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0) dup2(null, 2);
        execlp("rm", "rm", "-rf", folder, (char *)0);
        _exit(1);
    }
    if (child > 0) waitpid(child, 0, 0);
}

static unsigned long free_memory(void) {
    struct sysinfo info = { 0 };
    sysinfo(&info);
    return info.freeram * (info.mem_unit ? info.mem_unit : 1);
}

int main(int argument_count, char **arguments) {
    uint64_t seed = 1;
    uint32_t rounds = 100, call_count = 64, only = UINT32_MAX, done = 0, killed = 0, stuck = 0;
    int seconds = 0, option;
    while ((option = getopt(argument_count, arguments, "s:n:c:t:r:gl")) != -1) {
        switch (option) {
        case 's': seed = strtoull(optarg, 0, 0); break;
        case 'n': rounds = (uint32_t)strtoul(optarg, 0, 0); break;
        case 'c': call_count = (uint32_t)strtoul(optarg, 0, 0); break;
        case 't': seconds = atoi(optarg); break;
        case 'r': only = (uint32_t)strtoul(optarg, 0, 0); break;
        case 'g': is_guest = 1; break;
        case 'l': is_listing = 1; break;
        default:
            fprintf(stderr,
                "usage: syscall-fuzz [-s SEED] [-n ROUNDS] [-c CALLS] [-t SECONDS] [-r ROUND] [-g] [-l]\n"
                "  makes CALLS random system calls in each of ROUNDS processes, or in ROUND alone, for SECONDS at most;\n"
                "  -g makes those too that trouble other programs, -l lists the calls instead\n");
            return 2;
        }
    }
    setvbuf(stdout, 0, _IOLBF, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    report = mmap(0, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED) return 2;
    if (is_listing) {
        for (uint32_t round = only == UINT32_MAX ? 0 : only; round < (only == UINT32_MAX ? rounds : only + 1); round++)
            run_round(seed, round, call_count);
        return 0;
    }

    time_t start = time(0);
    unsigned long free_before = free_memory();
    uint32_t round = only == UINT32_MAX ? 0 : only, end = only == UINT32_MAX ? rounds : only + 1;
    for (; round < end && (!seconds || time(0) - start < seconds); round++) {
        if (round % 64 == 0 || only != UINT32_MAX) printf("fuzz: seed %lu round %u\n", (unsigned long)seed, round);
        char folder[] = "fuzz-XXXXXX";
        if (!mkdtemp(folder)) return perror(folder), 2;
        pid_t child = fork();
        if (child < 0) return perror("fork"), 2;
        if (child == 0) {
            if (chdir(folder)) _exit(2);
            run_round(seed, round, call_count);
            syscall(SYS_exit_group, 0);
        }
        switch (await(child, 1000)) {
        case 'd': done++; break;
        case 'k': killed++; break;
        default: stuck++;
        }
        clear(folder);
        /* What the round's own children left comes here. */
        while (waitpid(-1, 0, WNOHANG | __WALL) > 0) {}
    }

    unsigned long made = 0, succeeded = 0;
    int tried = 0, worked = 0;
    for (int index = 0; index < CALL_COUNT; index++) {
        int number = calls[index].number;
        made += report->made[number];
        succeeded += report->succeeded[number];
        tried += report->made[number] > 0;
        worked += report->succeeded[number] > 0;
    }
    printf("fuzz: %u rounds: %u done, %u killed, %u stuck\n", done + killed + stuck, done, killed, stuck);
    printf("fuzz: %lu calls returned, %lu of them without error; of %d calls %d were made and %d succeeded\n", made, succeeded,
        CALL_COUNT, tried, worked);
    printf("fuzz: free memory %lu KiB before, %lu KiB after\n", free_before / 1024, free_memory() / 1024);
    return 0;
}
