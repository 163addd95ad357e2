/** The cluster manager as clients see it: the routing as it changes, a session that says that the client lives, operators' calls. */
import type { Clock, NetAddress, Random, SignalOptions } from "@smallpond/base";
import type { ClientId, NodeId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { CallOptions, Method } from "../../wire/rpc/method.ts";
import type { Config, ConfigKind } from "../model/config.ts";
import type { Incarnation } from "../model/node.ts";
import type { RoutingInfo } from "../model/routing.ts";
import type { ActionAnswer, OperatorAction } from "../service/actions.ts";
import type { ClientState, SetConfigQuestion, StatusAnswer } from "../service/messages.ts";
import {
  CLIENT_STATES,
  CONFIG_HISTORY,
  END_SESSION,
  EXTEND_SESSION,
  GET_CONFIG,
  OPERATE,
  REPORT_DEAD,
  SET_CONFIG,
  STATUS,
} from "../service/methods.ts";
import { type Callers, PrimaryFinder, pause } from "./primary-finder.ts";
import { RoutingCache } from "./routing-cache.ts";

export interface MgmtdClientDeps {
  readonly callers: Callers;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told of newer configurations for clients. It must not throw. */
  readonly onConfig?: (config: Config) => void;
}

export interface MgmtdClientSettings {
  readonly managers: readonly NetAddress[];
  /** Who has the session; nothing for callers that only ask. */
  readonly client?: ClientId;
  /** What the client is, in its own words. */
  readonly about?: string;
  /** After a session that could not be extended. Default 500 ms. */
  readonly pauseMs?: number;
}

export class MgmtdClient {
  readonly #deps: MgmtdClientDeps;
  readonly #settings: MgmtdClientSettings;
  readonly #finder: PrimaryFinder;
  readonly #cache: RoutingCache;
  #configVersion = 0;

  constructor(deps: MgmtdClientDeps, settings: MgmtdClientSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#finder = new PrimaryFinder(deps, settings);
    this.#cache = new RoutingCache({ ...deps, finder: this.#finder });
  }

  get routing(): RoutingInfo {
    return this.#cache.routing;
  }

  get routingCache(): RoutingCache {
    return this.#cache;
  }

  /** Calls a method on the primary, whoever that is. */
  call<Q, A>(method: Method<Q, A>, question: Q, options: CallOptions = {}): Promise<A> {
    return this.#finder.call(method, question, options);
  }

  operate(action: OperatorAction, options: CallOptions = {}): Promise<ActionAnswer> {
    return this.call(OPERATE, action, options);
  }

  /** For supervisors: that life of the node has ended for certain. What it served is dropped at once. */
  async reportDead(node: NodeId, incarnation: Incarnation, options: CallOptions = {}): Promise<void> {
    await this.call(REPORT_DEAD, { node, incarnation }, options);
  }

  /** All that nodes have reported in this term, and the targets in no chain. */
  async status(options: CallOptions = {}): Promise<StatusAnswer> {
    let whole = await this.call(STATUS, { from: 0 }, options);
    while (whole.more) {
      const from = whole.nodes.at(-1)!.node + 1;
      const next = await this.call(STATUS, { from }, options);
      const nodes = [...whole.nodes, ...next.nodes];
      whole = { ...next, nodes, orphans: [...whole.orphans, ...next.orphans] };
    }
    return whole;
  }

  /** The newest configuration of the kind, or one version of it. */
  async config(kind: ConfigKind, version?: number, options: CallOptions = {}): Promise<Config | undefined> {
    const { config } = await this.call(GET_CONFIG, { kind, version }, options);
    return config;
  }

  /** The version it got. `CONFIG_CONFLICT` unless it was made from the newest one. */
  async setConfig(question: SetConfigQuestion, options: CallOptions = {}): Promise<number> {
    const { version } = await this.call(SET_CONFIG, question, options);
    return version;
  }

  /** The newest first. */
  async configHistory(
    kind: ConfigKind,
    limit: number,
    options: CallOptions = {},
  ): Promise<readonly Config[]> {
    const { configs } = await this.call(CONFIG_HISTORY, { kind, limit }, options);
    return configs;
  }

  /** In the order of the clients. */
  async clientStates(
    clients: readonly ClientId[],
    options: CallOptions = {},
  ): Promise<readonly ClientState[]> {
    const { states } = await this.call(CLIENT_STATES, { clients }, options);
    return states;
  }

  /** Follows the routing and keeps the session alive until the signal aborts; then ends the session. */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const following = this.#cache.run(options);
    await this.#keepSession(options);
    await following;
  }

  async #keepSession(options: { readonly signal: AbortSignal }): Promise<void> {
    const { clock, random, log } = this.#deps;
    const { client, pauseMs = 500 } = this.#settings;
    if (client === undefined) return;
    let begun = false;
    while (!options.signal.aborted) {
      let waitMs = pauseMs;
      try {
        const sessionMs = await this.#extend(client, options);
        begun = true;
        // Three chances before it is taken for gone.
        waitMs = (sessionMs / 3) * (0.8 + random.next() / 5);
      } catch (error) {
        if (!options.signal.aborted) log.warn("session not extended", { error: String(error) });
      }
      await pause(clock, waitMs, options);
    }
    if (begun) await this.#end(client);
  }

  async #extend(client: ClientId, options: SignalOptions): Promise<number> {
    const { about = "" } = this.#settings;
    const question = { client, about, configVersion: this.#configVersion };
    const { sessionMs, config } = await this.call(EXTEND_SESSION, question, options);
    if (config !== undefined && config.version > this.#configVersion) {
      this.#configVersion = config.version;
      this.#deps.onConfig?.(config);
    }
    return sessionMs;
  }

  async #end(client: ClientId): Promise<void> {
    try {
      await this.call(END_SESSION, { client }, { timeoutMs: 1000 });
    } catch (error) {
      this.#deps.log.debug("session not ended", { error: String(error) });
    }
  }
}
