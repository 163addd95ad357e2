/**
 * Calls a router of the same process, without bytes between them. Otherwise like a client: deadlines, the limit of calls,
 * and what becomes of errors are the same. Questions and answers are the very objects: neither side changes them.
 */
import type { Clock, PondError, Random } from "@smallpond/base";
import { toHex } from "@smallpond/base";
import type { BufferLease, BufferPool, LeasePart, Piece } from "@smallpond/fs-native";
import { noAnswer, rpcError } from "./errors.ts";
import type { Bulk, Caller, CallOptions, Method, Principal } from "./method.ts";
import type { Route, RpcRouter } from "./router.ts";
import { cancelled, RunningCall } from "./running-call.ts";
import { DEFAULT_RPC_CLIENT_SETTINGS } from "./settings.ts";

export interface LocalCallerDeps {
  readonly router: RpcRouter;
  readonly clock: Clock;
  readonly random: Random;
  /** For bulk bytes that go with questions; without one they are refused. */
  readonly pool?: BufferPool;
}

export interface LocalCallerSettings {
  /** As whom the calls are made. */
  readonly principal: Principal;
  readonly timeoutMs?: number;
}

export class LocalCaller implements Caller {
  readonly #deps: LocalCallerDeps;
  readonly #settings: Required<LocalCallerSettings>;

  constructor(deps: LocalCallerDeps, settings: LocalCallerSettings) {
    this.#deps = deps;
    this.#settings = { timeoutMs: DEFAULT_RPC_CLIENT_SETTINGS.timeoutMs, ...settings };
  }

  async call<Q, A>(method: Method<Q, A>, question: Q, options: CallOptions = {}): Promise<A> {
    const { clock, router, random } = this.#deps;
    const { signal, timeoutMs = this.#settings.timeoutMs } = options;
    signal?.throwIfAborted();
    const { send = [] } = options;
    let route = router.route(method.id, this.#settings.principal);
    const received = send.length === 0 ? undefined : await this.#receive(send, signal);
    try {
      // While memory was waited for, others may have begun.
      if (received !== undefined) route = router.route(method.id, this.#settings.principal);
    } catch (error) {
      received?.release();
      throw error;
    }
    const call = new RunningCall({
      clock,
      principal: this.#settings.principal,
      traceId: options.traceId ?? toHex(random.bytes(16)),
      remote: "local",
      received,
      deadlineMs: clock.monotonicMs() + timeoutMs,
    });
    const running = this.#run(route, question, call, options);
    return await this.#wait(running as Promise<A>, { call, method: method.name, timeoutMs, signal });
  }

  async #run(route: Route, question: unknown, call: RunningCall, options: CallOptions): Promise<unknown> {
    let bulk: Bulk | undefined;
    try {
      const answer = await this.#deps.router.run(route, question, call);
      bulk = call.end();
      if (!call.isAborted) deliver(bulk, options);
      return answer;
    } finally {
      bulk ??= call.end();
      bulk?.release();
      call.received?.release();
    }
  }

  /** The answer; or, when the caller or the time runs out, that nobody knows. The handler goes on until it notices. */
  async #wait<A>(
    running: Promise<A>,
    about: {
      readonly call: RunningCall;
      readonly method: string;
      readonly timeoutMs: number;
      readonly signal: AbortSignal | undefined;
    },
  ): Promise<A> {
    const { call, method, timeoutMs, signal } = about;
    let giveUp: ((reason: unknown) => void) | undefined;
    const onAbort = (): void => giveUp?.(signal?.reason);
    const late = (): PondError => noAnswer({ method, address: "local", sent: true, why: "the time was up" });
    const timer = this.#deps.clock.timer(timeoutMs, () => giveUp?.(late())).unref();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      return await new Promise<A>((resolve, reject) => {
        giveUp = (reason) => {
          call.abort(cancelled("the caller gave up"));
          reject(reason as Error);
        };
        running.then(resolve, reject);
      });
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** The question's bulk bytes in memory of the handler's own, as if they had come from elsewhere. */
  async #receive(send: readonly Piece[], signal: AbortSignal | undefined): Promise<BufferLease | undefined> {
    const views = send.map(viewOf);
    const bytes = views.reduce((sum, view) => sum + view.length, 0);
    if (bytes === 0) return undefined;
    const { pool } = this.#deps;
    if (pool === undefined) throw bulkRefused(`${bytes} bulk bytes came to a service that takes none`);
    const lease = await pool.take(bytes, { signal });
    fill(lease.view, views);
    return lease;
  }
}

function deliver(bulk: Bulk | undefined, { into, onBulk }: CallOptions): void {
  const views = (bulk?.pieces ?? []).map(viewOf);
  const bytes = views.reduce((sum, view) => sum + view.length, 0);
  if (bytes > 0) {
    const target = into === undefined ? undefined : viewOf(into);
    if (target === undefined || target.length < bytes)
      throw bulkRefused(`there is no room for ${bytes} bulk bytes`);
    fill(target, views);
  }
  onBulk?.(bytes);
}

function fill(target: Uint8Array, views: readonly Uint8Array[]): void {
  let at = 0;
  for (const view of views) {
    target.set(view, at);
    at += view.length;
  }
}

function viewOf(piece: Piece | LeasePart): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  if (!("lease" in piece)) return piece.view;
  const { lease, offset = 0, length = lease.length - offset } = piece;
  return lease.view.subarray(offset, offset + length);
}

function bulkRefused(reason: string): PondError {
  return rpcError("BULK_REFUSED", "invalid", reason);
}
