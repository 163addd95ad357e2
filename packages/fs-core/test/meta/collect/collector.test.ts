import { type Clock, NO_PROBES } from "@smallpond/base";
import { expect, it } from "vitest";
import { type InodeId, ROOT_INODE } from "../../../src/ids.ts";
import { Collector } from "../../../src/meta/collect/collector.ts";
import { type CollectSettings, DEFAULT_COLLECT_SETTINGS } from "../../../src/meta/collect/settings.ts";
import { readInodeRow } from "../../../src/meta/inodes/reads.ts";
import { create } from "../../../src/meta/ops/create.ts";
import { link } from "../../../src/meta/ops/link.ts";
import { mkdirs } from "../../../src/meta/ops/mkdirs.ts";
import { removeTree } from "../../../src/meta/ops/remove-tree.ts";
import { setattr } from "../../../src/meta/ops/setattr.ts";
import { unlink } from "../../../src/meta/ops/unlink.ts";
import { writeFile } from "../../../src/meta/ops/write-file.ts";
import { counterRow } from "../../../src/meta/rows/inode-row.ts";
import { GARBAGE_SHARDS, garbageShard, quotaInodesKey } from "../../../src/meta/rows/keys.ts";
import { close } from "../../../src/meta/sessions/close.ts";
import { dataOf } from "../../../src/meta/sessions/lengths.ts";
import { prefixRange } from "../../../src/metastore/keys.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import type { ChunkFault } from "../../../src/testing/memory-chunks.ts";
import { decode } from "../../../src/wire/codec/index.ts";
import { codeOf, metaWorld, type OpenFile, placeOf, TestClient } from "../world.ts";

const CHUNK = 2 ** 20;
const DELAY_MS = 300_000;

async function setUp(
  options: { fault?: ChunkFault; settings?: Partial<CollectSettings>; wallMs?: () => number } = {},
) {
  const world = await metaWorld(options.fault === undefined ? {} : { fault: options.fault });
  const { metastore, chunks } = world;
  const client = new TestClient(world);
  const { wallMs = () => world.clock.wallMs() } = options;
  const clock: Clock = new Proxy(world.clock, {
    get: (real, name) => {
      if (name === "wallMs") return wallMs;
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
  const deps = { metastore, chunks, clock, log: silentLogger(), metrics: new Metrics(), probes: NO_PROBES };
  const collector = new Collector(deps, { ...DEFAULT_COLLECT_SETTINGS, ...options.settings });
  const pass = async (): Promise<boolean> => {
    let more = false;
    for (let shard = 0; shard < GARBAGE_SHARDS; shard++) {
      more = (await world.run(collector.collect(shard))) || more;
    }
    return more;
  };
  const collectAll = async (): Promise<void> => {
    for (let round = 0; await pass(); round++) expect(round).toBeLessThan(200);
  };
  const write = async (open: OpenFile, count = 1): Promise<void> => {
    for (let at = 0; at < count; at++) {
      const offset = BigInt(at) * BigInt(CHUNK);
      await chunks.write(dataOf(open.file), open.session, { offset, bytes: Uint8Array.of(1) });
    }
  };
  const end = (open: OpenFile) =>
    client.ask(close, { inode: open.file.id, session: open.session, wrote: true, hint: undefined });
  const keys = (prefix: string): Promise<readonly Uint8Array[]> =>
    world.run(
      metastore.transact(async (transaction) => {
        const { entries } = await transaction.range(prefixRange(new TextEncoder().encode(prefix)));
        return entries.map((row) => row.key);
      }),
    );
  const rows = async (prefix: string): Promise<number> => (await keys(prefix)).length;
  const isThere = async (id: InodeId): Promise<boolean> =>
    (await world.run(metastore.transact((transaction) => readInodeRow(transaction, id)))) !== undefined;
  const collect = (shard: number) => collector.collect(shard);
  return { world, client, collect, pass, collectAll, write, end, keys, rows, isThere };
}

it("takes a removed file's chunks and rows away when its time has come, and not before", async () => {
  const { world, client, collectAll, write, end, rows, isThere } = await setUp();
  const open = await client.open("a");
  await write(open, 3);
  await end(open);
  await client.ask(unlink, { place: placeOf("a") });
  await collectAll();
  expect(await isThere(open.file.id)).toBe(true);
  await world.clock.advance(DELAY_MS);
  await collectAll();
  expect(await isThere(open.file.id)).toBe(false);
  expect(world.chunks.state.chunkCount).toBe(0);
  expect(await rows("GARB")).toBe(0);
});

it("keeps a file that somebody writes until it is closed", async () => {
  const { world, client, collectAll, write, end, isThere } = await setUp();
  const open = await client.open("a");
  await write(open);
  await client.ask(unlink, { place: placeOf("a") });
  await world.clock.advance(DELAY_MS);
  await collectAll();
  expect(await isThere(open.file.id)).toBe(true);
  expect(world.chunks.state.chunkCount).toBe(1);
  await end(open);
  await collectAll();
  expect(await isThere(open.file.id)).toBe(false);
  expect(world.chunks.state.chunkCount).toBe(0);
});

it("takes the data of a file away also when the file is queued twice, once for the moment at which it goes", async () => {
  let wallMs = 0;
  const { world, client, collectAll, write, end, keys, rows } = await setUp({ wallMs: () => wallMs });
  const open = await client.open("a");
  await write(open);
  await client.ask(unlink, { place: placeOf("a") });
  await world.clock.advance(DELAY_MS - 20);
  await end(open);
  const queued = await keys("GARB");
  expect(queued.length).toBe(2);
  wallMs = Math.max(...queued.map((row) => Number(new DataView(row.buffer, row.byteOffset).getBigUint64(8))));
  await collectAll();
  expect(await rows("GARB")).toBe(0);
  expect(world.chunks.state.chunkCount).toBe(0);
});

it("takes the old data of a file away at once, and leaves the new", async () => {
  const { world, client, collectAll, write, end } = await setUp();
  const first = await client.open("a");
  await write(first, 2);
  await end(first);
  const second = await client.open("a", { truncate: true });
  await write(second, 1);
  await collectAll();
  expect([...world.chunks.state.files.keys()]).toEqual([`${second.file.id}.2`]);
});

it("goes through a tree in bounded steps, and leaves what has a name elsewhere", async () => {
  const { client, pass, collectAll, isThere, rows } = await setUp({
    settings: { entriesPerStep: 3, stepsPerTurn: 2 },
  });
  await client.ask(mkdirs, { directory: ROOT_INODE, path: "d/e/f/g", mode: 0o755, parents: true });
  const kept = await client.ask(create, file("d/e", "kept"));
  for (let at = 0; at < 20; at++) await client.ask(create, file(["d", "d/e", "d/e/f"][at % 3]!, `n${at}`));
  await client.ask(link, { inode: kept.inode.id, place: placeOf("elsewhere") });
  await client.ask(removeTree, { place: placeOf("d") });
  await pass();
  expect(await rows("DENT")).toBeGreaterThan(1);
  await collectAll();
  expect(await rows("DENT")).toBe(1);
  expect(await rows("INOD")).toBe(2);
  expect(await isThere(kept.inode.id)).toBe(true);
});

it("lets nothing be made in a tree that is taken away", async () => {
  const { client, collectAll, rows } = await setUp();
  const { inode } = await client.ask(mkdirs, {
    directory: ROOT_INODE,
    path: "d",
    mode: 0o755,
    parents: false,
  });
  await client.ask(removeTree, { place: placeOf("d") });
  const late = { ...file("", "late"), place: placeOf("late", inode.id) };
  expect(await codeOf(client.ask(create, late))).toBe("ENOENT");
  await collectAll();
  expect(await rows("INOD")).toBe(1);
});

it("tries again later what storage refuses, and keeps others from waiting", async () => {
  let broken = true;
  const { world, client, collectAll, write, end, rows } = await setUp({
    fault: async (call, when) => {
      if (broken && call === "removeChunks" && when === "before") throw new Error("no answer");
    },
  });
  const open = await client.open("a");
  await write(open);
  await end(open);
  await client.ask(unlink, { place: placeOf("a") });
  await world.clock.advance(DELAY_MS);
  await collectAll();
  expect(world.chunks.state.chunkCount).toBe(1);
  expect(await rows("GARB")).toBe(1);
  broken = false;
  await world.clock.advance(DEFAULT_COLLECT_SETTINGS.retryMs);
  await collectAll();
  expect(world.chunks.state.chunkCount).toBe(0);
  expect(await rows("GARB")).toBe(0);
});

it("lets small files pass one that takes many steps", async () => {
  const { world, client, pass, collectAll, write, end, rows } = await setUp({
    settings: { chunksPerStep: 1, stepsPerTurn: 2, sideBySide: 1 },
  });
  const large = await client.open("large");
  await write(large, 10);
  await end(large);
  // Inodes with numbers that far apart share a queue.
  for (let at = 1; at < GARBAGE_SHARDS; at++) await client.ask(create, file("", `n${at}`));
  const small = await client.open("small");
  expect(small.file.id).toBe(large.file.id + BigInt(GARBAGE_SHARDS));
  await write(small, 1);
  await end(small);
  for (const name of ["large", "small"]) await client.ask(unlink, { place: placeOf(name) });
  await world.clock.advance(DELAY_MS);
  for (let round = 0; round < 2; round++) await pass();
  const left = [...world.chunks.state.files.keys()];
  expect(left).toEqual([`${large.file.id}.1`]);
  await collectAll();
  expect(world.chunks.state.chunkCount).toBe(0);
  expect(await rows("GARB")).toBe(0);
});

it("takes no more chunks in a second than it may", async () => {
  const { world, client, collectAll, write, end } = await setUp({
    settings: { chunksPerStep: 5, stepsPerTurn: 100, chunksPerSecond: 10 },
  });
  const open = await client.open("a");
  await write(open, 50);
  await end(open);
  await client.ask(unlink, { place: placeOf("a") });
  await world.clock.advance(DELAY_MS);
  const startMs = world.clock.monotonicMs();
  await collectAll();
  expect(world.chunks.state.chunkCount).toBe(0);
  expect(world.clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(3000);
});

it("collects what a move to chunks left behind, and revokes its writer first", async () => {
  const calls: string[] = [];
  let broken = true;
  const { world, client, collectAll, rows } = await setUp({
    fault: async (call, when) => {
      if (when === "after") calls.push(call);
      if (broken && call === "fill" && when === "after") throw new Error("the service dies here");
    },
  });
  const bytes = new TextEncoder().encode("small");
  await client.ask(writeFile, { place: placeOf("a"), mode: 0o644, exclusive: true, bytes });
  await expect(client.open("a")).rejects.toThrow("dies here");
  broken = false;
  const { file } = await client.open("a");
  expect(file).toMatchObject({ dataVersion: 3, length: 5n });
  expect(world.chunks.state.chunkCount).toBe(2);
  await world.clock.advance(world.deps.sessionSettings.spillMs);
  calls.length = 0;
  await collectAll();
  expect(calls).toEqual(["revoke", "removeChunks"]);
  expect([...world.chunks.state.files.keys()]).toEqual([`${file.id}.3`]);
  expect(await rows("GARB")).toBe(0);
});

it("never takes what a move to chunks is about to give a file", async () => {
  // The collector comes after the bytes are on storage, and before the file has them.
  let between: (() => Promise<void>) | undefined;
  const { world, client, collect, collectAll, rows } = await setUp({
    fault: async (call, when) => {
      if (call !== "fill" || when !== "after") return;
      const now = between;
      between = undefined;
      await now?.();
    },
  });
  const bytes = new TextEncoder().encode("small");
  const { inode } = await client.ask(writeFile, { place: placeOf("a"), mode: 0o644, exclusive: true, bytes });
  between = async () => {
    await world.clock.advance(world.deps.sessionSettings.spillMs);
    await collect(garbageShard(inode.id));
  };
  const { file } = await client.open("a");
  await world.clock.advance(world.deps.sessionSettings.spillMs);
  await collectAll();
  expect(file).toMatchObject({ inline: false, dataVersion: 3 });
  expect(await world.chunks.read(dataOf(file), { offset: 0n, count: 5 })).toEqual(bytes);
  expect([...world.chunks.state.files.keys()]).toEqual([`${file.id}.3`]);
  expect(await rows("GARB")).toBe(0);
});

it("counts what went no more in its quota", async () => {
  const { world, client, collectAll } = await setUp();
  const usage = async () => {
    const row = await world.run(
      world.metastore.transact((transaction) => transaction.get(quotaInodesKey(5))),
    );
    return row === undefined ? 0n : decode(counterRow, row);
  };
  const { inode } = await client.ask(create, file("", "a"));
  const none = { mode: undefined, uid: undefined, gid: undefined, atime: undefined, mtime: undefined };
  await client.ask(setattr, { inode: inode.id, changes: { ...none, flags: undefined, quota: 5 } });
  expect(await usage()).toBe(1n);
  await client.ask(unlink, { place: placeOf("a") });
  await world.clock.advance(DELAY_MS);
  await collectAll();
  expect(await usage()).toBe(0n);
});

function file(under: string, name: string) {
  return {
    place: { directory: ROOT_INODE, under, name },
    kind: "file",
    mode: 0o644,
    rdev: 0,
    exclusive: true,
  } as const;
}
