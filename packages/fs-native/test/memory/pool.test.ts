import { openBufferPool } from "@smallpond/fs-native";
import { expect, test } from "vitest";

const MIB = 2 ** 20;

test("leases do not overlap, and their memory is aligned to their size up to a page at least", () => {
  const pool = openBufferPool({ regionBytes: MIB, bytesMax: 2 * MIB });
  const leases = [1, 100, 4_096, 5_000, 70_000, 4_097].map((bytes) => pool.tryTake(bytes)!);
  leases.forEach((lease, i) => {
    lease.view.fill(i + 1);
    expect(lease.offset % 4_096).toBe(0);
  });
  leases.forEach((lease, i) => {
    expect(lease.view.every((byte) => byte === i + 1)).toBe(true);
    lease.release();
  });
  expect(pool.heldBytes).toBe(0);
});

test("the pool never holds more than its bound; who finds it full waits in order, however small", async () => {
  const pool = openBufferPool({ regionBytes: MIB, bytesMax: 2 * MIB });
  const first = pool.tryTake(MIB)!;
  const second = pool.tryTake(MIB / 2)!;
  const order: string[] = [];
  const large = pool.take(MIB).then((lease) => {
    order.push("large");
    return lease;
  });
  const small = pool.take(4_096).then((lease) => {
    order.push("small");
    return lease;
  });
  expect(pool.tryTake(4_096)).toBeUndefined();
  second.release();
  (await large).release();
  (await small).release();
  expect(order).toEqual(["large", "small"]);
  first.release();
  expect(pool.heldBytes).toBe(0);
});

test("an abort gives up the place in the queue, and those behind move up", async () => {
  const pool = openBufferPool({ regionBytes: MIB, bytesMax: MIB });
  const half = pool.tryTake(MIB / 2)!;
  const controller = new AbortController();
  const whole = pool.take(MIB, { signal: controller.signal });
  const small = pool.take(4_096);
  controller.abort(new Error("enough"));
  await expect(whole).rejects.toThrow("enough");
  (await small).release();
  half.release();
  await expect(pool.take(1, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
});

test("a queue that is too long is refused at once, and closing fails those who wait", async () => {
  const pool = openBufferPool({ regionBytes: MIB, bytesMax: MIB, waitersMax: 2 });
  const all = pool.tryTake(MIB)!;
  const waiting = [pool.take(1), pool.take(1)];
  await expect(pool.take(1)).rejects.toMatchObject({ code: "POOL_EXHAUSTED", kind: "retry" });
  pool.close();
  for (const one of waiting) await expect(one).rejects.toMatchObject({ code: "ECLOSED" });
  all.release();
  expect(() => pool.tryTake(1)).toThrow("closed");
});

test("released memory is poisoned in tests, and a lease is used, passed on and released once", () => {
  const pool = openBufferPool({ poison: true });
  const lease = pool.tryTake(100)!;
  const { view } = lease;
  const passed = lease.pass();
  expect(passed.view.byteOffset).toBe(view.byteOffset);
  expect(() => lease.view).toThrow("passed on");
  expect(() => lease.release()).toThrow("passed on");
  expect(() => lease.pass()).toThrow("passed on");
  passed.release();
  expect(view.every((byte) => byte === 0xdd)).toBe(true);
  expect(() => passed.release()).toThrow("released");
  passed[Symbol.dispose]();
  expect(pool.leases).toBe(0);
});

test("regions are told as they come, those there are already too", () => {
  const pool = openBufferPool({ regionBytes: MIB, bytesMax: 3 * MIB });
  pool.tryTake(MIB);
  const seen: number[] = [];
  const watch = pool.watchRegions((region) => seen.push(region.buffer.byteLength));
  pool.tryTake(MIB);
  watch[Symbol.dispose]();
  pool.tryTake(MIB);
  expect(seen).toEqual([MIB, MIB]);
});
