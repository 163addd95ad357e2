/** The network as one incarnation of a process sees it. */
import {
  type Connection,
  formatAddress,
  type Listener,
  type Net,
  type NetAddress,
  type NetErrorCode,
  netError,
  type SignalOptions,
} from "@smallpond/base";
import type { Lifetime } from "../world/lifetime.ts";
import type { SimConnection } from "./sim-connection.ts";
import { SimListener } from "./sim-listener.ts";
import type { Host, Switchboard } from "./switchboard.ts";

export class SimNet implements Net {
  readonly #lifetime: Lifetime;
  readonly #host: Host;
  readonly #board: Switchboard;

  constructor(deps: { readonly lifetime: Lifetime; readonly host: Host; readonly board: Switchboard }) {
    this.#lifetime = deps.lifetime;
    this.#host = deps.host;
    this.#board = deps.board;
  }

  async listen(asked: NetAddress): Promise<Listener> {
    if (!this.#lifetime.enter(`net.listen ${formatAddress(asked)}`)) return new Promise(() => {});
    const { listeners } = this.#board;
    const address = this.#withPort(asked);
    const details = { operation: "listen", address: formatAddress(address) };
    if (this.#board.resolve(this.#host, address) !== this.#host) throw netError("EADDRNOTAVAIL", details);
    const key = keyOf(this.#host, address);
    if (listeners.has(key)) throw netError("EADDRINUSE", details);
    const forget = (): void => void (listeners.get(key) === listener && listeners.delete(key));
    const listener: SimListener = new SimListener({ lifetime: this.#lifetime, forget }, address);
    listeners.set(key, listener);
    return listener;
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Connection> {
    const { signal } = options;
    signal?.throwIfAborted();
    const remote = formatAddress(address);
    if (!this.#lifetime.enter(`net.connect ${remote}`)) return new Promise(() => {});
    const target = this.#board.resolve(this.#host, address);
    if (target === undefined) throw netError("ENOTFOUND", { operation: "connect", address: remote });
    return new Promise((resolve, reject) => {
      const attempt = new Attempt(
        { board: this.#board, lifetime: this.#lifetime, host: this.#host },
        target,
        address,
      );
      const onAbort = (): void => {
        attempt.cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      attempt.start((outcome) => {
        signal?.removeEventListener("abort", onAbort);
        if (typeof outcome === "string") reject(netError(outcome, { operation: "connect", address: remote }));
        else resolve(outcome);
      });
    });
  }

  #withPort(asked: NetAddress): NetAddress {
    if (asked.kind === "unix" || asked.port !== 0) return asked;
    let port = EPHEMERAL_PORT_MIN;
    while (this.#board.listeners.has(keyOf(this.#host, { ...asked, port }))) port += 1;
    return { ...asked, port };
  }
}

const EPHEMERAL_PORT_MIN = 49_152;

/** A listener belongs to a machine, under whatever name that was given. */
function keyOf(host: Host, address: NetAddress): string {
  return address.kind === "unix" ? `${host.name}:unix:${address.path}` : `${host.name}:${address.port}`;
}

/** The three-way handshake: a packet there, a packet back, each sent again while nothing gets through. */
class Attempt {
  readonly #board: Switchboard;
  readonly #lifetime: Lifetime;
  readonly #host: Host;
  readonly #target: Host;
  readonly #address: NetAddress;
  #report: ((outcome: SimConnection | NetErrorCode) => void) | undefined;
  #connection: SimConnection | undefined;
  #waitedMs = 0;

  constructor(
    deps: { readonly board: Switchboard; readonly lifetime: Lifetime; readonly host: Host },
    target: Host,
    address: NetAddress,
  ) {
    this.#board = deps.board;
    this.#lifetime = deps.lifetime;
    this.#host = deps.host;
    this.#target = target;
    this.#address = address;
  }

  start(report: (outcome: SimConnection | NetErrorCode) => void): void {
    this.#report = report;
    this.#lifetime.onDeath(() => this.cancel());
    this.#there();
  }

  cancel(): void {
    this.#report = undefined;
    this.#connection?.drop();
  }

  #there(): void {
    const route = { from: this.#host.name, to: this.#target.name };
    this.#packet(route, () => {
      const listener = this.#board.listeners.get(keyOf(this.#target, this.#address));
      if (listener === undefined)
        return this.#back(this.#address.kind === "unix" ? "ENOENT" : "ECONNREFUSED");
      const client = { host: this.#host, lifetime: this.#lifetime, name: this.#host.name };
      const server = { host: this.#target, lifetime: listener.lifetime, name: this.#target.name };
      const ends = this.#board.join(client, server, this.#address);
      this.#connection = ends.client;
      listener.accept(ends.server);
      this.#back(ends.client);
    });
  }

  #back(outcome: SimConnection | NetErrorCode): void {
    this.#packet({ from: this.#target.name, to: this.#host.name }, () => this.#finish(outcome));
  }

  /** A server that accepted while its answer cannot get back holds half a connection, as in life. */
  #packet(route: { readonly from: string; readonly to: string }, arrive: () => void): void {
    const { fabric, scheduler } = this.#board;
    scheduler.after(fabric.delayMs(route, 0), () => {
      if (this.#report === undefined) return;
      if (!fabric.isCut(route) && this.#target.powered && !fabric.loses(route)) return arrive();
      const waitMs = fabric.settings.retransmitMs;
      this.#waitedMs += waitMs;
      if (this.#waitedMs > fabric.settings.giveUpMs) return this.#finish("ETIMEDOUT");
      scheduler.after(waitMs, () => this.#packet(route, arrive));
    });
  }

  #finish(outcome: SimConnection | NetErrorCode): void {
    const report = this.#report;
    this.#report = undefined;
    if (typeof outcome === "string") this.#connection?.drop();
    if (report !== undefined) this.#lifetime.wake(() => report(outcome));
  }
}
