/* Does what a processor or the kernel answers with a signal: die WAY, or die --report WAY to be told of the signal instead.
 * `die --list` prints the ways. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

static void divide(void) { __asm__ volatile("xorl %%ecx, %%ecx\n\tmovl $1, %%eax\n\tcltd\n\tidivl %%ecx" ::: "eax", "ecx", "edx"); }
static void overflow_division(void) {
  __asm__ volatile("movl $0x80000000, %%eax\n\tmovl $-1, %%ecx\n\tcltd\n\tidivl %%ecx" ::: "eax", "ecx", "edx");
}
static void breakpoint(void) { __asm__ volatile("int3"); }
static void single_step(void) { __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop" ::: "memory", "cc"); }
static void undefined(void) { __asm__ volatile("ud2"); }
static void null_read(void) { *(volatile char *)8; }
static void null_write(void) { *(volatile char *)16 = 1; }
static void kernel_read(void) { *(volatile char *)0xffff888000000000; }
static void kernel_window_read(void) { *(volatile char *)0x600000100000; }
static void kernel_window_write(void) { *(volatile char *)0x6fff80200000 = 1; }
static void noncanonical_read(void) { *(volatile char *)0x800000000000; }
static void jump_to_null(void) { ((void (*)(void))0)(); }
static void jump_to_noncanonical(void) { __asm__ volatile("movabsq $0x8000000000000000, %%rax\n\tjmp *%%rax" ::: "rax"); }
static void execute_data(void) {
  unsigned char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  page[0] = 0xc3;
  ((void (*)(void))page)();
}
static void write_code(void) { *(volatile unsigned char *)(uintptr_t)&divide = 0; }
static void write_read_only(void) {
  *(volatile char *)mmap(0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
}
static void read_no_access(void) { *(volatile char *)mmap(0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }
static void read_behind_file(void) {
  char name[] = "/tmp/dieXXXXXX";
  int file = mkstemp(name);
  unlink(name);
  if (ftruncate(file, 100)) _exit(3);
  volatile char *pages = mmap(0, 8192, PROT_READ, MAP_SHARED, file, 0);
  pages[4096];
}
static void halt(void) { __asm__ volatile("hlt"); }
static void clear_interrupts(void) { __asm__ volatile("cli"); }
static void port(void) { __asm__ volatile("inb $0x60, %%al" ::: "al"); }
static void read_msr(void) { __asm__ volatile("rdmsr" ::: "eax", "edx"); }
static void write_control(void) { __asm__ volatile("movq %%rax, %%cr3" ::: "memory"); }
static void load_table(void) {
  char table[10] = {0};
  __asm__ volatile("lidt %0" ::"m"(table));
}
static void bad_segment(void) { __asm__ volatile("movl $0x1234, %%eax\n\tmovl %%eax, %%ds" ::: "eax"); }
static void bad_interrupt(void) { __asm__ volatile("int $0x21"); }
static void double_fault_vector(void) { __asm__ volatile("int $8"); }
static void bad_stack(void) { __asm__ volatile("movabsq $0x8000000000000000, %%rsp\n\tpushq %%rax" ::: "memory"); }
static void misaligned(void) {
  static char bytes[16];
  __asm__ volatile("pushfq\n\torq $0x40000, (%%rsp)\n\tpopfq\n\tmovl 1(%0), %%eax" ::"r"(bytes) : "eax", "memory", "cc");
}
static void misaligned_vector(void) {
  static char bytes[32] __attribute__((aligned(16)));
  __asm__ volatile("movaps 1(%0), %%xmm0" ::"r"(bytes) : "xmm0");
}
static void x87(void) {
  unsigned short control = 0x37b;
  __asm__ volatile("fldcw %0\n\tfld1\n\tfldz\n\tfdivrp\n\tfwait" ::"m"(control));
}
static void sse(void) {
  unsigned control = 0x1d80;
  float one = 1, zero = 0;
  __asm__ volatile("ldmxcsr %0\n\tdivss %2, %1" : : "m"(control), "x"(one), "x"(zero));
}
static volatile int deepest = 1 << 30;
static int recurse(int depth) {
  volatile char space[4096];
  space[0] = (char)depth;
  return depth < deepest ? recurse(depth + 1) + space[0] : 0;
}
static void overflow_stack(void) {
  struct rlimit limit = {1 << 20, 1 << 20};
  setrlimit(RLIMIT_STACK, &limit);
  recurse(0);
}
static void call_abort(void) { abort(); }

static const struct {
  const char *name;
  void (*run)(void);
} ways[] = {
    {"divide", divide}, {"overflow-division", overflow_division}, {"breakpoint", breakpoint},
    {"single-step", single_step}, {"undefined", undefined}, {"null-read", null_read}, {"null-write", null_write},
    {"kernel-read", kernel_read}, {"kernel-window-read", kernel_window_read},
    {"kernel-window-write", kernel_window_write}, {"noncanonical-read", noncanonical_read},
    {"jump-to-null", jump_to_null}, {"jump-to-noncanonical", jump_to_noncanonical}, {"execute-data", execute_data},
    {"write-code", write_code}, {"write-read-only", write_read_only}, {"read-no-access", read_no_access},
    {"read-behind-file", read_behind_file}, {"halt", halt}, {"clear-interrupts", clear_interrupts}, {"port", port},
    {"read-msr", read_msr}, {"write-control", write_control}, {"load-table", load_table},
    {"bad-segment", bad_segment}, {"bad-interrupt", bad_interrupt}, {"double-fault-vector", double_fault_vector},
    {"bad-stack", bad_stack}, {"misaligned", misaligned},
    {"misaligned-vector", misaligned_vector}, {"x87", x87}, {"sse", sse}, {"overflow-stack", overflow_stack},
    {"abort", call_abort},
};

static void report(int signal, siginfo_t *info, void *context) {
  (void)context;
  const char *place = "elsewhere";
  uintptr_t address = (uintptr_t)info->si_addr;
  if (address < 65536) place = address ? "low" : "null";
  /* Alignment is off again, or the C library would be killed. */
  __asm__ volatile("pushfq\n\tandq $~0x40100, (%%rsp)\n\tpopfq" ::: "memory", "cc");
  char text[80];
  int count = snprintf(text, sizeof text, "signal %d code %d address %s\n", signal, info->si_code,
                       info->si_code > 0 && info->si_code < 0x80 ? place : "none");
  if (write(1, text, (size_t)count) < 0) _exit(2);
  _exit(0);
}

int main(int count, char **arguments) {
  int reports = count > 2 && !strcmp(arguments[1], "--report");
  const char *wanted = count > 1 ? arguments[count - 1] : "";
  if (reports) {
    static char stack[65536];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&other, 0);
    struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    const int signals[] = {SIGFPE, SIGTRAP, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGSYS};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
  }
  for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
    if (!strcmp(wanted, "--list")) puts(ways[i].name);
    if (strcmp(wanted, ways[i].name)) continue;
    ways[i].run();
    printf("%s lived\n", wanted);
    return 1;
  }
  return strcmp(wanted, "--list") ? 2 : 0;
}
