/** Promises about names: rename, link and unlink are what commits are built from. */
import { expectCode, expectEqual, fromUtf8 } from "./case.ts";
import type { DiskCase } from "./disk.ts";

export const NAME_CASES: Readonly<Record<string, DiskCase>> = {
  "rename replaces a file in one step": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "new");
    await disk.writeFile(at("b"), "old");
    await disk.rename({ from: at("a"), to: at("b") });
    expectEqual(fromUtf8(await disk.readFile(at("b"))), "new", "the contents");
    expectEqual(await disk.exists(at("a")), false, "the old name");
  },

  "rename moves a directory with what is in it": async ({ disk, at }) => {
    await disk.mkdir(at("a/deep"), { recursive: true });
    await disk.writeFile(at("a/deep/x"), "x");
    await disk.rename({ from: at("a"), to: at("b") });
    expectEqual(fromUtf8(await disk.readFile(at("b/deep/x"))), "x", "the contents");
    await disk.mkdir(at("empty"));
    await disk.rename({ from: at("b"), to: at("empty") });
    expectEqual(await disk.exists(at("empty/deep/x")), true, "a move over an empty directory");
  },

  "rename refuses what would lose or tangle directories": async ({ disk, at }) => {
    await disk.mkdir(at("a"));
    await disk.mkdir(at("full"));
    await disk.writeFile(at("full/x"), "x");
    await disk.writeFile(at("file"), "x");
    await expectCode(disk.rename({ from: at("a"), to: at("full") }), "ENOTEMPTY", "EEXIST");
    await expectCode(disk.rename({ from: at("a"), to: at("file") }), "ENOTDIR");
    await expectCode(disk.rename({ from: at("file"), to: at("a") }), "EISDIR");
    await expectCode(disk.rename({ from: at("a"), to: at("a/inside") }), "EINVAL");
    await expectCode(disk.rename({ from: at("none"), to: at("x") }), "ENOENT");
  },

  "a real path has no detours, and its file system has a number": async ({ disk, at }) => {
    await disk.mkdir(at("a"));
    await disk.writeFile(at("a/x"), "x");
    const root = await disk.realPath(at("."));
    expectEqual(await disk.realPath(at("a/../a/./x")), `${root}/a/x`, "the path");
    expectEqual((await disk.stat(at("a/x"))).device, (await disk.stat(at("a"))).device, "the file system");
    await expectCode(disk.realPath(at("none")), "ENOENT");
  },

  "rename of two names of one file changes nothing": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "x");
    await disk.rename({ from: at("a"), to: at("a") });
    expectEqual(fromUtf8(await disk.readFile(at("a"))), "x", "the contents");
  },

  "link gives a second name and never replaces": async ({ disk, at }) => {
    await disk.writeFile(at("a"), "one");
    await disk.link({ from: at("a"), to: at("b") });
    expectEqual((await disk.stat(at("b"))).inode, (await disk.stat(at("a"))).inode, "the inode");
    await disk.writeFile(at("c"), "two");
    await expectCode(disk.link({ from: at("c"), to: at("b") }), "EEXIST");
    await disk.unlink(at("a"));
    expectEqual(fromUtf8(await disk.readFile(at("b"))), "one", "the contents under the second name");
    await expectCode(disk.link({ from: at("none"), to: at("d") }), "ENOENT");
  },

  "of many links to one name exactly one wins": async ({ disk, at }) => {
    const attempts = Array.from({ length: 8 }, async (_, index) => {
      await disk.writeFile(at(`${index}`), `${index}`);
      return disk.link({ from: at(`${index}`), to: at("winner") }).then(
        () => [index],
        () => [],
      );
    });
    const winners = (await Promise.all(attempts)).flat();
    expectEqual(winners.length, 1, "the number of winners");
    expectEqual(fromUtf8(await disk.readFile(at("winner"))), `${winners[0]}`, "the winner's contents");
  },

  "unlink removes files, not directories": async ({ disk, at }) => {
    await disk.mkdir(at("a"));
    await expectCode(disk.unlink(at("a")), "EISDIR", "EPERM");
    expectEqual(await disk.exists(at("a")), true, "the directory");
  },
};
