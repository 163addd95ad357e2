import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { type CreatedKind, create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { lookup } from "../../../src/meta/ops/lookup.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { tmpfile } from "../../../src/meta/ops/tmpfile.ts";
import { ALICE, at, BOB, inside, TestNamespace } from "./namespace.ts";

const of = (kind: CreatedKind, rdev: number = 0) => ({ kind, rdev, mode: 0o600, exclusive: true });

describe("create", () => {
  test("a file has its maker's owner and group, the mode, and times of now", async () => {
    const namespace = await TestNamespace.start();
    await namespace.client().mkdir("/home", 0o777);
    const file = await namespace.client(ALICE).create("/home/a", { mode: 0o640 });
    const { nowNs } = namespace;
    expect(file).toMatchObject({ kind: "file", uid: 1000, gid: 1000, mode: 0o640, nlink: 1, length: 0n });
    expect(file).toMatchObject({ atimeNs: nowNs, mtimeNs: nowNs, ctimeNs: nowNs, birthNs: nowNs });
  });

  test("a file's layout is the default: chunks of 1 MiB on 16 chains of the newest table", async () => {
    const namespace = await TestNamespace.start();
    const { layout } = await namespace.client().create("/a");
    expect(layout).toMatchObject({ table: 1, tableVersion: 3, chunkBytes: 2 ** 20, stripe: 16 });
  });

  test("every kind of inode but directories is made, devices with their numbers by root only", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const kinds: CreatedKind[] = ["file", "fifo", "socket", "character", "block"];
    for (const kind of kinds) {
      const { inode } = await client.ask(create, { place: at(`/${kind}`), ...of(kind, 0x0801) });
      expect(inode.kind).toBe(kind);
      if (inode.kind !== "file")
        expect(inode).toMatchObject({ rdev: kind.length > 4 && kind !== "socket" ? 0x0801 : 0 });
    }
    await client.mkdir("/open", 0o777);
    const alice = namespace.client(ALICE);
    const device = alice.ask(create, { place: at("/open/null"), ...of("character", 0x0103) });
    await expect(device).rejects.toMatchObject({ code: "EPERM" });
    await alice.ask(create, { place: at("/open/pipe"), ...of("fifo") });
  });

  test("what is there is EEXIST when exclusive or of another kind, and found otherwise", async () => {
    const client = (await TestNamespace.start()).client();
    const first = await client.create("/a");
    await expect(client.create("/a")).rejects.toMatchObject({ code: "EEXIST" });
    const again = await client.ask(create, { place: at("/a"), ...of("file"), exclusive: false });
    expect(again).toMatchObject({ created: false, inode: { id: first.id, mode: 0o644 } });
    const pipe = client.ask(create, { place: at("/a"), ...of("fifo"), exclusive: false });
    await expect(pipe).rejects.toMatchObject({ code: "EEXIST" });
  });

  test("a directory that is missing, or is none, is told apart", async () => {
    const client = (await TestNamespace.start()).client();
    const { id } = await client.create("/a");
    await expect(client.create("/b/c")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(client.create("/a/c")).rejects.toMatchObject({ code: "ENOTDIR" });
    const below = client.ask(create, { place: inside(id, "c"), ...of("file") });
    await expect(below).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test("a full store takes no more files, but whatever has no bytes", async () => {
    const namespace = await TestNamespace.start();
    namespace.space.full = true;
    const client = namespace.client();
    await expect(client.create("/a")).rejects.toMatchObject({ code: "ENOSPC", kind: "unavailable" });
    await client.mkdir("/d");
    expect(await client.names("/")).toEqual(["d"]);
  });

  test("without the table of chains that a directory wants, no file is made", async () => {
    const namespace = await TestNamespace.start({ settings: { table: 9 as never } });
    await expect(namespace.client().create("/a")).rejects.toMatchObject({ code: "ENODEV" });
  });

  test("the directory's times follow what is made in it, and its links the directories", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    await namespace.clock.advance(1000);
    await client.mkdir("/d");
    await client.create("/a");
    const root = await client.stat("/");
    expect(root).toMatchObject({ nlink: 3, mtimeNs: namespace.nowNs, ctimeNs: namespace.nowNs });
    expect(root.atimeNs).toBeLessThan(root.mtimeNs);
  });

  test("in a setgid directory the group is the directory's, and directories in it are setgid too", async () => {
    const namespace = await TestNamespace.start();
    const root = namespace.client();
    await root.mkdir("/group", 0o2777);
    const alice = namespace.client(ALICE);
    expect(await alice.create("/group/a")).toMatchObject({ uid: 1000, gid: 0 });
    expect(await alice.mkdir("/group/d")).toMatchObject({ gid: 0, mode: 0o2755 });
    expect(await alice.create("/group/d/b", { mode: 0o2755 })).toMatchObject({ gid: 0, mode: 0o755 });
    expect(await root.create("/group/d/c", { mode: 0o2755 })).toMatchObject({ mode: 0o2755 });
  });
});

describe("tmpfile", () => {
  test("a file without a name gets one by link, once", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const { inode } = await client.ask(tmpfile, { directory: ROOT_INODE, mode: 0o600 });
    expect(inode).toMatchObject({ nlink: 0, kind: "file" });
    expect(await client.names("/")).toEqual([]);
    const linked = await client.ask(link, { inode: inode.id, place: at("/a") });
    expect(linked.inode).toMatchObject({ id: inode.id, nlink: 1, flags: 0 });
    await client.unlink("/a");
    const again = client.ask(link, { inode: inode.id, place: at("/b") });
    await expect(again).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("mkdirs", () => {
  const wanted = (path: string, parents: boolean) => ({ directory: ROOT_INODE, path, mode: 0o555, parents });

  test("with parents, what is missing on the way is made so that its owner can go on", async () => {
    const client = (await TestNamespace.start()).client(ALICE);
    const root = (await TestNamespace.start()).client();
    await expect(client.ask(mkdirs, wanted("/a/b/c", true))).rejects.toMatchObject({ code: "EACCES" });
    const made = await root.ask(mkdirs, wanted("/a/b/c/", true));
    expect(made).toMatchObject({ created: true, inode: { kind: "directory", mode: 0o555 } });
    expect(await root.stat("/a/b")).toMatchObject({ mode: 0o755, nlink: 3 });
    const again = await root.ask(mkdirs, wanted("/a/b/c", true));
    expect(again).toMatchObject({ created: false, inode: { id: made.inode.id } });
  });

  test("without parents, a missing way is ENOENT and what is there EEXIST", async () => {
    const client = (await TestNamespace.start()).client();
    await expect(client.mkdir("/a/b")).rejects.toMatchObject({ code: "ENOENT" });
    await client.mkdir("/a/");
    for (const path of ["/a", "/", "/a/.", "/a/.."]) {
      await expect(client.mkdir(path)).rejects.toMatchObject({ code: "EEXIST" });
    }
  });

  test("parents are followed through links, not through files, and not made for a link that leads nowhere", async () => {
    const client = (await TestNamespace.start()).client();
    await client.mkdir("/d");
    await client.symlink("/l", "d");
    await client.symlink("/nowhere", "gone");
    await client.create("/f");
    await client.ask(mkdirs, wanted("/l/x", true));
    expect(await client.names("/d")).toEqual(["x"]);
    await expect(client.ask(mkdirs, wanted("/f/x", true))).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(client.ask(mkdirs, wanted("/f", true))).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(client.ask(mkdirs, wanted("/nowhere/x", true))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(client.ask(mkdirs, wanted("", true))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await client.ask(mkdirs, wanted("/", true))).toMatchObject({ created: false });
  });
});

describe("lookup", () => {
  test("finds names, the directory itself and the one above", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const d = await client.mkdir("/d");
    const e = await client.mkdir("/d/e");
    const find = async (directory: typeof d.id, name: string) =>
      (await client.ask(lookup, { directory, name })).inode.id;
    expect(await find(d.id, "e")).toBe(e.id);
    expect(await find(e.id, ".")).toBe(e.id);
    expect(await find(e.id, "..")).toBe(d.id);
    expect(await find(ROOT_INODE, "..")).toBe(ROOT_INODE);
    await expect(find(d.id, "x")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(
      namespace.client(BOB).ask(lookup, { directory: (await client.mkdir("/shut", 0o700)).id, name: "x" }),
    ).rejects.toMatchObject({ code: "EACCES" });
  });
});
