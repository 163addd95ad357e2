/** What a target remembers beside chunks and answers: revoked sessions, and how far files are truncated. */
import { assert } from "@smallpond/base";
import type { SessionId } from "../../ids.ts";
import { REVOCATIONS_MAX } from "../journal/records.ts";
import { assertFile } from "../model/chunk.ts";
import { storeBusy } from "../model/errors.ts";
import { record, type StoreParts } from "../store/parts.ts";
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

/**
 * Forgets a few thousand of what is due at most: revoked sessions whose end has passed by the wall clock, and what idle
 * sessions were answered. Not durable, and need not be: what a start brings back is forgotten again. How many.
 */
export function forgetDue({ state, settings }: StoreParts, wallMs: number): number {
  const sessions = state.dedupe.forgetIdle(settings.answersIdleMs, LOOK_MAX);
  return sessions + state.revoked.forgetDue(wallMs, LOOK_MAX);
}
