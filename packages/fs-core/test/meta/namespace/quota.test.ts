import { describe, expect, test } from "vitest";
import { ROOT_INODE } from "../../../src/ids.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { statfs } from "../../../src/meta/ops/statfs.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { counterRow } from "../../../src/meta/rows/inode-row.ts";
import { quotaBytesKey, quotaInodesKey } from "../../../src/meta/rows/keys.ts";
import { decode } from "../../../src/wire/codec/index.ts";
import { changes } from "./changes.ts";
import { ALICE, at, TestNamespace } from "./namespace.ts";

async function start(limits = { inodesMax: 4n as bigint | undefined, bytesMax: 100n as bigint | undefined }) {
  const namespace = await TestNamespace.start();
  const client = namespace.client();
  const directory = await client.mkdir("/q");
  const quota = (inode: typeof directory.id, id: number) =>
    client.ask(setattr, { inode, changes: changes({ quota: id }) });
  await quota(directory.id, 7);
  await namespace.limit(7, limits);
  const usage = (id: number) =>
    namespace.transact(async (transaction) => {
      const rows = await transaction.getMany([quotaInodesKey(id), quotaBytesKey(id)]);
      return rows.map((row) => (row === undefined ? 0n : decode(counterRow, row)));
    });
  const write = (path: string, count: number) =>
    client.ask(writeFile, { place: at(path), mode: 0o644, exclusive: false, bytes: new Uint8Array(count) });
  return { namespace, client, directory, quota, usage, write };
}

describe("quota", () => {
  test("what is made in a directory has its quota, and counts", async () => {
    const { client, usage, write } = await start();
    await client.mkdir("/q/d");
    expect(await client.symlink("/q/d/l", "x")).toMatchObject({ quota: 7 });
    await write("/q/d/f", 60);
    expect(await usage(7)).toEqual([4n, 60n]);
    await write("/q/d/f", 10);
    expect(await usage(7)).toEqual([4n, 10n]);
    await client.unlink("/q/d/l");
    expect(await usage(7)).toEqual([3n, 10n]);
  });

  test("one inode more than allowed is EDQUOT, and nothing is made", async () => {
    const { client, usage } = await start();
    for (const name of ["a", "b", "c"]) await client.create(`/q/${name}`);
    await expect(client.create("/q/d")).rejects.toMatchObject({ code: "EDQUOT", kind: "unavailable" });
    await expect(client.mkdir("/q/d")).rejects.toMatchObject({ code: "EDQUOT" });
    await expect(client.symlink("/q/d", "x")).rejects.toMatchObject({ code: "EDQUOT" });
    expect(await client.names("/q")).toEqual(["a", "b", "c"]);
    expect(await usage(7)).toEqual([4n, 0n]);
    await client.create("/elsewhere");
  });

  test("bytes more than allowed are EDQUOT, fewer than before are not", async () => {
    const { namespace, write } = await start();
    await write("/q/a", 90);
    await expect(write("/q/b", 20)).rejects.toMatchObject({ code: "EDQUOT" });
    await expect(write("/q/a", 101)).rejects.toMatchObject({ code: "EDQUOT" });
    await write("/q/a", 100);
    await namespace.limit(7, { bytesMax: 10n, inodesMax: undefined });
    await write("/q/a", 50);
  });

  test("a limit is overshot by no more than what is under way at the same moment", async () => {
    const { namespace, client, usage } = await start();
    await client.create("/warm");
    namespace.tries = 0;
    const ask = (name: string) =>
      client.send(create, { place: at(`/q/${name}`), kind: "file", mode: 0o600, rdev: 0, exclusive: true });
    const together = Array.from({ length: 8 }, (_, index) => ask(`f${index}`).catch(() => undefined));
    await namespace.eventually(Promise.all(together));
    expect(namespace.tries).toBe(8);
    const [inodes] = await usage(7);
    expect(inodes).toBeLessThanOrEqual(1n + 8n);
    await expect(client.create("/q/more")).rejects.toMatchObject({ code: "EDQUOT" });
  });

  test("renames and links from one quota to another are EXDEV", async () => {
    const { client } = await start();
    await client.mkdir("/d");
    const file = await client.create("/f");
    await client.create("/q/f");
    for (const [from, to] of [
      ["/f", "/q/x"],
      ["/q/f", "/x"],
      ["/d", "/q/d"],
    ] as const) {
      await expect(client.rename(from, to)).rejects.toMatchObject({ code: "EXDEV" });
    }
    await expect(client.rename("/f", "/q/f", "exchange")).rejects.toMatchObject({ code: "EXDEV" });
    const linked = client.ask(link, { inode: file.id, place: at("/q/x") });
    await expect(linked).rejects.toMatchObject({ code: "EXDEV" });
    await client.rename("/q/f", "/q/g");
  });

  test("an inode that changes its quota takes its usage along, if there is room; only root has it so", async () => {
    const { namespace, client, quota, usage, write } = await start();
    const { inode } = await write("/f", 50);
    await quota(inode.id, 7);
    expect(await usage(7)).toEqual([2n, 50n]);
    await quota(inode.id, 8);
    expect(await usage(7)).toEqual([1n, 0n]);
    expect(await usage(8)).toEqual([1n, 50n]);
    await write("/q/a", 90);
    await expect(quota(inode.id, 7)).rejects.toMatchObject({ code: "EDQUOT" });
    const alice = namespace.client(ALICE);
    const asked = alice.ask(setattr, { inode: ROOT_INODE, changes: changes({ quota: 7 }) });
    await expect(asked).rejects.toMatchObject({ code: "EPERM" });
    expect(await client.stat("/f")).toMatchObject({ quota: 8 });
  });
});

describe("statfs", () => {
  test("tells of storage, and of a quota where it is narrower", async () => {
    const { client, namespace, directory, write } = await start();
    expect(await client.ask(statfs, { inode: ROOT_INODE })).toEqual({
      bytesTotal: 1_000_000n,
      bytesFree: 900_000n,
      inodesTotal: undefined,
      inodesFree: undefined,
    });
    await write("/q/a", 30);
    const within = () => client.ask(statfs, { inode: directory.id });
    expect(await within()).toEqual({ bytesTotal: 100n, bytesFree: 70n, inodesTotal: 4n, inodesFree: 2n });
    await namespace.limit(7, { bytesMax: undefined, inodesMax: 1n });
    expect(await within()).toMatchObject({ bytesTotal: 1_000_000n, inodesFree: 0n });
    await namespace.limit(7, { bytesMax: 10n ** 12n, inodesMax: 1n });
    expect(await within()).toMatchObject({ bytesTotal: 1_000_000n, bytesFree: 900_000n });
  });
});
