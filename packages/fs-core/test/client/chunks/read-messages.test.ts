/** How reads share messages, and how much of them is under way. */
import { expect, test } from "vitest";
import type { ReadQuestion } from "../../../src/storage/protocol/read.ts";
import { ChunkWorld, codeOf, filled, pattern, reading } from "./world.ts";

test("bytes under way stay within the window, in all and for each node", async () => {
  const world = new ChunkWorld({ readBytesMax: 500, readBytesPerNodeMax: 300, batchBytesMax: 100 });
  const data = await filled(world, 12, 100, { stripe: 4 });
  const byNode = new Map<number, number>();
  let [most, mostOfNode] = [0, 0];
  world.storage.before = async ({ node, question }) => {
    const bytes = (question as ReadQuestion).items.reduce((sum, { length }) => sum + length, 0);
    byNode.set(node, (byNode.get(node) ?? 0) + bytes);
    most = Math.max(
      most,
      [...byNode.values()].reduce((sum, each) => sum + each, 0),
    );
    mostOfNode = Math.max(mostOfNode, ...byNode.values());
    await world.clock.sleep(10);
    byNode.set(node, byNode.get(node)! - bytes);
  };
  const items = Array.from({ length: 48 }, (_, at) =>
    reading(data, { chunk: at % 12, into: new Uint8Array(100) }),
  );
  expect((await world.until(world.io.read(items))).every(({ ok }) => ok)).toBe(true);
  expect(most).toBe(500);
  expect(mostOfNode).toBe(300);
  expect(world.io.bytesUnderWay.reading).toBe(0);
});

test("a node that hangs does not hold up reads from the others", async () => {
  const world = new ChunkWorld({
    readBytesPerNodeMax: 100,
    batchBytesMax: 100,
    storage: { replicas: 1, chains: 3 },
  });
  const data = await filled(world, 3, 100, { stripe: 3 });
  const hung = world.storage.calls;
  world.storage.before = async ({ node }) => {
    if (node === 1) await new Promise(() => {});
  };
  const items = [0, 1, 2, 0, 1, 2, 0, 1, 2].map((chunk) =>
    reading(data, { chunk, into: new Uint8Array(100) }),
  );
  const all = items.map((item) => world.io.read([item], { timeoutMs: 3000 }));
  await world.clock.advance(50);
  expect(hung.length).toBe(1 + 6);
  const results = await world.until(Promise.all(all));
  expect(results.flat().filter(({ ok }) => ok).length).toBe(6);
});

test("more than may wait is refused with EAGAIN", async () => {
  const world = new ChunkWorld({ questionsPerNodeMax: 1, waitingMax: 2, host: "host-1" });
  const data = await filled(world, 1, 100);
  world.storage.before = () => new Promise(() => {});
  const read = () => world.io.read([reading(data, { into: new Uint8Array(10) })], { timeoutMs: 1000 });
  const reads = [read()];
  await world.clock.advance(1);
  reads.push(read(), read(), read());
  const results = (await world.until(Promise.all(reads))).flat().map(codeOf);
  expect(results).toEqual(["ETIMEDOUT", "ETIMEDOUT", "ETIMEDOUT", "EAGAIN"]);
});

test("what many ask of a node in one turn goes in one message, and what comes while it is busy in the next", async () => {
  const world = new ChunkWorld({ questionsPerNodeMax: 2, host: "host-1" });
  const data = await filled(world, 4, 100, { stripe: 4 });
  world.storage.before = () => world.clock.sleep(10);
  const intos: Uint8Array[] = [];
  const read = (at: number) => {
    const into = new Uint8Array(10);
    intos.push(into);
    return world.io.read([reading(data, { chunk: at % 4, offset: at, into })]);
  };
  const reads = Array.from({ length: 10 }, (_, at) => read(at));
  await world.clock.advance(1);
  expect(world.storage.calls.length).toBe(1);
  reads.push(read(10));
  await world.clock.advance(1);
  // Two are under way now.
  for (let at = 11; at < 30; at++) {
    reads.push(read(at));
    await world.clock.advance(0.1);
  }
  expect(world.storage.calls.length).toBe(2);
  expect((await world.until(Promise.all(reads))).flat().every(({ ok }) => ok)).toBe(true);
  expect(world.storage.calls.length).toBe(3);
  for (const [at, into] of intos.entries()) expect(into).toEqual(pattern(100, at % 4).slice(at, at + 10));
});

test("who gives up does not wait for others in the same message, and they are answered all the same", async () => {
  const world = new ChunkWorld({ host: "host-1" });
  const data = await filled(world, 1, 100);
  world.storage.before = () => world.clock.sleep(50);
  const stop = new AbortController();
  const [mine, others] = [new Uint8Array(10), new Uint8Array(10)];
  const late = world.io.read([reading(data, { into: new Uint8Array(10) })], { timeoutMs: 20 });
  const aborted = world.io.read([reading(data, { into: mine })], { signal: stop.signal });
  const stays = world.io.read([reading(data, { into: others })]);
  await world.clock.advance(5);
  expect(world.storage.calls.length).toBe(1);
  stop.abort(new Error("enough"));
  await expect(world.until(aborted, 0)).rejects.toThrow("enough");
  expect((await world.until(late, 20)).map(codeOf)).toEqual(["ETIMEDOUT"]);
  expect((await world.until(stays, 60)).map(codeOf)).toEqual(["ok"]);
  expect(mine).toEqual(new Uint8Array(10));
  expect(others).toEqual(pattern(10));
});

test("of several chains in one message, each leaves out its own replica", async () => {
  const world = new ChunkWorld({ host: "host-1" });
  const data = await filled(world, 4, 100, { stripe: 4 });
  world.storage.refuse = ({ node }) => (node === 1 ? "NOT_READY" : undefined);
  const items = [0, 1, 2, 3].map((chunk) => reading(data, { chunk, into: new Uint8Array(100) }));
  expect((await world.until(world.io.read(items), 0)).map(codeOf)).toEqual(["ok", "ok", "ok", "ok"]);
  expect(world.storage.calls.filter(({ node }) => node === 1).length).toBe(1);
});
