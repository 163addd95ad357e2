/**
 * The endpoint over any driver: who waits for whom, what an abort means, and where messages lie.
 *
 * Operations wait in one queue per peer, so that they keep their order and a peer that cannot be reached holds up nobody
 * else. What the driver refuses with `EAGAIN` is tried again when something of that peer has ended, and by a timer, since
 * a connection that is being made ends nothing.
 */
import { assert, type Clock, type SignalOptions, type Timer, toHex } from "@smallpond/base";
import type { BufferLease, LeasePart, Region } from "../memory/lease.ts";
import type { FabricDriver, Outcomes } from "./driver.ts";
import { EndpointPeer } from "./endpoint-peer.ts";
import type {
  FabricEndpoint,
  FabricLimits,
  FabricMessage,
  FabricPeer,
  FabricRegion,
  RemoteAccess,
  RemotePlace,
} from "./fabric.ts";
import { codeOf, EAGAIN, type FabricErrorCode, fabricError } from "./fabric-errors.ts";
import type { FabricSettings } from "./fabric-settings.ts";
import { Inbox } from "./inbox.ts";
import type { MessageArena } from "./message-arena.ts";
import { NO_SLOT, Operation, type OperationRequest } from "./operation.ts";
import { assertInside, partOf, RegisteredRegion, regionPartOf } from "./region.ts";
import { SignalWatch } from "./signal-watch.ts";

export interface EndpointDeps {
  readonly driver: FabricDriver;
  readonly clock: Clock;
  readonly arena: MessageArena;
}

/** Operations copied and handed over in one go. */
const BATCH = 64;
const RETRY_MS_MAX = 50;

export class DriverEndpoint implements FabricEndpoint {
  readonly limits: FabricLimits;
  readonly #driver: FabricDriver;
  readonly #clock: Clock;
  readonly #arena: MessageArena;
  readonly #settings: FabricSettings;
  readonly #operations: (Operation | undefined)[];
  /** Taken from the front, given at the back: a slot rests as long as it can. */
  readonly #freeSlots: Set<number>;
  readonly #peers = new Map<string, EndpointPeer>();
  readonly #peersByIndex = new Map<number, EndpointPeer>();
  /** Peers with operations that wait. */
  readonly #ready = new Set<EndpointPeer>();
  readonly #regions = new Set<RegisteredRegion>();
  readonly #signals = new SignalWatch((operation) => this.#abort(operation));
  #waiting = 0;
  readonly #inbox: Inbox;
  #flushing = false;
  #retry: Timer | undefined;
  #retryMs = 1;
  #closing: Promise<void> | undefined;
  #closeCode: FabricErrorCode = "ECLOSED";

  constructor({ driver, clock, arena }: EndpointDeps, settings: FabricSettings) {
    this.#driver = driver;
    this.#clock = clock;
    this.#arena = arena;
    this.#settings = settings;
    this.limits = { ...driver.limits, messageBytesMax: settings.messageBytesMax };
    this.#operations = new Array<Operation | undefined>(settings.depth).fill(undefined);
    this.#freeSlots = new Set(this.#operations.keys());
    this.#inbox = new Inbox({ driver, arena }, settings);
    driver.start((outcomes) => this.#onOutcomes(outcomes));
    this.#inbox.open();
  }

  get provider(): string {
    return this.#driver.provider;
  }

  get address(): Uint8Array {
    return this.#driver.address;
  }

  get inFlight(): number {
    return this.#settings.depth - this.#freeSlots.size;
  }

  get waiting(): number {
    return this.#waiting;
  }

  peer(address: Uint8Array): EndpointPeer {
    this.#checkOpen("reach", toHex(address));
    const known = this.#peers.get(toHex(address));
    if (known !== undefined) return known;
    const peer = new EndpointPeer(address.slice());
    this.#indexOf(peer);
    return peer;
  }

  disconnect(peer: FabricPeer): void {
    const known = ownPeer(peer);
    for (const operation of known.waiting) this.#refuse(operation, "ECONNRESET");
    this.#drop(known);
    if (known.index !== undefined) this.#peersByIndex.delete(known.index);
    known.index = undefined;
    this.#peers.delete(toHex(known.address));
  }

  async send(to: FabricPeer, bytes: Uint8Array, options: SignalOptions = {}): Promise<void> {
    const peer = ownPeer(to);
    const { length } = bytes;
    const { messageBytesMax } = this.#settings;
    if (length > messageBytesMax) {
      const reason = `a message has at most ${messageBytesMax} bytes, this one ${length}`;
      throw this.#error("EMSGSIZE", "send", `to ${peer.name}`, reason);
    }
    await this.#run({ kind: "send", peer, length, bytes }, options);
  }

  messages(): AsyncGenerator<readonly FabricMessage[], void, undefined> {
    return this.#inbox.messages();
  }

  register(memory: Region | BufferLease | LeasePart, access: RemoteAccess): FabricRegion {
    this.#checkOpen("register", "memory");
    const part = regionPartOf(memory);
    try {
      const { id, key, base } = this.#driver.register(part, access);
      const region = new RegisteredRegion({ key, base, bytes: part.length }, () => {
        this.#regions.delete(region);
        if (this.#closing === undefined) this.#driver.unregister(id);
      });
      this.#regions.add(region);
      return region;
    } catch (error) {
      throw this.#refusal(error, "register", `${part.length} bytes of memory`);
    }
  }

  async read(into: BufferLease | LeasePart, from: RemotePlace, options: SignalOptions = {}): Promise<void> {
    const request = this.#transfer("read", into, from);
    if (request.length === 0) this.#checkOpen("read", request.peer.name);
    else await this.#run(request, options);
  }

  async write(from: BufferLease | LeasePart, to: RemotePlace, options: SignalOptions = {}): Promise<void> {
    const request = this.#transfer("write", from, to);
    if (request.length === 0) {
      this.#checkOpen("write", request.peer.name);
      return;
    }
    if (this.limits.writeGuarantee !== "read-after-write") {
      await this.#run(request, options);
      return;
    }
    const lastByte: OperationRequest = {
      kind: "read",
      peer: request.peer,
      length: 1,
      offset: this.#arena.scratchOffset,
      address: request.address! + BigInt(request.length - 1),
      key: request.key!,
    };
    // Both have ended before either is told of: the memory is in use until then.
    const outcomes = await Promise.allSettled([this.#run(request, options), this.#run(lastByte, options)]);
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#retry?.cancel();
    // From here on the driver touches nothing of ours, and tells nothing.
    const closed = this.#driver.close();
    for (const peer of this.#ready) {
      for (const operation of peer.waiting) this.#refuse(operation, this.#closeCode);
    }
    for (const operation of this.#operations) {
      if (operation !== undefined) this.#settle(operation, { code: this.#closeCode });
    }
    this.#regions.clear();
    const failure =
      this.#closeCode === "ECLOSED" ? undefined : this.#error(this.#closeCode, "receive", "messages");
    this.#inbox.close(failure);
    await closed;
    this.#arena.release();
  }

  #transfer(
    kind: "read" | "write",
    memory: BufferLease | LeasePart,
    { peer: other, region, offset }: RemotePlace,
  ): OperationRequest {
    const peer = ownPeer(other);
    const { lease, offset: start, length } = partOf(memory);
    assertInside({ offset, length, bytes: region.bytes }, "the peer's region");
    if (length > this.limits.transferBytesMax) {
      const reason = `one transfer has at most ${this.limits.transferBytesMax} bytes, this one ${length}`;
      throw this.#error("EMSGSIZE", kind, peer.name, reason);
    }
    return {
      kind,
      peer,
      length,
      region: lease.region,
      offset: lease.offset + start,
      address: region.base + BigInt(offset),
      key: region.key,
    };
  }

  async #run(request: OperationRequest, { signal }: SignalOptions): Promise<void> {
    const { peer, kind } = request;
    signal?.throwIfAborted();
    this.#checkOpen(kind, peer.name);
    if (this.#waiting >= this.#settings.waitingMax) throw this.#error("EQUEUEFULL", kind, peer.name);
    const operation = new Operation(request, this.#arena.lease.region, signal);
    peer.waiting.add(operation);
    this.#waiting++;
    this.#ready.add(peer);
    this.#flushSoon();
    if (signal === undefined) return await operation.done;
    this.#signals.add(signal, operation);
    try {
      await operation.done;
    } finally {
      this.#signals.delete(signal, operation);
    }
  }

  #abort(operation: Operation): void {
    if (operation.slot === NO_SLOT) this.#refuse(operation, "ECONNRESET");
    else this.#drop(operation.peer);
  }

  /** Ends what is under way with a peer; what waits goes on over a new connection. */
  #drop(peer: EndpointPeer): void {
    // Where there never was a connection nothing is under way, and a driver may choke on what it does not have.
    if (this.#closing !== undefined || peer.index === undefined || !peer.wasReached) return;
    const { index } = peer;
    this.#peersByIndex.delete(index);
    peer.index = undefined;
    peer.wasReached = false;
    this.#driver.remove(index);
    if (peer.inFlight.size > 0) this.#giveUp();
    else if (peer.waiting.size > 0) this.#flushSoon();
  }

  /** The provider cannot say what it still does: only without it does anything of this endpoint end. */
  #giveUp(): void {
    if (this.#closing !== undefined) return;
    this.#closeCode = "EPROVIDER";
    void this.close();
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closing !== undefined) return;
    for (const peer of [...this.#ready]) {
      if (this.#freeSlots.size === 0) break;
      if (peer.blockedSinceMs === undefined) this.#flushPeer(peer);
      if (peer.waiting.size === 0) continue;
      // Who is left waiting is last next time.
      this.#ready.delete(peer);
      this.#ready.add(peer);
    }
  }

  #flushPeer(peer: EndpointPeer): void {
    while (peer.waiting.size > 0) {
      const batch = this.#nextBatch(peer);
      if (batch.length === 0) return;
      const { taken, refused } = this.#post(peer, batch);
      for (const operation of batch.slice(0, taken)) {
        this.#leaveQueue(operation);
        peer.inFlight.add(operation);
      }
      for (const operation of batch.slice(taken)) this.#giveBack(operation);
      if (taken > 0) peer.wasReached = true;
      if (refused === EAGAIN) {
        if (taken === 0 && peer.inFlight.size === 0) peer.wasReached = false;
        this.#block(peer, taken > 0);
        return;
      }
      if (refused !== 0) this.#refuse(batch[taken]!, codeOf(refused));
    }
  }

  #post(
    peer: EndpointPeer,
    batch: readonly Operation[],
  ): { readonly taken: number; readonly refused: number } {
    try {
      return this.#driver.post(this.#indexOf(peer), batch);
    } catch (error) {
      // Memory that cannot be registered, or an address that is none.
      this.#giveBack(batch[0]!);
      this.#leaveQueue(batch[0]!);
      batch[0]!.fail(this.#refusal(error, batch[0]!.kind, peer.name));
      return { taken: 0, refused: 0 };
    }
  }

  #nextBatch(peer: EndpointPeer): Operation[] {
    // The first one asks for a connection; there is no use in copying more until it is there.
    const most = peer.wasReached ? BATCH : 1;
    const batch: Operation[] = [];
    for (const operation of peer.waiting) {
      if (batch.length === most || this.#freeSlots.size === 0) break;
      if (operation.bytes !== undefined) {
        if (!this.#arena.hasFreeSend) break;
        operation.sendBuffer = this.#arena.takeSend(operation.bytes);
        operation.offset = this.#arena.sendOffset(operation.sendBuffer);
      }
      const [slot] = this.#freeSlots;
      this.#freeSlots.delete(slot!);
      operation.slot = slot!;
      this.#operations[slot!] = operation;
      batch.push(operation);
    }
    return batch;
  }

  #block(peer: EndpointPeer, moved: boolean): void {
    if (moved) this.#retryMs = 1;
    peer.blockedSinceMs = moved
      ? this.#clock.monotonicMs()
      : (peer.blockedSinceMs ?? this.#clock.monotonicMs());
    this.#retry ??= this.#clock.timer(this.#retryMs, () => this.#tryAgain());
  }

  #tryAgain(): void {
    this.#retry = undefined;
    this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MS_MAX);
    const nowMs = this.#clock.monotonicMs();
    for (const peer of this.#ready) {
      const sinceMs = peer.blockedSinceMs;
      if (sinceMs === undefined) continue;
      const isLost = peer.inFlight.size === 0 && nowMs - sinceMs >= this.#settings.connectMsMax;
      if (isLost) {
        for (const operation of peer.waiting) this.#refuse(operation, "ETIMEDOUT");
        continue;
      }
      this.#flushPeer(peer);
      if (peer.waiting.size === 0 || peer.inFlight.size > 0) this.#retryMs = 1;
    }
  }

  #onOutcomes(outcomes: Outcomes): void {
    const ended: [Operation, number][] = [];
    const { depth } = this.#settings;
    let lost = false;
    // All are taken before anybody hears of one: what they do next brings further ones.
    for (let i = 0; i < outcomes.count; i++) {
      const slot = outcomes.slot(i);
      const operation = this.#operations[slot];
      if (slot < 0) lost = true;
      else if (slot >= depth) {
        this.#inbox.arrived(slot - depth, outcomes.result(i), this.#peersByIndex.get(outcomes.peer(i)));
      } else if (operation !== undefined) ended.push([operation, outcomes.result(i)]);
      else lost = true;
    }
    const broken = new Set<EndpointPeer>();
    for (const [operation, result] of ended) {
      const failure = result < 0 ? { code: codeOf(result), result } : undefined;
      this.#settle(operation, failure);
      if (failure?.code === "ECONNRESET") broken.add(operation.peer);
    }
    if (lost) this.#giveUp();
    // What comes next must not go into what is left of the connection.
    for (const peer of broken) this.#drop(peer);
    this.#inbox.wake();
    if (this.#waiting > 0) this.#flushSoon();
  }

  /** After the driver is through with it. */
  #settle(
    operation: Operation,
    failure: { readonly code: FabricErrorCode; readonly result?: number } | undefined,
  ): void {
    const { peer, signal } = operation;
    this.#giveBack(operation);
    peer.inFlight.delete(operation);
    peer.blockedSinceMs = undefined;
    // Of those that share a signal, the first to hear of the abort ends the others too.
    if (signal?.aborted) operation.fail(signal.reason);
    else if (failure === undefined) operation.succeed();
    else {
      const { code, result } = failure;
      const reason = code === "EOTHER" ? `the provider says ${result}` : undefined;
      operation.fail(this.#error(code, operation.kind, peer.name, reason));
    }
  }

  /** Of what the driver never had. */
  #refuse(operation: Operation, code: FabricErrorCode): void {
    const { peer, signal } = operation;
    this.#leaveQueue(operation);
    operation.fail(signal?.aborted ? signal.reason : this.#error(code, operation.kind, peer.name));
  }

  #leaveQueue(operation: Operation): void {
    const { peer } = operation;
    if (!peer.waiting.delete(operation)) return;
    this.#waiting--;
    if (peer.waiting.size > 0) return;
    this.#ready.delete(peer);
    peer.blockedSinceMs = undefined;
  }

  #giveBack(operation: Operation): void {
    if (operation.slot === NO_SLOT) return;
    this.#operations[operation.slot] = undefined;
    this.#freeSlots.add(operation.slot);
    operation.slot = NO_SLOT;
    if (operation.sendBuffer === NO_SLOT) return;
    this.#arena.giveSend(operation.sendBuffer);
    operation.sendBuffer = NO_SLOT;
  }

  #indexOf(peer: EndpointPeer): number {
    if (peer.index !== undefined) return peer.index;
    const key = toHex(peer.address);
    if (!this.#peers.has(key) && this.#peers.size >= this.#settings.peersMax) {
      const reason = `there are ${this.#settings.peersMax} peers already`;
      throw this.#error("EQUEUEFULL", "reach", peer.name, reason);
    }
    try {
      peer.index = this.#driver.insert(peer.address);
    } catch (error) {
      throw this.#refusal(error, "reach", peer.name);
    }
    this.#peers.set(key, peer);
    this.#peersByIndex.set(peer.index, peer);
    return peer.index;
  }

  #checkOpen(operation: string, subject: string): void {
    if (this.#closing !== undefined) throw this.#error(this.#closeCode, operation, subject);
  }

  #refusal(error: unknown, operation: string, subject: string): unknown {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof Error && error.name === "PondError") return error;
    const known = code === "EINVAL" || code === "ENOMEM" ? code : "EOTHER";
    return fabricError(
      known,
      { operation, provider: this.provider, subject },
      { reason: message, cause: error },
    );
  }

  #error(code: FabricErrorCode, operation: string, subject: string, reason?: string): Error {
    const details = { operation, provider: this.provider, subject };
    return fabricError(code, details, reason === undefined ? {} : { reason });
  }
}

function ownPeer(peer: FabricPeer): EndpointPeer {
  assert(peer instanceof EndpointPeer, "a peer is one that the endpoint gave");
  return peer;
}
