/** What each service of a cluster on one machine is told, from the cluster's file. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { NetAddress } from "@smallpond/base";
import { targetsOfDisk } from "../../cluster/bootstrap/shape.ts";
import { nodeId } from "../../ids.ts";
import type { LogLevel } from "../../service/log.ts";
import type { ClusterFile } from "../cluster-directory/cluster-file.ts";
import type { ServeMindSettings } from "./serve-mind.ts";
import type { ServeStorageSettings } from "./serve-storage.ts";
import type { MainSettings } from "./service-main.ts";

export interface ClusterPlace {
  readonly path: string;
  readonly file: ClusterFile;
  readonly logLevel?: LogLevel;
}

export type MindService = ServeMindSettings & MainSettings;
export type StorageService = ServeStorageSettings & MainSettings;

/**
 * Clocks, disks and processes are one machine's: what is silent for so long is gone, and everybody waits less for those
 * that were killed.
 */
const LEASES = {
  metastore: { lease: { leaseMs: 2000, renewMs: 500, watchMs: 100 } },
  mgmtd: { leaseMs: 2500, renewMs: 500, nodeLeaseMs: 5000, heartbeatMs: 1000, judgeMs: 250 },
} as const;

/** Questions for news wait until something happens; nobody waits for them when a mind ends. */
const SERVER = { graceMs: 300 } as const;

/** A service that is just starting is there in a moment. */
const CLIENT = { backoffMsMax: 100 } as const;

/**
 * All targets share a disk and a memory: less of both for each. Segments of journals are filled before they are used, two at
 * each start.
 */
const STORE = {
  segmentBytes: 8 * 2 ** 20,
  batchBytesMax: 4 * 2 ** 20,
  checkpointBytes: 64 * 2 ** 20,
  growBytes: 16 * 2 ** 20,
  sumCacheBytes: 16 * 2 ** 20,
  redoBytesMax: 32 * 2 ** 20,
} as const;

/** Of the metadata store: what a large namespace of one machine takes. */
const STORE_BYTES_MAX = 64 * 2 ** 30;

export function managersOf({ minds }: ClusterFile): readonly NetAddress[] {
  return minds.map(({ port }) => ({ kind: "tcp", host: "127.0.0.1", port }));
}

export function mindServices({ path, file, logLevel }: ClusterPlace): readonly MindService[] {
  const managers = managersOf(file);
  return file.minds.map(({ node }, at) => ({
    clusterId: file.clusterId,
    secret: file.secret,
    node: nodeId(node),
    hostTag: `mind-${node}`,
    address: managers[at]!,
    managers,
    directory: join(path, "mind"),
    storeBytesMax: STORE_BYTES_MAX,
    nodesPerDisk: file.storage.length,
    meta: { namespace: { chunkBytes: file.chunkBytes, stripe: file.stripe } },
    server: SERVER,
    client: CLIENT,
    logFile: logFileOf(path, `mind-${node}`),
    ...LEASES,
    ...(logLevel === undefined ? {} : { logLevel }),
  }));
}

export function storageServices(
  { path, file, logLevel }: ClusterPlace,
  missing: "new" | "replaced",
): readonly StorageService[] {
  return file.storage.map(({ node, port, directory }) => ({
    clusterId: file.clusterId,
    secret: file.secret,
    node: nodeId(node),
    hostTag: `storage-${node}`,
    address: { kind: "tcp", host: "127.0.0.1", port },
    managers: managersOf(file),
    targets: targetsOfDisk({ node: nodeId(node) }, 0, file.targetsPerNode).map((id) => ({
      id,
      disk: 0,
      directory: join(path, directory, `target-${id}`),
    })),
    store: { ...STORE, durability: file.durability },
    missing,
    server: SERVER,
    client: CLIENT,
    logFile: logFileOf(path, directory),
    ...(logLevel === undefined ? {} : { logLevel }),
  }));
}

/** The directories that services expect. */
export async function makeDirectories({ path, file }: ClusterPlace): Promise<void> {
  for (const name of ["logs", "mind", ...file.storage.map(({ directory }) => directory)]) {
    await mkdir(join(path, name), { recursive: true, mode: 0o700 });
  }
}

/** As clients name the cluster. */
export function urlOf(file: ClusterFile): string {
  return `3fs://${file.minds.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
}

export function secretOf({ secret }: { readonly secret: string }): Uint8Array {
  return new Uint8Array(Buffer.from(secret, "hex"));
}

function logFileOf(path: string, name: string): string {
  return join(path, "logs", `${name}.log`);
}
