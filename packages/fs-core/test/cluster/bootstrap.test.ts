/** Clusters put together over real sockets, with storage nodes that only report. */
import { type NetAddress, NO_PROBES, Tasks } from "@smallpond/base";
import { NodeClock, NodeDisk, NodeRandom } from "@smallpond/base/platform/node";
import {
  bootstrap,
  type ClusterShape,
  formatToken,
  META,
  NodeAgent,
  newToken,
  nodeId,
  planBootstrap,
  type RoutingInfo,
  silentLogger,
  type TargetId,
  type TargetReport,
  waitUntilUp,
} from "@smallpond/fs-core";
import { connectManager, NodeCrypto, serveMind } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";
import { TEST_CLUSTER, TEST_SECRET, testMind } from "./settings.ts";

const SHAPE: ClusterShape = {
  nodes: [
    { node: nodeId(1), kind: "meta", host: "host-1", disks: 0 },
    ...[101, 102, 103].map(
      (node) => ({ node: nodeId(node), kind: "storage", host: `${node}`, disks: 1 }) as const,
    ),
  ],
  replicas: 3,
  targetsPerDisk: 2,
  seed: "test",
};
const ROOT = { token: formatToken(newToken(new NodeRandom(), { uid: 0, tokenId: 7n })) };

async function world(directory: string) {
  const mind = await serveMind(testMind({ directory, nodes: 1 }, 1), { writeLog: () => {} });
  const managers = [mind.node.address];
  const member = connectManager({ managers, credentials: memberOf() });
  const deps = { ...member, clock: new NodeClock(), crypto: new NodeCrypto(), log: silentLogger() };
  return { mind, managers, member, deps };
}

/** Reports all of a node's targets as complete. */
function startNode(node: number, managers: readonly NetAddress[]) {
  const { callers, mgmtd, close } = connectManager({ managers, credentials: memberOf(node) });
  const report = (): TargetReport[] =>
    planBootstrap(SHAPE, mgmtd.routing)
      .targets.filter((target) => target.node === node)
      .map(({ id, disk }) => ({
        target: id,
        disk,
        local: "upToDate",
        chainVersion: chainOf(mgmtd.routing, id)?.version ?? 0,
        usedBytes: 0n,
        capacityBytes: 1n,
      }));
  const host = { report, release: () => {}, opened: () => {}, configure: async () => {} };
  const agent = new NodeAgent(
    {
      callers,
      host,
      clock: new NodeClock(),
      random: new NodeRandom(),
      log: silentLogger(),
      probes: NO_PROBES,
    },
    {
      node: nodeId(node),
      kind: "storage",
      incarnation: "ab".repeat(16),
      addresses: [{ kind: "tcp", host: "127.0.0.1", port: node }],
      hostTag: `${node}`,
      managers,
    },
  );
  const [stop, tasks] = [new AbortController(), new Tasks()];
  tasks.spawn(() => agent.run({ signal: stop.signal }));
  return async () => {
    stop.abort(new Error("stopped"));
    await tasks.idle();
    await close();
  };
}

function chainOf({ chains }: RoutingInfo, id: TargetId) {
  return [...chains.values()].find(({ targets }) => targets.some(({ target }) => target === id));
}

function memberOf(node?: number) {
  const secret = new Uint8Array(Buffer.from(TEST_SECRET, "hex"));
  const claimed = node === undefined ? {} : { node: nodeId(node) };
  return { kind: "member", clusterId: TEST_CLUSTER, secret, ...claimed } as const;
}

test("a cluster is put together once, comes up whole, and root's token is good", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const { mind, managers, member, deps } = await world(directory.path);
  await using _mind = mind;
  await using _member = member;
  const stops = [101, 102, 103].map((node) => startNode(node, managers));
  const progress: string[] = [];
  await bootstrap(deps, { shape: SHAPE, root: ROOT }, { onProgress: (text) => progress.push(text) });
  const readiness = await waitUntilUp(deps, SHAPE, { strength: "whole" });
  expect(readiness).toMatchObject({ chains: 2, replicas: { serving: 6 }, missingNodes: [] });
  expect(progress[0]).toBe("putting the cluster together");
  await using root = connectManager({ managers, credentials: { kind: "user", token: ROOT.token } });
  const { users } = await root.meta.ask(META.listUsers, { after: undefined });
  expect(users).toMatchObject([{ user: { uid: 0, name: "root", admin: true } }]);
  const { version } = member.mgmtd.routing;
  await bootstrap(deps, { shape: SHAPE, root: ROOT });
  expect(member.mgmtd.routing.version).toBe(version);
  for (const stop of stops) await stop();
});

test("a bootstrap that was cut off by a node that stays away goes on when it is there", async () => {
  await using directory = await new NodeDisk().tempDirectory();
  const { mind, managers, member, deps } = await world(directory.path);
  await using _mind = mind;
  await using _member = member;
  const stops = [101, 102].map((node) => startNode(node, managers));
  await expect(bootstrap(deps, { shape: SHAPE, root: ROOT }, { timeoutMs: 1500 })).rejects.toMatchObject({
    code: "BOOTSTRAP_INCOMPLETE",
    message: "2 targets have not been heard of, of storage nodes 103",
  });
  await expect(waitUntilUp(deps, SHAPE, { timeoutMs: 100 })).rejects.toMatchObject({
    code: "CLUSTER_NOT_UP",
  });
  stops.push(startNode(103, managers));
  await bootstrap(deps, { shape: SHAPE, root: ROOT });
  await waitUntilUp(deps, SHAPE, { strength: "whole" });
  for (const stop of stops) await stop();
});
