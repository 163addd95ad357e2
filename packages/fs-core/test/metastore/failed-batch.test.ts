/** A batch that failed leaves nothing behind that later reads could take for something else. */
import { NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import {
  LocalMetastore,
  MemoryStore,
  MemoryStoreState,
  type OrderedStore,
  type StoreSnapshot,
} from "@smallpond/fs-core";
import { expect, test } from "vitest";

const key = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A store whose snapshots can be made to fail, or to arrive late with what they saw when they were asked for. */
class SlowStore extends MemoryStore implements OrderedStore {
  failing = false;
  late: Promise<void> | undefined;

  override async snapshot(): Promise<StoreSnapshot> {
    const [late, snapshot] = [this.late, await super.snapshot()];
    this.late = undefined;
    await late;
    return {
      get: (each) => snapshot.get(each),
      getMany: async (keys) => {
        if (this.failing) throw new PondError("STORE_UNREACHABLE", { kind: "unavailable", message: "no" });
        return snapshot.getMany(keys);
      },
      range: (range, options) => snapshot.range(range, options),
      [Symbol.dispose]: () => snapshot[Symbol.dispose](),
    };
  }
}

test("a snapshot that was asked for after a failed batch does not pass for one of the batch after it", async () => {
  const store = new SlowStore({ state: new MemoryStoreState() });
  const random = new SeededRandom(1);
  const metastore = new LocalMetastore({ store, clock: new ManualClock(), random, probes: NO_PROBES });
  const write = async (value: string): Promise<void> => {
    const transaction = await metastore.begin();
    transaction.set(key("a"), key(value));
    await transaction.commit();
  };
  await write("1");

  const [failed, next] = [await metastore.begin(), await metastore.begin()];
  let arrive = (): void => {};
  store.late = new Promise((resolve) => {
    arrive = resolve;
  });
  store.failing = true;
  failed.add(key("n"), 1n);
  await expect(failed.commit()).rejects.toMatchObject({ code: "STORE_UNREACHABLE" });
  store.failing = false;

  next.set(key("a"), key("2"));
  const written = next.commit();
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  arrive();
  expect(await written).toMatchObject({ kind: "committed" });
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
  const reader = await metastore.begin();
  expect(await reader.get(key("a"))).toEqual(key("2"));
});
