/** What one process of the file system's mind is told: plain data, the same for real processes and simulated ones. */
import type { NetAddress } from "@smallpond/base";
import type { NodeId } from "../ids.ts";
import type { MetaSettingsChanges } from "../meta/service/settings.ts";
import type { MetastoreNodeSettings } from "../metastore/metastore-node.ts";
import type { MgmtdSettings } from "../mgmtd/settings.ts";
import type { RpcClientsSettings } from "../wire/rpc/clients.ts";
import type { RpcServerSettings } from "../wire/rpc/settings.ts";

export interface MindSettings {
  readonly clusterId: string;
  readonly node: NodeId;
  /** What fails together with this process. */
  readonly hostTag: string;
  /** Where this process is reached; others find the owner of the store and the primary by it. */
  readonly address: NetAddress;
  /** Where cluster managers are, this one included. */
  readonly managers: readonly NetAddress[];
  /**
   * `on` by default: members prove that they know the cluster's secret, users show tokens. `off` is accepted only where
   * nobody but this machine can connect.
   */
  readonly authentication?: "on" | "off";
  /** `none`: there are no storage services, files have no bytes but those beside their inode. Default `chains`. */
  readonly storage?: "chains" | "none";
  readonly metastore?: Omit<MetastoreNodeSettings, "address">;
  readonly mgmtd?: Partial<MgmtdSettings>;
  readonly meta?: MetaSettingsChanges;
  readonly server?: Partial<RpcServerSettings>;
  readonly client?: RpcClientsSettings;
}
