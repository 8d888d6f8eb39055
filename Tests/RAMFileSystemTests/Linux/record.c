// Makes up calls on files, has Linux carry them out in a tmpfs, and writes down how each ended. See README.md.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t state;
static uint32_t draw(uint32_t bound) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)((state >> 33) % bound);
}

// Odd records reserve space, even ones look for data: what was only reserved counts as a hole on Linux.
static uint64_t state_seed;
static int slots[6] = {-1, -1, -1, -1, -1, -1};
static char path[2][8192];

static void name(char *out) {
  static const char *names[] = {"a", "b", "c", "d", "e", "a", "b", "c"};
  uint32_t kind = draw(40);
  if (kind == 0) strcat(out, ".");
  else if (kind <= 2) strcat(out, "..");
  else if (kind == 3) { size_t n = strlen(out), c = 254 + draw(3); memset(out + n, 'n', c); out[n + c] = 0; }
  else strcat(out, names[draw(8)]);
}

static const char *make_path(int which) {
  char *out = path[which];
  out[0] = 0;
  if (draw(150) == 0) return "";
  if (draw(300) == 0) {
    for (int i = 0; i < 2048 - (int)draw(3); i++) strcat(out, "./");
    if (draw(2)) strcat(out, "a");
    return out;
  }
  if (draw(4) == 0) strcat(out, draw(8) ? "/" : "//");
  if (draw(60) == 0) return out;
  int count = 1 + (draw(2) ? 0 : draw(3));
  for (int i = 0; i < count; i++) {
    if (i) strcat(out, draw(20) ? "/" : "///");
    name(out);
  }
  if (draw(12) == 0) strcat(out, "/");
  return out;
}

static const char *shown(const char *path) { return *path ? path : "@"; }

static const char *ending(long result) {
  static char text[32];
  if (result < 0) return strerrorname_np(errno);
  sprintf(text, "%ld", result);
  return text;
}

static uint64_t sum(const unsigned char *bytes, long count) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (long i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
  return hash;
}

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void list(int fd) {
  static char buffer[65536];
  char *names[512];
  int count = 0;
  lseek(fd, 0, SEEK_SET);
  for (;;) {
    // A small buffer, so that lists are continued.
    char part[300];
    long n = syscall(SYS_getdents64, fd, part, sizeof part);
    if (n < 0) { printf("%s\n", strerrorname_np(errno)); return; }
    if (n == 0) break;
    for (long at = 0; at < n;) {
      struct { uint64_t ino, off; unsigned short len; unsigned char type; char name[]; } *entry = (void *)(part + at);
      char *copy = malloc(strlen(entry->name) + 8);
      sprintf(copy, "%s:%d", entry->name, entry->type);
      names[count++] = copy;
      at += entry->len;
    }
  }
  (void)buffer;
  qsort(names, count, sizeof *names, compare);
  for (int i = 0; i < count; i++) printf("%s%s", i ? "," : "", names[i]);
  printf("\n");
}

static void show(const char *path, int flags) {
  struct stat st;
  if (fstatat(AT_FDCWD, path, &st, flags) < 0) { printf("%s\n", strerrorname_np(errno)); return; }
  int isDirectory = S_ISDIR(st.st_mode);
  printf("%o,%lu,%u,%u,%ld,%ld\n", st.st_mode, (unsigned long)st.st_nlink, st.st_uid, st.st_gid,
         isDirectory ? 0 : (long)st.st_size, isDirectory ? 0 : (long)st.st_blocks);
}

static long offset(void) {
  static const long offsets[] = {0, 1, 4095, 4096, 4097, 10000, 16384, -1, 1L << 40, 0x7fffffffffffffff};
  return draw(3) ? (long)draw(20000) : offsets[draw(10)];
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  state = strtoull(arguments[2], 0, 0);
  state_seed = state;
  if (chdir(arguments[1]) || chroot(".")) { perror("chroot"); return 1; }
  chmod("/", 0777);
  umask(022);
  static unsigned char bytes[32768];
  for (int left = atoi(arguments[3]); left > 0; left--) {
    int k = draw(6);
    if (slots[k] < 0) k = draw(6);
    int fd = slots[k];
    switch (draw(34)) {
      case 0: case 1: case 2: {
        int mode = draw(3) ? 0777 : draw(01000 * 8);
        const char *p = make_path(0);
        printf("mkdir %s %o = ", shown(p), mode); printf("%s\n", ending(mkdir(p, mode))); break;
      }
      case 3: { const char *p = make_path(0); printf("rmdir %s = ", shown(p)); printf("%s\n", ending(rmdir(p))); break; }
      case 4: case 5: { const char *p = make_path(0); printf("unlink %s = ", shown(p)); printf("%s\n", ending(unlink(p))); break; }
      case 6: case 7: case 8: case 9: case 10: {
        static const int choices[] = {O_CREAT, O_CREAT | O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_TMPFILE};
        int flags = draw(3);
        if (draw(2)) flags |= O_CREAT;
        if (draw(2)) flags |= choices[draw(8)];
        if (draw(4) == 0) flags |= choices[draw(8)];
        // What Linux makes of both together has changed.
        if ((flags & O_CREAT) && (flags & O_DIRECTORY)) flags &= ~(O_CREAT | O_EXCL);
        int mode = draw(3) ? 0666 : draw(01000 * 8);
        const char *p = make_path(0);
        printf("open %d %s %o %o = ", k, shown(p), flags, mode);
        int new = open(p, flags, mode);
        if (new >= 0) { if (fd >= 0) close(fd); slots[k] = new; new = 0; }
        printf("%s\n", ending(new)); break;
      }
      case 11: case 12: {
        long size = draw(4) ? draw(9000) : draw(32768); int byte = draw(256);
        memset(bytes, byte, size);
        printf("write %d %ld %d = ", k, size, byte); printf("%s\n", ending(write(fd, bytes, size))); break;
      }
      case 13: case 14: {
        long size = draw(4) ? draw(9000) : draw(32768), at = offset(); int byte = draw(256);
        memset(bytes, byte, size);
        printf("pwrite %d %ld %ld %d = ", k, size, at, byte); printf("%s\n", ending(pwrite(fd, bytes, size, at))); break;
      }
      case 15: case 16: {
        long size = draw(32768);
        printf("read %d %ld = ", k, size);
        long n = read(fd, bytes, size);
        printf("%s", ending(n)); if (n >= 0) printf(":%lx", sum(bytes, n)); printf("\n"); break;
      }
      case 17: {
        long size = draw(32768), at = offset();
        printf("pread %d %ld %ld = ", k, size, at);
        long n = pread(fd, bytes, size, at);
        printf("%s", ending(n)); if (n >= 0) printf(":%lx", sum(bytes, n)); printf("\n"); break;
      }
      case 18: {
        long at = offset(); int whence = draw(state_seed & 1 ? 3 : 5);
        struct stat st;
        // What a directory's end is, each file system says for itself.
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) whence = SEEK_SET, at = 0;
        printf("seek %d %ld %d = ", k, at, whence); printf("%s\n", ending(lseek(fd, at, whence))); break;
      }
      case 19: { long at = offset(); if (at > 1000000) at = -5; printf("ftruncate %d %ld = ", k, at); printf("%s\n", ending(ftruncate(fd, at))); break; }
      case 20: { long at = draw(20000); const char *p = make_path(0); printf("truncate %s %ld = ", shown(p), at); printf("%s\n", ending(truncate(p, at))); break; }
      case 21: case 22: case 23: {
        int flags = draw(3) ? 0 : draw(4);
        const char *p = make_path(0), *q = make_path(1);
        printf("rename %s %s %d = ", shown(p), shown(q), flags);
        printf("%s\n", ending(syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, q, flags))); break;
      }
      case 24: {
        int flags = draw(2) ? AT_SYMLINK_FOLLOW : 0;
        const char *p = make_path(0), *q = make_path(1);
        printf("link %s %s %d = ", shown(p), shown(q), flags != 0); printf("%s\n", ending(linkat(AT_FDCWD, p, AT_FDCWD, q, flags))); break;
      }
      case 25: { const char *p = make_path(0), *q = make_path(1); printf("symlink %s %s = ", shown(p), shown(q)); printf("%s\n", ending(symlink(p, q))); break; }
      case 26: {
        static char text[8192];
        const char *p = make_path(0);
        printf("readlink %s = ", shown(p));
        long n = readlink(p, text, sizeof text - 1);
        if (n >= 0) { text[n] = 0; printf("%s\n", text); } else printf("%s\n", ending(n));
        break;
      }
      case 27: { int no = draw(2); const char *p = make_path(0); printf("stat %s %d = ", shown(p), no); show(p, no ? AT_SYMLINK_NOFOLLOW : 0); break; }
      case 28: { printf("list %d = ", k); list(fd); break; }
      case 29: { int mode = draw(010000); const char *p = make_path(0); if (draw(3)) mode |= 0711; printf("chmod %s %o = ", shown(p), mode); printf("%s\n", ending(chmod(p, mode))); break; }
      case 30: {
        int user = (int)draw(3) - 1, group = (int)draw(3) - 1;
        if (user > 0) user = 1000;
        if (group > 0) group = 1000;
        const char *p = make_path(0);
        printf("chown %s %d %d = ", shown(p), user, group); printf("%s\n", ending(chown(p, user, group))); break;
      }
      case 31: { const char *p = draw(2) ? "/" : make_path(0); printf("chdir %s = ", shown(p)); printf("%s\n", ending(chdir(p))); break; }
      case 32: {
        static const int modes[] = {0, 0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE};
        int mode = modes[state_seed & 1 ? draw(4) : 3]; long at = draw(20000), size = draw(9000);
        printf("fallocate %d %d %ld %ld = ", k, mode, at, size); printf("%s\n", ending(fallocate(fd, mode, at, size))); break;
      }
      case 33: {
        if (draw(3)) {
          static char text[8192];
          printf("getcwd = ");
          long n = syscall(SYS_getcwd, text, sizeof text);
          printf("%s\n", n < 0 ? ending(n) : text);
        } else {
          int user = draw(3) ? 0 : 1000;
          printf("user %d = 0\n", user);
          setfsgid(user); setfsuid(user);
        }
        break;
      }
    }
  }
  return 0;
}
