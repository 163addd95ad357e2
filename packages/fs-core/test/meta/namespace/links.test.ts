import { describe, expect, test } from "vitest";
import { putInode } from "../../../src/meta/inodes/writes.ts";
import { INODE_FLAG } from "../../../src/meta/model/inode.ts";
import { META_LIMITS } from "../../../src/meta/model/limits.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { setXattr } from "../../../src/meta/ops/set-xattr.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { stat } from "../../../src/meta/ops/stat.ts";
import { garbageRow } from "../../../src/meta/rows/garbage-row.ts";
import { inodeRow } from "../../../src/meta/rows/inode-row.ts";
import { inodeKey, xattrKey } from "../../../src/meta/rows/keys.ts";
import { prefixRange } from "../../../src/metastore/keys.ts";
import { decode } from "../../../src/wire/codec/index.ts";
import { changes } from "./changes.ts";
import { ALICE, at, BOB, TestNamespace } from "./namespace.ts";

async function garbage(namespace: TestNamespace) {
  const range = prefixRange(new TextEncoder().encode("GARB"));
  const { entries } = await namespace.transact((transaction) => transaction.range(range));
  return entries.map(({ key, value }) => ({ key, ...decode(garbageRow, value).garbage }));
}

describe("link and unlink", () => {
  test("names of one file share its inode, whose links they are", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const file = await client.create("/a");
    await namespace.clock.advance(10);
    const { inode } = await client.ask(link, { inode: file.id, place: at("/b") });
    expect(inode).toMatchObject({ id: file.id, nlink: 2, ctimeNs: namespace.nowNs, mtimeNs: file.mtimeNs });
    await client.unlink("/a");
    expect(await client.stat("/b")).toMatchObject({ id: file.id, nlink: 1 });
    expect(await garbage(namespace)).toEqual([]);
  });

  test("a file without names is kept for the collector, anything else goes at once", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const file = await client.create("/a");
    const symlink = await client.symlink("/l", "x");
    await client.ask(setXattr, {
      inode: symlink.id,
      name: "trusted.x",
      value: new Uint8Array(1),
      mode: "any",
    });
    await client.unlink("/a");
    await client.unlink("/l");
    expect((await client.ask(stat, { inode: file.id })).inode).toMatchObject({ nlink: 0 });
    expect(await garbage(namespace)).toMatchObject([{ kind: "file" }]);
    await expect(client.ask(stat, { inode: symlink.id })).rejects.toMatchObject({ code: "ESTALE" });
    const left = await namespace.transact((transaction) =>
      transaction.get(xattrKey(symlink.id, "trusted.x")),
    );
    expect(left).toBeUndefined();
  });

  test("a file that is gone from the namespace is not linked again", async () => {
    const client = (await TestNamespace.start()).client();
    const file = await client.create("/a");
    await client.unlink("/a");
    const again = client.ask(link, { inode: file.id, place: at("/b") });
    await expect(again).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("directories are neither linked nor unlinked, and names that are taken stay", async () => {
    const client = (await TestNamespace.start()).client();
    const d = await client.mkdir("/d");
    const f = await client.create("/f");
    await expect(client.ask(link, { inode: d.id, place: at("/x") })).rejects.toMatchObject({ code: "EPERM" });
    await expect(client.ask(link, { inode: f.id, place: at("/d") })).rejects.toMatchObject({
      code: "EEXIST",
    });
    await expect(client.unlink("/d")).rejects.toMatchObject({ code: "EISDIR" });
    await expect(client.unlink("/x")).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("a file has 65,000 links at most", async () => {
    const namespace = await TestNamespace.start();
    const client = namespace.client();
    const file = await client.create("/a");
    await namespace.transact(async (transaction) => {
      putInode(transaction, { ...file, nlink: META_LIMITS.linksMax });
    });
    const more = client.ask(link, { inode: file.id, place: at("/b") });
    await expect(more).rejects.toMatchObject({ code: "EMLINK" });
  });

  test("in a sticky directory only owners take names away", async () => {
    const namespace = await TestNamespace.start();
    await namespace.client().mkdir("/tmp", 0o1777);
    const [alice, bob] = [namespace.client(ALICE), namespace.client(BOB)];
    await alice.create("/tmp/a", { mode: 0o666 });
    await alice.mkdir("/tmp/d", 0o777);
    await expect(bob.unlink("/tmp/a")).rejects.toMatchObject({ code: "EPERM" });
    await expect(bob.rmdir("/tmp/d")).rejects.toMatchObject({ code: "EPERM" });
    await expect(bob.rename("/tmp/a", "/tmp/b")).rejects.toMatchObject({ code: "EPERM" });
    await bob.create("/tmp/mine");
    await expect(bob.rename("/tmp/mine", "/tmp/a")).rejects.toMatchObject({ code: "EPERM" });
    await alice.unlink("/tmp/a");
    await alice.rmdir("/tmp/d");
    await namespace.client().unlink("/tmp/mine");
  });

  test("without write and search permission on the directory nothing is added or taken away", async () => {
    const namespace = await TestNamespace.start();
    const root = namespace.client();
    await root.mkdir("/d", 0o755);
    const file = await root.create("/d/a", { mode: 0o666 });
    const alice = namespace.client(ALICE);
    await expect(alice.create("/d/b")).rejects.toMatchObject({ code: "EACCES" });
    await expect(alice.unlink("/d/a")).rejects.toMatchObject({ code: "EACCES" });
    await expect(alice.symlink("/d/l", "x")).rejects.toMatchObject({ code: "EACCES" });
    await expect(alice.mkdir("/d/e")).rejects.toMatchObject({ code: "EACCES" });
    await expect(alice.ask(link, { inode: file.id, place: at("/d/b") })).rejects.toMatchObject({
      code: "EACCES",
    });
    expect(await root.names("/d")).toEqual(["a"]);
  });

  test("what is immutable or append-only keeps its names, and gets no more", async () => {
    const client = (await TestNamespace.start()).client();
    for (const flags of [INODE_FLAG.immutable, INODE_FLAG.appendOnly]) {
      const file = await client.create("/f");
      await client.ask(setattr, { inode: file.id, changes: changes({ flags }) });
      await expect(client.unlink("/f")).rejects.toMatchObject({ code: "EPERM" });
      await expect(client.rename("/f", "/g")).rejects.toMatchObject({ code: "EPERM" });
      const linked = client.ask(link, { inode: file.id, place: at("/g") });
      await expect(linked).rejects.toMatchObject({ code: "EPERM" });
      await client.ask(setattr, { inode: file.id, changes: changes({ flags: 0 }) });
      await client.unlink("/f");
    }
  });

  test("an immutable directory keeps its entries as they are, an append-only one takes new ones", async () => {
    const client = (await TestNamespace.start()).client();
    const d = await client.mkdir("/d");
    await client.create("/d/a");
    await client.ask(setattr, { inode: d.id, changes: changes({ flags: INODE_FLAG.immutable }) });
    await expect(client.create("/d/b")).rejects.toMatchObject({ code: "EPERM" });
    await expect(client.unlink("/d/a")).rejects.toMatchObject({ code: "EPERM" });
    await client.ask(setattr, { inode: d.id, changes: changes({ flags: INODE_FLAG.appendOnly }) });
    await client.create("/d/b");
    await expect(client.unlink("/d/a")).rejects.toMatchObject({ code: "EPERM" });
    await expect(client.rename("/d/a", "/d/c")).rejects.toMatchObject({ code: "EPERM" });
    expect(await client.names("/d")).toEqual(["a", "b"]);
  });
});

test("an unlinked inode's own row says it has no links", async () => {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  const file = await client.create("/a");
  await client.unlink("/a");
  const row = await namespace.transact((transaction) => transaction.get(inodeKey(file.id)));
  expect(decode(inodeRow, row!)).toMatchObject({ nlink: 0, ctimeNs: namespace.nowNs });
});
