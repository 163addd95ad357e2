import { describe, expect, it } from "vitest";
import { patterned } from "../helpers.ts";
import { ChainWorld, type Fault, sessionOf } from "./support/chain-world.ts";

const BYTES = patterned(10_000, 1);

/** The first message of the kind. */
function first(method: string, to: number, fault: "lost" | "answer lost" | "doubled"): Fault {
  let isOver = false;
  return async (message) => {
    if (isOver || message.method !== method || message.to !== to) return undefined;
    isOver = true;
    return fault;
  };
}

describe("a write on a chain of three", () => {
  it("is on all replicas before it is answered, and any of them reads it", async () => {
    const world = await ChainWorld.start(3);
    const outcome = await world.until(world.write({ bytes: BYTES, sequence: 1 }));
    expect(outcome).toMatchObject({ kind: "done", version: 1, length: 10_000 });
    expect(world.versions()).toEqual(["1", "1", "1"]);
    for (const target of [1, 2, 3]) {
      const read = await world.until(world.read(target));
      expect(read).toMatchObject({ kind: "bytes", version: 1, chunkLength: 10_000 });
      expect(read.bytes).toEqual(BYTES);
    }
    await world.close();
  });

  it("happens in order where several come at once, each once", async () => {
    const world = await ChainWorld.start(3);
    const writes = Array.from({ length: 8 }, (_, at) =>
      world.write({ bytes: patterned(5000, at), offset: 1000 * at, channel: at, sequence: 1 }),
    );
    const outcomes = await world.until(Promise.all(writes));
    const versions = outcomes.map((outcome) => (outcome.kind === "done" ? outcome.version : 0));
    expect(versions.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(world.versions()).toEqual(["8", "8", "8"]);
    const reads = [await world.until(world.read(1)), await world.until(world.read(3))];
    expect(reads[0]!.bytes).toEqual(reads[1]!.bytes);
    await world.close();
  });

  it.each([
    ["a message to the middle is lost", "storage.forward", 2, "lost"],
    ["an answer of the middle is lost", "storage.forward", 2, "answer lost"],
    ["a message to the tail is lost", "storage.forward", 3, "lost"],
    ["an answer of the tail is lost", "storage.forward", 3, "answer lost"],
  ] as const)("happens once when %s, and is answered at last", async (_, method, to, fault) => {
    const world = await ChainWorld.start(3);
    world.fault = first(method, to, fault);
    const outcome = await world.until(world.write({ bytes: BYTES, sequence: 1 }));
    // Nobody is kept waiting for ever: whoever was told that it is unknown asks again.
    const again = await world.until(world.write({ bytes: BYTES, sequence: 1 }));
    if (outcome.kind === "refused") expect(outcome.code).toBe("UNKNOWN_OUTCOME");
    expect(again).toMatchObject({ kind: "done", version: 1 });
    expect(world.versions()).toEqual(["1", "1", "1"]);
    await world.close();
  });

  it("happens once when every message is doubled", async () => {
    const world = await ChainWorld.start(3);
    world.fault = async () => "doubled";
    for (const sequence of [1, 2, 3]) {
      const outcome = await world.until(world.write({ bytes: patterned(3000, sequence), sequence }));
      expect(outcome).toMatchObject({ kind: "done", version: sequence });
    }
    await world.clock.advance(100);
    expect(world.versions()).toEqual(["3", "3", "3"]);
    await world.close();
  });

  it("is answered as before when it is asked for again, and refused when a later one was heard", async () => {
    const world = await ChainWorld.start(3);
    const done = await world.until(world.write({ bytes: BYTES, sequence: 5 }));
    expect(await world.until(world.write({ bytes: BYTES, sequence: 5 }))).toEqual(done);
    await world.until(world.write({ bytes: BYTES, offset: 20_000, sequence: 6 }));
    const old = await world.until(world.write({ bytes: BYTES, sequence: 5 }));
    expect(old).toMatchObject({ kind: "refused", code: "STALE_REQUEST" });
    const other = await world.until(world.write({ bytes: BYTES, sequence: 6, request: "f" }));
    expect(other).toMatchObject({ kind: "refused", code: "BAD_REQUEST" });
    expect(world.versions()).toEqual(["2", "2", "2"]);
    await world.close();
  });

  it("without bytes changes none, and makes what its channel sent before stale", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: BYTES, sequence: 1 }));
    const fence = await world.until(world.write({ bytes: new Uint8Array(0), sequence: 3 }));
    expect(fence).toMatchObject({ kind: "done", version: 2, length: 10_000 });
    const late = await world.until(world.write({ bytes: patterned(9, 9), sequence: 2 }));
    expect(late).toMatchObject({ kind: "refused", code: "STALE_REQUEST" });
    expect((await world.until(world.read(2))).bytes).toEqual(BYTES);
    await world.close();
  });

  it("is refused by who is not the head, knows another version, or may not serve", async () => {
    const world = await ChainWorld.start(3);
    const write = { bytes: BYTES, sequence: 1 };
    const refused = async (options: { readonly to?: number; readonly version?: number }) => {
      const outcome = await world.until(world.write(write, options));
      return outcome.kind === "refused" ? [outcome.code, outcome.chainVersion] : outcome;
    };
    expect(await refused({ to: 2 })).toEqual(["CHAIN_CHANGED", 1]);
    expect(await refused({ version: 2 })).toEqual(["CHAIN_CHANGED", 1]);
    world.of(1).lease = false;
    expect(await refused({})).toEqual(["NOT_READY", undefined]);
    Object.assign(world.of(1), { lease: true, open: false });
    expect(await refused({})).toEqual(["NOT_READY", undefined]);
    world.of(1).open = true;
    world.of(1).replica.release(true);
    expect(await refused({})).toEqual(["NOT_READY", undefined]);
    // The word was given for this version of the chain.
    world.of(1).replica.release(false);
    expect(await refused({})).toEqual(["NOT_READY", undefined]);
    expect(world.versions()).toEqual(["0", "0", "0"]);
    await world.change(["serving", "serving", "serving"]);
    expect(await world.until(world.write(write))).toMatchObject({ kind: "done" });
    await world.close();
  });

  it("is not begun when the lease ended while it waited for its share of the node", async () => {
    const world = await ChainWorld.start(3);
    const free = world.occupy(1);
    const writing = world.write({ bytes: BYTES, sequence: 1 });
    await world.clock.advance(10);
    world.of(1).lease = false;
    free();
    expect(await world.until(writing)).toMatchObject({ kind: "refused", code: "NOT_READY" });
    expect(world.versions()).toEqual(["0", "0", "0"]);
    await world.close();
  });

  it("waits while the routing of a newer version comes", async () => {
    const world = await ChainWorld.start(3);
    await world.change(["serving", "serving", "serving"], { tell: [2, 3] });
    const writing = world.write({ bytes: BYTES, sequence: 1 });
    await world.clock.advance(100);
    await world.tell([1]);
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 1 });
    await world.close();
  });

  it("is refused for a session that was revoked, which waits for what is under way and no longer", async () => {
    const world = await ChainWorld.start(3);
    let holds = true;
    world.fault = async ({ method, to }) => {
      while (holds && method === "storage.forward" && to === 3) await world.clock.sleep(5);
      return undefined;
    };
    const writing = world.write({ bytes: BYTES, sequence: 1 });
    await world.clock.advance(20);
    const { replica } = world.of(1);
    const { revoke } = await import("../../../src/storage/chain/maintain.ts");
    let isRevoked = false;
    const revocation = { sessions: [sessionOf("a")], untilMs: 1e15 };
    const revoking = revoke(replica, world.at(), revocation, {}).then(() => {
      isRevoked = true;
    });
    await world.clock.advance(500);
    const late = await world.until(world.write({ bytes: BYTES, chunk: 1, channel: 1, sequence: 1 }));
    expect(late).toMatchObject({ kind: "refused", code: "SESSION_REVOKED" });
    expect(isRevoked).toBe(false);
    holds = false;
    await world.until(revoking);
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 1 });
    for (const target of [1, 2, 3]) expect(world.of(target).store.isRevoked(sessionOf("a"))).toBe(true);
    await world.close();
  });
});
