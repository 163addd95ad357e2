/**
 * The methods that a process offers, and what holds for every call of one: access, how many run at once, measurement, and
 * what becomes of an error. Servers and local callers bring calls here.
 */
import {
  assert,
  type Clock,
  InvariantError,
  isPondError,
  type PondError,
  type Probes,
} from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import type { Gauge, Metrics } from "../../service/metrics.ts";
import { CallMeter } from "./call-meter.ts";
import { rpcError, tellable } from "./errors.ts";
import type { Access, CallContext, Handler, Method, Principal } from "./method.ts";

export interface RpcRouterDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
  /** Told of an `InvariantError` in a handler after its caller was told `INTERNAL`: the process must not go on. */
  readonly onInvariant: (error: InvariantError) => void;
}

export interface RpcRouterSettings {
  /** Calls running at once; a further one is `OVERLOADED`. */
  readonly callsMax: number;
}

export const DEFAULT_RPC_ROUTER_SETTINGS: RpcRouterSettings = { callsMax: 4096 };

/** A method with its handler. */
export interface Route {
  readonly method: Method<unknown, unknown>;
  readonly handler: Handler<unknown, unknown>;
}

export class RpcRouter {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #probes: Probes;
  readonly #onInvariant: (error: InvariantError) => void;
  readonly #settings: RpcRouterSettings;
  readonly #routes: Map<number, Route> = new Map();
  readonly #meter: CallMeter;
  readonly #gauge: Gauge;
  #running = 0;

  constructor(deps: RpcRouterDeps, settings: Partial<RpcRouterSettings> = {}) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#probes = deps.probes;
    this.#onInvariant = deps.onInvariant;
    this.#settings = { ...DEFAULT_RPC_ROUTER_SETTINGS, ...settings };
    const { metrics } = deps;
    this.#meter = new CallMeter(metrics, {
      calls: ["pond_rpc_server_calls_total", "Calls by method and outcome."],
      seconds: ["pond_rpc_server_call_duration_seconds", "How long handlers took, by method."],
    });
    this.#gauge = metrics.gauge("pond_rpc_server_calls_running", "Calls that handlers are working on.");
  }

  /** Calls that handlers are working on. */
  get running(): number {
    return this.#running;
  }

  /** Offers a method. Each once, before calls come. */
  handle<Q, A>(method: Method<Q, A>, handler: Handler<Q, A>): void {
    assert(!this.#routes.has(method.id), `there is a method ${method.id} already, besides ${method.name}`);
    this.#routes.set(method.id, {
      method: method as Method<unknown, unknown>,
      handler: handler as Handler<unknown, unknown>,
    });
  }

  /**
   * The way to a method for somebody who wants to call it now.
   *
   * @throws UNKNOWN_METHOD, ACCESS_DENIED, OVERLOADED: nothing was done.
   */
  route(id: number, principal: Principal): Route {
    const route = this.#routes.get(id);
    if (route === undefined) {
      throw rpcError("UNKNOWN_METHOD", "invalid", `there is no method ${id} here`, {
        hint: "look whether the address is of the right service, and of the same version",
      });
    }
    const { name, access } = route.method;
    if (!mayCall(access, principal)) {
      this.#meter.countRefused(name, "denied");
      throw rpcError(
        "ACCESS_DENIED",
        "invalid",
        `${principal.kind} may not call ${name}: it is for a ${access}`,
      );
    }
    const { callsMax } = this.#settings;
    if (this.#running >= callsMax || this.#probes.buggify("rpc.overloaded", 0.02)) {
      this.#meter.countRefused(name, "overloaded");
      throw rpcError(
        "OVERLOADED",
        "retry",
        `${callsMax} calls are running already, so ${name} was not begun`,
        {
          hint: "try again a little later",
        },
      );
    }
    return route;
  }

  /**
   * Calls the handler. Rejects with what the caller is to be told.
   */
  async run(route: Route, question: unknown, context: CallContext): Promise<unknown> {
    const { method } = route;
    const startMs = this.#clock.monotonicMs();
    this.#running += 1;
    this.#gauge.add(1);
    let outcome = "ok";
    try {
      return await route.handler(question, context);
    } catch (error) {
      const told = this.fault(error, method.name, context);
      outcome = told.kind;
      throw told;
    } finally {
      this.#running -= 1;
      this.#gauge.add(-1);
      const ms = this.#clock.monotonicMs() - startMs;
      this.#meter.count(method.name, outcome, ms);
      this.#log.debug("rpc call", {
        method: method.name,
        outcome,
        ms,
        remote: context.remote,
        traceId: context.traceId,
      });
    }
  }

  /** What the caller is told about an error. Those that are bugs of ours are told here as well. */
  fault(error: unknown, method: string, context: Pick<CallContext, "traceId" | "remote">): PondError {
    const told = tellable(error, method);
    if (isPondError(error) && error.kind !== "internal") return told;
    const story = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const { traceId, remote } = context;
    this.#log.error("rpc handler broke", { method, traceId, remote, error: story });
    if (error instanceof InvariantError) this.#onInvariant(error);
    return told;
  }
}

function mayCall(access: Access, { kind }: Principal): boolean {
  return access === "anyone" || kind === "member" || kind === access;
}
