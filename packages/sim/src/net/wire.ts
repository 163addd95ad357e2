/**
 * One direction of a simulated connection, from a program's writes to another's reads, as TCP has it: in order, whole,
 * each byte once, as long as the connection lives. Lost or cut-off packets are sent again until the sender gives up.
 */
import { assert, concatBytes, type NetErrorCode } from "@smallpond/base";
import type { Scheduler } from "../time/scheduler.ts";
import type { Lifetime } from "../world/lifetime.ts";
import type { Fabric, Route } from "./fabric.ts";
import { FrameMangler } from "./frame-faults.ts";

interface PendingWrite {
  readonly bytes: Uint8Array;
  offset: number;
  readonly settle: (code?: NetErrorCode) => void;
}

/** A packet: data, or the end of the stream, or word that the connection is gone. */
type Segment =
  | { readonly kind: "data"; readonly bytes: Uint8Array; dueMs: number }
  | { readonly kind: "fin" | "reset"; dueMs: number };

/** What the wire needs to know about its two ends. */
export interface WireEnds {
  readonly sender: Lifetime;
  readonly receiver: Lifetime;
  readonly route: Route;
  /** Whether the receiving machine runs, in the boot that knows this connection. */
  receiverState(): "there" | "rebooted" | "off";
  /** The receiver's kernel does not know the connection any more, or refused it. */
  onRefused(): void;
  /** A reset arrived at the receiver. */
  onReset(): void;
  /** Nothing got through for too long. */
  onGiveUp(): void;
}

export class Wire {
  readonly #scheduler: Scheduler;
  readonly #fabric: Fabric;
  readonly #ends: WireEnds;
  readonly #mangler: FrameMangler;
  #writes: PendingWrite[] = [];
  #segments: Segment[] = [];
  #armed = false;
  #lastDueMs = 0;
  #waitMs = 0;
  #stuckSinceMs: number | undefined;
  /** Bytes on the wire or unread. */
  #outBytes = 0;
  #finishing = false;
  /** The sender's machine lost power: what is on the wire is not sent again. */
  #orphaned = false;
  #writeFailure: NetErrorCode | undefined;

  #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #ended = false;
  #readFailure: NetErrorCode | undefined;
  #receiverGone = false;
  #wakeReader: (() => void) | undefined;

  constructor(deps: { readonly scheduler: Scheduler; readonly fabric: Fabric }, ends: WireEnds) {
    this.#scheduler = deps.scheduler;
    this.#fabric = deps.fabric;
    this.#ends = ends;
    this.#mangler = new FrameMangler({ random: deps.fabric.random });
  }

  get unreadBytes(): number {
    return this.#receivedBytes;
  }

  // --- the sender's side

  /** Calls `settle` once the bytes are in the window, or with why they never will be. */
  write(bytes: Uint8Array, settle: (code?: NetErrorCode) => void): void {
    if (this.#writeFailure !== undefined) {
      settle(this.#writeFailure);
      return;
    }
    assert(!this.#finishing, "writes end with the stream");
    this.#writes.push({ bytes, offset: 0, settle });
    this.#fill();
  }

  /** After the writes that wait, the stream ends. */
  end(): void {
    this.#finishing = true;
    this.#fill();
  }

  /** The sender goes away: waiting writes fail. What is on the wire may arrive before word of it, or be dropped. */
  abandon(options: { readonly code: NetErrorCode; readonly farewell: "fin" | "reset" | "silence" }): void {
    const { code, farewell } = options;
    const first = this.#writeFailure === undefined;
    this.failWrites(code);
    if (!first) return;
    const keep = farewell === "reset" ? 0 : this.#fabric.random.int(2 * this.#segments.length + 1);
    this.#orphaned = farewell === "silence";
    const whole = keep >= this.#segments.length;
    this.#segments.length = Math.min(keep, this.#segments.length);
    if (farewell === "silence" || this.#segments.at(-1)?.kind === "fin") return;
    this.#send(whole ? { kind: farewell, dueMs: 0 } : { kind: "reset", dueMs: 0 });
  }

  failWrites(code: NetErrorCode): void {
    this.#writeFailure ??= code;
    const waiting = this.#writes;
    this.#writes = [];
    for (const write of waiting) write.settle(this.#writeFailure);
  }

  // --- the receiver's side

  /** What arrived since the last call, waiting for some; nothing at the end. Rejects with a code. */
  async read(): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#readFailure !== undefined) throw this.#readFailure;
      if (this.#receivedBytes > 0) return this.#drain();
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wakeReader = () => this.#ends.receiver.wake(resolve);
      });
    }
  }

  /** Reading fails from now on; what was received is dropped. */
  failReads(code: NetErrorCode): void {
    this.#readFailure ??= code;
    this.#received = [];
    this.#receivedBytes = 0;
    this.#wakeReader?.();
  }

  /** Nobody reads any more: what still arrives is answered with a reset. */
  closeReceiver(): void {
    this.#receiverGone = true;
    this.failReads("ECLOSED");
  }

  // --- in between

  #fill(): void {
    for (let write = this.#writes[0]; write !== undefined; write = this.#writes[0]) {
      const room = this.#fabric.settings.windowBytes - this.#outBytes;
      if (room <= 0 && write.bytes.length > 0) return;
      const part = write.bytes.slice(write.offset, write.offset + room);
      write.offset += part.length;
      this.#transmit(this.#mangler.push(part, this.#fabric.frameFaults));
      if (write.offset < write.bytes.length) continue;
      this.#writes.shift();
      write.settle();
    }
    if (!this.#finishing || this.#writeFailure !== undefined) return;
    this.#transmit(this.#mangler.flush());
    this.#writeFailure = "ECLOSED";
    this.#send({ kind: "fin", dueMs: 0 });
  }

  #transmit(parts: readonly Uint8Array[]): void {
    const { segmentBytesMax } = this.#fabric.settings;
    for (const part of parts) {
      for (let offset = 0; offset < part.length; offset += segmentBytesMax) {
        const bytes = part.subarray(offset, offset + segmentBytesMax);
        this.#outBytes += bytes.length;
        this.#send({ kind: "data", bytes, dueMs: 0 });
      }
    }
  }

  #send(segment: Segment): void {
    const { route } = this.#ends;
    const bytes = segment.kind === "data" ? segment.bytes.length : 0;
    let dueMs = this.#scheduler.nowMs + this.#fabric.delayMs(route, bytes);
    for (let waitMs = this.#fabric.settings.retransmitMs; this.#fabric.loses(route); waitMs *= 2)
      dueMs += waitMs;
    segment.dueMs = Math.max(dueMs, this.#lastDueMs);
    this.#lastDueMs = segment.dueMs;
    this.#segments.push(segment);
    this.#arm();
  }

  /** One event at a time carries the wire's first packet, and with it all that are due. */
  #arm(): void {
    const first = this.#segments[0];
    if (this.#armed || first === undefined) return;
    this.#armed = true;
    this.#scheduler.after(Math.max(0, first.dueMs - this.#scheduler.nowMs) + this.#waitMs, () => {
      this.#armed = false;
      this.#arrive();
      this.#arm();
    });
  }

  #arrive(): void {
    if (this.#segments.length === 0) return;
    const state = this.#ends.receiverState();
    if (state === "off" || this.#fabric.isCut(this.#ends.route)) {
      this.#waitLonger();
      return;
    }
    this.#waitMs = 0;
    this.#stuckSinceMs = undefined;
    while (this.#segments[0] !== undefined && this.#segments[0].dueMs <= this.#scheduler.nowMs) {
      const segment = this.#segments.shift()!;
      if (state === "rebooted") this.#refuse(segment);
      else this.#deliver(segment);
    }
  }

  #waitLonger(): void {
    const { retransmitMs, retransmitMsMax, giveUpMs } = this.#fabric.settings;
    this.#waitMs = Math.min(retransmitMsMax, this.#waitMs === 0 ? retransmitMs : this.#waitMs * 2);
    this.#stuckSinceMs ??= this.#scheduler.nowMs;
    const gaveUp = this.#scheduler.nowMs - this.#stuckSinceMs >= giveUpMs;
    if (gaveUp || this.#orphaned) this.#segments = [];
    if (gaveUp) this.#ends.onGiveUp();
  }

  #deliver(segment: Segment): void {
    if (segment.kind === "reset") {
      this.#ends.onReset();
      return;
    }
    if (this.#receiverGone) {
      this.#refuse(segment);
      return;
    }
    if (segment.kind === "fin") this.#ended = true;
    if (segment.kind === "data") {
      this.#received.push(segment.bytes);
      this.#receivedBytes += segment.bytes.length;
    }
    this.#wakeReader?.();
  }

  /** The answer to a packet nobody wants takes the way back; a goodbye needs none. */
  #refuse(segment: Segment): void {
    if (segment.kind !== "data") return;
    const back = { from: this.#ends.route.to, to: this.#ends.route.from };
    this.#scheduler.after(this.#fabric.delayMs(back, 0), () => {
      if (!this.#fabric.isCut(back)) this.#ends.onRefused();
    });
  }

  #drain(): Uint8Array {
    const bytes = this.#received.length === 1 ? this.#received[0]! : concatBytes(this.#received);
    this.#received = [];
    this.#receivedBytes = 0;
    this.#acknowledge(bytes.length);
    return bytes.slice();
  }

  /** Makes room in the window. Word of it takes the way back, which matters only to a writer that waits. */
  #acknowledge(bytes: number): void {
    const back = { from: this.#ends.route.to, to: this.#ends.route.from };
    if (this.#writes.length === 0) {
      this.#outBytes -= bytes;
      return;
    }
    const delayMs =
      this.#fabric.delayMs(back, 0) + (this.#fabric.isCut(back) ? this.#fabric.settings.retransmitMs : 0);
    this.#scheduler.after(delayMs, () => {
      if (this.#fabric.isCut(back)) return this.#acknowledge(bytes);
      this.#outBytes -= bytes;
      this.#fill();
    });
  }
}
