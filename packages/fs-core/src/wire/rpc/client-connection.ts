/** One connection of a client: its handshake, the calls under way on it, and what becomes of them when it ends. */
import type { Clock, PondError, Probes, Random } from "@smallpond/base";
import type { BufferLease, LeasePart, Piece } from "@smallpond/fs-native";
import type { Crypto } from "../../service/crypto.ts";
import { ByteWriter, decode, encode } from "../codec/index.ts";
import { badFrame, FLAG_NOT_RUN } from "../frame.ts";
import type { Channel, IncomingFrame } from "../transport/transport.ts";
import type { Credentials } from "./authentication.ts";
import { CallSlots } from "./call-slots.ts";
import { ClientHandshake } from "./client-handshake.ts";
import { pondErrorCodec, rpcError } from "./errors.ts";
import { challengeCodec, helloCodec, proofCodec, questionHeadCodec, welcomeCodec } from "./messages.ts";
import type { Method } from "./method.ts";
import type { RpcClientSettings } from "./settings.ts";
import { SilenceWatch } from "./silence-watch.ts";

/** What a question that was sent once came to. */
export type Outcome<A> =
  | { readonly kind: "answered"; readonly value: A }
  /** By the handler, or for good. */
  | { readonly kind: "failed"; readonly error: unknown }
  /** The service did not begin it. */
  | { readonly kind: "refused"; readonly error: PondError }
  /** `sent`: it may have arrived. */
  | { readonly kind: "lost"; readonly sent: boolean; readonly why: string; readonly cause?: unknown };

export interface Ask<Q, A> {
  readonly method: Method<Q, A>;
  readonly question: Q;
  readonly remainingMs: number;
  readonly traceId: string;
  readonly send?: readonly Piece[] | undefined;
  readonly into?: BufferLease | LeasePart | undefined;
  readonly onBulk?: ((bytes: number) => void) | undefined;
  readonly signal: AbortSignal;
}

export interface ClientConnectionDeps {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly probes: Probes;
  readonly credentials: Credentials;
  /** Called once, when no further call should be made on this connection. */
  readonly onEnd: () => void;
}

interface Pending {
  readonly method: Method<never, unknown>;
  readonly into: BufferLease | LeasePart | undefined;
  readonly onBulk: ((bytes: number) => void) | undefined;
  /** While bulk bytes of the question leave. */
  sending: Promise<void> | undefined;
  /** Aborts when the caller has given up: its memory is not to be filled any further. */
  readonly stop: AbortController | undefined;
  isGivenUp: boolean;
  /** While bulk bytes of the answer come in. */
  isFilling: boolean;
  /** Settles the call, once its memory is no longer used. */
  readonly settle: (outcome: Outcome<unknown>) => void;
}

const GIVEN_UP: Outcome<never> = { kind: "lost", sent: true, why: "the caller gave up" };
const NO_BYTES: Readonly<Uint8Array> = new Uint8Array(0);

export class ClientConnection {
  readonly #deps: ClientConnectionDeps;
  /** Resolves when the connection has ended and nothing of it is left. */
  readonly gone: Promise<void>;
  readonly #channel: Channel;
  readonly #settings: RpcClientSettings & { readonly messageBytesMax: number };
  readonly #handshake: ClientHandshake;
  readonly #pending: Map<number, Pending> = new Map();
  readonly #writer: ByteWriter = new ByteWriter();
  readonly #watch: SilenceWatch;
  readonly #slots: CallSlots;
  /** Calls whose callers went away and that the service has not answered, and when the last of them was or they began. */
  #givenUp = 0;
  #givenUpAtMs = 0;
  #callsMax = 0;
  #nextId = 1;
  #usedAtMs: number;
  #isOpen = false;
  #isEnding = false;
  #failure: { readonly why: string; readonly cause: unknown } | undefined;
  #opened: ((failure?: unknown) => void) | undefined;
  #leave: () => void = () => {};

  constructor(
    deps: ClientConnectionDeps,
    settings: RpcClientSettings & { readonly messageBytesMax: number },
  ) {
    this.#deps = deps;
    this.#channel = deps.channel;
    this.#settings = settings;
    this.#handshake = new ClientHandshake(deps, deps.credentials);
    this.#slots = new CallSlots({ hasRoom: (given) => this.#hasRoom(given) }, settings);
    this.gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#usedAtMs = deps.clock.monotonicMs();
    this.#watch = new SilenceWatch(
      {
        clock: deps.clock,
        progress: () => this.#channel.progress,
        onTick: (isQuiet) => this.#onTick(isQuiet),
        onSilent: () => {
          deps.probes.mark("rpc: a service fell silent");
          this.#end("the service fell silent", undefined);
        },
      },
      { quietMs: settings.pingMs, silentMs: settings.silenceMsMax },
    );
  }

  /** Whether calls may be made. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#isEnding;
  }

  /**
   * Does the handshake.
   *
   * @throws what the service says against the client, AUTH_FAILED for what the client has against the service, BAD_FRAME,
   * or an error of the network.
   */
  open(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#opened = (failure) => (failure === undefined ? resolve() : reject(failure));
      const { dscp } = this.#settings;
      if (dscp > 0) this.#channel.mark(dscp);
      const message = encode(helloCodec, this.#handshake.hello());
      this.#channel.post({ kind: "hello", flags: dscp, id: 0, message });
      this.#channel
        .receive((frame) => this.#take(frame))
        .then(
          () => this.#end("the service closed the connection", undefined),
          (error: unknown) => this.#end("the connection broke", error),
        );
    });
  }

  /** Asks once. Waits for room if too much is under way already. Never rejects. */
  async ask<Q, A>(ask: Ask<Q, A>): Promise<Outcome<A>> {
    if (!this.isOpen) return this.#never();
    if (!this.#hasRoom(0)) void this.#channel.flushed().then(() => this.#slots.wake());
    const room = await this.#slots.take(ask.signal);
    if (room === "given") this.#slots.taken();
    if (room === "full") return tooMuchWaits(this.#settings.waitingMax);
    if (room === "ended" || !this.isOpen || ask.signal.aborted) {
      this.#slots.wake();
      return this.#never();
    }
    this.#usedAtMs = this.#deps.clock.monotonicMs();
    let message: Uint8Array;
    try {
      message = this.#encode(ask);
    } catch (error) {
      this.#slots.wake();
      return { kind: "failed", error };
    }
    return await new Promise<Outcome<A>>((resolve) => {
      this.#send(ask, message, resolve as (outcome: Outcome<unknown>) => void);
    });
  }

  /** Ends the connection; calls under way are lost. Resolves when it is gone. */
  close(why: string): Promise<void> {
    this.#end(why, undefined);
    return this.gone;
  }

  #encode<Q, A>({ method, question, remainingMs, traceId }: Ask<Q, A>): Uint8Array {
    const writer = this.#writer;
    writer.reset();
    questionHeadCodec.write(writer, { method: method.id, remainingMs, traceId });
    method.question.write(writer, question);
    const { messageBytesMax } = this.#settings;
    if (writer.size <= messageBytesMax) return writer.finish();
    const reason = `a question of ${writer.size} bytes to ${method.name}, and ${messageBytesMax} are the most`;
    throw rpcError("MESSAGE_TOO_LARGE", "invalid", reason, { hint: "ask for less at once" });
  }

  #send<Q, A>(ask: Ask<Q, A>, message: Uint8Array, resolve: (outcome: Outcome<unknown>) => void): void {
    const { method, into, onBulk, signal, send = [] } = ask;
    const id = this.#nextId++;
    const onAbort = (): void => this.#giveUp(id);
    const pending: Pending = {
      method: method as unknown as Method<never, unknown>,
      into,
      onBulk,
      sending: undefined,
      stop: into === undefined ? undefined : new AbortController(),
      isGivenUp: false,
      isFilling: false,
      settle: (outcome) => {
        signal.removeEventListener("abort", onAbort);
        // A service may answer before it has taken all of the question's bulk bytes.
        if (pending.sending === undefined) resolve(outcome);
        else void pending.sending.then(() => resolve(outcome));
      },
    };
    this.#pending.set(id, pending);
    signal.addEventListener("abort", onAbort, { once: true });
    if (send.length === 0) {
      this.#channel.post({ kind: "question", id, message, into });
    } else {
      const sending = this.#channel.send({ kind: "question", id, message, bulk: send, into });
      pending.sending = sending.then(
        () => {
          pending.sending = undefined;
        },
        (cause: unknown) => {
          pending.sending = undefined;
          this.#unsent(id, cause);
        },
      );
    }
  }

  /** A question's bulk bytes did not leave, so no answer will come. */
  #unsent(id: number, cause: unknown): void {
    if (!this.#pending.has(id)) return;
    this.#finish(id, { kind: "lost", sent: true, why: "its bulk bytes could not be sent", cause });
  }

  /** The caller waits no longer. Its place stays taken until the service has answered. */
  #giveUp(id: number): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.isGivenUp) return;
    pending.isGivenUp = true;
    this.#givenUp += 1;
    if (this.#givenUp === 1) this.#givenUpAtMs = this.#deps.clock.monotonicMs();
    this.#channel.post({ kind: "cancel", id, message: NO_BYTES });
    pending.stop?.abort();
    // Memory that somebody may be writing to stays the call's until that has ended.
    const isTouched = pending.isFilling || (pending.into !== undefined && this.#channel.fillsAhead);
    if (!isTouched) pending.settle(GIVEN_UP);
    if (this.#isEnding) this.#endIfDone();
  }

  #take(frame: IncomingFrame): void | Promise<void> {
    if (!this.#isOpen) return this.#shakeHands(frame);
    switch (frame.kind) {
      case "answer":
        return this.#answer(frame);
      case "failure":
        return this.#failed(frame);
      case "pong":
        return;
      case "goodbye":
        return this.#retire();
      case "refused":
        throw decode(pondErrorCodec, frame.messageView);
      default:
        throw badFrame("order", `a ${frame.kind} comes at the wrong time`);
    }
  }

  #shakeHands(frame: IncomingFrame): void {
    switch (frame.kind) {
      case "challenge": {
        const proof = this.#handshake.prove(decode(challengeCodec, frame.messageView));
        this.#channel.post({ kind: "proof", id: 0, message: encode(proofCodec, proof) });
        return;
      }
      case "welcome": {
        const { callsMax } = decode(welcomeCodec, frame.messageView);
        this.#callsMax = Math.max(1, Math.min(callsMax, this.#settings.callsMax));
        this.#channel.trust();
        this.#isOpen = true;
        this.#opened?.();
        return;
      }
      case "refused":
        throw decode(pondErrorCodec, frame.messageView);
      default:
        throw badFrame("order", `a ${frame.kind} comes before the handshake is done`);
    }
  }

  #answer(frame: IncomingFrame): void | Promise<void> {
    const { id } = frame;
    const pending = this.#pending.get(id);
    if (pending === undefined) throw badFrame("id", `nobody asked question ${id}`);
    if (pending.isGivenUp) return this.#finish(id, GIVEN_UP);
    let value: unknown;
    try {
      value = decode(pending.method.answer, frame.messageView);
    } catch (error) {
      return this.#finish(id, { kind: "failed", error });
    }
    if (frame.bulkBytes > 0) return this.#fill(frame, pending, value);
    pending.onBulk?.(0);
    this.#finish(id, { kind: "answered", value });
  }

  async #fill(frame: IncomingFrame, pending: Pending, value: unknown): Promise<void> {
    const { id, bulkBytes } = frame;
    const { into, stop } = pending;
    if (into === undefined || bulkBytes > roomIn(into)) {
      const reason = `${bulkBytes} bulk bytes came with the answer to ${pending.method.name}, and there is no room`;
      return this.#finish(id, { kind: "failed", error: rpcError("BULK_REFUSED", "invalid", reason) });
    }
    pending.isFilling = true;
    try {
      await frame.takeBulk(into, { signal: stop!.signal });
    } catch (error) {
      if (this.#failure !== undefined) pending.settle({ kind: "lost", sent: true, ...this.#failure });
      if (!pending.isGivenUp) throw error;
    } finally {
      pending.isFilling = false;
    }
    if (pending.isGivenUp) return this.#finish(id, GIVEN_UP);
    pending.onBulk?.(bulkBytes);
    this.#finish(id, { kind: "answered", value });
  }

  #failed(frame: IncomingFrame): void {
    const { id } = frame;
    const pending = this.#pending.get(id);
    if (pending === undefined) throw badFrame("id", `nobody asked question ${id}`);
    const error = decode(pondErrorCodec, frame.messageView);
    if (pending.isGivenUp) this.#finish(id, GIVEN_UP);
    else if (error.code === "CANCELLED") {
      this.#finish(id, { kind: "lost", sent: true, why: error.message, cause: error });
    } else this.#finish(id, { kind: (frame.flags & FLAG_NOT_RUN) === 0 ? "failed" : "refused", error });
  }

  #finish(id: number, outcome: Outcome<unknown>): void {
    const pending = this.#pending.get(id);
    this.#done(id);
    pending?.settle(outcome);
  }

  #done(id: number): void {
    if (this.#pending.get(id)?.isGivenUp) {
      this.#givenUp -= 1;
      this.#givenUpAtMs = this.#deps.clock.monotonicMs();
    }
    this.#pending.delete(id);
    if (this.#isEnding) this.#endIfDone();
    else this.#slots.wake();
  }

  #endIfDone(): void {
    if (this.#pending.size === this.#givenUp) this.#end("the connection was retired", undefined);
  }

  /** No more calls are made here; those under way are still answered. */
  #retire(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#deps.onEnd();
    this.#slots.end();
    this.#endIfDone();
  }

  #hasRoom(given: number): boolean {
    if (this.#pending.size + given >= this.#callsMax) return false;
    return this.#channel.unsentBytes <= this.#settings.unsentBytesMax;
  }

  #never(): Outcome<never> {
    return { kind: "lost", sent: false, why: this.#failure?.why ?? "it was never sent" };
  }

  #onTick(isQuiet: boolean): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#givenUp > 0 && nowMs - this.#givenUpAtMs >= this.#settings.givenUpMsMax) {
      this.#deps.probes.mark("rpc: a connection is left for what it never ends");
      this.#retire();
    }
    if (this.#isOpen && this.#pending.size === 0 && nowMs - this.#usedAtMs >= this.#settings.idleMsMax) {
      this.#end("nobody called for a while", undefined);
    } else if (this.#isOpen && isQuiet) this.#channel.post({ kind: "ping", id: 0, message: NO_BYTES });
  }

  #end(why: string, cause: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { why, cause };
    const wasEnding = this.#isEnding;
    this.#isEnding = true;
    this.#watch[Symbol.dispose]();
    const closed = this.#channel.close();
    void closed.then(this.#leave);
    this.#opened?.(cause ?? rpcError("CLOSING", "retry", why));
    this.#slots.end();
    for (const pending of this.#pending.values()) {
      // What is being filled settles when that has ended, which the end of the channel brings about.
      const settle = (): void => pending.settle({ kind: "lost", sent: true, why, cause });
      if (pending.into !== undefined && this.#channel.fillsAhead) void closed.then(settle);
      else if (!pending.isFilling) settle();
    }
    this.#pending.clear();
    if (!wasEnding) this.#deps.onEnd();
  }
}

function tooMuchWaits(waitingMax: number): Outcome<never> {
  const reason = `${waitingMax} calls wait already for others to end`;
  return { kind: "refused", error: rpcError("OVERLOADED", "retry", reason) };
}

function roomIn(memory: BufferLease | LeasePart): number {
  return "lease" in memory ? (memory.length ?? memory.lease.length - (memory.offset ?? 0)) : memory.length;
}
