/** Channels over byte streams: TCP, unix sockets, TLS, or the simulated network. */
import type { NetAddress, Probes, SignalOptions } from "@smallpond/base";
import type { Crc32c, LeasedListener, LeasedNet } from "@smallpond/fs-native";
import { DEFAULT_FRAME_SETTINGS, type FrameSettings } from "../frame.ts";
import { NetChannel } from "./net-channel.ts";
import type { Channel, ChannelListener, Transport } from "./transport.ts";

export interface NetTransportDeps {
  readonly net: LeasedNet;
  readonly crc32c: Crc32c;
  readonly probes: Probes;
}

export class NetTransport implements Transport {
  readonly settings: FrameSettings;
  readonly #deps: NetTransportDeps;

  constructor(deps: NetTransportDeps, settings: Partial<FrameSettings> = {}) {
    this.#deps = deps;
    this.settings = { ...DEFAULT_FRAME_SETTINGS, ...settings };
  }

  isLocal(address: NetAddress): boolean {
    if (address.kind === "unix") return true;
    return address.host === "localhost" || address.host === "::1" || /^127(\.\d+){3}$/.test(address.host);
  }

  async listen(address: NetAddress): Promise<ChannelListener> {
    return new NetChannelListener(this.#deps, await this.#deps.net.listen(address), this.settings);
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Channel> {
    const connection = await this.#deps.net.connect(address, options);
    return new NetChannel({ ...this.#deps, connection }, this.settings);
  }
}

class NetChannelListener implements ChannelListener {
  readonly #deps: NetTransportDeps;
  readonly #listener: LeasedListener;
  readonly #settings: FrameSettings;

  constructor(deps: NetTransportDeps, listener: LeasedListener, settings: FrameSettings) {
    this.#deps = deps;
    this.#listener = listener;
    this.#settings = settings;
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Channel, void, undefined> {
    for await (const connection of this.#listener) {
      yield new NetChannel({ ...this.#deps, connection }, this.#settings);
    }
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
