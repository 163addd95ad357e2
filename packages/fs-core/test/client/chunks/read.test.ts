import { isPondError, PondError, unwrap } from "@smallpond/base";
import { expect, test } from "vitest";
import { READ } from "../../../src/storage/protocol/methods.ts";
import type { ReadQuestion } from "../../../src/storage/protocol/read.ts";
import type { RefusalCode } from "../../../src/storage/protocol/refusal.ts";
import { ChunkWorld, capability, codeOf, filled, pattern, reading } from "./world.ts";

function noAnswer(kind: "retry" | "unknown-outcome"): PondError {
  return new PondError("NO_ANSWER", { kind, message: "nobody is there" });
}

test("many pieces of many chunks come in one message to each node, each to its own memory", async () => {
  const world = new ChunkWorld();
  const data = await filled(world, 8, 1000, { stripe: 4 });
  const items = Array.from({ length: 64 }, (_, at) =>
    reading(data, { chunk: at % 8, offset: at * 10, into: new Uint8Array(10) }),
  );
  const results = await world.until(world.io.read(items));
  expect(results.map(codeOf)).toEqual(items.map(() => "ok"));
  for (const [at, { into }] of items.entries()) {
    expect(into).toEqual(pattern(1000, at % 8).slice(at * 10, at * 10 + 10));
  }
  expect(world.storage.calls.length).toBeLessThanOrEqual(3);
  expect(world.pool.leases).toBe(0);
});

test("memory is zeros behind a chunk's end, and where a chunk was never written", async () => {
  const world = new ChunkWorld();
  const data = await filled(world, 1, 100);
  const [short, hole, beyond] = [
    new Uint8Array(50).fill(9),
    new Uint8Array(50).fill(9),
    new Uint8Array(5).fill(9),
  ];
  const results = await world.until(
    world.io.read([
      reading(data, { offset: 80, into: short }),
      reading(data, { chunk: 3, into: hole }),
      reading(data, { offset: 500, into: beyond }),
    ]),
  );
  expect(results.map(unwrap)).toEqual([
    { bytes: 20, chunkLength: 100 },
    { bytes: 0, chunkLength: 0 },
    { bytes: 0, chunkLength: 100 },
  ]);
  expect(short).toEqual(new Uint8Array([...pattern(100).slice(80), ...new Uint8Array(30)]));
  expect(hole).toEqual(new Uint8Array(50));
  expect(beyond).toEqual(new Uint8Array(5));
});

test("a large piece lands in the caller's lease without a copy, a small one and plain memory with one", async () => {
  const world = new ChunkWorld({ host: "host-1" });
  const data = await filled(world, 3, 64 * 1024);
  using lease = await world.pool.take(128 * 1024);
  const into = { lease, offset: 100, length: 64 * 1024 };
  expect((await world.until(world.io.read([reading(data, { into })]))).map(codeOf)).toEqual(["ok"]);
  expect(lease.view.slice(100, 100 + 64 * 1024)).toEqual(pattern(64 * 1024));
  expect(world.metric("pond_client_chunk_read_copied_bytes_total")).toBe(0);
  const [small, plain] = [{ lease, length: 10 }, new Uint8Array(64 * 1024)];
  await world.until(
    world.io.read([reading(data, { chunk: 1, into: small }), reading(data, { chunk: 2, into: plain })]),
  );
  expect(lease.view.slice(0, 10)).toEqual(pattern(10, 1));
  expect(plain).toEqual(pattern(64 * 1024, 2));
  expect(world.metric("pond_client_chunk_read_copied_bytes_total")).toBe(10 + 64 * 1024);
});

test("a replica on this host is asked for everything it serves; without one, all replicas have their share", async () => {
  const near = new ChunkWorld({ host: "host-2" });
  const data = await filled(near, 8, 100, { stripe: 4 });
  for (let chunk = 0; chunk < 8; chunk++) {
    await near.until(near.io.read([reading(data, { chunk, into: new Uint8Array(10) })]));
  }
  expect(new Set(near.storage.calls.map(({ node }) => node))).toEqual(new Set([2]));

  const anywhere = new ChunkWorld();
  const other = await filled(anywhere, 1, 100);
  for (let turn = 0; turn < 9; turn++) {
    await anywhere.until(anywhere.io.read([reading(other, { into: new Uint8Array(10) })]));
  }
  const asked = anywhere.storage.calls.map(({ node }) => node);
  for (const node of [1, 2, 3]) expect(asked.filter((each) => each === node).length).toBe(3);
});

test("of a chunk with an update under way the tail is asked, and at once", async () => {
  const world = new ChunkWorld();
  const data = await filled(world, 1, 100);
  world.storage.refuse = ({ isTail }) => (isTail ? undefined : "CHUNK_DIRTY");
  for (let turn = 0; turn < 3; turn++) {
    const read = world.io.read([reading(data, { into: new Uint8Array(10) })]);
    expect((await world.until(read, 0)).map(codeOf)).toEqual(["ok"]);
  }
});

test("who may not serve or is damaged or silent is left out, and the others are asked at once", async () => {
  for (const why of ["NOT_READY", "CHUNK_CORRUPT", "STORE_BUSY", "silent"] as const) {
    const world = new ChunkWorld({ host: "host-1" });
    const data = await filled(world, 1, 100);
    if (why === "silent") {
      world.storage.before = async ({ node }) => {
        if (node !== 3) throw noAnswer("unknown-outcome");
      };
    } else world.storage.refuse = ({ node }) => (node === 3 ? undefined : why);
    const into = new Uint8Array(100);
    expect((await world.until(world.io.read([reading(data, { into })]), 0)).map(codeOf)).toEqual(["ok"]);
    expect(into).toEqual(pattern(100));
  }
});

test("bytes that do not match their checksum are not believed, and another replica is asked", async () => {
  const world = new ChunkWorld({ host: "host-1" });
  const data = await filled(world, 1, 100);
  world.storage.damages = ({ node }) => node === 1;
  const into = new Uint8Array(100);
  expect((await world.until(world.io.read([reading(data, { into })]), 0)).map(codeOf)).toEqual(["ok"]);
  expect(into).toEqual(pattern(100));
  expect(world.metric("pond_client_chunk_read_mismatches_total")).toBe(1);
});

test("with checksums off, bytes are taken as they come", async () => {
  const world = new ChunkWorld({ verify: false });
  const data = await filled(world, 1, 100);
  world.storage.damages = () => true;
  const into = new Uint8Array(100);
  expect((await world.until(world.io.read([reading(data, { into })]), 0)).map(codeOf)).toEqual(["ok"]);
  expect(into).not.toEqual(pattern(100));
});

test("bytes that are damaged on every replica are EIO, at once", async () => {
  const world = new ChunkWorld();
  const data = await filled(world, 1, 100);
  world.storage.refuse = () => "CHUNK_CORRUPT";
  const results = await world.until(world.io.read([reading(data, { into: new Uint8Array(10) })]), 0);
  expect(results.map(codeOf)).toEqual(["EIO"]);
  expect(world.storage.calls.length).toBe(3);
});

test("what no repetition helps against becomes an errno", async () => {
  const codes: readonly (readonly [RefusalCode, string])[] = [
    ["CAPABILITY_FORGED", "EACCES"],
    ["CAPABILITY_WRONG", "EBADF"],
    ["SESSION_REVOKED", "ESTALE"],
    ["BAD_REQUEST", "EINVAL"],
  ];
  for (const [refusal, code] of codes) {
    const world = new ChunkWorld();
    world.storage.refuse = () => refusal;
    const results = await world.until(world.io.read([reading(world.file(), { into: new Uint8Array(1) })]), 0);
    expect(results.map(codeOf)).toEqual([code]);
  }
});

test("items of one batch have outcomes of their own", async () => {
  const world = new ChunkWorld();
  const data = await filled(world, 2, 100);
  world.storage.refuse = ({ item }) => (item.key.chunk === 0 ? "BAD_REQUEST" : undefined);
  const into = new Uint8Array(100);
  const results = await world.until(
    world.io.read([reading(data, { into: new Uint8Array(1) }), reading(data, { chunk: 1, into })]),
  );
  expect(results.map(codeOf)).toEqual(["EINVAL", "ok"]);
  expect(into).toEqual(pattern(100, 1));
});

test("a capability that has expired is renewed once for all who show it", async () => {
  const world = new ChunkWorld({ batchItemsMax: 1 });
  const data = await filled(world, 4, 100, { stripe: 4 });
  let renewals = 0;
  const source = {
    current: new Uint8Array([1, 1]),
    renew: async () => {
      renewals += 1;
      await world.clock.sleep(20);
      source.current = new Uint8Array([1, 2]);
    },
  };
  world.storage.before = async ({ question }) => {
    const [shown] = (question as ReadQuestion).capabilities;
    world.storage.refuse = () => (shown![1] === 1 ? "CAPABILITY_EXPIRED" : undefined);
  };
  const items = [0, 1, 2, 3].map((chunk) =>
    reading(data, { chunk, into: new Uint8Array(100), capability: source }),
  );
  expect((await world.until(world.io.read(items))).map(codeOf)).toEqual(["ok", "ok", "ok", "ok"]);
  expect(renewals).toBe(1);
});

test("a capability that expires as soon as it was renewed is renewed again after a pause, and why it is not renewed is the items' error", async () => {
  const world = new ChunkWorld();
  world.storage.refuse = () => "CAPABILITY_EXPIRED";
  let renewals = 0;
  const source = {
    current: new Uint8Array([1]),
    renew: async () => {
      renewals += 1;
      source.current = new Uint8Array([2]);
    },
  };
  const again = world.io.read([reading(world.file(), { into: new Uint8Array(1), capability: source })]);
  await world.clock.advance(5000);
  // With a pause before each but the first.
  expect(renewals).toBeGreaterThan(2);
  expect(renewals).toBeLessThan(20);
  world.storage.refuse = () => undefined;
  expect((await world.until(again)).map(codeOf)).toEqual(["ok"]);
  world.storage.refuse = () => "CAPABILITY_EXPIRED";
  const gone = new PondError("ESTALE", { kind: "closed", message: "the file is gone" });
  const broken = { ...capability(), renew: () => Promise.reject(gone) };
  const never = world.io.read([reading(world.file(), { into: new Uint8Array(1), capability: broken })]);
  expect((await world.until(never)).map(codeOf)).toEqual(["ESTALE"]);
});

test("a chain that has changed is asked in its new version, as soon as that is known", async () => {
  const world = new ChunkWorld({ storage: { chains: 1 } });
  const data = await filled(world, 1, 100);
  // Storage has the new version, and this client does not know of it yet.
  let isKnown = false;
  world.storage.refuse = () => (isKnown ? undefined : "CHAIN_CHANGED");
  const read = world.io.read([reading(data, { into: new Uint8Array(10) })]);
  await world.clock.advance(2000);
  const asked = world.storage.calls.length;
  isKnown = true;
  const [id] = world.storage.routing.chains.keys();
  world.storage.serve(id!, [12, 13] as never);
  expect((await world.until(read, 0)).map(codeOf)).toEqual(["ok"]);
  expect(world.storage.calls.length).toBe(asked + 1);
  expect((world.storage.calls.at(-1)!.question as ReadQuestion).items[0]!.chainVersion).toBe(2);
});

test("a chain that nobody serves is waited for", async () => {
  const world = new ChunkWorld({ storage: { chains: 1 } });
  const data = await filled(world, 1, 100);
  const [id] = world.storage.routing.chains.keys();
  world.storage.serve(id!, []);
  const read = world.io.read([reading(data, { into: new Uint8Array(10) })]);
  await world.clock.advance(5000);
  expect(world.storage.calls.length).toBe(0);
  world.storage.serve(id!, [11] as never);
  expect((await world.until(read, 0)).map(codeOf)).toEqual(["ok"]);
});

test("what is not read in time is ETIMEDOUT in time, whatever is in the way, and says what that was", async () => {
  const world = new ChunkWorld({ storage: { chains: 1 } });
  const data = await filled(world, 1, 100);
  const item = () => reading(data, { into: new Uint8Array(10) });
  const inTime = async (): Promise<void> => {
    const startMs = world.clock.monotonicMs();
    const results = await world.until(world.io.read([item()], { timeoutMs: 700 }), 705);
    expect(world.clock.monotonicMs() - startMs).toBeLessThanOrEqual(705);
    expect(results.map(codeOf)).toEqual(["ETIMEDOUT"]);
  };
  world.storage.refuse = () => "NOT_READY";
  await inTime();
  const refused = await world.until(world.io.read([item()], { timeoutMs: 100 }));
  expect(refused[0]).toMatchObject({ error: { message: expect.stringContaining("NOT_READY") } });
  // It hears, and never answers.
  world.storage.before = () => new Promise(() => {});
  await inTime();
  // So that a second one has to wait for the window.
  const tight = new ChunkWorld({ readBytesMax: 10 });
  const other = await filled(tight, 1, 100);
  tight.storage.before = () => new Promise(() => {});
  const first = tight.io.read([reading(other, { into: new Uint8Array(10) })], { timeoutMs: 5000 });
  const second = tight.io.read([reading(other, { into: new Uint8Array(10) })], { timeoutMs: 300 });
  expect((await tight.until(second, 305)).map(codeOf)).toEqual(["ETIMEDOUT"]);
  await tight.until(first);
  expect(tight.clock.pendingCount).toBe(0);
});

test("an abort rejects with the signal's reason, leaves nothing behind and touches the memory no more", async () => {
  const world = new ChunkWorld();
  const data = await filled(world, 1, 100);
  const reason = new Error("enough");
  const stop = new AbortController();
  world.storage.before = () => world.clock.sleep(50);
  const [mine, others] = [new Uint8Array(100), new Uint8Array(100)];
  const aborted = world.io.read([reading(data, { into: mine })], { signal: stop.signal });
  const goesOn = world.io.read([reading(data, { into: others })]);
  await world.clock.advance(10);
  stop.abort(reason);
  await expect(world.until(aborted, 0)).rejects.toBe(reason);
  expect((await world.until(goesOn)).map(codeOf)).toEqual(["ok"]);
  await world.clock.advance(1000);
  expect(mine).toEqual(new Uint8Array(100));
  expect(world.pool.leases).toBe(0);
  expect(world.clock.pendingCount).toBe(0);
  await expect(world.io.read([reading(data, { into: mine })], { signal: stop.signal })).rejects.toBe(reason);
});

test("answers that do not fit their question are taken for none", async () => {
  const world = new ChunkWorld({ host: "host-1" });
  const data = await filled(world, 1, 100);
  const { to } = world.storage;
  let lies = 0;
  world.storage.to = (address) => {
    const caller = to.call(world.storage, address);
    return {
      call: async (method, question, options) => {
        const answer = await caller.call(method, question, options);
        if (method.id !== READ.id || lies++ > 0) return answer;
        return {
          items: [{ kind: "bytes", version: 1, chunkLength: 100, length: 77, crc: 0 }],
        } as typeof answer;
      },
    };
  };
  const into = new Uint8Array(100);
  expect((await world.until(world.io.read([reading(data, { into })]), 0)).map(codeOf)).toEqual(["ok"]);
  expect(into).toEqual(pattern(100));
});

test("a caller without rights is told so at once", async () => {
  const world = new ChunkWorld();
  world.storage.before = async () => {
    throw new PondError("ACCESS_DENIED", { kind: "invalid", message: "users may not" });
  };
  const [result] = await world.until(world.io.read([reading(world.file(), { into: new Uint8Array(1) })]), 0);
  expect(codeOf(result)).toBe("ACCESS_DENIED");
  expect(isPondError(result)).toBe(false);
});
