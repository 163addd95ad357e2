import { mgmtdError } from "../model/errors.ts";
import type { TargetInfo } from "../model/target.ts";
import { knownNode, type Operation } from "./operation.ts";

/** One that is there already must be in the same place. */
export const createTargets: Operation<"createTargets"> = (state, { targets }) => {
  const made: TargetInfo[] = [];
  for (const { id, node, disk } of targets) {
    const { kind } = knownNode(state, node);
    if (kind !== "storage") throw mgmtdError("BAD_NODE", `node ${node} is a ${kind} node and has no targets`);
    const known = state.targets.get(id) ?? made.find((target) => target.id === id);
    if (known === undefined) made.push({ id, node, disk, hold: "none" });
    else if (known.node !== node || known.disk !== disk) {
      throw mgmtdError("BAD_CHAIN", `target ${id} is on disk ${known.disk} of node ${known.node}`);
    }
  }
  return { change: { targets: made }, result: undefined };
};
