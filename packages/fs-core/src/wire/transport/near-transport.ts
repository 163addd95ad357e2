/**
 * Frames over another transport, bulk bytes between processes of one machine through shared memory. Each side finds out for
 * itself whether the other one is that near, and while it is not known all goes the usual way.
 */
import type { Clock } from "@smallpond/base";
import type { BufferPool } from "@smallpond/fs-native";
import { NearChannel } from "./near-channel.ts";
import type { NearMemory } from "./near-memory.ts";
import type { Transport } from "./transport.ts";
import { WrappedTransport } from "./wrapped-transport.ts";

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

export class NearTransport extends WrappedTransport {
  constructor(deps: NearTransportDeps) {
    const { messages, near, pool, clock, bytesMin = BYTES_MIN } = deps;
    super(
      messages,
      (channel, side) => new NearChannel({ channel, near, pool, clock, side, bytesMin }, messages.settings),
    );
  }
}
