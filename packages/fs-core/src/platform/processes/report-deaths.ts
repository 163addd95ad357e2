/** Tells the cluster manager of children that died: what they served is dropped at once, not when their lease runs out. */
import { type NodeId, nodeId } from "../../ids.ts";
import type { MgmtdClient } from "../../mgmtd/agent/mgmtd-client.ts";
import type { ChildDeath } from "./supervisor.ts";

/** What services tell of themselves in the line by which they say that they serve, beside their addresses. */
export interface LifeOfNode {
  readonly node: NodeId;
  /** Of this life of the process, 32 hexadecimal digits. */
  readonly incarnation: string;
}

/** For a supervisor's `onDeath`. Children whose line names no node are passed over. */
export function reportDeathsTo(
  client: Pick<MgmtdClient, "reportDead">,
): (death: Pick<ChildDeath, "line">) => Promise<void> {
  return async ({ line }) => {
    const life = line === undefined ? undefined : lifeIn(line);
    if (life !== undefined) await client.reportDead(life.node, life.incarnation);
  };
}

function lifeIn(line: string): LifeOfNode | undefined {
  try {
    const told = JSON.parse(line) as { readonly node?: unknown; readonly incarnation?: unknown } | null;
    const { node, incarnation } = told ?? {};
    if (typeof node !== "number" || typeof incarnation !== "string") return undefined;
    return { node: nodeId(node), incarnation };
  } catch {
    return undefined;
  }
}
