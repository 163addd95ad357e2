import { PondError } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import type { ChainBug } from "../../../src/storage/chain/replica.ts";
import type { ForwardQuestion } from "../../../src/storage/protocol/forward.ts";
import { FORWARD } from "../../../src/storage/protocol/methods.ts";
import { keyOf, patterned } from "../helpers.ts";
import { ChainWorld, type Message, sessionOf } from "./support/chain-world.ts";

const OLD = patterned(9000, 1);
const NEW = patterned(9000, 2);
const WRITE = { bytes: NEW, sequence: 2 };

/** With one write on all, and the next one stopped where `fault` says. */
async function interrupted(fault: (message: Message) => "lost" | "answer lost" | undefined, bug?: ChainBug) {
  const world = await ChainWorld.start(3, bug === undefined ? {} : { bug });
  await world.until(world.write({ bytes: OLD, sequence: 1 }));
  world.fault = async (message) => (message.method === "storage.forward" ? fault(message) : undefined);
  const writing = world.write(WRITE);
  void writing.catch(() => {});
  await world.clock.advance(50);
  return { world, writing };
}

const GONE = ["serving", "serving", "offline"] as const;

describe("when the head dies", () => {
  it("an update that it passed on to nobody is gone, and happens when it is asked for again", async () => {
    const { world } = await interrupted(({ to }) => (to === 2 ? "lost" : undefined));
    expect(world.versions()).toEqual(["1+2", "1", "1"]);
    world.of(1).dead = true;
    await world.change(GONE, { order: [2, 3, 1] });
    expect((await world.until(world.read(2))).bytes).toEqual(OLD);
    expect(await world.until(world.write(WRITE))).toMatchObject({ kind: "done", version: 2 });
    expect((await world.until(world.read(3))).bytes).toEqual(NEW);
    await world.close();
  });

  it("an update that others have is settled by the next head, and not done again", async () => {
    const { world } = await interrupted(({ to }) => (to === 3 ? "lost" : undefined));
    expect(world.versions()).toEqual(["1+2", "1+2", "1"]);
    world.of(1).dead = true;
    world.fault = async () => undefined;
    await world.change(GONE, { order: [2, 3, 1] });
    await world.clock.advance(200);
    // Nobody has asked for it.
    expect(world.versions().slice(1)).toEqual(["2", "2"]);
    const again = await world.until(world.write(WRITE));
    expect(again).toMatchObject({ kind: "done", version: 2 });
    expect(world.versions().slice(1)).toEqual(["2", "2"]);
    for (const target of [2, 3]) {
      expect(world.of(target).store.answerTo(sessionOf("a"), 0)).toMatchObject({ sequence: 2 });
    }
    await world.close();
  });

  it("a write of a chunk that is not settled yet settles it first, and others do not wait", async () => {
    const { world } = await interrupted(({ to }) => (to === 3 ? "lost" : undefined));
    world.of(1).dead = true;
    let holds = true;
    world.fault = async ({ method, question }) => {
      const isPending =
        method === "storage.forward" && (question as ForwardQuestion).items[0]!.key.chunk === 0;
      while (holds && isPending) await world.clock.sleep(5);
      return undefined;
    };
    await world.change(GONE, { order: [2, 3, 1] });
    const next = world.write({ bytes: OLD, channel: 1, sequence: 1 });
    const other = await world.until(world.write({ bytes: OLD, chunk: 1, channel: 2, sequence: 1 }));
    expect(other).toMatchObject({ kind: "done", version: 1 });
    expect(world.versions()[1]).toBe("1+2");
    holds = false;
    expect(await world.until(next)).toMatchObject({ kind: "done", version: 3 });
    expect(world.versions().slice(1)).toEqual(["3", "3"]);
    await world.close();
  });

  it("after the planted bug forgot whose update it was, it is done twice", async () => {
    const { world } = await interrupted(({ to }) => (to === 3 ? "lost" : undefined), "settle-without-dedupe");
    world.of(1).dead = true;
    world.fault = async () => undefined;
    await world.change(GONE, { order: [2, 3, 1] });
    await world.clock.advance(200);
    world.of(2).dead = true;
    await world.change(["serving", "offline", "offline"], { order: [3, 1, 2] });
    expect(await world.until(world.write(WRITE))).toMatchObject({ kind: "done", version: 3 });
    await world.close();
  });
});

describe("when the tail dies", () => {
  it("the next tail commits what that one may have shown, before it answers", async () => {
    const { world, writing } = await interrupted(({ to }) => (to === 3 ? "answer lost" : undefined));
    expect(world.versions()).toEqual(["1+2", "1+2", "2"]);
    expect((await world.until(world.read(3))).bytes).toEqual(NEW);
    world.of(3).dead = true;
    world.fault = async () => undefined;
    await world.change(GONE, { tell: [2] });
    // It has seen the version this moment.
    expect((await world.until(world.read(2))).bytes).toEqual(NEW);
    await world.tell([1]);
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 2 });
    expect(world.versions().slice(0, 2)).toEqual(["2", "2"]);
    await world.close();
  });

  it("the planted bug answers with what is older than somebody has seen", async () => {
    const { world } = await interrupted(
      ({ to }) => (to === 3 ? "answer lost" : undefined),
      "new-tail-serves-old",
    );
    expect((await world.until(world.read(3))).bytes).toEqual(NEW);
    world.of(3).dead = true;
    const { store } = world.of(2);
    const commit = store.commit.bind(store);
    store.commit = async (...args) => {
      await world.clock.sleep(50);
      return await commit(...args);
    };
    await world.change(GONE);
    expect((await world.until(world.read(2))).bytes).toEqual(OLD);
    await world.close();
  });

  it("an update that waits for it goes on at once with the next version of the chain", async () => {
    const { world, writing } = await interrupted(() => undefined);
    await world.until(writing);
    world.of(3).dead = true;
    const next = world.write({ bytes: OLD, sequence: 3 });
    await world.clock.advance(100);
    expect(world.versions()).toEqual(["2+3", "2+3", "2"]);
    const beforeMs = world.clock.monotonicMs();
    await world.change(GONE);
    expect(await world.until(next)).toMatchObject({ kind: "done", version: 3 });
    expect(world.clock.monotonicMs() - beforeMs).toBeLessThan(200);
    await world.close();
  });

  it("and it was all that was behind the head, that goes on at once, too", async () => {
    const world = await ChainWorld.start(2);
    world.of(2).dead = true;
    const writing = world.write({ bytes: OLD, sequence: 1 });
    await world.clock.advance(100);
    const beforeMs = world.clock.monotonicMs();
    await world.change(["serving", "offline"]);
    expect(await world.until(writing)).toMatchObject({ kind: "done", version: 1 });
    expect(world.clock.monotonicMs() - beforeMs).toBeLessThan(200);
    await world.close();
  });

  it("with all others, what is left commits alone", async () => {
    const { world } = await interrupted(({ to }) => (to === 2 ? "lost" : undefined));
    Object.assign(world.of(2), { dead: true });
    Object.assign(world.of(3), { dead: true });
    await world.change(["serving", "offline", "offline"]);
    await world.clock.advance(100);
    expect(world.versions()[0]).toBe("2");
    expect(await world.until(world.write(WRITE))).toMatchObject({ kind: "done", version: 2 });
    await world.close();
  });
});

describe("when a replica that was dropped is told late", () => {
  it("its update stays pending, and it is told that the outcome is unknown", async () => {
    const { world, writing } = await interrupted(({ to }) => (to === 2 ? "lost" : undefined));
    await world.change(GONE, { order: [2, 3, 1] });
    expect(await world.until(writing)).toMatchObject({ kind: "refused", code: "UNKNOWN_OUTCOME" });
    expect(world.versions()).toEqual(["1+2", "1", "1"]);
    await world.close();
  });

  it("nothing that waited there for its share of the node is written when it is brought up to date", async () => {
    const world = await ChainWorld.start(3);
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    const free = world.occupy(2);
    const writing = world.write(WRITE);
    await world.clock.advance(20);
    expect(world.versions()).toEqual(["1+2", "1", "1"]);
    // The head dies with what it had; the middle is left out, and comes back.
    world.of(1).dead = true;
    await world.change(["serving", "offline", "offline"], { order: [3, 2, 1] });
    await world.change(["serving", "syncing", "offline"], { order: [3, 2, 1] });
    await world.clock.advance(50);
    free();
    await world.clock.advance(100);
    expect(world.versions().slice(1)).toEqual(["1", "1"]);
    void writing.catch(() => {});
    await world.close();
  });
});

describe("when all have died and some come back", () => {
  it("the head settles what it finds pending, with nobody's help, and knows whose it was", async () => {
    const { world } = await interrupted(({ to }) => (to === 3 ? "lost" : undefined));
    world.of(1).dead = true;
    await world.change(["lastServer", "lastServer", "offline"], { order: [2, 3, 1] });
    await world.restart(2);
    await world.restart(3);
    expect(world.versions().slice(1)).toEqual(["1+2", "1"]);
    world.fault = async () => undefined;
    await world.change(GONE, { order: [2, 3, 1] });
    await world.clock.advance(100);
    expect(world.versions().slice(1)).toEqual(["2", "2"]);
    expect(await world.until(world.write(WRITE))).toMatchObject({ kind: "done", version: 2 });
    expect(world.of(3).store.answerTo(sessionOf("a"), 0)).toMatchObject({ sequence: 2 });
    await world.close();
  });

  it("what one alone has pending is committed by it, and brought to who comes later", async () => {
    const { world } = await interrupted(({ to }) => (to === 2 ? "lost" : undefined));
    await world.change(["lastServer", "lastServer", "offline"], { order: [1, 2, 3] });
    await world.restart(1);
    await world.restart(2);
    world.fault = async () => undefined;
    await world.change(["serving", "syncing", "offline"], { order: [1, 2, 3] });
    expect((await world.until(world.read(1))).bytes).toEqual(NEW);
    await world.until(untilUpToDate(world));
    expect(world.versions()).toEqual(["2", "2", "1"]);
    await world.close();
  });
});

describe("a process that has just started", () => {
  it("sends nothing in a version that counts on the one before it, and begins when it is opened", async () => {
    const world = await ChainWorld.start(2, { states: ["serving", "offline"] });
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    let sent: string[] = [];
    world.fault = async ({ from, method }) => {
      if (from === 1) sent = [...sent, method];
      return method.startsWith("storage.sync") && !world.of(1).open ? "lost" : undefined;
    };
    await world.restart(1, { open: false });
    await world.change(["serving", "syncing"]);
    await world.clock.advance(10_000);
    expect(sent).toEqual([]);
    world.of(1).open = true;
    await world.tell([1]);
    await world.until(untilUpToDate(world));
    expect(world.versions()).toEqual(["1", "1"]);
    await world.close();
  });
});

describe("a replica that syncs", () => {
  it("is sent nothing older than what it was passed on, by one whose disk failed before that was committed", async () => {
    const world = await ChainWorld.start(2, { states: ["serving", "offline"] });
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    let hasFailed = false;
    let sent: number[] = [];
    world.fault = async ({ method, question }) => {
      if (method.startsWith("storage.sync") && !hasFailed) return "lost";
      if (method !== "storage.forward") return undefined;
      sent = [...sent, ...(question as ForwardQuestion).items.map(({ version }) => version)];
      hasFailed = true;
      const { disk, store } = world.of(1);
      disk.setFault(({ path }) => (path?.includes("journal") ? "EIO" : undefined));
      await store.update(keyOf(1), { kind: "write", offset: 0, bytes: OLD }).catch(() => {});
      return undefined;
    };
    await world.change(["serving", "syncing"]);
    const writing = world.write(WRITE);
    void writing.catch(() => {});
    await world.clock.advance(30_000);
    expect(world.of(1).store.failure).toBeDefined();
    expect(world.of(1).store.state(keyOf(0))).toMatchObject({
      committed: { version: 1 },
      pending: { version: 2 },
    });
    expect(sent).toEqual([2]);
    expect(world.of(2).store.state(keyOf(0))).toMatchObject({ committed: { version: 2 } });
    expect(world.of(2).store.answerTo(sessionOf("a"), 0)).toMatchObject({ sequence: 2 });
    await world.close();
  });

  it("gets whole chunks with each update, and commits at once", async () => {
    const world = await ChainWorld.start(2, { states: ["serving", "offline"] });
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    let kinds: string[] = [];
    world.fault = async ({ method, question }) => {
      if (method === "storage.forward") {
        kinds = [...kinds, ...(question as ForwardQuestion).items.map(({ action }) => action.kind)];
      }
      return method.startsWith("storage.sync") ? "lost" : undefined;
    };
    await world.change(["serving", "syncing"]);
    const patch = patterned(100, 3);
    await world.until(world.write({ bytes: patch, offset: 50, sequence: 2 }));
    expect(kinds).toEqual(["replace"]);
    expect(world.versions()).toEqual(["2", "2"]);
    const copy = (await world.until(world.of(2).store.read(keyOf(0), { offset: 0, length: 9000 })))!;
    const expected = OLD.slice();
    expected.set(patch, 50);
    expect(copy.view).toEqual(expected);
    copy.release();
    expect(world.of(2).store.answerTo(sessionOf("a"), 0)).toMatchObject({ sequence: 2 });
    expect(await world.until(world.read(2))).toMatchObject({ kind: "refused", code: "CHAIN_CHANGED" });
    await world.close();
  });

  it("refuses copies of messages that were answered, and of those that were given up", async () => {
    const world = await ChainWorld.start(2, { states: ["serving", "syncing"] });
    await world.until(untilUpToDate(world));
    const seen: Message[] = [];
    world.fault = async (message) => {
      if (message.method === "storage.forward") seen.push(message);
      return undefined;
    };
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    await world.until(world.write({ bytes: NEW, sequence: 2 }));
    const copy = seen[0]!;
    const answer = await world.until(
      world.callerOf(1, 2).call(FORWARD, copy.question as ForwardQuestion, { send: [copy.bytes] }),
    );
    expect(answer.items[0]).toMatchObject({ kind: "refused", code: "STALE_REQUEST" });
    expect(world.versions()).toEqual(["2", "2"]);
    await world.close();
  });

  it("of an earlier version of the chain, it refuses too", async () => {
    const world = await ChainWorld.start(2, { states: ["serving", "syncing"] });
    const seen: Message[] = [];
    world.fault = async (message) => {
      if (message.method === "storage.forward") seen.push(message);
      return undefined;
    };
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    await world.change(["serving", "offline"]);
    await world.until(world.write({ bytes: NEW, sequence: 2 }));
    await world.change(["serving", "syncing"]);
    await world.until(untilUpToDate(world));
    const copy = seen[0]!;
    const answer = await world.until(
      world.callerOf(1, 2).call(FORWARD, copy.question as ForwardQuestion, { send: [copy.bytes] }),
    );
    expect(answer.items[0]).toMatchObject({ kind: "refused", code: "CHAIN_CHANGED" });
    expect(world.versions()).toEqual(["2", "2"]);
    await world.close();
  });

  it("is brought up to date while writes go on, and serves then", async () => {
    const world = await ChainWorld.start(3, { states: ["serving", "offline", "offline"] });
    const stale = world.of(2).store;
    await world.until(stale.update(keyOf(77), { kind: "write", offset: 0, bytes: OLD }));
    for (let chunk = 0; chunk < 5; chunk++) {
      await world.until(world.write({ bytes: patterned(7000, chunk), chunk, channel: chunk, sequence: 1 }));
    }
    await world.change(["serving", "syncing", "offline"]);
    const writes = [2, 3, 4, 5].map(async (sequence) => {
      const bytes = patterned(3000, 10 + sequence);
      const chunk = sequence % 2;
      return await world.write({ bytes, chunk, channel: 10 + sequence, sequence });
    });
    await world.until(untilUpToDate(world));
    await world.until(Promise.all(writes));
    await world.change(["serving", "serving", "syncing"]);
    await world.until(untilUpToDate(world, 3));
    await world.change(["serving", "serving", "serving"]);
    for (let chunk = 0; chunk < 5; chunk++) {
      const all = [1, 2, 3].map((target) => world.read(target, { chunk }));
      const [first, ...others] = await world.until(Promise.all(all));
      for (const other of others) expect(other).toEqual(first);
    }
    expect(stale.state(keyOf(77))).toBeUndefined();
    await world.close();
  });
});

async function untilUpToDate(world: ChainWorld, target = 2): Promise<void> {
  while (!world.of(target).replica.isUpToDate) await world.clock.sleep(5);
}

describe("planted bugs of the chain", () => {
  it("an answer before the update is passed on loses it with the head", async () => {
    const world = await ChainWorld.start(3, { bug: "ack-before-forward" });
    world.fault = async ({ method }) => (method === "storage.forward" ? "lost" : undefined);
    expect(await world.until(world.write({ bytes: OLD, sequence: 1 }))).toMatchObject({ kind: "done" });
    world.of(1).dead = true;
    await world.change(GONE, { order: [2, 3, 1] });
    expect(await world.until(world.read(2))).toMatchObject({ kind: "hole" });
    await world.close();
  });

  it("a node that does not look at its lease serves when others have taken over", async () => {
    const world = await ChainWorld.start(2, { bug: "no-lease-check" });
    await world.until(world.write({ bytes: OLD, sequence: 1 }));
    world.of(2).lease = false;
    await world.change(["serving", "offline"], { tell: [1] });
    await world.until(world.write({ bytes: NEW, sequence: 2 }));
    expect((await world.until(world.read(2, { version: 1 }))).bytes).toEqual(OLD);
    await world.close();
  });
});

describe("when a replica that synced serves, and the next one syncs behind it", () => {
  it("a chunk that it was still writing comes to the next one, too", async () => {
    const world = await ChainWorld.start(3, { states: ["serving", "syncing", "waiting"] });
    await world.clock.advance(500);
    const { store } = world.of(2);
    const replace = store.replace.bind(store);
    let holds = true;
    store.replace = async (...args) => {
      while (holds) await world.clock.sleep(5);
      return await replace(...args);
    };
    const writing = world.write({ bytes: OLD, sequence: 1 });
    void writing.catch(() => {});
    await world.clock.advance(50);
    await world.change(["serving", "serving", "syncing"]);
    // Long enough to compare two empty lists.
    await world.clock.advance(500);
    holds = false;
    await world.until(writing).catch(() => {});
    expect(await world.until(world.write({ bytes: OLD, sequence: 1 }))).toMatchObject({
      kind: "done",
      version: 1,
    });
    await world.clock.advance(500);
    expect(world.versions()).toEqual(["1", "1", "1"]);
    await world.close();
  });
});

describe("a head whose pending update is damaged", () => {
  it("leaves the chain, which goes on with what the others have, and is brought up to date again", async () => {
    const { world, writing } = await interrupted(({ to }) => (to === 3 ? "lost" : undefined));
    expect(world.versions()).toEqual(["1+2", "1+2", "1"]);
    const { store, replica } = world.of(1);
    const readLatest = store.readLatest.bind(store);
    store.readLatest = async () => {
      throw new PondError("CHUNK_CORRUPT", { kind: "corrupt", message: "a page has another checksum" });
    };
    world.fault = async () => undefined;
    await world.until(writing.catch(() => {}));
    expect(replica.hasStopped).toBe(true);
    await world.change(["serving", "serving", "offline"], { order: [2, 3, 1] });
    store.readLatest = readLatest;
    expect(await world.until(world.write(WRITE))).toMatchObject({ kind: "done", version: 2 });
    await world.change(["serving", "serving", "syncing"], { order: [2, 3, 1] });
    await world.clock.advance(500);
    expect(world.versions()).toEqual(["2", "2", "2"]);
    await world.close();
  });

  it("stays where nobody else serves", async () => {
    const world = await ChainWorld.start(1);
    world.of(1).replica.leaveDamaged(keyOf(0));
    expect(world.of(1).replica.hasStopped).toBe(false);
    await world.close();
  });
});
