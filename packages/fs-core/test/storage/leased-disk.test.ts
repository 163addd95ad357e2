/** The chunk store over the native disk queue, its bytes in leased memory: many clients at once on the real disk. */
import { equalBytes, NO_PROBES, SeededRandom } from "@smallpond/base";
import { NodeClock, NodeDisk } from "@smallpond/base/platform/node";
import { newCrc32c, openBufferPool, openDiskQueue, QueueDisk } from "@smallpond/fs-native";
import { expect, test } from "vitest";
import type { ChainVersion } from "../../src/ids.ts";
import { silentLogger } from "../../src/service/log.ts";
import { ChunkStore } from "../../src/storage/chunk-store.ts";
import { formatTarget } from "../../src/storage/target/format-target.ts";
import { keyOf, patterned } from "./helpers.ts";

const CHAIN = 1 as ChainVersion;
const MiB = 2 ** 20;
const SETTINGS = {
  segmentBytes: 8 * MiB,
  batchBytesMax: 2 * MiB,
  growBytes: 8 * MiB,
  reserveBytes: 0,
  checkpointBytes: 4 * MiB,
};

test("clients write, overwrite and read chunks side by side, and all of it is there afterwards", async () => {
  await using temporary = await new NodeDisk().tempDirectory();
  using pool = openBufferPool({ bytesMax: 64 * MiB, regionBytes: 16 * MiB, poison: true });
  await using queue = openDiskQueue();
  const disk = new QueueDisk(queue, pool);
  const crc = newCrc32c();
  const place = { directory: `${temporary.path}/t`, cluster: "c", target: 1 };
  await formatTarget(
    { disk, crc, random: new SeededRandom(1) },
    { ...place, segmentBytes: SETTINGS.segmentBytes },
  );
  const open = () =>
    ChunkStore.open(
      { disk, crc, clock: new NodeClock(), buffers: pool, probes: NO_PROBES, log: silentLogger() },
      SETTINGS,
      { ...place, bootId: "b" },
    );
  let store = await open();
  const contents = Array.from({ length: 6 }, (_, chunk) => patterned(MiB, chunk));

  async function write(chunk: number, offset: number, bytes: Uint8Array) {
    // The bytes of a request stand in a lease, as they do when they come from the network.
    using lease = await pool.take(bytes.length);
    lease.view.set(bytes);
    const operation = { kind: "write", offset, bytes: lease.view, crc: crc.of(bytes) } as const;
    const done = await store.update(keyOf(chunk), operation);
    if (done.kind !== "prepared") throw new Error(done.kind);
    await store.commit(keyOf(chunk), done.version, { chainVersion: CHAIN });
  }

  async function check(chunk: number) {
    const read = (await store.read(keyOf(chunk), { offset: 0, length: MiB }))!;
    expect(equalBytes(read.view, contents[chunk]!)).toBe(true);
    read.release();
  }

  await Promise.all(
    contents.map(async (content, chunk) => {
      await write(chunk, 0, content);
      for (let round = 0; round < 12; round++) {
        const length = round % 3 === 2 ? 200_000 : 1 + 3000 * round;
        const offset = (round * 77_777) % (MiB - length);
        const bytes = patterned(length, 100 * chunk + round);
        await write(chunk, offset, bytes);
        content.set(bytes, offset);
        await check(chunk);
      }
    }),
  );
  await store.close();
  expect(pool.leases).toBe(0);
  store = await open();
  for (const chunk of contents.keys()) await check(chunk);
  await store.removeRange(keyOf(0), { from: 1, to: 6, limit: 99 });
  expect(await store.punch({ bytes: 64 * MiB })).toBeGreaterThan(5 * MiB);
  await check(0);
  expect((await store.scrub(undefined, 10)).damaged).toEqual([]);
  await store.close();
  expect(pool.leases).toBe(0);
});
