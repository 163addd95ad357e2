/** The machine's sockets through the addon. */
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import {
  formatAddress,
  isPondError,
  type NetAddress,
  type NetError,
  netError,
  type SignalOptions,
} from "@smallpond/base";
import type { LeasedConnection, LeasedListener, LeasedNet } from "../../net/leased-net.ts";
import type { LeasedNetSettings } from "../../net/settings.ts";
import type { CoreAddon } from "../core-addon.ts";
import { READABLE, WatchedDescriptor, WRITABLE } from "../watched-descriptor.ts";
import { SocketConnection } from "./socket-connection.ts";
import { socketErrorFrom, socketErrorOf } from "./socket-errors.ts";
import { SocketListener } from "./socket-listener.ts";

/** Connections that the kernel keeps until the listener takes them. */
const BACKLOG = 511;
/** A unix socket whose backlog is full refuses at once; it is asked again, this often and this many times. */
const RETRY_MS = 5;
const RETRIES_MAX = 1_000;

export class SocketNet implements LeasedNet {
  readonly kind = "native";
  readonly #addon: CoreAddon;
  readonly #settings: LeasedNetSettings;

  constructor(addon: CoreAddon, settings: LeasedNetSettings) {
    this.#addon = addon;
    this.#settings = settings;
  }

  async listen(address: NetAddress): Promise<LeasedListener> {
    const { addon, settings } = { addon: this.#addon, settings: this.#settings };
    const fd = await attempt("listen", address, {}, (host) =>
      address.kind === "unix"
        ? addon.unixListen(address.path, false, BACKLOG)
        : addon.tcpListen(host, address.port, BACKLOG),
    );
    return new SocketListener(addon, fd, { address, settings });
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<LeasedConnection> {
    options.signal?.throwIfAborted();
    const descriptor = await attempt("connect", address, options, async (host) =>
      address.kind === "unix"
        ? await this.#connectUnix(address.path, options)
        : await this.#connectTcp(host, address.port, options),
    );
    const remote = formatAddress(address);
    return new SocketConnection(this.#addon, descriptor, { remote, settings: this.#settings });
  }

  async #connectUnix(path: string, { signal }: SignalOptions): Promise<WatchedDescriptor> {
    for (let retries = 0; ; retries++) {
      try {
        return new WatchedDescriptor(this.#addon, this.#addon.unixConnect(path, false));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN" || retries === RETRIES_MAX) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      signal?.throwIfAborted();
    }
  }

  async #connectTcp(host: string, port: number, { signal }: SignalOptions): Promise<WatchedDescriptor> {
    const socket = new WatchedDescriptor(this.#addon, this.#addon.tcpConnect(host, port));
    let onAbort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        socket.onReady = resolve;
        onAbort = () => reject(signal?.reason as Error);
        signal?.addEventListener("abort", onAbort, { once: true });
        socket.listenFor(WRITABLE);
      });
      const outcome = this.#addon.socketOutcome(socket.fd);
      if (outcome < 0) throw socketErrorOf(outcome, "connect", formatAddress({ kind: "tcp", host, port }));
      socket.listenFor(READABLE);
    } catch (error) {
      await socket.close();
      throw error;
    } finally {
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
    }
    return socket;
  }
}

/** Tries every address of a host, in order; the last failure counts. */
async function attempt<T>(
  operation: string,
  address: NetAddress,
  { signal }: SignalOptions,
  make: (host: string) => T | Promise<T>,
): Promise<T> {
  const remote = formatAddress(address);
  let failure = netError("ENOTFOUND", { operation, address: remote });
  for (const host of await hostsOf(address, operation)) {
    try {
      return await make(host);
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      failure = isPondError(error) ? (error as NetError) : socketErrorFrom(error, operation, remote);
    }
  }
  throw failure;
}

async function hostsOf(address: NetAddress, operation: string): Promise<readonly string[]> {
  if (address.kind === "unix") return [address.path];
  if (isIP(address.host) !== 0) return [address.host];
  try {
    return (await lookup(address.host, { all: true })).map((found) => found.address);
  } catch (error) {
    throw socketErrorFrom(error, operation, formatAddress(address));
  }
}
