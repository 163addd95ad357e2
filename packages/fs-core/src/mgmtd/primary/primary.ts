/** The cluster manager while it is the primary: what it knows, and what it does by itself. One for each term. */
import type { Clock, Probes } from "@smallpond/base";
import type { NodeId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import type { Term } from "../election/election.ts";
import { type MgmtdSettings, outlastedMs } from "../settings.ts";
import { ChainJudge } from "./chain-judge.ts";
import { ClientSessions } from "./client-sessions.ts";
import { ClusterState } from "./cluster-state.ts";
import { Configs } from "./configs.ts";
import { Departures } from "./departures.ts";
import { Heartbeats } from "./heartbeats.ts";
import { Ledger } from "./ledger.ts";
import type { MgmtdMetrics } from "./metrics.ts";
import { NodeWatch } from "./node-watch.ts";
import type { MgmtdStore } from "./store.ts";
import { Watchers } from "./watchers.ts";

export interface PrimaryDeps {
  readonly store: MgmtdStore;
  readonly term: Term;
  readonly clock: Clock;
  readonly log: Logger;
  readonly probes: Probes;
  readonly metrics: MgmtdMetrics;
}

export type PrimarySettings = MgmtdSettings & {
  /** The node that this is. */
  readonly node: NodeId;
};

export class Primary {
  readonly term: Term;
  readonly state: ClusterState;
  readonly ledger: Ledger;
  readonly watch: NodeWatch;
  readonly departures: Departures = new Departures();
  readonly judge: ChainJudge;
  readonly configs: Configs;
  readonly heartbeats: Heartbeats;
  readonly watchers: Watchers;
  readonly sessions: ClientSessions;

  /** Reads everything; the term has begun, so nobody else changes it. */
  static async load(deps: PrimaryDeps, settings: PrimarySettings): Promise<Primary> {
    const { store, term } = deps;
    const options = { signal: term.signal };
    const state = new ClusterState(await store.load(options));
    const newest = await store.configs(options);
    const configs = new Configs({ store }, { term: term.number, newest });
    return new Primary({ ...deps, state, configs }, settings);
  }

  private constructor(
    deps: PrimaryDeps & { readonly state: ClusterState; readonly configs: Configs },
    settings: PrimarySettings,
  ) {
    const { term, state, clock, configs } = deps;
    const { startedMs } = term;
    this.term = term;
    this.state = state;
    this.configs = configs;
    this.ledger = new Ledger({ ...deps, commits: deps.metrics.commits });
    this.watch = new NodeWatch({ clock }, watchSettings(term, settings));
    const parts = { ...deps, ledger: this.ledger, watch: this.watch, departures: this.departures };
    this.judge = new ChainJudge({ ...parts, askNodes: () => this.watchers.askNodes() }, settings);
    this.heartbeats = new Heartbeats({ ...parts, judge: this.judge }, settings);
    this.watchers = new Watchers({ clock, news: this.ledger.news, state }, settings);
    this.sessions = new ClientSessions({ clock }, { ...settings, startedMs });
  }

  /** Judges chains until the term is over; then wakes everybody who waits. */
  async run(): Promise<void> {
    try {
      await this.judge.run(this.term);
    } finally {
      this.ledger.news.tell();
    }
  }
}

function watchSettings(term: Term, settings: PrimarySettings): ConstructorParameters<typeof NodeWatch>[1] {
  const { nodeLeaseMs, clockDriftMax, node: self } = settings;
  return {
    self,
    startedMs: term.startedMs,
    outlastedMs: outlastedMs(nodeLeaseMs, clockDriftMax),
    grantedOutlastedMs: outlastedMs(term.grantedMs, clockDriftMax),
  };
}
