/** Promises about directories. */
import { expectCode, expectEqual, expectThat } from "./case.ts";
import type { DiskCase } from "./disk.ts";

export const DIRECTORY_CASES: Readonly<Record<string, DiskCase>> = {
  "mkdir makes one directory, or all that are missing": async ({ disk, at }) => {
    await expectCode(disk.mkdir(at("a/b")), "ENOENT");
    await disk.mkdir(at("a/b/c"), { recursive: true });
    await disk.mkdir(at("a/b/c"), { recursive: true });
    await expectCode(disk.mkdir(at("a")), "EEXIST");
    expectEqual((await disk.stat(at("a/b/c"))).isDirectory, true, "isDirectory");
  },

  "a file cannot stand where a directory should": async ({ disk, at }) => {
    await disk.writeFile(at("file"), "x");
    await expectCode(disk.mkdir(at("file"), { recursive: true }), "EEXIST");
    await expectCode(disk.mkdir(at("file/a"), { recursive: true }), "ENOTDIR");
    await expectCode(disk.readFile(at("file/a")), "ENOTDIR");
    await expectCode(disk.readdir(at("file")), "ENOTDIR");
    await expectCode(disk.readFile(at(".")), "EISDIR");
    await expectCode(disk.writeFile(at("."), "x"), "EISDIR");
  },

  "readdir lists names with types in order": async ({ disk, at }) => {
    await disk.writeFile(at("b"), "x");
    await disk.mkdir(at("c"));
    await disk.writeFile(at("B"), "x");
    await disk.writeFile(at("a"), "x");
    const expected = [
      { name: "B", type: "file" },
      { name: "a", type: "file" },
      { name: "b", type: "file" },
      { name: "c", type: "directory" },
    ];
    expectEqual(await disk.readdir(at(".")), expected, "the entries");
    await expectCode(disk.readdir(at("none")), "ENOENT");
  },

  "exists is false for what is missing, whatever the reason": async ({ disk, at }) => {
    await disk.writeFile(at("file"), "x");
    expectEqual(await disk.exists(at("file")), true, "a file");
    expectEqual(await disk.exists(at(".")), true, "a directory");
    expectEqual(await disk.exists(at("none/deeper")), false, "below a missing directory");
    expectEqual(await disk.exists(at("file/deeper")), false, "below a file");
  },

  "removeTree removes everything below and minds nothing missing": async ({ disk, at }) => {
    await disk.mkdir(at("a/b/c"), { recursive: true });
    await disk.writeFile(at("a/b/x"), "x");
    await disk.writeFile(at("file"), "x");
    await disk.removeTree(at("a"));
    await disk.removeTree(at("a"));
    await disk.removeTree(at("file"));
    expectEqual(await disk.readdir(at(".")), [], "what is left");
  },

  "a directory can be synced and knows its free space": async ({ disk, at }) => {
    await disk.syncDirectory(at("."));
    await expectCode(disk.syncDirectory(at("none")), "ENOENT");
    expectThat((await disk.freeBytes(at("."))) > 0, "some space is free");
    await expectCode(disk.freeBytes(at("none")), "ENOENT");
  },

  "temporary directories are new and go when disposed of": async ({ disk, at }) => {
    await disk.mkdir(at("parent"));
    await using first = await disk.tempDirectory({ parent: at("parent"), prefix: "t-" });
    {
      await using second = await disk.tempDirectory({ parent: at("parent"), prefix: "t-" });
      expectThat(first.path !== second.path, "two temporary directories differ");
      expectThat(second.path.startsWith(at("parent/t-")), `the prefix is kept: ${second.path}`);
      await disk.writeFile(`${second.path}/x`, "x");
    }
    expectEqual((await disk.readdir(at("parent"))).length, 1, "the number left");
    await expectCode(disk.tempDirectory({ parent: at("none") }), "ENOENT");
  },
};
