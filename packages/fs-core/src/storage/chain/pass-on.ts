/** One message about a chunk to the successor that there is now. */
import type { SignalOptions } from "@smallpond/base";
import type { ChunkKey } from "../model/chunk.ts";
import type { ChainAt, ChunkAfter, TrafficClass } from "../protocol/common.ts";
import type { ForwardedAction, ForwardItem } from "../protocol/forward.ts";
import { refusalError, refuse } from "./refusals.ts";
import type { Replica } from "./replica.ts";
import type { Successor } from "./role.ts";

export interface Passing {
  /** As it was when the successor was looked up: under another version it may be somebody else's. */
  readonly at: ChainAt;
  readonly key: ChunkKey;
  readonly version: number;
  readonly action: ForwardedAction;
  readonly bytes: Uint8Array | undefined;
  readonly dedupe: ForwardItem["dedupe"];
  readonly trafficClass: TrafficClass;
}

/** What the chunk is there, committed. Rejects with why it is not known to be. */
export async function passOn(
  replica: Replica,
  successor: Successor,
  passing: Passing,
  options: SignalOptions = {},
): Promise<ChunkAfter> {
  const { links } = replica;
  const { at, bytes, trafficClass, ...rest } = passing;
  const sequence = links.begin();
  try {
    const item = (): ForwardItem => ({ ...at, ...rest, link: links.link(sequence) });
    const outcome = await replica.deps
      .forwarderTo(successor.target)
      .send(item, { ...options, bytes, trafficClass });
    if (outcome.kind === "refused") throw refusalError(outcome);
    return outcome;
  } finally {
    links.end(sequence);
  }
}

/** What two replicas have as the same version must be the same (I1): otherwise one of them is not to be believed. */
export function expectSame(replica: Replica, key: ChunkKey, here: ChunkAfter, there: ChunkAfter): void {
  if (here.version === there.version && here.length === there.length && here.crc === there.crc) return;
  const said = `${here.version}/${here.length}/${here.crc} here, ${there.version}/${there.length}/${there.crc} there`;
  replica.deps.log.error("replicas differ", {
    target: replica.target,
    inode: key.inode,
    chunk: key.chunk,
    said,
  });
  throw refuse("UNKNOWN_OUTCOME", `the successor of target ${replica.target} has something else: ${said}`);
}
