/** One connection whose bulk bytes move by remote memory access. */
import { netError, PondError, type SignalOptions } from "@smallpond/base";
import type {
  BufferLease,
  BufferPool,
  FabricEndpoint,
  FabricPeer,
  FabricRegion,
  LeasePart,
  Piece,
} from "@smallpond/fs-native";
import { decode, encode } from "../codec/index.ts";
import { badFrame, FLAG_FABRIC, type FrameSettings } from "../frame.ts";
import {
  type FabricNote,
  type FabricPlace,
  fabricHelloCodec,
  fabricNoteCodec,
  PIECES_MAX,
} from "./fabric-messages.ts";
import { pieceBytes } from "./frame-sender.ts";
import { NotedFrame, noted, splitNote } from "./noted-frame.ts";
import type { Channel, IncomingFrame, OutgoingFrame, Receiver } from "./transport.ts";

export interface FabricChannelDeps {
  readonly channel: Channel;
  readonly endpoint: FabricEndpoint;
  readonly pool: BufferPool;
}

/** Memory that the peer may reach for the sake of one question. */
interface Lent {
  readonly sources: readonly FabricRegion[];
  readonly into: FabricRegion | undefined;
  /** Told once the peer has taken the sources, or never will. */
  readonly taken: ((error?: unknown) => void) | undefined;
  areSourcesLent: boolean;
}

const NO_BYTES: Readonly<Uint8Array> = new Uint8Array(0);
const NOTHING: FabricNote = { bulkBytes: 0, sources: [], into: undefined };

export class FabricChannel implements Channel {
  readonly fillsAhead = true;
  readonly #channel: Channel;
  readonly #endpoint: FabricEndpoint;
  readonly #pool: BufferPool;
  readonly #settings: FrameSettings;
  readonly #lent: Map<number, Lent> = new Map();
  /** Of questions that were not answered yet: where the bulk bytes of the answer go. */
  readonly #wanted: Map<number, FabricPlace> = new Map();
  /** Stops transfers when the channel ends. */
  readonly #ended: AbortController = new AbortController();
  #transfers = 0;
  #idle: (() => void)[] = [];
  #peer: FabricPeer | undefined;
  #trusted = false;
  #closing: Promise<void> | undefined;

  constructor(deps: FabricChannelDeps, settings: FrameSettings) {
    this.#channel = deps.channel;
    this.#endpoint = deps.endpoint;
    this.#pool = deps.pool;
    this.#settings = settings;
    const { provider, address } = deps.endpoint;
    const message = encode(fabricHelloCodec, { provider, address });
    this.#channel.post({ kind: "fabric", id: 0, message });
  }

  get remote(): string {
    return this.#channel.remote;
  }

  get progress(): number {
    return this.#channel.progress;
  }

  get unsentBytes(): number {
    return this.#channel.unsentBytes;
  }

  /** Messages alone: what the fabric moves by itself has its own classes of service. */
  mark(dscp: number): void {
    this.#channel.mark(dscp);
  }

  trust(): void {
    this.#trusted = true;
    this.#channel.trust();
  }

  post(frame: OutgoingFrame): void {
    if (frame.kind !== "question" || frame.into === undefined) {
      this.#wanted.delete(frame.id);
      this.#channel.post(frame);
      return;
    }
    try {
      const into = this.#endpoint.register(frame.into, "read-write");
      this.#lend(frame.id, { sources: [], into, taken: undefined, areSourcesLent: false });
      this.#channel.post(noted(frame, fabricNoteCodec, { ...NOTHING, into: placeOf(into) }));
    } catch {
      void this.close();
    }
  }

  /** @throws POOL_EXHAUSTED when what is in no registered memory cannot be copied to some right now. */
  async send(frame: OutgoingFrame): Promise<void> {
    const { bulk = [] } = frame;
    if (bulk.length === 0) return await this.#channel.send(frame);
    if (bulk.length > PIECES_MAX) throw tooManyPieces(bulk.length);
    const copies: BufferLease[] = [];
    try {
      // Nothing is awaited before a question is posted: frames keep their order.
      const parts = this.#registrable(bulk, copies);
      if (frame.kind === "question") await this.#offer(frame, parts);
      else await this.#deliver(frame, parts);
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
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A question's bulk bytes stay where they are until the service says that it has them. */
  async #offer(frame: OutgoingFrame, parts: readonly Required<LeasePart>[]): Promise<void> {
    const sources = parts.map((part) => this.#endpoint.register(part, "read"));
    const into = frame.into === undefined ? undefined : this.#endpoint.register(frame.into, "read-write");
    const note: FabricNote = {
      bulkBytes: parts.reduce((sum, { length }) => sum + length, 0),
      sources: sources.map(placeOf),
      into: into === undefined ? undefined : placeOf(into),
    };
    await new Promise<void>((resolve, reject) => {
      const taken = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
      this.#lend(frame.id, { sources, into, taken, areSourcesLent: true });
      this.#channel.post(noted(frame, fabricNoteCodec, note));
    });
  }

  /** An answer's bulk bytes are where they belong before the answer says so. */
  async #deliver(frame: OutgoingFrame, parts: readonly Required<LeasePart>[]): Promise<void> {
    const bulkBytes = parts.reduce((sum, { length }) => sum + length, 0);
    const place = this.#wanted.get(frame.id);
    this.#wanted.delete(frame.id);
    // Without room there the bytes stay here, and the client learns how many there were.
    if (place !== undefined && bulkBytes <= place.bytes) {
      try {
        await this.#write(parts, place);
      } catch (error) {
        // Nobody knows what is there now, so this connection cannot give an answer.
        await this.close();
        throw error;
      }
    }
    await this.#channel.send(noted(frame, fabricNoteCodec, { ...NOTHING, bulkBytes }));
  }

  async #write(parts: readonly Required<LeasePart>[], region: FabricPlace): Promise<void> {
    const peer = this.#known();
    let offset = 0;
    for (const part of parts) {
      const place = { peer, region, offset };
      await this.#transfer((signal) => this.#endpoint.write(part, place, { signal }));
      offset += part.length;
    }
  }

  #take(frame: IncomingFrame, receiver: Receiver): void | Promise<void> {
    if (frame.bulkBytes > 0) throw badFrame("bulk length", "bulk bytes came beside a fabric");
    switch (frame.kind) {
      case "fabric":
        return this.#meet(frame);
      case "taken":
        return this.#endSources(frame.id);
      case "answer":
      case "failure":
        this.#endInto(frame.id);
        break;
      default:
    }
    if ((frame.flags & FLAG_FABRIC) === 0) return receiver(frame);
    const { note, messageView } = splitNote(fabricNoteCodec, frame.messageView);
    this.#check(note);
    if (frame.kind === "question" && note.into !== undefined) this.#wanted.set(frame.id, note.into);
    const { bulkBytes, sources } = note;
    const fetch = (memory: Required<LeasePart>, options: SignalOptions): Promise<void> =>
      this.#fetch(sources, memory, options);
    return this.#withNote(new NotedFrame(frame, { bulkBytes, messageView, fetch }), receiver);
  }

  async #withNote(frame: NotedFrame, receiver: Receiver): Promise<void> {
    try {
      await receiver(frame);
    } finally {
      // Taken or dropped: either way the client has its memory back.
      if (frame.kind === "question" && frame.bulkBytes > 0) {
        this.#channel.post({ kind: "taken", id: frame.id, message: NO_BYTES });
      }
    }
  }

  #meet(frame: IncomingFrame): void {
    const { provider, address } = decode(fabricHelloCodec, frame.messageView);
    if (provider !== this.#endpoint.provider) {
      throw badFrame("order", `the other end is on ${provider}, and this one on ${this.#endpoint.provider}`);
    }
    this.#peer = this.#endpoint.peer(address);
  }

  #check({ bulkBytes, sources }: FabricNote): void {
    if (!this.#trusted) throw badFrame("order", "bulk bytes come before the handshake is done");
    const { bulkBytesMax } = this.#settings;
    if (bulkBytes > bulkBytesMax) {
      throw badFrame("bulk length", `there are ${bulkBytes} bulk bytes, and ${bulkBytesMax} are the most`);
    }
    const offered = sources.reduce((sum, { bytes }) => sum + bytes, 0);
    if (sources.length > 0 && offered !== bulkBytes) {
      throw badFrame("bulk length", `${offered} bytes are offered for ${bulkBytes}`);
    }
  }

  async #fetch(
    sources: readonly FabricPlace[],
    memory: Required<LeasePart>,
    options: SignalOptions,
  ): Promise<void> {
    let offset = memory.offset;
    for (const source of sources) {
      const part = { lease: memory.lease, offset, length: source.bytes };
      options.signal?.throwIfAborted();
      await this.#transfer((signal) =>
        this.#endpoint.read(part, { peer: this.#known(), region: source, offset: 0 }, { signal }),
      );
      offset += source.bytes;
    }
  }

  async #transfer(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#transfers += 1;
    try {
      await work(this.#ended.signal);
    } finally {
      this.#transfers -= 1;
      if (this.#transfers === 0) for (const wake of this.#idle.splice(0)) wake();
    }
  }

  #known(): FabricPeer {
    if (this.#peer === undefined)
      throw badFrame("order", "the other end has not said how its memory is reached");
    return this.#peer;
  }

  #lend(id: number, lent: Lent): void {
    if (this.#closing === undefined) this.#lent.set(id, lent);
    else this.#takeBack(lent);
  }

  #endSources(id: number): void {
    const lent = this.#lent.get(id);
    if (lent === undefined || !lent.areSourcesLent) return;
    lent.areSourcesLent = false;
    for (const region of lent.sources) region.close();
    lent.taken?.();
    if (lent.into === undefined) this.#lent.delete(id);
  }

  #endInto(id: number): void {
    const lent = this.#lent.get(id);
    if (lent?.into === undefined) return;
    lent.into.close();
    const rest = { ...lent, into: undefined };
    if (lent.areSourcesLent) this.#lent.set(id, rest);
    else this.#lent.delete(id);
  }

  #takeBack(lent: Lent): void {
    if (lent.areSourcesLent) for (const region of lent.sources) region.close();
    lent.into?.close();
    if (lent.areSourcesLent) lent.taken?.(closed(this.remote));
  }

  async #close(): Promise<void> {
    this.#ended.abort(closed(this.remote));
    await this.#channel.close();
    // A peer in the middle of a transfer may finish it, so the connection goes first where it could be in one.
    if (this.#lent.size > 0 && this.#peer !== undefined) this.#endpoint.disconnect(this.#peer);
    for (const lent of this.#lent.values()) this.#takeBack(lent);
    this.#lent.clear();
    if (this.#transfers > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** The pieces as parts of leases; what is none is copied to one. */
  #registrable(bulk: readonly Piece[], copies: BufferLease[]): readonly Required<LeasePart>[] {
    const parts: Required<LeasePart>[] = [];
    for (const piece of bulk) {
      const length = pieceBytes(piece);
      if (length === 0) continue;
      if (!(piece instanceof Uint8Array)) {
        parts.push("lease" in piece ? { offset: 0, ...piece, length } : { lease: piece, offset: 0, length });
        continue;
      }
      const copy = this.#pool.tryTake(length);
      if (copy === undefined) throw noMemory(length);
      copies.push(copy);
      copy.view.set(piece);
      parts.push({ lease: copy, offset: 0, length });
    }
    return parts;
  }
}

function placeOf({ key, base, bytes }: FabricRegion): FabricPlace {
  return { key, base, bytes };
}

function closed(remote: string): PondError {
  return netError("ECLOSED", { operation: "write to", address: remote });
}

function noMemory(count: number): PondError {
  return new PondError("POOL_EXHAUSTED", {
    kind: "retry",
    message: `there is no registered memory for ${count} bytes that are to be sent`,
    hint: "send from leases of the pool",
  });
}

function tooManyPieces(count: number): PondError {
  return new PondError("BULK_REFUSED", {
    kind: "invalid",
    message: `${count} pieces of bulk bytes, and ${PIECES_MAX} are the most`,
  });
}
