/** A client's write at the head of a chain: once, on every replica, before it is answered (I2, I8). */
import { isPondError } from "@smallpond/base";
import type { SessionId } from "../../ids.ts";
import { type ChunkKey, keyText } from "../model/chunk.ts";
import type { UpdateOptions } from "../ops/update.ts";
import type { ChainAt, ChunkAfter, TrafficClass } from "../protocol/common.ts";
import type { ForwardedAction } from "../protocol/forward.ts";
import type { WriteItem } from "../protocol/write.ts";
import type { UpdateOperation } from "../store/plan-update.ts";
import { checkNow, enter } from "./enter.ts";
import { expectSame, passOn } from "./pass-on.ts";
import { Patience } from "./patience.ts";
import { readAnswer, recordedAnswer } from "./recorded-answer.ts";
import { refuse } from "./refusals.ts";
import type { Replica } from "./replica.ts";
import type { Successor } from "./role.ts";
import { commit, expectCommitted, settle } from "./settle.ts";

export interface WriteRequest {
  readonly capability: Uint8Array;
  /** The handler's until the write has been answered. */
  readonly bytes: Uint8Array;
  readonly trafficClass: TrafficClass;
}

export async function write(replica: Replica, item: WriteItem, request: WriteRequest): Promise<ChunkAfter> {
  await enter(replica, item, "head");
  const { gate, store } = replica.deps;
  const use = { ...item.key, right: "write" } as const;
  const { session } = gate.check(store, request.capability, use);
  if (replica.inFlight.count >= replica.settings.updatesMax) {
    throw refuse("STORE_BUSY", `${replica.settings.updatesMax} updates are under way`);
  }
  return await new Promise<ChunkAfter>((resolve, reject) => {
    const patience = new Patience(replica, reject);
    const work = async (): Promise<ChunkAfter> => {
      using version = replica.watchVersion();
      using _turn = await replica.turns.take(keyText(item.key), version);
      checkNow(replica, item, "head");
      gate.check(store, request.capability, use);
      const guard = (): void => checkNow(replica, item, "head");
      return await once(replica, item, { session, patience, guard, ...request });
    };
    // It has the turn until it has ended, also when nobody waits any more.
    replica.tasks.spawn(() => replica.inFlight.run(session, work).then(resolve, reject));
  });
}

interface Asked extends WriteRequest {
  readonly session: SessionId;
  readonly patience: Patience;
  readonly guard: () => void;
}

/** With the chunk's turn. */
async function once(replica: Replica, item: WriteItem, asked: Asked): Promise<ChunkAfter> {
  const { store, probes } = replica.deps;
  const { channel, sequence, request, key } = item;
  const { session, patience } = asked;
  const known = store.answerTo(session, channel);
  if (known !== undefined && known.sequence > sequence) {
    throw refuse(
      "STALE_REQUEST",
      `request ${sequence} of channel ${channel} comes after request ${known.sequence}`,
    );
  }
  if (store.state(key)?.pending !== undefined) {
    probes.mark("chain: a write settles what is pending first");
    const late = refuse("NOT_READY", "an earlier update of the chunk is not settled yet");
    await patience.during(() => settle(replica, key), late);
    if (patience.isOver) throw late;
    asked.guard();
  }
  if (known !== undefined && known.sequence === sequence) {
    if (known.request !== request)
      throw refuse("BAD_REQUEST", `another request has number ${sequence} of its channel`);
    probes.mark("chain: a request is answered again");
    return readAnswer(known);
  }
  const { offset, crc } = item;
  const operation = { kind: "write", offset, bytes: asked.bytes, crc } as const;
  const identity = { session, channel, sequence, request };
  const { guard, trafficClass } = asked;
  return await update(replica, key, operation, { identity, patience, guard, trafficClass });
}

type Identity = Omit<NonNullable<UpdateOptions["dedupe"]>, "result">;
type Operation = Exclude<UpdateOperation, { kind: "remove" }>;

export interface UpdateRequest {
  readonly identity: Identity | undefined;
  readonly trafficClass: TrafficClass;
  /** Throws unless the update may be begun at this moment: it may have waited for its share of the node. */
  readonly guard: () => void;
  /** Whoever waits; nobody does for ever. */
  readonly patience?: Patience;
}

/** An update of a chunk with nothing pending, through the whole chain. With the chunk's turn. */
export async function update(
  replica: Replica,
  key: ChunkKey,
  operation: Operation,
  request: UpdateRequest,
): Promise<ChunkAfter> {
  const { store, shares, repairer, bug } = replica.deps;
  const { identity, trafficClass } = request;
  const dedupe = identity && { ...identity, result: recordedAnswer };
  const bytes = operation.kind === "write" ? operation.bytes.length : 0;
  const prepare = () => {
    request.guard();
    return store.update(key, operation, dedupe === undefined ? {} : { dedupe });
  };
  const outcome = await shares.run(trafficClass, bytes, prepare).catch((error: unknown): never => {
    // Bytes of the chunk that stay as they are have to be read, too.
    if (isPondError(error, "CHUNK_CORRUPT")) repairer.damaged(replica, key);
    throw error;
  });
  if (outcome.kind !== "prepared") {
    throw refuse("UNKNOWN_OUTCOME", `an update found its chunk ${outcome.kind}`);
  }
  const { version, length, crc } = outcome;
  const after = { version, length, crc };
  const { role } = replica;
  const at = replica.at();
  const successor = role.kind === "serving" ? role.successor : undefined;
  if (bug === "ack-before-forward" && successor !== undefined) {
    await commit(replica, key, version);
    replica.tasks.spawn(() => tellLater(replica, successor, { at, key, after }));
    return after;
  }
  if (role.kind === "serving" && successor === undefined) await commit(replica, key, version);
  else if (!(await passedOn(replica, successor, { at, key, operation, after, request }))) {
    const late = refuse("UNKNOWN_OUTCOME", "the chain has not taken the update yet");
    const work = (): Promise<void> => settle(replica, key);
    await (request.patience === undefined ? work() : request.patience.during(work, late));
    expectCommitted(replica, key, after);
  }
  return after;
}

/**
 * The first try, with the bytes as they came, where they mean something to whoever is behind; for as long as anybody should
 * wait. From then on all of the chunk is sent, from the store.
 */
async function passedOn(
  replica: Replica,
  successor: Successor | undefined,
  update: {
    readonly at: ChainAt;
    readonly key: ChunkKey;
    readonly operation: Operation;
    readonly after: ChunkAfter;
    readonly request: UpdateRequest;
  },
): Promise<boolean> {
  if (successor === undefined || successor.syncs) return false;
  const { at, key, operation, after, request } = update;
  const { identity: dedupe, trafficClass } = request;
  const bytes = operation.kind === "write" ? operation.bytes : undefined;
  const stop = new AbortController();
  const { clock } = replica.deps;
  const ended = new AbortController();
  const late = (): void => stop.abort(refuse("UNKNOWN_OUTCOME", "the successor has not answered yet"));
  using version = replica.watchVersion();
  version.signal.addEventListener("abort", late, { once: true });
  clock.sleep(replica.settings.patienceMs, { signal: ended.signal }).then(late, () => {});
  try {
    const passing = {
      at,
      key,
      version: after.version,
      action: actionOf(operation),
      bytes,
      dedupe,
      trafficClass,
    };
    const there = await passOn(replica, successor, passing, { signal: stop.signal });
    expectSame(replica, key, after, there);
    await commit(replica, key, after.version);
    return true;
  } catch {
    return false;
  } finally {
    ended.abort();
  }
}

function actionOf(operation: Operation): ForwardedAction {
  if (operation.kind === "truncate") return operation;
  const { offset, bytes, crc } = operation;
  return { kind: "write", offset, length: bytes.length, crc: crc ?? 0 };
}

/** What the planted bug does: it is committed here, and may never come to the others. */
async function tellLater(
  replica: Replica,
  successor: Successor,
  update: { readonly at: ChainAt; readonly key: ChunkKey; readonly after: ChunkAfter },
): Promise<void> {
  const { at, key, after } = update;
  const read = await replica.store.readLatest(key);
  try {
    const { version, length, crc } = after;
    if (read?.version !== version) return;
    const action = { kind: "replace", length, crc, committedAt: undefined } as const;
    const passing = {
      at,
      key,
      version,
      action,
      bytes: read.view,
      dedupe: undefined,
      trafficClass: "foreground",
    } as const;
    await passOn(replica, successor, passing).catch(() => {});
  } finally {
    read?.release();
  }
}
