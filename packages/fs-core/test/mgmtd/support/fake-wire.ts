/** Calls between named participants of a test, through the codecs, with links that can be cut. */
import { type Clock, formatAddress, isPondError, type NetAddress, PondError } from "@smallpond/base";
import type { Callers } from "../../../src/mgmtd/agent/primary-finder.ts";
import type { MethodRegistry } from "../../../src/mgmtd/service/mgmtd-service.ts";
import { decode, encode } from "../../../src/wire/codec/index.ts";
import type { CallContext, Caller, Handler, Method, Principal } from "../../../src/wire/rpc/method.ts";

export function addressOf(name: string): NetAddress {
  return { kind: "unix", path: `/${name}` };
}

export class FakeWire {
  readonly #clock: Clock;
  readonly #handlers: Map<string, Map<number, Handler<never, unknown>>> = new Map();
  /** `a>b` in both directions of a name, or a name alone. */
  readonly #cut: Set<string> = new Set();
  /** How long one way takes, asked each time. */
  latencyMs: () => number = () => 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where a participant's methods are offered. A second one of the name replaces the first. */
  registry(name: string): MethodRegistry {
    const handlers = new Map<number, Handler<never, unknown>>();
    this.#handlers.set(formatAddress(addressOf(name)), handlers);
    return { handle: (method, handler) => void handlers.set(method.id, handler as Handler<never, unknown>) };
  }

  /** The participant is not there any more: calls are refused. */
  remove(name: string): void {
    this.#handlers.delete(formatAddress(addressOf(name)));
  }

  /** Nothing gets through between the two, or to and from the one; callers hear nothing. */
  cut(name: string, other?: string): void {
    this.#cut.add(link(name, other));
  }

  mend(name: string, other?: string): void {
    this.#cut.delete(link(name, other));
  }

  callers(from: string, principal: Principal = { kind: "member", node: undefined }): Callers {
    return { to: (address) => this.#caller(from, formatAddress(address), principal) };
  }

  #caller(from: string, address: string, principal: Principal): Caller {
    return {
      call: async <Q, A>(
        method: Method<Q, A>,
        question: Q,
        options: { signal?: AbortSignal | undefined; timeoutMs?: number } = {},
      ): Promise<A> => {
        const { signal, timeoutMs = 10_000 } = options;
        const bytes = encode(method.question, question);
        using deadline = this.#clock.deadline(timeoutMs, { signal });
        const to = address.replace("unix:/", "");
        await this.#travel(from, to, deadline.signal, method.name, signal);
        const handler = this.#handlers.get(address)?.get(method.id) as Handler<Q, A> | undefined;
        if (handler === undefined) throw noAnswer(method.name, "retry");
        const context = contextOf(principal, from, deadline.signal);
        const answering = handler(decode(method.question, bytes), context).then((answer) =>
          encode(method.answer, answer),
        );
        const answer = await abortable(answering, deadline.signal, method.name, signal);
        await this.#travel(to, from, deadline.signal, method.name, signal);
        return decode(method.answer, answer);
      },
    };
  }

  async #travel(
    from: string,
    to: string,
    signal: AbortSignal,
    name: string,
    own: AbortSignal | undefined,
  ): Promise<void> {
    const isCut = [link(from), link(to), link(from, to)].some((each) => this.#cut.has(each));
    const way = isCut ? new Promise<never>(() => {}) : this.#clock.sleep(this.latencyMs(), { signal });
    await abortable(way, signal, name, own);
  }
}

function link(name: string, other?: string): string {
  return other === undefined ? name : [name, other].sort().join(" ");
}

function contextOf(principal: Principal, remote: string, signal: AbortSignal): CallContext {
  return { principal, remote, signal, traceId: "0".repeat(32), received: undefined, sendBack: () => {} };
}

function abortable<T>(
  work: Promise<T>,
  signal: AbortSignal,
  name: string,
  own: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(own?.aborted ? (own.reason as Error) : noAnswer(name, "unknown-outcome"));
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, (error: unknown) => {
      if (signal.aborted && !isPondError(error)) onAbort();
      else reject(error as Error);
    });
  });
}

function noAnswer(name: string, kind: "retry" | "unknown-outcome"): PondError {
  return new PondError("NO_ANSWER", { kind, message: `no answer to ${name}` });
}
