/** Prints how a cluster of this machine stands. */
import { formatBytes, PondError } from "@smallpond/base";
import {
  type ChunkSpace,
  type ClusterStatus,
  clusterStatus,
  readinessText,
  spaceOf,
} from "@smallpond/fs-core";
import {
  type ClusterFile,
  connectManager,
  managersOf,
  type RunningCluster,
  readClusterFile,
  readRunning,
  secretOf,
} from "@smallpond/fs-core/platform";
import { type ClusterFlags, directoryOf } from "../commands/cluster/options.ts";
import { columns } from "../job/text.ts";
import { EXIT_FAILURE } from "../output/exit-codes.ts";
import { jsonText } from "../output/json-text.ts";
import { onReaderGone } from "../output/write-out.ts";
import { pondVersion } from "../version.ts";

interface Standing {
  readonly running: RunningCluster;
  readonly status: ClusterStatus;
  readonly space: ChunkSpace;
}

const ANSWER_MS = 5000;

export async function showCluster(flags: ClusterFlags): Promise<void> {
  onReaderGone();
  const directory = directoryOf(flags);
  const file = await readClusterFile(directory);
  const running = await readRunning(directory);
  const about = { directory, clusterId: file.clusterId, version: pondVersion() };
  if (running === undefined) {
    process.exitCode = EXIT_FAILURE;
    if (flags.json === true) console.log(jsonText({ ...about, running: false }));
    else
      console.error(
        `the cluster in ${directory} does not run\n  hint: pond cluster up --dir ${directory} starts it`,
      );
    return;
  }
  const standing = await look(file, running);
  if (flags.json === true) {
    const { pid, url, processes, services, startedMs } = running;
    const process = { pid, processes, services, startedMs };
    console.log(
      jsonText({ ...about, running: true, url, ...process, ...standing.status, space: standing.space }),
    );
    return;
  }
  console.log(text(directory, file, standing));
}

async function look(file: ClusterFile, running: RunningCluster): Promise<Standing> {
  const credentials = { kind: "member", clusterId: file.clusterId, secret: secretOf(file) } as const;
  await using connection = connectManager({ managers: managersOf(file), credentials });
  const { mgmtd } = connection;
  try {
    const report = await mgmtd.status({ timeoutMs: ANSWER_MS });
    await mgmtd.routingCache.waitFor(report.routingVersion);
    const space = spaceOf(mgmtd.routing, report.nodes, { nodesPerDisk: file.storage.length });
    return { running, status: clusterStatus(mgmtd.routing, report), space };
  } catch (cause) {
    throw new PondError("CLUSTER_SILENT", {
      kind: "unavailable",
      message: `the cluster's process ${running.pid} runs, and its services do not answer`,
      hint: "it may be starting: try again in a moment, or look into its logs",
      cause,
    });
  }
}

function text(directory: string, file: ClusterFile, { running, status, space }: Standing): string {
  const about = [
    ["cluster", `${file.clusterId} in ${directory}`],
    ["url", running.url ?? "not yet"],
    ["state", stateText(status)],
    ["space", `${formatBytes(Number(space.bytesFree))} of ${formatBytes(Number(space.bytesTotal))} free`],
    [
      "process",
      `${running.pid}${running.processes ? `, and one for each of ${running.services.length} services` : ""}`,
    ],
    ["versions", `pond ${pondVersion()}, routing ${status.routingVersion}, term ${status.term}`],
  ];
  const pids = new Map(running.services.map(({ node, pid }) => [node, pid]));
  const nodes = status.nodes.map((node) => [
    String(node.node),
    node.kind,
    node.draining ? `${node.status}, draining` : node.status,
    node.addresses[0] ?? "",
    String(pids.get(node.node) ?? ""),
    node.silentMs === undefined ? "never" : `${(node.silentMs / 1000).toFixed(1)} s ago`,
  ]);
  const chains = status.chains.map(({ chain, version, replicas }) => [
    String(chain),
    String(version),
    replicas.map(({ target, state }) => `${target} ${state}`).join(", "),
  ]);
  const targets = status.targets.map((target) => [
    String(target.target),
    String(target.node),
    String(target.chain ?? ""),
    target.state ?? "in no chain",
    target.local ?? "not heard of",
    formatBytes(Number(target.usedBytes)),
  ]);
  return [
    about.map(([name, value]) => `${name!.padEnd(10)}${value}`).join("\n"),
    columns(["node", "kind", "state", "address", "process", "heard"], nodes),
    columns(["target", "node", "chain", "is", "says", "used"], targets),
    columns(["chain", "version", "replicas, the head first"], chains),
  ].join("\n\n");
}

function stateText(status: ClusterStatus): string {
  const { strength, replicas, chains } = status;
  const count = {
    ...status,
    replicas,
    chains: chains.length,
    missingNodes: [],
    weakChains: [],
    deadChains: [],
  };
  return `${strength}: ${readinessText(count)}`;
}
