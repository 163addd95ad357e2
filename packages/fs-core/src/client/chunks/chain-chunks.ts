/** Storage as metadata services see it: what they ask of a file's chunks, asked of the chains that the file lies on. */
import { setMaxListeners } from "node:events";
import type { SignalOptions } from "@smallpond/base";
import { type ChainId, type ClientId, newRandomId, type SessionId } from "../../ids.ts";
import type { ChunkService, ChunkSpace, FileData } from "../../meta/collect/chunk-service.ts";
import { fsError } from "../../meta/model/errors.ts";
import type { CapabilityKey } from "../../service/capability.ts";
import { PROTOCOL_LIMITS } from "../../storage/protocol/common.ts";
import { LAST_CHUNK, REMOVE, REVOKE, TRUNCATE } from "../../storage/protocol/methods.ts";
import type { DoneOrRefused } from "../../storage/protocol/outcome.ts";
import { abortable, pauseOrNews } from "./abortable.ts";
import { ChainAsker } from "./chain-asker.ts";
import { ChainMap } from "./chain-map.ts";
import type { ChunkClientDeps } from "./deps.ts";
import { DEFAULT_CHUNK_CLIENT_SETTINGS } from "./settings.ts";
import { StorageClient } from "./storage-client.ts";
import type { Patience } from "./tries.ts";

/** `callers` are those of a member of the cluster. */
export interface ChainChunksDeps extends ChunkClientDeps {
  readonly capabilities: CapabilityKey;
  /** Resolves when the routing that is known here is as new as the cluster manager's was at the call. */
  readonly newest: (options: SignalOptions) => Promise<void>;
  /** What there is room for. */
  readonly space: (options: SignalOptions) => Promise<ChunkSpace>;
}

export interface ChainChunksSettings {
  /** All tries of one question: less than a transaction that waits for it may take. Default 4 s. */
  readonly timeoutMs?: number;
  /** One try. Default 2 s. */
  readonly questionMs?: number;
  /** How long capabilities live that metadata signs, and how far two clocks may be apart. Default 1 h and 1 min. */
  readonly capabilityMs?: number;
  readonly skewMs?: number;
  /** What room there is was asked at most this long ago. Default 5 s. */
  readonly spaceMs?: number;
}

const DEFAULTS: Readonly<Required<ChainChunksSettings>> = {
  timeoutMs: 4000,
  questionMs: 2000,
  capabilityMs: 3_600_000,
  skewMs: 60_000,
  spaceMs: 5000,
};

/** Chains of one file that chunks are removed from at once. */
const REMOVE_CHAINS = 16;
const CHUNK_MAX = 0xffff_ffff;

export class ChainChunks implements ChunkService {
  readonly #deps: ChainChunksDeps;
  readonly #settings: Required<ChainChunksSettings>;
  readonly #map: ChainMap;
  readonly #asker: ChainAsker;
  readonly #io: StorageClient;
  /** As which client it writes. */
  readonly #self: ClientId;
  #space: { readonly untilMs: number; readonly asked: Promise<ChunkSpace> } | undefined;

  constructor(deps: ChainChunksDeps, settings: ChainChunksSettings = {}) {
    this.#deps = deps;
    this.#settings = { ...DEFAULTS, ...settings };
    const { questionMs, timeoutMs } = this.#settings;
    this.#map = new ChainMap(deps.routing);
    this.#asker = new ChainAsker(
      { ...deps, map: this.#map },
      { ...DEFAULT_CHUNK_CLIENT_SETTINGS, questionMs },
    );
    this.#io = new StorageClient(deps, { timeoutMs, questionMs: questionMs });
    this.#self = newRandomId<ClientId>(deps.random);
  }

  /** From several chains at once, so that those of a wide stripe end together. */
  removeChunks(
    data: FileData,
    options: SignalOptions & { readonly chunksMax: number },
  ): Promise<{ readonly removed: number; readonly more: boolean }> {
    return this.#patiently(options, async (patience) => {
      const chains = await this.#chainsOf(data, patience);
      let removed = 0;
      for (let at = 0; at < chains.length; ) {
        const rest = options.chunksMax - removed;
        if (rest <= 0) return { removed, more: true };
        const wave = chains.slice(at, at + Math.min(REMOVE_CHAINS, rest));
        at += wave.length;
        const answers = await this.#remove(wave, data, Math.floor(rest / wave.length), patience);
        removed += answers.reduce((sum, { chunks }) => sum + chunks, 0);
        if (answers.some(({ more }) => more)) return { removed, more: true };
      }
      return { removed, more: false };
    });
  }

  truncate(
    data: FileData,
    { length, truncateVersion }: { readonly length: bigint; readonly truncateVersion: number },
    options: SignalOptions = {},
  ): Promise<void> {
    return this.#patiently(options, async (patience) => {
      const stripe = await this.#stripeOf(data, patience);
      const { boundary, rest, from } = endOf(length, data.layout.chunkBytes);
      const cutOn = stripe[boundary % stripe.length];
      await this.#asker.ask<{ readonly kind: "done" }>(
        distinct(stripe),
        {
          operation: "truncate",
          who: "head",
          chainsMax: 1,
          send: async (caller, [at], call) => {
            const cut = rest > 0 && at!.chain === cutOn ? { chunk: boundary, length: rest } : undefined;
            return [
              await caller.call(TRUNCATE, { ...at!, file: fileOf(data), truncateVersion, from, cut }, call),
            ];
          },
        },
        patience,
      );
    });
  }

  lengthOf(data: FileData, options: SignalOptions = {}): Promise<bigint> {
    return this.#patiently(options, async (patience) => {
      const file = fileOf(data);
      const ends = await this.#asker.ask<
        { readonly kind: "none" } | { readonly kind: "last"; readonly chunk: number; readonly length: number }
      >(
        await this.#chainsOf(data, patience),
        {
          operation: "measure",
          who: "tail",
          chainsMax: PROTOCOL_LIMITS.itemsMax,
          send: async (caller, chains, call) => {
            const items = chains.map((at) => ({ ...at, file }));
            return (await caller.call(LAST_CHUNK, { items }, call)).items;
          },
        },
        patience,
      );
      let length = 0n;
      for (const end of ends) {
        if (end.kind === "none") continue;
        const bytes = BigInt(end.chunk) * BigInt(data.layout.chunkBytes) + BigInt(end.length);
        if (bytes > length) length = bytes;
      }
      return length;
    });
  }

  async fill(
    data: FileData,
    { writer, bytes }: { readonly writer: SessionId; readonly bytes: Uint8Array },
    options: SignalOptions = {},
  ): Promise<void> {
    const sign = (): Uint8Array => this.#capability(data, writer);
    const capability = {
      current: sign(),
      renew: async () => {
        capability.current = sign();
      },
    };
    const session = this.#io.openSession(writer);
    const { chunkBytes } = data.layout;
    const items = [];
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const part = bytes.subarray(at, at + chunkBytes);
      items.push({ data, chunk: at / chunkBytes, offset: 0, capability, bytes: [part], session });
    }
    for (const outcome of await this.#io.write(items, options)) if (!outcome.ok) throw outcome.error;
  }

  revoke(sessions: readonly SessionId[], options: SignalOptions = {}): Promise<void> {
    const { capabilityMs, skewMs } = this.#settings;
    return this.#patiently(options, async (patience) => {
      // A chain that is not known here may be one that they write to.
      await this.#deps.newest({ signal: patience.signal });
      const untilMs = Math.floor(this.#deps.clock.wallMs() + capabilityMs + 2 * skewMs);
      const chains = [...this.#deps.routing.routing.chains.keys()];
      for (let at = 0; at < sessions.length; at += PROTOCOL_LIMITS.entriesMax) {
        const some = sessions.slice(at, at + PROTOCOL_LIMITS.entriesMax);
        await this.#revoke(chains, { sessions: some, untilMs }, patience);
      }
    });
  }

  /** Asked once for all who want to know meanwhile, so none of them can abort it; each stops waiting. */
  async space(options: SignalOptions = {}): Promise<ChunkSpace> {
    options.signal?.throwIfAborted();
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#space === undefined || this.#space.untilMs <= nowMs) {
      const asked = this.#deps.space({});
      this.#space = { untilMs: nowMs + this.#settings.spaceMs, asked };
      asked.catch(() => {
        if (this.#space?.asked === asked) this.#space = undefined;
      });
    }
    const { asked } = this.#space;
    return await (options.signal === undefined ? asked : abortable(asked, options.signal));
  }

  #remove(
    chains: readonly ChainId[],
    data: FileData,
    chunksMax: number,
    patience: Patience,
  ): Promise<readonly { readonly chunks: number; readonly more: boolean }[]> {
    return this.#asker.ask(
      chains,
      {
        operation: "remove",
        who: "head",
        chainsMax: 1,
        send: async (caller, [at], call) => [
          await caller.call(REMOVE, { ...at!, file: fileOf(data), chunksMax }, call),
        ],
      },
      patience,
    );
  }

  async #revoke(
    chains: readonly ChainId[],
    revocation: { readonly sessions: readonly SessionId[]; readonly untilMs: number },
    patience: Patience,
  ): Promise<void> {
    await this.#asker.ask<Extract<DoneOrRefused, { kind: "done" }>>(
      chains,
      {
        operation: "revoke",
        who: "head",
        chainsMax: PROTOCOL_LIMITS.entriesMax,
        send: async (caller, some, call) =>
          (await caller.call(REVOKE, { chains: some, ...revocation }, call)).chains,
      },
      patience,
    );
  }

  #capability({ inode, dataVersion }: FileData, session: SessionId): Uint8Array {
    const { capabilities, clock } = this.#deps;
    const expiresMs = Math.floor(clock.wallMs() + this.#settings.capabilityMs);
    const rights = { read: false, write: true };
    return capabilities.sign({ inode, dataVersion, ...rights, session, client: this.#self, expiresMs });
  }

  async #chainsOf(data: FileData, patience: Patience): Promise<readonly ChainId[]> {
    return distinct(await this.#stripeOf(data, patience));
  }

  /** Waits until the routing has the file's table. */
  async #stripeOf({ layout, inode }: FileData, { signal, untilMs }: Patience): Promise<readonly ChainId[]> {
    const { clock } = this.#deps;
    for (;;) {
      const stripe = this.#map.chainsOf(layout);
      if (stripe !== undefined) return stripe;
      if (signal.aborted) {
        throw fsError("ETIMEDOUT", "find chains", `inode ${inode}`, {
          reason: `version ${layout.tableVersion} of chain table ${layout.table} is not known here`,
          hint: "see whether this service reaches the cluster manager",
        });
      }
      await pauseOrNews(this.#deps, Math.max(1, untilMs - clock.monotonicMs()), signal);
    }
  }

  async #patiently<T>(options: SignalOptions, work: (patience: Patience) => Promise<T>): Promise<T> {
    options.signal?.throwIfAborted();
    const { clock } = this.#deps;
    const { timeoutMs } = this.#settings;
    using deadline = clock.deadline(timeoutMs, options);
    setMaxListeners(0, deadline.signal);
    try {
      return await work({ signal: deadline.signal, untilMs: clock.monotonicMs() + timeoutMs });
    } catch (error) {
      options.signal?.throwIfAborted();
      throw error;
    }
  }
}

/** Where a file of this length ends: `rest` bytes into the chunk `boundary`; chunks from `from` on are behind it. */
function endOf(
  length: bigint,
  chunkBytes: number,
): { readonly boundary: number; readonly rest: number; readonly from: number } {
  const boundary = length / BigInt(chunkBytes);
  // Chunks have numbers of 32 bits: behind the last there is nothing to cut, and no file has bytes in the last itself.
  if (boundary >= BigInt(CHUNK_MAX)) return { boundary: CHUNK_MAX, rest: 0, from: CHUNK_MAX };
  const rest = Number(length % BigInt(chunkBytes));
  return { boundary: Number(boundary), rest, from: Number(boundary) + (rest === 0 ? 0 : 1) };
}

function fileOf({ inode, dataVersion }: FileData): Pick<FileData, "inode" | "dataVersion"> {
  return { inode, dataVersion };
}

function distinct<T>(items: readonly T[]): readonly T[] {
  return [...new Set(items)];
}
