/** Chunk I/O over the storage services' protocol: see `chunk-io.ts` for what it promises. */
import { setMaxListeners } from "node:events";
import { assert, err, type PondError, type Result } from "@smallpond/base";
import { newRandomId, type RequestId, type SessionId } from "../../ids.ts";
import { ChainMap } from "./chain-map.ts";
import type {
  ChunkIo,
  ChunkOptions,
  ChunkRead,
  ChunkReadDone,
  ChunkReadOptions,
  ChunkWrite,
  ChunkWriteDone,
  WriteSession,
} from "./chunk-io.ts";
import type { ChunkClientDeps } from "./deps.ts";
import { Fences } from "./fences.ts";
import { ChunkMeters } from "./meters.ts";
import { ReadAttempt } from "./read-attempt.ts";
import { Reader } from "./reader.ts";
import { Renewals } from "./renewals.ts";
import { type ChunkClientSettings, DEFAULT_CHUNK_CLIENT_SETTINGS } from "./settings.ts";
import { allEnded, type Patience } from "./tries.ts";
import { WriteAttempt } from "./write-attempt.ts";
import { ChannelSession } from "./write-session.ts";
import { Writer } from "./writer.ts";

export class StorageClient implements ChunkIo {
  readonly #deps: ChunkClientDeps;
  readonly #settings: ChunkClientSettings;
  readonly #map: ChainMap;
  readonly #meters: ChunkMeters;
  readonly #reader: Reader;
  readonly #writer: Writer;
  readonly #fences: Fences;

  constructor(deps: ChunkClientDeps, settings: Partial<ChunkClientSettings> = {}) {
    this.#deps = deps;
    this.#settings = { ...DEFAULT_CHUNK_CLIENT_SETTINGS, ...settings };
    this.#map = new ChainMap(deps.routing);
    this.#meters = new ChunkMeters(deps.metrics);
    const parts = { ...deps, map: this.#map, meters: this.#meters, renewals: new Renewals() };
    this.#reader = new Reader(parts, this.#settings);
    this.#writer = new Writer(parts, this.#settings);
    this.#fences = new Fences({ ...parts, writer: this.#writer });
  }

  /** Bytes that were asked for and have not arrived, and that were sent and have not been answered. */
  get bytesUnderWay(): { readonly reading: number; readonly writing: number } {
    return { reading: this.#reader.window.bytes, writing: this.#writer.window.bytes };
  }

  async read(
    items: readonly ChunkRead[],
    options: ChunkReadOptions = {},
  ): Promise<readonly Result<ChunkReadDone, PondError>[]> {
    options.signal?.throwIfAborted();
    const attempts = items.map((item) => new ReadAttempt(item));
    await this.#patiently(options, (patience) => this.#reader.run(attempts, options, patience));
    return attempts.map((attempt) => attempt.result ?? err(attempt.late()));
  }

  async write(
    items: readonly ChunkWrite[],
    options: ChunkOptions = {},
  ): Promise<readonly Result<ChunkWriteDone, PondError>[]> {
    options.signal?.throwIfAborted();
    const attempts = items.map(({ session, bytes, ...place }) => {
      const attempt = new WriteAttempt(place, sessionOf(session), bytes);
      assert(attempt.bytes > 0, "a write has at least one byte");
      return attempt;
    });
    await this.#patiently(options, async (patience) => {
      const works: Promise<void>[] = [];
      for (const [session, own] of groupedBy(attempts, (attempt) => attempt.session)) {
        works.push(this.#writeIn(session, own, options, patience));
      }
      await allEnded(works);
    });
    return attempts.map((attempt) => attempt.result ?? err(attempt.late()));
  }

  openSession(id: SessionId): WriteSession {
    return new ChannelSession(id, this.#settings);
  }

  async settle(session: WriteSession, options: ChunkOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const own = sessionOf(session);
    await this.#patiently(options, async (patience) => {
      const error = await this.#fences.settle(own, own.allGivenUp(), patience, options);
      if (error !== undefined && options.signal?.aborted !== true) throw error;
    });
  }

  /** Runs the work until the time is over or the caller's signal aborts; that rejects, once the work has ended. */
  async #patiently(options: ChunkOptions, work: (patience: Patience) => Promise<void>): Promise<void> {
    const { clock } = this.#deps;
    const { signal, timeoutMs = this.#settings.timeoutMs } = options;
    using deadline = clock.deadline(timeoutMs, { signal });
    // One for each message under way, however many those are.
    setMaxListeners(0, deadline.signal);
    await work({ signal: deadline.signal, untilMs: clock.monotonicMs() + timeoutMs });
    signal?.throwIfAborted();
  }

  /** First what was given up on the chains that are written to, then the writes. */
  async #writeIn(
    session: ChannelSession,
    attempts: readonly WriteAttempt[],
    options: ChunkOptions,
    patience: Patience,
  ): Promise<void> {
    if (session.unsettled === 0 || this.#deps.chunkBug === "no-fence") {
      return await this.#send(session, attempts, options, patience);
    }
    const isFull = session.unsettled >= this.#settings.unsettledMax;
    const works: Promise<void>[] = [];
    for (const [chain, own] of groupedBy(attempts, ({ item }) =>
      this.#map.chainOf(item.data.layout, item.chunk),
    )) {
      const late = isFull ? session.allGivenUp() : session.givenUpOn(chain);
      works.push(
        (async () => {
          const error = await this.#fences.settle(session, late, patience, options);
          if (error === undefined) return await this.#send(session, own, options, patience);
          for (const attempt of own) attempt.result = err(error);
        })(),
      );
    }
    await allEnded(works);
  }

  /** As many at once as the session has channels. */
  async #send(
    session: ChannelSession,
    attempts: readonly WriteAttempt[],
    options: ChunkOptions,
    patience: Patience,
  ): Promise<void> {
    const works: Promise<void>[] = [];
    const how = { ...options, onEnd: (attempt: WriteAttempt) => this.#ended(attempt) };
    let next = 0;
    while (next < attempts.length && !patience.signal.aborted) {
      const wave: WriteAttempt[] = [];
      for (; next < attempts.length; next++) {
        const channel = session.tryTake();
        if (channel === undefined) break;
        const attempt = attempts[next]!;
        attempt.begin(channel, newRandomId<RequestId>(this.#deps.random));
        wave.push(attempt);
      }
      if (wave.length > 0) works.push(this.#writer.run(wave, how, patience));
      if (next === attempts.length) break;
      this.#deps.probes.mark("chunks.write waits for a channel");
      await session.channelFreed(patience).catch(() => {});
    }
    await allEnded(works);
  }

  #ended(attempt: WriteAttempt): void {
    const { session, channel, chain } = attempt;
    if (channel === undefined) return;
    const mayHappen = attempt.mayHappen && !attempt.isRevoked && chain !== undefined;
    if (mayHappen) {
      this.#meters.givenUp.add();
      this.#deps.probes.mark("chunks.write given up");
    }
    if (mayHappen && this.#deps.chunkBug !== "no-fence")
      session.setAside(channel, { chain, place: attempt.item });
    else session.give(channel);
  }
}

function sessionOf(session: WriteSession): ChannelSession {
  assert(session instanceof ChannelSession, "a session is one that openSession gave");
  return session;
}

function groupedBy<T, K>(items: readonly T[], keyOf: (item: T) => K): ReadonlyMap<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
