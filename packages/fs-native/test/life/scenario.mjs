/**
 * Ways to end in the middle of things, each as a process of its own: `node --expose-gc scenario.mjs <name> <directory>`.
 * What must hold is that the process ends by itself, with code 0 and nothing on standard error.
 */
import { strict as assert } from "node:assert";
import { readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openBufferPool, openDiskQueue } from "@smallpond/fs-native";

const SELF = fileURLToPath(import.meta.url);
const [name, directory] = isMainThread ? process.argv.slice(2) : [workerData.name, workerData.directory];
const PAGE = 4_096;
const PAGES = 256;

/** Reads for ever, `depth` at a time; `each` is told after every read. */
async function readForEver(depth, each = () => {}) {
  const pool = openBufferPool();
  const queue = openDiskQueue({ depth });
  const file = await queue.open(`${directory}/data`, { read: true, direct: "prefer" });
  for (let i = 0; i < depth; i++) {
    const lease = pool.tryTake(PAGE);
    void (async () => {
      for (let page = i; ; page = (page + 7) % PAGES) {
        await file.read(lease, page * PAGE);
        each();
      }
    })();
  }
}

function startWorker(worker) {
  return new Worker(SELF, { workerData: { name: worker, directory } });
}

const exitOf = (worker) => new Promise((resolve) => worker.once("exit", resolve));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** The sanitizer keeps what is freed for a while. */
const GROWTH_MAX = (process.env.POND_NATIVE === "sanitized" ? 400 : 24) * 2 ** 20;
const descriptors = () => readdirSync("/proc/self/fd").length;

const SCENARIOS = {
  /** Workers that are ended while their reads are under way, four at a time. */
  async "terminated workers"() {
    for (let round = 0; round < 6; round++) {
      const workers = Array.from({ length: 4 }, () => startWorker("worker: read for ever"));
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
      await sleep(round * 3);
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  },

  async "worker: read for ever"() {
    let told = false;
    await readForEver(64, () => {
      if (!told) parentPort.postMessage("reading");
      told = true;
    });
  },

  /** A worker that ends its own process from where a completion is delivered. */
  async "exit in a worker's callback"() {
    for (let round = 0; round < 6; round++) {
      assert.equal(await exitOf(startWorker("worker: exit after some reads")), 0);
    }
  },

  async "worker: exit after some reads"() {
    let reads = 0;
    await readForEver(32, () => {
      if (++reads === 100) process.exit(0);
    });
  },

  async "exit in a callback"() {
    let reads = 0;
    await readForEver(32, () => {
      if (++reads === 1_000) process.exit(0);
    });
  },

  /** Nobody holds leases, files or queues any more, while the kernel still reads into their memory. */
  async "forgotten in mid-read"() {
    for (let round = 0; round < 30; round++) {
      await (async () => {
        const pool = openBufferPool({ regionBytes: 2 ** 20, bytesMax: 2 ** 20, leaked: () => {} });
        const queue = openDiskQueue({ depth: 32 });
        const file = await queue.open(`${directory}/data`, { read: true, direct: "prefer" });
        for (let i = 0; i < 64; i++) void file.read(pool.tryTake(PAGE), i * PAGE).catch(() => {});
        if (round % 2 === 0) void file.close();
      })();
      globalThis.gc();
      await sleep(1);
      globalThis.gc();
    }
  },

  /** What nobody uses keeps no process alive. */
  async idle() {
    openBufferPool().tryTake(PAGE);
    const queue = openDiskQueue();
    await queue.open(`${directory}/data`, { read: true });
  },

  async "many operations"() {
    const total = Number(process.env.POND_NATIVE_OPERATIONS ?? 100_000);
    const pool = openBufferPool();
    const queue = openDiskQueue({ depth: 128 });
    const file = await queue.open(`${directory}/data`, { read: true, direct: "prefer" });
    const round = async (count) => {
      for (let done = 0; done < count; done += 250) {
        const leases = Array.from({ length: 250 }, () => pool.tryTake(PAGE));
        const operations = leases.map((memory, i) => ({
          kind: "read",
          file,
          memory,
          position: (i % PAGES) * PAGE,
        }));
        const results = await queue.run(operations);
        assert(results.every((result) => result.ok && result.value === PAGE));
        for (const lease of leases) lease.release();
        if (done % 5_000 === 0) globalThis.gc();
      }
    };
    await round(total / 10);
    const before = { bytes: process.memoryUsage.rss(), fds: descriptors() };
    await round(total);
    globalThis.gc();
    const grown = process.memoryUsage.rss() - before.bytes;
    assert(grown < GROWTH_MAX, `memory grew by ${grown} bytes`);
    assert.equal(descriptors(), before.fds);
    await file.close();
    await queue.close();
  },

  /** Rings and files opened and closed again and again. */
  async "many queues"() {
    const pool = openBufferPool();
    const lease = pool.tryTake(PAGE);
    const round = async (count) => {
      for (let i = 0; i < count; i++) {
        const queue = openDiskQueue({ depth: 8 });
        const file = await queue.open(`${directory}/data`, { read: true, direct: "prefer" });
        assert.equal(await file.read(lease, 0), PAGE);
        await file.close();
        await queue.close();
      }
      globalThis.gc();
      await sleep(20);
    };
    await round(20);
    const before = { bytes: process.memoryUsage.rss(), fds: descriptors() };
    await round(200);
    assert.equal(descriptors(), before.fds);
    const grown = process.memoryUsage.rss() - before.bytes;
    assert(grown < GROWTH_MAX, `memory grew by ${grown} bytes`);
  },
};

if (isMainThread) writeFileSync(`${directory}/data`, new Uint8Array(PAGES * PAGE));
await SCENARIOS[name]();
