import { describe, expect, test } from "vitest";
import { INODE_FLAG } from "../../../src/meta/model/inode.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { rename } from "../../../src/meta/ops/rename.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { changes } from "./changes.ts";
import { ALICE, at, inside, TestNamespace } from "./namespace.ts";

async function start() {
  const namespace = await TestNamespace.start();
  return { namespace, client: namespace.client() };
}

describe("rename", () => {
  test("a file moves with its inode, and its ctime", async () => {
    const { namespace, client } = await start();
    const file = await client.create("/a");
    await client.mkdir("/d");
    await namespace.clock.advance(10);
    await client.rename("/a", "/d/b");
    expect(await client.stat("/d/b")).toEqual({ ...file, ctimeNs: namespace.nowNs });
    expect(await client.names("/")).toEqual(["d"]);
    expect(await client.stat("/d")).toMatchObject({ mtimeNs: namespace.nowNs });
  });

  test("a directory moves with what is in it, and both parents count it", async () => {
    const { client } = await start();
    for (const path of ["/a", "/b", "/a/d", "/a/d/e"]) await client.mkdir(path);
    await client.rename("/a/d", "/b/x");
    expect(await client.stat("/b/x/e/..")).toMatchObject({ parent: (await client.stat("/b")).id });
    expect(await client.stat("/a")).toMatchObject({ nlink: 2 });
    expect(await client.stat("/b")).toMatchObject({ nlink: 3 });
  });

  test("over a file, its last name goes", async () => {
    const { client } = await start();
    const [a, b] = [await client.create("/a"), await client.create("/b")];
    await client.rename("/a", "/b");
    expect(await client.names("/")).toEqual(["b"]);
    expect(await client.stat("/b")).toMatchObject({ id: a.id, nlink: 1 });
    expect((await client.ask(stat, { inode: b.id })).inode).toMatchObject({ nlink: 0 });
  });

  test("over an empty directory, it goes; over another kind, nothing happens", async () => {
    const { client } = await start();
    await client.mkdir("/d");
    await client.mkdir("/e");
    await client.create("/f");
    await client.mkdir("/full");
    await client.create("/full/x");
    await expect(client.rename("/d", "/full")).rejects.toMatchObject({ code: "ENOTEMPTY" });
    await expect(client.rename("/d", "/f")).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(client.rename("/f", "/d")).rejects.toMatchObject({ code: "EISDIR" });
    await client.rename("/d", "/e");
    expect(await client.names("/")).toEqual(["e", "f", "full"]);
    expect(await client.stat("/")).toMatchObject({ nlink: 4 });
  });

  test("two names of one file stay as they are", async () => {
    const { client } = await start();
    const file = await client.create("/a");
    await client.ask(link, { inode: file.id, place: at("/b") });
    await client.rename("/a", "/b");
    await client.rename("/a", "/a");
    expect(await client.names("/")).toEqual(["a", "b"]);
  });

  test("a directory does not go below itself", async () => {
    const { client } = await start();
    for (const path of ["/a", "/a/b", "/a/b/c"]) await client.mkdir(path);
    await expect(client.rename("/a", "/a/b/c/d")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(client.rename("/a", "/a/x")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(client.rename("/a/b/c", "/a")).rejects.toMatchObject({ code: "ENOTEMPTY" });
    await expect(client.rename("/a/b", "/a", "exchange")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(client.rename("/a", "/a/b", "exchange")).rejects.toMatchObject({ code: "EINVAL" });
  });

  test("nothing that is missing is renamed", async () => {
    const { client } = await start();
    await client.create("/a");
    await expect(client.rename("/x", "/y")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(client.rename("/a", "/d/y")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(client.rename("/a", "/a/y")).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test("NOREPLACE refuses what is there, itself too", async () => {
    const { client } = await start();
    await client.create("/a");
    await client.create("/b");
    await expect(client.rename("/a", "/b", "noreplace")).rejects.toMatchObject({ code: "EEXIST" });
    await expect(client.rename("/a", "/a", "noreplace")).rejects.toMatchObject({ code: "EEXIST" });
    await client.rename("/a", "/c", "noreplace");
    expect(await client.names("/")).toEqual(["b", "c"]);
  });

  test("EXCHANGE changes the places of any two, directories with their parents and counts", async () => {
    const { client } = await start();
    for (const path of ["/p", "/q", "/p/d", "/p/d/in"]) await client.mkdir(path);
    const file = await client.create("/q/f");
    await client.rename("/p/d", "/q/f", "exchange");
    expect(await client.stat("/p/d")).toMatchObject({ kind: "file", id: file.id, nlink: 1 });
    expect(await client.stat("/q/f/in/../..")).toMatchObject({ id: (await client.stat("/q")).id });
    expect(await client.stat("/p")).toMatchObject({ nlink: 2 });
    expect(await client.stat("/q")).toMatchObject({ nlink: 3 });
    await expect(client.rename("/p/d", "/x", "exchange")).rejects.toMatchObject({ code: "ENOENT" });
    await client.rename("/p", "/q", "exchange");
    expect(await client.names("/p")).toEqual(["f"]);
  });

  test("a directory that changes its parent must be writable itself", async () => {
    const { namespace, client } = await start();
    await client.mkdir("/home", 0o777);
    await client.mkdir("/home/of-root", 0o755);
    const alice = namespace.client(ALICE);
    await alice.mkdir("/home/mine", 0o755);
    await expect(alice.rename("/home/of-root", "/home/mine/x")).rejects.toMatchObject({ code: "EACCES" });
    await alice.rename("/home/of-root", "/home/renamed");
  });

  test("both of an exchange need what a rename needs: to be writable directories, of the other place's quota", async () => {
    const { namespace, client } = await start();
    await client.mkdir("/home", 0o777);
    await client.mkdir("/home/of-root", 0o755);
    const alice = namespace.client(ALICE);
    await alice.mkdir("/home/mine", 0o755);
    await alice.create("/home/mine/f");
    const exchanged = alice.rename("/home/mine/f", "/home/of-root", "exchange");
    await expect(exchanged).rejects.toMatchObject({ code: "EACCES" });
    await client.mkdir("/d");
    await client.mkdir("/e");
    await client.create("/d/f");
    const other = await client.create("/e/f");
    await client.ask(setattr, { inode: other.id, changes: changes({ quota: 7 }) });
    await expect(client.rename("/d/f", "/e/f", "exchange")).rejects.toMatchObject({ code: "EXDEV" });
  });

  test("a name goes only where the user may add one, and from where it may take one away", async () => {
    const { namespace, client } = await start();
    await client.mkdir("/home", 0o777);
    await client.mkdir("/shut", 0o755);
    await client.create("/shut/of-root");
    const alice = namespace.client(ALICE);
    await alice.create("/home/a");
    for (const [from, to] of [
      ["/home/a", "/shut/a"],
      ["/home/a", "/shut/of-root"],
      ["/shut/of-root", "/home/b"],
    ] as const) {
      await expect(alice.rename(from, to)).rejects.toMatchObject({ code: "EACCES" });
    }
    const { id } = await client.stat("/shut");
    await client.ask(setattr, { inode: id, changes: changes({ flags: INODE_FLAG.immutable }) });
    await expect(client.rename("/home/a", "/shut/a")).rejects.toMatchObject({ code: "EPERM" });
    expect(await alice.names("/home")).toEqual(["a"]);
  });

  test("nothing is exchanged into a tree that was removed", async () => {
    const { client } = await start();
    const d = await client.mkdir("/d");
    await client.create("/d/f");
    await client.create("/x");
    await client.ask(removeTree, { place: at("/d") });
    const exchanged = client.ask(rename, { from: inside(d.id, "f"), to: at("/x"), mode: "exchange" });
    await expect(exchanged).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("nothing moves into a tree that was removed", async () => {
    const { client } = await start();
    const d = await client.mkdir("/d");
    const e = await client.mkdir("/d/e");
    await client.mkdir("/x");
    await client.ask(removeTree, { place: at("/d") });
    for (const directory of [d.id, e.id]) {
      const moved = client.ask(rename, { from: at("/x"), to: inside(directory, "x"), mode: "replace" });
      await expect(moved).rejects.toMatchObject({ code: "ENOENT" });
    }
    expect(await client.names("/")).toEqual(["x"]);
  });
});
