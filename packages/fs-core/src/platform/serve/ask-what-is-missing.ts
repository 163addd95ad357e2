/** Whether a target that is missing on its disk is a new one, or one whose disk was replaced: the cluster manager knows. */
import type { TargetId } from "../../ids.ts";
import { connectManager } from "./connect-manager.ts";
import type { ServeStorageSettings } from "./serve-storage.ts";

/** The answer waits until somebody is primary. */
export function askWhatIsMissing(
  settings: Pick<ServeStorageSettings, "clusterId" | "secret" | "node" | "managers">,
): (target: TargetId) => Promise<"new" | "replaced"> {
  const { clusterId, node, managers } = settings;
  const secret = new Uint8Array(Buffer.from(settings.secret, "hex"));
  return async (target) => {
    await using connection = connectManager({
      managers,
      credentials: { kind: "member", clusterId, secret, node },
    });
    const { mgmtd } = connection;
    await mgmtd.routingCache.waitFor(0n);
    for (const { targets } of mgmtd.routing.chains.values()) {
      if (targets.some((member) => member.target === target)) return "replaced";
    }
    return "new";
  };
}
