/** A service that does the handshake and then what a test wants. */
import type { Listener, NetAddress } from "@smallpond/base";
import { MemoryNet } from "@smallpond/base/testing";
import { encode } from "../../../src/wire/codec/index.ts";
import { challengeCodec, welcomeCodec } from "../../../src/wire/rpc/messages.ts";
import { RawPeer } from "../raw-peer.ts";

export const ADDRESS: NetAddress = { kind: "tcp", host: "127.0.0.1", port: 4000 };

export class FakeService {
  readonly net: MemoryNet;
  readonly #listener: Listener;
  readonly #accepted: AsyncIterator<unknown>;

  private constructor(net: MemoryNet, listener: Listener) {
    this.net = net;
    this.#listener = listener;
    this.#accepted = listener[Symbol.asyncIterator]();
  }

  static async listen(net: MemoryNet = new MemoryNet()): Promise<FakeService> {
    return new FakeService(net, await net.listen(ADDRESS));
  }

  /** The next client, before any word. */
  async accept(): Promise<RawPeer> {
    const { value } = await this.#accepted.next();
    return RawPeer.over(value as never);
  }

  /** The next client, let in without proof. */
  async welcome(callsMax: number = 100): Promise<RawPeer> {
    const peer = await this.accept();
    await peer.next();
    const challenge = { cluster: "fake", nonce: new Uint8Array(32), proof: undefined };
    await peer.send("challenge", encode(challengeCodec, challenge));
    await peer.next();
    await peer.send("welcome", encode(welcomeCodec, { callsMax }));
    return peer;
  }

  close(): Promise<void> {
    return this.#listener.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
