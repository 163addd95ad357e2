/**
 * What every service runs to take part: heartbeats, the node's lease, the routing as it changes, and its configuration.
 */
import {
  type Clock,
  isPondError,
  type NetAddress,
  News,
  type PondError,
  type Probes,
  type Random,
  type SignalOptions,
} from "@smallpond/base";
import type { NodeId, TargetId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { TargetState } from "../model/chain.ts";
import type { Config } from "../model/config.ts";
import type { Incarnation, NodeKind } from "../model/node.ts";
import { ANY_VERSION, type TargetReport } from "../model/report.ts";
import type { RoutingInfo } from "../model/routing.ts";
import type { HeartbeatAnswer, HeartbeatQuestion } from "../service/messages.ts";
import { HEARTBEAT } from "../service/methods.ts";
import { NodeLease } from "./node-lease.ts";
import { type Callers, type FoundPrimary, isLost, PrimaryFinder } from "./primary-finder.ts";
import { RoutingCache } from "./routing-cache.ts";
import { StartGate } from "./start-gate.ts";

/** What the agent asks of the service it speaks for. */
export interface NodeHost {
  /**
   * All targets of this node as they are at this moment; what is reported is true from now on. None for most services. A
   * process reports a target only while it keeps all others from it, by a lock on the disk: its word then stands for that
   * of the process before it, too.
   */
  report(): readonly TargetReport[];
  /**
   * These targets, and no others, must stop to serve. They are reported `offline` from when they have. Those that serve or
   * sync then stay so for this version of their chain, also when they are not named any more: the manager may be about to
   * act by that report, or may not have noted it.
   */
  release(targets: readonly TargetId[]): void;
  /** `isOpen` may say of more targets that they may take part, with the routing as it is. */
  opened(): void;
  /** A newer configuration. What it throws is reported, and the old one stays in force. */
  configure(config: Config): Promise<void>;
}

export interface NodeAgentDeps {
  readonly callers: Callers;
  readonly host: NodeHost;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly probes: Probes;
}

export interface NodeAgentSettings {
  readonly node: NodeId;
  readonly kind: NodeKind;
  /** 16 random bytes in hex, drawn for this life of the process. */
  readonly incarnation: Incarnation;
  /** Where this service is reached. */
  readonly addresses: readonly NetAddress[];
  /** The host tag, for clusters where operators do not register nodes. */
  readonly hostTag: string;
  /** Where cluster managers are. */
  readonly managers: readonly NetAddress[];
  /** For the answer to one heartbeat. Default 2 s. */
  readonly answerMs?: number;
  /** After a heartbeat that failed. Default 200 ms. */
  readonly pauseMs?: number;
}

export class NodeAgent {
  readonly lease: NodeLease;
  readonly #deps: NodeAgentDeps;
  readonly #settings: Required<NodeAgentSettings>;
  readonly #finder: PrimaryFinder;
  readonly #cache: RoutingCache;
  readonly #gate: StartGate = new StartGate();
  readonly #news: News = new News();
  #version = 0n;
  #configVersion = 0;
  #configError: string | undefined;
  #wanted = false;

  constructor(deps: NodeAgentDeps, settings: NodeAgentSettings) {
    this.#deps = deps;
    this.#settings = { answerMs: 2000, pauseMs: 200, ...settings };
    this.#finder = new PrimaryFinder(deps, settings);
    this.#cache = new RoutingCache({ ...deps, finder: this.#finder, onAsk: () => this.wake() });
    this.lease = new NodeLease({ clock: deps.clock, routingVersion: () => this.#cache.routing.version });
  }

  /** The routing as this node knows it. */
  get routing(): RoutingInfo {
    return this.#cache.routing;
  }

  get routingCache(): RoutingCache {
    return this.#cache;
  }

  /** For calls on the primary beside those of the agent. */
  get finder(): PrimaryFinder {
    return this.#finder;
  }

  /** Whether a target may take part: not before the chain knows that this process has started anew. */
  isOpen(target: TargetId): boolean {
    return this.#gate.isOpen(target, this.#cache.routing.version);
  }

  /** Something that heartbeats tell has changed: the next one is sent now. */
  wake(): void {
    this.#wanted = true;
    this.#news.tell();
  }

  /**
   * Takes part until the signal aborts. Rejects with `NODE_DEAD` when a supervisor has said that this process is dead:
   * it must end, because the cluster goes on without it.
   */
  async run(options: { readonly signal: AbortSignal }): Promise<void> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(options.signal.reason);
    options.signal.addEventListener("abort", onAbort, { once: true });
    if (options.signal.aborted) onAbort();
    stop.signal.addEventListener("abort", () => this.#news.tell(), { once: true });
    try {
      const following = this.#cache.run({ signal: stop.signal });
      try {
        await this.#beats(stop.signal);
      } finally {
        stop.abort(new Error("the agent has ended"));
        await following;
      }
    } finally {
      options.signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Says goodbye: this node serves nothing any more, and others need not wait for its lease to run out. Only after `run`
   * has ended, and when it is true. Does nothing if the primary cannot be reached.
   */
  async leave(options: SignalOptions = {}): Promise<void> {
    this.lease.end();
    try {
      const found = await this.#finder.find();
      const question = this.#question(found.term);
      const gone = { local: "offline", chainVersion: ANY_VERSION } as const;
      const targets = question.targets.map((report) => ({ ...report, ...gone }));
      await found.caller.call(
        HEARTBEAT,
        { ...question, targets },
        { ...options, timeoutMs: this.#settings.answerMs },
      );
    } catch (error) {
      this.#deps.log.debug("left without a goodbye", { error: String(error) });
    }
  }

  async #beats(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    while (!signal.aborted) {
      this.#wanted = false;
      const pauseMs = await this.#beat(signal);
      if (this.#wanted || signal.aborted) continue;
      // Spread over time: a thousand nodes that follow one new primary must not stay in step.
      await this.#news.wait(clock, pauseMs * (0.8 + random.next() / 5));
    }
  }

  /** One heartbeat; how long to wait for the next. */
  async #beat(signal: AbortSignal): Promise<number> {
    const { clock, log } = this.#deps;
    const { answerMs, pauseMs } = this.#settings;
    let found: FoundPrimary | undefined;
    try {
      found = await this.#finder.find();
      const sentMs = clock.monotonicMs();
      const question = this.#question(found.term);
      const said = this.#gate.said();
      const answer = await found.caller.call(HEARTBEAT, question, { signal, timeoutMs: answerMs });
      if (answer.leaseMs > 0 && this.#gate.noted(said, answer.routingVersion)) this.#deps.host.opened();
      await this.#take(answer, sentMs);
      return answer.heartbeatMs;
    } catch (error) {
      if (signal.aborted) return 0;
      if (isPondError(error, "NODE_DEAD")) throw error;
      if (isPondError(error, "STALE_HEARTBEAT")) {
        const { last } = (error as PondError<string, { readonly last?: bigint }>).details;
        if (typeof last === "bigint" && last > this.#version) this.#version = last;
        return 0;
      }
      if (found !== undefined && isLost(error)) this.#finder.lost(found, error);
      log.warn("heartbeat failed", { error: String(error) });
      return pauseMs;
    }
  }

  #question(term: bigint): HeartbeatQuestion {
    const { node, kind, incarnation, addresses, hostTag } = this.#settings;
    this.#version += 1n;
    return {
      term,
      node,
      kind,
      incarnation,
      version: this.#version,
      addresses,
      host: hostTag,
      configVersion: this.#configVersion,
      configError: this.#configError,
      targets: this.#gate.pass(this.#deps.host.report(), this.#stateOf()),
    };
  }

  /** Looks up in the routing, once there is one. */
  #stateOf(): ((target: TargetId) => TargetState | undefined) | undefined {
    if (!this.#cache.isLoaded) return undefined;
    const { chains } = this.#cache.routing;
    // Only a process that has just started asks, so the chains are seldom gone through.
    let states: Map<TargetId, TargetState> | undefined;
    return (target) => {
      if (states === undefined) {
        states = new Map();
        for (const chain of chains.values()) {
          for (const member of chain.targets) states.set(member.target, member.state);
        }
      }
      return states.get(target);
    };
  }

  async #take(answer: HeartbeatAnswer, sentMs: number): Promise<void> {
    const { host, log } = this.#deps;
    const { leaseMs, routingVersion, release, config } = answer;
    this.lease.renew({ sentMs, leaseMs, routingVersion });
    host.release(release);
    if (config === undefined || config.version <= this.#configVersion) return;
    this.#configVersion = config.version;
    try {
      await host.configure(config);
      this.#configError = undefined;
    } catch (error) {
      // The version counts as seen: the same text would be refused again.
      this.#configError = String(error).slice(0, 250);
      log.error("configuration refused", { version: config.version, error: String(error) });
    }
  }
}

/** For services without targets and without a configuration of their own. */
export function hostWithoutTargets(): NodeHost {
  return { report: () => [], release: () => {}, opened: () => {}, configure: async () => {} };
}
