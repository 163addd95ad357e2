import { describe, expect, it } from "vitest";
import { patterned } from "../helpers.ts";
import { ChainWorld } from "./support/chain-world.ts";

const BYTES = patterned(9000, 1);

/** Files of blocks cannot grow on the disk of target 2. */
async function withFullDisk(states?: Parameters<ChainWorld["change"]>[0]): Promise<ChainWorld> {
  const world = await ChainWorld.start(3, states === undefined ? {} : { states });
  const full = new Set(["allocate", "truncate", "write"]);
  world
    .of(2)
    .disk.setFault(({ operation, path }) =>
      full.has(operation) && path?.includes("blocks") ? "ENOSPC" : undefined,
    );
  return world;
}

describe("a successor that has no room", () => {
  it("leaves the chain, which goes on with the update without it, until there is room again", async () => {
    const world = await withFullDisk();
    const writing = world.write({ bytes: BYTES, sequence: 1 });
    await world.clock.advance(100);
    const { replica } = world.of(2);
    expect(replica).toMatchObject({ isFull: true, hasStopped: true });
    expect(replica.takesPart()).toBe(false);
    expect(world.versions()).toEqual(["0+1", "0", "0"]);

    await world.change(["serving", "serving", "offline"], { order: [1, 3, 2] });
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 1 });
    expect((await world.until(world.read(3))).bytes).toEqual(BYTES);
    expect(replica.isFull).toBe(true);
    replica.hasRoom();
    expect(replica.isFull).toBe(false);
    await world.close();
  });

  it("is not brought up to date either", async () => {
    const world = await withFullDisk(["serving", "syncing", "offline"]);
    const writing = world.write({ bytes: BYTES, sequence: 1 });
    await world.clock.advance(1000);
    expect(world.of(2).replica).toMatchObject({ isFull: true, hasStopped: true });
    await world.change(["serving", "offline", "offline"]);
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 1 });
    await world.close();
  });
});

describe("a head that has no room", () => {
  it("refuses before anything is prepared, and goes on serving", async () => {
    const world = await withFullDisk();
    await world.change(["serving", "serving", "serving"], { order: [2, 1, 3] });
    expect(await world.until(world.write({ bytes: BYTES, sequence: 1 }))).toMatchObject({
      kind: "refused",
      code: "STORE_FULL",
    });
    expect(world.of(2).replica).toMatchObject({ isFull: false, hasStopped: false });
    await world.close();
  });
});
