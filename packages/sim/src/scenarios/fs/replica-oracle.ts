/** Sees all replicas of a cluster at once, as nobody in it can, and compares what they are with what they may be. */
import { PondError } from "@smallpond/base";
import type {
  Chain,
  ChainId,
  ChunkState,
  NodeId,
  ReplicaView,
  RoutingInfo,
  TargetId,
} from "@smallpond/fs-core";
import type { FinalFile } from "./client/verifier-program.ts";

/** A storage process that lives. */
export interface Member {
  readonly node: NodeId;
  readonly machine: string;
  readonly replicas: () => readonly ReplicaView[];
  readonly routing: () => RoutingInfo;
}

const LIST_MAX = 100_000;

export class ReplicaOracle {
  readonly #members: Map<NodeId, Member> = new Map();
  readonly #latest: Map<ChainId, Chain> = new Map();
  readonly #versions: Map<string, string> = new Map();
  readonly #learned: WeakSet<RoutingInfo> = new WeakSet();

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** The newest version of each chain that anybody knows. */
  get chains(): readonly Chain[] {
    return [...this.#latest.values()];
  }

  joined(member: Member): void {
    this.#members.set(member.node, member);
  }

  left(member: Member): void {
    if (this.#members.get(member.node) === member) this.#members.delete(member.node);
  }

  /** Notes what somebody knows, and throws if two know different things by one name. */
  learn(routing: RoutingInfo): void {
    if (this.#learned.has(routing)) return;
    this.#learned.add(routing);
    for (const chain of routing.chains.values()) {
      const key = `${chain.id} v${chain.version}`;
      const text = chain.targets.map(({ target, state }) => `${target}:${state}`).join(" ");
      const known = this.#versions.get(key);
      if (known !== undefined && known !== text) throw wrong(`chain ${key} is ${known}, and ${text}`);
      this.#versions.set(key, text);
      const latest = this.#latest.get(chain.id);
      if (latest === undefined || chain.version > latest.version) this.#latest.set(chain.id, chain);
    }
  }

  /** Throws if somebody serves whom a published version of its chain has dropped (I5), or holds what nobody may (I1). */
  look(): void {
    for (const { routing } of this.#members.values()) this.learn(routing());
    for (const { node, replicas } of this.#members.values()) {
      for (const replica of replicas()) {
        const { target, chain, chainVersion, role } = replica;
        if (role.kind !== "serving" || chain === undefined || !replica.takesPart()) continue;
        const latest = this.#latest.get(chain);
        const state = latest?.targets.find((member) => member.target === target)?.state;
        if (state !== "serving")
          throw wrong(
            `target ${target} of node ${node} serves chain ${chain} in version ${chainVersion}, but is ${state} in ${latest?.version}`,
          );
        for (const chunk of replica.store.list(undefined, LIST_MAX)) demandOrder(target, chunk);
      }
    }
  }

  /** Whether the chains of all these targets are served by others as well, whether these are up or not. */
  canSpare(targets: readonly TargetId[]): boolean {
    return targets.every((target) => this.hasOther(target));
  }

  /** Whether somebody else serves the target's chain, at this moment and by everybody's word. */
  hasOther(target: TargetId): boolean {
    const chain = this.chains.find(({ targets }) => targets.some((each) => each.target === target));
    return (chain?.targets ?? []).some((other) => {
      const replica = this.#replica(other.target);
      const serves = other.state === "serving" && replica?.role.kind === "serving";
      return other.target !== target && serves && replica.takesPart();
    });
  }

  /** Whether all replicas of all chains serve, by their own word and everybody's. */
  isWhole(chainCount: number): boolean {
    const chains = this.chains;
    if (chains.length < chainCount) return false;
    return chains.every((chain) =>
      chain.targets.every(({ target, state }) => {
        const replica = this.#replica(target);
        const isTaken = replica?.chainVersion === chain.version && replica.role.kind === "serving";
        return state === "serving" && isTaken && replica.takesPart();
      }),
    );
  }

  /** In words, what is missing. */
  describe(): string {
    return this.chains
      .map((chain) => {
        const members = chain.targets.map(({ target, state }) => {
          const replica = this.#replica(target);
          const own =
            replica === undefined
              ? "gone"
              : `${replica.role.kind} v${replica.chainVersion} ${replica.takesPart() ? "takes part" : "out"}${replica.store.failure === undefined ? "" : ` because ${String(replica.store.failure)}`}${replica.store.opened.isComplete ? "" : ", incomplete"}${replica.store.opened.isTailTorn ? ", torn" : ""}`;
          return `${target}:${state} (${own})`;
        });
        return `chain ${chain.id} v${chain.version}: ${members.join(", ")}`;
      })
      .join("\n");
  }

  /** What differs between replicas of a chain, or is pending on one (I1, I2): nothing once all is quiet. */
  differences(): readonly string[] {
    const found: string[] = [];
    for (const chain of this.chains) {
      const texts = chain.targets.map(({ target }) => {
        const chunks = this.#replica(target)?.store.list(undefined, LIST_MAX) ?? [];
        return { target, chunks: new Map(chunks.map((chunk) => [nameOf(chunk), textOf(chunk)])) };
      });
      const names = new Set(texts.flatMap(({ chunks }) => [...chunks.keys()]));
      for (const name of names) {
        const seen = texts.map(({ target, chunks }) => `${target}: ${chunks.get(name) ?? "missing"}`);
        const values = new Set(texts.map(({ chunks }) => chunks.get(name)));
        const isPending = [...values].some((value) => value?.includes("pending") === true);
        if (values.size > 1 || isPending)
          found.push(`chunk ${name} of chain ${chain.id}: ${seen.join("; ")}`);
      }
    }
    return found;
  }

  /** Chunks of data that no file with a name has (I11). */
  orphans(files: readonly FinalFile[]): readonly string[] {
    const living = new Set(files.map(({ inode, dataVersion }) => `${inode}/${dataVersion}`));
    const found = new Set<string>();
    for (const { replicas } of this.#members.values()) {
      for (const { store } of replicas()) {
        for (const { key } of store.list(undefined, LIST_MAX)) {
          if (!living.has(`${key.inode}/${key.dataVersion}`))
            found.add(`${key.inode}/${key.dataVersion}/${key.chunk}`);
        }
      }
    }
    return [...found];
  }

  #replica(target: TargetId): ReplicaView | undefined {
    for (const { replicas } of this.#members.values()) {
      const found = replicas().find((each) => each.target === target);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function demandOrder(target: TargetId, { key, committed, pending }: ChunkState): void {
  if (pending === undefined) return;
  const next = (committed?.version ?? 0) + 1;
  if (pending.version === next) return;
  // A whole chunk that replaces another may skip versions.
  if (pending.version > next && committed === undefined) return;
  throw wrong(
    `target ${target} has version ${pending.version} of chunk ${key.inode}/${key.chunk} pending on ${committed?.version}`,
  );
}

function nameOf({ key }: ChunkState): string {
  return `${key.inode}/${key.dataVersion}/${key.chunk}`;
}

function textOf({ committed, pending }: ChunkState): string {
  const what =
    committed === undefined ? "none" : `v${committed.version} ${committed.length} bytes crc ${committed.crc}`;
  return pending === undefined ? what : `${what}, pending v${pending.version}`;
}

function wrong(message: string): PondError<"REPLICA_WRONG"> {
  return new PondError("REPLICA_WRONG", { kind: "internal", message });
}
