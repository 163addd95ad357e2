/** What metadata services ask of the head: removal of data that is gone, truncation, revocation. */
import type { SignalOptions } from "@smallpond/base";
import type { SessionId } from "../../ids.ts";
import { type ChunkKey, type FileData, fileText, keyText } from "../model/chunk.ts";
import { type ChainAt, PROTOCOL_LIMITS } from "../protocol/common.ts";
import type { ChainNote } from "../protocol/forward.ts";
import type { RemoveQuestion, TruncateQuestion } from "../protocol/maintain.ts";
import { checkNow, enter } from "./enter.ts";
import { applyNote } from "./notes.ts";
import type { Replica } from "./replica.ts";
import { settle } from "./settle.ts";
import { update } from "./write.ts";

/** Chunks that are cut at once. */
const SIDE_BY_SIDE = 16;

export async function remove(
  replica: Replica,
  question: RemoveQuestion,
  options: SignalOptions,
): Promise<{ readonly chunks: number; readonly more: boolean }> {
  await enter(replica, question, "head");
  const { file } = question;
  const all = chunksOf(replica, file, 0);
  const limit = Math.min(question.chunksMax, PROTOCOL_LIMITS.entriesMax);
  const chunks = all.slice(Math.max(0, all.length - limit));
  // Also with nothing to remove: others may remember a truncation of the file.
  await throughTheChain(replica, question, { kind: "remove", file, chunks }, options);
  return { chunks: chunks.length, more: chunks.length < all.length };
}

export async function truncate(
  replica: Replica,
  question: TruncateQuestion,
  options: SignalOptions,
): Promise<void> {
  await enter(replica, question, "head");
  const { file, truncateVersion, from, cut } = question;
  using _turn = await replica.turns.take(`file ${fileText(file)}`, options);
  if (isDone(replica, question)) return;
  const wanted = new Map(chunksOf(replica, file, from).map((chunk) => [chunk, 0]));
  if (cut !== undefined) wanted.set(cut.chunk, cut.length);
  const waiting = [...wanted];
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      options.signal?.throwIfAborted();
      const [chunk, length] = next;
      await cutChunk(replica, question, { key: { ...file, chunk }, length });
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: SIDE_BY_SIDE }, work));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  await throughTheChain(replica, question, { kind: "truncated", file, truncateVersion }, options);
}

export async function revoke(
  replica: Replica,
  at: ChainAt,
  revocation: { readonly sessions: readonly SessionId[]; readonly untilMs: number },
  options: SignalOptions,
): Promise<void> {
  await enter(replica, at, "head");
  const { store, inFlight } = replica;
  const { sessions, untilMs } = revocation;
  // From here on nothing of theirs begins; what was begun ends before anybody is told.
  await store.revoke({ sessions, untilMs });
  await inFlight.settled(sessions);
  const theirs = new Set(sessions);
  for (const { key, pending } of store.pendings()) {
    const session = pending?.dedupe?.session;
    if (session === undefined || !theirs.has(session)) continue;
    await replica.withChunk(key, () => settle(replica, key, options), options);
  }
  await throughTheChain(replica, at, { kind: "revoked", sessions, untilMs }, options);
}

/** Those behind first. */
async function throughTheChain(
  replica: Replica,
  at: ChainAt,
  note: ChainNote,
  options: SignalOptions,
): Promise<void> {
  checkNow(replica, at, "head");
  await applyNote(replica, at, note, { ...options, as: "head" });
}

async function cutChunk(
  replica: Replica,
  question: TruncateQuestion,
  { key, length }: { readonly key: ChunkKey; readonly length: number },
): Promise<void> {
  using _turn = await replica.turns.take(keyText(key));
  checkNow(replica, question, "head");
  if (replica.store.state(key)?.pending !== undefined) await settle(replica, key);
  checkNow(replica, question, "head");
  const committed = replica.store.state(key)?.committed;
  if (committed === undefined || committed.length <= length) return;
  const guard = (): void => checkNow(replica, question, "head");
  const options = { identity: undefined, trafficClass: "control", guard } as const;
  await update(replica, key, { kind: "truncate", length }, options);
}

function isDone({ store }: Replica, { file, truncateVersion }: TruncateQuestion): boolean {
  return (store.truncatedUpTo(file) ?? -1) >= truncateVersion;
}

/** In order, from `from` on. */
function chunksOf({ store }: Replica, file: FileData, from: number): readonly number[] {
  const found: number[] = [];
  for (let next = from; ; ) {
    const page = store.list({ ...file, chunk: next }, PROTOCOL_LIMITS.entriesMax);
    for (const { key } of page) {
      if (key.inode !== file.inode || key.dataVersion !== file.dataVersion) return found;
      found.push(key.chunk);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PROTOCOL_LIMITS.entriesMax || last.key.chunk === 0xffff_ffff)
      return found;
    next = last.key.chunk + 1;
  }
}
