/** Whether an operator may take a replica out. The taking itself waits until the replica has let go (I5). */
import type { TargetId } from "../../../ids.ts";
import type { Chain } from "../../model/chain.ts";
import { mgmtdError } from "../../model/errors.ts";
import { memberOf } from "./members.ts";

/** Whether the chain goes on serving without the target. */
export function servesWithout(chain: Chain, target: TargetId): boolean {
  return chain.targets.some((member) => member.target !== target && member.state === "serving");
}

/** Throws `WOULD_STOP_SERVING` if it is the last one that serves, or would be the only one to serve again. */
export function checkTakeOffline(chain: Chain, target: TargetId): void {
  const { state } = memberOf(chain, target);
  if ((state !== "serving" && state !== "lastServer") || servesWithout(chain, target)) return;
  throw mgmtdError("WOULD_STOP_SERVING", `chain ${chain.id} would not serve without target ${target}`, {
    hint: "wait until another replica serves, or force it and do without the chain meanwhile",
  });
}
