/** What one service of the file is told. */
import { hostname } from "node:os";
import type { NetAddress } from "@smallpond/base";
import { nodeId } from "@smallpond/fs-core";
import type { ServeMindSettings, ServeStorageSettings } from "@smallpond/fs-core/platform";
import type { ServedKind } from "../commands/serve.ts";
import { type MindEntry, type ServeConfig, type StorageEntry, targetsIn } from "./config.ts";
import { badConfig } from "./toml-table.ts";

export function managersIn({ minds }: ServeConfig): readonly NetAddress[] {
  return minds.map(({ listen }) => listen);
}

export function mindSettings(config: ServeConfig, entry: MindEntry, secret: string): ServeMindSettings {
  return {
    ...common(config, entry, secret),
    directory: entry.store,
    meta: { namespace: { chunkBytes: config.chunkBytes, stripe: config.stripe } },
  };
}

export function storageSettings(
  config: ServeConfig,
  entry: StorageEntry,
  secret: string,
): ServeStorageSettings {
  return {
    ...common(config, entry, secret),
    targets: targetsIn(entry, config.targetsPerDisk),
    store: { durability: config.durability },
    near: config.nearMemory === "on",
  };
}

/** The node that was asked for, or the only one that this machine has. */
export function entryFor(config: ServeConfig, kind: "mind", node: number | undefined): MindEntry;
export function entryFor(config: ServeConfig, kind: "storage", node: number | undefined): StorageEntry;
export function entryFor(
  config: ServeConfig,
  kind: ServedKind,
  node: number | undefined,
): MindEntry | StorageEntry {
  const entries: readonly (MindEntry | StorageEntry)[] = kind === "mind" ? config.minds : config.storage;
  const here = hostname();
  const [found, other] = entries.filter((entry) =>
    node === undefined ? entry.host === here || entries.length === 1 : entry.node === node,
  );
  if (found !== undefined && other === undefined) return found;
  const numbers = entries.map((entry) => `${entry.node} on ${entry.host}`).join(", ");
  const asked = node === undefined ? `for this machine, ${here}` : String(node);
  throw badConfig(
    `${config.path}: there is ${found === undefined ? "no" : "more than one"} ${kind} node ${asked}: there are ${numbers}`,
  );
}

function common(
  config: ServeConfig,
  { node, host, listen, admin, logLevel }: MindEntry | StorageEntry,
  secret: string,
) {
  return {
    clusterId: config.clusterId,
    secret,
    node: nodeId(node),
    hostTag: host,
    address: listen,
    managers: managersIn(config),
    logLevel,
    dscp: config.dscp,
    ...(admin === undefined ? {} : { admin }),
  };
}
