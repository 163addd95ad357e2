/**
 * Calls methods at one address, over one connection that is made when it is needed and made again when it broke. Several
 * calls are under way at once.
 */
import {
  assert,
  type Clock,
  formatAddress,
  isPondError,
  type NetAddress,
  type PondError,
  type Probes,
  type Random,
} from "@smallpond/base";
import type { Crypto } from "../../service/crypto.ts";
import type { Logger } from "../../service/log.ts";
import type { Counter, Family, Metrics } from "../../service/metrics.ts";
import type { Channel, Transport } from "../transport/transport.ts";
import type { Credentials } from "./authentication.ts";
import { CallMeter } from "./call-meter.ts";
import { ClientConnection, type Outcome } from "./client-connection.ts";
import { noAnswer, rpcError } from "./errors.ts";
import type { Caller, CallOptions, Method } from "./method.ts";
import { DEFAULT_RPC_CLIENT_SETTINGS, type RpcClientSettings } from "./settings.ts";

export interface RpcClientDeps {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  readonly credentials: Credentials;
}

export class RpcClient implements Caller, AsyncDisposable {
  readonly address: NetAddress;
  readonly #deps: RpcClientDeps;
  readonly #settings: RpcClientSettings;
  readonly #place: string;
  readonly #meter: CallMeter;
  readonly #resent: Family<Counter>;
  readonly #closed: AbortController = new AbortController();
  #current: ClientConnection | undefined;
  /** All that are not gone yet: those that end take no more calls, and answer those they have. */
  readonly #connections: Set<ClientConnection> = new Set();
  #opening: Promise<ClientConnection> | undefined;
  /** One after another, without a connection between them. */
  #failures = 0;
  #nextTryMs = 0;

  constructor(deps: RpcClientDeps, settings: Partial<RpcClientSettings> & { readonly address: NetAddress }) {
    const { address, ...given } = settings;
    this.#deps = deps;
    this.address = address;
    this.#place = formatAddress(address);
    this.#settings = { ...DEFAULT_RPC_CLIENT_SETTINGS, ...given };
    const { metrics } = deps;
    this.#meter = new CallMeter(metrics, {
      calls: ["pond_rpc_client_calls_total", "Calls made, by method and outcome."],
      seconds: ["pond_rpc_client_call_duration_seconds", "From a call to its outcome, by method."],
    });
    this.#resent = metrics.counters("pond_rpc_client_resent_total", "Questions sent again, by method.", [
      "method",
    ]);
  }

  async call<Q, A>(method: Method<Q, A>, question: Q, options: CallOptions = {}): Promise<A> {
    const { clock } = this.#deps;
    options.signal?.throwIfAborted();
    const timeoutMs = Math.min(options.timeoutMs ?? this.#settings.timeoutMs, this.#settings.timeoutMsMax);
    const startMs = clock.monotonicMs();
    const deadline = clock.deadline(timeoutMs, options);
    let outcome = "ok";
    try {
      const patience = { signal: deadline.signal, untilMs: startMs + timeoutMs };
      return await this.#untilAnswered(method, question, options, patience);
    } catch (error) {
      outcome = isPondError(error) ? error.kind : "aborted";
      throw error;
    } finally {
      deadline[Symbol.dispose]();
      this.#meter.count(method.name, outcome, clock.monotonicMs() - startMs);
    }
  }

  /** Ends the connection; calls under way end with `NO_ANSWER`, later ones with `CLIENT_CLOSED`. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closed.signal.aborted) this.#closed.abort(clientClosed(this.#place));
    await this.#opening?.catch(() => {});
    await Promise.all([...this.#connections].map((each) => each.close("the caller was closed")));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #untilAnswered<Q, A>(
    method: Method<Q, A>,
    question: Q,
    options: CallOptions,
    patience: Patience,
  ): Promise<A> {
    const traceId = options.traceId ?? newTraceId(this.#deps.random);
    const attemptsMax = method.repeatable ? (options.attempts ?? this.#settings.attemptsMax) : 1;
    assert(attemptsMax >= 1, "a question is sent once at least");
    let mayHaveArrived = false;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(method, question, { ...options, traceId }, patience);
      if (outcome.kind === "answered") return outcome.value;
      if (outcome.kind === "failed") throw outcome.error;
      if (options.signal?.aborted) throw options.signal.reason;
      if (outcome.kind === "lost") mayHaveArrived ||= outcome.sent;
      const isLast = attempt >= attemptsMax || patience.signal.aborted || this.#closed.signal.aborted;
      if (isLast || !(await this.#pause(attempt, patience))) {
        if (options.signal?.aborted) throw options.signal.reason;
        throw this.#lastWord(method.name, outcome, { mayHaveArrived, isLate: patience.signal.aborted });
      }
      this.#resent.of(method.name).add();
      this.#deps.probes.mark("rpc: a question is sent again");
    }
  }

  async #attempt<Q, A>(
    method: Method<Q, A>,
    question: Q,
    options: CallOptions & { readonly traceId: string },
    { signal, untilMs }: Patience,
  ): Promise<Outcome<A>> {
    let connection: ClientConnection;
    try {
      connection = await this.#connection(signal);
    } catch (error) {
      if (isPondError(error, "CLIENT_CLOSED")) return { kind: "failed", error };
      return isRefusal(error)
        ? refusal(error)
        : { kind: "lost", sent: false, why: whyNot(error), cause: error };
    }
    const remainingMs = Math.max(0, Math.ceil(untilMs - this.#deps.clock.monotonicMs()));
    const { traceId, send, into, onBulk } = options;
    return await connection.ask({ method, question, remainingMs, traceId, send, into, onBulk, signal });
  }

  /** The connection in use, or a new one. A caller that gives up waiting leaves it to the others. */
  #connection(signal: AbortSignal): Promise<ClientConnection> | ClientConnection {
    if (this.#closed.signal.aborted) throw this.#closed.signal.reason;
    if (this.#current?.isOpen) return this.#current;
    if (this.#opening === undefined) {
      this.#opening = this.#open().finally(() => {
        this.#opening = undefined;
      });
      this.#opening.catch(() => {});
    }
    return unlessAborted(this.#opening, signal);
  }

  async #open(): Promise<ClientConnection> {
    const { clock } = this.#deps;
    const waitMs = this.#nextTryMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, { signal: this.#closed.signal });
    const deadline = clock.deadline(this.#settings.connectMsMax, { signal: this.#closed.signal });
    try {
      const connection = await this.#connect(deadline.signal);
      this.#failures = 0;
      return connection;
    } catch (error) {
      this.#failures += 1;
      this.#nextTryMs = clock.monotonicMs() + this.#backoffMs(this.#failures);
      throw error;
    } finally {
      deadline[Symbol.dispose]();
    }
  }

  async #connect(signal: AbortSignal): Promise<ClientConnection> {
    const { transport, log } = this.#deps;
    const channel: Channel = await transport.connect(this.address, { signal });
    const { messageBytesMax } = transport.settings;
    const onEnd = (): void => {
      if (this.#current === connection) this.#current = undefined;
    };
    const connection = new ClientConnection(
      { ...this.#deps, channel, onEnd },
      { ...this.#settings, messageBytesMax },
    );
    this.#connections.add(connection);
    void connection.gone.then(() => this.#connections.delete(connection));
    const onAbort = (): void => void connection.close("connecting took too long");
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (signal.aborted) onAbort();
      await connection.open();
      this.#current = connection;
      log.debug("rpc connected", { address: this.#place });
      return connection;
    } catch (error) {
      log.info("rpc cannot connect", { address: this.#place, error: whyNot(error) });
      await channel.close();
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Between two attempts; false when there is no time for another. */
  async #pause(attempt: number, { signal }: Patience): Promise<boolean> {
    try {
      await this.#deps.clock.sleep(this.#backoffMs(attempt), { signal });
      return !this.#closed.signal.aborted;
    } catch {
      return false;
    }
  }

  #backoffMs(failures: number): number {
    const { backoffMsMin, backoffMsMax } = this.#settings;
    const fullMs = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 30));
    return fullMs * (1 - this.#deps.random.next() / 2);
  }

  #lastWord(
    method: string,
    outcome: Exclude<Outcome<never>, { kind: "answered" | "failed" }>,
    { mayHaveArrived, isLate }: { readonly mayHaveArrived: boolean; readonly isLate: boolean },
  ): PondError {
    const about = { method, address: this.#place };
    if (outcome.kind === "refused") {
      // An earlier sending may have had an effect.
      if (!mayHaveArrived) return outcome.error;
      return noAnswer({ ...about, sent: true, why: outcome.error.message }, outcome.error);
    }
    const why = isLate ? "the time was up" : outcome.why;
    return noAnswer({ ...about, sent: mayHaveArrived, why }, outcome.cause);
  }
}

interface Patience {
  /** Aborts at the deadline, or when the caller gives up. */
  readonly signal: AbortSignal;
  readonly untilMs: number;
}

const REFUSALS: readonly string[] = ["AUTH_FAILED", "TOKEN_INVALID", "TOKEN_EXPIRED", "OVERLOADED"];
/** What is there is no service of ours, or not of our version: nothing that another try would mend. */
const FOREIGN: readonly string[] = ["magic", "version"];

/** Whether the service (or what is there instead) has spoken: the caller is told its own words. */
function isRefusal(error: unknown): error is PondError {
  if (!isPondError(error)) return false;
  if (error.code !== "BAD_FRAME") return REFUSALS.includes(error.code);
  return FOREIGN.includes((error.details as { readonly reason?: string }).reason ?? "");
}

function refusal(error: PondError): Outcome<never> {
  return error.kind === "retry" ? { kind: "refused", error } : { kind: "failed", error };
}

function whyNot(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function clientClosed(place: string): PondError {
  return rpcError("CLIENT_CLOSED", "closed", `the caller of ${place} is closed`);
}

function newTraceId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString("hex");
}

/** The promise, or the signal's reason as soon as it aborts; the promise goes on. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      promise.then(resolve, reject);
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
    });
  } finally {
    if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  }
}
