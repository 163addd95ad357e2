import { describe, expect, test } from "vitest";
import { INODE_FLAG } from "../../../src/meta/model/inode.ts";
import { getXattr } from "../../../src/meta/ops/get-xattr.ts";
import { listXattrs } from "../../../src/meta/ops/list-xattrs.ts";
import { removeXattr } from "../../../src/meta/ops/remove-xattr.ts";
import { setXattr } from "../../../src/meta/ops/set-xattr.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { changes } from "./changes.ts";
import { ALICE, BOB, type TestClient, TestNamespace } from "./namespace.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function start() {
  const namespace = await TestNamespace.start();
  const root = namespace.client();
  await root.mkdir("/home", 0o777);
  const [alice, bob] = [namespace.client(ALICE), namespace.client(BOB)];
  const { id } = await alice.create("/home/a", { mode: 0o644 });
  type Mode = "any" | "create" | "replace";
  const set = (
    client: TestClient,
    name: string,
    value: string | Uint8Array,
    mode: Mode = "any",
    inode = id,
  ) => client.ask(setXattr, { inode, name, value: typeof value === "string" ? bytes(value) : value, mode });
  const get = async (client: TestClient, name: string, inode = id) =>
    (await client.ask(getXattr, { inode, name })).value;
  const list = async (client: TestClient, inode = id) => (await client.ask(listXattrs, { inode })).names;
  const remove = (client: TestClient, name: string) => client.ask(removeXattr, { inode: id, name });
  return { namespace, root, alice, bob, id, set, get, list, remove };
}

describe("extended attributes", () => {
  test("are set, read, listed and removed, and the ctime tells", async () => {
    const { namespace, alice, set, get, list, remove } = await start();
    await namespace.clock.advance(10);
    await set(alice, "user.b", "1");
    await set(alice, "user.a", "");
    expect(await get(alice, "user.b")).toEqual(bytes("1"));
    expect(await get(alice, "user.a")).toEqual(bytes(""));
    expect(await list(alice)).toEqual(["user.a", "user.b"]);
    expect(await alice.stat("/home/a")).toMatchObject({ ctimeNs: namespace.nowNs });
    await remove(alice, "user.b");
    await expect(get(alice, "user.b")).rejects.toMatchObject({ code: "ENODATA" });
    await expect(remove(alice, "user.b")).rejects.toMatchObject({ code: "ENODATA" });
  });

  test("CREATE refuses what is there, REPLACE what is not", async () => {
    const { alice, set, get } = await start();
    await expect(set(alice, "user.a", "1", "replace")).rejects.toMatchObject({ code: "ENODATA" });
    await set(alice, "user.a", "1", "create");
    await expect(set(alice, "user.a", "2", "create")).rejects.toMatchObject({ code: "EEXIST" });
    await set(alice, "user.a", "3", "replace");
    expect(await get(alice, "user.a")).toEqual(bytes("3"));
  });

  test("user.* follows the mode bits", async () => {
    const { alice, bob, set, get } = await start();
    await set(alice, "user.a", "1");
    await expect(set(bob, "user.a", "2")).rejects.toMatchObject({ code: "EACCES" });
    expect(await get(bob, "user.a")).toEqual(bytes("1"));
    await alice.ask(setattr, {
      inode: (await alice.stat("/home/a")).id,
      changes: changes({ mode: 0o600 }),
    });
    await expect(get(bob, "user.a")).rejects.toMatchObject({ code: "EACCES" });
  });

  test("trusted.* is root's, and is not there for others", async () => {
    const { root, alice, set, get, list } = await start();
    await set(root, "trusted.a", "1");
    await expect(set(alice, "trusted.a", "2")).rejects.toMatchObject({ code: "EPERM" });
    await expect(get(alice, "trusted.a")).rejects.toMatchObject({ code: "ENODATA" });
    expect(await list(alice)).toEqual([]);
    expect(await list(root)).toEqual(["trusted.a"]);
  });

  test("security.* is written by root and read by all", async () => {
    const { root, alice, set, get } = await start();
    await set(root, "security.selinux", "label");
    await expect(set(alice, "security.selinux", "x")).rejects.toMatchObject({ code: "EPERM" });
    expect(await get(alice, "security.selinux")).toEqual(bytes("label"));
  });

  test("links have none of users, and sticky directories only their owners'", async () => {
    const { root, bob, set, get } = await start();
    const link = await root.symlink("/home/l", "x");
    await expect(set(root, "user.a", "1", "any", link.id)).rejects.toMatchObject({ code: "EPERM" });
    await expect(get(root, "user.a", link.id)).rejects.toMatchObject({ code: "ENODATA" });
    await set(root, "trusted.a", "1", "any", link.id);
    const tmp = await root.mkdir("/tmp", 0o1777);
    await expect(set(bob, "user.a", "1", "any", tmp.id)).rejects.toMatchObject({ code: "EPERM" });
    await set(root, "user.a", "1", "any", tmp.id);
  });

  test("what is immutable keeps its attributes", async () => {
    const { root, id, set, remove } = await start();
    await set(root, "user.a", "1");
    await root.ask(setattr, { inode: id, changes: changes({ flags: INODE_FLAG.immutable }) });
    await expect(set(root, "user.a", "2")).rejects.toMatchObject({ code: "EPERM" });
    await expect(remove(root, "user.a")).rejects.toMatchObject({ code: "EPERM" });
  });

  test("names of no known kind, of nothing, or too long are refused", async () => {
    const { alice, set, get } = await start();
    await expect(set(alice, "system.posix_acl_access", "")).rejects.toMatchObject({ code: "EOPNOTSUPP" });
    await expect(get(alice, "x")).rejects.toMatchObject({ code: "EOPNOTSUPP" });
    await expect(set(alice, "user.", "")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(set(alice, "user.a\0", "")).rejects.toMatchObject({ code: "EINVAL" });
    await expect(set(alice, `user.${"x".repeat(251)}`, "")).rejects.toMatchObject({ code: "ERANGE" });
    await set(alice, `user.${"x".repeat(250)}`, "");
  });

  test("a value has 64 KiB at most, and all of an inode 256 KiB", async () => {
    const { alice, set } = await start();
    const full = new Uint8Array(64 * 1024);
    await expect(set(alice, "user.a", new Uint8Array(64 * 1024 + 1))).rejects.toMatchObject({
      code: "E2BIG",
    });
    for (const name of ["user.a", "user.b", "user.c"]) await set(alice, name, full);
    await expect(set(alice, "user.d", full)).rejects.toMatchObject({ code: "ENOSPC" });
    await set(alice, "user.d", full.subarray(1000));
    await set(alice, "user.a", full);
  });
});
