/** One operation of an endpoint, from the call to its end. */
import type { Region } from "../memory/lease.ts";
import type { DriverOperation } from "./driver.ts";
import type { EndpointPeer } from "./endpoint-peer.ts";

export const NO_SLOT = -1;

export interface OperationRequest {
  readonly kind: "send" | "read" | "write";
  readonly peer: EndpointPeer;
  readonly length: number;
  /** Of what is sent; transfers have a place in a region instead. */
  readonly bytes?: Uint8Array;
  readonly region?: Region;
  readonly offset?: number;
  readonly address?: bigint;
  readonly key?: bigint;
}

export class Operation implements DriverOperation {
  readonly kind: OperationRequest["kind"];
  readonly peer: EndpointPeer;
  readonly length: number;
  readonly bytes: Uint8Array | undefined;
  readonly address: bigint;
  readonly key: bigint;
  readonly signal: AbortSignal | undefined;
  /** Settles when nothing touches the operation's memory any more. */
  readonly done: Promise<void>;
  slot: number = NO_SLOT;
  /** The buffer that holds a message on its way. */
  sendBuffer: number = NO_SLOT;
  region: Region;
  offset: number;
  succeed!: () => void;
  fail!: (error: unknown) => void;

  constructor(request: OperationRequest, arena: Region, signal: AbortSignal | undefined) {
    this.signal = signal;
    this.kind = request.kind;
    this.peer = request.peer;
    this.length = request.length;
    this.bytes = request.bytes;
    this.address = request.address ?? 0n;
    this.key = request.key ?? 0n;
    this.region = request.region ?? arena;
    this.offset = request.offset ?? 0;
    this.done = new Promise<void>((resolve, reject) => {
      this.succeed = resolve;
      this.fail = reject;
    });
  }
}
