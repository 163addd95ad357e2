/** Whether a message may be acted by, at this moment, on this replica (I4, I5). Refuses with the reason. */
import type { ChainAt } from "../protocol/common.ts";
import { refuse } from "./refusals.ts";
import type { Replica } from "./replica.ts";
import type { Role } from "./role.ts";

type Wanted = "head" | "tail" | "serving" | "successor" | "syncing";

/** Waits a moment for a version that the sender knows and this node does not, and until it has been taken up. */
export async function enter(replica: Replica, at: ChainAt, wanted: Wanted): Promise<void> {
  const { clock } = replica.deps;
  const untilMs = clock.monotonicMs() + replica.settings.behindMs;
  while (isBehind(replica, at) && clock.monotonicMs() < untilMs && !replica.isClosed)
    await clock.sleep(LOOK_MS);
  checkNow(replica, at, wanted);
  await replica.ready();
  checkNow(replica, at, wanted);
}

const LOOK_MS = 5;

/** The same, without waiting: for what has to hold where it is acted by. */
export function checkNow(replica: Replica, at: ChainAt, wanted: Wanted): void {
  const { chain, chainVersion, role } = replica;
  const anyVersion = replica.deps.bug === "any-chain-version";
  if (chain !== at.chain || (chainVersion !== at.chainVersion && !anyVersion)) {
    throw refuse("CHAIN_CHANGED", `the chain has version ${chainVersion ?? "none"} here`, { chainVersion });
  }
  if (!replica.takesPart())
    throw refuse("NOT_READY", `target ${replica.target} does not take part at the moment`);
  if (!isFit(role, wanted)) {
    throw refuse("CHAIN_CHANGED", `target ${replica.target} is not what was asked for in its chain`, {
      chainVersion,
    });
  }
}

function isBehind({ chain, chainVersion }: Replica, at: ChainAt): boolean {
  return chain === at.chain && chainVersion !== undefined && chainVersion < at.chainVersion;
}

function isFit(role: Role, wanted: Wanted): boolean {
  if (role.kind === "idle") return false;
  if (wanted === "syncing") return role.kind === "syncing";
  if (wanted === "successor") return role.kind === "syncing" || !role.isHead;
  if (role.kind !== "serving") return false;
  if (wanted === "head") return role.isHead;
  return wanted === "tail" ? role.isTail : true;
}
