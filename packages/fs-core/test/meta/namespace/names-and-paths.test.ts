import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { lookup } from "../../../src/meta/ops/lookup.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { rename } from "../../../src/meta/ops/rename.ts";
import { rmdir } from "../../../src/meta/ops/rmdir.ts";
import { statPath } from "../../../src/meta/ops/stat-path.ts";
import { symlink } from "../../../src/meta/ops/symlink.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { ALICE, inside, type TestClient, TestNamespace } from "./namespace.ts";

/** Every operation that takes a name, on one. */
const WITH_NAMES: Readonly<Record<string, (client: TestClient, name: string) => Promise<unknown>>> = {
  create: (client, name) =>
    client.ask(create, {
      place: inside(ROOT_INODE, name),
      kind: "file",
      mode: 0o644,
      rdev: 0,
      exclusive: true,
    }),
  symlink: (client, name) => client.ask(symlink, { place: inside(ROOT_INODE, name), target: "x" }),
  link: (client, name) => client.ask(link, { inode: ROOT_INODE, place: inside(ROOT_INODE, name) }),
  unlink: (client, name) => client.ask(unlink, { place: inside(ROOT_INODE, name) }),
  rmdir: (client, name) => client.ask(rmdir, { place: inside(ROOT_INODE, name) }),
  removeTree: (client, name) => client.ask(removeTree, { place: inside(ROOT_INODE, name) }),
  writeFile: (client, name) =>
    client.ask(writeFile, {
      place: inside(ROOT_INODE, name),
      mode: 0o644,
      exclusive: false,
      bytes: new Uint8Array(1),
    }),
  renameFrom: (client, name) =>
    client.ask(rename, { from: inside(ROOT_INODE, name), to: inside(ROOT_INODE, "b"), mode: "replace" }),
  renameTo: (client, name) =>
    client.ask(rename, { from: inside(ROOT_INODE, "a"), to: inside(ROOT_INODE, name), mode: "replace" }),
};

const BAD_NAMES = [
  ["NUL", "a\0b", "EINVAL"],
  ["a slash", "a/b", "EINVAL"],
  ["a dot", ".", "EINVAL"],
  ["two dots", "..", "EINVAL"],
  ["nothing", "", "ENOENT"],
  ["256 bytes", "x".repeat(256), "ENAMETOOLONG"],
  ["256 bytes in 128 letters", "é".repeat(128), "ENAMETOOLONG"],
] as const;

describe.each(Object.entries(WITH_NAMES))("%s", (_, ask) => {
  test.each(BAD_NAMES)("refuses a name of %s, and nothing changes", async (_what, name, code) => {
    const client = (await TestNamespace.start()).client();
    await client.create("/a");
    await expect(ask(client, name)).rejects.toMatchObject({ code });
    expect(await client.names("/")).toEqual(["a"]);
  });
});

test("names of 255 bytes, and of any script, are names", async () => {
  const client = (await TestNamespace.start()).client();
  const names = ["x".repeat(255), "é".repeat(127), "😀".repeat(63), "\ufeffbom", " ", "…", "\n"];
  for (const name of names) await WITH_NAMES.create!(client, name);
  expect(new Set(await client.names("/"))).toEqual(new Set(names));
});

test("lookup refuses the same names, but for the dots", async () => {
  const client = (await TestNamespace.start()).client();
  const find = (name: string) => client.ask(lookup, { directory: ROOT_INODE, name });
  await expect(find("a/b")).rejects.toMatchObject({ code: "EINVAL" });
  await expect(find("x".repeat(256))).rejects.toMatchObject({ code: "ENAMETOOLONG" });
});

describe("paths", () => {
  async function world() {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    await client.mkdir("/d");
    await client.mkdir("/d/e");
    await client.create("/d/e/f");
    return { namespace, client };
  }

  const walk = (client: TestClient, path: string, follow: boolean = true) =>
    client.ask(statPath, { directory: ROOT_INODE, path, follow });

  test("a path of 4,096 bytes is too long, and one of 4,095 is walked", async () => {
    const { client } = await world();
    const long = `/${"./".repeat(2047)}`;
    expect(long.length).toBe(4095);
    expect((await walk(client, long)).inode.id).toBe(ROOT_INODE);
    await expect(walk(client, `${long}.`)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
    await expect(walk(client, `${long}/.`)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
  });

  test("dots, empty steps and the way above the root lead where POSIX says", async () => {
    const { client } = await world();
    const file = await client.stat("/d/e/f");
    for (const path of ["//d///e/./f", "/../../d/e/f", "/d/../d/e/../e/f", "d/e/f"]) {
      expect((await walk(client, path)).inode.id).toBe(file.id);
    }
    expect((await walk(client, "/d/..")).inode.id).toBe(ROOT_INODE);
    expect(await walk(client, "/d/e/..")).toMatchObject({ directory: undefined });
    expect((await walk(client, "/d/e/f")).directory).toBe((await client.stat("/d/e")).id);
  });

  test("a trailing slash wants a directory, and follows a link to it", async () => {
    const { client } = await world();
    await client.symlink("/l", "d/e");
    const e = await client.stat("/d/e");
    expect((await walk(client, "/d/e/", false)).inode.id).toBe(e.id);
    expect((await walk(client, "/l/", false)).inode.id).toBe(e.id);
    expect((await walk(client, "/l", false)).inode.kind).toBe("symlink");
    await expect(walk(client, "/d/e/f/")).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(walk(client, "/d/e/f/.")).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test("what is missing is ENOENT, and a step through a file ENOTDIR", async () => {
    const { client } = await world();
    for (const path of ["", "/x", "/x/y", "/d/x"]) {
      await expect(walk(client, path)).rejects.toMatchObject({ code: "ENOENT" });
    }
    await expect(walk(client, "/d/e/f/g")).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(walk(client, "/d/\0")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(walk(client, `/${"x".repeat(256)}`)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
  });

  test("links are followed from where they stand, from the root when absolute, and up", async () => {
    const { client } = await world();
    const file = await client.stat("/d/e/f");
    await client.symlink("/d/relative", "e/f");
    await client.symlink("/d/absolute", "/d/e");
    await client.symlink("/d/e/up", "../relative");
    await client.symlink("/d/slash", "e/");
    for (const path of ["/d/relative", "/d/absolute/f", "/d/e/up", "/d/slash/f"]) {
      expect((await walk(client, path)).inode.id).toBe(file.id);
    }
    await client.symlink("/gone", "x");
    await expect(walk(client, "/gone")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("40 links are followed, and the 41st is ELOOP, as is a loop", async () => {
    const { client } = await world();
    await client.symlink("/l1", "/d");
    for (let index = 2; index <= 41; index++) await client.symlink(`/l${index}`, `/l${index - 1}`);
    expect((await walk(client, "/l40")).inode.kind).toBe("directory");
    await expect(walk(client, "/l41")).rejects.toMatchObject({ code: "ELOOP" });
    expect((await walk(client, "/l41", false)).inode.kind).toBe("symlink");
    await client.symlink("/a", "b");
    await client.symlink("/b", "a");
    await expect(walk(client, "/a/x")).rejects.toMatchObject({ code: "ELOOP" });
  });

  test("without search permission on a directory of the way nothing beyond it is told", async () => {
    const { namespace, client } = await world();
    await client.mkdir("/shut", 0o744);
    await client.mkdir("/shut/in", 0o777);
    const alice = namespace.client(ALICE);
    expect((await alice.stat("/shut")).mode).toBe(0o744);
    expect((await alice.stat("/shut/")).mode).toBe(0o744);
    for (const path of ["/shut/in", "/shut/missing", "/shut/..", "/shut/."]) {
      await expect(walk(alice, path)).rejects.toMatchObject({ code: "EACCES" });
    }
    await expect(alice.create("/shut/in/a")).rejects.toMatchObject({ code: "EACCES" });
  });

  test("changes go through the way to their directory, links included", async () => {
    const { client } = await world();
    await client.symlink("/l", "/d/e");
    await client.create("/l/new");
    expect(await client.names("/d/e")).toEqual(["f", "new"]);
    await client.rename("/l/new", "/d/moved");
    await client.unlink("/l/../moved");
    expect(await client.names("/d")).toEqual(["e"]);
  });
});

test("a link's target is not empty and not longer than a path", async () => {
  const client = (await TestNamespace.start()).client();
  await expect(client.symlink("/l", "")).rejects.toMatchObject({ code: "ENOENT" });
  await expect(client.symlink("/l", "x".repeat(4096))).rejects.toMatchObject({ code: "ENAMETOOLONG" });
  const target = "x".repeat(4095);
  expect(await client.symlink("/l", target)).toMatchObject({ target, mode: 0o777, nlink: 1 });
});
