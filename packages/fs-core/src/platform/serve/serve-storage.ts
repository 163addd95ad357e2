/** A storage service on this machine: its targets in directories, its sockets, clock, log and admin port. */
import { type NetAddress, PondError } from "@smallpond/base";
import type { NodeId } from "../../ids.ts";
import type { LogLevel } from "../../service/log.ts";
import type { StoreSettings } from "../../storage/settings.ts";
import type { TargetPlace } from "./prepare-targets.ts";

export interface ServeStorageSettings {
  readonly clusterId: string;
  /** The cluster's, in hex. */
  readonly secret: string;
  readonly node: NodeId;
  /** What fails together with this process. */
  readonly hostTag: string;
  /** Where this process is reached; port 0 is any that is free. */
  readonly address: NetAddress;
  /** Where cluster managers are. */
  readonly managers: readonly NetAddress[];
  readonly targets: readonly TargetPlace[];
  readonly store?: Partial<StoreSettings>;
  /**
   * What targets are that are missing on their disks. `ask`, by default: those that the manager has in a chain were
   * replaced, others are new.
   */
  readonly missing?: "new" | "replaced" | "ask";
  /** Where metrics and health are told; nowhere without it. */
  readonly admin?: NetAddress;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
}

export interface ServeStorageOptions {
  /** Takes the log's lines; standard error otherwise. */
  readonly writeLog?: (line: string) => void;
}

export interface ServedStorage extends AsyncDisposable {
  readonly address: NetAddress;
  readonly incarnation: string;
  readonly adminAddress: NetAddress | undefined;
  /** Rejects when the process must not go on. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

/** Until there are chains of replicas there is nothing to serve. */
export function serveStorage(
  settings: ServeStorageSettings,
  _options: ServeStorageOptions = {},
): Promise<ServedStorage> {
  return Promise.reject(
    new PondError("NO_STORAGE", {
      kind: "unavailable",
      message: `storage node ${settings.node} cannot be served yet: chains are not there`,
      hint: "metadata alone is served by pond serve mgmtd",
    }),
  );
}
