/**
 * Frames over another transport, bulk bytes by remote memory access. The other one says who is connected and who has
 * fallen silent, carries messages of any size, and brings the addresses that a fabric cannot find out; what is large
 * passes it by.
 *
 * The service moves the bytes, both ways: it reads a question's from where the client has them, and writes an answer's to
 * where the client wants them. So no end waits for a round trip more than without.
 */
import type { BufferPool, FabricEndpoint } from "@smallpond/fs-native";
import { FabricChannel } from "./fabric-channel.ts";
import type { Transport } from "./transport.ts";
import { WrappedTransport } from "./wrapped-transport.ts";

export interface FabricTransportDeps {
  readonly messages: Transport;
  /** Owned by whoever opened it: it is closed after the transport's last channel. */
  readonly endpoint: FabricEndpoint;
  /** Registered memory for what is sent from elsewhere. */
  readonly pool: BufferPool;
}

export class FabricTransport extends WrappedTransport {
  constructor({ messages, ...deps }: FabricTransportDeps) {
    super(messages, (channel) => new FabricChannel({ ...deps, channel }, messages.settings));
  }
}
