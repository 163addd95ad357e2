/** One connection whose bulk bytes pass through shared memory, once both ends know how, and through the connection else. */
import { type Clock, netError, type SignalOptions } from "@smallpond/base";
import {
  assertHeld,
  type BufferLease,
  type BufferPool,
  type LeasePart,
  leaseOf,
  type Piece,
  regionOf,
  viewOf,
} from "@smallpond/fs-native";
import { decode, encode } from "../codec/index.ts";
import { badFrame, FLAG_FABRIC, type FrameSettings } from "../frame.ts";
import { pieceBytes } from "./frame-sender.ts";
import type {
  NearInvitation,
  NearLink,
  NearLoan,
  NearMemory,
  NearPlaceToCome,
  RegionPart,
} from "./near-memory.ts";
import { NEAR_PARTS_MAX, type NearWord, nearLoanCodec, nearWordCodec } from "./near-messages.ts";
import { NotedFrame, noted, splitNote } from "./noted-frame.ts";
import type { Channel, IncomingFrame, OutgoingFrame, Receiver } from "./transport.ts";

export interface NearChannelDeps {
  readonly channel: Channel;
  readonly near: NearMemory | undefined;
  /** Memory that others can be shown, for what is sent from elsewhere. */
  readonly pool: BufferPool | undefined;
  readonly clock: Clock;
  readonly side: "client" | "service";
  /** Fewer bulk bytes go with their frame. */
  readonly bytesMin: number;
}

/** What is lent for the sake of one frame, until the other side has it. */
interface Lent {
  readonly loan: NearLoan;
  readonly over: (error?: unknown) => void;
}

/** What a service waits at most until its client has an answer's bytes: as long as it waits for one that is silent. */
const TAKE_MS_MAX = 15_000;
/** What a note takes at most. */
const NOTE_BYTES_MAX = 2048;
const NO_BYTES: Readonly<Uint8Array> = new Uint8Array(0);

export class NearChannel implements Channel {
  readonly fillsAhead = false;
  readonly #channel: Channel;
  readonly #deps: NearChannelDeps;
  readonly #settings: FrameSettings;
  /** By call. A client lends with questions, a service with answers. */
  readonly #lent: Map<number, Lent> = new Map();
  #isTrusted = false;
  #isClosed = false;
  #isComing = false;
  #invitation: NearInvitation | undefined;
  #link: NearLink | undefined;

  constructor(deps: NearChannelDeps, settings: FrameSettings) {
    this.#deps = deps;
    this.#channel = deps.channel;
    this.#settings = settings;
  }

  get remote(): string {
    return this.#channel.remote;
  }

  get progress(): number {
    return this.#channel.progress;
  }

  /** Not what is lent: who waits until little is unsent may be the one who has to hear that it was taken. */
  get unsentBytes(): number {
    return this.#channel.unsentBytes;
  }

  mark(dscp: number): void {
    this.#channel.mark(dscp);
  }

  trust(): void {
    this.#isTrusted = true;
    this.#channel.trust();
    if (this.#deps.side === "client" && this.#deps.near !== undefined) this.#say({ kind: "ask" });
  }

  post(frame: OutgoingFrame): void {
    // The service may be stopped: it must not be waited for by who has given up.
    if (frame.kind === "cancel") this.#end(frame.id);
    this.#channel.post(frame);
  }

  async send(frame: OutgoingFrame): Promise<void> {
    const { bulk = [] } = frame;
    const copies: BufferLease[] = [];
    try {
      // Nothing is awaited before a frame is posted: frames keep their order.
      const loan = this.#isWorthwhile(frame, bulk) ? this.#lend(bulk, copies) : undefined;
      if (loan === undefined) return await this.#channel.send(frame);
      await this.#sendLent(frame, loan);
      assertHeld(bulk);
    } finally {
      for (const copy of copies) copy.release();
    }
  }

  flushed(): Promise<void> {
    return this.#channel.flushed();
  }

  receive(receiver: Receiver): Promise<void> {
    return this.#channel.receive((frame) => this.#take(frame, receiver));
  }

  async finish(options: SignalOptions = {}): Promise<void> {
    await this.#channel.finish(options);
    await this.close();
  }

  close(): Promise<void> {
    this.#closeLink();
    return this.#channel.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #isWorthwhile({ message }: OutgoingFrame, bulk: readonly Piece[]): boolean {
    if (this.#link?.mayLend !== true || bulk.length > NEAR_PARTS_MAX) return false;
    if (message.length + NOTE_BYTES_MAX > this.#settings.messageBytesMax) return false;
    return bulk.reduce((sum, piece) => sum + pieceBytes(piece), 0) >= this.#deps.bytesMin;
  }

  #lend(bulk: readonly Piece[], copies: BufferLease[]): NearLoan | undefined {
    const parts: RegionPart[] = [];
    for (const piece of bulk) {
      if (pieceBytes(piece) === 0) continue;
      const part = partOf(piece) ?? this.#copied(piece as Uint8Array, copies);
      if (part === undefined) return undefined;
      parts.push(part);
    }
    return this.#link?.lend(parts);
  }

  /** In memory that can be shown, if there is some right now. */
  #copied(bytes: Uint8Array, copies: BufferLease[]): RegionPart | undefined {
    const { pool } = this.#deps;
    const { length } = bytes;
    let copy: BufferLease | undefined;
    try {
      copy = pool === undefined || length > pool.settings.regionBytes ? undefined : pool.tryTake(length);
    } catch {
      // The pool is closed, or the system has no memory: without a copy it goes as well.
    }
    if (copy === undefined) return undefined;
    copies.push(copy);
    copy.view.set(bytes);
    return { region: copy.region, offset: copy.offset, length };
  }

  /** Resolves when the other side has the bytes, or will not get them any more. */
  async #sendLent(frame: OutgoingFrame, loan: NearLoan): Promise<void> {
    const { clock, side } = this.#deps;
    const { id } = frame;
    // How long a question waits its caller knows.
    const timer = side === "service" ? clock.timer(TAKE_MS_MAX, () => this.#end(id)).unref() : undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const over = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
        this.#lent.set(id, { loan, over });
        this.#channel.post(noted(frame, nearLoanCodec, loan));
      });
    } finally {
      timer?.cancel();
    }
  }

  #take(frame: IncomingFrame, receiver: Receiver): void | Promise<void> {
    if (frame.kind === "fabric") return this.#meet(frame);
    // Whoever answers has no use for the question's bytes any more.
    const isOver = frame.kind === "taken" || frame.kind === "answer" || frame.kind === "failure";
    if (isOver) this.#end(frame.id);
    if (frame.kind === "taken") return;
    if ((frame.flags & FLAG_FABRIC) === 0) return receiver(frame);
    return this.#withLoan(frame, receiver);
  }

  async #withLoan(frame: IncomingFrame, receiver: Receiver): Promise<void> {
    const { note: loan, messageView } = splitNote(nearLoanCodec, frame.messageView);
    const bulkBytes = loan.parts.reduce((sum, { bytes }) => sum + bytes, 0);
    const { bulkBytesMax } = this.#settings;
    if (!this.#isTrusted) throw badFrame("order", "bulk bytes come before the handshake is done");
    if (bulkBytes > bulkBytesMax || frame.bulkBytes > 0) {
      throw badFrame("bulk length", `there are ${bulkBytes} bulk bytes, and ${bulkBytesMax} are the most`);
    }
    const link = this.#link;
    if (link === undefined) throw badFrame("order", "bulk bytes are lent to one who sees no memory");
    const fetch = (memory: Required<LeasePart>, options: SignalOptions): Promise<void> =>
      link.take(loan, memory, options);
    try {
      await receiver(new NotedFrame(frame, { bulkBytes, messageView, fetch }));
    } finally {
      // Taken or dropped: either way its owner has the memory back.
      this.#channel.post({ kind: "taken", id: frame.id, message: NO_BYTES });
    }
  }

  #meet(frame: IncomingFrame): void {
    if (!this.#isTrusted) throw badFrame("order", "a fabric comes before the handshake is done");
    const { near, side } = this.#deps;
    const word = decode(nearWordCodec, frame.messageView);
    if ((word.kind === "ask") !== (side === "service")) {
      throw badFrame("order", `a ${side} is told to ${word.kind}`);
    }
    if (near === undefined || this.#isClosed) return;
    if (word.kind === "come") {
      if (this.#isComing) throw badFrame("order", "a client is told to come again");
      this.#isComing = true;
      void this.#come(near, word);
    } else if (this.#invitation === undefined) this.#invite(near);
  }

  #invite(near: NearMemory): void {
    const invitation = near.invite();
    this.#invitation = invitation;
    const { address, word } = invitation;
    this.#say({ kind: "come", address, word });
    void invitation.link.then((link) => this.#use(link));
  }

  async #come(near: NearMemory, place: NearPlaceToCome): Promise<void> {
    this.#use(await near.accept(place));
  }

  #use(link: NearLink | undefined): void {
    if (this.#isClosed) link?.close();
    else this.#link = link;
  }

  #say(word: NearWord): void {
    this.#channel.post({ kind: "fabric", id: 0, message: encode(nearWordCodec, word) });
  }

  #end(id: number): void {
    const lent = this.#lent.get(id);
    if (lent === undefined) return;
    this.#lent.delete(id);
    this.#link?.end(lent.loan);
    lent.over();
  }

  /** Before anything that was lent is used for anything else. */
  #closeLink(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link?.close();
    this.#invitation?.cancel();
    const lent = [...this.#lent.values()];
    this.#lent.clear();
    for (const { over } of lent) over(netError("ECLOSED", { operation: "write to", address: this.remote }));
  }
}

/** Where a piece is; undefined for memory of no pool. */
function partOf(piece: Piece): RegionPart | undefined {
  const [view, region] =
    piece instanceof Uint8Array ? [piece, regionOf(piece)] : [viewOf(piece), leaseOf(piece).region];
  return region === undefined ? undefined : { region, offset: view.byteOffset, length: view.length };
}
