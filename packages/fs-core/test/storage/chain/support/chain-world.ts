/** Replicas of one chain over stores in memory, with real handlers, a routing that tests decide, and messages that get lost. */
import { NO_PROBES, PondError, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk } from "@smallpond/base/testing";
import { BufferPool, JAVASCRIPT_CRC32C as crc32c, type Piece } from "@smallpond/fs-native";
import {
  type ChainId,
  type ChainVersion,
  type SessionId,
  type TargetId,
  targetId,
} from "../../../../src/ids.ts";
import type { Chain, TargetState } from "../../../../src/mgmtd/model/chain.ts";
import type { Capability } from "../../../../src/service/capability.ts";
import { silentLogger } from "../../../../src/service/log.ts";
import { Metrics } from "../../../../src/service/metrics.ts";
import { HeapBuffers } from "../../../../src/storage/blocks/page-buffers.ts";
import { Forwarder } from "../../../../src/storage/chain/forwarder.ts";
import { type ChainBug, Replica } from "../../../../src/storage/chain/replica.ts";
import { DEFAULT_CHAIN_SETTINGS } from "../../../../src/storage/chain/settings.ts";
import { ChunkStore } from "../../../../src/storage/chunk-store.ts";
import { TrafficShares } from "../../../../src/storage/classes/traffic-shares.ts";
import type { ChunkKey } from "../../../../src/storage/model/chunk.ts";
import { AnswerRoom } from "../../../../src/storage/node/answer-room.ts";
import { StorageHandlers } from "../../../../src/storage/node/handlers.ts";
import * as methods from "../../../../src/storage/protocol/methods.ts";
import type { ReadOutcome } from "../../../../src/storage/protocol/read.ts";
import type { WriteOutcome } from "../../../../src/storage/protocol/write.ts";
import { StoreFetchSource } from "../../../../src/storage/repair/fetch-source.ts";
import { ChainResync } from "../../../../src/storage/resync/chain-resync.ts";
import { StoreSyncSink } from "../../../../src/storage/resync/sync-sink.ts";
import { sessionRevoked } from "../../../../src/storage/sessions/session-gate.ts";
import { formatTarget } from "../../../../src/storage/target/format-target.ts";
import { decode, encode } from "../../../../src/wire/codec/index.ts";
import { LocalCaller } from "../../../../src/wire/rpc/local-caller.ts";
import type { Caller, CallOptions, Method } from "../../../../src/wire/rpc/method.ts";
import { RpcRouter } from "../../../../src/wire/rpc/router.ts";
import { keyOf } from "../../helpers.ts";

export const CHAIN = 3 as ChainId;
const STORE = {
  segmentBytes: 512 * 1024,
  batchBytesMax: 128 * 1024,
  growBytes: 256 * 1024,
  blockFileBytes: 1024 * 1024,
  reserveBytes: 0,
  stepBytes: 64 * 1024,
} as const;

export interface Message {
  /** 0: a client. */
  readonly from: number;
  readonly to: number;
  readonly method: string;
  readonly question: unknown;
  readonly bytes: Uint8Array;
}

/** What becomes of a message; nothing special if it is undefined. Waits for as long as it likes. */
export type Fault = (message: Message) => Promise<"lost" | "answer lost" | "doubled" | undefined>;

export interface TestReplica {
  readonly target: TargetId;
  readonly replica: Replica;
  readonly store: ChunkStore;
  readonly disk: MemoryDisk;
  readonly router: RpcRouter;
  /** Chunks that it asked to be repaired. */
  readonly damaged: ChunkKey[];
  readonly shares: TrafficShares;
  lease: boolean;
  open: boolean;
  dead: boolean;
}

/** Who writes: 32 hex digits made of one. */
export function sessionOf(digit: string): SessionId {
  return digit.repeat(32) as SessionId;
}

export class ChainWorld {
  readonly clock: ManualClock = new ManualClock();
  readonly random: SeededRandom = new SeededRandom(7);
  readonly replicas: Map<number, TestReplica> = new Map();
  readonly broken: Error[] = [];
  fault: Fault = async () => undefined;
  version = 0;
  chain: Chain | undefined;
  readonly #buffers: HeapBuffers = new HeapBuffers();
  readonly #pool: BufferPool;
  readonly #bug: ChainBug | undefined;

  private constructor(bug: ChainBug | undefined) {
    this.#bug = bug;
    this.#pool = new BufferPool(
      {
        allocate: (bytes) => ({ buffer: new ArrayBuffer(bytes), alignment: 1 }),
        leaked: () => this.broken.push(new Error("a lease was lost")),
      },
      { regionBytes: 2 ** 20, bytesMax: 2 ** 23, poison: true },
    );
  }

  /** Targets 1 to `count`, all of them serving unless said otherwise. */
  static async start(
    count: number,
    options: { readonly states?: readonly TargetState[]; readonly bug?: ChainBug } = {},
  ): Promise<ChainWorld> {
    const world = new ChainWorld(options.bug);
    for (let target = 1; target <= count; target++) await world.#add(target);
    await world.change(options.states ?? Array.from({ length: count }, () => "serving" as const));
    return world;
  }

  of(target: number): TestReplica {
    return this.replicas.get(target)!;
  }

  /** A new version of the chain: the states of targets 1, 2, …, in that order, or in `order`. Those told take it up. */
  async change(
    states: readonly TargetState[],
    { tell, order }: { readonly tell?: readonly number[]; readonly order?: readonly number[] } = {},
  ): Promise<void> {
    this.version += 1;
    const targets = (order ?? states.map((_, at) => at + 1)).map((target, at) => ({
      target: targetId(target),
      state: states[at]!,
    }));
    const preferred = targets.map(({ target }) => target);
    this.chain = { id: CHAIN, version: this.version as ChainVersion, targets, preferred };
    await this.tell(tell ?? [...this.replicas.keys()]);
  }

  async tell(targets: readonly number[]): Promise<void> {
    for (const target of targets) if (!this.of(target).dead) this.of(target).replica.see(this.chain);
    await this.clock.advance(1);
  }

  /** Lets time pass until it has settled. */
  async until<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isOver = false;
    const over = (): void => {
      isOver = true;
    };
    promise.then(over, over);
    const endMs = this.clock.monotonicMs() + withinMs;
    while (!isOver && this.clock.monotonicMs() < endMs) await this.clock.advance(1);
    if (!isOver) throw new Error(`not settled within ${withinMs} ms`);
    return await promise;
  }

  /** To the head, or to who is said. */
  async write(
    write: {
      readonly chunk?: number;
      readonly offset?: number;
      readonly bytes: Uint8Array;
      readonly session?: string;
      readonly channel?: number;
      readonly sequence: number;
      readonly request?: string;
    },
    { to = this.#first(), version = this.version }: { readonly to?: number; readonly version?: number } = {},
  ): Promise<WriteOutcome> {
    const { chunk = 0, offset = 0, bytes, session = "a", channel = 0, sequence } = write;
    const request = (write.request ?? (sequence % 10).toString()).repeat(32) as never;
    const item = {
      ...{
        chain: CHAIN,
        chainVersion: version as ChainVersion,
        key: keyOf(chunk),
        offset,
        channel,
        sequence,
      },
      ...{ request, length: bytes.length, crc: crc32c.of(bytes), capability: 0 },
    };
    const capabilities = [new TextEncoder().encode(sessionOf(session))];
    const question = { trafficClass: "foreground", capabilities, items: [item] } as const;
    const answer = await this.callerOf(0, to).call(methods.WRITE, question, { send: [bytes] });
    return answer.items[0]!;
  }

  /** The outcome, and the bytes that came with it. */
  async read(
    from: number,
    {
      chunk = 0,
      relaxed = false,
      version = this.version,
    }: { readonly chunk?: number; readonly relaxed?: boolean; readonly version?: number } = {},
  ): Promise<ReadOutcome & { readonly bytes?: Uint8Array }> {
    const key = keyOf(chunk);
    const length = 2 ** 16;
    const into = await this.#pool.take(length);
    let received = 0;
    const item = {
      chain: CHAIN,
      chainVersion: version as ChainVersion,
      key,
      offset: 0,
      length,
      capability: 0,
    };
    const capabilities = [new TextEncoder().encode(sessionOf("a"))];
    const question = { trafficClass: "foreground", relaxed, capabilities, items: [item] } as const;
    try {
      const onBulk = (bytes: number): void => {
        received = bytes;
      };
      const answer = await this.callerOf(0, from).call(methods.READ, question, { into, onBulk });
      return { ...answer.items[0]!, bytes: into.view.slice(0, received) };
    } finally {
      into.release();
    }
  }

  /** Another process with what is on its disk; it knows of no chain yet, and no chain of it unless it is `open`. */
  async restart(target: number, { open = true }: { readonly open?: boolean } = {}): Promise<void> {
    const { replica, store, disk } = this.of(target);
    await this.until(replica.close());
    await this.until(store.close());
    await this.until(this.#open(target, disk));
    this.of(target).open = open;
  }

  /** Lets nothing read or write on the target until the returned function is called. */
  occupy(target: number): () => void {
    let free = (): void => {};
    const work = (): Promise<void> =>
      new Promise((resolve) => {
        free = resolve;
      });
    void this.of(target).shares.run("foreground", 2 ** 40, work);
    return () => free();
  }

  at(): { readonly chain: ChainId; readonly chainVersion: ChainVersion } {
    return { chain: CHAIN, chainVersion: this.version as ChainVersion };
  }

  callerOf(from: number, to: number): Caller {
    return {
      call: (method, question, options = {}) => this.#call({ from, to }, method, question, options),
    };
  }

  /** What is committed and pending of a chunk on each replica: `2` or `2+3`. */
  versions(chunk = 0): readonly string[] {
    return [...this.replicas.values()].map(({ store }) => {
      const { committed, pending } = store.state(keyOf(chunk)) ?? {};
      return `${committed?.version ?? 0}${pending === undefined ? "" : `+${pending.version}`}`;
    });
  }

  async close(): Promise<void> {
    const closing = [...this.replicas.values()].map(async ({ replica, store }) => {
      await replica.close();
      await store.close();
    });
    await this.until(Promise.all(closing));
    if (this.broken.length > 0) throw this.broken[0];
    if (this.#buffers.held + this.#pool.leases > 0) throw new Error("memory is still held");
  }

  #first(): number {
    return this.chain!.targets[0]!.target;
  }

  async #call<Q, A>(
    { from, to }: { readonly from: number; readonly to: number },
    method: Method<Q, A>,
    question: Q,
    options: CallOptions,
  ): Promise<A> {
    const { router, dead } = this.of(to);
    const asked = decode(method.question, encode(method.question, question));
    const bytes = ((options.send?.[0] as Uint8Array | undefined) ?? new Uint8Array(0)).slice();
    const fault = await this.fault({ from, to, method: method.name, question: asked, bytes });
    if (dead || this.of(to).dead || fault === "lost") return await this.#silence(options);
    const local = new LocalCaller(
      { router, clock: this.clock, random: this.random, pool: this.#pool },
      { principal: { kind: "member", node: undefined } },
    );
    const { signal: _, into: __, onBulk: ___, ...copied } = options;
    if (fault === "doubled") {
      const send = options.send?.map((piece) => (piece as Uint8Array).slice()) as
        | readonly Piece[]
        | undefined;
      void local.call(method, asked, { ...copied, ...(send && { send }) }).catch(() => {});
    }
    const answer = await local.call(method, asked, options);
    if (fault === "answer lost" || this.of(to).dead) return await this.#silence(options);
    return decode(method.answer, encode(method.answer, answer));
  }

  /** Nobody answers. */
  async #silence({ timeoutMs = 10_000, signal }: CallOptions): Promise<never> {
    await this.clock.sleep(timeoutMs, { signal });
    throw new PondError("NO_ANSWER", { kind: "unknown-outcome", message: "no answer" });
  }

  async #add(target: number): Promise<void> {
    const disk = new MemoryDisk();
    const { random } = this;
    const place = { directory: "/t", cluster: "c", target };
    await formatTarget({ disk, crc: crc32c, random }, { ...place, segmentBytes: STORE.segmentBytes });
    await this.#open(target, disk);
  }

  async #open(target: number, disk: MemoryDisk): Promise<void> {
    const { clock, random } = this;
    const place = { directory: "/t", cluster: "c", target };
    const common = { clock, random, probes: NO_PROBES, log: silentLogger() };
    const store = await ChunkStore.open({ ...common, disk, crc: crc32c, buffers: this.#buffers }, STORE, {
      ...place,
      bootId: "b",
    });
    const metrics = new Metrics();
    const damaged: ChunkKey[] = [];
    const shares = new TrafficShares({ metrics });
    const repairer = { damaged: (_: unknown, key: ChunkKey): void => void damaged.push(key) };
    const sink = new StoreSyncSink(common);
    const replica = new Replica(
      targetId(target),
      {
        ...{ ...common, store, repairer, sink, gate: { check: checked } },
        resync: new ChainResync({ ...common, metrics, repairer }),
        shares,
        leaseHolds: () => this.of(target).lease,
        isOpen: () => this.of(target).open,
        onChange: () => {},
        forwarderTo: (to) =>
          new Forwarder({ caller: () => this.callerOf(target, to) }, DEFAULT_CHAIN_SETTINGS),
        ask: (to, method, question, options) => this.callerOf(target, to).call(method, question, options),
        bug: this.#bug,
      },
      DEFAULT_CHAIN_SETTINGS,
    );
    const router = new RpcRouter({ ...common, metrics, onInvariant: (error) => this.broken.push(error) });
    const replicaOf = (chain: ChainId): Replica | undefined => (chain === CHAIN ? replica : undefined);
    const fetches = new StoreFetchSource();
    const room = new AnswerRoom({ bytesMax: 2 ** 22 });
    new StorageHandlers({
      replicaOf,
      sink,
      fetches,
      room,
      buffers: new HeapBuffers(),
      synced: () => {},
    }).offer(router);
    const flags = { lease: true, open: true, dead: false };
    this.replicas.set(target, {
      target: targetId(target),
      replica,
      store,
      disk,
      router,
      damaged,
      shares,
      ...flags,
    });
  }
}

function checked(store: ChunkStore, bytes: Uint8Array): Capability {
  const session = new TextDecoder().decode(bytes) as SessionId;
  if (store.isRevoked(session)) throw sessionRevoked(session);
  return { session } as Capability;
}
