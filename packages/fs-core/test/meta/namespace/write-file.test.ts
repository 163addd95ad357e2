import { describe, expect, test } from "vitest";
import { putInode } from "../../../src/meta/inodes/writes.ts";
import type { FileInode } from "../../../src/meta/model/inode.ts";
import { readInline } from "../../../src/meta/ops/read-inline.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { garbageRow } from "../../../src/meta/rows/garbage-row.ts";
import { prefixRange } from "../../../src/metastore/keys.ts";
import { decode } from "../../../src/wire/codec/index.ts";
import { changes } from "./changes.ts";
import { ALICE, at, BOB, type TestClient, TestNamespace } from "./namespace.ts";

async function start() {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  await client.mkdir("/home", 0o777);
  const write = async (by: TestClient, path: string, text: string, exclusive: boolean = false) => {
    const bytes = new TextEncoder().encode(text);
    const answer = await by.ask(writeFile, { place: at(path), mode: 0o644, exclusive, bytes });
    return { ...answer, inode: answer.inode as FileInode };
  };
  const read = async (by: TestClient, path: string) => {
    const answer = await by.ask(readInline, { inode: (await by.stat(path)).id });
    return answer.bytes === undefined ? undefined : new TextDecoder().decode(answer.bytes);
  };
  return { namespace, client, write, read };
}

describe("writeFile", () => {
  test("makes a file with its bytes, and replaces them", async () => {
    const { namespace, client, write, read } = await start();
    const first = await write(client, "/a", "hello");
    expect(first).toMatchObject({ created: true, inode: { length: 5n, inline: true, dataVersion: 1 } });
    await namespace.clock.advance(10);
    const second = await write(client, "/a", "bye");
    expect(second).toMatchObject({ created: false, inode: { id: first.inode.id, length: 3n } });
    expect(second.inode.mtimeNs).toBe(namespace.nowNs);
    expect(second.inode.dataVersion).toBeGreaterThan(1);
    expect(await read(client, "/a")).toBe("bye");
  });

  test("an empty file is one too", async () => {
    const { client, write, read } = await start();
    await write(client, "/a", "");
    expect(await read(client, "/a")).toBe("");
  });

  test("exclusively it does not replace, and nothing but files is replaced", async () => {
    const { client, write, read } = await start();
    await write(client, "/a", "1", true);
    await expect(write(client, "/a", "2", true)).rejects.toMatchObject({ code: "EEXIST" });
    expect(await read(client, "/a")).toBe("1");
    await client.symlink("/l", "a");
    await expect(write(client, "/home", "x")).rejects.toMatchObject({ code: "EISDIR" });
    await expect(write(client, "/l", "x")).rejects.toMatchObject({ code: "ELOOP" });
  });

  test("more than 4 KiB is EFBIG", async () => {
    const { client, write } = await start();
    await write(client, "/a", "x".repeat(4096));
    await expect(write(client, "/b", "x".repeat(4097))).rejects.toMatchObject({ code: "EFBIG" });
    expect(await client.names("/")).toEqual(["a", "home"]);
  });

  test("only who may write replaces, and takes setuid and setgid away from programs of others", async () => {
    const { namespace, write, read } = await start();
    const [alice, bob] = [namespace.client(ALICE), namespace.client(BOB)];
    const { inode } = await write(alice, "/home/a", "1");
    await expect(write(bob, "/home/a", "2")).rejects.toMatchObject({ code: "EACCES" });
    await alice.ask(setattr, { inode: inode.id, changes: changes({ mode: 0o6777 }) });
    expect((await write(alice, "/home/a", "2")).inode.mode).toBe(0o6777);
    expect((await write(bob, "/home/a", "3")).inode.mode).toBe(0o777);
    await alice.ask(setattr, { inode: inode.id, changes: changes({ mode: 0o600 }) });
    await expect(read(bob, "/home/a")).rejects.toMatchObject({ code: "EACCES" });
  });

  test("chunks that the file had go to the collector", async () => {
    const { namespace, client, write, read } = await start();
    const file = await client.create("/a");
    expect(await read(client, "/a")).toBeUndefined();
    await namespace.transact(async (transaction) => putInode(transaction, { ...file, length: 10n ** 7n }));
    const { inode } = await write(client, "/a", "small");
    expect(inode).toMatchObject({ inline: true, length: 5n, dataVersion: 2, truncateVersion: 1 });
    const range = prefixRange(new TextEncoder().encode("GARB"));
    const { entries } = await namespace.transact((transaction) => transaction.range(range));
    expect(entries.map(({ value }) => decode(garbageRow, value).garbage)).toMatchObject([
      { kind: "data", layout: file.layout },
    ]);
    expect(await read(client, "/a")).toBe("small");
  });

  test("a file that somebody has open to write is not replaced", async () => {
    const { namespace, client, write } = await start();
    const file = await client.create("/a");
    await namespace.transact(async (transaction) => putInode(transaction, { ...file, written: true }));
    await expect(write(client, "/a", "x")).rejects.toMatchObject({ code: "EBUSY" });
  });
});
