/** `cluster.json` of a cluster's directory: who it is and what it is made of. Made once, and read at each start. */
import { isPondError, PondError } from "@smallpond/base";
import { type ClusterShape, checkShape } from "../../cluster/bootstrap/shape.ts";
import { nodeId } from "../../ids.ts";
import { isChunkBytes } from "../../meta/settings.ts";
import { parseToken } from "../../wire/rpc/token.ts";

export interface ClusterFile {
  readonly version: 1;
  readonly clusterId: string;
  /** In hex: members of the cluster know it. */
  readonly secret: string;
  /** Of user 0, as text. */
  readonly rootToken: string;
  /** Cluster managers and metadata services, at least one. */
  readonly minds: readonly { readonly node: number; readonly port: number }[];
  /** At least one; `directory` is below the cluster's. Port 0 is any that is free, another one at each start. */
  readonly storage: readonly {
    readonly node: number;
    readonly port: number;
    readonly directory: string;
  }[];
  readonly replicas: number;
  readonly targetsPerNode: number;
  /** Of new files, unless their directory says something else. */
  readonly chunkBytes: number;
  readonly stripe: number;
  readonly durability: "fsync" | "replicated";
}

export function formatClusterFile(file: ClusterFile): string {
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

/** @throws CLUSTER_FILE_BAD */
export function parseClusterFile(text: string, path: string): ClusterFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(path, "it is not JSON", cause);
  }
  const file = value as ClusterFile;
  const wrong = wrongIn(file);
  if (wrong !== undefined) throw bad(path, wrong);
  try {
    parseToken(file.rootToken);
    checkShape(shapeOf(file));
  } catch (error) {
    throw bad(path, isPondError(error) ? error.message : String(error), error);
  }
  return file;
}

/** On one machine each node is a host of its own: its replicas are kept apart from those of the others. */
export function shapeOf({ clusterId, minds, storage, replicas, targetsPerNode }: ClusterFile): ClusterShape {
  const known = [
    ...minds.map(
      ({ node }) => ({ node: nodeId(node), kind: "meta", host: `mind-${node}`, disks: 0 }) as const,
    ),
    ...storage.map(
      ({ node }) => ({ node: nodeId(node), kind: "storage", host: `storage-${node}`, disks: 1 }) as const,
    ),
  ];
  return { nodes: known, replicas, targetsPerDisk: targetsPerNode, seed: clusterId };
}

/** What is wrong with the fields' own values, if anything is. */
function wrongIn(file: ClusterFile | null): string | undefined {
  if (typeof file !== "object" || file === null) return "it is not an object";
  if (file.version !== 1) return `it has version ${String(file.version)}, and 1 is known here`;
  if (typeof file.clusterId !== "string" || file.clusterId === "") return "clusterId is missing";
  if (!/^([0-9a-f]{2}){16,}$/.test(String(file.secret)))
    return "secret is not hexadecimal of 16 bytes or more";
  if (typeof file.rootToken !== "string") return "rootToken is missing";
  if (!isNodes(file.minds) || file.minds.length === 0) return "minds are not nodes with ports";
  if (file.minds.some(({ port }) => port === 0)) return "a mind needs a port that stays";
  if (!isNodes(file.storage)) return "storage are not nodes with ports";
  if (file.storage.some(({ directory }) => !/^[\w.-]+$/.test(String(directory)) || directory === ".."))
    return "a storage node's directory is not a name below this one";
  if (!isChunkBytes(file.chunkBytes)) return "chunkBytes is not a power of two from 64 KiB to 64 MiB";
  if (!Number.isInteger(file.stripe) || file.stripe < 1) return "stripe is not a count";
  if (file.durability !== "fsync" && file.durability !== "replicated")
    return "durability is neither fsync nor replicated";
  return undefined;
}

function isNodes(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(
      (entry: { node?: unknown; port?: unknown } | null) => isNode(entry?.node) && isPort(entry?.port),
    )
  );
}

function isNode(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 1;
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}

function bad(path: string, reason: string, cause?: unknown): PondError<"CLUSTER_FILE_BAD"> {
  return new PondError("CLUSTER_FILE_BAD", {
    kind: "invalid",
    message: `${path} does not describe a cluster: ${reason}`,
    hint: "put it back as it was; the ids and the secret in it belong to the data beside it",
    ...(cause === undefined ? {} : { cause }),
  });
}
