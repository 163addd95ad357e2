/** A call in a handler's hands. Its signal and its timer are made when the handler first asks: most never do. */
import { assert, type Clock, PondError, type Timer } from "@smallpond/base";
import type { BufferLease } from "@smallpond/fs-native";
import { rpcError } from "./errors.ts";
import type { Bulk, CallContext, Principal } from "./method.ts";

export interface RunningCallDeps {
  readonly clock: Clock;
  readonly principal: Principal;
  readonly traceId: string;
  readonly remote: string;
  readonly received: BufferLease | undefined;
  readonly deadlineMs: number;
}

export class RunningCall implements CallContext {
  readonly principal: Principal;
  readonly traceId: string;
  readonly remote: string;
  readonly received: BufferLease | undefined;
  readonly #clock: Clock;
  /** By the monotonic clock. */
  readonly #deadlineMs: number;
  #controller: AbortController | undefined;
  #timer: Timer | undefined;
  #abortReason: PondError | undefined;
  #bulk: Bulk | undefined;
  #isOver = false;

  constructor(deps: RunningCallDeps) {
    this.principal = deps.principal;
    this.traceId = deps.traceId;
    this.remote = deps.remote;
    this.received = deps.received;
    this.#clock = deps.clock;
    this.#deadlineMs = deps.deadlineMs;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
      else if (!this.#isOver) this.#watchDeadline();
    }
    return this.#controller.signal;
  }

  /** Whether nobody waits for the answer any more. */
  get isAborted(): boolean {
    return this.#abortReason !== undefined;
  }

  sendBack(bulk: Bulk): void {
    assert(this.#bulk === undefined, "bulk bytes are sent back once");
    // Who goes on after its promise settled has missed the answer.
    if (this.#isOver) bulk.release();
    else this.#bulk = bulk;
  }

  abort(reason: PondError): void {
    if (this.#isOver || this.#abortReason !== undefined) return;
    this.#abortReason = reason;
    this.#timer?.cancel();
    this.#controller?.abort(reason);
  }

  /** The handler has settled. What it sends back is the caller's now. */
  end(): Bulk | undefined {
    this.#isOver = true;
    this.#timer?.cancel();
    const bulk = this.#bulk;
    this.#bulk = undefined;
    return bulk;
  }

  #watchDeadline(): void {
    const restMs = Math.max(0, this.#deadlineMs - this.#clock.monotonicMs());
    const reason = (): PondError =>
      new PondError("DEADLINE_EXCEEDED", {
        kind: "unavailable",
        message: "the caller's deadline passed",
      });
    this.#timer = this.#clock.timer(restMs, () => this.abort(reason())).unref();
  }
}

export function cancelled(why: string): PondError {
  return rpcError("CANCELLED", "closed", why);
}
