/** What a storage node counts of its own, beside the numbers that its parts and the RPC keep. */
import type { TargetId } from "../../ids.ts";
import { LOCAL_STATES, TARGET_STATES, type TargetState } from "../../mgmtd/model/chain.ts";
import type { TargetReport } from "../../mgmtd/model/report.ts";
import type { Counter, Family, Gauge, Metrics } from "../../service/metrics.ts";
import type { CallContext, Handler } from "../../wire/rpc/method.ts";
import type { RpcRouter } from "../../wire/rpc/router.ts";
import { FORWARD, READ, WRITE } from "../protocol/methods.ts";
import type { AnswerRoom } from "./answer-room.ts";

/** Something that offers methods. */
export type Offers = Pick<RpcRouter, "handle">;

export interface TargetNow {
  readonly target: TargetId;
  /** To its chain; undefined of one in no chain. */
  readonly state: TargetState | undefined;
  readonly usedBytes: number;
  readonly usableBytes: number;
}

/** One item's answer, of any of the methods that take many. */
type ItemOutcome =
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: string; readonly length?: number };

export class NodeMetrics {
  readonly #items: Family<Counter>;
  readonly #bytes: Family<Counter>;
  readonly #used: Family<Gauge>;
  readonly #free: Family<Gauge>;
  readonly #states: Family<Gauge>;
  readonly #locals: Family<Gauge>;
  readonly #answerBytes: Gauge;
  readonly #answersWaiting: Gauge;

  constructor(metrics: Metrics) {
    const byOutcome = ["operation", "outcome"];
    this.#items = metrics.counters(
      "pond_storage_items_total",
      "Reads, writes and updates passed on to this node, one by one, by what came of them: the code of refusals.",
      byOutcome,
    );
    this.#bytes = metrics.counters(
      "pond_storage_bytes_total",
      "Bytes that came with such items, or were read.",
      ["operation"],
    );
    this.#used = metrics.gauges("pond_storage_target_used_bytes", "Bytes of chunks on a target.", ["target"]);
    this.#free = metrics.gauges(
      "pond_storage_target_free_bytes",
      "Bytes that clients may still write to a target; targets of one disk share them.",
      ["target"],
    );
    this.#states = metrics.gauges("pond_storage_targets", "Targets by what they are to their chain.", [
      "state",
    ]);
    this.#locals = metrics.gauges(
      "pond_storage_targets_reported",
      "Targets by what they last said of themselves.",
      ["local"],
    );
    this.#answerBytes = metrics.gauge("pond_storage_answer_bytes", "Memory that answers to reads hold.");
    this.#answersWaiting = metrics.gauge("pond_storage_answers_waiting", "Reads that wait for such memory.");
  }

  /** The same router; what goes through the methods for many items is counted. */
  counting(router: Offers): Offers {
    const operations: ReadonlyMap<number, string> = new Map([
      [READ.id, "read"],
      [WRITE.id, "write"],
      [FORWARD.id, "forward"],
    ]);
    return {
      handle: (method, handler) => {
        const operation = operations.get(method.id);
        router.handle(method, operation === undefined ? handler : this.#counted(operation, handler));
      },
    };
  }

  /** What stands at this moment. */
  show(targets: readonly TargetNow[], room: AnswerRoom): void {
    const states = new Map<TargetState | "none", number>(
      [...TARGET_STATES, "none" as const].map((each) => [each, 0]),
    );
    for (const { target, state = "none", usedBytes, usableBytes } of targets) {
      states.set(state, states.get(state)! + 1);
      this.#used.of(String(target)).set(usedBytes);
      this.#free.of(String(target)).set(usableBytes);
    }
    for (const [state, count] of states) this.#states.of(state).set(count);
    this.#answerBytes.set(room.takenBytes);
    this.#answersWaiting.set(room.waiting);
  }

  /** What the node says in a heartbeat. */
  reported(reports: readonly TargetReport[]): void {
    for (const local of LOCAL_STATES) {
      this.#locals.of(local).set(reports.filter((report) => report.local === local).length);
    }
  }

  #counted<Q, A>(operation: string, handler: Handler<Q, A>): Handler<Q, A> {
    const bytes = this.#bytes.of(operation);
    const outcomes = new Map<string, Counter>();
    const count = (outcome: string): void => {
      let counter = outcomes.get(outcome);
      if (counter === undefined) {
        counter = this.#items.of(operation, outcome);
        outcomes.set(outcome, counter);
      }
      counter.add();
    };
    return async (question: Q, context: CallContext) => {
      // Looked at before: the bytes are given back when the handler is done.
      bytes.add(context.received?.view.length ?? 0);
      const answer = await handler(question, context);
      const { items } = answer as { readonly items: readonly ItemOutcome[] };
      for (const item of items) {
        count("code" in item ? item.code : item.kind);
        if ("length" in item && operation === "read") bytes.add(item.length ?? 0);
      }
      return answer;
    };
  }
}
