/** Chunk I/O over storage services: finds replicas by the routing, asks them in batches, and tries until it is done. */
import {
  assert,
  type Clock,
  err,
  formatAddress,
  isPondError,
  type NetAddress,
  ok,
  type PondError,
  type Random,
  type Result,
} from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import type { SessionId } from "../../ids.ts";
import type { RoutingInfo } from "../../mgmtd/model/routing.ts";
import type { Counter, Metrics } from "../../service/metrics.ts";
import type { TrafficClass } from "../../storage/protocol/common.ts";
import type { WriteOutcome } from "../../storage/protocol/write.ts";
import type { Caller } from "../../wire/rpc/method.ts";
import { ChainPlaces, type ReplicaPlace } from "./chain-places.ts";
import type {
  ChunkIo,
  ChunkOptions,
  ChunkRead,
  ChunkReadDone,
  ChunkReadOptions,
  ChunkWrite,
  ChunkWriteDone,
  WriteSession,
} from "../chunks/chunk-io.ts";
import { viewOf } from "./memory.ts";
import { NodeLane } from "./node-lane.ts";
import { type ReadChunkDeps, readChunk } from "./read-chunk.ts";
import { askToRead, type ReadLaneItem, type ReadLaneOutcome } from "./read-lane.ts";
import { Renewals } from "./renewals.ts";
import { type ChunkIoSettings, DEFAULT_CHUNK_IO_SETTINGS } from "./settings.ts";
import { Tries } from "./tries.ts";
import { ByteWindow } from "./window.ts";
import { settleAll, type WriteChunkDeps, writeChunk } from "./write-chunk.ts";
import { askToWrite, type WriteLaneItem } from "./write-lane.ts";
import { Writer } from "./writer.ts";

export interface ChunkClientDeps {
  /** As it is known at the moment: a `RoutingCache`, or an agent's. */
  readonly routing: { readonly routing: RoutingInfo };
  readonly callers: { to(address: NetAddress): Caller };
  readonly clock: Clock;
  readonly random: Random;
  readonly crc32c: Crc32c;
  /** For what arrives. */
  readonly pool: BufferPool;
  readonly metrics: Metrics;
}

/** Lanes that are kept although nothing goes by them. */
const LANES_MAX = 4096;

export class ChunkClient implements ChunkIo {
  readonly places: ChainPlaces;
  readonly #deps: ChunkClientDeps;
  readonly #settings: ChunkIoSettings;
  readonly #window: ByteWindow;
  readonly #renewals: Renewals = new Renewals();
  readonly #readLanes: Map<string, NodeLane<ReadLaneItem, ReadLaneOutcome>> = new Map();
  readonly #writeLanes: Map<string, NodeLane<WriteLaneItem, WriteOutcome>> = new Map();
  readonly #copied: Counter;

  constructor(deps: ChunkClientDeps, settings: Partial<ChunkIoSettings> = {}) {
    this.#deps = deps;
    this.#settings = { ...DEFAULT_CHUNK_IO_SETTINGS, ...settings };
    this.places = new ChainPlaces(() => deps.routing.routing);
    this.#window = new ByteWindow(this.#settings);
    this.#copied = deps.metrics.counter(
      "pond_client_copied_bytes_total",
      "Bytes of reads that were copied out of the memory they arrived in.",
    );
  }

  async read(
    items: readonly ChunkRead[],
    options: ChunkReadOptions = {},
  ): Promise<readonly Result<ChunkReadDone, PondError>[]> {
    const { relaxed = false, trafficClass = "foreground", signal } = options;
    const deps: ReadChunkDeps = {
      places: this.places,
      renewals: this.#renewals,
      send: (place, item) => this.#readLane(place, { relaxed, trafficClass }).send(item),
      choose: (replicas) => this.#choose(replicas),
      directBytesMin: this.#settings.directBytesMin,
    };
    return await each(items, options, (item) => {
      check(item, viewOf(item.into).length);
      return readChunk(deps, item, this.#tries(options), { signal });
    });
  }

  async write(
    items: readonly ChunkWrite[],
    options: ChunkOptions = {},
  ): Promise<readonly Result<ChunkWriteDone, PondError>[]> {
    const deps = this.#writeDeps(options);
    return await each(items, options, (item) => {
      const { session } = item;
      assert(session instanceof Writer, "a session is opened here");
      check(
        item,
        item.bytes.reduce((sum, piece) => sum + viewOf(piece).length, 0),
      );
      return writeChunk(deps, { ...item, session }, this.#tries(options), options);
    });
  }

  openSession(id: SessionId): WriteSession {
    return new Writer(id, this.#settings);
  }

  async settle(session: WriteSession, options: ChunkOptions = {}): Promise<void> {
    assert(session instanceof Writer, "a session is opened here");
    options.signal?.throwIfAborted();
    const deps = this.#writeDeps(options);
    const tries = this.#tries(options);
    const chains = new Set(session.abandoned.map(({ chain }) => chain));
    const work = [...chains].map((chain) =>
      session.settleChain(chain, (abandoned) => settleAll(deps, session, abandoned, tries)),
    );
    for (const outcome of await Promise.allSettled(work)) {
      if (outcome.status === "rejected") throw outcome.reason;
    }
  }

  #writeDeps({ trafficClass = "foreground" }: ChunkOptions): WriteChunkDeps {
    return {
      ...this.#deps,
      places: this.places,
      renewals: this.#renewals,
      send: (place, item) => this.#writeLane(place, trafficClass).send(item),
    };
  }

  #tries({ timeoutMs = this.#settings.timeoutMs }: ChunkOptions): Tries {
    const untilMs = this.#deps.clock.monotonicMs() + timeoutMs;
    return new Tries(this.#deps, { ...this.#settings, untilMs });
  }

  /** On this host, if there is one; else the one of two by chance that has less to do for us. */
  #choose(replicas: readonly ReplicaPlace[]): ReplicaPlace {
    const { host } = this.#settings;
    const { random } = this.#deps;
    const near = host === undefined ? [] : replicas.filter((replica) => replica.host === host);
    const from = near.length > 0 ? near : replicas;
    const draw = (): ReplicaPlace => from[random.int(from.length)]!;
    if (from.length === 1) return from[0]!;
    const [a, b] = [draw(), draw()];
    return this.#loadOf(b) < this.#loadOf(a) ? b : a;
  }

  #loadOf({ address }: ReplicaPlace): number {
    return this.#window.of(formatAddress(address));
  }

  #readLane(
    { address }: ReplicaPlace,
    options: { readonly relaxed: boolean; readonly trafficClass: TrafficClass },
  ): NodeLane<ReadLaneItem, ReadLaneOutcome> {
    const node = formatAddress(address);
    const key = `${node} ${options.trafficClass} ${options.relaxed}`;
    return laneOf(this.#readLanes, key, () => {
      const { callers, pool, crc32c } = this.#deps;
      const onCopied = (bytes: number): void => this.#copied.add(bytes);
      const ask = (
        items: readonly ReadLaneItem[],
        { signal }: { readonly signal: AbortSignal },
      ): Promise<readonly ReadLaneOutcome[]> => {
        const deps = { caller: callers.to(address), pool, crc32c, onCopied };
        return askToRead(deps, items, { ...options, signal, timeoutMs: this.#settings.questionMs });
      };
      return new NodeLane({ node, window: this.#window, ask }, this.#settings);
    });
  }

  #writeLane({ address }: ReplicaPlace, trafficClass: TrafficClass): NodeLane<WriteLaneItem, WriteOutcome> {
    const node = formatAddress(address);
    return laneOf(this.#writeLanes, `${node} ${trafficClass}`, () => {
      const ask = (
        items: readonly WriteLaneItem[],
        { signal }: { readonly signal: AbortSignal },
      ): Promise<readonly WriteOutcome[]> => {
        const caller = this.#deps.callers.to(address);
        return askToWrite(caller, items, { trafficClass, signal, timeoutMs: this.#settings.questionMs });
      };
      return new NodeLane({ node, window: this.#window, ask }, this.#settings);
    });
  }
}

function laneOf<L extends { readonly isIdle: boolean }>(
  lanes: Map<string, L>,
  key: string,
  make: () => L,
): L {
  let lane = lanes.get(key);
  if (lane !== undefined) return lane;
  lane = make();
  if (lanes.size >= LANES_MAX) for (const [old, { isIdle }] of lanes) if (isIdle) lanes.delete(old);
  lanes.set(key, lane);
  return lane;
}

async function each<I, T>(
  items: readonly I[],
  { signal }: ChunkOptions,
  work: (item: I) => Promise<T>,
): Promise<readonly Result<T, PondError>[]> {
  signal?.throwIfAborted();
  const outcomes = await Promise.allSettled(items.map(work));
  signal?.throwIfAborted();
  return outcomes.map((outcome) => {
    if (outcome.status === "fulfilled") return ok(outcome.value);
    if (isPondError(outcome.reason)) return err(outcome.reason as PondError);
    throw outcome.reason;
  });
}

function check({ data, chunk, offset }: ChunkRead | ChunkWrite, bytes: number): void {
  assert(bytes > 0, "an item has at least one byte");
  assert(Number.isInteger(chunk) && chunk >= 0 && chunk <= 0xffff_ffff, `not a chunk: ${chunk}`);
  const fits = offset >= 0 && offset + bytes <= data.layout.chunkBytes;
  assert(fits, `${offset} and ${bytes} bytes leave the chunk`);
}
