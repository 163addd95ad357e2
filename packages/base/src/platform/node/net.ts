/** The machine's sockets. */
import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { SignalOptions } from "../../clock.ts";
import {
  type Connection,
  DEFAULT_NET_SETTINGS,
  formatAddress,
  type Listener,
  type Net,
  type NetAddress,
  type NetSettings,
  netError,
} from "../../net.ts";
import { NodeConnection } from "./net-connection.ts";
import { toNetError } from "./net-errors.ts";
import { NodeListener } from "./net-listener.ts";

export class NodeNet implements Net {
  readonly #settings: NetSettings;

  constructor(settings: Partial<NetSettings> = {}) {
    this.#settings = { ...DEFAULT_NET_SETTINGS, ...settings };
  }

  async listen(address: NetAddress): Promise<Listener> {
    checkPath(address, "listen");
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const listener = new NodeListener(server, this.#settings);
    try {
      await startListening(server, address);
    } catch (error) {
      throw toNetError(error, { operation: "listen", address: formatAddress(address) });
    }
    return listener.started(address);
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Connection> {
    options.signal?.throwIfAborted();
    checkPath(address, "connect");
    const socket = createConnection(
      address.kind === "unix"
        ? { path: address.path, allowHalfOpen: true }
        : { host: address.host, port: address.port, allowHalfOpen: true, noDelay: true },
    );
    const remote = formatAddress(address);
    try {
      await connected(socket, "connect", options.signal);
    } catch (error) {
      socket.destroy();
      if (options.signal?.aborted) throw options.signal.reason;
      throw toNetError(error, { operation: "connect", address: remote });
    }
    return new NodeConnection(socket, { remote, settings: this.#settings });
  }
}

/** What the kernel's address has room for. Node cuts a longer path, and listens on another one than was asked for. */
const PATH_BYTES_MAX = 107;

function checkPath(address: NetAddress, operation: string): void {
  if (address.kind === "unix" && Buffer.byteLength(address.path) > PATH_BYTES_MAX) {
    throw netError("ENAMETOOLONG", { operation, address: formatAddress(address) });
  }
}

function startListening(server: Server, address: NetAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const target =
      address.kind === "unix" ? { path: address.path } : { host: address.host, port: address.port };
    server.listen(target, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Resolves when the socket reports the event by which it can be used; rejects with its error, or when the signal aborts. */
export function connected(
  socket: Socket,
  event: "connect" | "secureConnect",
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => settle(() => reject(signal?.reason as Error));
    const onConnect = (): void => settle(resolve);
    const onError = (error: Error): void => settle(() => reject(error));
    socket.once(event, onConnect);
    socket.once("error", onError);
    signal?.addEventListener("abort", onAbort, { once: true });

    function settle(finish: () => void): void {
      socket.off(event, onConnect);
      socket.off("error", onError);
      // The socket may report once more while it is torn down, and an unheard error ends the process.
      socket.on("error", () => {});
      signal?.removeEventListener("abort", onAbort);
      finish();
    }
  });
}
