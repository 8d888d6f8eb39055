// Records what Linux does: random modes, typing, printing and reading at a pseudo terminal, each with its result. TerminalsTests
// replays the record.
//
//   cc -O2 -Wall -o record record.c && ./record 1 4000 > bytes-1.trace
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

// The kernel's structure, which the C library's header hides.
struct kernel_termios {
  uint32_t iflag, oflag, cflag, lflag;
  uint8_t line, cc[19];
};

static int master = -1, slave = -1;
static char slave_name[64];
static struct kernel_termios modes, initial;
static int unread_output, unread_input;
static int pause_microseconds = 1500;

static uint64_t random_state;
static uint64_t next_random(void) {
  uint64_t mixed = random_state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}
static unsigned below(unsigned limit) { return next_random() % limit; }
static int one_in(unsigned count) { return below(count) == 0; }

static void check(int succeeded, const char *what) {
  if (succeeded) return;
  perror(what);
  exit(1);
}

// What one end gets is moved by a kernel thread: poll makes it move what it can, and the pause is for the rest.
static void settle(void) {
  struct pollfd ends[2] = {{slave, POLLIN, 0}, {master, POLLIN, 0}};
  poll(ends, 2, 0);
  poll(ends, 2, 0);
  usleep(pause_microseconds);
  poll(ends, 2, 0);
}

static void print_bytes(const uint8_t *bytes, int count) {
  if (count == 0) printf("-");
  for (int i = 0; i < count; i++) printf("%02x", bytes[i]);
}

static void print_error(void) { printf("%s\n", strerrorname_np(errno)); }

static void open_pair(void) {
  if (slave >= 0) close(slave);
  if (master >= 0) close(master);
  master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  check(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "posix_openpt");
  check(ptsname_r(master, slave_name, sizeof slave_name) == 0, "ptsname");
  slave = open(slave_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
  check(slave >= 0 && ioctl(slave, TCGETS, &modes) == 0, "slave");
  initial = modes;
  unread_output = unread_input = 0;
  printf("pair\n");
}

static uint8_t special(void) {
  static const uint8_t choices[] = {3, 28, 127, 21, 4, 17, 19, 26, 18, 23, 22, 'a', 'x', '\r', '\n', 0xff, 0xe4, 1, ';', '\t'};
  return choices[below(sizeof choices)];
}

static void set_modes(void) {
  if (one_in(3)) modes = initial;
  static const uint32_t input[] = {1, 2, 4, 010, 020, 040, 0100, 0200, 0400, 01000, 02000, 04000, 010000, 020000, 040000};
  static const uint32_t output[] = {1, 2, 4, 010, 020, 040, 0100, 0200, 04000, 010000, 014000};
  static const uint32_t local[] = {1, 2, 4, 010, 020, 040, 0100, 0200, 0400, 01000, 02000, 04000, 0100000, 0200000};
  for (int i = below(3); i > 0; i--) modes.iflag ^= input[below(15)];
  for (int i = below(3); i > 0; i--) modes.oflag ^= output[below(11)];
  for (int i = below(3); i > 0; i--) modes.lflag ^= local[below(14)];
  for (int i = below(3); i > 0; i--) {
    int which = below(17);
    modes.cc[which] = one_in(4) ? 0 : special();
  }
  if (one_in(10)) modes.cflag ^= 1 << below(16);
  // A read of less than VMIN at once is not compared, nor are times: what is read at once is.
  modes.cc[5] = 0;
  modes.cc[6] = below(3);
  int flushes = one_in(8);
  check(ioctl(slave, flushes ? TCSETSF : TCSETS, &modes) == 0, "TCSETS");
  printf("%s %x %x %x %x ", flushes ? "flushmodes" : "modes", modes.iflag, modes.oflag, modes.cflag, modes.lflag);
  print_bytes(modes.cc, 19);
  check(ioctl(slave, TCGETS, &modes) == 0, "TCGETS");
  printf(" = %x %x %x %x\n", modes.iflag, modes.oflag, modes.cflag, modes.lflag);
  settle();
}

static uint8_t typed_byte(void) {
  switch (below(12)) {
    case 0: case 1: case 2: return "abcXYZ019_ .,/"[below(14)];
    case 3: return special();
    case 4: return modes.cc[below(17)];
    case 5: return '\n';
    case 6: return '\r';
    case 7: return '\t';
    case 8: return 0x80 + below(0x40);
    case 9: return 0xc0 + below(0x40);
    case 10: return one_in(3) ? below(256) : 127;
    default: return 'a' + below(26);
  }
}

static void write_to(int end, const char *name, const uint8_t *bytes, int count) {
  int done = write(end, bytes, count);
  printf("%s ", name);
  print_bytes(bytes, count);
  printf(" = ");
  if (done < 0) print_error(); else printf("%d\n", done);
  if (done > 0) {
    unread_output += done * 8;
    if (end == master) unread_input += done * 3;
  }
  settle();
}

static void write_some(int end, const char *name) {
  uint8_t bytes[2000];
  int count = 1 + (one_in(4) ? below(60) : below(8));
  for (int i = 0; i < count; i++) bytes[i] = typed_byte();
  // Much at once, without what throws echo away half-way.
  if (one_in(40)) {
    count = 200 + below(1000);
    for (int i = 0; i < count; i++) bytes[i] = 'b' + below(3);
  }
  write_to(end, name, bytes, count);
}

static void read_from(int end, const char *name, int limit) {
  uint8_t bytes[16384];
  int wanted = one_in(3) ? limit : 1 + below(20);
  int done = read(end, bytes, wanted);
  printf("%s %d = ", name, wanted);
  if (done < 0) {
    print_error();
  } else {
    print_bytes(bytes, done);
    printf("\n");
  }
  if (wanted == limit || done < 0) {
    if (end == master) unread_output = 0; else unread_input = 0;
  }
  settle();
}

static void print_state(void) {
  int readable = -1, shown = -1;
  struct pollfd ends[2] = {{slave, POLLIN | POLLOUT | POLLPRI, 0}, {master, POLLIN | POLLOUT | POLLPRI, 0}};
  if (slave >= 0) check(ioctl(slave, FIONREAD, &readable) == 0, "FIONREAD");
  check(ioctl(master, FIONREAD, &shown) == 0, "FIONREAD");
  poll(ends, 2, 0);
  printf("state = %d %d %x %x\n", readable, shown, slave < 0 ? 0 : ends[0].revents, ends[1].revents);
}

static void control(const char *name, int end, unsigned long request, long argument) {
  int result = ioctl(end, request, argument);
  printf("%s %ld = ", name, argument);
  if (result < 0) print_error(); else printf("%d\n", result);
  settle();
}

static void step(void) {
  if (unread_output > 3500) return read_from(master, "show", 16384);
  if (unread_input > 2500) return read_from(slave, "read", 8192);
  switch (below(40)) {
    case 0: case 1: case 2: case 3: set_modes(); break;
    case 4: if (one_in(4)) control("flush", slave, TCFLSH, below(4)); break;
    case 5: if (one_in(4)) control("flow", slave, TCXONC, below(5)); break;
    case 6:
      if (one_in(3)) {
        int on = below(2);
        check(ioctl(master, TIOCPKT, &on) == 0, "TIOCPKT");
        printf("packet %d\n", on);
      }
      break;
    case 7:
      if (!one_in(4)) break;
      if (one_in(3)) { open_pair(); break; }
      close(slave);
      slave = -1;
      printf("close\n");
      settle();
      print_state();
      if (one_in(2)) read_from(master, "show", 16384);
      if (one_in(2)) write_some(master, "type");
      slave = open(slave_name, O_RDWR | O_NOCTTY | O_NONBLOCK);
      check(slave >= 0, "open");
      printf("open\n");
      break;
    case 8: case 9: case 10: case 11: case 12: case 13: print_state(); break;
    case 14: case 15: case 16: case 17: case 18: write_some(slave, "print"); break;
    case 19: case 20: case 21: case 22: case 23: read_from(master, "show", 16384); break;
    case 24: case 25: case 26: case 27: case 28: read_from(slave, "read", 8192); break;
    default: write_some(master, "type"); break;
  }
}

int main(int count, char **arguments) {
  if (count < 3) return 2;
  random_state = strtoull(arguments[1], 0, 10);
  if (count > 3) pause_microseconds = atoi(arguments[3]);
  open_pair();
  for (long steps = atol(arguments[2]); steps > 0; steps--) step();
  return 0;
}
