import { checkTakeOffline } from "../chain/operations/take-offline.ts";
import { knownTarget, type Operation } from "./operation.ts";

/** Refused if the chain would not serve without it, unless forced. */
export const holdTarget: Operation<"holdTarget"> = (state, { target: id, hold }) => {
  const target = knownTarget(state, id);
  if (target.hold === hold) return { result: undefined };
  const chain = state.chainOf(id);
  if (hold === "orderly" && chain !== undefined) checkTakeOffline(chain, id);
  return { change: { targets: [{ ...target, hold }] }, result: undefined };
};
