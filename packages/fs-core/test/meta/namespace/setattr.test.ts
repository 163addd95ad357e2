import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { INODE_FLAG } from "../../../src/meta/model/inode.ts";
import { type AttributeChanges, setattr } from "../../../src/meta/ops/setattr.ts";
import { changes } from "./changes.ts";
import { ALICE, BOB, type TestClient, TestNamespace } from "./namespace.ts";

async function start(mode: number = 0o644) {
  const namespace = await TestNamespace.start();
  const root = namespace.client();
  await root.mkdir("/home", 0o777);
  const [alice, bob] = [namespace.client(ALICE), namespace.client(BOB)];
  const file = await alice.create("/home/a", { mode });
  await namespace.clock.advance(1000);
  const set = async (client: TestClient, changed: Partial<AttributeChanges>) =>
    (await client.ask(setattr, { inode: file.id, changes: changes(changed) })).inode;
  return { namespace, root, alice, bob, file, set };
}

describe("chmod", () => {
  test("the owner and root change the mode, and the ctime with it", async () => {
    const { namespace, root, alice, bob, file, set } = await start();
    expect(await set(alice, { mode: 0o600 })).toEqual({ ...file, mode: 0o600, ctimeNs: namespace.nowNs });
    expect(await set(root, { mode: 0o4711 })).toMatchObject({ mode: 0o4711 });
    await expect(set(bob, { mode: 0o777 })).rejects.toMatchObject({ code: "EPERM" });
  });

  test("setgid stays only for members of the group", async () => {
    const { root, alice, set } = await start();
    expect(await set(alice, { mode: 0o2755 })).toMatchObject({ mode: 0o2755 });
    await set(root, { gid: 77 });
    expect(await set(alice, { mode: 0o2755 })).toMatchObject({ mode: 0o755 });
    expect(await set(root, { mode: 0o2755 })).toMatchObject({ mode: 0o2755 });
  });
});

describe("chown", () => {
  test("root gives files away, owners change to groups that they are in", async () => {
    const { root, alice, bob, set } = await start();
    await expect(set(alice, { uid: 2000 })).rejects.toMatchObject({ code: "EPERM" });
    await expect(set(alice, { gid: 77 })).rejects.toMatchObject({ code: "EPERM" });
    await expect(set(bob, { gid: 50 })).rejects.toMatchObject({ code: "EPERM" });
    expect(await set(alice, { gid: 50 })).toMatchObject({ uid: 1000, gid: 50 });
    expect(await set(root, { uid: 2000, gid: 77 })).toMatchObject({ uid: 2000, gid: 77 });
  });

  test("a program loses setuid, and setgid if its group may run it", async () => {
    const { root, set } = await start();
    await set(root, { mode: 0o6755 });
    expect(await set(root, { uid: 0 })).toMatchObject({ mode: 0o755 });
    await set(root, { mode: 0o6745 });
    expect(await set(root, { gid: 5 })).toMatchObject({ mode: 0o2745 });
  });
});

describe("utimens", () => {
  test("times are set, set to now, or left", async () => {
    const { namespace, alice, file, set } = await start();
    const at = { kind: "at", ns: 123_456_789n } as const;
    const { nowNs } = namespace;
    expect(await set(alice, { mtime: at })).toEqual({ ...file, mtimeNs: 123_456_789n, ctimeNs: nowNs });
    expect(await set(alice, { atime: { kind: "at", ns: -5n }, mtime: { kind: "now" } })).toMatchObject({
      atimeNs: -5n,
      mtimeNs: nowNs,
    });
  });

  test("who may write may touch, and only the owner sets a time", async () => {
    const { alice, bob, set } = await start();
    const now = { kind: "now" } as const;
    await expect(set(bob, { atime: now, mtime: now })).rejects.toMatchObject({ code: "EACCES" });
    await set(alice, { mode: 0o666 });
    await set(bob, { atime: now, mtime: now });
    await expect(set(bob, { mtime: now })).rejects.toMatchObject({ code: "EPERM" });
    await expect(set(bob, { mtime: { kind: "at", ns: 0n } })).rejects.toMatchObject({ code: "EPERM" });
  });

  test("a directory's mtime goes back when told so, and on with its next entry", async () => {
    const { namespace, root } = await start();
    await root.create("/x");
    const question = { inode: ROOT_INODE, changes: changes({ mtime: { kind: "at", ns: 7n } }) };
    expect((await root.ask(setattr, question)).inode).toMatchObject({
      mtimeNs: 7n,
      ctimeNs: namespace.nowNs,
    });
    expect(await root.stat("/")).toMatchObject({ mtimeNs: 7n });
    await namespace.clock.advance(5);
    await root.create("/y");
    expect(await root.stat("/")).toMatchObject({ mtimeNs: namespace.nowNs });
  });
});

describe("flags", () => {
  test("only root sets them, and only those that there are", async () => {
    const { root, alice, set } = await start();
    await expect(set(alice, { flags: INODE_FLAG.immutable })).rejects.toMatchObject({ code: "EPERM" });
    await expect(set(root, { flags: 64 })).rejects.toMatchObject({ code: "EINVAL" });
    await expect(set(root, { flags: INODE_FLAG.nameless })).rejects.toMatchObject({ code: "EINVAL" });
  });

  test("an immutable file stays as it is until the flag is taken off, an append-only one may be touched", async () => {
    const { root, set } = await start();
    const now = { kind: "now" } as const;
    await set(root, { flags: INODE_FLAG.immutable });
    await expect(set(root, { mode: 0o777 })).rejects.toMatchObject({ code: "EPERM" });
    await expect(set(root, { atime: now, mtime: now })).rejects.toMatchObject({ code: "EPERM" });
    await set(root, { flags: INODE_FLAG.appendOnly });
    await expect(set(root, { uid: 5 })).rejects.toMatchObject({ code: "EPERM" });
    await set(root, { atime: now, mtime: now });
    await set(root, { flags: 0 });
    expect(await set(root, { mode: 0o777 })).toMatchObject({ mode: 0o777, flags: 0 });
  });
});

test("who changes nothing needs no right to, and nothing changes", async () => {
  const { bob, file, set } = await start();
  expect(await set(bob, {})).toEqual(file);
});

test("what is gone is ESTALE", async () => {
  const { alice, root, file, set } = await start();
  await alice.unlink("/home/a");
  await set(alice, { mode: 0o600 });
  await expect(
    root.ask(setattr, { inode: (file.id + 1n) as typeof file.id, changes: changes({ mode: 0 }) }),
  ).rejects.toMatchObject({ code: "ESTALE" });
});
