/** Makes a table of chains, so that files may lie somewhere, and is done. No storage node takes part. */
import { isPondError } from "@smallpond/base";
import {
  chainId,
  chainTableId,
  MgmtdClient,
  nodeId,
  type OperatorAction,
  silentLogger,
  targetId,
} from "@smallpond/fs-core";
import { testClients } from "@smallpond/fs-core/testing";
import type { Program } from "../../world/process.ts";
import { aborted } from "../mind/aborted.ts";
import { addressOf, memberCredentials } from "../mind/cluster.ts";

const CHAINS = [1, 2, 3, 4] as const;
const STORAGE_NODE = nodeId(50);

const ACTIONS: readonly OperatorAction[] = [
  { kind: "registerNode", node: STORAGE_NODE, nodeKind: "storage", host: "nowhere", tags: [] },
  {
    kind: "createTargets",
    targets: CHAINS.map((id) => ({ id: targetId(id), node: STORAGE_NODE, disk: 0 })),
  },
  { kind: "createChains", chains: CHAINS.map((id) => ({ id: chainId(id), targets: [targetId(id)] })) },
  { kind: "putTable", table: chainTableId(1), chains: CHAINS.map((id) => chainId(id)) },
];

export function tableProgram(minds: readonly string[]): Program {
  return async (seams) => {
    const { clock, random, stop } = seams;
    const clients = testClients(
      { ...seams, random: random.fork("clients") },
      { credentials: memberCredentials() },
    );
    const client = new MgmtdClient(
      { callers: clients, clock, random: random.fork("client"), log: silentLogger() },
      { managers: minds.map(addressOf) },
    );
    for (const action of ACTIONS) {
      while (!stop.aborted && !(await attempt(client, action))) await clock.sleep(200);
    }
    await aborted(stop);
    await clients.close();
  };
}

async function attempt(client: MgmtdClient, action: OperatorAction): Promise<boolean> {
  try {
    await client.operate(action, { timeoutMs: 3000 });
    return true;
  } catch (error) {
    if (!isPondError(error) || error.kind === "invalid" || error.kind === "internal") throw error;
    return false;
  }
}
