/** What a target remembers beside chunks and answers: revoked sessions, and how far files are truncated. */
import { assert } from "@smallpond/base";
import type { SessionId } from "../../ids.ts";
import { type DedupeEntry, REVOCATIONS_MAX, type StoreRecord } from "../journal/records.ts";
import { assertFile } from "../model/chunk.ts";
import { storeBusy } from "../model/errors.ts";
import { record, type StoreParts } from "../store/parts.ts";
import type { RevokedSession } from "../store/revoked-table.ts";
import type { TruncatedFile } from "../store/truncated-table.ts";

/** Entries of each table that are looked at in one go. */
const LOOK_MAX = 4096;

/** Notes durably that nothing of these sessions is done any more, at most {@link REVOCATIONS_MAX} of them. */
export async function revoke(
  parts: StoreParts,
  { sessions, untilMs }: { readonly sessions: readonly SessionId[]; readonly untilMs: number },
): Promise<void> {
  assert(sessions.length <= REVOCATIONS_MAX, `${sessions.length} sessions are revoked at once`);
  assert(Number.isFinite(untilMs), "a revocation ends some day");
  if (sessions.length === 0) return;
  const { revoked } = parts.state;
  const { revokedMax } = parts.settings;
  const added = sessions.filter((session) => !revoked.has(session)).length;
  if (added > 0 && revoked.size + added > revokedMax) {
    revoked.forgetDue(parts.clock.wallMs(), revoked.size);
    if (revoked.size + added > revokedMax) throw storeBusy(`${revokedMax} revoked sessions are remembered`);
  }
  await record(parts, { kind: "revoke", sessions, untilMs });
}

/** Notes durably that truncations of the file up to this version are done. */
export async function noteTruncated(parts: StoreParts, note: TruncatedFile): Promise<void> {
  const { file, truncateVersion } = note;
  assertFile(file);
  const { truncated } = parts.state;
  const known = truncated.get(file);
  if (known !== undefined && known >= truncateVersion) return;
  const { truncatedMax } = parts.settings;
  if (known === undefined && truncated.size >= truncatedMax) {
    throw storeBusy(`the truncations of ${truncatedMax} files are remembered`);
  }
  await record(parts, { kind: "truncated", file, truncateVersion });
}

/** What a target remembers beside chunks. */
export interface Notes {
  readonly answers: readonly DedupeEntry[];
  readonly revoked: readonly RevokedSession[];
  readonly truncated: readonly TruncatedFile[];
}

/**
 * All of it, at most `limit` entries at a time. What changes between two steps is given as it was or as it is: whoever keeps
 * the newest of what it is told ends with what is here, if it also hears of the changes.
 */
export function* pagesOfNotes({ state }: StoreParts, limit: number): Generator<Notes, void, undefined> {
  const none: Notes = { answers: [], revoked: [], truncated: [] };
  for (const answers of inPages(state.dedupe.entries(), limit)) yield { ...none, answers };
  for (const revoked of inPages(state.revoked.entries(), limit)) yield { ...none, revoked };
  for (const truncated of inPages(state.truncated.entries(), limit)) yield { ...none, truncated };
}

/** Takes notes of a predecessor over, durably; of two about the same the newer one stays. At most a few thousand. */
export async function takeNotes(parts: StoreParts, notes: Notes): Promise<void> {
  const records: StoreRecord[] = notes.answers.map((answer) => ({ kind: "remember", ...answer }));
  for (const { session, untilMs } of notes.revoked) {
    records.push({ kind: "revoke", sessions: [session], untilMs });
  }
  for (const truncated of notes.truncated) records.push({ kind: "truncated", ...truncated });
  // Before anything is awaited, so they share batches.
  await Promise.all(records.map((entry) => record(parts, entry)));
}

/**
 * Forgets a few thousand of what is due at most: revoked sessions whose end has passed by the wall clock, and what idle
 * sessions were answered. Not durable, and need not be: what a start brings back is forgotten again. How many.
 */
export function forgetDue({ state, settings }: StoreParts, wallMs: number): number {
  const sessions = state.dedupe.forgetIdle(settings.answersIdleMs, LOOK_MAX);
  return sessions + state.revoked.forgetDue(wallMs, LOOK_MAX);
}

function* inPages<T>(entries: Iterable<T>, limit: number): Generator<readonly T[], void, undefined> {
  let page: T[] = [];
  for (const entry of entries) {
    page.push(entry);
    if (page.length < limit) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
