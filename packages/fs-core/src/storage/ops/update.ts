/**
 * Prepares an update: afterwards it is as durable as the setting says, and nobody sees it until it is committed.
 *
 * Versions rise by one (I1). A version that is known already is answered with what it became, so a request that comes twice
 * takes effect once; one that skips a version is refused.
 */
import { assert } from "@smallpond/base";
import { CHUNK_BYTES_MAX } from "../blocks/block-id.ts";
import { type DedupeEntry, RESULT_BYTES_MAX } from "../journal/records.ts";
import { assertKey, type ChunkKey, type ChunkVersion, isVersion, keyText, NO_BLOCK } from "../model/chunk.ts";
import { badRequest, payloadCorrupt, storeBusy, storeFull } from "../model/errors.ts";
import { record, type StoreParts } from "../store/parts.ts";
import type { Pending } from "../store/pending-table.ts";
import { planUpdate, type UpdateOperation } from "../store/plan-update.ts";
import { committedView, type HeldView } from "../store/views.ts";
import { writeBlock, writePatch } from "../store/write-pages.ts";

/** Sessions forgotten at once where one more answer needs room. */
const FORGET_SESSIONS = 256;

export interface UpdateOptions {
  /** The next one, where the caller decides which that is: at the head of a chain. */
  readonly version?: ChunkVersion;
  /** Comes from another replica: it is not refused while the disk is nearly full, only when it is. */
  readonly isForwarded?: boolean;
  /** Remembered together with the update (I8). Its result is made from what the update becomes. */
  readonly dedupe?: Omit<DedupeEntry, "result"> & { readonly result: (done: PreparedUpdate) => Uint8Array };
}

export interface PreparedUpdate {
  readonly version: ChunkVersion;
  /** Of the chunk, once committed; 0 and 0 when it is removed. */
  readonly length: number;
  readonly crc: number;
}

export type UpdateOutcome =
  | ({ readonly kind: "prepared" } & PreparedUpdate)
  /** It was prepared before. */
  | ({ readonly kind: "pending" } & PreparedUpdate)
  /** It, or a later version, is committed: here is what is current. */
  | ({ readonly kind: "committed" } & PreparedUpdate)
  /** Another version is pending and has to be committed or discarded first. */
  | { readonly kind: "busy"; readonly pending: ChunkVersion }
  /** A version before it is not here. */
  | { readonly kind: "missing"; readonly next: ChunkVersion };

export async function update(
  parts: StoreParts,
  key: ChunkKey,
  request: { readonly operation: UpdateOperation; readonly options: UpdateOptions },
): Promise<UpdateOutcome> {
  assertKey(key);
  checkOperation(parts, key, request.operation);
  using _turn = await parts.locks.take(keyText(key));
  const known = knownOutcome(parts, key, request.options.version);
  if (known !== undefined) return known;
  checkBounds(parts, request);
  const version = (parts.state.index.get(key)?.version ?? 0) + 1;
  const { operation, options } = request;
  if (operation.kind === "remove") return await prepareRemove(parts, key, { version, options });
  const before = await committedView(parts, key);
  try {
    return await prepareBytes(parts, { key, version, before, operation, options });
  } finally {
    before?.release();
  }
}

function checkOperation(parts: StoreParts, key: ChunkKey, operation: UpdateOperation): void {
  if (operation.kind === "remove") return;
  const end = operation.kind === "write" ? operation.offset + operation.bytes.length : operation.length;
  const start = operation.kind === "write" ? operation.offset : 0;
  if (!Number.isSafeInteger(start) || start < 0 || !Number.isSafeInteger(end) || end < start) {
    throw badRequest(`a chunk has no bytes ${start} to ${end}`);
  }
  if (end > CHUNK_BYTES_MAX) throw badRequest(`a chunk has at most ${CHUNK_BYTES_MAX} bytes, not ${end}`);
  if (operation.kind === "write" && operation.crc !== undefined) {
    if (parts.crc.of(operation.bytes) !== operation.crc) throw payloadCorrupt(key);
  }
}

/** The answer to a version that is not the next one. */
function knownOutcome(
  parts: StoreParts,
  key: ChunkKey,
  version: ChunkVersion | undefined,
): UpdateOutcome | undefined {
  assert(version === undefined || isVersion(version), `not a version: ${version}`);
  const committed = parts.state.index.get(key);
  const pending = parts.state.pendings.get(key);
  if (version !== undefined && pending?.version === version) return { kind: "pending", ...becomes(pending) };
  if (version !== undefined && committed !== undefined && version <= committed.version) {
    const { version: current, length, crc } = committed;
    return { kind: "committed", version: current, length, crc };
  }
  if (pending !== undefined) {
    return version === undefined || version <= pending.version
      ? { kind: "busy", pending: pending.version }
      : { kind: "missing", next: pending.version };
  }
  const next = (committed?.version ?? 0) + 1;
  return version === undefined || version === next ? undefined : { kind: "missing", next };
}

export function becomes(pending: Pending): PreparedUpdate {
  const { version } = pending;
  return pending.kind === "remove"
    ? { version, length: 0, crc: 0 }
    : { version, length: pending.length, crc: pending.crc };
}

function checkBounds(
  parts: StoreParts,
  { operation, options }: { readonly operation: UpdateOperation; readonly options: UpdateOptions },
): void {
  const { settings, state, journal } = parts;
  const { dedupe } = options;
  // Who passes an update on has accepted it and goes on trying: it is refused only where somebody must be at fault.
  const times = options.isForwarded === true ? 2 : 1;
  const pendingMax = settings.pendingMax * times;
  if (state.pendings.size >= pendingMax) throw storeBusy(`${pendingMax} chunks are pending`);
  // What is promised has to be committed, and what is removed makes room: the last of the journal is for those.
  const mayRefuse = options.isForwarded !== true && operation.kind !== "remove";
  if (mayRefuse && journal.roomBytes < settings.segmentBytes / 2) {
    // There may be room by now for those who ask again.
    journal.makeRoom();
    throw storeFull("the journal");
  }
  if (dedupe === undefined || state.dedupe.get(dedupe.session, dedupe.channel) !== undefined) return;
  const dedupeMax = settings.dedupeMax * times;
  if (state.dedupe.size < dedupeMax) return;
  if (state.dedupe.forgetIdle(settings.answersIdleMs, FORGET_SESSIONS) > 0) return;
  throw storeBusy(`${dedupeMax} answers are remembered`);
}

async function prepareRemove(
  parts: StoreParts,
  key: ChunkKey,
  { version, options }: { readonly version: ChunkVersion; readonly options: UpdateOptions },
): Promise<UpdateOutcome> {
  const done = { version, length: 0, crc: 0 };
  await record(parts, { kind: "prepare-remove", key, version, dedupe: answerOf(options, done) });
  return { kind: "prepared", ...done };
}

async function prepareBytes(
  parts: StoreParts,
  update: {
    readonly key: ChunkKey;
    readonly version: ChunkVersion;
    readonly before: HeldView | undefined;
    readonly operation: Exclude<UpdateOperation, { kind: "remove" }>;
    readonly options: UpdateOptions;
  },
): Promise<UpdateOutcome> {
  const { key, version, before, operation, options } = update;
  const { settings, space } = parts;
  const isShared = before !== undefined && before.block !== NO_BLOCK && !space.isSole(before.block);
  const plan = planUpdate(before, operation, { patchBytesMax: settings.patchBytesMax, isShared });
  const bytes = operation.kind === "write" ? operation.bytes : new Uint8Array(0);
  const mayRefuse = options.isForwarded !== true && before === undefined;
  const request = { key, plan, bytes, mayRefuse };
  if (plan.kind === "patch") {
    assert(before !== undefined, "a patch changes a chunk that is there");
    // Images of commits that are not durable yet wait for that.
    if (parts.state.redo.bytes > settings.redoBytesMax) await parts.journal.sync();
    await parts.applier.below(settings.redoBytesMax);
    const patch = await writePatch(parts, { ...request, before });
    const done = { version, length: patch.length, crc: patch.crc };
    const dedupe = answerOf(options, done);
    await record(parts, { kind: "prepare-patch", key, version, dedupe, ...patch, block: before.block });
    return { kind: "prepared", ...done };
  }
  const written = await writeBlock(parts, { ...request, before });
  const done = { version, length: written.length, crc: written.crc };
  const dedupe = answerOf(options, done);
  try {
    await record(parts, { kind: "prepare-block", key, version, dedupe, ...written, replaces: false });
  } catch (error) {
    giveUp(parts, written.block);
    throw error;
  }
  return { kind: "prepared", ...done };
}

/** A block that no record names. After a failure of the journal one might, and it stays as it is. */
export function giveUp(parts: StoreParts, block: number): void {
  if (block !== NO_BLOCK && parts.journal.failure === undefined) parts.space.release(block, 0n);
}

function answerOf({ dedupe }: UpdateOptions, done: PreparedUpdate): DedupeEntry | undefined {
  if (dedupe === undefined) return undefined;
  const result = dedupe.result(done);
  assert(result.length <= RESULT_BYTES_MAX, `an answer has at most ${RESULT_BYTES_MAX} bytes`);
  const { session, channel, sequence, request } = dedupe;
  return { session, channel, sequence, request, result };
}
