/**
 * Leased connections over any `Net`: Node's sockets where there is no addon, and the simulated network. Received bytes
 * are copied into leases once; sent ones are not.
 */
import type { Connection, Listener, Net, NetAddress, SignalOptions } from "@smallpond/base";
import type { LeasedConnection, LeasedListener, LeasedNet } from "./leased-net.ts";
import { PortableConnection } from "./portable-connection.ts";
import { DEFAULT_LEASED_NET_SETTINGS, type LeasedNetSettings } from "./settings.ts";

export class PortableNet implements LeasedNet {
  readonly kind = "portable";
  readonly #net: Net;
  readonly #settings: LeasedNetSettings;

  /** `settings.unsentBytesMax` must be what `net` allows, or less. */
  constructor(net: Net, settings: Partial<LeasedNetSettings> = {}) {
    this.#net = net;
    this.#settings = { ...DEFAULT_LEASED_NET_SETTINGS, ...settings };
  }

  async listen(address: NetAddress): Promise<LeasedListener> {
    return new PortableListener(await this.#net.listen(address), this.#settings);
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<LeasedConnection> {
    return new PortableConnection(await this.#net.connect(address, options), this.#settings);
  }
}

class PortableListener implements LeasedListener {
  readonly #listener: Listener;
  readonly #settings: LeasedNetSettings;

  constructor(listener: Listener, settings: LeasedNetSettings) {
    this.#listener = listener;
    this.#settings = settings;
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LeasedConnection, void, undefined> {
    for await (const connection of this.#listener as AsyncIterable<Connection>) {
      yield new PortableConnection(connection, this.#settings);
    }
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
