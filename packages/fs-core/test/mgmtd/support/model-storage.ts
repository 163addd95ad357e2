/** A storage service without data: it follows its chains as a real one does, and says what it would say. */
import type { Clock } from "@smallpond/base";
import type { TargetId } from "../../../src/ids.ts";
import type { NodeAgent, NodeHost } from "../../../src/mgmtd/agent/node-agent.ts";
import type { LocalState } from "../../../src/mgmtd/model/chain.ts";
import type { Config } from "../../../src/mgmtd/model/config.ts";
import type { TargetReport } from "../../../src/mgmtd/model/report.ts";
import type { RoutingInfo } from "../../../src/mgmtd/model/routing.ts";

/** How long a replica takes to be brought up to date. */
const SYNC_MS = 500;

interface Model {
  local: LocalState;
  chainVersion: number;
}

export class ModelStorage implements NodeHost {
  readonly #clock: Clock;
  readonly #models: Map<TargetId, Model> = new Map();
  #released: ReadonlySet<TargetId> = new Set();
  #agent: NodeAgent | undefined;
  #dead = false;
  readonly configs: Config[] = [];
  refuses: string | undefined;
  /** How often it was told that targets may have been opened. */
  openings = 0;

  constructor(clock: Clock, targets: readonly TargetId[]) {
    this.#clock = clock;
    for (const target of targets) this.#models.set(target, { local: "online", chainVersion: 0 });
  }

  attach(agent: NodeAgent): void {
    this.#agent = agent;
    agent.routingCache.onChange((routing) => this.#follow(routing));
  }

  /** Whether it would answer a reader now. */
  serves(target: TargetId): boolean {
    return this.servesIn(target) !== undefined;
  }

  /** The chain's version in which it would answer a reader now. */
  servesIn(target: TargetId): number | undefined {
    const agent = this.#agent;
    if (this.#dead || agent === undefined || !agent.lease.holds()) return undefined;
    if (this.report().find((each) => each.target === target)!.local === "offline" || !agent.isOpen(target))
      return undefined;
    for (const chain of agent.routing.chains.values()) {
      const member = chain.targets.find((each) => each.target === target);
      if (member?.state === "serving") return chain.version;
    }
    return undefined;
  }

  /** Nothing it ever said counts any more. */
  die(): void {
    this.#dead = true;
  }

  set(target: TargetId, local: LocalState): void {
    this.#models.get(target)!.local = local;
    this.#agent?.wake();
  }

  report(): readonly TargetReport[] {
    return [...this.#models].map(([target, { local, chainVersion }]) => ({
      target,
      disk: 0,
      local: this.#released.has(target) ? "offline" : local,
      chainVersion,
      usedBytes: 1n,
      capacityBytes: 2n,
    }));
  }

  release(targets: readonly TargetId[]): void {
    const before = this.#released;
    this.#released = new Set(targets);
    if (before.size !== this.#released.size) this.#agent?.wake();
  }

  opened(): void {
    this.openings += 1;
  }

  async configure(config: Config): Promise<void> {
    if (this.refuses !== undefined) throw new Error(this.refuses);
    this.configs.push(config);
  }

  #follow(routing: RoutingInfo): void {
    for (const chain of routing.chains.values()) {
      for (const { target, state } of chain.targets) {
        const model = this.#models.get(target);
        if (model === undefined || model.chainVersion === chain.version) continue;
        model.chainVersion = chain.version;
        if (model.local === "incomplete" && state !== "syncing") continue;
        model.local = state === "serving" ? "upToDate" : "online";
        if (state === "syncing") this.#sync(target, model, chain.version);
        this.#agent?.wake();
      }
    }
  }

  #sync(target: TargetId, model: Model, version: number): void {
    void this.#clock.timer(SYNC_MS, () => {
      if (model.chainVersion !== version) return;
      this.set(target, "upToDate");
    });
  }
}
