/** One question to write, of many items; their bytes are sent from where they are. */
import { assert } from "@smallpond/base";
import type { Piece } from "@smallpond/fs-native";
import type { TrafficClass } from "../../storage/protocol/common.ts";
import { WRITE } from "../../storage/protocol/methods.ts";
import type { WriteItem, WriteOutcome } from "../../storage/protocol/write.ts";
import type { Caller } from "../../wire/rpc/method.ts";
import { CapabilityTable } from "./capabilities.ts";
import type { LaneItem } from "./node-lane.ts";

export interface WriteLaneItem extends LaneItem {
  readonly write: Omit<WriteItem, "capability">;
  readonly capability: Uint8Array;
  readonly pieces: readonly Piece[];
}

export async function askToWrite(
  caller: Caller,
  items: readonly WriteLaneItem[],
  options: {
    readonly signal: AbortSignal;
    readonly timeoutMs: number;
    readonly trafficClass: TrafficClass;
  },
): Promise<readonly WriteOutcome[]> {
  const { signal, timeoutMs, trafficClass } = options;
  const table = new CapabilityTable();
  const asked = items.map(({ write, capability }) => ({ ...write, capability: table.numberOf(capability) }));
  const send = items.flatMap(({ pieces }) => pieces);
  const answer = await caller.call(
    WRITE,
    { trafficClass, capabilities: table.all, items: asked },
    { signal, timeoutMs, ...(send.length === 0 ? {} : { send }) },
  );
  assert(answer.items.length === items.length, "every item has an outcome");
  return answer.items;
}
