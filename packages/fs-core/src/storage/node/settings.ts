/** What a storage node is told. */
import type { NetAddress } from "@smallpond/base";
import type { NodeId, TargetId } from "../../ids.ts";
import type { RpcClientsSettings, RpcServerSettings } from "../../wire/index.ts";
import type { ChainSettings } from "../chain/settings.ts";
import type { ShareSettings } from "../classes/settings.ts";
import type { CareSettings, RepairSettings } from "../repair/settings.ts";
import type { ResyncSettings } from "../resync/settings.ts";
import type { StoreSettings } from "../settings.ts";

export interface TargetSettings {
  readonly id: TargetId;
  /** Which of the node's disks, from 0. */
  readonly disk: number;
  /** Formatted, and kept from all other processes by whoever starts the node. */
  readonly directory: string;
}

export interface StorageNodeSettings {
  readonly clusterId: string;
  readonly node: NodeId;
  /** What fails together with this process. */
  readonly hostTag: string;
  /** Where this process is reached. */
  readonly address: NetAddress;
  /** Where cluster managers are. */
  readonly managers: readonly NetAddress[];
  readonly targets: readonly TargetSettings[];
  /** Changes with every start of the machine. */
  readonly bootId: string;
  /** As for `MindSettings`. */
  readonly authentication?: "on" | "off";
  readonly store?: Partial<StoreSettings>;
  readonly chain?: Partial<ChainSettings>;
  readonly resync?: Partial<ResyncSettings>;
  readonly repair?: Partial<RepairSettings>;
  readonly care?: Partial<CareSettings>;
  readonly shares?: Partial<ShareSettings>;
  readonly server?: Partial<RpcServerSettings>;
  readonly client?: RpcClientsSettings;
  /** One heartbeat's answer, see `NodeAgentSettings`. */
  readonly answerMs?: number;
}
