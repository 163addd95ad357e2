/**
 * Frames over another transport, bulk bytes by remote memory access. The other one says who is connected and who has
 * fallen silent, carries messages of any size, and brings the addresses that a fabric cannot find out; what is large
 * passes it by.
 *
 * The service moves the bytes, both ways: it reads a question's from where the client has them, and writes an answer's to
 * where the client wants them. So no end waits for a round trip more than without.
 */
import type { NetAddress, SignalOptions } from "@smallpond/base";
import type { BufferPool, FabricEndpoint } from "@smallpond/fs-native";
import type { FrameSettings } from "../frame.ts";
import { FabricChannel } from "./fabric-channel.ts";
import type { Channel, ChannelListener, Transport } from "./transport.ts";

export interface FabricTransportDeps {
  readonly messages: Transport;
  /** Owned by whoever opened it: it is closed after the transport's last channel. */
  readonly endpoint: FabricEndpoint;
  /** Registered memory for what is sent from elsewhere. */
  readonly pool: BufferPool;
}

export class FabricTransport implements Transport {
  readonly #deps: FabricTransportDeps;

  constructor(deps: FabricTransportDeps) {
    this.#deps = deps;
  }

  get settings(): FrameSettings {
    return this.#deps.messages.settings;
  }

  isLocal(address: NetAddress): boolean {
    return this.#deps.messages.isLocal(address);
  }

  async listen(address: NetAddress): Promise<ChannelListener> {
    return new FabricChannelListener(this.#deps, await this.#deps.messages.listen(address));
  }

  async connect(address: NetAddress, options: SignalOptions = {}): Promise<Channel> {
    const channel = await this.#deps.messages.connect(address, options);
    return new FabricChannel({ ...this.#deps, channel }, this.settings);
  }
}

class FabricChannelListener implements ChannelListener {
  readonly #deps: FabricTransportDeps;
  readonly #listener: ChannelListener;

  constructor(deps: FabricTransportDeps, listener: ChannelListener) {
    this.#deps = deps;
    this.#listener = listener;
  }

  get address(): NetAddress {
    return this.#listener.address;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Channel, void, undefined> {
    for await (const channel of this.#listener) {
      yield new FabricChannel({ ...this.#deps, channel }, this.#deps.messages.settings);
    }
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
