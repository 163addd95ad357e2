/** `pond admin nodes`, `targets`, `chains`, and what operators do with them. */
import { chainId, nodeId, type OperatorAction, targetId } from "@smallpond/fs-core";
import { columns } from "../job/text.ts";
import { jsonText } from "../output/json-text.ts";
import { type AdminFlags, numberOf, standingOf, withAdmin } from "./with-admin.ts";

export async function listNodes(flags: AdminFlags): Promise<void> {
  await withAdmin(flags, async (connection) => {
    const { nodes } = await standingOf(connection);
    if (flags.json === true) return console.log(jsonText(nodes));
    const rows = nodes.map(({ node, kind, host, status, draining, addresses }) => [
      ...[String(node), kind, host, draining ? `${status}, draining` : status],
      addresses.join(" ") || "-",
    ]);
    console.log(columns(["node", "kind", "host", "state", "address"], rows));
  });
}

export async function listTargets(flags: AdminFlags): Promise<void> {
  await withAdmin(flags, async (connection) => {
    const { targets } = await standingOf(connection);
    if (flags.json === true) return console.log(jsonText(targets));
    const rows = targets.map((target) => [
      ...[String(target.target), String(target.node), String(target.chain ?? "-")],
      ...[target.state ?? "-", target.local ?? "-", target.hold],
    ]);
    console.log(columns(["target", "node", "chain", "is", "says", "hold"], rows));
  });
}

export async function listChains(flags: AdminFlags): Promise<void> {
  await withAdmin(flags, async (connection) => {
    const { chains } = await standingOf(connection);
    if (flags.json === true) return console.log(jsonText(chains));
    const rows = chains.map(({ chain, version, replicas }) => [
      ...[String(chain), String(version)],
      replicas.map(({ target, state }) => `${target} ${state}`).join(", "),
    ]);
    console.log(columns(["chain", "version", "replicas, the head first"], rows));
  });
}

export function enableNode(node: string, enabled: boolean, flags: AdminFlags): Promise<void> {
  return operate(flags, { kind: "enableNode", node: nodeId(numberOf(node, "node")), enabled });
}

export function drainNode(node: string, draining: boolean, flags: AdminFlags): Promise<void> {
  return operate(flags, { kind: "drainNode", node: nodeId(numberOf(node, "node")), draining });
}

export function holdTarget(
  target: string,
  hold: "none" | "orderly" | "forced",
  flags: AdminFlags,
): Promise<void> {
  return operate(flags, { kind: "holdTarget", target: targetId(numberOf(target, "target")), hold });
}

export function orderChain(chain: string, targets: readonly string[], flags: AdminFlags): Promise<void> {
  const order = targets.map((target) => targetId(numberOf(target, "target")));
  return operate(flags, { kind: "setPreferredOrder", chain: chainId(numberOf(chain, "chain")), order });
}

export function rotateChain(chain: string, flags: AdminFlags): Promise<void> {
  return operate(flags, { kind: "rotateToPreferred", chain: chainId(numberOf(chain, "chain")) });
}

export function believeTarget(chain: string, target: string, flags: AdminFlags): Promise<void> {
  const who = { chain: chainId(numberOf(chain, "chain")), target: targetId(numberOf(target, "target")) };
  return operate(flags, { kind: "rotateLastServer", ...who });
}

async function operate(flags: AdminFlags, action: OperatorAction): Promise<void> {
  await withAdmin(flags, async ({ mgmtd }) => {
    const { routingVersion, number } = await mgmtd.operate(action);
    if (flags.json === true) console.log(jsonText({ routingVersion, number }));
  });
}
