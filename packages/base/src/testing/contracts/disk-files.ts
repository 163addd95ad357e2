/** Promises about the contents of files. */
import { expectCode, expectEqual, expectThat, fromUtf8, utf8 } from "./case.ts";
import type { DiskCase } from "./disk.ts";

export const FILE_CASES: Readonly<Record<string, DiskCase>> = {
  "a file reads back what was written": async ({ disk, at }) => {
    await disk.writeFile(at("a"), utf8("hello"), { sync: true });
    expectEqual(await disk.readFile(at("a")), utf8("hello"), "the contents");
    await disk.writeFile(at("a"), "hé");
    expectEqual(fromUtf8(await disk.readFile(at("a"))), "hé", "the replaced contents");
  },

  "what was read belongs to the reader": async ({ disk, at }) => {
    const data = utf8("mine");
    await disk.writeFile(at("a"), data);
    data.fill(0);
    (await disk.readFile(at("a"))).fill(0);
    expectEqual(fromUtf8(await disk.readFile(at("a"))), "mine", "the contents");
  },

  "an exclusive write leaves an existing file alone": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "first", { exclusive: true });
    await expectCode(disk.writeFile(at("a"), "second", { exclusive: true }), "EEXIST");
    expectEqual(fromUtf8(await disk.readFile(at("a"))), "first", "the contents");
  },

  "of many exclusive writers exactly one wins": async ({ disk, at }) => {
    const attempts = Array.from({ length: 8 }, (_, index) =>
      disk.writeFile(at("a"), `${index}`, { exclusive: true }).then(
        () => 1,
        () => 0,
      ),
    );
    const wins = (await Promise.all(attempts)).reduce((sum: number, win) => sum + win, 0);
    expectEqual(wins, 1, "the number of winners");
  },

  "a missing file is ENOENT with its path in the details": async ({ disk, at }) => {
    await expectCode(disk.readFile(at("none")), "ENOENT");
    await expectCode(disk.open(at("none"), { read: true }), "ENOENT");
    await expectCode(disk.stat(at("none")), "ENOENT");
    const details = await disk.unlink(at("none")).catch((error: { details?: unknown }) => error.details);
    expectEqual(details, { operation: "unlink", path: at("none") }, "the details");
  },

  "positions address bytes and gaps read as zeros": async ({ disk, at }) => {
    await using file = await disk.open(at("a"), { read: true, write: true, create: true });
    await file.writeAt(utf8("cd"), 4);
    await file.writeAt(utf8("a"), 0);
    expectEqual(await file.size(), 6, "the size");
    const buffer = new Uint8Array(8).fill(7);
    expectEqual(await file.readAt(buffer, 0), 6, "the bytes read");
    expectEqual(buffer, Uint8Array.of(97, 0, 0, 0, 99, 100, 7, 7), "the buffer");
    expectEqual(await file.readAt(buffer, 6), 0, "the bytes read at the end");
  },

  "truncate cuts and extends": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "abcdef");
    await using file = await disk.open(at("a"), { read: true, write: true });
    await file.truncate(2);
    await file.truncate(4);
    await file.datasync();
    expectEqual(await disk.readFile(at("a")), Uint8Array.of(97, 98, 0, 0), "the contents");
  },

  "where a file can reserve a range, it is as long as that and reads as zeros": async ({ disk, at }) => {
    await using file = await disk.open(at("a"), { read: true, write: true, create: true });
    if (file.allocate === undefined) return;
    await file.writeAt(Uint8Array.of(1, 2), 0);
    await file.allocate(0, 10_000);
    expectThat((await file.size()) === 10_000, "the file is as long as the range");
    const bytes = new Uint8Array(10_000);
    await file.readAt(bytes, 0);
    expectThat(bytes[1] === 2, "what was there stays");
    expectThat(
      bytes.subarray(2).every((byte) => byte === 0),
      "the rest is zeros",
    );
  },

  "where a file can give a range back, it reads as zeros and the size stays": async ({ disk, at }) => {
    await using file = await disk.open(at("a"), { read: true, write: true, create: true });
    if (file.punchHole === undefined) return;
    await file.writeAt(new Uint8Array(10_000).fill(7), 0);
    await file.punchHole(4096, 4096);
    await file.punchHole(9000, 4096);
    expectThat((await file.size()) === 10_000, "the size stays");
    const bytes = new Uint8Array(10_000);
    await file.readAt(bytes, 0);
    const isIn = (at: number): boolean => (at >= 4096 && at < 8192) || at >= 9000;
    expectThat(
      bytes.every((byte, index) => byte === (isIn(index) ? 0 : 7)),
      "the ranges and no more are zeros",
    );
  },

  "opening honours create, exclusive and truncate": async ({ disk, at }) => {
    await expectCode(disk.open(at("a"), { write: true }), "ENOENT");
    await (await disk.open(at("a"), { write: true, create: true, exclusive: true })).close();
    await expectCode(disk.open(at("a"), { write: true, create: true, exclusive: true }), "EEXIST");
    await disk.writeFile(at("a"), "abc");
    await (await disk.open(at("a"), { write: true, create: true })).close();
    expectEqual((await disk.stat(at("a"))).size, 3, "the size after a plain open");
    await (await disk.open(at("a"), { write: true, truncate: true })).close();
    expectEqual((await disk.stat(at("a"))).size, 0, "the size after truncation");
  },

  "a file opened one way refuses the other": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "abc");
    await using reader = await disk.open(at("a"), { read: true });
    await expectCode(reader.writeAt(utf8("x"), 0), "EBADF");
    await using writer = await disk.open(at("a"), { write: true });
    await expectCode(writer.readAt(new Uint8Array(1), 0), "EBADF");
  },

  "closing waits for calls in flight and later calls are EBADF": async ({ disk, at }) => {
    const file = await disk.open(at("a"), { read: true, write: true, create: true });
    const writing = file.writeAt(utf8("abc"), 0);
    await Promise.all([file.close(), file.close(), writing]);
    await expectCode(file.size(), "EBADF");
    await expectCode(file.readAt(new Uint8Array(1), 0), "EBADF");
    expectEqual(fromUtf8(await disk.readFile(at("a"))), "abc", "the contents");
  },

  "an open file outlives its name": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "abc");
    await using file = await disk.open(at("a"), { read: true });
    await disk.unlink(at("a"));
    await disk.writeFile(at("a"), "other");
    const buffer = new Uint8Array(3);
    await file.readAt(buffer, 0);
    expectEqual(fromUtf8(buffer), "abc", "the contents of the removed file");
  },

  "stat tells versions of a file apart": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "abc");
    const before = await disk.stat(at("a"));
    expectEqual([before.size, before.isFile, before.isDirectory], [3, true, false], "the stat");
    await disk.writeFile(at("b"), "abc");
    await disk.rename({ from: at("b"), to: at("a") });
    const after = await disk.stat(at("a"));
    expectThat(after.inode !== before.inode, "a replaced file has another inode");
    expectThat(after.mtimeNs >= before.mtimeNs, "times do not go back");
  },

  "copying copies contents and honours exclusive": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "abc");
    await disk.copyFile({ from: at("a"), to: at("b") }, { sync: true });
    await disk.writeFile(at("a"), "changed");
    expectEqual(fromUtf8(await disk.readFile(at("b"))), "abc", "the copy");
    await expectCode(disk.copyFile({ from: at("a"), to: at("b") }, { exclusive: true }), "EEXIST");
    await expectCode(disk.copyFile({ from: at("none"), to: at("c") }), "ENOENT");
  },
};
