/** What a new cluster on one machine is made of. */
import type { Random } from "@smallpond/base";
import { toHex } from "@smallpond/base";
import { formatToken, newToken } from "../../wire/rpc/token.ts";
import type { ClusterFile } from "./cluster-file.ts";

/** What whoever starts it may choose; all but the port must be as it is when the cluster is there already. */
export interface ClusterChoices {
  /** Storage nodes. Default: as many as replicas, at least 1. */
  readonly storage?: number | undefined;
  /** Default: 3, or as many as there are storage nodes if that is less. */
  readonly replicas?: number | undefined;
  /** Of the first mind. Default {@link DEFAULT_PORT}, or one that is free when that is taken. It may change later. */
  readonly port?: number | undefined;
  /** Processes of the mind. Default 1. */
  readonly minds?: number | undefined;
  readonly targetsPerNode?: number | undefined;
  readonly chunkBytes?: number | undefined;
  readonly stripe?: number | undefined;
  readonly durability?: "fsync" | "replicated" | undefined;
}

export const DEFAULT_PORT = 9000;
const REPLICAS = 3;
/** More would be more journals on one disk, each with syncs of its own. */
const TARGETS_PER_NODE = 2;
const STORAGE_NODE_FIRST = 101;

export interface NewClusterDeps {
  readonly random: Random;
  /** The choice if it is free, else any that is. */
  readonly freePort: (wanted: number | undefined) => Promise<number>;
}

export async function newCluster(deps: NewClusterDeps, choices: ClusterChoices = {}): Promise<ClusterFile> {
  const { random } = deps;
  const storage = choices.storage ?? choices.replicas ?? REPLICAS;
  const minds: { node: number; port: number }[] = [];
  for (let at = 0; at < (choices.minds ?? 1); at++) {
    minds.push({ node: at + 1, port: await deps.freePort(at === 0 ? choices.port : 0) });
  }
  return {
    version: 1,
    clusterId: random.uuid(),
    secret: toHex(random.bytes(32)),
    rootToken: formatToken(newToken(random, { uid: 0, tokenId: 1n })),
    minds,
    storage: Array.from({ length: storage }, (_, at) => ({
      node: STORAGE_NODE_FIRST + at,
      port: 0,
      directory: `storage-${at + 1}`,
    })),
    replicas: choices.replicas ?? Math.min(REPLICAS, storage),
    targetsPerNode: choices.targetsPerNode ?? TARGETS_PER_NODE,
    chunkBytes: choices.chunkBytes ?? 2 ** 20,
    stripe: choices.stripe ?? 16,
    durability: choices.durability ?? "fsync",
  };
}

/** The same cluster behind another port, of its first mind if no other is named. */
export function withPort(file: ClusterFile, port: number, index = 0): ClusterFile {
  return { ...file, minds: file.minds.map((mind, at) => (at === index ? { ...mind, port } : mind)) };
}

/** In words, what of the choices is otherwise in the cluster that is there. */
export function differenceOf(file: ClusterFile, choices: ClusterChoices): string | undefined {
  const is: readonly (readonly [string, number | string | undefined, number | string | undefined])[] = [
    ["storage nodes", file.storage.length, choices.storage],
    ["replicas", file.replicas, choices.replicas],
    ["minds", file.minds.length, choices.minds],
    ["targets on each node", file.targetsPerNode, choices.targetsPerNode],
    ["bytes in a chunk", file.chunkBytes, choices.chunkBytes],
    ["chains in a stripe", file.stripe, choices.stripe],
  ];
  for (const [what, has, wanted] of is) {
    if (wanted !== undefined && wanted !== has) return `it has ${has} ${what}, not ${wanted}`;
  }
  if (choices.durability !== undefined && choices.durability !== file.durability)
    return `its durability is ${file.durability}`;
  return undefined;
}
