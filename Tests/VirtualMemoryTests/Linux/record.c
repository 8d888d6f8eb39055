// Records what Linux does: random calls of the mmap family by a few processes, each with its result, and now and then what every page
// of a window of addresses is. VirtualMemoryTests replays the record.
//
//   cc -O2 -Wall -o record record.c && ./record calls 1 1500 > calls-1.trace        (as root; see README.md)
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROGRAMS = 4, PAGE = 4096, FILE_PAGES = 24 };
static const uint64_t base = 0x40000000;
static uint64_t window_pages = 64;
static int to_program[PROGRAMS][2], from_program[PROGRAMS][2];
static int files[2];  // 0: read and write, 1: the same file, read only

static const char *name_of(int error) {
  static char number[16];
  const char *name = strerrorname_np(error);
  if (name) return name;
  snprintf(number, sizeof number, "%d", error);
  return number;
}

// ---- One program: carries calls out and says how they ended.

static sigjmp_buf escape;
static volatile int signal_code;

static void on_signal(int number, siginfo_t *info, void *context) {
  (void)context;
  signal_code = number == SIGBUS ? 3 : info->si_code == SEGV_MAPERR ? 1 : 2;
  siglongjmp(escape, 1);
}

static void answer_call(char *reply, long result, int error) {
  if (result == -1) {
    sprintf(reply, "%s", name_of(error));
  } else if ((uint64_t)result >= base && (uint64_t)result < base + window_pages * PAGE) {
    sprintf(reply, "%#lx", result);
  } else {
    sprintf(reply, "%s", result == 0 ? "0" : "elsewhere");
  }
}

static void touch(char *reply, uint64_t address, int is_write, int value) {
  static const char *names[] = {"", "MAPERR", "ACCERR", "BUS"};
  if (sigsetjmp(escape, 1)) {
    sprintf(reply, "%s", names[signal_code]);
    return;
  }
  volatile uint8_t *place = (volatile uint8_t *)address;
  if (is_write) {
    *place = (uint8_t)value;
    sprintf(reply, "0");
  } else {
    sprintf(reply, "%d", *place);
  }
}

// What each page of the window is: permissions, what they may become, and flags; runs of equal pages are counted.
static void describe(char *reply) {
  static const char *known[] = {"rd", "wr", "ex", "sh", "mw", "gd", "lo", "lf", "sr", "rr", "dc", "dd",
                                "wf", "hg", "nh", "nr"};
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[512];
  uint64_t start = 0, end = 0, position = base;
  char *out = reply;
  char last[64] = "";
  uint64_t run = 0;
#define EMIT(text, count)                                                     \
  do {                                                                        \
    if (strcmp(last, text) != 0 && run > 0) {                                 \
      out += sprintf(out, " %lu:%s", run, last);                              \
      run = 0;                                                                \
    }                                                                         \
    strcpy(last, text);                                                       \
    run += (count);                                                           \
  } while (0)
  while (fgets(line, sizeof line, maps)) {
    uint64_t low, high;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s", &low, &high, rights) == 3) {
      start = low;
      end = high;
    } else if (strncmp(line, "VmFlags:", 8) == 0 && end > base && start < base + window_pages * PAGE) {
      char text[64] = "";
      for (size_t index = 0; index < sizeof known / sizeof *known; index++) {
        char padded[8];
        snprintf(padded, sizeof padded, " %s ", known[index]);
        if (strstr(line, padded)) strcat(text, known[index]);
      }
      if (start > position) EMIT("-", (start - position) / PAGE);
      uint64_t from = start > base ? start : base;
      uint64_t to = end < base + window_pages * PAGE ? end : base + window_pages * PAGE;
      EMIT(text, (to - from) / PAGE);
      position = to;
    }
  }
  if (position < base + window_pages * PAGE) EMIT("-", (base + window_pages * PAGE - position) / PAGE);
  out += sprintf(out, " %lu:%s", run, last);
  memmove(reply, reply + 1, strlen(reply));
  fclose(maps);
}

// Whether there are neighbours that are alike, so that they could be one area, and the call is about one of them. Linux leaves
// such apart depending on which of them were written first, by whom, and where; what some calls do depends on that.
static int is_ambiguous(uint64_t low, uint64_t high, int keeps_old) {
  struct { uint64_t start, end, offset, inode; char text[512]; } last = {0}, area = {0};
  FILE *maps = fopen("/proc/self/smaps", "r");
  char line[512];
  int found = 0, is_next = 0;
  while (fgets(line, sizeof line, maps)) {
    uint64_t start, end, offset, inode;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s %lx %*s %lu", &start, &end, rights, &offset, &inode) == 5) {
      last = area;
      area.start = start, area.end = end, area.offset = offset, area.inode = inode;
    } else if (strncmp(line, "VmFlags:", 8) == 0) {
      // Whether it is accounted depends on the same.
      char *accounted = strstr(line, " ac "), *dirty = strstr(line, " sd");
      if (accounted) memmove(accounted, accounted + 3, strlen(accounted + 3) + 1);
      dirty = strstr(line, " sd");
      if (dirty) memmove(dirty, dirty + 3, strlen(dirty + 3) + 1);
      snprintf(area.text, sizeof area.text, "%s", line);
      int is_alike = last.end == area.start && last.inode == area.inode && strcmp(last.text, area.text) == 0
                     && (area.inode == 0 || last.offset + (last.end - last.start) == area.offset);
      if (is_alike && area.end >= low && (last.start <= high || is_next)) found = 1;
      // Linux takes the lock off all of an area of which a part is moved and kept, and goes on counting it.
      if (keeps_old && area.end > low && area.start < high && strstr(area.text, " lo ")) found = 1;
      // What grows may be the first area above.
      is_next = area.end > high && last.end <= high;
    }
  }
  fclose(maps);
  return found;
}

static int is_child;

static void carry_out(const char *line, char *reply) {
  char call[32];
  uint64_t a = 0, b = 0, c = 0, d = 0, e = 0, f = 0;
  sscanf(line, "%31s %lx %lx %lx %lx %lx %lx", call, &a, &b, &c, &d, &e, &f);
  int is_touch = strcmp(call, "read") == 0 || strcmp(call, "write") == 0;
  int is_about_areas = strcmp(call, "mremap") == 0 || (strcmp(call, "mprotect") == 0 && c >= 0x01000000) ||
                       (is_touch && window_pages > 64);
  if (is_about_areas && is_ambiguous(a, is_touch ? a : a + b, !is_touch && (d & MREMAP_DONTUNMAP))) {
    sprintf(reply, "skipped");
    return;
  }
  errno = 0;
  long result = 0;
  if (strcmp(call, "mmap") == 0) {
    result = syscall(SYS_mmap, a, b, c, d, e == 0 ? -1 : files[e - 1], f);
  } else if (strcmp(call, "munmap") == 0) {
    result = syscall(SYS_munmap, a, b);
  } else if (strcmp(call, "mprotect") == 0) {
    result = syscall(SYS_mprotect, a, b, c);
  } else if (strcmp(call, "mremap") == 0) {
    result = syscall(SYS_mremap, a, b, c, d, e);
  } else if (strcmp(call, "madvise") == 0) {
    result = syscall(SYS_madvise, a, b, c);
  } else if (strcmp(call, "mlock2") == 0) {
    result = syscall(SYS_mlock2, a, b, c);
  } else if (strcmp(call, "munlock") == 0) {
    result = syscall(SYS_munlock, a, b);
  } else if (strcmp(call, "mlockall") == 0) {
    result = syscall(SYS_mlockall, a);
  } else if (strcmp(call, "munlockall") == 0) {
    result = syscall(SYS_munlockall);
  } else if (strcmp(call, "msync") == 0) {
    result = syscall(SYS_msync, a, b, c);
  } else if (strcmp(call, "memlock") == 0) {
    struct rlimit limit;
    getrlimit(RLIMIT_MEMLOCK, &limit);
    limit.rlim_cur = a;
    result = setrlimit(RLIMIT_MEMLOCK, &limit);
  } else if (strcmp(call, "mincore") == 0) {
    static unsigned char present[4096];
    memset(present, 0, sizeof present);
    result = syscall(SYS_mincore, a, b, present);
    // A child gets none of the zeros that its parent only read, unless the parent wrote something near: again an accident.
    if (result == 0 && is_child) {
      sprintf(reply, "skipped");
      return;
    }
    if (result == 0) {
      char *out = reply;
      *out++ = 'p';
      for (uint64_t page = 0; page < (b + PAGE - 1) / PAGE; page++) *out++ = present[page] & 1 ? '1' : '0';
      *out = 0;
      return;
    }
  } else if (strcmp(call, "read") == 0) {
    return touch(reply, a, 0, 0);
  } else if (strcmp(call, "write") == 0) {
    return touch(reply, a, 1, (int)b);
  } else if (strcmp(call, "state") == 0) {
    return describe(reply);
  }
  answer_call(reply, result, errno);
}

static void run_program(int number) {
  static char line[512], reply[65536];
  FILE *calls = fdopen(dup(to_program[number][0]), "r");
  setvbuf(calls, NULL, _IONBF, 0);
  while (fgets(line, sizeof line, calls)) {
    unsigned child;
    if (sscanf(line, "fork %x", &child) == 1) {
      pid_t pid = fork();
      if (pid == 0) {
        fclose(calls);
        is_child = 1;
        number = (int)child;
        calls = fdopen(dup(to_program[number][0]), "r");
        setvbuf(calls, NULL, _IONBF, 0);
        continue;
      }
      sprintf(reply, "0");
    } else if (strncmp(line, "exit", 4) == 0) {
      if (write(from_program[number][1], "0\n", 2) < 0) abort();
      _exit(0);
    } else {
      carry_out(line, reply);
    }
    strcat(reply, "\n");
    if (write(from_program[number][1], reply, strlen(reply)) < 0) abort();
  }
  _exit(0);
}

// ---- The recorder: makes calls up, has a program carry each out, and writes both down.

static uint64_t random_state;

static uint64_t next_random(void) {  // SplitMix64
  uint64_t mixed = random_state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

static uint64_t below(uint64_t limit) { return next_random() % limit; }

static int is_alive[PROGRAMS] = {1};

static void record(int who, const char *call) {
  static char reply[65536];
  dprintf(to_program[who][1], "%s\n", call);
  size_t length = 0;
  while (length == 0 || reply[length - 1] != '\n') {
    ssize_t count = read(from_program[who][0], reply + length, sizeof reply - length - 1);
    if (count <= 0) {
      fprintf(stderr, "program %d died at: %s\n", who, call);
      exit(1);
    }
    length += (size_t)count;
  }
  reply[length - 1] = 0;
  if (strcmp(reply, "skipped") != 0) printf("%d %s = %s\n", who, call, reply);
}

static uint64_t unit = 1;  // pages

static uint64_t some_place(void) { return base + below(window_pages / unit) * unit * PAGE; }

static uint64_t some_length(void) {
  uint64_t pages = (1 + below(12)) * unit;
  switch (below(24)) {
  case 0: return 0;
  case 1: return pages * PAGE - 1 - below(4000);
  default: return pages * PAGE;
  }
}

static uint64_t some_address(void) { return below(40) == 0 ? some_place() + 1 + below(4095) : some_place(); }

static unsigned some_protection(void) {
  static const unsigned choice[] = {3, 3, 3, 3, 1, 1, 0, 5, 7, 2};
  return choice[below(sizeof choice / sizeof *choice)];
}

static void make_up_mmap(char *call) {
  uint64_t address = some_address(), length = some_length();
  unsigned flags = below(20) == 0 ? (unsigned)below(4) : 1 + (unsigned)(below(3) != 0);
  unsigned file = below(3) == 0 ? 1 + (unsigned)below(2) : 0;
  uint64_t offset = file ? below(8) * PAGE : 0;
  if (file == 0) flags |= MAP_ANONYMOUS;
  if (below(30) == 0) flags ^= MAP_ANONYMOUS;
  // Without MAP_FIXED a free place of the window may be hinted at; what Linux chooses elsewhere cannot be compared.
  flags |= below(6) == 0 ? MAP_FIXED_NOREPLACE : below(12) == 0 ? 0 : MAP_FIXED;
  if (below(10) == 0) flags |= MAP_NORESERVE;
  if (below(16) == 0) flags |= MAP_LOCKED;
  if (below(16) == 0) flags |= MAP_POPULATE;
  if (below(40) == 0) flags |= MAP_GROWSDOWN;
  if (below(60) == 0) flags |= 1u << (21 + below(5));
  if (below(60) == 0) offset += 1 + below(4095);
  sprintf(call, "mmap %lx %lx %x %x %x %lx", address, length, some_protection(), flags, file, offset);
}

static void make_up_stack_mmap(char *call) {
  unsigned flags = MAP_PRIVATE | MAP_ANONYMOUS | (below(3) == 0 ? MAP_FIXED_NOREPLACE : MAP_FIXED);
  if (below(3) != 0) flags |= MAP_GROWSDOWN;
  sprintf(call, "mmap %lx %lx %x %x 0 0", some_place(), (1 + below(2)) * unit * PAGE, below(6) ? 3 : 0, flags);
}

static void make_up(char *call, int has_stacks) {
  static const unsigned advices[] = {0, 1, 2, 3, 4, 4, 4, 9, 9, 10, 11, 14, 15, 16, 17, 18, 18, 19, 20, 21,
                                     22, 22, 23, 23, 24, 5, 26, 99};
  switch (below(has_stacks ? 20 : 34)) {
  case 0: case 1: case 2: case 3: case 30: case 31: case 32: case 33:
    if (has_stacks) make_up_stack_mmap(call); else make_up_mmap(call);
    return;
  case 4: case 5: sprintf(call, "munmap %lx %lx", some_address(), some_length()); return;
  case 6: case 7: {
    unsigned protection = below(30) == 0 ? (unsigned)below(64) : some_protection();
    if (below(25) == 0) protection |= 0x01000000u << below(2);
    sprintf(call, "mprotect %lx %lx %x", some_address(), some_length(), protection);
    return;
  }
  case 8: case 9: case 10: case 11: case 12: case 13: case 14:
    if (below(2)) sprintf(call, "read %lx", some_place() + below(2) * 5);
    else sprintf(call, "write %lx %lx", some_place() + below(2) * 5, below(256));
    return;
  case 15: case 16: case 17: case 18: {
    if (has_stacks && below(3)) {
      sprintf(call, "write %lx %lx", some_place() + below(PAGE), below(256));
      return;
    }
    unsigned flags = below(20) == 0 ? (unsigned)below(16) : MREMAP_MAYMOVE | (unsigned)below(2) * MREMAP_FIXED;
    uint64_t old_length = below(12) == 0 ? 0 : some_length(), new_length = below(3) ? some_length() : old_length;
    if (below(12) == 0) flags |= MREMAP_DONTUNMAP | MREMAP_FIXED, new_length = old_length;
    if (!(flags & MREMAP_FIXED) && below(2)) flags = 0;
    sprintf(call, "mremap %lx %lx %lx %x %lx", some_address(), old_length, new_length, flags, some_address());
    return;
  }
  case 19: case 20: case 21: case 22:
    sprintf(call, "madvise %lx %lx %x", some_address(), some_length(), advices[below(sizeof advices / sizeof *advices)]);
    return;
  case 23: case 24:
    sprintf(call, "mlock2 %lx %lx %x", some_address(), some_length(), below(20) == 0 ? 2 : (unsigned)below(2));
    return;
  case 25: sprintf(call, "munlock %lx %lx", some_address(), some_length()); return;
  case 26: sprintf(call, "msync %lx %lx %x", some_address(), some_length(), (unsigned)below(8)); return;
  case 27: sprintf(call, "mincore %lx %lx", some_address(), some_length()); return;
  case 28:
    if (below(4) == 0) sprintf(call, "munlockall");
    else if (below(3) == 0) sprintf(call, "memlock %lx", below(40) * PAGE);
    else sprintf(call, "munlock %lx %lx", base, window_pages * PAGE);
    return;
  default: sprintf(call, "state"); return;
  }
}


static void play(unsigned count, int has_stacks) {
  char call[256];
  for (unsigned step = 0; step < count; step++) {
    int who = (int)below(PROGRAMS);
    while (!is_alive[who]) who = (int)below(PROGRAMS);
    int other = (int)below(PROGRAMS);
    if (below(40) == 0 && !is_alive[other]) {
      sprintf(call, "fork %x", other);
      is_alive[other] = 1;
      record(who, call);
    } else if (below(60) == 0 && who != other && is_alive[other]) {
      is_alive[who] = 0;
      record(who, "exit");
    } else {
      make_up(call, has_stacks);
      record(who, call);
      if (strncmp(call, "read", 4) != 0 && strncmp(call, "write", 5) != 0 && below(6) == 0) record(who, "state");
    }
  }
  for (int who = 0; who < PROGRAMS; who++) {
    if (!is_alive[who]) continue;
    record(who, "state");
    for (uint64_t page = 0; page < window_pages; page += unit) {
      sprintf(call, "read %lx", base + page * PAGE);
      record(who, call);
    }
  }
}

// Only what everybody may do: limits hold for root no more than for others then.
static void become_ordinary(void) {
  if (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0) exit(2);
  prctl(PR_SET_DUMPABLE, 1);
}

int main(int argc, char **argv) {
  if (argc != 4) return fprintf(stderr, "usage: record calls|stacks SEED COUNT\n"), 2;
  int has_stacks = strcmp(argv[1], "stacks") == 0;
  random_state = strtoull(argv[2], NULL, 10);
  if (has_stacks) window_pages = 4096, unit = 32;
  char path[64];
  files[0] = memfd_create("record", 0);
  if (ftruncate(files[0], FILE_PAGES * PAGE) != 0) return 2;
  for (int page = 0; page < FILE_PAGES; page++) {
    uint8_t value = (uint8_t)(100 + page);
    if (pwrite(files[0], &value, 1, page * PAGE) != 1) return 2;
  }
  snprintf(path, sizeof path, "/proc/self/fd/%d", files[0]);
  files[1] = open(path, O_RDONLY);
  for (int number = 0; number < PROGRAMS; number++) {
    if (pipe(to_program[number]) != 0 || pipe(from_program[number]) != 0) return 2;
  }
  struct rlimit stack = {640 * PAGE, 640 * PAGE}, locked = {32 * PAGE, 4096 * PAGE};
  setrlimit(RLIMIT_STACK, &stack);
  setrlimit(RLIMIT_MEMLOCK, &locked);
  signal(SIGCHLD, SIG_IGN);
  printf("window %lx %lx\n", window_pages, unit);
  fflush(stdout);
  if (fork() == 0) {
    become_ordinary();
    static uint8_t stack_of_handler[65536];
    stack_t alternative = {.ss_sp = stack_of_handler, .ss_size = sizeof stack_of_handler};
    sigaltstack(&alternative, NULL);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    run_program(0);
  }
  play((unsigned)atoi(argv[3]), has_stacks);
  return 0;
}
