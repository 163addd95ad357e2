/** Clients of a file system whose metadata service is the real one, in memory, and whose storage is a stand-in. */
import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { BufferPool, type PoolSettings } from "@smallpond/fs-native";
import { expect } from "vitest";
import type { ClientBug } from "../../../src/client/fs/context.ts";
import { PondFileSystem } from "../../../src/client/fs/pond-file-system.ts";
import type { FsSettings } from "../../../src/client/fs/settings.ts";
import { MetaCaller } from "../../../src/cluster/meta-caller.ts";
import { type ClientId, newRandomId } from "../../../src/ids.ts";
import { MetaService } from "../../../src/meta/service/meta-service.ts";
import type { MetaSettingsChanges } from "../../../src/meta/service/settings.ts";
import type { ClientState } from "../../../src/meta/sessions/client-view.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { MemoryChunkIo } from "../../../src/testing/memory-chunk-io.ts";
import { type ChunkFault, MemoryChunkState, MemoryChunks } from "../../../src/testing/memory-chunks.ts";
import { openMemoryMetastore } from "../../../src/testing/memory-metastore.ts";
import { LocalCaller } from "../../../src/wire/rpc/local-caller.ts";
import type { Caller, UserIdentity } from "../../../src/wire/rpc/method.ts";
import { RpcRouter } from "../../../src/wire/rpc/router.ts";

export const CHUNK_BYTES = 64 * 1024;

export interface WorldOptions {
  readonly seed?: number;
  readonly chunkFault?: ChunkFault;
  readonly meta?: MetaSettingsChanges;
}

export interface ClientOptions extends Partial<FsSettings> {
  readonly user?: Partial<UserIdentity>;
  readonly pool?: Partial<PoolSettings>;
  readonly bug?: ClientBug | undefined;
}

export interface TestFileSystem {
  readonly fs: PondFileSystem;
  readonly io: MemoryChunkIo;
  readonly pool: BufferPool;
  readonly client: ClientId;
  /** Names of the methods that were called, in order. */
  readonly calls: string[];
  /** Runs before each call to metadata; it may throw. */
  fault: (method: string) => Promise<void>;
  /** Runs after each; it may throw too. */
  lost: (method: string) => Promise<void>;
}

export class ClientWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly state: MemoryChunkState = new MemoryChunkState();
  readonly states: Map<ClientId, ClientState> = new Map();
  readonly router: RpcRouter;
  readonly chunks: MemoryChunks;
  readonly #random: SeededRandom;
  readonly #meta: MetaService;
  readonly #systems: TestFileSystem[] = [];

  private constructor({ seed = 1, chunkFault, meta = {} }: WorldOptions) {
    const { clock, state } = this;
    this.#random = new SeededRandom(seed);
    this.chunks = new MemoryChunks({ state, ...(chunkFault === undefined ? {} : { fault: chunkFault }) });
    const common = {
      clock,
      log: silentLogger(),
      metrics: new Metrics(),
      probes: NO_PROBES,
      onInvariant: fail,
    };
    this.router = new RpcRouter(common);
    this.#meta = new MetaService(
      {
        ...common,
        metastore: openMemoryMetastore({ clock, random: this.#random.fork("store") }),
        chunks: this.chunks,
        clients: { states: async (clients) => clients.map((each) => this.states.get(each) ?? "alive") },
        tables: { latest: () => ({ version: 1, chains: 3 }) },
        router: this.router,
        random: this.#random.fork("meta"),
        crypto: new NodeCrypto(),
      },
      {
        ...meta,
        namespace: { chunkBytes: CHUNK_BYTES, stripe: 3, garbageDelayMs: 10_000, ...meta.namespace },
        secrets: [new TextEncoder().encode("a secret of a cluster")],
      },
    );
  }

  static async open(options: WorldOptions = {}): Promise<ClientWorld> {
    const world = new ClientWorld(options);
    await world.run(() => world.#meta.start());
    return world;
  }

  client({ user, pool: poolSettings, bug, ...settings }: ClientOptions = {}): TestFileSystem {
    const { clock } = this;
    const name = `client ${this.#systems.length}`;
    const random = this.#random.fork(name);
    const identity = { uid: 0, gid: 0, groups: [], admin: false, ...user };
    const local = new LocalCaller(
      { router: this.router, clock, random: random.fork("calls") },
      { principal: { kind: "user", user: identity } },
    );
    const io = new MemoryChunkIo({ state: this.state });
    const client = newRandomId<ClientId>(random);
    const calls: string[] = [];
    const caller: Caller = {
      call: async (method, question, options) => {
        const name = method.name.replace("meta.", "");
        calls.push(name);
        await system.fault(name);
        const answer = await local.call(method, question, options);
        await system.lost(name);
        return answer;
      },
    };
    const pool = testPool(poolSettings);
    const fs = new PondFileSystem(
      {
        meta: new MetaCaller({ clock, random: random.fork("meta"), callers: [caller] }, { client }),
        chunks: io,
        clock,
        random: random.fork("fs"),
        pool,
        log: silentLogger(),
        probes: NO_PROBES,
        bug,
      },
      { url: "3fs://test", ...settings },
    );
    const nothing = async (): Promise<void> => {};
    const system: TestFileSystem = { fs, io, pool, client, calls, fault: nothing, lost: nothing };
    this.#systems.push(system);
    return system;
  }

  /** Lets time pass until the work is done. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    let done = false;
    const over = (): void => {
      done = true;
    };
    running.then(over, over);
    for (let turn = 0; !done; turn++) {
      if (turn > 100_000) throw new Error("this never ends");
      await this.clock.advance(turn < 20 ? 0 : 5);
      // Node's streams go on between promises.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    return running;
  }

  /** Ends the clients; no memory is lost on the way. */
  async close(): Promise<void> {
    await this.run(async () => {
      await Promise.allSettled(this.#systems.map(({ fs }) => fs.close()));
      await this.#meta.close();
    });
    for (const { pool } of this.#systems) expect(pool.leases).toBe(0);
  }
}

/** Bytes that tell where they are from. */
export function pattern(count: number, salt: number = 0): Uint8Array {
  return Uint8Array.from({ length: count }, (_, at) => (at * 7 + (at >> 8) * 13 + salt * 31 + 1) & 0xff);
}

/** As `toEqual`, for many bytes. */
export function sameBytes(found: Uint8Array, expected: Uint8Array): void {
  expect(found.length).toBe(expected.length);
  if (Buffer.compare(found, expected) === 0) return;
  const at = found.findIndex((byte, index) => byte !== expected[index]);
  expect.fail(`byte ${at} of ${found.length} is ${found[at]}, not ${expected[at]}`);
}

export async function codeOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown }).code ?? error,
  );
}

function testPool(settings: Partial<PoolSettings> = {}): BufferPool {
  return new BufferPool(
    { allocate: (bytes) => ({ buffer: new ArrayBuffer(bytes), alignment: 1 }), leaked: fail },
    { regionBytes: 2 ** 22, bytesMax: 2 ** 24, poison: true, ...settings },
  );
}

function fail(error: unknown): never {
  throw new Error("this must not happen", { cause: error });
}
