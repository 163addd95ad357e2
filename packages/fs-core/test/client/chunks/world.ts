/** A client's chunk I/O against storage services in memory, in time that stands still until the test moves it. */
import { NO_PROBES, type PondError, type Probes, type Result, SeededRandom, unwrap } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { BufferPool, JAVASCRIPT_CRC32C, type Piece, type PoolSettings } from "@smallpond/fs-native";
import type {
  CapabilitySource,
  ChunkRead,
  ChunkWrite,
  WriteSession,
} from "../../../src/client/chunks/chunk-io.ts";
import type { ChunkClientBug } from "../../../src/client/chunks/deps.ts";
import type { ChunkClientSettings } from "../../../src/client/chunks/settings.ts";
import { StorageClient } from "../../../src/client/chunks/storage-client.ts";
import { inodeId, type SessionId } from "../../../src/ids.ts";
import type { FileData } from "../../../src/meta/collect/chunk-service.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { FakeStorage, type FakeStorageSettings } from "../../../src/testing/fake-storage.ts";

export interface WorldOptions extends Partial<ChunkClientSettings> {
  readonly storage?: FakeStorageSettings;
  readonly pool?: Partial<PoolSettings>;
  readonly bug?: ChunkClientBug;
  readonly probes?: Probes;
  readonly seed?: number;
}

export class ChunkWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly storage: FakeStorage;
  readonly pool: BufferPool;
  readonly metrics: Metrics = new Metrics();
  readonly io: StorageClient;

  constructor({
    storage = {},
    pool = {},
    bug,
    probes = NO_PROBES,
    seed = 1,
    ...settings
  }: WorldOptions = {}) {
    this.storage = new FakeStorage(this, storage);
    this.pool = new BufferPool(
      {
        allocate: (bytes) => ({ buffer: new ArrayBuffer(bytes), alignment: 1 }),
        leaked: () => {
          throw new Error("a lease was leaked");
        },
      },
      { regionBytes: 2 ** 20, bytesMax: 8 * 2 ** 20, poison: true, ...pool },
    );
    this.io = new StorageClient(
      {
        routing: this.storage,
        callers: this.storage,
        clock: this.clock,
        random: new SeededRandom(seed),
        crc32c: JAVASCRIPT_CRC32C,
        pool: this.pool,
        log: silentLogger(),
        metrics: this.metrics,
        probes,
        ...(bug === undefined ? {} : { chunkBug: bug }),
      },
      settings,
    );
  }

  /** A file of its own for each number. */
  file(number: number = 7, layout: Parameters<FakeStorage["layout"]>[0] = {}): FileData {
    return { inode: inodeId(BigInt(number)), dataVersion: 1, layout: this.storage.layout(layout) };
  }

  /** Lets time pass until the work has settled. Fails if it takes more than that. */
  async until<T>(work: Promise<T>, ms: number = 60_000): Promise<T> {
    let isSettled = false;
    const settled = work.finally(() => {
      isSettled = true;
    });
    settled.catch(() => {});
    // Chains of promises may be long.
    for (let turn = 0; turn < 8; turn++) await this.clock.advance(0);
    for (let passed = 0; !isSettled && passed < ms; passed += 5) await this.clock.advance(5);
    for (let turn = 0; turn < 8; turn++) await this.clock.advance(0);
    if (!isSettled) throw new Error(`not settled after ${ms} ms`);
    return await settled;
  }

  /** What the metric's line says. */
  metric(name: string): number {
    const line = this.metrics
      .text()
      .split("\n")
      .find((each) => each.startsWith(`${name} `));
    return line === undefined ? 0 : Number(line.split(" ")[1]);
  }
}

/** Whose capability it is: the first byte tells {@link FakeStorage} the session. */
export function capability(session: number = 1): CapabilitySource {
  return { current: new Uint8Array([session, 1]), renew: () => Promise.reject(new Error("not renewed")) };
}

export function sessionId(number: number = 1): SessionId {
  return number.toString(16).padStart(32, "0") as SessionId;
}

export function reading(
  data: FileData,
  given: {
    readonly chunk?: number;
    readonly offset?: number;
    readonly into: Piece;
    readonly capability?: CapabilitySource;
  },
): ChunkRead {
  return { data, chunk: 0, offset: 0, capability: capability(), ...given };
}

export function writing(
  data: FileData,
  session: WriteSession,
  given: {
    readonly chunk?: number;
    readonly offset?: number;
    readonly bytes: readonly Piece[];
    readonly capability?: CapabilitySource;
  },
): ChunkWrite {
  return { data, chunk: 0, offset: 0, capability: capability(), session, ...given };
}

/** A file whose first chunks hold so many bytes each, `pattern(bytes, chunk)`; and nothing was asked yet. */
export async function filled(
  world: ChunkWorld,
  chunks: number,
  bytes: number,
  layout: Parameters<FakeStorage["layout"]>[0] = {},
): Promise<FileData> {
  const data = world.file(7, layout);
  const session = world.io.openSession(sessionId());
  const items = Array.from({ length: chunks }, (_, chunk) =>
    writing(data, session, { chunk, bytes: [pattern(bytes, chunk)] }),
  );
  for (const result of await world.until(world.io.write(items))) unwrap(result);
  world.storage.calls.length = 0;
  return data;
}

/** Bytes that tell their places apart. */
export function pattern(length: number, salt: number = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8) + salt) & 0xff);
}

export function codeOf<T>(result: Result<T, PondError> | undefined): string {
  return result === undefined ? "nothing" : result.ok ? "ok" : result.error.code;
}
