/** A cluster of several machines as its file describes it: one file, the same on all of them. */
import type { NetAddress } from "@smallpond/base";
import {
  type ClusterShape,
  checkShape,
  DEFAULT_DSCP_MARKS,
  type DscpMarks,
  nodeId,
  targetsOfDisk,
} from "@smallpond/fs-core";
import { TomlTable } from "./toml-table.ts";
import type { LogLevel, TargetPlace } from "./types.ts";

export interface ServeConfig {
  readonly path: string;
  readonly clusterId: string;
  /** In hex, the same on all machines. */
  readonly secretFile: string;
  /** Of user 0; made by the first mind if it is not there. */
  readonly rootTokenFile: string;
  readonly replicas: number;
  readonly targetsPerDisk: number;
  readonly chunkBytes: number;
  readonly stripe: number;
  readonly durability: "fsync" | "replicated";
  /** Whether processes of one user on one machine pass bytes through memory that both see. */
  readonly nearMemory: "on" | "off";
  /** What packets carry in the DS field. */
  readonly dscp: DscpMarks;
  readonly minds: readonly MindEntry[];
  readonly storage: readonly StorageEntry[];
}

interface NodeEntry {
  readonly node: number;
  /** What fails together with it. */
  readonly host: string;
  readonly listen: NetAddress;
  readonly admin: NetAddress | undefined;
  readonly logLevel: LogLevel;
}

export interface MindEntry extends NodeEntry {
  readonly store: string;
}

export interface StorageEntry extends NodeEntry {
  readonly disks: readonly string[];
}

const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** @throws BAD_CONFIG, BAD_CLUSTER */
export function parseConfig(text: string, path: string): ServeConfig {
  const root = TomlTable.parse(text, path);
  const cluster = root.table("cluster");
  const config: ServeConfig = {
    path,
    clusterId: cluster.text("id"),
    secretFile: cluster.path("secret-file"),
    rootTokenFile: cluster.path("root-token-file"),
    replicas: cluster.count("replicas", 3),
    targetsPerDisk: cluster.count("targets-per-disk", 4),
    chunkBytes: cluster.count("chunk-bytes", 2 ** 20),
    stripe: cluster.count("stripe", 16),
    durability: cluster.oneOf("durability", ["fsync", "replicated"], "fsync"),
    nearMemory: cluster.oneOf("near-memory", ["on", "off"], "on"),
    dscp: dscpIn(root.optionalTable("dscp")),
    minds: root.tables("mind").map(mindIn),
    storage: root.tables("storage").map(storageIn),
  };
  cluster.end();
  root.end();
  checkMinds(root, config);
  checkShape(shapeOf(config));
  return config;
}

function dscpIn(table: TomlTable): DscpMarks {
  const mark = (name: keyof DscpMarks): number => table.upTo(name, 63, DEFAULT_DSCP_MARKS[name]);
  const marks = {
    foreground: mark("foreground"),
    resync: mark("resync"),
    cache: mark("cache"),
    control: mark("control"),
  };
  table.end();
  return marks;
}

/** What the cluster is put together from. */
export function shapeOf({ clusterId, minds, storage, replicas, targetsPerDisk }: ServeConfig): ClusterShape {
  const nodes = [
    ...minds.map(({ node, host }) => ({ node: nodeId(node), kind: "meta", host, disks: 0 }) as const),
    ...storage.map(
      ({ node, host, disks }) =>
        ({ node: nodeId(node), kind: "storage", host, disks: disks.length }) as const,
    ),
  ];
  return { nodes, replicas, targetsPerDisk, seed: clusterId };
}

/** Where the targets of a storage node lie. */
export function targetsIn({ node, disks }: StorageEntry, targetsPerDisk: number): readonly TargetPlace[] {
  return disks.flatMap((path, disk) =>
    targetsOfDisk({ node: nodeId(node) }, disk, targetsPerDisk).map((id) => ({
      id,
      disk,
      directory: `${path}/target-${id}`,
    })),
  );
}

function mindIn(table: TomlTable): MindEntry {
  const entry = { ...nodeIn(table), store: table.path("store") };
  table.end();
  return entry;
}

function storageIn(table: TomlTable): StorageEntry {
  const entry = { ...nodeIn(table), disks: table.paths("disks") };
  table.end();
  return entry;
}

function nodeIn(table: TomlTable): NodeEntry {
  return {
    node: table.count("node"),
    host: table.text("host"),
    listen: table.address("listen"),
    admin: table.optionalAddress("admin"),
    logLevel: table.oneOf("log-level", LOG_LEVELS, "info"),
  };
}

/** The store of metadata is a directory that processes of one machine share. */
function checkMinds(root: TomlTable, { minds }: ServeConfig): void {
  const [first] = minds;
  if (first === undefined) throw root.bad("mind", "is missing: write [[mind]]");
  const other = minds.find(({ host, store }) => host !== first.host || store !== first.store);
  if (other === undefined) return;
  throw root.bad(
    "mind",
    `entries ${first.node} and ${other.node} differ in host or store: all minds share one directory of one machine`,
  );
}
