import { NO_PROBES, PondError, SeededRandom, unwrap } from "@smallpond/base";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import { ChainChunks, type ChainChunksDeps } from "../../../src/client/chunks/chain-chunks.ts";
import type { FileData } from "../../../src/meta/collect/chunk-service.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { CapabilityKey } from "../../../src/service/capability.ts";
import { silentLogger } from "../../../src/service/log.ts";
import type {
  LastChunkQuestion,
  RevokeQuestion,
  TruncateQuestion,
} from "../../../src/storage/protocol/maintain.ts";
import type { WriteQuestion } from "../../../src/storage/protocol/write.ts";
import { type Maintenance, offerMaintenance } from "./maintenance.ts";
import { ChunkWorld, pattern, sessionId, writing } from "./world.ts";

const CHUNK = 64 * 1024;

class MetaWorld extends ChunkWorld {
  readonly key: CapabilityKey = new CapabilityKey(
    { crypto: new NodeCrypto(), clock: this.clock },
    { secrets: [new Uint8Array(16).fill(1)] },
  );
  readonly chunks: ChainChunks;
  readonly data: FileData;
  readonly maintenance: Maintenance;
  /** What `newest` and `space` do. */
  newest: () => Promise<void> = async () => {};
  space: () => Promise<{ bytesTotal: bigint; bytesFree: bigint }> = async () => ({
    bytesTotal: 10n,
    bytesFree: 4n,
  });

  constructor(stripe: number = 4, chains: number = 4) {
    super({ storage: { chains } });
    const deps: ChainChunksDeps = {
      routing: this.storage,
      callers: this.storage,
      clock: this.clock,
      random: new SeededRandom(1),
      crc32c: JAVASCRIPT_CRC32C,
      pool: this.pool,
      log: silentLogger(),
      metrics: this.metrics,
      probes: NO_PROBES,
      capabilities: this.key,
      newest: () => this.newest(),
      space: () => this.space(),
    };
    this.chunks = new ChainChunks(deps);
    this.data = this.file(7, { stripe, chunkBytes: CHUNK });
    this.maintenance = offerMaintenance(this.storage, this.data.layout);
  }

  async put(lengths: readonly (readonly [chunk: number, bytes: number])[]): Promise<void> {
    const session = this.io.openSession(sessionId());
    const items = lengths.map(([chunk, bytes]) =>
      writing(this.data, session, { chunk, bytes: [pattern(bytes, chunk)] }),
    );
    for (const result of await this.until(this.io.write(items))) unwrap(result);
    this.storage.calls.length = 0;
  }

  lengths(): readonly (readonly [number, number])[] {
    return [...this.storage.chunks]
      .map(([name, { bytes }]) => [Number(name.split("/")[2]), bytes.length] as const)
      .sort(([a], [b]) => a - b);
  }
}

function lost(): PondError {
  return new PondError("NO_ANSWER", { kind: "unknown-outcome", message: "no answer" });
}

test("a file is as long as its last chunk that has bytes, on whichever chain; each tail is asked once", async () => {
  const world = new MetaWorld();
  expect(await world.until(world.chunks.lengthOf(world.data))).toBe(0n);
  await world.put([
    [0, CHUNK],
    [1, CHUNK],
    [5, 77],
    [2, 10],
  ]);
  expect(await world.until(world.chunks.lengthOf(world.data))).toBe(5n * BigInt(CHUNK) + 77n);
  expect(world.storage.calls.length).toBe(3);
  const asked = world.storage.calls.flatMap(({ question }) => (question as LastChunkQuestion).items);
  expect(new Set(asked.map(({ chain }) => chain)).size).toBe(4);
  expect(asked.length).toBe(4);
});

test("a truncation empties what is behind the new end, cuts the chunk at it, and is told to every chain once", async () => {
  const world = new MetaWorld();
  await world.put([0, 1, 2, 3, 4, 5].map((chunk) => [chunk, CHUNK] as const));
  const length = 2n * BigInt(CHUNK) + 100n;
  await world.until(world.chunks.truncate(world.data, { length, truncateVersion: 3 }));
  expect(world.lengths()).toEqual([
    [0, CHUNK],
    [1, CHUNK],
    [2, 100],
    [3, 0],
    [4, 0],
    [5, 0],
  ]);
  expect(world.storage.calls.length).toBe(4);
  for (const { question } of world.storage.calls)
    expect((question as TruncateQuestion).truncateVersion).toBe(3);
  expect(await world.until(world.chunks.lengthOf(world.data))).toBe(length);
  await world.until(world.chunks.truncate(world.data, { length: 2n * BigInt(CHUNK), truncateVersion: 4 }));
  expect(world.lengths().slice(0, 3)).toEqual([
    [0, CHUNK],
    [1, CHUNK],
    [2, 0],
  ]);
});

test("a truncation to a length with more chunks than there are numbers cuts nothing", async () => {
  const world = new MetaWorld();
  await world.put([[0, 100]]);
  await world.until(world.chunks.truncate(world.data, { length: 2n ** 50n, truncateVersion: 1 }));
  expect(world.lengths()).toEqual([[0, 100]]);
});

test("a chain that changes, is not ready, or whose answer is lost is asked again", async () => {
  const world = new MetaWorld();
  await world.put([
    [0, CHUNK],
    [1, 5],
  ]);
  let refusals = 4;
  world.maintenance.refuse = () => (refusals-- > 0 ? "NOT_READY" : undefined);
  let losses = 3;
  world.storage.after = async () => {
    if (losses-- > 0) throw lost();
  };
  const id = [...world.storage.routing.chains.keys()][0]!;
  const cut = world.chunks.truncate(world.data, { length: 10n, truncateVersion: 1 });
  const serving = world.storage.chain(id).targets.map(({ target }) => target);
  world.storage.serve(id, serving.slice(1));
  await world.until(cut);
  expect(world.lengths()).toEqual([
    [0, 10],
    [1, 0],
  ]);
});

test("removing takes at most as many chunks as it may, from all chains, and tells whether there are more", async () => {
  const world = new MetaWorld();
  await world.put(Array.from({ length: 20 }, (_, chunk) => [chunk, 8] as const));
  let total = 0;
  let calls = 0;
  for (let more = true; more; calls++) {
    const done = await world.until(world.chunks.removeChunks(world.data, { chunksMax: 6 }));
    expect(done.removed).toBeLessThanOrEqual(6);
    total += done.removed;
    more = done.more;
  }
  expect(total).toBe(20);
  expect(world.storage.chunks.size).toBe(0);
  expect(calls).toBeLessThanOrEqual(6);
  expect(await world.until(world.chunks.removeChunks(world.data, { chunksMax: 6 }))).toEqual({
    removed: 0,
    more: false,
  });
});

test("sessions are revoked on every chain, those of one head in one message, once the routing is as new as can be", async () => {
  const world = new MetaWorld(1, 6);
  const order: string[] = [];
  world.newest = async () => {
    await world.clock.sleep(10);
    order.push("newest");
  };
  world.storage.before = async () => void order.push("asked");
  await world.until(world.chunks.revoke([sessionId(1), sessionId(2)]));
  expect(order).toEqual(["newest", "asked", "asked", "asked"]);
  for (const chain of world.storage.routing.chains.keys()) {
    expect([...world.maintenance.noted.get(chain)!]).toEqual([sessionId(1), sessionId(2)]);
  }
  const { untilMs } = world.storage.calls[0]!.question as RevokeQuestion;
  expect(untilMs).toBeGreaterThan(world.clock.wallMs() + 3_600_000 + 60_000);
});

test("sessions are not revoked while the routing's age is not known", async () => {
  const world = new MetaWorld();
  world.newest = () =>
    Promise.reject(new PondError("NO_PRIMARY", { kind: "unavailable", message: "nobody" }));
  await expect(world.until(world.chunks.revoke([sessionId(1)]))).rejects.toMatchObject({
    code: "NO_PRIMARY",
  });
  expect(world.storage.calls.length).toBe(0);
});

test("sessions are not revoked while nobody serves a chain, and then are", async () => {
  const world = new MetaWorld();
  const [id] = world.storage.routing.chains.keys();
  const serving = world.storage.chain(id!).targets.map(({ target }) => target);
  world.storage.serve(id!, []);
  await expect(world.until(world.chunks.revoke([sessionId(1)]), 4005)).rejects.toMatchObject({
    code: "ETIMEDOUT",
  });
  const again = world.chunks.revoke([sessionId(1)]);
  await world.clock.advance(1000);
  world.storage.serve(id!, serving);
  await world.until(again, 50);
  expect(world.maintenance.noted.get(id!)!.has(sessionId(1))).toBe(true);
});

test("a fill writes whole chunks as its writer, with a capability of its own, once", async () => {
  const world = new MetaWorld();
  const bytes = pattern(2 * CHUNK + 10);
  let losses = 2;
  world.storage.after = async () => {
    if (losses-- > 0) throw lost();
  };
  world.storage.sessionOf = (shown) =>
    world.key.verify(shown, { inode: world.data.inode, dataVersion: 1, right: "write" }).session;
  await world.until(world.chunks.fill(world.data, { writer: sessionId(9), bytes }));
  expect(world.lengths()).toEqual([
    [0, CHUNK],
    [1, CHUNK],
    [2, 10],
  ]);
  expect(world.storage.bytesOf({ inode: 7n, dataVersion: 1, chunk: 2 })).toEqual(bytes.slice(2 * CHUNK));
  expect(world.storage.updates).toBe(3);
  for (const { question, bulk } of world.storage.calls) {
    world.storage.arriveAgain({
      node: world.storage.calls[0]!.node,
      method: "",
      question,
      bulk,
      isOver: () => true,
    });
  }
  expect(world.storage.updates).toBe(3);
  expect((world.storage.calls[0]!.question as WriteQuestion).capabilities.length).toBe(1);
});

test("a fill by a writer that was revoked is refused", async () => {
  const world = new MetaWorld();
  world.storage.sessionOf = (shown) =>
    world.key.verify(shown, { inode: world.data.inode, dataVersion: 1, right: "write" }).session;
  world.storage.revoked.add(sessionId(9));
  const fill = world.chunks.fill(world.data, { writer: sessionId(9), bytes: pattern(10) });
  await expect(world.until(fill)).rejects.toMatchObject({ code: "ESTALE" });
});

test("room is asked for once in a while, again after a failure, and nobody's abort keeps others from an answer", async () => {
  const world = new MetaWorld();
  let asked = 0;
  let fails = true;
  world.space = async () => {
    asked += 1;
    await world.clock.sleep(100);
    if (fails) throw new Error("not now");
    return { bytesTotal: 10n, bytesFree: 4n };
  };
  await expect(world.until(world.chunks.space())).rejects.toThrow("not now");
  fails = false;
  const stop = new AbortController();
  const aborted = world.chunks.space({ signal: stop.signal });
  const other = world.chunks.space();
  stop.abort(new Error("enough"));
  await expect(aborted).rejects.toThrow("enough");
  expect(await world.until(other)).toEqual({ bytesTotal: 10n, bytesFree: 4n });
  await world.until(world.chunks.space());
  expect(asked).toBe(2);
  await world.clock.advance(5000);
  await world.until(world.chunks.space());
  expect(asked).toBe(3);
});

test("what is aborted rejects with the signal's reason, and what is not done in time with ETIMEDOUT", async () => {
  const world = new MetaWorld();
  world.storage.before = () => new Promise(() => {});
  const stop = new AbortController();
  const aborted = [
    world.chunks.lengthOf(world.data, { signal: stop.signal }),
    world.chunks.truncate(world.data, { length: 0n, truncateVersion: 1 }, { signal: stop.signal }),
    world.chunks.removeChunks(world.data, { chunksMax: 1, signal: stop.signal }),
    world.chunks.revoke([sessionId()], { signal: stop.signal }),
    world.chunks.fill(world.data, { writer: sessionId(), bytes: pattern(1) }, { signal: stop.signal }),
  ].map((each: Promise<unknown>) => each.catch((error: Error) => error.message));
  await world.clock.advance(10);
  stop.abort(new Error("enough"));
  expect(await world.until(Promise.all(aborted), 0)).toEqual(Array(5).fill("enough"));
  await expect(world.until(world.chunks.lengthOf(world.data), 4005)).rejects.toMatchObject({
    code: "ETIMEDOUT",
  });
  expect(world.clock.pendingCount).toBe(0);
});

test("a file of a chain table that is not known here is waited for, and not for ever", async () => {
  const world = new MetaWorld();
  const layout = { ...world.data.layout, tableVersion: 2 };
  await expect(world.until(world.chunks.lengthOf({ ...world.data, layout }), 4005)).rejects.toMatchObject({
    code: "ETIMEDOUT",
    message: expect.stringContaining("version 2 of chain table 1"),
  });
});
