/** A transport whose channels are those of another one with something around them. */
import type { NetAddress, SignalOptions } from "@smallpond/base";
import type { FrameSettings } from "../frame.ts";
import type { Channel, ChannelListener, Transport } from "./transport.ts";

/** `side`: which end of the channel this is. */
export type WrapChannel = (channel: Channel, side: "client" | "service") => Channel;

export class WrappedTransport implements Transport {
  readonly #messages: Transport;
  readonly #wrap: WrapChannel;

  constructor(messages: Transport, wrap: WrapChannel) {
    this.#messages = messages;
    this.#wrap = wrap;
  }

  get settings(): FrameSettings {
    return this.#messages.settings;
  }

  isLocal(address: NetAddress): boolean {
    return this.#messages.isLocal(address);
  }

  async listen(address: NetAddress): Promise<ChannelListener> {
    return new WrappedListener(await this.#messages.listen(address), this.#wrap);
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Channel> {
    return this.#wrap(await this.#messages.connect(address, options), "client");
  }
}

class WrappedListener implements ChannelListener {
  readonly #listener: ChannelListener;
  readonly #wrap: WrapChannel;

  constructor(listener: ChannelListener, wrap: WrapChannel) {
    this.#listener = listener;
    this.#wrap = wrap;
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Channel, void, undefined> {
    for await (const channel of this.#listener) yield this.#wrap(channel, "service");
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
