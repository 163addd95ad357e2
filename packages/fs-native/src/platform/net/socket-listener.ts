/** A listening socket of the addon, and the bounded queue of connections that nobody took yet. */
import { rmSync } from "node:fs";
import { formatAddress, type NetAddress } from "@smallpond/base";
import type { LeasedConnection, LeasedListener } from "../../net/leased-net.ts";
import type { LeasedNetSettings } from "../../net/settings.ts";
import type { CoreAddon } from "../core-addon.ts";
import { READABLE, WatchedDescriptor } from "../watched-descriptor.ts";
import { SocketConnection } from "./socket-connection.ts";
import { EAGAIN } from "./socket-errors.ts";
import { tcpName } from "./socket-name.ts";

/** Until descriptors are free again; what waits meanwhile stays with the kernel. */
const PAUSE_MS = 50;
const ECONNABORTED = -103;

export class SocketListener implements LeasedListener {
  readonly address: NetAddress;
  readonly #addon: CoreAddon;
  readonly #descriptor: WatchedDescriptor;
  readonly #settings: LeasedNetSettings;
  #waiting: LeasedConnection[] = [];
  #wake: (() => void) | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  /** Takes over a listening socket. */
  constructor(
    addon: CoreAddon,
    fd: number,
    options: { readonly address: NetAddress; readonly settings: LeasedNetSettings },
  ) {
    this.#addon = addon;
    this.#settings = options.settings;
    this.#descriptor = new WatchedDescriptor(addon, fd);
    this.#descriptor.onReady = () => this.#accept();
    this.address = boundAddress(addon, fd, options.address);
    this.#descriptor.listenFor(READABLE);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LeasedConnection, void, undefined> {
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

  #accept(): void {
    while (this.#descriptor.isOpen) {
      const fd = this.#addon.socketAccept(this.#descriptor.fd);
      if (fd === EAGAIN) return;
      // The client gave up before it was taken.
      if (fd === ECONNABORTED) continue;
      if (fd < 0) {
        // Most likely the process may open no more descriptors. The loop would tell again and again.
        this.#descriptor.listenFor(0);
        this.#pause = setTimeout(() => this.#descriptor.listenFor(READABLE), PAUSE_MS).unref();
        return;
      }
      const remote = tcpName(this.#addon, fd, "peer") ?? `a client of ${formatAddress(this.address)}`;
      const descriptor = new WatchedDescriptor(this.#addon, fd);
      const connection = new SocketConnection(this.#addon, descriptor, { remote, settings: this.#settings });
      if (this.#waiting.length >= this.#settings.acceptQueueMax) void connection.close();
      else this.#waiting.push(connection);
      this.#wake?.();
    }
  }

  async #shut(): Promise<void> {
    clearTimeout(this.#pause);
    const dropped = this.#waiting;
    this.#waiting = [];
    this.#wake?.();
    // The name goes first: what is found by it is then always somebody who listens.
    if (this.address.kind === "unix") rmSync(this.address.path, { force: true });
    await this.#descriptor.close();
    await Promise.all(dropped.map((connection) => connection.close()));
  }
}

function boundAddress(addon: CoreAddon, fd: number, asked: NetAddress): NetAddress {
  if (asked.kind === "unix") return asked;
  const name = addon.socketName(fd, false);
  return { ...asked, port: Number(name.slice(name.indexOf(" ") + 1)) };
}
