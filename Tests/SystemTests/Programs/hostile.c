/* Passes wild pointers and numbers to every system call.
 *
 * `hostile exact`: calls whose answer is known must give exactly that. `hostile sweep FIRST LAST`: everything else must leave
 * kernel and caller as they were, whatever the answer. Prints what was wrong, and at the end how much was tried. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const none = "/tmp/hostile-none";

/* Addresses that no program may use: nowhere, kernels', not canonical, ends of everything. */
static uint64_t wild[20];
static int wild_count;

static void fill_wild(void) {
  static const uint64_t fixed[] = {
      0, 1, 0x1000, 0x7fffffffe000, 0x7fffffffefff, 0x600000000000, 0x6fff80101000, 0x7ffffffff000, 0x800000000000, 0x8000000000000000,
      0xffff800000000000, 0xffffffff81000000, 0xffffffffffffffff, 0xfffffffffffff000,
  };
  for (unsigned i = 0; i < sizeof fixed / sizeof *fixed; i++) wild[wild_count++] = fixed[i];
  char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  /* Kept, so that nothing that is mapped later comes to lie there. */
  mprotect(pages + 4096, 4096, PROT_NONE);
  /* Just behind what is there. */
  wild[wild_count++] = (uint64_t)(pages + 4096);
}

static long call(long number, const uint64_t *a) {
  long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  return result < 0 ? -errno : result;
}

/* MARK: Exact answers */

/* W stands for each wild address, WORD for the same where a multiple of four is asked for, the others for what works. */
enum { W = -1000, PATH = -1001, FILE_ = -1002, DIRECTORY = -1003, PIPE = -1004, SOCKET = -1005, BUFFER = -1006, WORD = -1007 };

struct exact {
  const char *name;
  long number;
  int64_t arguments[6];
  int result;
};

/* Nothing, the first wild address, is an answer of its own to many. */
static const struct exact exacts[] = {
    {"read", SYS_read, {FILE_, W, 16}, -EFAULT},
    {"write", SYS_write, {FILE_, W, 16}, -EFAULT},
    {"write to pipe", SYS_write, {PIPE, W, 16}, -EFAULT},
    {"pread64", SYS_pread64, {FILE_, W, 16, 0}, -EFAULT},
    {"pwrite64", SYS_pwrite64, {FILE_, W, 16, 0}, -EFAULT},
    {"readv", SYS_readv, {FILE_, W, 1}, -EFAULT},
    {"writev", SYS_writev, {FILE_, W, 1}, -EFAULT},
    {"open", SYS_open, {W, 0}, -EFAULT},
    {"openat", SYS_openat, {AT_FDCWD, W, 0}, -EFAULT},
    {"stat", SYS_stat, {W, BUFFER}, -EFAULT},
    {"stat into", SYS_stat, {PATH, W}, -EFAULT},
    {"lstat into", SYS_lstat, {PATH, W}, -EFAULT},
    {"fstat into", SYS_fstat, {FILE_, W}, -EFAULT},
    {"newfstatat into", SYS_newfstatat, {AT_FDCWD, PATH, W, 0}, -EFAULT},
    {"statx into", SYS_statx, {AT_FDCWD, PATH, 0, 0xfff, W}, -EFAULT},
    {"statfs into", SYS_statfs, {PATH, W}, -EFAULT},
    {"fstatfs into", SYS_fstatfs, {FILE_, W}, -EFAULT},
    {"access", SYS_access, {W, 0}, -EFAULT},
    {"faccessat", SYS_faccessat, {AT_FDCWD, W, 0}, -EFAULT},
    {"poll", SYS_poll, {W, 1, 0}, -EFAULT},
    {"ppoll", SYS_ppoll, {W, 1, 0, 0, 8}, -EFAULT},
    {"select", SYS_select, {1, W, 0, 0, 0}, -EFAULT},
    {"pselect6", SYS_pselect6, {1, W, 0, 0, 0, 0}, -EFAULT},
    {"pipe", SYS_pipe, {W}, -EFAULT},
    {"pipe2", SYS_pipe2, {W, 0}, -EFAULT},
    {"getcwd", SYS_getcwd, {W, 4096}, -EFAULT},
    {"chdir", SYS_chdir, {W}, -EFAULT},
    {"mkdir", SYS_mkdir, {W, 0}, -EFAULT},
    {"rmdir", SYS_rmdir, {W}, -EFAULT},
    {"unlink", SYS_unlink, {W}, -EFAULT},
    {"rename from", SYS_rename, {W, PATH}, -EFAULT},
    {"link from", SYS_link, {W, PATH}, -EFAULT},
    {"symlink", SYS_symlink, {W, PATH}, -EFAULT},
    {"readlink", SYS_readlink, {W, BUFFER, 16}, -EFAULT},
    {"chmod", SYS_chmod, {W, 0}, -EFAULT},
    {"chown", SYS_chown, {W, 0, 0}, -EFAULT},
    {"truncate", SYS_truncate, {W, 0}, -EFAULT},
    {"utimensat", SYS_utimensat, {AT_FDCWD, PATH, W, 0}, -EFAULT},
    {"getdents64", SYS_getdents64, {DIRECTORY, W, 4096}, -EFAULT},
    {"chroot", SYS_chroot, {W}, -EFAULT},
    {"mount", SYS_mount, {W, W, W, 0, 0}, -EFAULT},
    {"umount2", SYS_umount2, {W, 0}, -EFAULT},
    {"mknod", SYS_mknod, {W, 0100644, 0}, -EFAULT},
    {"rt_sigaction", SYS_rt_sigaction, {10, W, 0, 8}, -EFAULT},
    {"rt_sigaction into", SYS_rt_sigaction, {10, 0, W, 8}, -EFAULT},
    {"rt_sigprocmask", SYS_rt_sigprocmask, {0, W, 0, 8}, -EFAULT},
    {"rt_sigprocmask into", SYS_rt_sigprocmask, {0, 0, W, 8}, -EFAULT},
    {"rt_sigpending", SYS_rt_sigpending, {W, 8}, -EFAULT},
    {"rt_sigtimedwait", SYS_rt_sigtimedwait, {W, 0, 0, 8}, -EFAULT},
    {"sigaltstack", SYS_sigaltstack, {W, 0}, -EFAULT},
    {"nanosleep", SYS_nanosleep, {W, 0}, -EFAULT},
    {"clock_nanosleep", SYS_clock_nanosleep, {0, 0, W, 0}, -EFAULT},
    {"clock_gettime", SYS_clock_gettime, {0, W}, -EFAULT},
    {"clock_getres", SYS_clock_getres, {0, W}, -EFAULT},
    {"gettimeofday", SYS_gettimeofday, {W, 0}, -EFAULT},
    {"time", SYS_time, {W}, -EFAULT},
    {"times", SYS_times, {W}, -EFAULT},
    {"getrlimit", SYS_getrlimit, {0, W}, -EFAULT},
    {"setrlimit", SYS_setrlimit, {0, W}, -EFAULT},
    {"prlimit64", SYS_prlimit64, {0, 0, 0, W}, -EFAULT},
    {"getrusage", SYS_getrusage, {0, W}, -EFAULT},
    {"uname", SYS_uname, {W}, -EFAULT},
    {"sysinfo", SYS_sysinfo, {W}, -EFAULT},
    {"sethostname", SYS_sethostname, {W, 4}, -EFAULT},
    {"getgroups", SYS_getgroups, {64, W}, 0},
    {"setgroups", SYS_setgroups, {2, W}, -EFAULT},
    {"getresuid", SYS_getresuid, {W, W, W}, -EFAULT},
    {"getresgid", SYS_getresgid, {W, W, W}, -EFAULT},
    {"wait4", SYS_wait4, {-1, W, 1, 0}, -ECHILD},
    {"execve", SYS_execve, {W, 0, 0}, -EFAULT},
    {"getitimer", SYS_getitimer, {0, W}, -EFAULT},
    {"setitimer", SYS_setitimer, {0, W, 0}, -EFAULT},
    {"timer_create", SYS_timer_create, {0, W, BUFFER}, -EFAULT},
    {"sched_getaffinity", SYS_sched_getaffinity, {0, 128, W}, -EFAULT},
    {"sched_setaffinity", SYS_sched_setaffinity, {0, 128, W}, -EFAULT},
    {"sched_getparam", SYS_sched_getparam, {0, W}, -EFAULT},
    {"sched_rr_get_interval", SYS_sched_rr_get_interval, {0, W}, -EFAULT},
    {"getrandom", SYS_getrandom, {W, 16, 0}, -EFAULT},
    {"ioctl TCGETS of a file", SYS_ioctl, {FILE_, 0x5401, W}, -ENOTTY},
    {"ioctl FIONREAD of a pipe", SYS_ioctl, {PIPE, 0x541b, W}, -EFAULT},
    {"fcntl F_GETLK", SYS_fcntl, {FILE_, 5, W}, -EFAULT},
    {"prctl PR_SET_NAME", SYS_prctl, {15, W}, -EFAULT},
    {"prctl PR_GET_NAME", SYS_prctl, {16, W}, -EFAULT},
    {"bind", SYS_bind, {SOCKET, W, 16}, -EFAULT},
    {"socketpair", SYS_socketpair, {AF_UNIX, SOCK_STREAM, 0, W}, -EFAULT},
    {"getsockname", SYS_getsockname, {SOCKET, BUFFER, W}, -EFAULT},
    {"futex wait", SYS_futex, {WORD, 0, 0, 0, 0, 0}, -EFAULT},
    {"getxattr", SYS_getxattr, {PATH, W, 0, 0}, -EFAULT},
    {"memfd_create", SYS_memfd_create, {W, 0}, -EFAULT},
};

static int file, directory, pipes[2], sock;

static uint64_t value(int64_t argument, uint64_t address) {
  static char buffer[8192];
  switch (argument) {
    case W: return address;
    case WORD: return address & ~(uint64_t)3;
    case PATH: return (uint64_t) "/tmp";
    case FILE_: return (uint64_t)file;
    case DIRECTORY: return (uint64_t)directory;
    case PIPE: return (uint64_t)pipes[1];
    case SOCKET: return (uint64_t)sock;
    case BUFFER: return (uint64_t)buffer;
    default: return (uint64_t)argument;
  }
}

static int exact(void) {
  int wrong = 0, absent = 0, count = 0;
  for (unsigned i = 0; i < sizeof exacts / sizeof *exacts; i++) {
    for (int w = 1; w < wild_count; w++) {
      uint64_t a[6];
      for (int n = 0; n < 6; n++) a[n] = value(exacts[i].arguments[n], wild[w]);
      lseek(file, 0, SEEK_SET);
      long result = call(exacts[i].number, a);
      count++;
      if (result == exacts[i].result) continue;
      /* A call that the kernel does not have yet; the reference of calls says which. */
      if (result == -ENOSYS) {
        absent++;
        continue;
      }
      wrong++;
      printf("%s with %#llx: %ld, not %d\n", exacts[i].name, (unsigned long long)wild[w], result, exacts[i].result);
    }
  }
  printf("%d calls, %d wrong, %d absent\n", count, wrong, absent);
  return wrong > 0;
}

/* MARK: Sweep */

/* Ends or stops what it should not, whatever its arguments: exits, signals to others, the console, the machine. */
static int is_spared(long number) {
  static const int spared[] = {
      SYS_exit, SYS_exit_group, SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo,
      SYS_vhangup, SYS_reboot, SYS_vfork, SYS_setpriority, SYS_ptrace, SYS_pause, SYS_rt_sigsuspend,
      SYS_syslog, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_ioprio_set,
  };
  for (unsigned i = 0; i < sizeof spared / sizeof *spared; i++)
    if (spared[i] == number) return 1;
  return 0;
}

/* Shapes of arguments: W the wild address, F an open file, N a small number, P a path that names nothing, Z nothing. */
static const char *const shapes[] = {"WWWWWW", "FWNWWW", "FWWWWW", "NWWWWW", "PWWWWW", "WNWNWN", "ZWWZZZ", "NNWNWW", "FPWWZZ"};
enum { shape_count = sizeof shapes / sizeof *shapes };

struct progress {
  volatile int number, attempt;
  volatile long calls, faults;
};

static void sweep_child(struct progress *progress, int last) {
  /* What waits for ever is ended. */
  const struct itimerval patience = {.it_value = {0, 50000}};
  for (; progress->number <= last; progress->number++, progress->attempt = 0) {
    if (is_spared(progress->number)) continue;
    while (progress->attempt < shape_count * wild_count) {
      const char *shape = shapes[progress->attempt % shape_count];
      uint64_t address = wild[progress->attempt / shape_count];
      progress->attempt++;
      uint64_t a[6];
      for (int n = 0; n < 6; n++) {
        switch (shape[n]) {
          case 'W': a[n] = address; break;
          case 'F': a[n] = (uint64_t)file; break;
          case 'N': a[n] = 16; break;
          case 'P': a[n] = (uint64_t)none; break;
          default: a[n] = 0;
        }
      }
      pid_t self = getpid();
      setitimer(ITIMER_REAL, &patience, 0);
      long result = call(progress->number, a);
      /* A copy of this process has nothing to do. */
      if (syscall(SYS_getpid) != self) _exit(0);
      progress->calls++;
      if (result == -EFAULT) progress->faults++;
    }
    /* The call may have closed or changed what the next ones need. */
    if (progress->number % 16 == 0) _exit(0);
  }
  _exit(0);
}

static int sweep(int first, int last) {
  struct progress *progress = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  progress->number = first;
  static const char canary[] = "canary";
  char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  memcpy(page, canary, sizeof canary);
  mprotect(page, 4096, PROT_READ);
  wild[wild_count++] = (uint64_t)page;
  int killed = 0;
  while (progress->number <= last) {
    int number = progress->number, attempt = progress->attempt;
    pid_t child = fork();
    if (child < 0) {
      perror("fork");
      return 1;
    }
    if (child == 0) {
      setsid();
      /* Signals that the calls ask for must not end it quietly. */
      signal(SIGPIPE, SIG_IGN);
      struct rlimit limit = {1 << 20, 1 << 20};
      setrlimit(RLIMIT_FSIZE, &limit);
      sweep_child(progress, last);
    }
    int status = 0;
    waitpid(child, &status, 0);
    while (waitpid(-1, 0, WNOHANG) > 0) {}
    if (WIFSIGNALED(status)) killed++;
    if (progress->number % 16 == 0 && progress->number <= last && !WIFSIGNALED(status)) {
      progress->number++;
      progress->attempt = 0;
    } else if (progress->number == number && progress->attempt == attempt) {
      /* It died before it did anything. */
      progress->attempt++;
    }
    if (memcmp(page, canary, sizeof canary)) {
      printf("call %d wrote into a read-only page\n", progress->number);
      return 1;
    }
  }
  printf("%s calls answered, %s of them EFAULT\n", progress->calls > 1000 ? "thousands of" : "few",
         progress->faults > 200 ? "hundreds" : "few");
  fprintf(stderr, "%ld calls, %ld EFAULT, %d processes killed\n", progress->calls, progress->faults, killed);
  return 0;
}

int main(int count, char **arguments) {
  fill_wild();
  char name[] = "/tmp/hostileXXXXXX";
  file = mkstemp(name);
  if (write(file, name, sizeof name) < 0) return 3;
  unlink(name);
  directory = open("/", O_RDONLY | O_DIRECTORY);
  if (pipe(pipes)) return 3;
  sock = socket(AF_UNIX, SOCK_STREAM, 0);
  if (count == 2 && !strcmp(arguments[1], "exact")) return exact();
  if (count == 4 && !strcmp(arguments[1], "sweep")) return sweep(atoi(arguments[2]), atoi(arguments[3]));
  fprintf(stderr, "usage: hostile exact | sweep FIRST LAST\n");
  return 2;
}
