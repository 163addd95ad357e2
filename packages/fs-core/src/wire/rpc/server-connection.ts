/** One client at a server: who it is, the calls it has under way, and what it is told. */
import {
  type Clock,
  isPondError,
  type PondError,
  type Probes,
  type Random,
  type Timer,
} from "@smallpond/base";
import type { BufferLease, BufferPool } from "@smallpond/fs-native";
import type { Crypto } from "../../service/crypto.ts";
import type { Logger } from "../../service/log.ts";
import { ByteReader, decode, encode } from "../codec/index.ts";
import { badFrame, DSCP_FLAGS, FLAG_NOT_RUN } from "../frame.ts";
import type { Channel, IncomingFrame } from "../transport/transport.ts";
import type { Authenticator } from "./authentication.ts";
import { pondErrorCodec, rpcError, tellable } from "./errors.ts";
import {
  challengeCodec,
  helloCodec,
  proofCodec,
  type QuestionHead,
  questionHeadCodec,
  welcomeCodec,
} from "./messages.ts";
import type { Principal } from "./method.ts";
import type { Route, RpcRouter } from "./router.ts";
import { cancelled, RunningCall } from "./running-call.ts";
import { ServiceHandshake } from "./service-handshake.ts";
import type { RpcServerSettings } from "./settings.ts";
import { SilenceWatch } from "./silence-watch.ts";

export interface ServerConnectionDeps {
  readonly channel: Channel;
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly log: Logger;
  readonly probes: Probes;
  readonly authenticator: Authenticator;
  /** For bulk bytes that come with questions; without one they are refused. */
  readonly pool: BufferPool | undefined;
  /** Called whenever a call has ended. */
  readonly onCallEnd: () => void;
}

const NO_BYTES: Readonly<Uint8Array> = new Uint8Array(0);

/** How long a refused client may take to read why. */
export const LAST_WORDS_MS = 500;

export class ServerConnection {
  readonly #deps: ServerConnectionDeps;
  readonly #channel: Channel;
  readonly #settings: RpcServerSettings & { readonly messageBytesMax: number };
  readonly #handshake: ServiceHandshake;
  readonly #calls: Map<number, RunningCall> = new Map();
  /** Of the calls, those whose answers are on their way: for their clients they are over. */
  #answering = 0;
  #lastId = 0;
  /** What the client wants its answers to be marked with. */
  #dscp = 0;
  #principal: Principal | undefined;
  #isClosing = false;
  #userTimer: Timer | undefined;

  constructor(
    deps: ServerConnectionDeps,
    settings: RpcServerSettings & { readonly messageBytesMax: number },
  ) {
    this.#deps = deps;
    this.#channel = deps.channel;
    this.#settings = settings;
    this.#handshake = new ServiceHandshake(deps);
  }

  /** Calls under way. */
  get calls(): number {
    return this.#calls.size;
  }

  /** Serves the client until the connection ends. Never rejects. */
  async serve(): Promise<void> {
    const { clock, log } = this.#deps;
    const { handshakeMsMax, silenceMsMax } = this.#settings;
    const remote = this.#channel.remote;
    const handshakeTimer = clock.timer(handshakeMsMax, () => {
      if (this.#principal === undefined) this.#hangUp("the handshake took too long");
    });
    using _ = new SilenceWatch(
      {
        clock,
        progress: () => this.#channel.progress,
        onTick: () => {},
        onSilent: () => {
          this.#deps.probes.mark("rpc: a client fell silent");
          this.#hangUp("nothing was heard of the client");
        },
      },
      { quietMs: silenceMsMax / 3, silentMs: silenceMsMax },
    );
    try {
      await this.#channel.receive((frame) => this.#take(frame));
    } catch (error) {
      await this.#refuse(error);
    } finally {
      handshakeTimer.cancel();
      this.#userTimer?.cancel();
      for (const call of this.#calls.values()) call.abort(cancelled("the connection to the caller ended"));
      await this.#channel.close();
      log.debug("rpc connection ended", { remote });
    }
  }

  /** Tells the client to call somewhere else. Calls under way go on, new ones are refused. */
  sayGoodbye(): void {
    this.#isClosing = true;
    if (this.#principal !== undefined) this.#post("goodbye", 0, NO_BYTES);
  }

  abortCalls(reason: PondError): void {
    for (const call of this.#calls.values()) call.abort(reason);
  }

  flushed(): Promise<void> {
    return this.#channel.flushed();
  }

  close(): Promise<void> {
    return this.#channel.close();
  }

  #take(frame: IncomingFrame): void | Promise<void> {
    if (this.#principal === undefined) return this.#shakeHands(frame);
    switch (frame.kind) {
      case "question":
        return this.#question(frame, this.#principal);
      case "cancel":
        this.#calls.get(frame.id)?.abort(cancelled("the caller gave up"));
        return;
      case "ping":
        this.#post("pong", 0, NO_BYTES);
        return this.#relief();
      case "pong":
      case "goodbye":
        return;
      default:
        throw badFrame("order", `a ${frame.kind} comes at the wrong time`);
    }
  }

  async #shakeHands(frame: IncomingFrame): Promise<void> {
    if (frame.kind === "hello" && !this.#handshake.isGreeted) {
      this.#dscp = frame.flags & DSCP_FLAGS;
      const challenge = this.#handshake.greet(decode(helloCodec, frame.messageView));
      return this.#post("challenge", 0, encode(challengeCodec, challenge));
    }
    if (frame.kind !== "proof" || !this.#handshake.isGreeted) {
      throw badFrame("order", `a ${frame.kind} comes before the handshake is done`);
    }
    const principal = await this.#handshake.conclude(decode(proofCodec, frame.messageView));
    this.#principal = principal;
    this.#channel.trust();
    if (this.#settings.marks.includes(this.#dscp)) this.#channel.mark(this.#dscp);
    const { callsPerConnectionMax } = this.#settings;
    this.#post("welcome", 0, encode(welcomeCodec, { callsMax: callsPerConnectionMax }));
    this.#deps.log.debug("rpc connection", { remote: this.#channel.remote, principal: principal.kind });
    if (this.#isClosing) this.sayGoodbye();
    else if (principal.kind === "user") this.#endUserLater();
  }

  /** Tokens expire, and users lose groups: a user's client connects again now and then, and shows its token again. */
  #endUserLater(): void {
    const { clock } = this.#deps;
    const { userMsMax, graceMs } = this.#settings;
    this.#userTimer = clock
      .timer(userMsMax, () => {
        this.#post("goodbye", 0, NO_BYTES);
        this.#userTimer = clock
          .timer(graceMs, () => {
            this.#isClosing = true;
          })
          .unref();
      })
      .unref();
  }

  #question(frame: IncomingFrame, principal: Principal): void | Promise<void> {
    const { id } = frame;
    // Not even a network that repeats itself runs a question twice.
    if (id <= this.#lastId) {
      this.#deps.probes.mark("rpc: a question came twice or late");
      throw badFrame("id", `question ${id} comes after question ${this.#lastId}`);
    }
    this.#lastId = id;
    let head: QuestionHead;
    let route: Route;
    let question: unknown;
    try {
      const reader = new ByteReader(frame.messageView);
      head = questionHeadCodec.read(reader);
      this.#admit();
      route = this.#deps.router.route(head.method, principal);
      question = route.method.question.read(reader);
      reader.end();
    } catch (error) {
      const told = tellable(error, "reading a question");
      // A decoder that breaks is a bug, but one that its caller could trigger at will: the process goes on.
      if (told.kind === "internal")
        this.#deps.log.error("rpc question broke its decoder", { error: told.message });
      this.#fail(id, told, FLAG_NOT_RUN);
      return this.#relief();
    }
    if (frame.bulkBytes > 0) return this.#withBulk(frame, { head, route, question, principal });
    void this.#run(id, { head, route, question, principal }, undefined);
    return this.#relief();
  }

  #admit(): void {
    if (this.#isClosing) {
      throw rpcError("CLOSING", "retry", "the service is ending and begins nothing new", {
        hint: "ask another one, or try again when it is back",
      });
    }
    const { callsPerConnectionMax } = this.#settings;
    if (this.#calls.size - this.#answering >= callsPerConnectionMax) {
      throw rpcError(
        "OVERLOADED",
        "retry",
        `${callsPerConnectionMax} calls are under way on this connection`,
      );
    }
  }

  async #withBulk(frame: IncomingFrame, question: Question): Promise<void> {
    let lease: BufferLease;
    try {
      lease = await this.#memoryFor(frame.bulkBytes);
    } catch (error) {
      return this.#fail(frame.id, tellable(error, question.route.method.name), FLAG_NOT_RUN);
    }
    try {
      await frame.takeBulk({ lease, length: frame.bulkBytes });
    } catch (error) {
      lease.release();
      if (!isPondError(error, "CANCELLED")) throw error;
      // Its caller has given up and has the bytes back.
      return this.#fail(frame.id, error, FLAG_NOT_RUN);
    }
    try {
      // While the bytes came, others may have begun.
      this.#deps.router.route(question.head.method, question.principal);
    } catch (error) {
      lease.release();
      return this.#fail(frame.id, tellable(error, question.route.method.name), FLAG_NOT_RUN);
    }
    void this.#run(frame.id, question, lease);
  }

  async #memoryFor(bytes: number): Promise<BufferLease> {
    const { pool, clock } = this.#deps;
    if (pool === undefined || bytes > pool.settings.regionBytes) {
      throw rpcError(
        "BULK_REFUSED",
        "invalid",
        `${bytes} bulk bytes came to a service that takes none so large`,
      );
    }
    using deadline = clock.deadline(this.#settings.bulkWaitMsMax);
    try {
      return await pool.take(bytes, { signal: deadline.signal });
    } catch (cause) {
      if (!deadline.signal.aborted) throw cause;
      throw rpcError("OVERLOADED", "retry", `there is no memory for ${bytes} bulk bytes now`, { cause });
    }
  }

  async #run(
    id: number,
    { head, route, question, principal }: Question,
    lease: BufferLease | undefined,
  ): Promise<void> {
    const { clock, router, onCallEnd } = this.#deps;
    const call = new RunningCall({
      clock,
      principal,
      traceId: head.traceId,
      remote: this.#channel.remote,
      received: lease,
      deadlineMs: clock.monotonicMs() + Math.min(head.remainingMs, this.#settings.callMsMax),
    });
    this.#calls.set(id, call);
    try {
      const answer = await router.run(route, question, call);
      await this.#answer(id, route, call, answer);
    } catch (error) {
      call.end()?.release();
      this.#fail(id, call.isAborted ? givenUp() : this.#told(error, route, call), 0);
    } finally {
      lease?.[Symbol.dispose]();
      this.#calls.delete(id);
      onCallEnd();
    }
  }

  /** The router has told already what the handler threw; what is new comes from encoding its answer. */
  #told(error: unknown, route: Route, call: RunningCall): PondError {
    return isPondError(error) ? error : this.#deps.router.fault(error, route.method.name, call);
  }

  async #answer(id: number, route: Route, call: RunningCall, answer: unknown): Promise<void> {
    const message = encode(route.method.answer, answer);
    const { messageBytesMax } = this.#settings;
    if (message.length > messageBytesMax) {
      const { name } = route.method;
      const reason = `the answer to ${name} has ${message.length} bytes, and ${messageBytesMax} are the most`;
      throw rpcError("MESSAGE_TOO_LARGE", "invalid", reason, { hint: "ask for less at once" });
    }
    const bulk = call.end();
    if (call.isAborted) {
      bulk?.release();
      return this.#fail(id, givenUp(), 0);
    }
    if (this.#deps.probes.buggify("rpc.answer-lost", 0.01)) {
      bulk?.release();
      return await this.#channel.close();
    }
    if (bulk === undefined) return this.#post("answer", id, message);
    this.#answering += 1;
    await this.#channel
      .send({ kind: "answer", id, message, bulk: bulk.pieces })
      .catch(() => {})
      .finally(bulk.release);
    this.#answering -= 1;
  }

  #fail(id: number, error: PondError, flags: number): void {
    this.#channel.post({ kind: "failure", flags, id, message: encode(pondErrorCodec, error) });
  }

  #post(
    kind: "challenge" | "welcome" | "pong" | "goodbye" | "answer",
    id: number,
    message: Uint8Array,
  ): void {
    this.#channel.post({ kind, id, message });
  }

  /** A client that does not take its answers is asked nothing more. */
  #relief(): void | Promise<void> {
    if (this.#channel.unsentBytes > this.#settings.unsentBytesMax) return this.#channel.flushed();
  }

  /** Tells the client why its connection ends, as well as that can be done. */
  async #refuse(error: unknown): Promise<void> {
    const { log } = this.#deps;
    const told = tellable(error, "a connection");
    const fields = { remote: this.#channel.remote, code: told.code, error: told.message };
    if (told.kind === "internal") log.error("rpc connection broke", fields);
    else log.info("rpc connection refused", fields);
    if (["ECONNRESET", "EPIPE", "ECLOSED"].includes(told.code)) return;
    this.#channel.post({ kind: "refused", id: 0, message: encode(pondErrorCodec, told) });
    using deadline = this.#deps.clock.deadline(LAST_WORDS_MS);
    await this.#channel.finish(deadline);
  }

  #hangUp(why: string): void {
    this.#deps.log.info("rpc connection dropped", { remote: this.#channel.remote, why });
    void this.#channel.close();
  }
}

/** Whatever the handler made of its abort: what it did until then is not known. */
function givenUp(): PondError {
  return cancelled("the call was ended before it was answered");
}

interface Question {
  readonly head: QuestionHead;
  readonly route: Route;
  readonly question: unknown;
  readonly principal: Principal;
}
