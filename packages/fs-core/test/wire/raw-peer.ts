/** The other half of a connection, that may say anything. */
import type { Connection, Net, NetAddress } from "@smallpond/base";
import { concatBytes } from "@smallpond/base";
import { JAVASCRIPT_CRC32C } from "@smallpond/fs-native";
import { NodeCrypto } from "../../src/platform/node-crypto.ts";
import { TEST_MEMBER } from "../../src/testing/rpc.ts";
import { decode, encode } from "../../src/wire/codec/index.ts";
import {
  decodeFrameHeader,
  encodeFrame,
  FRAME_HEADER_BYTES,
  type FrameHeader,
  type FrameKind,
} from "../../src/wire/frame.ts";
import { proveMembership } from "../../src/wire/rpc/authentication.ts";
import { pondErrorCodec } from "../../src/wire/rpc/errors.ts";
import { type Claim, challengeCodec, helloCodec, proofCodec } from "../../src/wire/rpc/messages.ts";

export interface RawFrame extends FrameHeader {
  readonly message: Uint8Array;
}

export class RawPeer {
  readonly connection: Connection;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #received: Uint8Array = new Uint8Array(0);

  private constructor(connection: Connection) {
    this.connection = connection;
    this.#chunks = connection[Symbol.asyncIterator]();
  }

  static async connect(net: Net, address: NetAddress): Promise<RawPeer> {
    return new RawPeer(await net.connect(address));
  }

  static over(connection: Connection): RawPeer {
    return new RawPeer(connection);
  }

  send(
    kind: FrameKind,
    message: Uint8Array = new Uint8Array(0),
    options: { id?: number; flags?: number; bulkBytes?: number } = {},
  ): Promise<void> {
    return this.write(encodeFrame(JAVASCRIPT_CRC32C, { id: 0, ...options, kind, message }));
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.connection.write(bytes);
  }

  /** The next frame, its bulk bytes dropped; nothing at the end of the connection, however it came. */
  async next(): Promise<RawFrame | undefined> {
    if (!(await this.#fill(FRAME_HEADER_BYTES))) return undefined;
    const header = decodeFrameHeader(JAVASCRIPT_CRC32C, this.#received);
    const whole = FRAME_HEADER_BYTES + header.messageBytes + header.bulkBytes;
    if (!(await this.#fill(whole))) return undefined;
    const message = this.#received.slice(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + header.messageBytes);
    this.#received = this.#received.slice(whole);
    return { ...header, message };
  }

  /** The error of the next frame. */
  async nextError(): Promise<
    { readonly code: string; readonly kind: string; readonly on: FrameKind } | undefined
  > {
    const frame = await this.next();
    if (frame === undefined) return undefined;
    const { code, kind } = decode(pondErrorCodec, frame.message);
    return { code, kind, on: frame.kind };
  }

  /** Becomes a member of the tests' cluster. Returns the frames it sent, which are good this once. */
  async joins(node?: number): Promise<readonly { readonly kind: FrameKind; readonly message: Uint8Array }[]> {
    if (TEST_MEMBER.kind !== "member") throw new Error("a member is needed");
    const { clusterId, secret } = TEST_MEMBER;
    const clientNonce = new Uint8Array(32).fill(9);
    const claim: Claim = { kind: "member", node };
    const hello = encode(helloCodec, { cluster: clusterId, nonce: clientNonce, claim });
    await this.send("hello", hello);
    const { nonce } = decode(challengeCodec, (await this.next())!.message);
    const subject = { role: "client", clusterId, node, clientNonce, serviceNonce: nonce } as const;
    const proof = encode(proofCodec, {
      kind: "member",
      proof: proveMembership(new NodeCrypto(), secret, subject),
    });
    await this.send("proof", proof);
    if ((await this.next())?.kind !== "welcome") throw new Error("the service did not welcome a member");
    return [
      { kind: "hello", message: hello },
      { kind: "proof", message: proof },
    ];
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #fill(bytes: number): Promise<boolean> {
    while (this.#received.length < bytes) {
      const next = await this.#chunks.next().catch(() => ({ done: true, value: undefined }) as const);
      if (next.done) return false;
      this.#received = concatBytes([this.#received, next.value]);
    }
    return true;
  }
}
