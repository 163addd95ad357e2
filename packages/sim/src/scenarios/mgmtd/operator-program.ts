/** An operator: makes the chains, and asks for odd but legal things while everything breaks. */
import { isPondError, type Random } from "@smallpond/base";
import {
  type ChainId,
  chainId,
  chainTableId,
  MgmtdClient,
  type NodeId,
  nodeId,
  type OperatorAction,
  silentLogger,
  type TargetId,
} from "@smallpond/fs-core";
import { testClients } from "@smallpond/fs-core/testing";
import { pick } from "../../nemeses/index.ts";
import type { Phase } from "../../scenario/scenario.ts";
import type { Program, Seams } from "../../world/process.ts";
import { addressOf, memberCredentials } from "../mind/cluster.ts";

export interface PlannedChain {
  readonly id: ChainId;
  readonly targets: readonly TargetId[];
}

export interface PlannedTarget {
  readonly id: TargetId;
  readonly node: NodeId;
}

export interface OperatorOptions {
  readonly minds: readonly string[];
  readonly targets: readonly PlannedTarget[];
  readonly chains: readonly PlannedChain[];
  readonly phase: Phase;
  /** Mean pause between two whims. */
  readonly whimMs: number;
  /** Whether the cluster is set up, and, after healing, as it is wanted. */
  readonly done: { setUp: boolean; tidy: boolean };
}

export function operatorProgram(options: OperatorOptions): Program {
  return async (seams) => {
    const { clock, random } = seams;
    const clients = testClients(
      { ...seams, random: random.fork("clients") },
      { credentials: memberCredentials() },
    );
    const client = new MgmtdClient(
      { callers: clients, clock, random: random.fork("client"), log: silentLogger() },
      { managers: options.minds.map(addressOf) },
    );
    try {
      await operate(seams, client, options);
    } finally {
      await clients.close();
    }
  };
}

async function operate(
  { clock, random, stop }: Seams,
  client: MgmtdClient,
  options: OperatorOptions,
): Promise<void> {
  const { targets, chains, phase, done, whimMs } = options;
  const insist = async (action: OperatorAction): Promise<void> => {
    while (!stop.aborted && !(await attempt(client, action))) await clock.sleep(200);
  };
  await insist({ kind: "createTargets", targets: targets.map(({ id, node }) => ({ id, node, disk: 0 })) });
  await insist({ kind: "createChains", chains });
  await insist({ kind: "putTable", table: chainTableId(1), chains: chains.map(({ id }) => id) });
  done.setUp = true;
  while (!stop.aborted && !phase.healed) {
    await clock.sleep(2 * whimMs * random.next());
    if (!phase.healed) await attempt(client, drawWhim(random, options));
  }
  for (const { id } of targets) await insist({ kind: "holdTarget", target: id, hold: "none" });
  for (const node of new Set(targets.map((each) => each.node))) {
    await insist({ kind: "drainNode", node, draining: false });
  }
  done.tidy = true;
  while (!stop.aborted) await clock.sleep(1000);
}

function drawWhim(random: Random, { targets, chains }: OperatorOptions): OperatorAction {
  const target = pick(random, targets);
  const chain = pick(random, chains);
  return pick<OperatorAction>(random, [
    { kind: "holdTarget", target: target.id, hold: "orderly" },
    { kind: "holdTarget", target: target.id, hold: "none" },
    { kind: "drainNode", node: target.node, draining: random.next() < 0.5 },
    { kind: "rotateToPreferred", chain: chain.id },
    { kind: "rotateToPreferred", chain: chain.id },
    { kind: "setPreferredOrder", chain: chain.id, order: shuffled(random, chain.targets) },
  ]);
}

/** Whether it was done. What the cluster manager refuses for good is a bug of ours; all else is tried again. */
async function attempt(client: MgmtdClient, action: OperatorAction): Promise<boolean> {
  try {
    await client.operate(action, { timeoutMs: 3000 });
    return true;
  } catch (error) {
    if (!isPondError(error) || error.kind === "invalid" || error.kind === "internal") throw error;
    return false;
  }
}

function shuffled<T>(random: Random, items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

/** Chains over targets, each of them on nodes of its own: target `t` of node `n` is the `t`-th of its disks. */
export function planCluster(
  random: Random,
  size: {
    readonly nodes: number;
    readonly firstNode: number;
    readonly chains: number;
    readonly replicas: number;
  },
): { readonly targets: readonly PlannedTarget[]; readonly chains: readonly PlannedChain[] } {
  const targets: PlannedTarget[] = [];
  const chains: PlannedChain[] = [];
  for (let index = 1; index <= size.chains; index++) {
    const nodes = shuffled(
      random,
      Array.from({ length: size.nodes }, (_, at) => nodeId(size.firstNode + at)),
    );
    const members = nodes
      .slice(0, size.replicas)
      .map((node, at) => ({ id: (index * 100 + at) as TargetId, node }));
    targets.push(...members);
    chains.push({ id: chainId(index), targets: members.map(({ id }) => id) });
  }
  return { targets, chains };
}
