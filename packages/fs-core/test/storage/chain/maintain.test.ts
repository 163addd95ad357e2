import { describe, expect, it } from "vitest";
import { LAST_CHUNK, NOTE, REMOVE, REVOKE, TRUNCATE } from "../../../src/storage/protocol/methods.ts";
import { keyOf, patterned } from "../helpers.ts";
import { ChainWorld, sessionOf } from "./support/chain-world.ts";

const BYTES = patterned(9000, 1);
const { inode, dataVersion } = keyOf(0);
const FILE = { inode, dataVersion };

async function withChunks(count: number): Promise<ChainWorld> {
  const world = await ChainWorld.start(3);
  for (let chunk = 0; chunk < count; chunk++) {
    await world.until(world.write({ bytes: BYTES, chunk, channel: chunk, sequence: 1 }));
  }
  return world;
}

function lengths(world: ChainWorld, chunk: number): readonly (number | undefined)[] {
  return [1, 2, 3].map((target) => world.of(target).store.state(keyOf(chunk))?.committed?.length);
}

describe("a truncation", () => {
  const question = { file: FILE, truncateVersion: 4, from: 2, cut: { chunk: 1, length: 100 } };

  it("cuts the last chunk and empties those behind on all replicas, and says where the file ends", async () => {
    const world = await withChunks(4);
    const cut = world.callerOf(0, 1).call(TRUNCATE, { ...world.at(), ...question });
    expect(await world.until(cut)).toEqual({ kind: "done" });
    expect([0, 1, 2, 3].map((chunk) => lengths(world, chunk))).toEqual([
      [9000, 9000, 9000],
      [100, 100, 100],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    const asked = world.callerOf(0, 3).call(LAST_CHUNK, { items: [{ ...world.at(), file: FILE }] });
    expect((await world.until(asked)).items).toEqual([{ kind: "last", chunk: 1, length: 100 }]);
    for (const target of [1, 2, 3]) expect(world.of(target).store.truncatedUpTo(FILE)).toBe(4);
    await world.close();
  });

  it("that comes again, or is an older one, changes nothing that was written since", async () => {
    const world = await withChunks(3);
    await world.until(world.callerOf(0, 1).call(TRUNCATE, { ...world.at(), ...question }));
    await world.until(world.write({ bytes: BYTES, chunk: 2, channel: 9, sequence: 1 }));
    // Also for the next head.
    world.of(1).dead = true;
    await world.change(["serving", "serving", "offline"], { order: [2, 3, 1] });
    for (const truncateVersion of [4, 3]) {
      const again = { ...world.at(), ...question, truncateVersion };
      expect(await world.until(world.callerOf(0, 2).call(TRUNCATE, again))).toEqual({ kind: "done" });
    }
    expect(lengths(world, 2)).toEqual([9000, 9000, 9000]);
    await world.close();
  });

  it("does not count as done while a replica has not heard of it", async () => {
    const world = await withChunks(3);
    world.fault = async ({ method, to }) => (method === "storage.note" && to === 3 ? "lost" : undefined);
    const cut = world.callerOf(0, 1).call(TRUNCATE, { ...world.at(), ...question }, { timeoutMs: 30_000 });
    expect(await world.until(cut)).toMatchObject({ kind: "refused", code: "UNKNOWN_OUTCOME" });
    for (const target of [1, 2]) expect(world.of(target).store.truncatedUpTo(FILE)).toBeUndefined();
    await world.close();
  });
});

describe("a removal", () => {
  it("takes chunks from all replicas, the last ones first, and says whether there are more", async () => {
    const world = await withChunks(5);
    const remove = () =>
      world.until(world.callerOf(0, 1).call(REMOVE, { ...world.at(), file: FILE, chunksMax: 3 }));
    expect(await remove()).toEqual({ kind: "removed", chunks: 3, more: true });
    for (const target of [1, 2, 3]) {
      const left = world.of(target).store.list(undefined, 100);
      expect(left.map(({ key }) => key.chunk)).toEqual([0, 1]);
    }
    expect(await remove()).toEqual({ kind: "removed", chunks: 2, more: false });
    expect(await remove()).toEqual({ kind: "removed", chunks: 0, more: false });
    await world.close();
  });

  it("leaves other files alone", async () => {
    const world = await withChunks(2);
    const file = { ...FILE, dataVersion: 2 };
    await world.until(world.callerOf(0, 1).call(REMOVE, { ...world.at(), file, chunksMax: 9 }));
    expect(lengths(world, 1)).toEqual([9000, 9000, 9000]);
    await world.close();
  });

  it("is not done here where it was not done behind", async () => {
    const world = await withChunks(2);
    world.fault = async ({ method }) => (method === "storage.note" ? "lost" : undefined);
    const question = { ...world.at(), file: FILE, chunksMax: 9 };
    const removed = world.callerOf(0, 1).call(REMOVE, question, { timeoutMs: 30_000 });
    expect(await world.until(removed)).toMatchObject({ kind: "refused", code: "UNKNOWN_OUTCOME" });
    expect(lengths(world, 1)).toEqual([9000, 9000, 9000]);
    await world.close();
  });
});

describe("a revocation", () => {
  const revocation = { sessions: [sessionOf("a")], untilMs: 1e15 };

  it("is answered chain by chain, and refused by who is not the head", async () => {
    const world = await withChunks(1);
    const question = { chains: [world.at(), { ...world.at(), chain: 9 as never }], ...revocation };
    const answer = await world.until(world.callerOf(0, 1).call(REVOKE, question));
    expect(answer.chains[0]).toEqual({ kind: "done" });
    expect(answer.chains[1]).toMatchObject({ kind: "refused", code: "CHAIN_CHANGED" });
    const middle = await world.until(
      world.callerOf(0, 2).call(REVOKE, { chains: [world.at()], ...revocation }),
    );
    expect(middle.chains[0]).toMatchObject({ kind: "refused", code: "CHAIN_CHANGED" });
    for (const target of [1, 2, 3]) expect(world.of(target).store.isRevoked(sessionOf("a"))).toBe(true);
    await world.close();
  });

  it("waits for updates of the session that were begun, also those that wait for their share", async () => {
    const world = await withChunks(1);
    const free = world.occupy(1);
    const writing = world.write({ bytes: patterned(9000, 2), sequence: 2 });
    await world.clock.advance(20);
    let isOver = false;
    const revoking = world.callerOf(0, 1).call(REVOKE, { chains: [world.at()], ...revocation });
    void revoking.then(() => {
      isOver = true;
    });
    await world.clock.advance(200);
    expect(isOver).toBe(false);
    free();
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 2 });
    expect((await world.until(revoking)).chains).toEqual([{ kind: "done" }]);
    await world.close();
  });

  it("settles what an earlier head left pending of the session", async () => {
    const world = await withChunks(1);
    world.fault = async ({ method, to }) => (method === "storage.forward" && to === 3 ? "lost" : undefined);
    void world.write({ bytes: patterned(9000, 2), channel: 1, sequence: 2 }).catch(() => {});
    await world.clock.advance(50);
    world.of(1).dead = true;
    await world.restart(2);
    world.fault = async () => undefined;
    await world.change(["serving", "serving", "offline"], { order: [2, 3, 1] });
    const question = { chains: [world.at()], ...revocation };
    const answer = await world.until(world.callerOf(0, 2).call(REVOKE, question));
    expect(answer.chains).toEqual([{ kind: "done" }]);
    expect(world.versions().slice(1)).toEqual(["2", "2"]);
    await world.close();
  });
});

describe("a note", () => {
  it("is taken down once, and a copy of an old one is refused", async () => {
    const world = await withChunks(2);
    const noted: unknown[] = [];
    world.fault = async ({ method, question, to }) => {
      if (method === "storage.note" && to === 2) noted.push(question);
      return undefined;
    };
    const question = { ...world.at(), file: FILE, chunksMax: 1 };
    await world.until(world.callerOf(0, 1).call(REMOVE, question));
    await world.until(world.write({ bytes: BYTES, chunk: 1, channel: 1, sequence: 2 }));
    const copy = world.callerOf(1, 2).call(NOTE, noted[0] as never);
    expect(await world.until(copy)).toMatchObject({ kind: "refused", code: "STALE_REQUEST" });
    expect(lengths(world, 1)).toEqual([9000, 9000, 9000]);
    await world.close();
  });
});
