import { SeededRandom } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { type DiskUnderTest, diskContract } from "@smallpond/base/testing";
import { openBufferPool, openDiskQueue, QueueDisk } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import { runContract } from "../run-contract.ts";

async function subject(engine: "auto" | "threads"): Promise<DiskUnderTest> {
  const queue = openDiskQueue({ engine });
  const directory = await new NodeDisk().tempDirectory();
  return {
    disk: new QueueDisk(queue, openBufferPool({ poison: true })),
    directory: directory.path,
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

for (const engine of ["auto", "threads"] as const) {
  runContract(
    `QueueDisk over ${engine}`,
    diskContract(() => subject(engine)),
  );

  test(`memory of a pool and any other give the same bytes over ${engine}`, async () => {
    await using under = await subject(engine);
    const pool = openBufferPool();
    await using file = await under.disk.open(`${under.directory}/a`, {
      read: true,
      write: true,
      create: true,
    });
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 7) % 251);
    await file.writeAt(bytes, 5);
    using lease = pool.tryTake(bytes.length)!;
    expect(await file.readAt(lease.view, 5)).toBe(bytes.length);
    expect(Buffer.compare(lease.view, bytes)).toBe(0);
    await file.writeAt(lease.view.subarray(10, 1_000_010), 0);
    const plain = new Uint8Array(1_000_000);
    expect(await file.readAt(plain, 0)).toBe(1_000_000);
    expect(Buffer.compare(plain, bytes.subarray(10, 1_000_010))).toBe(0);
    expect(await file.readAt(plain, 2_999_999)).toBe(6);
  });
}

for (const engine of ["auto", "threads"] as const) {
  test(`bytes written past the page cache are those that are read over ${engine}, whatever memory they come from and wherever they go`, async () => {
    await using under = await subject(engine);
    const pool = openBufferPool();
    await using file = await under.disk.open(`${under.directory}/a`, {
      read: true,
      write: true,
      create: true,
      writesPastCache: true,
    });
    const expected = new Uint8Array(64 * 4096);
    const draw = new SeededRandom(7);
    using lease = pool.tryTake(16 * 4096 + 100)!;
    await file.writeAt(expected, 0);
    for (let round = 0; round < 40; round++) {
      const isWhole = draw.int(3) > 0;
      const position = isWhole ? draw.int(48) * 4096 : draw.int(48 * 4096);
      const length = isWhole ? (1 + draw.int(16)) * 4096 : 1 + draw.int(16 * 4096);
      const start = draw.int(2) * 100;
      // Aligned memory of the pool, memory of the pool that is not, and any other.
      const memory = draw.int(3) === 0 ? new Uint8Array(length) : lease.view.subarray(start, start + length);
      memory.fill(round + 1);
      await file.writeAt(memory, position);
      expected.set(memory, position);
      if (draw.int(2) === 0) await file.datasync();
      const read = new Uint8Array(expected.length);
      expect(await file.readAt(read, 0)).toBe(expected.length);
      expect(Buffer.compare(read, expected)).toBe(0);
    }
  });
}
