/** One question to read, of many items: bytes land in one lease and are copied out of it, or land where they belong. */
import { assert, PondError } from "@smallpond/base";
import type { BufferLease, BufferPool, Crc32c, LeasePart } from "@smallpond/fs-native";
import type { TrafficClass } from "../../storage/protocol/common.ts";
import { READ } from "../../storage/protocol/methods.ts";
import type { ReadItem, ReadOutcome } from "../../storage/protocol/read.ts";
import type { Caller } from "../../wire/rpc/method.ts";
import { CapabilityTable } from "./capabilities.ts";
import { viewOf } from "./memory.ts";
import type { LaneItem } from "./node-lane.ts";

export interface ReadLaneItem extends LaneItem {
  readonly read: Omit<ReadItem, "capability">;
  readonly capability: Uint8Array;
  readonly into: Uint8Array;
  /** Where bytes can land, for an item that goes alone. */
  readonly direct: BufferLease | LeasePart | undefined;
}

export interface ReadLaneDeps {
  readonly caller: Caller;
  readonly pool: BufferPool;
  readonly crc32c: Crc32c;
  /** Told of bytes that were copied once more on their way. */
  readonly onCopied: (bytes: number) => void;
}

/** The item's memory has the bytes; or why not. */
export type ReadLaneOutcome =
  | Exclude<ReadOutcome, { kind: "bytes" }>
  | (ReadOutcome & { readonly kind: "bytes" });

export async function askToRead(
  deps: ReadLaneDeps,
  items: readonly ReadLaneItem[],
  options: {
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly relaxed: boolean;
    readonly trafficClass: TrafficClass;
  },
): Promise<readonly ReadLaneOutcome[]> {
  const { caller, pool } = deps;
  const { signal, timeoutMs, relaxed, trafficClass } = options;
  const [only] = items;
  const direct = items.length === 1 ? only?.direct : undefined;
  const bytesMax = items.reduce((sum, { into }) => sum + into.length, 0);
  const lease = direct === undefined ? await pool.take(bytesMax, { signal }) : undefined;
  try {
    const table = new CapabilityTable();
    const asked = items.map(({ read, capability }) => ({ ...read, capability: table.numberOf(capability) }));
    let received = 0;
    const answer = await caller.call(
      READ,
      { trafficClass, relaxed, capabilities: table.all, items: asked },
      { signal, timeoutMs, into: direct ?? lease!, onBulk: (bytes) => (received = bytes) },
    );
    const bulk = (lease === undefined ? viewOf(direct!) : lease.view).subarray(0, received);
    return distribute(deps, { items, outcomes: answer.items, bulk, isDirect: lease === undefined });
  } finally {
    lease?.release();
  }
}

function distribute(
  { crc32c, onCopied }: ReadLaneDeps,
  answer: {
    readonly items: readonly ReadLaneItem[];
    readonly outcomes: readonly ReadOutcome[];
    readonly bulk: Uint8Array;
    readonly isDirect: boolean;
  },
): readonly ReadLaneOutcome[] {
  const { items, outcomes, bulk, isDirect } = answer;
  assert(outcomes.length === items.length, "every item has an outcome");
  let at = 0;
  return outcomes.map((outcome, i) => {
    const { into, signal } = items[i]!;
    if (outcome.kind !== "bytes") return outcome;
    const bytes = bulk.subarray(at, at + outcome.length);
    at += outcome.length;
    if (bytes.length !== outcome.length || bytes.length > into.length) throw cutShort();
    // On the way, or before: another replica may have the bytes as they were written (I9).
    if (crc32c.of(bytes) !== outcome.crc) {
      const message = "the bytes that arrived are not those that were sent";
      return { kind: "refused", code: "CHUNK_CORRUPT", message, chainVersion: undefined };
    }
    if (!isDirect && signal?.aborted !== true) {
      into.set(bytes);
      onCopied(bytes.length);
    }
    return outcome;
  });
}

function cutShort(): PondError {
  return new PondError("BAD_MESSAGE", {
    kind: "unknown-outcome",
    message: "the bytes of an answer are not those that it says it has",
  });
}
