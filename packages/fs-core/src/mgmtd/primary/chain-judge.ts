/**
 * Looks at all chains now and then, and whenever a node said something new, and publishes what the state machine makes of
 * them. What it believes of a serving replica that is gone keeps I5: the node's own word, its supervisor's, or a lease
 * that has run out; and while such a decision is on its way into the store, the node's lease is not renewed.
 */
import { type Clock, News, type Probes } from "@smallpond/base";
import type { NodeId, TargetId } from "../../ids.ts";
import type { Logger } from "../../service/log.ts";
import { isWhole, nextChain } from "../chain/next-chain.ts";
import { type Observation, ripenessOf } from "../chain/ripe.ts";
import type { Term } from "../election/election.ts";
import type { Chain } from "../model/chain.ts";
import type { NodeInfo } from "../model/node.ts";
import type { ClusterState } from "./cluster-state.ts";
import type { Departures } from "./departures.ts";
import type { Decision, Ledger } from "./ledger.ts";
import { type MgmtdMetrics, showState } from "./metrics.ts";
import type { Beat, NodeWatch } from "./node-watch.ts";

export interface ChainJudgeDeps {
  readonly ledger: Ledger;
  readonly watch: NodeWatch;
  readonly departures: Departures;
  readonly clock: Clock;
  readonly log: Logger;
  readonly probes: Probes;
  readonly metrics: MgmtdMetrics;
  /** Asks nodes for a heartbeat now. */
  readonly askNodes: () => void;
}

export interface ChainJudgeSettings {
  readonly judgeMs: number;
  readonly nodeLeaseMs: number;
  readonly batchChainsMax: number;
}

export class ChainJudge {
  readonly #deps: ChainJudgeDeps;
  readonly #settings: ChainJudgeSettings;
  readonly #news: News = new News();
  #asked = false;
  /** A chain waits for survivors to be heard of. */
  #doubts = false;
  /** When nodes were asked last. */
  #askedNodesMs = Number.NEGATIVE_INFINITY;
  /** The version that the gauges show. */
  #shown = -1n;
  #dropping: ReadonlySet<NodeId> = new Set();

  constructor(deps: ChainJudgeDeps, settings: ChainJudgeSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /** Whether a chain version without one of the node's serving replicas is being stored: it gets no lease meanwhile. */
  isDropping(node: NodeId): boolean {
    return this.#dropping.has(node);
  }

  /** Whether any heartbeat may end a doubt. */
  get doubts(): boolean {
    return this.#doubts;
  }

  /** Something is known that may change chains. */
  wake(): void {
    this.#asked = true;
    this.#news.tell();
  }

  /** Until the term is over. Rejects when a change cannot be stored. */
  async run(term: Pick<Term, "signal" | "yield">): Promise<void> {
    const { ledger, clock, watch } = this.#deps;
    const { signal } = term;
    signal.addEventListener("abort", () => this.wake(), { once: true });
    while (!signal.aborted) {
      this.#asked = false;
      if (watch.isDeaf(this.#settings.nodeLeaseMs / 2)) {
        term.yield("no node reaches this primary");
        return;
      }
      this.#show(ledger.state);
      let more = true;
      this.#doubts = false;
      while (more && !signal.aborted) {
        try {
          more = await ledger.change((state) => this.#judge(state));
        } finally {
          this.#dropping = new Set();
        }
      }
      if (!this.#asked && !signal.aborted) await this.#news.wait(clock, this.#settings.judgeMs);
    }
  }

  #show(state: ClusterState): void {
    if (state.version === this.#shown) return;
    this.#shown = state.version;
    showState(this.#deps.metrics, state);
  }

  /** Decides as much as one transaction holds; whether there is more. */
  #judge(state: ClusterState): Decision<boolean> {
    const { watch, log, probes } = this.#deps;
    const { batchChainsMax } = this.#settings;
    const nodes: NodeInfo[] = [];
    for (const node of state.nodes.values()) {
      if (node.status !== "alive" || !watch.isGone(node)) continue;
      if (nodes.push({ ...node, status: "failed" }) >= batchChainsMax) break;
      log.warn("node failed", { node: node.id, incarnation: node.incarnation });
    }
    const chains: Chain[] = [];
    const dropping = new Set<NodeId>();
    const quiet = this.#quietNodes(state);
    for (const chain of state.chains.values()) {
      if (this.#isQuiet(state, chain, quiet)) continue;
      const next = this.#next(state, chain);
      if (next === chain) continue;
      chains.push(next);
      for (const target of droppedServers(chain, next)) dropping.add(state.targets.get(target)!.node);
      if (next.targets.some(({ state: each }) => each === "lastServer")) probes.mark("a chain serves nobody");
      log.info("chain changed", { chain: next.id, version: next.version, targets: shown(next) });
      if (chains.length >= batchChainsMax) break;
    }
    this.#dropping = dropping;
    if (this.#doubts) this.#askNodes();
    const more = chains.length >= batchChainsMax || nodes.length >= batchChainsMax;
    return { change: { nodes, chains }, result: more };
  }

  /** Now and then: their answers wake the judge, who would ask them again at once for as long as one is silent. */
  #askNodes(): void {
    const { clock, probes, askNodes } = this.#deps;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#askedNodesMs < this.#settings.judgeMs) return;
    this.#askedNodesMs = nowMs;
    probes.mark("mgmtd asked survivors first");
    askNodes();
  }

  /** Nodes of which nothing is to be feared or wished, with what they said last. */
  #quietNodes(state: ClusterState): ReadonlyMap<NodeId, Beat> {
    const { watch } = this.#deps;
    const quiet = new Map<NodeId, Beat>();
    for (const node of state.nodes.values()) {
      const beat = watch.last(node.id);
      if (beat !== undefined && !node.draining && !watch.isGone(node)) quiet.set(node.id, beat);
    }
    return quiet;
  }

  /** Nearly all chains at nearly all times: everybody serves, is whole, and is to stay. There may be many thousands. */
  #isQuiet(state: ClusterState, chain: Chain, nodes: ReadonlyMap<NodeId, Beat>): boolean {
    if (this.#deps.departures.isAsked(chain.id)) return false;
    return chain.targets.every(({ target: id, state: each }) => {
      const target = state.targets.get(id);
      if (each !== "serving" || target === undefined || target.hold !== "none") return false;
      const report = nodes.get(target.node)?.targets.get(id);
      return report !== undefined && isWhole(report.local);
    });
  }

  #next(state: ClusterState, chain: Chain): Chain {
    const leaving = this.#deps.departures.leaving(state, chain);
    const seen = new Map<TargetId, Observation | undefined>();
    for (const member of chain.targets) seen.set(member.target, this.#observe(state, chain, member, leaving));
    const ripeness = ripenessOf(chain, (target) => seen.get(target));
    if (ripeness === "doubtful") this.#doubts = true;
    if (ripeness !== "ripe") return chain;
    return nextChain(chain, (target) => seen.get(target)!.local);
  }

  #observe(
    state: ClusterState,
    chain: Chain,
    member: Chain["targets"][number],
    leaving: ReadonlySet<TargetId>,
  ): Observation | undefined {
    const target = state.targets.get(member.target);
    const node = target === undefined ? undefined : state.nodes.get(target.node);
    if (target === undefined || node === undefined) return undefined;
    const observed = this.#deps.watch.observe(target, node, chain);
    // Who does not serve can be out at once; who serves has to let go first.
    if (member.state !== "serving" && leaving.has(member.target) && observed !== undefined) {
      return { local: "offline", knownMs: observed.knownMs };
    }
    return observed;
  }
}

function droppedServers(before: Chain, after: Chain): readonly TargetId[] {
  const served = before.targets.filter(({ state }) => state === "serving");
  const serves = new Set(
    after.targets.filter(({ state }) => state === "serving").map(({ target }) => target),
  );
  return served.map(({ target }) => target).filter((target) => !serves.has(target));
}

function shown(chain: Chain): string {
  return chain.targets.map(({ target, state }) => `${target}:${state}`).join(" ");
}
