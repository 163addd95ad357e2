/** Storage as metadata services see it: what they ask of a file's chunks, asked of the chains that the file lies on. */
import { assert, type Clock, type NetAddress, type Random, type SignalOptions } from "@smallpond/base";
import type { BufferPool, Crc32c } from "@smallpond/fs-native";
import { type ChainId, type ClientId, newRandomId, type SessionId } from "../../ids.ts";
import type { ChunkService, ChunkSpace, FileData } from "../../meta/collect/chunk-service.ts";
import type { RoutingInfo } from "../../mgmtd/model/routing.ts";
import type { CapabilityKey } from "../../service/capability.ts";
import type { Metrics } from "../../service/metrics.ts";
import { type ChainAt, PROTOCOL_LIMITS } from "../../storage/protocol/common.ts";
import type { RemoveQuestion, TruncateQuestion } from "../../storage/protocol/maintain.ts";
import { LAST_CHUNK, REMOVE, REVOKE, TRUNCATE } from "../../storage/protocol/methods.ts";
import type { Refusal } from "../../storage/protocol/refusal.ts";
import type { Caller } from "../../wire/rpc/method.ts";
import { ChainAsker, chainError } from "./chain-asker.ts";
import { ChunkClient } from "./chunk-client.ts";
import { DEFAULT_CHUNK_IO_SETTINGS } from "./settings.ts";
import { NOBODY, refusalOf } from "./verdict.ts";

export interface ChainChunksDeps {
  /** An agent, or whatever else knows the routing. */
  readonly routing: { readonly routing: RoutingInfo };
  /** Connections as a member of the cluster. */
  readonly callers: { to(address: NetAddress): Caller };
  readonly clock: Clock;
  readonly random: Random;
  readonly crc32c: Crc32c;
  readonly pool: BufferPool;
  readonly metrics: Metrics;
  readonly capabilities: CapabilityKey;
  /** What there is room for; asked at most every few seconds. */
  readonly space: (options: SignalOptions) => Promise<ChunkSpace>;
}

export interface ChainChunksSettings {
  /** All tries of one question. Less than what a transaction that waits for it may take. Default 4 s. */
  readonly timeoutMs?: number;
  /** How long capabilities live that metadata signs, and how far clocks may be apart. Default 1 h and 1 min. */
  readonly capabilityMs?: number;
  readonly skewMs?: number;
}

const TIMEOUT_MS = 4000;
const QUESTION_MS = 2000;
const CAPABILITY_MS = 3_600_000;
const SKEW_MS = 60_000;
const SPACE_MS = 5000;

export class ChainChunks implements ChunkService {
  readonly #deps: ChainChunksDeps;
  readonly #settings: Required<ChainChunksSettings>;
  readonly #client: ChunkClient;
  readonly #asker: ChainAsker;
  /** As which client it writes. */
  readonly #self: ClientId;
  #space: { readonly untilMs: number; readonly asked: Promise<ChunkSpace> } | undefined;

  constructor(deps: ChainChunksDeps, settings: ChainChunksSettings = {}) {
    this.#deps = deps;
    this.#settings = { timeoutMs: TIMEOUT_MS, capabilityMs: CAPABILITY_MS, skewMs: SKEW_MS, ...settings };
    this.#client = new ChunkClient(deps, { timeoutMs: this.#settings.timeoutMs, questionMs: QUESTION_MS });
    const pauses = { ...DEFAULT_CHUNK_IO_SETTINGS, ...this.#settings, questionMs: QUESTION_MS };
    this.#asker = new ChainAsker({ ...deps, places: this.#client.places }, pauses);
    this.#self = newRandomId<ClientId>(deps.random);
  }

  async removeChunks(
    data: FileData,
    options: SignalOptions & { readonly chunksMax: number },
  ): Promise<{ readonly removed: number; readonly more: boolean }> {
    const stripe = await this.#stripeOf(data, options);
    let removed = 0;
    for (const chain of new Set(stripe)) {
      const chunksMax = options.chunksMax - removed;
      if (chunksMax <= 0) return { removed, more: true };
      const file = fileOf(data);
      const question = (at: ChainAt): RemoveQuestion => ({ ...at, file, chunksMax });
      const asked = { ...options, operation: "remove chunks" };
      const answer = await this.#asker.ask(chain, "head", REMOVE, question, asked);
      removed += answer.chunks;
      if (answer.more) return { removed, more: true };
    }
    return { removed, more: false };
  }

  async truncate(
    data: FileData,
    { length, truncateVersion }: { readonly length: bigint; readonly truncateVersion: number },
    options: SignalOptions = {},
  ): Promise<void> {
    const stripe = await this.#stripeOf(data, options);
    const chunkBytes = BigInt(data.layout.chunkBytes);
    const boundary = Number(length / chunkBytes);
    const rest = Number(length % chunkBytes);
    const from = rest === 0 ? boundary : boundary + 1;
    const cutAt = stripe[boundary % stripe.length];
    const file = fileOf(data);
    await all(new Set(stripe), async (chain) => {
      const cut = rest > 0 && chain === cutAt ? { chunk: boundary, length: rest } : undefined;
      const question = (at: ChainAt): TruncateQuestion => ({ ...at, file, truncateVersion, from, cut });
      await this.#asker.ask(chain, "head", TRUNCATE, question, { ...options, operation: "truncate" });
    });
  }

  async lengthOf(data: FileData, options: SignalOptions = {}): Promise<bigint> {
    const stripe = await this.#stripeOf(data, options);
    const file = fileOf(data);
    let length = 0n;
    await all(new Set(stripe), async (chain) => {
      const end = await this.#endOf(chain, file, options);
      if (end === undefined) return;
      const bytes = BigInt(end.chunk) * BigInt(data.layout.chunkBytes) + BigInt(end.length);
      if (bytes > length) length = bytes;
    });
    return length;
  }

  async fill(
    data: FileData,
    { writer, bytes }: { readonly writer: SessionId; readonly bytes: Uint8Array },
    options: SignalOptions = {},
  ): Promise<void> {
    const { capabilities, clock } = this.#deps;
    const { inode, dataVersion, layout } = data;
    const expiresMs = Math.floor(clock.wallMs() + this.#settings.capabilityMs);
    const rights = { read: false, write: true, session: writer, client: this.#self, expiresMs };
    const current = capabilities.sign({ inode, dataVersion, ...rights });
    const capability = {
      current,
      renew: () => Promise.reject(new Error("a capability that was just signed has expired")),
    };
    const session = this.#client.openSession(writer);
    const items = [];
    for (let at = 0; at < bytes.length; at += layout.chunkBytes) {
      const chunk = at / layout.chunkBytes;
      const part = bytes.subarray(at, at + layout.chunkBytes);
      items.push({ data, chunk, offset: 0, capability, bytes: [part], session });
    }
    for (const outcome of await this.#client.write(items, options)) if (!outcome.ok) throw outcome.error;
  }

  async revoke(sessions: readonly SessionId[], options: SignalOptions = {}): Promise<void> {
    const { capabilityMs, skewMs } = this.#settings;
    const untilMs = Math.floor(this.#deps.clock.wallMs() + capabilityMs + 2 * skewMs);
    for (let at = 0; at < sessions.length; at += PROTOCOL_LIMITS.entriesMax) {
      const some = sessions.slice(at, at + PROTOCOL_LIMITS.entriesMax);
      await this.#revoke(some, untilMs, options);
    }
  }

  space(options: SignalOptions = {}): Promise<ChunkSpace> {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#space === undefined || this.#space.untilMs <= nowMs) {
      const asked = this.#deps.space(options);
      this.#space = { untilMs: nowMs + SPACE_MS, asked };
      asked.catch(() => (this.#space = undefined));
    }
    return this.#space.asked;
  }

  /** Every chain notes them, those of one node in one question; what was refused is asked again. */
  async #revoke(sessions: readonly SessionId[], untilMs: number, options: SignalOptions): Promise<void> {
    const { places } = this.#client;
    const tries = this.#asker.tries();
    let left: readonly ChainId[] = places.chains();
    while (left.length > 0) {
      const refused = await this.#revokeOnce(left, { sessions, untilMs }, options);
      options.signal?.throwIfAborted();
      const [first] = refused;
      if (first === undefined) return;
      await this.#asker.again(first.refusal, tries, { ...options, operation: "revoke", chain: first.chain });
      left = refused.map(({ chain }) => chain);
    }
  }

  async #revokeOnce(
    chains: readonly ChainId[],
    asked: { readonly sessions: readonly SessionId[]; readonly untilMs: number },
    { signal }: SignalOptions,
  ): Promise<readonly Refused[]> {
    const { places } = this.#client;
    const refused: Refused[] = [];
    const byHead = new Map<NetAddress, ChainAt[]>();
    for (const chain of chains) {
      const place = places.placeOf(chain);
      const head = place?.serving[0];
      if (place === undefined || head === undefined) {
        refused.push({ chain, refusal: NOBODY });
        continue;
      }
      const there = byHead.get(head.address) ?? [];
      there.push({ chain, chainVersion: place.chainVersion });
      byHead.set(head.address, there);
    }
    await all(byHead, async ([address, there]) => {
      try {
        const caller = this.#deps.callers.to(address);
        const question = { chains: there, ...asked };
        const answer = await caller.call(REVOKE, question, { signal, timeoutMs: QUESTION_MS });
        assert(answer.chains.length === there.length, "every chain has an outcome");
        for (const [at, outcome] of answer.chains.entries()) {
          if (outcome.kind === "refused") refused.push({ chain: there[at]!.chain, refusal: outcome });
        }
      } catch (error) {
        signal?.throwIfAborted();
        for (const { chain } of there) refused.push({ chain, refusal: refusalOf(error) });
      }
    });
    return refused;
  }

  async #endOf(
    chain: ChainId,
    file: ReturnType<typeof fileOf>,
    options: SignalOptions,
  ): Promise<{ readonly chunk: number; readonly length: number } | undefined> {
    const { places } = this.#client;
    const tries = this.#asker.tries();
    for (;;) {
      const place = places.placeOf(chain);
      const tail = place?.serving.at(-1);
      let refusal: Refusal = NOBODY;
      if (place !== undefined && tail !== undefined) {
        try {
          const item = { chain, chainVersion: place.chainVersion, file };
          const asked = { signal: options.signal, timeoutMs: QUESTION_MS };
          const answer = await this.#deps.callers.to(tail.address).call(LAST_CHUNK, { items: [item] }, asked);
          const outcome = answer.items[0]!;
          if (outcome.kind !== "refused") return outcome.kind === "last" ? outcome : undefined;
          refusal = outcome;
        } catch (error) {
          options.signal?.throwIfAborted();
          refusal = refusalOf(error);
        }
      }
      await this.#asker.again(refusal, tries, { ...options, operation: "length", chain });
    }
  }

  async #stripeOf({ layout }: FileData, options: SignalOptions): Promise<readonly ChainId[]> {
    const tries = this.#asker.tries();
    for (;;) {
      const stripe = this.#client.places.stripeOf(layout);
      if (stripe !== undefined) return stripe;
      if (await tries.pause(options)) continue;
      const message = `the routing does not have version ${layout.tableVersion} of chain table ${layout.table}`;
      throw chainError("find chains", 0 as ChainId, { ...NOBODY, message });
    }
  }
}

interface Refused {
  readonly chain: ChainId;
  readonly refusal: Refusal;
}

function fileOf({ inode, dataVersion }: FileData): Pick<FileData, "inode" | "dataVersion"> {
  return { inode, dataVersion };
}

/** All at once; rejects with the first that failed, when all have ended. */
async function all<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  for (const outcome of await Promise.allSettled([...items].map(work))) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}
