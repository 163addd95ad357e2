/** Makes a pending version current, or gives it up. */
import { assert } from "@smallpond/base";
import type { ChainVersion } from "../../ids.ts";
import { assertKey, type ChunkKey, type ChunkVersion, keyText } from "../model/chunk.ts";
import { record, type StoreParts } from "../store/parts.ts";

export type CommitOutcome =
  /** It is current; so it was before, or a later one, when `again`. */
  | { readonly kind: "committed"; readonly again: boolean }
  /** It is not pending here. */
  | { readonly kind: "missing"; readonly pending: ChunkVersion | undefined };

export async function commit(
  parts: StoreParts,
  key: ChunkKey,
  {
    version,
    chainVersion,
    mayWait = false,
  }: {
    readonly version: ChunkVersion;
    readonly chainVersion: ChainVersion;
    readonly mayWait?: boolean;
  },
): Promise<CommitOutcome> {
  assertKey(key);
  using _turn = await parts.locks.take(keyText(key));
  const { index, pendings } = parts.state;
  const committed = index.get(key)?.version ?? 0;
  if (version <= committed) return { kind: "committed", again: true };
  const pending = pendings.get(key);
  if (pending?.version !== version) return { kind: "missing", pending: pending?.version };
  // I1: what is pending is the version behind the current one, unless all of it replaces whatever was there.
  const replaces = pending.kind === "block" && pending.replaces;
  assert(replaces || version === committed + 1, `version ${version} follows ${committed}`);
  const entry = { kind: "commit", key, version, chainVersion } as const;
  if (parts.bug === "apply-before-redo" && pending.kind === "patch") {
    for (const { page, bytes } of pending.images) await parts.files.write(pending.block, bytes, page * 4096);
  }
  const told = (batch: bigint): void => {
    parts.state.apply(entry, batch);
    parts.applier.schedule(key);
  };
  await parts.journal.append(entry, told, { mayWait });
  return { kind: "committed", again: false };
}

/** The pending version will not be; nothing happens unless it is that one. Whether it was. */
export async function discard(parts: StoreParts, key: ChunkKey, version: ChunkVersion): Promise<boolean> {
  assertKey(key);
  using _turn = await parts.locks.take(keyText(key));
  if (parts.state.pendings.get(key)?.version !== version) return false;
  await record(parts, { kind: "discard", key, version });
  return true;
}
