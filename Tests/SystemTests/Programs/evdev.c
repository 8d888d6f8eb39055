/* Reads input devices, as evtest does.
 *
 * `evdev list`: what devices there are. `evdev watch FILE COUNT`: prints so many events as they come. `evdev exercise NAME`: sets a
 * light and injects a key at the device with that name, and prints what is read of it; with masks, a grab, and what must fail. */
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static void print_event(const struct input_event *event) {
  if (event->type == EV_SYN)
    printf("-- %d %d\n", event->code, event->value);
  else
    printf("type %#x code %#x value %d\n", event->type, event->code, event->value);
}

static void print_codes(int fd, const char *label, int type, int count) {
  unsigned char bits[KEY_CNT / 8];
  memset(bits, 0, sizeof bits);
  if (ioctl(fd, EVIOCGBIT(type, sizeof bits), bits) < 0) return;
  printf("%s", label);
  int known = 0;
  for (int code = 0; code < count; code++)
    if (bits[code / 8] & 1 << code % 8) {
      known++;
      if (type == 0) printf(" %x", code);
    }
  printf(type == 0 ? "\n" : " %d\n", known);
}

static void describe(const char *path) {
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return;
  char name[128] = "", place[128] = "";
  struct input_id id;
  ioctl(fd, EVIOCGNAME(sizeof name), name);
  ioctl(fd, EVIOCGPHYS(sizeof place), place);
  if (ioctl(fd, EVIOCGID, &id) < 0) return;
  printf("%s: %s at %s, bus %#x vendor %#x product %#x\n", path, name, place, id.bustype, id.vendor, id.product);
  print_codes(fd, "  types", 0, EV_CNT);
  print_codes(fd, "  keys", EV_KEY, KEY_CNT);
  close(fd);
}

static int open_named(const char *wanted) {
  for (int number = 0; number < 32; number++) {
    char path[32], name[128] = "";
    snprintf(path, sizeof path, "/dev/input/event%d", number);
    int fd = open(path, O_RDWR | O_NONBLOCK);
    if (fd < 0) continue;
    if (ioctl(fd, EVIOCGNAME(sizeof name), name) > 0 && !strcmp(name, wanted)) return fd;
    close(fd);
  }
  fprintf(stderr, "no device is called %s\n", wanted);
  exit(1);
}

static void send(int fd, int type, int code, int value) {
  struct input_event event;
  memset(&event, 0, sizeof event);
  event.type = type;
  event.code = code;
  event.value = value;
  if (write(fd, &event, sizeof event) != sizeof event) perror("write");
}

static void drain(int fd) {
  struct input_event events[16];
  ssize_t count;
  struct pollfd poller = {fd, POLLIN, 0};
  printf("poll %d\n", poll(&poller, 1, 0));
  while ((count = read(fd, events, sizeof events)) > 0)
    for (size_t index = 0; index < count / sizeof *events; index++) print_event(&events[index]);
  if (count < 0 && errno != EAGAIN) perror("read");
}

static void exercise(const char *name) {
  int fd = open_named(name), other = open_named(name);
  unsigned char keys[KEY_CNT / 8], lights[8];
  char small[4];
  drain(fd);
  send(fd, EV_LED, LED_SCROLLL, 1);
  send(fd, EV_SYN, SYN_REPORT, 0);
  drain(fd);
  ioctl(fd, EVIOCGLED(sizeof lights), lights);
  printf("scroll lock %d\n", lights[0] >> LED_SCROLLL & 1);
  send(fd, EV_LED, LED_SCROLLL, 0);
  send(fd, EV_SYN, SYN_REPORT, 0);
  drain(fd);
  drain(other);

  printf("grab %d, ", ioctl(fd, EVIOCGRAB, 1));
  printf("and again %d\n", ioctl(other, EVIOCGRAB, 1));
  send(fd, EV_KEY, KEY_F12, 1);
  send(fd, EV_SYN, SYN_REPORT, 0);
  ioctl(fd, EVIOCGKEY(sizeof keys), keys);
  printf("F12 %d\n", keys[KEY_F12 / 8] >> KEY_F12 % 8 & 1);
  send(fd, EV_KEY, KEY_F12, 0);
  send(fd, EV_SYN, SYN_REPORT, 0);
  drain(fd);
  drain(other);
  ioctl(fd, EVIOCGRAB, 0);

  unsigned char none[KEY_CNT / 8] = {0};
  struct input_mask mask = {EV_KEY, sizeof none, (uintptr_t)none};
  printf("mask %d\n", ioctl(other, EVIOCSMASK, &mask));
  send(fd, EV_KEY, KEY_F12, 1);
  send(fd, EV_KEY, KEY_F12, 0);
  send(fd, EV_SYN, SYN_REPORT, 0);
  drain(other);

  printf("name %d, ", ioctl(fd, EVIOCGNAME(sizeof small), small));
  printf("wild %d ", ioctl(fd, EVIOCGNAME(64), (char *)8));
  printf("%s, ", strerror(errno));
  printf("unknown %d ", ioctl(fd, TCGETS, small));
  printf("%s, ", strerror(errno));
  printf("short %zd ", read(fd, small, sizeof small));
  printf("%s\n", strerror(errno));
  printf("revoke %d, ", ioctl(other, EVIOCREVOKE, 0));
  printf("then %zd ", read(other, keys, sizeof keys));
  printf("%s\n", strerror(errno));
}

static void watch(const char *path, long count) {
  int fd = open(path, O_RDONLY);
  struct input_event event;
  if (fd < 0) {
    perror(path);
    exit(1);
  }
  while (count-- > 0 && read(fd, &event, sizeof event) == sizeof event) {
    print_event(&event);
    fflush(stdout);
  }
}

int main(int count, char **arguments) {
  if (count == 2 && !strcmp(arguments[1], "list"))
    for (int number = 0; number < 32; number++) {
      char path[32];
      snprintf(path, sizeof path, "/dev/input/event%d", number);
      describe(path);
    }
  else if (count == 4 && !strcmp(arguments[1], "watch"))
    watch(arguments[2], atol(arguments[3]));
  else if (count == 3 && !strcmp(arguments[1], "exercise"))
    exercise(arguments[2]);
  else
    return fprintf(stderr, "usage: evdev list | watch FILE COUNT | exercise NAME\n"), 2;
  return 0;
}
