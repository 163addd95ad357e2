/**
 * Ways to end in the middle of transfers, each as a process of its own: `node --expose-gc scenario.mjs <name>`. What must
 * hold is that the process ends by itself, with code 0 and nothing on standard error.
 */
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { openBufferPool, openFabric } from "@smallpond/fs-native";
import { PartnerClient, runFabricPartner } from "@smallpond/fs-native/testing";

const SELF = fileURLToPath(import.meta.url);
const PROVIDER = { provider: "tcp;ofi_rxm", host: "127.0.0.1" };
const name = isMainThread ? process.argv[2] : workerData.name;
const IS_SANITIZED = process.env.POND_NATIVE === "sanitized";
/** The sanitizer keeps what is freed for a while. */
const GROWTH_MAX = (IS_SANITIZED ? 400 : 32) * 2 ** 20;
const MEBIBYTE = 2 ** 20;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const exitOf = (worker) => new Promise((resolve) => worker.once("exit", resolve));
const startWorker = (worker) => new Worker(SELF, { workerData: { name: worker } });
const descriptors = () => readdirSync("/proc/self/fd").length;

/** Two ends in this thread. */
async function openEnds() {
  const pool = openBufferPool({ bytesMax: 32 * MEBIBYTE, regionBytes: 16 * MEBIBYTE });
  const far = await openFabric(pool, PROVIDER);
  const serving = runFabricPartner(far, pool);
  const near = await openFabric(pool, PROVIDER);
  const client = new PartnerClient(near);
  const running = client.run();
  const peer = near.peer(far.address);
  const region = await client.hello(peer);
  const close = async () => {
    await Promise.all([near.close(), far.close()]);
    await Promise.all([serving, running]);
    pool.close();
  };
  return { pool, near, far, client, peer, region, close };
}

/** Transfers for ever, of all kinds; `each` is told after every one. */
async function transferForEver(each) {
  const { pool, near, client, peer, region } = await openEnds();
  for (let i = 0; i < 16; i++) {
    const lease = pool.tryTake(i % 4 === 0 ? MEBIBYTE : 65_536);
    void (async () => {
      for (;;) {
        if (i % 3 === 0) await near.write(lease, { peer, region, offset: 0 });
        else if (i % 3 === 1) await near.read(lease, { peer, region, offset: 0 });
        else await client.echo(peer, new Uint8Array(100));
        each();
      }
    })();
  }
}

const SCENARIOS = {
  async "terminated workers"() {
    for (let round = 0; round < 5; round++) {
      const workers = Array.from({ length: 3 }, () => startWorker("worker: transfer for ever"));
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
      await sleep(round * 3);
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  },

  async "worker: transfer for ever"() {
    let told = false;
    await transferForEver(() => {
      if (!told) parentPort.postMessage("under way");
      told = true;
    });
  },

  async "exit in a worker's callback"() {
    for (let round = 0; round < 4; round++) {
      assert.equal(await exitOf(startWorker("worker: exit after some transfers")), 0);
    }
  },

  async "worker: exit after some transfers"() {
    let transfers = 0;
    await transferForEver(() => {
      if (++transfers === 100) process.exit(0);
    });
  },

  async "exit in a callback"() {
    let transfers = 0;
    await transferForEver(() => {
      if (++transfers === 500) process.exit(0);
    });
  },

  /** Reads whose connection is closed in the middle of their answers, and endpoints closed so. */
  async "aborted halfway"() {
    const { pool, near, peer, region, close } = await openEnds();
    const lease = pool.tryTake(4 * MEBIBYTE);
    let aborted = 0;
    for (let round = 0; round < 150; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const place = { peer, region, offset: 0 };
      const reads = Array.from({ length: 4 }, () => near.read(lease, place, { signal }));
      const outcomes = Promise.allSettled(reads);
      for (let turn = 0; turn < round % 7; turn++) await new Promise((resolve) => setImmediate(resolve));
      if (round % 3 === 0) await sleep(round % 5);
      controller.abort();
      for (const { status } of await outcomes) if (status === "rejected") aborted++;
    }
    assert(aborted > 50, `${aborted} reads were aborted`);
    lease.release();
    await close();
    for (let round = 0; round < 20; round++) {
      const ends = await openEnds();
      const into = ends.pool.tryTake(4 * MEBIBYTE);
      const place = { peer: ends.peer, region: ends.region, offset: 0 };
      const reads = Promise.allSettled(Array.from({ length: 4 }, () => ends.near.read(into, place)));
      await sleep(round % 4);
      await ends.close();
      await reads;
      into.release();
    }
  },

  /** A wake-up that is lost would end this never. */
  async "messages back and forth"() {
    const total = Number(process.env.POND_NATIVE_OPERATIONS ?? 50_000);
    const { client, peer, close } = await openEnds();
    const body = new Uint8Array(64);
    for (let i = 0; i < total; i++) await client.echo(peer, body);
    const talk = async () => {
      for (let i = 0; i < total / 10; i++) {
        await client.echo(peer, body);
        // Others have their turn in between, so that the loop sleeps at every possible moment.
        if (i % 16 === 0) await sleep(0);
      }
    };
    await Promise.all(Array.from({ length: 8 }, talk));
    await close();
  },

  async "many endpoints"() {
    const round = async () => {
      const { pool, near, peer, region, close } = await openEnds();
      const lease = pool.tryTake(65_536);
      await near.write(lease, { peer, region, offset: 0 });
      lease.release();
      await close();
    };
    for (let i = 0; i < 10; i++) await round();
    const before = { descriptors: descriptors(), rss: process.memoryUsage().rss };
    for (let i = 0; i < 60; i++) await round();
    const growth = () => process.memoryUsage().rss - before.rss;
    const isFlat = () => growth() <= GROWTH_MAX && descriptors() <= before.descriptors + 2;
    // Memory goes when the collector gets to it, sockets when the provider has looked at them once more.
    for (let i = 0; i < 500 && !isFlat(); i++) {
      globalThis.gc();
      await sleep(20);
    }
    assert(growth() <= GROWTH_MAX, `memory grew by ${growth()} bytes`);
    assert(
      descriptors() <= before.descriptors + 2,
      `${before.descriptors} descriptors became ${descriptors()}`,
    );
  },

  /** Connected ends that nobody uses cost no time: here less than a tenth of a core, elsewhere nothing to measure. */
  async idle() {
    const { close } = await openEnds();
    await sleep(300);
    const ticks = () => {
      const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ");
      return Number(fields[11]) + Number(fields[12]);
    };
    const before = ticks();
    await sleep(2_000);
    const used = ticks() - before;
    if (process.env.POND_NATIVE_VERBOSE) console.log(`${used} ticks of 200 in two idle seconds`);
    assert(used < 20, `${used} ticks of 200 in two idle seconds`);
    await close();
  },
};

await SCENARIOS[name]();
