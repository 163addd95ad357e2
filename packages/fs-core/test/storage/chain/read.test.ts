import { describe, expect, it } from "vitest";
import { lastChunk } from "../../../src/storage/chain/read.ts";
import { keyOf, patterned } from "../helpers.ts";
import { ChainWorld } from "./support/chain-world.ts";

const OLD = patterned(9000, 1);
const NEW = patterned(9000, 2);

/** The second write has come to `upTo` replicas, and goes on when it is told to. */
async function halfWritten(upTo: number, bug?: "dirty-read") {
  const world = await ChainWorld.start(3, bug === undefined ? {} : { bug });
  await world.until(world.write({ bytes: OLD, sequence: 1 }));
  let holds = true;
  world.fault = async ({ method, from }) => {
    while (holds && method === "storage.forward" && from === upTo) await world.clock.sleep(5);
    return undefined;
  };
  const writing = world.write({ bytes: NEW, sequence: 2 });
  await world.clock.advance(20);
  const goOn = (): void => {
    holds = false;
  };
  return { world, writing, goOn };
}

describe("a read on a chain of three", () => {
  it("of a chunk with an update under way is for the tail to answer, which knows what is committed", async () => {
    const { world, writing, goOn } = await halfWritten(2);
    expect(world.versions()).toEqual(["1+2", "1+2", "1"]);
    for (const target of [1, 2]) {
      const dirty = await world.until(world.read(target));
      expect(dirty).toMatchObject({ kind: "refused", code: "CHUNK_DIRTY" });
      const relaxed = await world.until(world.read(target, { relaxed: true }));
      expect(relaxed.bytes).toEqual(OLD);
    }
    expect((await world.until(world.read(3))).bytes).toEqual(OLD);
    goOn();
    await world.until(writing);
    expect((await world.until(world.read(1))).bytes).toEqual(NEW);
    await world.close();
  });

  it("goes back where the planted bug reads what may be old", async () => {
    const { world, writing, goOn } = await halfWritten(1, "dirty-read");
    // The answer of the middle is late: the tail has shown the new bytes to somebody already.
    goOn();
    let holds = true;
    world.fault = async ({ method, to }) => {
      if (method !== "storage.forward" || to !== 3) return undefined;
      return holds ? "answer lost" : undefined;
    };
    await world.clock.advance(100);
    expect((await world.until(world.read(3))).bytes).toEqual(NEW);
    expect((await world.until(world.read(1))).bytes).toEqual(OLD);
    holds = false;
    await world.until(writing);
    await world.close();
  });

  it("of a chunk that was never written is a hole", async () => {
    const world = await ChainWorld.start(3);
    expect(await world.until(world.read(2))).toMatchObject({ kind: "hole" });
    await world.close();
  });

  it("that waited for its share of the node is refused when the node's lease ended meanwhile", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    const free = world.occupy(2);
    const reading = world.read(2);
    await world.clock.advance(10);
    world.of(2).lease = false;
    free();
    expect(await world.until(reading)).toMatchObject({ kind: "refused", code: "NOT_READY" });
    await world.close();
  });

  it("that waited for its share looks anew whether an update is under way", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    const free = world.occupy(1);
    const reading = world.read(1);
    await world.clock.advance(10);
    await world.change(["serving", "serving", "serving"], { order: [2, 3, 1] });
    free();
    expect(await world.until(reading)).toMatchObject({ kind: "refused", code: "CHAIN_CHANGED" });
    await world.close();
  });

  it("of damaged bytes is refused, and asks for the chunk to be repaired", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    const { damaged } = world.of(2);
    await damageBlocks(world, 2);
    expect(await world.until(world.read(2))).toMatchObject({ kind: "refused", code: "CHUNK_CORRUPT" });
    expect(damaged).toEqual([keyOf(0)]);
    expect((await world.until(world.read(1))).bytes).toEqual(OLD);
    await world.close();
  });

  it("and a write that needs some of the damaged bytes asks for the repair, too", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    await damageBlocks(world, 1);
    const patch = { bytes: NEW.subarray(0, 10), offset: 5, sequence: 2 };
    const outcome = await world.until(world.write(patch));
    expect(outcome).toMatchObject({ kind: "refused", code: "CHUNK_CORRUPT" });
    expect(world.of(1).damaged).toEqual([keyOf(0)]);
    expect(world.versions()).toEqual(["1", "1", "1"]);
    await world.close();
  });

  it("of a successor's damaged bytes heals them with the next update", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    await damageBlocks(world, 2);
    const patch = { bytes: NEW.subarray(0, 10), offset: 5, sequence: 2 };
    expect(await world.until(world.write(patch))).toMatchObject({ kind: "done", version: 2 });
    const [first, second] = [await world.until(world.read(1)), await world.until(world.read(2))];
    expect(second.bytes).toEqual(first.bytes);
    await world.close();
  });

  it("where a file ends is answered by the tail alone, by what is committed", async () => {
    const { world, writing, goOn } = await halfWritten(2);
    const item = { ...world.at(), file: keyOf(0) };
    const answer = await world.until(lastChunk(world.of(3).replica, item));
    expect(answer).toEqual({ kind: "last", chunk: 0, length: 9000 });
    const head = world.until(lastChunk(world.of(1).replica, item));
    await expect(head).rejects.toMatchObject({ code: "CHAIN_CHANGED" });
    goOn();
    await world.until(writing);
    await world.close();
  });
});

/** All that has come to the blocks of a target changes a bit. */
async function damageBlocks(world: ChainWorld, target: number): Promise<void> {
  const { disk, store } = world.of(target);
  await world.until(store.checkpoint());
  const blocks = (await disk.readdir("/t/blocks")).filter(({ name }) => name.endsWith(".blocks"));
  for (const { name } of blocks) {
    await using file = await disk.open(`/t/blocks/${name}`, { read: true, write: true });
    const bytes = new Uint8Array(await file.size());
    await file.readAt(bytes, 0);
    await file.writeAt(
      bytes.map((byte) => byte ^ 1),
      0,
    );
  }
}
