/** Sends a committed chunk to the replica that is being brought up to date. With the chunk's turn. */
import type { SignalOptions } from "@smallpond/base";
import type { ChunkKey } from "../model/chunk.ts";
import type { TrafficClass } from "../protocol/common.ts";
import { expectSame, passOn } from "./pass-on.ts";
import { refuse } from "./refusals.ts";
import type { Replica } from "./replica.ts";
import { expectServing } from "./settle.ts";

export async function sendWhole(
  replica: Replica,
  key: ChunkKey,
  { signal, trafficClass = "resync" }: SignalOptions & { readonly trafficClass?: TrafficClass },
): Promise<boolean> {
  const { store, role } = replica;
  expectServing(replica);
  // With the turn free, what is pending was left behind, perhaps after it had been brought there: what is committed is older.
  if (store.state(key)?.pending !== undefined) {
    throw refuse("NOT_READY", "an update of the chunk is not settled yet");
  }
  const at = replica.at();
  const successor = role.kind === "serving" ? role.successor : undefined;
  if (successor === undefined) throw refuse("CHAIN_CHANGED", "there is nobody to send a chunk to");
  const committed = store.state(key)?.committed;
  if (committed === undefined) return false;
  const { version, length, crc, chainVersion: committedAt } = committed;
  const read = await store.read(key, { offset: 0, length });
  if (read === undefined) return false;
  try {
    const action = { kind: "replace", length, crc, committedAt } as const;
    const passing = { at, key, version, action, bytes: read.view, dedupe: undefined, trafficClass };
    const there = await passOn(replica, successor, passing, { signal });
    expectSame(replica, key, { version, length, crc }, there);
    return true;
  } finally {
    read.release();
  }
}
