/** What an endpoint knows of one other end. */
import { toHex } from "@smallpond/base";
import type { FabricPeer } from "./fabric.ts";
import type { Operation } from "./operation.ts";

export class EndpointPeer implements FabricPeer {
  readonly address: Uint8Array;
  /** The driver's number of it, while it has one. */
  index: number | undefined;
  /** In order; sets keep it and let an aborted one go. */
  readonly waiting: Set<Operation> = new Set();
  readonly inFlight: Set<Operation> = new Set();
  /** The driver took something since it got its number: there was a connection. */
  wasReached = false;
  /** The driver took nothing more, at the time given; cleared when something of this peer ends. */
  blockedSinceMs: number | undefined;

  constructor(address: Uint8Array) {
    this.address = address;
  }

  get name(): string {
    return `peer ${toHex(this.address)}`;
  }
}
