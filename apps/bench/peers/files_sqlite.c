/*
 * The work of the metadata benchmarks on two tables of SQLite: WAL, synchronous=FULL, one process, nothing above it.
 *
 *   files_sqlite DATABASE OPERATION IN_FLIGHT OPERATIONS ROUND
 *
 * As many changes as are in flight share a transaction, which is group commit at its best. Prints the milliseconds of
 * the round; making what it needs is not counted.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* As in src/suites/meta/workload.ts. */
enum { DIRECTORIES = 256, LISTED = 1000, INODE_BYTES = 100, ROOT = 1 };

static sqlite3 *db;
static const char *operation;
static int operations;
static sqlite3_stmt *add_entry, *add_inode, *touch, *find, *list, *move, *last;
static const char inode[INODE_BYTES];

static void check(int code) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(db));
  exit(1);
}

static void run(const char *sql) { check(sqlite3_exec(db, sql, NULL, NULL, NULL)); }

static sqlite3_stmt *statement(const char *sql) {
  sqlite3_stmt *made;
  check(sqlite3_prepare_v2(db, sql, -1, &made, NULL));
  return made;
}

/* How many rows it gave. */
static int step_all(sqlite3_stmt *prepared) {
  int rows = 0;
  int code;
  while ((code = sqlite3_step(prepared)) == SQLITE_ROW) rows++;
  check(code);
  sqlite3_reset(prepared);
  return rows;
}

static int is(const char *name) { return strcmp(operation, name) == 0; }

static long long next_inode(void) {
  check(sqlite3_step(last));
  long long found = sqlite3_column_int64(last, 0);
  sqlite3_reset(last);
  return found < ROOT ? ROOT + 1 : found + 1;
}

static void create(long long parent, const char *name, long long id) {
  sqlite3_bind_int64(add_entry, 1, parent);
  sqlite3_bind_text(add_entry, 2, name, -1, SQLITE_STATIC);
  sqlite3_bind_int64(add_entry, 3, id);
  step_all(add_entry);
  sqlite3_bind_int64(add_inode, 1, id);
  sqlite3_bind_blob(add_inode, 2, inode, INODE_BYTES, SQLITE_STATIC);
  step_all(add_inode);
  sqlite3_bind_int64(touch, 1, id);
  sqlite3_bind_int64(touch, 2, parent);
  step_all(touch);
}

static void open_database(const char *path) {
  check(sqlite3_open(path, &db));
  run("PRAGMA journal_mode=WAL");
  run("PRAGMA synchronous=FULL");
  run("CREATE TABLE IF NOT EXISTS entry (parent INTEGER, name TEXT, inode INTEGER, PRIMARY KEY (parent, name))"
      " WITHOUT ROWID");
  run("CREATE TABLE IF NOT EXISTS inode (id INTEGER PRIMARY KEY, data BLOB, mtime INTEGER DEFAULT 0)");
  add_entry = statement("INSERT INTO entry VALUES (?, ?, ?)");
  add_inode = statement("INSERT INTO inode (id, data) VALUES (?, ?)");
  touch = statement("UPDATE inode SET mtime = max(mtime, ?) WHERE id = ?");
  find = statement("SELECT data, mtime FROM entry JOIN inode ON id = entry.inode WHERE parent = ? AND name = ?");
  list = statement("SELECT name, inode FROM entry WHERE parent = ? ORDER BY name");
  move = statement("UPDATE entry SET parent = ? WHERE parent = ? AND name = ?");
  last = statement("SELECT coalesce(max(id), 0) FROM inode");
}

/* Directories are the inodes from this one on. */
static long long prepare(void) {
  char name[64];
  run("BEGIN IMMEDIATE");
  long long first = next_inode();
  for (int d = 0; d < DIRECTORIES; d++) {
    snprintf(name, sizeof name, "d%lld", first + d);
    create(ROOT, name, first + d);
  }
  long long id = first + DIRECTORIES;
  int listed = operations < DIRECTORIES ? operations : DIRECTORIES;
  int files = is("readdir") ? listed * LISTED : is("stat") || is("rename") ? operations : 0;
  for (int i = 0; i < files; i++) {
    snprintf(name, sizeof name, "f%d", is("readdir") ? i / listed : i);
    create(first + (is("rename") ? 0 : i % (is("readdir") ? listed : DIRECTORIES)), name, id++);
  }
  run("COMMIT");
  run("PRAGMA wal_checkpoint(TRUNCATE)");
  return first;
}

static void one(long long first, int i, long long id) {
  char name[64];
  snprintf(name, sizeof name, "f%d", i);
  if (is("readdir")) {
    sqlite3_bind_int64(list, 1, first + i % DIRECTORIES);
    if (step_all(list) != LISTED) exit(3);
  } else if (is("stat")) {
    sqlite3_bind_int64(find, 1, first + i % DIRECTORIES);
    sqlite3_bind_text(find, 2, name, -1, SQLITE_STATIC);
    if (step_all(find) != 1) exit(3);
  } else if (is("rename")) {
    sqlite3_bind_int64(move, 1, first + 1);
    sqlite3_bind_int64(move, 2, first);
    sqlite3_bind_text(move, 3, name, -1, SQLITE_STATIC);
    step_all(move);
    for (int d = 0; d < 2; d++) {
      sqlite3_bind_int64(touch, 1, id + i);
      sqlite3_bind_int64(touch, 2, first + d);
      step_all(touch);
    }
  } else {
    create(first + (is("create-one") ? 0 : i % DIRECTORIES), name, id + i);
  }
}

int main(int count, char **words) {
  if (count != 6) return 2;
  operation = words[2];
  int in_flight = atoi(words[3]);
  operations = atoi(words[4]);
  open_database(words[1]);
  long long first = prepare();
  long long id = next_inode();
  int changes = !is("stat") && !is("readdir");
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int i = 0; i < operations; i++) {
    if (changes && i % in_flight == 0) run("BEGIN IMMEDIATE");
    one(first, i, id);
    if (changes && (i % in_flight == in_flight - 1 || i == operations - 1)) run("COMMIT");
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  printf("%f\n", (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6);
  sqlite3_close_v2(db);
  return 0;
}
