/** What the cluster manager knows of clients. */
import type { SignalOptions } from "@smallpond/base";
import type { ClientId } from "../../ids.ts";

/** `unknown`: it cannot tell yet, and nothing is taken from the client. */
export type ClientState = "alive" | "gone" | "unknown";

export interface ClientView {
  /** In the order of the clients; at most {@link CLIENTS_ASKED_MAX}. */
  states(clients: readonly ClientId[], options?: SignalOptions): Promise<readonly ClientState[]>;
}

export const CLIENTS_ASKED_MAX = 256;
