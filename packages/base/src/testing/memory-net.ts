/** A network in memory: every listener and connection made from one instance can reach the others. */
import { assert } from "../assert.ts";
import type { SignalOptions } from "../clock.ts";
import {
  type Connection,
  DEFAULT_NET_SETTINGS,
  formatAddress,
  type Listener,
  type Net,
  type NetAddress,
  type NetSettings,
  netError,
} from "../net.ts";
import { MemoryConnection } from "./memory-connection.ts";
import { MemoryPipe } from "./memory-pipe.ts";

export interface MemoryNetSettings extends NetSettings {
  /** Bytes one direction of a connection holds before its writer waits. */
  readonly bufferedBytesMax: number;
}

const EPHEMERAL_PORT_MIN = 49_152;

/** Reliable and immediate. Addresses are compared as text, `localhost` being `127.0.0.1`; nothing is resolved. */
export class MemoryNet implements Net {
  readonly #settings: MemoryNetSettings;
  readonly #listeners: Map<string, MemoryListener> = new Map();
  #port = EPHEMERAL_PORT_MIN;
  #connectionCount = 0;

  constructor(settings: Partial<MemoryNetSettings> = {}) {
    this.#settings = { ...DEFAULT_NET_SETTINGS, bufferedBytesMax: 64 * 1024, ...settings };
  }

  async listen(asked: NetAddress): Promise<Listener> {
    const address = asked.kind === "tcp" && asked.port === 0 ? { ...asked, port: this.#port++ } : asked;
    const key = keyOf(address);
    if (this.#listeners.has(key)) {
      throw netError("EADDRINUSE", { operation: "listen", address: formatAddress(address) });
    }
    const listener = new MemoryListener(address, this.#settings, () => this.#listeners.delete(key));
    this.#listeners.set(key, listener);
    return listener;
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Connection> {
    options.signal?.throwIfAborted();
    const remote = formatAddress(address);
    const listener = this.#listeners.get(keyOf(address));
    if (listener === undefined) {
      throw netError(address.kind === "unix" ? "ENOENT" : "ECONNREFUSED", {
        operation: "connect",
        address: remote,
      });
    }
    const [there, back] = [new MemoryPipe(this.#settings), new MemoryPipe(this.#settings)];
    const settings = this.#settings;
    const client = new MemoryConnection({ incoming: back, outgoing: there }, { remote, settings });
    const name = `client ${++this.#connectionCount} of ${remote}`;
    listener.accept(new MemoryConnection({ incoming: there, outgoing: back }, { remote: name, settings }));
    return client;
  }
}

class MemoryListener implements Listener {
  readonly address: NetAddress;
  readonly #settings: NetSettings;
  readonly #forget: () => void;
  #waiting: MemoryConnection[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(address: NetAddress, settings: NetSettings, forget: () => void) {
    this.address = address;
    this.#settings = settings;
    this.#forget = forget;
  }

  accept(connection: MemoryConnection): void {
    assert(!this.#closed, "a closed listener is not found by connect");
    if (this.#waiting.length >= this.#settings.acceptQueueMax) void connection.close();
    else this.#waiting.push(connection);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Connection, void, undefined> {
    try {
      for (;;) {
        const connection = this.#waiting.shift();
        if (connection !== undefined) yield connection;
        else if (this.#closed) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#forget();
    const dropped = this.#waiting;
    this.#waiting = [];
    this.#wake?.();
    await Promise.all(dropped.map((connection) => connection.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function keyOf(address: NetAddress): string {
  if (address.kind === "tcp" && address.host === "localhost") return keyOf({ ...address, host: "127.0.0.1" });
  return formatAddress(address);
}
