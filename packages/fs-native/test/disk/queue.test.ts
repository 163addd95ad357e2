import { NodeDisk } from "@smallpond/base/platform/node";
import { type DiskQueueSettings, openBufferPool, openDiskQueue } from "@smallpond/fs-native";
import { type DiskQueueUnderTest, diskQueueContract } from "@smallpond/fs-native/testing";
import { describe, expect, test } from "vitest";
import { failureOf } from "../failure.ts";
import { runContract } from "../run-contract.ts";

async function subject(
  settings: Partial<DiskQueueSettings>,
  { direct = false, parent }: { readonly direct?: boolean; readonly parent?: string } = {},
): Promise<DiskQueueUnderTest> {
  const directory = await new NodeDisk().tempDirectory(parent === undefined ? {} : { parent });
  const queue = openDiskQueue(settings);
  const leaks: unknown[] = [];
  const pool = openBufferPool({ poison: true, leaked: (lease) => leaks.push(lease) });
  return {
    queue,
    pool,
    direct,
    directory: directory.path,
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      await directory[Symbol.asyncDispose]();
      expect(pool.leases).toBe(0);
      expect(leaks).toEqual([]);
    },
  };
}

const URING = openable();

runContract(
  "threads",
  diskQueueContract(() => subject({ engine: "threads" })),
);
describe.skipIf(URING !== undefined)(`io_uring${URING === undefined ? "" : ` (${URING})`}`, () => {
  runContract(
    "through the page cache",
    diskQueueContract(() => subject({ engine: "io_uring" })),
  );
  runContract(
    "past the page cache",
    diskQueueContract(() => subject({ engine: "io_uring" }, { direct: true, parent: process.cwd() })),
  );
  runContract(
    "four at a time, spinning",
    diskQueueContract(() => subject({ engine: "io_uring", depth: 4, spinMicroseconds: 50 })),
  );
});

test("a full queue says so for the operation that has no room, and takes the others", async () => {
  for (const engine of ["threads", "auto"] as const) {
    await using under = await subject({ engine, depth: 2, waitingMax: 3 });
    await using file = await under.queue.open(`${under.directory}/a`, {
      read: true,
      write: true,
      create: true,
    });
    using lease = await under.pool.take(4_096);
    await file.write(lease, 0);
    const reads = await Promise.allSettled(Array.from({ length: 20 }, () => file.read(lease, 0)));
    const failed = reads.flatMap((read) => (read.status === "rejected" ? [read.reason as unknown] : []));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThan(20);
    for (const error of failed) expect(error).toMatchObject({ code: "EBUSY", kind: "retry" });
    expect(await file.read(lease, 0)).toBe(4_096);
  }
});

test("a full device and a broken one are errors of the operation, and the queue goes on", async () => {
  for (const engine of ["threads", "auto"] as const) {
    await using under = await subject({ engine });
    using lease = await under.pool.take(4_096);
    await using full = await under.queue.open("/dev/full", { write: true });
    expect(await failureOf(full.write(lease, 0))).toMatchObject({
      code: "ENOSPC",
      details: { operation: "write", path: "/dev/full" },
    });
    // Nothing is mapped at address 0 of a process, which its memory file answers with EIO.
    await using broken = await under.queue.open("/proc/self/mem", { read: true });
    expect(await failureOf(broken.read(lease, 0))).toMatchObject({ code: "EIO" });
    await using file = await under.queue.open(`${under.directory}/a`, {
      read: true,
      write: true,
      create: true,
    });
    await file.write(lease, 0);
    expect(await file.read(lease, 0)).toBe(4_096);
  }
});

test.skipIf(URING !== undefined)("direct files refuse what is not aligned, and say what is", async () => {
  await using under = await subject({ engine: "io_uring" }, { parent: process.cwd() });
  const path = `${under.directory}/a`;
  await using file = await under.queue.open(path, { read: true, write: true, create: true, direct: true });
  expect(file.direct).toBe(true);
  expect(file.alignment.position).toBeGreaterThanOrEqual(512);
  using lease = await under.pool.take(16_384);
  await file.write(lease, 0);
  for (const [part, position] of [
    [{ lease, length: 100 }, 0],
    [{ lease, offset: 7, length: 4_096 }, 0],
    [{ lease, length: 4_096 }, 100],
  ] as const) {
    expect(await failureOf(file.read(part, position))).toMatchObject({ code: "EINVAL" });
    expect(await failureOf(file.write(part, position))).toMatchObject({ code: "EINVAL" });
  }
  expect(await file.read(lease, 0)).toBe(16_384);
});

test("a file system without direct operations refuses them, or goes through the cache when that is allowed", async () => {
  await using under = await subject({ engine: "auto" });
  const file = { read: true, write: true } as const;
  expect(await failureOf(under.queue.open("/proc/self/comm", { ...file, direct: true }))).toMatchObject({
    code: "EINVAL",
  });
  await using opened = await under.queue.open("/proc/self/comm", { read: true, direct: "prefer" });
  expect(opened.direct).toBe(false);
  expect(opened.alignment).toEqual({ position: 1, memory: 1 });
});

/** Undefined when the kernel offers io_uring, else why not. */
function openable(): string | undefined {
  try {
    void openDiskQueue({ engine: "io_uring" }).close();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
