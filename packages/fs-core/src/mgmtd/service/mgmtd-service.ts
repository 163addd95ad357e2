/**
 * A cluster manager: one of several processes, of which one is the primary. It stands on the metastore, offers its methods
 * to whoever hands calls to it, and contends for the primacy while it runs. Killed at any moment, nothing is lost.
 */
import {
  assert,
  type Clock,
  InvariantError,
  type NetAddress,
  type Probes,
  type Random,
} from "@smallpond/base";
import type { NodeId } from "../../ids.ts";
import type { Metastore } from "../../metastore/transaction.ts";
import type { Logger } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import type { CallContext, Handler, Method, Principal } from "../../wire/rpc/method.ts";
import { Election, type Term } from "../election/election.ts";
import { mgmtdError } from "../model/errors.ts";
import type { Incarnation } from "../model/node.ts";
import { decideAction } from "../operations/decide.ts";
import { notPrimary } from "../primary/ledger.ts";
import { type MgmtdMetrics, mgmtdMetrics, showState } from "../primary/metrics.ts";
import { Primary } from "../primary/primary.ts";
import { MgmtdStore } from "../primary/store.ts";
import { DEFAULT_MGMTD_SETTINGS, type MgmtdSettings } from "../settings.ts";
import type { ActionAnswer, OperatorAction } from "./actions.ts";
import type { PrimaryAnswer } from "./messages.ts";
import * as methods from "./methods.ts";
import { statusOf } from "./status.ts";

/** Where methods are offered: a router of `wire/rpc`. */
export interface MethodRegistry {
  handle<Q, A>(method: Method<Q, A>, handler: Handler<Q, A>): void;
}

export interface MgmtdServiceDeps {
  readonly metastore: Metastore;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly probes: Probes;
}

/** What this process is. */
export interface MgmtdIdentity {
  readonly node: NodeId;
  /** 16 random bytes in hex, drawn for this life of the process. */
  readonly incarnation: Incarnation;
  /** Where its methods are reached. */
  readonly addresses: readonly NetAddress[];
}

export class MgmtdService {
  readonly #deps: MgmtdServiceDeps;
  readonly #settings: MgmtdSettings & MgmtdIdentity;
  readonly #store: MgmtdStore;
  readonly #election: Election;
  readonly #metrics: MgmtdMetrics;
  #primary: Primary | undefined;
  #running = false;

  constructor(deps: MgmtdServiceDeps, settings: MgmtdIdentity & Partial<MgmtdSettings>) {
    this.#deps = deps;
    this.#settings = { ...DEFAULT_MGMTD_SETTINGS, ...settings };
    this.#store = new MgmtdStore(deps);
    this.#election = new Election({ ...deps, store: this.#store }, this.#settings);
    this.#metrics = mgmtdMetrics(deps.metrics);
  }

  /** The term in which this process is the primary now, if it is. */
  get term(): bigint | undefined {
    return this.#election.term?.number;
  }

  /** Offers the methods. Before calls come, and once. */
  offer(registry: MethodRegistry): void {
    registry.handle(methods.PRIMARY, async () => this.#answerPrimary());
    registry.handle(
      methods.HEARTBEAT,
      this.#asPrimary(async (p, question, { principal }) => {
        requireNode(principal, question.node);
        return await p.heartbeats.beat(question);
      }),
    );
    registry.handle(
      methods.REPORT_DEAD,
      this.#asPrimary(async (p, report) => p.heartbeats.reportDead(report)),
    );
    registry.handle(
      methods.WATCH_ROUTING,
      this.#asPrimary((p, question, context) => p.watchers.watch(question, context)),
    );
    this.#offerSessions(registry);
    this.#offerConfigs(registry);
    registry.handle(
      methods.OPERATE,
      this.#asPrimary((p, action, context) => this.#operate(p, action, context)),
    );
    registry.handle(
      methods.STATUS,
      this.#asPrimary(async (p, { from }) => statusOf(p, from, this.#deps.clock.monotonicMs())),
    );
  }

  /** Contends for the primacy until the signal aborts; then gives it up. Rejects on a bug of ours alone. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    assert(!this.#running, "a cluster manager runs once");
    this.#running = true;
    await this.#election.run((term) => this.#serve(term), options);
  }

  /** One primary for each term: another one would not know which heartbeats were answered before. */
  async #serve(term: Term): Promise<void> {
    const { log } = this.#deps;
    let primary: Primary | undefined;
    try {
      const deps = { ...this.#deps, store: this.#store, term, metrics: this.#metrics };
      primary = await Primary.load(deps, this.#settings);
      this.#primary = primary;
      this.#metrics.terms.add();
      log.info("primary is ready", { term: term.number, routing: primary.state.version });
      await primary.run();
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      if (!term.signal.aborted) {
        log.error("primary failed", { term: term.number, error: String(error) });
        term.yield("what it does failed");
      }
    } finally {
      // The next term may have begun.
      if (this.#primary === primary) {
        this.#primary = undefined;
        showState(this.#metrics, undefined);
      }
    }
  }

  /** Answers as primary, if it is when it begins and still is when it has the answer. */
  #asPrimary<Q, A>(work: (primary: Primary, question: Q, context: CallContext) => Promise<A>): Handler<Q, A> {
    return async (question, context) => {
      const primary = this.#primary;
      if (primary === undefined || !primary.term.holds()) throw notPrimary();
      const answer = await work(primary, question, context);
      // What it knows may be old by now, and what it promises would bind nobody.
      if (!primary.term.holds()) throw notPrimary();
      return answer;
    };
  }

  #answerPrimary(): PrimaryAnswer {
    const own = this.#election.term;
    const { holder } = this.#election;
    if (holder === undefined) return { primary: undefined };
    // An own term that ran out: somebody else will be, but nobody is yet.
    if (own === undefined && holder.incarnation === this.#settings.incarnation) return { primary: undefined };
    return { primary: { node: holder.node, term: holder.term, addresses: holder.addresses } };
  }

  #offerSessions(registry: MethodRegistry): void {
    registry.handle(
      methods.EXTEND_SESSION,
      this.#asPrimary(async (p, question, { principal }) => {
        p.sessions.extend(question, uidOf(principal));
        const config = p.configs.newerThan("client", question.configVersion);
        return { sessionMs: this.#settings.sessionMs, routingVersion: p.state.version, config };
      }),
    );
    registry.handle(
      methods.END_SESSION,
      this.#asPrimary(async (p, { client }, { principal }) => p.sessions.end(client, uidOf(principal))),
    );
    registry.handle(
      methods.CLIENT_STATES,
      this.#asPrimary(async (p, { clients }) => ({
        states: clients.map((client) => p.sessions.stateOf(client)),
      })),
    );
    registry.handle(
      methods.LIST_SESSIONS,
      this.#asPrimary(async (p, _, { principal }) => {
        requireOperator(principal, "list clients");
        return { sessions: p.sessions.list(), total: p.sessions.count };
      }),
    );
  }

  #offerConfigs(registry: MethodRegistry): void {
    registry.handle(
      methods.GET_CONFIG,
      this.#asPrimary(async (p, { kind, version }, { principal }) => {
        // What services are configured with is not for everybody.
        if (kind !== "client") requireOperator(principal, "read the configuration of services");
        return { config: await p.configs.get(kind, version) };
      }),
    );
    registry.handle(
      methods.SET_CONFIG,
      this.#asPrimary(async (p, question, { principal }) => {
        requireOperator(principal, "set a configuration");
        const by = { author: nameOf(principal), atMs: this.#deps.clock.wallMs() };
        return { version: await p.configs.set(question, by) };
      }),
    );
    registry.handle(
      methods.CONFIG_HISTORY,
      this.#asPrimary(async (p, { kind, limit }, { principal }) => {
        requireOperator(principal, "read the history of configurations");
        return { configs: await p.configs.history(kind, limit) };
      }),
    );
  }

  async #operate(primary: Primary, action: OperatorAction, context: CallContext): Promise<ActionAnswer> {
    const { log } = this.#deps;
    requireOperator(context.principal, "act as an operator");
    const number = await primary.ledger.change((state) => decideAction(state, action, primary.departures));
    log.info("operator acted", {
      action: action.kind,
      by: nameOf(context.principal),
      traceId: context.traceId,
    });
    primary.judge.wake();
    return { routingVersion: primary.state.version, number };
  }
}

/** A node speaks for itself alone: one that took another's number would renew a lease that is not its own (I5). */
function requireNode(principal: Principal, node: NodeId): void {
  if (principal.kind === "member" && principal.node === node) return;
  throw mgmtdError("WRONG_NODE", `${nameOf(principal)} sent a heartbeat for node ${node}`, {
    hint: "connect with credentials of the node that the heartbeat is of",
  });
}

/** Members act for the cluster; users need to be administrators. */
function requireOperator(principal: Principal, what: string): void {
  if (principal.kind === "member" || (principal.kind === "user" && principal.user.admin)) return;
  throw mgmtdError("NOT_ALLOWED", `only administrators may ${what}`);
}

function uidOf(principal: Principal): number {
  return principal.kind === "user" ? principal.user.uid : 0;
}

function nameOf(principal: Principal): string {
  switch (principal.kind) {
    case "user":
      return `user ${principal.user.uid}`;
    case "member":
      return principal.node === undefined ? "a member" : `node ${principal.node}`;
    case "anyone":
      return "anyone";
  }
}
