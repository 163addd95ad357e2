/**
 * Frames over another transport, bulk bytes between processes of one machine through shared memory. Each side finds out for
 * itself whether the other one is that near, and while it is not known all goes the usual way.
 */
import type { Clock, NetAddress, SignalOptions } from "@smallpond/base";
import type { BufferPool } from "@smallpond/fs-native";
import type { FrameSettings } from "../frame.ts";
import { NearChannel } from "./near-channel.ts";
import type { NearMemory } from "./near-memory.ts";
import type { Channel, ChannelListener, Transport } from "./transport.ts";

export interface NearTransportDeps {
  readonly messages: Transport;
  readonly clock: Clock;
  /** Nothing: it has none, and whoever asks hears nothing. */
  readonly near?: NearMemory | undefined;
  /** Memory that others can be shown, for what is sent from elsewhere. */
  readonly pool?: BufferPool | undefined;
  /** Fewer bulk bytes go with their frame. Default 128 KiB: below, telling that bytes were taken costs more than it saves. */
  readonly bytesMin?: number;
}

const BYTES_MIN = 128 * 1024;

export class NearTransport implements Transport {
  readonly #deps: NearTransportDeps;

  constructor(deps: NearTransportDeps) {
    this.#deps = deps;
  }

  get settings(): FrameSettings {
    return this.#deps.messages.settings;
  }

  isLocal(address: NetAddress): boolean {
    return this.#deps.messages.isLocal(address);
  }

  async listen(address: NetAddress): Promise<ChannelListener> {
    const listener = await this.#deps.messages.listen(address);
    return new NearListener(listener, (channel) => this.#wrap(channel, "service"));
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Channel> {
    return this.#wrap(await this.#deps.messages.connect(address, options), "client");
  }

  #wrap(channel: Channel, side: "client" | "service"): Channel {
    const { near, pool, clock, bytesMin = BYTES_MIN } = this.#deps;
    return new NearChannel({ channel, near, pool, clock, side, bytesMin }, this.settings);
  }
}

class NearListener implements ChannelListener {
  readonly #listener: ChannelListener;
  readonly #wrap: (channel: Channel) => Channel;

  constructor(listener: ChannelListener, wrap: (channel: Channel) => Channel) {
    this.#listener = listener;
    this.#wrap = wrap;
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Channel, void, undefined> {
    for await (const channel of this.#listener) yield this.#wrap(channel);
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
