/** A client's read on a replica that serves (I3, I9). */
import { isPondError } from "@smallpond/base";
import type { FileData } from "../model/chunk.ts";
import type { ChunkRead } from "../ops/read.ts";
import type { ChainAt, TrafficClass } from "../protocol/common.ts";
import type { LastChunkOutcome } from "../protocol/maintain.ts";
import type { ReadItem } from "../protocol/read.ts";
import { checkNow, enter } from "./enter.ts";
import { refuse } from "./refusals.ts";
import type { Replica } from "./replica.ts";

/** Committed bytes, which whoever gets them releases; undefined for a chunk that is not there. */
export async function read(
  replica: Replica,
  item: ReadItem,
  request: {
    readonly capability: Uint8Array;
    readonly relaxed: boolean;
    readonly trafficClass: TrafficClass;
    /** As `ReadRange` has it. */
    readonly into?: Uint8Array | undefined;
  },
): Promise<ChunkRead | undefined> {
  await enter(replica, item, "serving");
  const { gate, store, shares, repairer, bug } = replica.deps;
  const { key, offset, length } = item;
  gate.check(store, request.capability, { ...key, right: "read" });
  const work = (): Promise<ChunkRead | undefined> => {
    // What is current is looked up in this turn, so all that it stands on has to hold in this turn.
    checkNow(replica, item, "serving");
    const { role } = replica;
    const knows = request.relaxed || bug === "dirty-read" || (role.kind === "serving" && role.isTail);
    if (!knows && store.state(key)?.pending !== undefined) {
      throw refuse("CHUNK_DIRTY", "an update is under way: the tail knows what is current");
    }
    return store.read(key, { offset, length, into: request.into });
  };
  try {
    return await shares.run(request.trafficClass, length, work);
  } catch (error) {
    if (isPondError(error, "CHUNK_CORRUPT")) repairer.damaged(replica, key);
    throw error;
  }
}

/** Where the file ends on this chain, of which this is the tail. */
export async function lastChunk(
  replica: Replica,
  item: ChainAt & { readonly file: FileData },
): Promise<LastChunkOutcome> {
  await enter(replica, item, "tail");
  const { committed } = replica.store.lastChunk(item.file);
  if (committed?.committed === undefined) return { kind: "none" };
  return { kind: "last", chunk: committed.key.chunk, length: committed.committed.length };
}
