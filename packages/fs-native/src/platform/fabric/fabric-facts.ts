/** What a fabric could use on this machine. */
import { fabricAddon } from "./fabric-addon.ts";

export interface FabricProvider {
  /** To be given to `openFabric`. */
  readonly provider: string;
  readonly network: string;
  readonly interface: string;
  /** Whether the project's tests have run over it. Those for RDMA hardware have not yet. */
  readonly isTested: boolean;
}

export type FabricFacts =
  | { readonly kind: "present"; readonly version: string; readonly providers: readonly FabricProvider[] }
  | { readonly kind: "missing"; readonly reason: string };

const TESTED: ReadonlySet<string> = new Set(["tcp;ofi_rxm"]);

/** Asks libfabric, which takes some tenths of a second the first time. */
export function fabricFacts(): FabricFacts {
  const loaded = fabricAddon();
  if (loaded.kind === "missing") return loaded;
  const { addon } = loaded;
  const rows = new Map(addon.fabricProviders().map((row) => [row.join("\0"), row]));
  const providers = [...rows.values()].map(([provider, network, name]) => ({
    provider,
    network,
    interface: name,
    isTested: TESTED.has(provider),
  }));
  return { kind: "present", version: addon.fabricVersion(), providers };
}
