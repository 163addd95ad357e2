/** A store that processes share: a store like any other while nothing fails, and honest about what it lost when it does. */
import { MemoryStore, MemoryStoreState } from "@smallpond/fs-core";
import { orderedStoreContract } from "@smallpond/fs-core/testing";
import { type Seams, SharedStore, type SimWorld } from "@smallpond/sim";
import { expect, test } from "vitest";
import { inWorld, runContract } from "./run-contract.ts";

const SETTINGS = { readMs: 1, writeMs: 2, timeoutMs: 100 };

function newShared(world: SimWorld): SharedStore {
  return new SharedStore({ world, inner: new MemoryStore({ state: new MemoryStoreState() }) }, SETTINGS);
}

runContract("SharedStore", (current) =>
  orderedStoreContract(async () => {
    const shared = newShared(current().world);
    const [store, other] = [shared.open(current()), shared.open(current())];
    return {
      store,
      other,
      [Symbol.asyncDispose]: async () => {
        await store.close();
        await other.close();
      },
    };
  }),
);

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const BATCH = [{ kind: "set", key: bytes("k"), value: bytes("v") }] as const;

async function withFaults(
  faults: Parameters<SharedStore["setFaults"]>[0],
  body: (store: ReturnType<SharedStore["open"]>, seams: Seams, shared: SharedStore) => Promise<void>,
): Promise<void> {
  await inWorld(1, {}, async (seams, world) => {
    const shared = newShared(world);
    const store = shared.open(seams);
    await store.acquire({ after: { epoch: 0n, renewals: 0n }, owner: bytes("me") });
    shared.setFaults(faults);
    await body(store, seams, shared);
  });
}

async function isWritten(shared: SharedStore): Promise<boolean> {
  return (await (await shared.inner.snapshot()).get(bytes("k"))) !== undefined;
}

test("a request that is lost leaves its outcome unknown, and nothing written", async () => {
  await withFaults({ lostShare: 1 }, async (store, _, shared) => {
    expect(await store.apply(BATCH, { epoch: 1n })).toBe("unknown");
    expect(await isWritten(shared)).toBe(false);
    await expect(store.snapshot()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  });
});

test("an answer that is lost leaves the outcome unknown as well, and the batch written", async () => {
  await withFaults({ unansweredShare: 1 }, async (store, _, shared) => {
    expect(await store.apply(BATCH, { epoch: 1n })).toBe("unknown");
    expect(await isWritten(shared)).toBe(true);
  });
});

test("a batch that is late is written after its outcome was unknown, unless the epoch is over by then", async () => {
  await withFaults({ lateShare: 1 }, async (store, { clock }, shared) => {
    expect(await store.apply(BATCH, { epoch: 1n })).toBe("unknown");
    expect(await isWritten(shared)).toBe(false);
    await clock.sleep(1000);
    expect(await isWritten(shared)).toBe(true);
  });
  await withFaults({ lateShare: 1 }, async (store, { clock }, shared) => {
    expect(await store.apply(BATCH, { epoch: 1n })).toBe("unknown");
    await shared.inner.acquire({ after: { epoch: 1n, renewals: 0n }, owner: bytes("another") });
    await clock.sleep(1000);
    expect(await isWritten(shared)).toBe(false);
  });
});

test("what a killed process asked for may be written, and it never hears of it", async () => {
  await inWorld(1, {}, async (seams, world) => {
    const shared = newShared(world);
    let heard = false;
    const victim = world.addMachine("b").run("victim", async (own) => {
      const store = shared.open(own);
      if (heard || own.lifetime.name.endsWith("#2")) return new Promise<void>(() => {});
      await store.acquire({ after: { epoch: 0n, renewals: 0n }, owner: bytes("me") });
      own.lifetime.planCrash({ call: 1, when: "after" });
      await store.apply(BATCH, { epoch: 1n });
      heard = true;
    });
    await seams.clock.sleep(2000);
    expect(victim.incarnation).toBeGreaterThan(1);
    expect(heard).toBe(false);
    expect(await isWritten(shared)).toBe(true);
  });
});
