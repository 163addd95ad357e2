/** What a storage node is asked, item by item, of whichever of its replicas it is about. */
import { assert, isPondError, type SignalOptions } from "@smallpond/base";
import type { ChainId } from "../../ids.ts";
import type { CallContext } from "../../wire/rpc/method.ts";
import type { RpcRouter } from "../../wire/rpc/router.ts";
import type { PageBuffers } from "../blocks/page-buffers.ts";
import type { FetchSource, SyncSink } from "../chain/chain-deps.ts";
import { checkNow, enter } from "../chain/enter.ts";
import { forwarded } from "../chain/forwarded.ts";
import { remove, revoke, truncate } from "../chain/maintain.ts";
import { noted } from "../chain/notes.ts";
import { lastChunk, read } from "../chain/read.ts";
import { type Refused, refuse, refusedBy } from "../chain/refusals.ts";
import type { Replica } from "../chain/replica.ts";
import { write } from "../chain/write.ts";
import type { ChunkRead } from "../ops/read.ts";
import type { ChainAt } from "../protocol/common.ts";
import * as methods from "../protocol/methods.ts";
import type { ReadOutcome, ReadQuestion } from "../protocol/read.ts";
import type { AnswerRoom } from "./answer-room.ts";
import { joined, ReadMemory } from "./read-memory.ts";

export interface StorageHandlersDeps {
  /** Of the chain, on this node. */
  readonly replicaOf: (chain: ChainId) => Replica | undefined;
  readonly sink: SyncSink;
  readonly fetches: FetchSource;
  /** For the bytes of answers to reads, and their memory. */
  readonly room: AnswerRoom;
  readonly buffers: PageBuffers;
  /** A replica that syncs has everything. */
  readonly synced: (replica: Replica) => void;
}

export class StorageHandlers {
  readonly #deps: StorageHandlersDeps;

  constructor(deps: StorageHandlersDeps) {
    this.#deps = deps;
  }

  offer(router: Pick<RpcRouter, "handle">): void {
    router.handle(methods.READ, (question, context) => this.#read(question, context));
    router.handle(methods.WRITE, async ({ trafficClass, capabilities, items }, context) => {
      const parts = partsOf(items, context);
      const outcomes = items.map((item, at) =>
        outcome(async () => {
          const capability = capabilities[item.capability];
          if (capability === undefined) throw refuse("BAD_REQUEST", "an item names no capability");
          const request = { capability, bytes: parts[at]!, trafficClass };
          return { kind: "done" as const, ...(await write(this.#of(item), item, request)) };
        }),
      );
      return { items: await Promise.all(outcomes) };
    });
    router.handle(methods.FORWARD, async ({ trafficClass, items }, context) => {
      const parts = partsOf(
        items.map(({ action }) => ({ length: action.kind === "truncate" ? 0 : action.length })),
        context,
      );
      const outcomes = items.map((item, at) =>
        outcome(() => forwarded(this.#of(item), item, { bytes: parts[at]!, trafficClass })),
      );
      return { items: await Promise.all(outcomes) };
    });
    router.handle(methods.NOTE, (question) => outcome(() => noted(this.#of(question), question)));
    router.handle(methods.LAST_CHUNK, async ({ items }) => ({
      items: await Promise.all(items.map((item) => outcome(() => lastChunk(this.#of(item), item)))),
    }));
    router.handle(methods.REMOVE, (question, { signal }) =>
      outcome(async () => ({
        kind: "removed" as const,
        ...(await remove(this.#of(question), question, { signal })),
      })),
    );
    router.handle(methods.TRUNCATE, (question, { signal }) =>
      outcome(async () => {
        await truncate(this.#of(question), question, { signal });
        return { kind: "done" as const };
      }),
    );
    router.handle(methods.REVOKE, async ({ chains, sessions, untilMs }, { signal }) => ({
      chains: await Promise.all(chains.map((at) => this.#revoke(at, { sessions, untilMs }, { signal }))),
    }));
    this.#offerSync(router);
  }

  #offerSync(router: Pick<RpcRouter, "handle">): void {
    const { sink, fetches, synced } = this.#deps;
    const syncing = async (at: ChainAt): Promise<Replica> => {
      const replica = this.#of(at);
      await enter(replica, at, "syncing");
      return replica;
    };
    router.handle(methods.SYNC_NOTES, (question) =>
      outcome(async () => await sink.notes(await syncing(question), question)),
    );
    router.handle(methods.SYNC_LIST, (question) =>
      outcome(async () => await sink.list(await syncing(question), question)),
    );
    router.handle(methods.SYNC_END, (question) =>
      outcome(async () => {
        const replica = await syncing(question);
        const answer = await sink.end(replica, question);
        if (answer.kind !== "done") return answer;
        // The version may have ended while this was made durable: in the next one it is brought up to date again.
        checkNow(replica, question, "syncing");
        synced(replica);
        replica.upToDate(question.chainVersion);
        return answer;
      }),
    );
    router.handle(methods.FETCH, (question, context) =>
      outcome(async () => {
        const replica = this.#of(question);
        await enter(replica, question, "serving");
        return await fetches.fetch(replica, question, context);
      }),
    );
  }

  async #read(
    question: ReadQuestion,
    context: CallContext,
  ): Promise<{ readonly items: readonly ReadOutcome[] }> {
    const { items, capabilities, relaxed, trafficClass } = question;
    const { room, buffers } = this.#deps;
    const memory = new ReadMemory(items);
    const { bytes } = memory;
    if (bytes > room.bytesMax) {
      throw refuse("BAD_REQUEST", `${bytes} bytes are asked for, and at most ${room.bytesMax} sent at once`);
    }
    const leave = await room.take(bytes, () => context.signal);
    const reads: ChunkRead[] = [];
    const release = (): void => {
      for (const each of reads) each.release();
      memory.release();
      leave();
    };
    await memory.take(buffers).catch((error: unknown) => {
      leave();
      throw error;
    });
    const found = await Promise.allSettled(
      items.map((item, at) =>
        outcome(async (): Promise<ReadOutcome & { readonly read?: ChunkRead }> => {
          const capability = capabilities[item.capability];
          if (capability === undefined) throw refuse("BAD_REQUEST", "an item names no capability");
          const into = memory.of(at);
          const done = await read(this.#of(item), item, { capability, relaxed, trafficClass, into });
          if (done === undefined) return { kind: "hole" };
          reads.push(done);
          const { version, chunkLength, crc, view } = done;
          return { kind: "bytes", version, chunkLength, length: view.length, crc, read: done };
        }),
      ),
    );
    const failed = found.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") {
      release();
      throw failed.reason;
    }
    const outcomes = found.map((each) => (each.status === "fulfilled" ? each.value : undefined)!);
    const pieces = outcomes.flatMap((each) =>
      each.kind === "bytes" && each.read !== undefined && each.read.view.length > 0 ? [each.read.view] : [],
    );
    if (pieces.length > 0) context.sendBack({ pieces: joined(pieces), release });
    else release();
    return { items: outcomes };
  }

  #revoke(
    at: ChainAt,
    revocation: Parameters<typeof revoke>[2],
    options: SignalOptions,
  ): Promise<{ readonly kind: "done" } | Refused> {
    return outcome(async () => {
      await revoke(this.#of(at), at, revocation, options);
      return { kind: "done" };
    });
  }

  #of({ chain }: ChainAt): Replica {
    const replica = this.#deps.replicaOf(chain);
    if (replica === undefined) throw refuse("CHAIN_CHANGED", `no replica of chain ${chain} is here`);
    return replica;
  }
}

/** An item that is refused is answered; what breaks an invariant is not. */
async function outcome<T extends { readonly kind: string }>(work: () => Promise<T>): Promise<T | Refused> {
  try {
    return await work();
  } catch (error) {
    if (!isPondError(error)) throw error;
    return refusedBy(error);
  }
}

/** The bytes of each item, in the order of the items. */
function partsOf(
  items: readonly { readonly length: number }[],
  { received }: CallContext,
): readonly Uint8Array[] {
  const bytes = items.reduce((sum, { length }) => sum + length, 0);
  const view = received?.view.subarray(0, bytes) ?? new Uint8Array(0);
  if (view.length !== bytes) throw refuse("BAD_REQUEST", `${bytes} bytes are named and ${view.length} came`);
  let at = 0;
  return items.map(({ length }) => {
    const part = view.subarray(at, at + length);
    assert(part.length === length, "every item has its bytes");
    at += length;
    return part;
  });
}
