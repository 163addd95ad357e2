/** Who listens where in the world: how a connection attempt finds the other end. */
import { formatAddress, type NetAddress, type NetErrorCode } from "@smallpond/base";
import type { Scheduler } from "../time/scheduler.ts";
import type { Lifetime } from "../world/lifetime.ts";
import type { DatagramSocket } from "./datagrams.ts";
import type { Fabric, Route } from "./fabric.ts";
import { SimConnection } from "./sim-connection.ts";
import type { SimListener } from "./sim-listener.ts";
import { Wire } from "./wire.ts";

/** What the network needs to know about a machine. */
export interface Host {
  readonly name: string;
  readonly powered: boolean;
  /** Counts its starts: connections do not survive them. */
  readonly boot: number;
}

/** One end of a connection in the making. */
export interface End {
  readonly host: Host;
  readonly lifetime: Lifetime;
  readonly name: string;
}

export class Switchboard {
  readonly scheduler: Scheduler;
  readonly fabric: Fabric;
  readonly hosts: Map<string, Host> = new Map();
  readonly listeners: Map<string, SimListener> = new Map();
  readonly sockets: Map<string, DatagramSocket> = new Map();
  #connectionCount = 0;

  constructor(deps: { readonly scheduler: Scheduler; readonly fabric: Fabric }) {
    this.scheduler = deps.scheduler;
    this.fabric = deps.fabric;
  }

  /** The machine an address names, seen from `from`. */
  resolve(from: Host, address: NetAddress): Host | undefined {
    if (address.kind === "unix" || LOOPBACK.has(address.host)) return from;
    return this.hosts.get(address.host);
  }

  /** The connections' two ends, joined by two wires. */
  join(client: End, server: End, address: NetAddress): { client: SimConnection; server: SimConnection } {
    const boots = { client: client.host.boot, server: server.host.boot };
    const there: Wire = new Wire(
      this,
      this.#ends(client, server, boots.server, () => [clientEnd, serverEnd]),
    );
    const back: Wire = new Wire(
      this,
      this.#ends(server, client, boots.client, () => [serverEnd, clientEnd]),
    );
    const clientEnd: SimConnection = new SimConnection({
      lifetime: client.lifetime,
      incoming: back,
      outgoing: there,
      remote: formatAddress(address),
      powered: () => client.host.powered && client.host.boot === boots.client,
    });
    const serverEnd: SimConnection = new SimConnection({
      lifetime: server.lifetime,
      incoming: there,
      outgoing: back,
      remote: `${client.host.name}#${++this.#connectionCount}`,
      powered: () => server.host.powered && server.host.boot === boots.server,
    });
    return { client: clientEnd, server: serverEnd };
  }

  #ends(sender: End, receiver: End, boot: number, ends: () => readonly [SimConnection, SimConnection]) {
    const fail = (which: 0 | 1, code: NetErrorCode) => () => ends()[which].fail(code);
    const route: Route = { from: sender.host.name, to: receiver.host.name };
    return {
      sender: sender.lifetime,
      receiver: receiver.lifetime,
      route,
      receiverState: () =>
        receiver.host.powered
          ? receiver.host.boot === boot
            ? ("there" as const)
            : ("rebooted" as const)
          : ("off" as const),
      onRefused: fail(0, "ECONNRESET"),
      onReset: fail(1, "ECONNRESET"),
      onGiveUp: fail(0, "ETIMEDOUT"),
    };
  }
}

/** Names a machine has for itself. */
const LOOPBACK: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "::1", "0.0.0.0", "::"]);
