import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { DETACHED } from "../../../src/meta/model/inode.ts";
import { batchStat } from "../../../src/meta/ops/batch-stat.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { lockDirectory } from "../../../src/meta/ops/lock-directory.ts";
import { lookup } from "../../../src/meta/ops/lookup.ts";
import { readdir } from "../../../src/meta/ops/readdir.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { setLayout } from "../../../src/meta/ops/set-layout.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { ALICE, at, BOB, inside, TestNamespace } from "./namespace.ts";

describe("rmdir", () => {
  test("an empty directory goes, and its parent has a link less", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const d = await client.mkdir("/d");
    await namespace.clock.advance(10);
    await client.rmdir("/d");
    expect(await client.stat("/")).toMatchObject({ nlink: 2, mtimeNs: namespace.nowNs });
    await expect(client.ask(stat, { inode: d.id })).rejects.toMatchObject({ code: "ESTALE" });
    const below = client.ask(create, {
      place: inside(d.id, "a"),
      kind: "file",
      mode: 0o600,
      rdev: 0,
      exclusive: true,
    });
    await expect(below).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("what is not empty, no directory, or missing, stays", async () => {
    const client = (await TestNamespace.start()).client();
    await client.mkdir("/d");
    await client.create("/d/a");
    await expect(client.rmdir("/d")).rejects.toMatchObject({ code: "ENOTEMPTY" });
    await expect(client.rmdir("/d/a")).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(client.rmdir("/x")).rejects.toMatchObject({ code: "ENOENT" });
    await client.unlink("/d/a");
    await client.rmdir("/d");
  });
});

describe("removeTree", () => {
  test("a tree is gone in one step, detached for the collector", async () => {
    const client = (await TestNamespace.start()).client();
    const d = await client.mkdir("/d");
    await client.mkdir("/d/e");
    await client.create("/d/e/a");
    await client.ask(removeTree, { place: at("/d") });
    expect(await client.names("/")).toEqual([]);
    expect(await client.stat("/")).toMatchObject({ nlink: 2 });
    expect((await client.ask(stat, { inode: d.id })).inode).toMatchObject({ parent: DETACHED });
    const below = client.ask(create, {
      place: inside(d.id, "x"),
      kind: "fifo",
      mode: 0o600,
      rdev: 0,
      exclusive: true,
    });
    await expect(below).rejects.toMatchObject({ code: "ENOENT" });
    await expect(client.ask(removeTree, { place: at("/d") })).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("files are not trees", async () => {
    const client = (await TestNamespace.start()).client();
    await client.create("/f");
    await expect(client.ask(removeTree, { place: at("/f") })).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  test("users remove trees whose directories are all theirs, and open to them", async () => {
    const namespace = await TestNamespace.start();
    await namespace.client().mkdir("/home", 0o777);
    const [alice, bob] = [namespace.client(ALICE), namespace.client(BOB)];
    await alice.mkdir("/home/d", 0o777);
    await alice.mkdir("/home/d/e", 0o777);
    await bob.create("/home/d/e/of-bob");
    await bob.mkdir("/home/d/e/f");
    await expect(alice.ask(removeTree, { place: at("/home/d") })).rejects.toMatchObject({ code: "EPERM" });
    await bob.rmdir("/home/d/e/f");
    await alice.mkdir("/home/d/e/shut", 0o000);
    await expect(alice.ask(removeTree, { place: at("/home/d") })).rejects.toMatchObject({ code: "EACCES" });
    await alice.rmdir("/home/d/e/shut");
    await alice.ask(removeTree, { place: at("/home/d") });
    expect(await alice.names("/home")).toEqual([]);
  });

  test("a user's tree with a directory that another client has locked stays", async () => {
    const namespace = await TestNamespace.start();
    await namespace.client().mkdir("/home", 0o777);
    const [alice, other] = [namespace.client(ALICE), namespace.client(ALICE)];
    await alice.mkdir("/home/d");
    const { id } = await alice.mkdir("/home/d/e");
    await other.ask(lockDirectory, { directory: id, action: "try", owner: "the other" });
    const ask = (client: typeof alice) => client.ask(removeTree, { place: at("/home/d") });
    await expect(ask(alice)).rejects.toMatchObject({ code: "EBUSY" });
    await ask(other);
  });

  test("a user's tree that is too large to look at is refused, root's is not looked at", async () => {
    const namespace = await TestNamespace.start({ settings: { treeDirectoriesMax: 3, treeEntriesMax: 5 } });
    await namespace.client().mkdir("/home", 0o777);
    const alice = namespace.client(ALICE);
    for (const path of ["/home/d", "/home/d/1", "/home/d/2"]) await alice.mkdir(path);
    await alice.mkdir("/home/d/3");
    const ask = () => alice.ask(removeTree, { place: at("/home/d") });
    await expect(ask()).rejects.toMatchObject({ code: "EOPNOTSUPP" });
    await alice.rmdir("/home/d/3");
    for (let index = 0; index < 4; index++) await alice.create(`/home/d/f${index}`);
    await expect(ask()).rejects.toMatchObject({ code: "EOPNOTSUPP" });
    await namespace.client().ask(removeTree, { place: at("/home/d") });
  });
});

describe("readdir", () => {
  async function full(count: number) {
    const client = (await TestNamespace.start()).client();
    for (let index = 0; index < count; index++) await client.create(`/f${String(index).padStart(3, "0")}`);
    return client;
  }

  test("pages tell every entry once, in the order of the names' bytes", async () => {
    const client = await full(25);
    const seen: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await client.ask(readdir, { directory: ROOT_INODE, after, limit: 7, attributes: false });
      seen.push(...page.entries.map(({ name }) => name));
      expect(page.more).toBe(seen.length < 25);
      if (!page.more) break;
      after = seen.at(-1);
    }
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen).size).toBe(25);
  });

  test("what stays is told once while names around it come and go", async () => {
    const client = await full(10);
    const first = await client.ask(readdir, {
      directory: ROOT_INODE,
      after: undefined,
      limit: 5,
      attributes: false,
    });
    await client.unlink("/f004");
    await client.unlink("/f007");
    await client.create("/f0041");
    await client.create("/f0000");
    const rest = await client.ask(readdir, {
      directory: ROOT_INODE,
      after: first.entries.at(-1)!.name,
      limit: 100,
      attributes: false,
    });
    expect(rest.entries.map(({ name }) => name)).toEqual(["f0041", "f005", "f006", "f008", "f009"]);
  });

  test("attributes are told to who may search, as stat tells them", async () => {
    const namespace = await TestNamespace.start();
    const root = namespace.client();
    await root.mkdir("/d", 0o754);
    await root.mkdir("/d/e");
    await root.mkdir("/d/e/f");
    await root.symlink("/d/l", "x");
    const { id } = await root.stat("/d");
    const question = { directory: id, after: undefined, limit: 10, attributes: true };
    const { entries } = await root.ask(readdir, question);
    expect(entries).toEqual([
      { name: "e", kind: "directory", id: (await root.stat("/d/e")).id, inode: await root.stat("/d/e") },
      { name: "l", kind: "symlink", id: (await root.stat("/d/l")).id, inode: await root.stat("/d/l") },
    ]);
    expect(entries[0]!.inode).toMatchObject({ nlink: 3 });
    const seen = await namespace.client(ALICE).ask(readdir, question);
    expect(seen.entries.map(({ inode }) => inode)).toEqual([undefined, undefined]);
  });

  test("files, directories one may not read, and pages of no size are refused", async () => {
    const namespace = await TestNamespace.start();
    const root = namespace.client();
    const file = await root.create("/f");
    const shut = await root.mkdir("/shut", 0o711);
    const ask = (directory: typeof file.id, limit: number = 10) =>
      namespace.client(ALICE).ask(readdir, { directory, after: undefined, limit, attributes: false });
    await expect(ask(file.id)).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(ask(shut.id)).rejects.toMatchObject({ code: "EACCES" });
    await expect(ask(ROOT_INODE, 0)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(ask(ROOT_INODE, 1001)).rejects.toMatchObject({ code: "EINVAL" });
  });

  test("a page with long links ends before it is too large for a message", async () => {
    const client = (await TestNamespace.start()).client();
    for (let index = 0; index < 100; index++) await client.symlink(`/l${index}`, "x".repeat(4000));
    const page = await client.ask(readdir, {
      directory: ROOT_INODE,
      after: undefined,
      limit: 1000,
      attributes: true,
    });
    expect(page.more).toBe(true);
    expect(page.entries.length).toBeGreaterThan(50);
    const rest = await client.ask(readdir, {
      directory: ROOT_INODE,
      after: page.entries.at(-1)!.name,
      limit: 1000,
      attributes: true,
    });
    expect(page.entries.length + rest.entries.length).toBe(100);
  });
});

test("batchStat tells many inodes in the order asked, and nothing for those that are gone", async () => {
  const client = (await TestNamespace.start()).client();
  const d = await client.mkdir("/d");
  await client.mkdir("/d/e");
  const gone = await client.symlink("/l", "x");
  await client.unlink("/l");
  const { inodes } = await client.ask(batchStat, { inodes: [gone.id, d.id, ROOT_INODE, d.id] });
  expect(inodes.map((inode) => inode?.nlink)).toEqual([undefined, 3, 3, 3]);
});

test("whoever is told of a file is told its length of now", async () => {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  await client.mkdir("/d");
  const { id } = await client.create("/f");
  await client.create("/g");
  namespace.lengthOf = (file) => (file.id === id ? 42n : 1n);
  const directory = ROOT_INODE;
  const page = await client.ask(readdir, { directory, after: undefined, limit: 10, attributes: true });
  const told = [
    (await client.ask(stat, { inode: id })).inode,
    (await client.ask(lookup, { directory, name: "f" })).inode,
    await client.stat("/f"),
    (await client.ask(batchStat, { inodes: [directory, id] })).inodes[1],
    page.entries.find(({ name }) => name === "f")?.inode,
  ];
  for (const inode of told) expect(inode).toMatchObject({ id, length: 42n });
  expect(page.entries.find(({ name }) => name === "g")?.inode).toMatchObject({ length: 1n });
});

describe("setLayout", () => {
  const choice = { table: undefined, chunkBytes: 2 ** 16, stripe: 2 };

  test("files made in it, and in directories made in it later, lie so", async () => {
    const client = (await TestNamespace.start()).client();
    const d = await client.mkdir("/d");
    await client.create("/d/before");
    await client.ask(setLayout, { directory: d.id, layout: choice });
    await client.mkdir("/d/e");
    expect(await client.create("/d/e/a")).toMatchObject({ layout: { chunkBytes: 2 ** 16, stripe: 2 } });
    expect(await client.stat("/d/before")).toMatchObject({ layout: { chunkBytes: 2 ** 20, stripe: 16 } });
    expect(await client.stat("/d/e")).toMatchObject({ layout: choice });
  });

  test("a stripe wider than the table is as wide as the table", async () => {
    const client = (await TestNamespace.start()).client();
    const d = await client.mkdir("/d");
    await client.ask(setLayout, { directory: d.id, layout: { ...choice, stripe: 1000 } });
    expect(await client.create("/d/a")).toMatchObject({ layout: { stripe: 24 } });
  });

  test("what cannot be is refused, and so are others than the owner", async () => {
    const namespace = await TestNamespace.start();
    const root = namespace.client();
    const { id } = await root.mkdir("/d", 0o777);
    const ask = (layout: object, client = root) =>
      client.ask(setLayout, { directory: id, layout: { ...choice, ...layout } });
    for (const layout of [
      { chunkBytes: 100_000 },
      { chunkBytes: 2 ** 15 },
      { stripe: 0 },
      { stripe: 1025 },
    ]) {
      await expect(ask(layout)).rejects.toMatchObject({ code: "EINVAL" });
    }
    await expect(ask({ table: 7 })).rejects.toMatchObject({ code: "ENODEV" });
    await expect(ask({}, namespace.client(ALICE))).rejects.toMatchObject({ code: "EPERM" });
    const file = await root.create("/f");
    const onFile = root.ask(setLayout, { directory: file.id, layout: choice });
    await expect(onFile).rejects.toMatchObject({ code: "ENOTDIR" });
  });
});

describe("lockDirectory", () => {
  async function locked() {
    const namespace = await TestNamespace.start();
    const [holder, other] = [namespace.client(), namespace.client()];
    const d = await holder.mkdir("/d", 0o777);
    await holder.create("/d/a");
    await holder.create("/x");
    const ask = (client: typeof holder, action: "try" | "preempt" | "unlock" | "clear") =>
      client.ask(lockDirectory, { directory: d.id, action, owner: "the trainer" });
    await ask(holder, "try");
    return { namespace, holder, other, ask };
  }

  test("only the holder changes entries while it is locked", async () => {
    const { holder, other, ask } = await locked();
    for (const change of [
      () => other.create("/d/b"),
      () => other.mkdir("/d/b"),
      () => other.symlink("/d/b", "x"),
      () => other.unlink("/d/a"),
      () => other.rename("/d/a", "/a"),
      () => other.rename("/d", "/e"),
      () => other.rename("/x", "/d/x"),
      () => other.ask(removeTree, { place: at("/d") }),
      () => other.rename("/d/a", "/d/b"),
    ]) {
      await expect(change()).rejects.toMatchObject({ code: "EBUSY" });
    }
    await holder.create("/d/b");
    expect(await other.names("/d")).toEqual(["a", "b"]);
    await ask(holder, "unlock");
    await other.unlink("/d/b");
  });

  test("it is tried in vain by others, preempted and cleared by its owner", async () => {
    const { namespace, holder, other, ask } = await locked();
    await expect(ask(other, "try")).rejects.toMatchObject({
      code: "EBUSY",
      message: expect.stringMatching("the trainer"),
    });
    await expect(ask(other, "unlock")).rejects.toMatchObject({ code: "EBUSY" });
    const alice = namespace.client(ALICE);
    await expect(ask(alice, "preempt")).rejects.toMatchObject({ code: "EPERM" });
    await expect(ask(alice, "clear")).rejects.toMatchObject({ code: "EPERM" });
    await ask(other, "preempt");
    await expect(holder.create("/d/b")).rejects.toMatchObject({ code: "EBUSY" });
    await ask(holder, "clear");
    expect(await holder.stat("/d")).toMatchObject({ lock: undefined });
    await ask(alice, "try");
    await ask(alice, "unlock");
  });
});
