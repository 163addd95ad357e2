/*
 * The work of the metadata benchmarks on a file system of the kernel: threads, system calls and fsync, nothing else.
 *
 *   files ROOT OPERATION IN_FLIGHT OPERATIONS ROUND
 *
 * Changes are durable when a thread goes on: the file, if there is a new one, and every directory that changed are
 * synced. Prints the milliseconds of the round; making what it needs is not counted.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* As in src/suites/meta/workload.ts. */
enum { DIRECTORIES = 256, LISTED = 1000, PATH_BYTES = 512 };

static const char *root;
static const char *operation;
static int operations;
static int round_number;
static atomic_int next;
static int *directory_fds;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int is(const char *name) { return strcmp(operation, name) == 0; }

static void make_directory(const char *path) {
  if (mkdir(path, 0755) != 0 && errno != EEXIST) die(path);
}

static int open_directory(const char *path) {
  make_directory(path);
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) die(path);
  return fd;
}

static void make_file(int directory, const char *name, int durable) {
  int fd = openat(directory, name, O_CREAT | O_EXCL | O_WRONLY, 0644);
  if (fd < 0) die(name);
  if (durable && fsync(fd) != 0) die("fsync of a file");
  close(fd);
}

static void sync_directory(int fd) {
  if (fsync(fd) != 0) die("fsync of a directory");
}

/* Into how many directories the work goes. */
static int spread(void) { return is("create-one") ? 1 : is("rename") ? 2 : DIRECTORIES; }

static void prepare(void) {
  char path[PATH_BYTES];
  int shared = is("stat") || is("readdir");
  if (shared) snprintf(path, sizeof path, "%s/%s", root, operation);
  else snprintf(path, sizeof path, "%s/%s-%d", root, operation, round_number);
  struct stat found;
  int there = stat(path, &found) == 0;
  make_directory(path);
  directory_fds = calloc(DIRECTORIES, sizeof *directory_fds);
  char name[64];
  for (int d = 0; d < spread(); d++) {
    char below[PATH_BYTES + 32];
    snprintf(below, sizeof below, "%s/d%d", path, d);
    directory_fds[d] = open_directory(below);
    for (int i = 0; is("readdir") && !there && d < operations && i < LISTED; i++) {
      snprintf(name, sizeof name, "f%d", i);
      make_file(directory_fds[d], name, 0);
    }
  }
  for (int i = 0; (is("rename") || (is("stat") && !there)) && i < operations; i++) {
    snprintf(name, sizeof name, "f%d", i);
    make_file(directory_fds[is("rename") ? 0 : i % DIRECTORIES], name, 0);
  }
  int fd = open(root, O_RDONLY);
  if (fd < 0 || syncfs(fd) != 0) die("syncfs");
  close(fd);
}

static void list(int directory) {
  int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY);
  DIR *stream = fdopendir(fd);
  if (stream == NULL) die("fdopendir");
  int seen = 0;
  while (readdir(stream) != NULL) seen++;
  if (seen != LISTED + 2) die("readdir");
  closedir(stream);
}

static void one(int i) {
  char name[64];
  snprintf(name, sizeof name, "f%d", i);
  int directory = directory_fds[i % spread()];
  struct stat found;
  if (is("readdir")) {
    list(directory);
  } else if (is("stat")) {
    if (fstatat(directory, name, &found, AT_SYMLINK_NOFOLLOW) != 0) die(name);
  } else if (is("rename")) {
    if (renameat(directory_fds[0], name, directory_fds[1], name) != 0) die(name);
    sync_directory(directory_fds[1]);
    sync_directory(directory_fds[0]);
  } else {
    make_file(directory, name, 1);
    sync_directory(directory);
  }
}

static void *work(void *nothing) {
  for (int i; (i = atomic_fetch_add(&next, 1)) < operations;) one(i);
  return nothing;
}

int main(int count, char **words) {
  if (count != 6) return 2;
  root = words[1];
  operation = words[2];
  int threads = atoi(words[3]);
  operations = atoi(words[4]);
  round_number = atoi(words[5]);
  prepare();
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  pthread_t *running = calloc((size_t)threads, sizeof *running);
  for (int t = 0; t < threads; t++)
    if (pthread_create(&running[t], NULL, work, NULL) != 0) die("pthread_create");
  for (int t = 0; t < threads; t++) pthread_join(running[t], NULL);
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%f\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
  return 0;
}
