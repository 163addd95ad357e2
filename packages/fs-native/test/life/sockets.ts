/**
 * Ways to end in the middle of waiting for others, each as a process of its own: `sockets.ts <name> <directory>`. What
 * must hold is that the process ends by itself, with code 0 and nothing on standard error.
 */
import { strict as assert } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import {
  BellPush,
  createEvent,
  createSealedMemory,
  Doorbell,
  descriptorPair,
  type LeasedConnection,
  type LeasedNet,
  listenForDescriptors,
  openBufferPool,
  openLeasedNet,
} from "@smallpond/fs-native";

const SELF = fileURLToPath(import.meta.url);
const [name, directory] = (isMainThread ? process.argv.slice(2) : workerData) as [string, string];
const ANY_PORT = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const MIB = 2 ** 20;

const exitOf = (worker: Worker): Promise<number> => new Promise((resolve) => worker.once("exit", resolve));
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How many descriptors the process has, once what closes some of its own accord has done so. */
async function settledDescriptors(): Promise<number> {
  for (let count = -1; ; ) {
    const now = readdirSync("/proc/self/fd").length;
    if (now === count) return now;
    count = now;
    await sleep(50);
  }
}

/** Node 20 does not tell workers how to load TypeScript. */
function startWorker(what: string): Worker {
  const load = `import("tsx/esm/api").then(({ register }) => { register(); return import(${JSON.stringify(SELF)}); })`;
  return new Worker(load, { eval: true, workerData: [what, directory] });
}

async function connected(net: LeasedNet): Promise<readonly [LeasedConnection, LeasedConnection]> {
  const listener = await net.listen(ANY_PORT);
  const client = await net.connect(listener.address);
  const next = await listener[Symbol.asyncIterator]().next();
  await listener.close();
  return [client, next.value as LeasedConnection];
}

/** Memory of the process, without what a test of it brings along. */
function residentBytes(): number {
  globalThis.gc?.();
  return Number(/VmRSS:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))![1]) * 1_024;
}

const SCENARIOS: Readonly<Record<string, () => Promise<void>>> = {
  /** Whoever is connected to a worker hears of its end, and nothing of it stays open. */
  async "terminated workers"() {
    const pool = openBufferPool();
    const net = openLeasedNet();
    const before = await settledDescriptors();
    for (let round = 0; round < 4; round++) {
      const worker = startWorker("worker: wait for everything");
      const exited = exitOf(worker);
      const address = await new Promise<typeof ANY_PORT>((resolve) => worker.once("message", resolve));
      const connection = await net.connect(address);
      assert(await connection.fill(1));
      await sleep(round * 2);
      await worker.terminate();
      await exited;
      using lease = pool.tryTake(8 * MIB)!;
      await assert.rejects(connection.readInto(lease), { code: "ECONNRESET" });
      await connection.close();
    }
    assert.equal(await settledDescriptors(), before);
  },

  /** Every kind of waiting there is, and a transfer under way. */
  async "worker: wait for everything"() {
    const pool = openBufferPool();
    const net = openLeasedNet();
    const listener = await net.listen(ANY_PORT);
    const event = createEvent();
    const memory = await createSealedMemory({ bytes: 4_096 });
    const words = new Int32Array(memory.region.buffer);
    const [near, far] = descriptorPair();
    const channels = listenForDescriptors(`${directory}/${Math.random()}`);
    const [client, server] = await connected(net);
    void event.wait();
    const other = createEvent();
    void new Doorbell({ words, index: 0 }, other).wait(() => words[1] === 1);
    void near.receive();
    void channels[Symbol.asyncIterator]().next();
    void client.readInto(pool.tryTake(MIB)!);
    void server.writeFrom([pool.tryTake(MIB)!]);
    void far.send(Uint8Array.of(1), [event.descriptor]);
    parentPort!.postMessage(listener.address);
    for await (const connection of listener) {
      void (async () => {
        for (;;) await connection.writeFrom([pool.tryTake(4_096)!]);
      })();
    }
  },

  async "exit in a worker's callback"() {
    for (let round = 0; round < 4; round++) {
      assert.equal(await exitOf(startWorker("exit in a callback")), 0);
    }
  },

  async "exit in a callback"() {
    const pool = openBufferPool();
    const [client, server] = await connected(openLeasedNet());
    const from = pool.tryTake(64 * 1024)!;
    const into = pool.tryTake(64 * 1024)!;
    void (async () => {
      for (;;) await client.writeFrom([from]);
    })();
    for (let reads = 0; ; reads++) {
      await server.readInto(into);
      if (reads === 50) process.exit(0);
    }
  },

  async "exit when an event comes"() {
    const event = createEvent();
    const words = new Int32Array(2);
    setTimeout(() => {
      words[0] = 1;
      new BellPush({ words, index: 1 }, event).ring();
    }, 5);
    await new Doorbell({ words, index: 1 }, event).wait(() => words[0] === 1);
    process.exit(0);
  },

  /** Nothing that only waits for itself keeps a process alive: an event that nobody waits for, memory, idle channels. */
  async "nothing to wait for"() {
    createEvent();
    const event = createEvent();
    event.signal();
    await event.wait();
    await createSealedMemory({ bytes: 4_096 });
    descriptorPair();
  },

  async "many descriptors"() {
    const before = await settledDescriptors();
    let settled = 0;
    for (let round = 0; round < 100_000; round++) {
      const event = createEvent();
      event.signal();
      await event.wait();
      await event.close();
      const memory = await createSealedMemory({ bytes: 4_096 });
      new Uint8Array(memory.region.buffer)[0] = 1;
      memory.close();
      // Memory goes when the loop turns; there are 65,530 mappings a process may have.
      if (round % 1_000 === 0) await sleep(0);
      if (round === 20_000) settled = residentBytes();
    }
    assert.equal(await settledDescriptors(), before);
    assertFlat(settled);
  },

  async "many channels"() {
    const before = await settledDescriptors();
    await using event = createEvent();
    let settled = 0;
    for (let round = 0; round < 20_000; round++) {
      const [near, far] = descriptorPair();
      const receiving = round % 2 === 0 ? far.receive() : undefined;
      await near.send(Uint8Array.of(1), [event.descriptor]);
      using _message = await (receiving ?? far.receive());
      await Promise.all([near.close(), far.close()]);
      if (round === 4_000) settled = residentBytes();
    }
    assert.equal(await settledDescriptors(), before + 1);
    assertFlat(settled);
  },

  async "many connections"() {
    const before = await settledDescriptors();
    const net = openLeasedNet();
    const pool = openBufferPool();
    const address = { kind: "unix", path: `${directory}/socket` } as const;
    const listener = await net.listen(address);
    const server = (async () => {
      for await (const connection of listener) {
        void (async () => {
          using lease = pool.tryTake(100)!;
          await connection.readInto(lease);
          await connection.writeFrom([lease]);
          await connection.close();
        })();
      }
    })();
    let settled = 0;
    for (let round = 0; round < 10_000; round++) {
      using lease = pool.tryTake(100)!;
      await using connection = await net.connect(address);
      await connection.writeFrom([lease]);
      await connection.readInto(lease);
      assert.equal(await connection.fill(1), false);
      if (round === 2_000) settled = residentBytes();
    }
    await listener.close();
    await server;
    assert.equal(pool.leases, 0);
    assert.equal(await settledDescriptors(), before);
    assertFlat(settled);
  },
};

/** An instrumented build keeps what was freed for a while. */
const SLACK_BYTES = (process.env.POND_NATIVE === "sanitized" ? 400 : 40) * MIB;

function assertFlat(settled: number): void {
  const grown = residentBytes() - settled;
  assert(grown < SLACK_BYTES, `${Math.round(grown / MIB)} MiB more than before`);
}

await SCENARIOS[name]!();
