/** A listening socket of the machine, and the bounded queue of connections nobody took yet. */
import type { AddressInfo, Server, Socket } from "node:net";
import { assert } from "../../assert.ts";
import {
  type Connection,
  formatAddress,
  type Listener,
  type NetAddress,
  type NetSettings,
} from "../../net.ts";
import { NodeConnection } from "./net-connection.ts";

export class NodeListener implements Listener {
  readonly #server: Server;
  readonly #settings: NetSettings;
  #address: NetAddress | undefined;
  #waiting: Connection[] = [];
  #wake: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /** `event` is what the server emits for a socket that is ready: another one where TLS comes first. */
  constructor(
    server: Server,
    settings: NetSettings,
    event: "connection" | "secureConnection" = "connection",
  ) {
    this.#server = server;
    this.#settings = settings;
    server.on(event, (socket: Socket) => this.#accept(socket));
  }

  get address(): NetAddress {
    assert(this.#address !== undefined, "the listener has started");
    return this.#address;
  }

  /** Called once the server listens: fills in the port the kernel chose. */
  started(asked: NetAddress): this {
    this.#server.on("error", () => void this.close());
    this.#address =
      asked.kind === "unix" ? asked : { ...asked, port: (this.#server.address() as AddressInfo).port };
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, undefined> {
    try {
      for (;;) {
        const connection = this.#waiting.shift();
        if (connection !== undefined) yield connection;
        else if (this.#closing !== undefined) return;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      await this.close();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#shut();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    if (this.#closing !== undefined || this.#waiting.length >= this.#settings.acceptQueueMax) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const remote = remoteName(socket, this.#address);
    this.#waiting.push(new NodeConnection(socket, { remote, settings: this.#settings }));
    this.#wake?.();
  }

  async #shut(): Promise<void> {
    const dropped = this.#waiting;
    this.#waiting = [];
    this.#wake?.();
    // The server's own callback waits for every connection it ever accepted; ours live on without it.
    this.#server.close();
    this.#server.unref();
    await Promise.all(dropped.map((connection) => connection.close()));
  }
}

function remoteName(socket: Socket, local: NetAddress | undefined): string {
  if (socket.remoteAddress === undefined || socket.remotePort === undefined) {
    return local === undefined ? "unknown" : `a client of ${formatAddress(local)}`;
  }
  return formatAddress({ kind: "tcp", host: socket.remoteAddress, port: socket.remotePort });
}
