/**
 * A storage node without storage: its targets hold the numbers of the writes that they have, and obey the routing, the
 * lease and the releases exactly as a storage service has to.
 */
import type {
  Chain,
  NodeAgent,
  NodeHost,
  RoutingInfo,
  TargetId,
  TargetReport,
  TargetState,
} from "@smallpond/fs-core";

/** What survives the process. */
export interface TargetDisk {
  readonly id: TargetId;
  writes: ReadonlySet<number>;
  /** The disk was replaced: what it held is gone. */
  lost: boolean;
}

/** What a host asks of the agent that speaks for it. */
export interface HostAgent extends Pick<NodeAgent, "routing" | "wake" | "isOpen"> {
  readonly lease: Pick<NodeAgent["lease"], "holds">;
}

export class StorageHost implements NodeHost {
  readonly disks: readonly TargetDisk[];
  readonly incarnation: string;
  agent: HostAgent | undefined;
  readonly #synced: Map<TargetId, number> = new Map();
  /** The version of its chain in which a target was reported to have stopped. */
  readonly #stoppedAt: Map<TargetId, number> = new Map();
  #released: ReadonlySet<TargetId> = new Set();

  readonly #gated: boolean;

  constructor(
    disks: readonly TargetDisk[],
    settings: { readonly incarnation: string; readonly gated: boolean },
  ) {
    this.disks = disks;
    this.incarnation = settings.incarnation;
    this.#gated = settings.gated;
  }

  get routing(): RoutingInfo | undefined {
    return this.agent?.routing;
  }

  report(): readonly TargetReport[] {
    return this.disks.map((disk) => ({
      target: disk.id,
      disk: 0,
      local: this.#local(disk),
      chainVersion: this.chainOf(disk.id)?.version ?? 0,
      usedBytes: 0n,
      capacityBytes: 1n,
    }));
  }

  release(targets: readonly TargetId[]): void {
    this.#released = new Set(targets);
    if (targets.some((target) => !this.#stoppedAt.has(target))) this.agent?.wake();
  }

  opened(): void {}

  async configure(): Promise<void> {}

  chainOf(target: TargetId): Chain | undefined {
    for (const chain of this.routing?.chains.values() ?? []) {
      if (chain.targets.some((member) => member.target === target)) return chain;
    }
    return undefined;
  }

  diskOf(target: TargetId): TargetDisk | undefined {
    return this.disks.find(({ id }) => id === target);
  }

  /** Whether the target would answer a read at this moment, and take a write for that version of its chain. */
  serves(target: TargetId): boolean {
    return this.stateOf(target) === "serving" && this.#takesPart(target);
  }

  /** Whether it takes writes that are forwarded to it. */
  takesWrites(target: TargetId): boolean {
    const state = this.stateOf(target);
    return (state === "serving" || state === "syncing") && this.#takesPart(target);
  }

  /** It has everything of that version of its chain. */
  synced(target: TargetId, version: number): void {
    this.#synced.set(target, version);
    this.agent?.wake();
  }

  needsSync(target: TargetId): boolean {
    const chain = this.chainOf(target);
    return (
      this.stateOf(target) === "syncing" &&
      this.#takesPart(target) &&
      this.#synced.get(target) !== chain?.version
    );
  }

  stateOf(target: TargetId): TargetState | undefined {
    return this.chainOf(target)?.targets.find((member) => member.target === target)?.state;
  }

  #takesPart(target: TargetId): boolean {
    return (
      !this.#hasStopped(target) &&
      this.#isOpen(target) &&
      !this.#released.has(target) &&
      this.agent?.lease.holds() === true
    );
  }

  #local({ id, lost }: TargetDisk): TargetReport["local"] {
    const chain = this.chainOf(id);
    const state = this.stateOf(id);
    // One that syncs and takes no part would hold up the chain for good; said to be offline, it is left out and begins anew.
    const isExpected = state === "serving" || state === "syncing";
    if (this.#released.has(id) || (isExpected && this.#hasStopped(id))) {
      this.#stoppedAt.set(id, chain?.version ?? 0);
      return "offline";
    }
    if (state === "serving" && this.#takesPart(id)) return "upToDate";
    if (state === "syncing" && this.#synced.get(id) === chain?.version) return "upToDate";
    return lost ? "incomplete" : "online";
  }

  /** A word that was given holds for this version of the chain: the manager may be about to act by it. */
  #hasStopped(target: TargetId): boolean {
    return this.#stoppedAt.get(target) === (this.chainOf(target)?.version ?? 0);
  }

  /** The chain may count on what the process before this one had in memory, until it has gone on without it. */
  #isOpen(target: TargetId): boolean {
    return !this.#gated || this.agent?.isOpen(target) === true;
  }
}
