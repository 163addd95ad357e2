/**
 * Storage services as clients see them: their messages, answered from memory. The replicas of a chain are one memory, so
 * nothing of the chain protocol is here but what clients have to do with: chain versions, heads and tails, requests that
 * happen once (I8), refusals, and messages that are lost, late or come twice.
 */
import { type Clock, type NetAddress, PondError } from "@smallpond/base";
import { JAVASCRIPT_CRC32C, type LeasePart, type Piece } from "@smallpond/fs-native";
import {
  type ChainId,
  type ChainTableId,
  type ChainVersion,
  chainId,
  chainTableId,
  chainVersion,
  type NodeId,
  nodeId,
  type SessionId,
  type TargetId,
  targetId,
} from "../ids.ts";
import type { Layout } from "../meta/model/inode.ts";
import type { Chain } from "../mgmtd/model/chain.ts";
import { emptyRouting, type RoutingInfo, withChanges } from "../mgmtd/model/routing.ts";
import { keyText } from "../storage/model/chunk.ts";
import { READ, WRITE } from "../storage/protocol/methods.ts";
import type { ReadAnswer, ReadItem, ReadOutcome, ReadQuestion } from "../storage/protocol/read.ts";
import type { Refusal, RefusalCode } from "../storage/protocol/refusal.ts";
import type {
  RequestIdentity,
  WriteAnswer,
  WriteItem,
  WriteOutcome,
  WriteQuestion,
} from "../storage/protocol/write.ts";
import { decode, encode } from "../wire/codec/index.ts";
import type { Caller, CallOptions, Method } from "../wire/rpc/method.ts";

export interface FakeStorageSettings {
  /** Default 4 chains over 3 nodes with 3 replicas; the heads take turns. */
  readonly chains?: number;
  readonly nodes?: number;
  readonly replicas?: number;
}

/** One message, as it arrived. */
export interface FakeCall {
  readonly node: NodeId;
  readonly method: string;
  readonly question: unknown;
  /** The question's bulk bytes. */
  readonly bulk: Uint8Array;
  /** When it is answered: the caller gave up before. */
  readonly isOver: () => boolean;
}

export interface FakeItem {
  readonly node: NodeId;
  readonly target: TargetId;
  readonly isHead: boolean;
  readonly isTail: boolean;
  readonly item: ReadItem | WriteItem;
  readonly kind: "read" | "write";
}

interface FakeChunk {
  readonly bytes: Uint8Array;
  readonly version: number;
}

interface Remembered extends RequestIdentity {
  readonly outcome: WriteOutcome & { readonly kind: "done" };
}

export class FakeStorage {
  readonly table: ChainTableId = chainTableId(1);
  readonly calls: FakeCall[] = [];
  readonly chunks: Map<string, FakeChunk> = new Map();
  readonly revoked: Set<SessionId> = new Set();
  /** Updates that were carried out, copies not counted. */
  updates: number = 0;
  /** Whose capability it is: by its first byte, unless a test says otherwise. */
  sessionOf: (capability: Uint8Array) => SessionId = (bytes) =>
    (bytes[0] ?? 0).toString(16).padStart(32, "0") as SessionId;
  /** Before a message takes effect: waits, or throws what the caller then sees. */
  before: (call: FakeCall) => Promise<void> = async () => {};
  /** After it took effect. */
  after: (call: FakeCall) => Promise<void> = async () => {};
  /** Why an item is not done. */
  refuse: (about: FakeItem) => RefusalCode | undefined = () => undefined;
  /** Whether the bytes of an item of an answer are damaged on their way. */
  damages: (about: FakeItem) => boolean = () => false;
  /** Answers to further methods, by their names. */
  readonly others: Map<string, (node: NodeId, question: unknown) => unknown> = new Map();
  readonly #clock: Clock;
  readonly #listeners: Set<(routing: RoutingInfo) => void> = new Set();
  readonly #remembered: Map<string, Remembered> = new Map();
  #routing: RoutingInfo;

  constructor(deps: { readonly clock: Clock }, settings: FakeStorageSettings = {}) {
    this.#clock = deps.clock;
    this.#routing = routingOf(settings);
  }

  /** As clients know it. */
  get routing(): RoutingInfo {
    return this.#routing;
  }

  onChange(listener: (routing: RoutingInfo) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  to(address: NetAddress): Caller {
    const node = [...this.#routing.nodes.values()].find((each) =>
      each.addresses.some((own) => JSON.stringify(own) === JSON.stringify(address)),
    );
    return { call: (method, question, options) => this.#call(node!.id, method, question, options ?? {}) };
  }

  /** A file's layout over the first `stripe` chains or so: as the seed draws them. */
  layout(
    given: { readonly chunkBytes?: number; readonly stripe?: number; readonly seed?: number } = {},
  ): Layout {
    const { chunkBytes = 64 * 1024, stripe = 1, seed = 0 } = given;
    return { kind: "replicated", table: this.table, tableVersion: 1, chunkBytes, stripe, seed };
  }

  chain(id: ChainId): Chain {
    return this.#routing.chains.get(id)!;
  }

  /** Changes a chain: its next version, with these targets serving, in this order; the others are offline. */
  serve(id: ChainId, targets: readonly TargetId[]): void {
    const chain = this.chain(id);
    const others = chain.targets.map(({ target }) => target).filter((target) => !targets.includes(target));
    this.#change({
      ...chain,
      version: chainVersion(chain.version + 1),
      targets: [
        ...targets.map((target) => ({ target, state: "serving" as const })),
        ...others.map((target) => ({ target, state: "offline" as const })),
      ],
    });
  }

  /** What the chunk holds. */
  bytesOf(key: {
    readonly inode: bigint;
    readonly dataVersion: number;
    readonly chunk: number;
  }): Uint8Array | undefined {
    return this.chunks.get(keyText(key as never))?.bytes;
  }

  /** A copy of a message that was under way arrives now. */
  arriveAgain(call: FakeCall): WriteAnswer {
    return this.#write(call.node, call.question as WriteQuestion, call.bulk);
  }

  #change(chain: Chain): void {
    const { version } = this.#routing;
    const changes = {
      version: version + 1n,
      more: false,
      nodes: [],
      targets: [],
      chains: [chain],
      tables: [],
    };
    this.#routing = withChanges(this.#routing, changes);
    for (const listener of [...this.#listeners]) listener(this.#routing);
  }

  async #call<Q, A>(node: NodeId, method: Method<Q, A>, question: Q, options: CallOptions): Promise<A> {
    const { signal, timeoutMs = 10_000, send = [], into, onBulk } = options;
    signal?.throwIfAborted();
    let isOver = false;
    const bulk = joined(send);
    // What is sent cannot change any more, and only what its codec carries arrives.
    const arrived = decode(method.question, encode(method.question, question));
    const call: FakeCall = { node, method: method.name, question: arrived, bulk, isOver: () => isOver };
    this.calls.push(call);
    using deadline = this.#clock.deadline(timeoutMs, { signal });
    try {
      return await abortable(
        (async () => {
          await this.before(call);
          const { answer, bytes } = this.#answer(call);
          await this.after(call);
          if (!isOver && into !== undefined) viewOf(into).set(bytes);
          if (!isOver) onBulk?.(bytes.length);
          return answer as A;
        })(),
        deadline.signal,
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw deadline.signal.aborted ? noAnswer(method.name) : error;
    } finally {
      isOver = true;
    }
  }

  #answer({ node, method, question, bulk }: FakeCall): {
    readonly answer: unknown;
    readonly bytes: Uint8Array;
  } {
    switch (method) {
      case READ.name:
        return this.#read(node, question as ReadQuestion);
      case WRITE.name:
        return { answer: this.#write(node, question as WriteQuestion, bulk), bytes: new Uint8Array(0) };
      default: {
        const answer = this.others.get(method)?.(node, question);
        if (answer === undefined) throw new TypeError(`the fake storage does not answer ${method}`);
        return { answer, bytes: new Uint8Array(0) };
      }
    }
  }

  #read(
    node: NodeId,
    { items, relaxed }: ReadQuestion,
  ): { readonly answer: ReadAnswer; readonly bytes: Uint8Array } {
    const parts: Uint8Array[] = [];
    const outcomes = items.map((item): ReadOutcome => {
      const refusal = this.#refusal(node, item, "read");
      if (refusal !== undefined && !(relaxed && refusal.code === "CHUNK_DIRTY"))
        return { kind: "refused", ...refusal };
      const chunk = this.chunks.get(keyText(item.key));
      if (chunk === undefined) return { kind: "hole" };
      const bytes = chunk.bytes.slice(item.offset, item.offset + item.length);
      const crc = JAVASCRIPT_CRC32C.of(bytes);
      if (bytes.length > 0 && this.damages(this.#about(node, item, "read"))) bytes[0]! ^= 1;
      parts.push(bytes);
      return {
        kind: "bytes",
        version: chunk.version,
        chunkLength: chunk.bytes.length,
        length: bytes.length,
        crc,
      };
    });
    return { answer: { items: outcomes }, bytes: joined(parts) };
  }

  #write(node: NodeId, { items, capabilities }: WriteQuestion, bulk: Uint8Array): WriteAnswer {
    let at = 0;
    const outcomes = items.map((item): WriteOutcome => {
      const bytes = bulk.slice(at, at + item.length);
      at += item.length;
      const session = this.sessionOf(capabilities[item.capability]!);
      if (this.revoked.has(session)) return refused("SESSION_REVOKED");
      const refusal = this.#refusal(node, item, "write");
      if (refusal !== undefined) return { kind: "refused", ...refusal };
      return this.#update(session, item, bytes);
    });
    return { items: outcomes };
  }

  #update(session: SessionId, item: WriteItem, bytes: Uint8Array): WriteOutcome {
    const { chain, channel, sequence, request, key, offset, crc } = item;
    const name = `${chain}/${session}/${channel}`;
    const last = this.#remembered.get(name);
    if (last !== undefined && last.sequence === sequence && last.request === request) return last.outcome;
    if (last !== undefined && last.sequence >= sequence) return refused("STALE_REQUEST");
    if (JAVASCRIPT_CRC32C.of(bytes) !== crc) return refused("PAYLOAD_CORRUPT");
    const old = this.chunks.get(keyText(key)) ?? { bytes: new Uint8Array(0), version: 0 };
    const end = bytes.length === 0 ? 0 : offset + bytes.length;
    const whole = new Uint8Array(Math.max(old.bytes.length, end));
    whole.set(old.bytes);
    whole.set(bytes, bytes.length === 0 ? 0 : offset);
    const version = old.version + 1;
    this.chunks.set(keyText(key), { bytes: whole, version });
    this.updates += 1;
    const outcome = {
      kind: "done",
      version,
      length: whole.length,
      crc: JAVASCRIPT_CRC32C.of(whole),
    } as const;
    this.#remembered.set(name, { channel, sequence, request, outcome });
    return outcome;
  }

  #refusal(node: NodeId, item: ReadItem | WriteItem, kind: "read" | "write"): Refusal | undefined {
    const { version } = this.chain(item.chain);
    const about = this.#about(node, item, kind);
    const serves = this.chain(item.chain).targets.some(
      ({ target, state }) => target === about.target && state === "serving",
    );
    if (item.chainVersion !== version || !serves || (kind === "write" && !about.isHead)) {
      return { code: "CHAIN_CHANGED", message: `the chain is of version ${version}`, chainVersion: version };
    }
    const code = this.refuse(about);
    return code === undefined ? undefined : { code, message: "the test says so", chainVersion: undefined };
  }

  #about(node: NodeId, item: ReadItem | WriteItem, kind: "read" | "write"): FakeItem {
    const { targets } = this.chain(item.chain);
    const serving = targets.filter(({ state }) => state === "serving");
    const here = targets.find(({ target }) => this.#routing.targets.get(target)?.node === node);
    const target = here?.target ?? (0 as TargetId);
    return {
      node,
      target,
      isHead: serving[0]?.target === target,
      isTail: serving.at(-1)?.target === target,
      item,
      kind,
    };
  }
}

/** Node `n` is at `/node-n` on the host `host-n`; target `10 c + n` is chain `c`'s on node `n`. */
function routingOf({ chains = 4, nodes = 3, replicas = 3 }: FakeStorageSettings): RoutingInfo {
  const numbers = Array.from({ length: nodes }, (_, at) => at + 1);
  const made = Array.from({ length: chains }, (_, at): Chain => {
    const order = Array.from({ length: replicas }, (_, step) => numbers[(at + step) % nodes]!);
    const targets = order.map((node) => targetId(10 * (at + 1) + node));
    return {
      id: chainId(at + 1),
      version: chainVersion(1) as ChainVersion,
      targets: targets.map((target) => ({ target, state: "serving" })),
      preferred: targets,
    };
  });
  return withChanges(emptyRouting(), {
    version: 1n,
    more: false,
    nodes: numbers.map((number) => ({
      id: nodeId(number),
      kind: "storage",
      addresses: [{ kind: "unix", path: `/node-${number}` }],
      host: `host-${number}`,
      tags: [],
      status: "alive",
      draining: false,
      incarnation: "0".repeat(32),
    })),
    targets: made.flatMap(({ targets }) =>
      targets.map(({ target }) => ({
        id: target,
        node: nodeId(target % 10),
        disk: 0,
        hold: "none" as const,
      })),
    ),
    chains: made,
    tables: [{ id: chainTableId(1), version: 1, chains: made.map(({ id }) => id) }],
  });
}

function refused(code: RefusalCode): { readonly kind: "refused" } & Refusal {
  return { kind: "refused", code, message: "the fake storage says so", chainVersion: undefined };
}

function noAnswer(method: string): PondError {
  return new PondError("NO_ANSWER", {
    kind: "unknown-outcome",
    message: `no answer to ${method}: the time was up`,
  });
}

function viewOf(piece: Piece | LeasePart): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (!("lease" in piece)) return piece.view;
  const { lease, offset = 0, length = lease.length - offset } = piece;
  return lease.view.subarray(offset, offset + length);
}

function joined(pieces: readonly Piece[]): Uint8Array {
  const views = pieces.map(viewOf);
  const bytes = new Uint8Array(views.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const view of views) {
    bytes.set(view, at);
    at += view.length;
  }
  return bytes;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    const end = (): void => signal.removeEventListener("abort", onAbort);
    work.then(resolve, reject).finally(end);
  });
}
