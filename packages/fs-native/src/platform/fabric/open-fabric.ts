/** Opens an endpoint over libfabric, where fabric.node was built. */
import { isPondError } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import type { FabricEndpoint } from "../../fabric/fabric.ts";
import { fabricError } from "../../fabric/fabric-errors.ts";
import { type FabricSettings, fabricSettings } from "../../fabric/fabric-settings.ts";
import { openEndpoint } from "../../fabric/open-endpoint.ts";
import type { BufferPool } from "../../memory/pool.ts";
import { AddonDriver, type AddonDriverSettings } from "./addon-driver.ts";
import { type FabricAddon, fabricAddon } from "./fabric-addon.ts";

export interface OpenFabricOptions extends Partial<FabricSettings> {
  /**
   * `verbs;ofi_rxm` for RDMA hardware (not yet verified on hardware), `tcp;ofi_rxm` everywhere. By default the first of
   * the two that there is.
   */
  readonly provider?: string;
  /** The name or address of this machine to be reached at; by default what the provider prefers. */
  readonly host?: string;
  /** Takes the second way of knowing that a write is in place also where the provider has the first. For tests. */
  readonly writeGuarantee?: "any" | "read-after-write";
}

/** In order of preference. */
export const FABRIC_PROVIDERS = ["verbs;ofi_rxm", "tcp;ofi_rxm"] as const;

/**
 * Messages go through memory of the pool, which the endpoint keeps until it is closed. An open endpoint keeps the process
 * alive, as a listening socket does.
 *
 * @throws ENOFABRIC when fabric.node is not built in, or has no such provider that works here.
 */
export async function openFabric(pool: BufferPool, options: OpenFabricOptions = {}): Promise<FabricEndpoint> {
  const { provider, host = "", writeGuarantee = "any", ...given } = options;
  const settings = fabricSettings(given);
  const loaded = fabricAddon();
  if (loaded.kind === "missing") {
    throw noFabric(provider ?? "libfabric", `fabric.node: ${loaded.reason}`);
  }
  const { addon } = loaded;
  const wanted = {
    node: host,
    operations: settings.depth,
    receives: settings.receiveBuffers,
    guarantee: writeGuarantee,
  };
  return await openEndpoint({ pool, clock: new NodeClock() }, settings, () =>
    openFirst(addon, provider === undefined ? FABRIC_PROVIDERS : [provider], wanted),
  );
}

function openFirst(
  addon: FabricAddon,
  providers: readonly string[],
  wanted: Omit<AddonDriverSettings, "provider">,
): AddonDriver {
  let last: unknown;
  for (const provider of providers) {
    try {
      return new AddonDriver(addon, { ...wanted, provider });
    } catch (error) {
      if (isPondError(error)) throw error;
      last = error;
    }
  }
  throw noFabric(providers.join(" or "), (last as Error).message, last);
}

function noFabric(provider: string, reason: string, cause?: unknown): Error {
  const details = { operation: "open", provider, subject: "an endpoint" };
  return fabricError("ENOFABRIC", details, { reason, cause });
}
