/**
 * Sees all of a cluster at once, as nobody in it can: lets clients write and read chains by whatever routing they have,
 * remembers what was acknowledged, and compares what nodes believe.
 *
 * A write passes along the chain in no time, each step refused as a storage service would refuse it (I4, I5). So what is
 * tested are the decisions of the cluster manager, not the replication of bytes.
 */
import { PondError, type Random } from "@smallpond/base";
import type { Chain, ChainId, NodeId, RoutingInfo, TargetId } from "@smallpond/fs-core";
import { pick } from "../../nemeses/index.ts";
import type { SimWorld } from "../../world/world.ts";
import type { StorageHost, TargetDisk } from "./storage-host.ts";

/** A storage process that lives. */
export interface Member {
  readonly node: NodeId;
  readonly machine: string;
  readonly host: StorageHost;
  readonly isPaused: () => boolean;
}

export class ChainOracle {
  readonly #world: SimWorld;
  readonly #members: Map<NodeId, Member> = new Map();
  readonly #acknowledged: Map<ChainId, Set<number>> = new Map();
  /** What each version of a chain was seen to be: there is one truth about it. */
  readonly #versions: Map<string, string> = new Map();
  readonly #routings: Map<bigint, string> = new Map();
  readonly #learned: WeakSet<RoutingInfo> = new WeakSet();
  readonly #latest: Map<ChainId, Chain> = new Map();
  #writes = 0;
  #acknowledgedCount = 0;

  constructor(deps: { readonly world: SimWorld }) {
    this.#world = deps.world;
  }

  get acknowledgedCount(): number {
    return this.#acknowledgedCount;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  joined(member: Member): void {
    this.#members.set(member.node, member);
  }

  left(member: Member): void {
    if (this.#members.get(member.node) === member) this.#members.delete(member.node);
  }

  /** The newest version of each chain that anybody knows. */
  chains(): readonly Chain[] {
    return [...this.#latest.values()];
  }

  /** Notes what somebody knows, and throws if two know different things by one name. */
  learn(routing: RoutingInfo): void {
    if (this.#learned.has(routing)) return;
    this.#learned.add(routing);
    const all = [...routing.chains.values()]
      .map(({ id, version }) => `${id}v${version}`)
      .sort()
      .join(" ");
    const before = this.#routings.get(routing.version);
    if (before !== undefined && before !== all)
      throw wrong(`routing ${routing.version} has the chains ${before}, and ${all}`);
    this.#routings.set(routing.version, all);
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

  /** Throws if somebody serves whom a published version of its chain has dropped (I5). */
  checkServers(): void {
    for (const { host } of this.#members.values()) if (host.routing !== undefined) this.learn(host.routing);
    for (const { node, host } of this.#members.values()) {
      for (const { id } of host.disks) {
        if (!host.serves(id)) continue;
        const own = host.chainOf(id)!;
        const latest = this.#latest.get(own.id)!;
        const state = latest.targets.find(({ target }) => target === id)?.state;
        if (state === "serving") continue;
        throw wrong(
          `target ${id} of node ${node} serves chain ${own.id} in version ${own.version}, but is ${state} in ${latest.version}`,
        );
      }
    }
  }

  /** A client reads from a target that would answer: it must have all that was acknowledged. */
  read(random: Random): void {
    const serving = this.members.flatMap(({ host, isPaused }) =>
      isPaused() ? [] : host.disks.filter(({ id }) => host.serves(id)).map((disk) => ({ host, disk })),
    );
    if (serving.length === 0) return;
    const { host, disk } = pick(random, serving);
    const chain = host.chainOf(disk.id)!;
    const missing = [...this.#acknowledgedOf(chain.id)].filter((write) => !disk.writes.has(write));
    if (missing.length === 0) return;
    throw wrong(
      `target ${disk.id} serves chain ${chain.id} in version ${chain.version} without the acknowledged writes ${missing.join()}`,
    );
  }

  /** A client writes by the routing of one of the nodes, from its machine. */
  write(random: Random): void {
    const guides = this.members.filter(({ host }) => (host.routing?.chains.size ?? 0) > 0);
    if (guides.length === 0) return;
    const { host: guide, machine } = pick(random, guides);
    const chain = pick(random, [...guide.routing!.chains.values()]);
    const write = ++this.#writes;
    if (!this.#pass(guide.routing!, chain, write, machine)) return;
    this.#acknowledgedOf(chain.id).add(write);
    this.#acknowledgedCount += 1;
  }

  /** Brings a target that syncs up to date from the last that serves, if both can and know the same version. */
  sync(target: TargetId, own: Member): boolean {
    const chain = own.host.chainOf(target);
    const source = chain?.targets.findLast(({ state }) => state === "serving");
    if (chain === undefined || source === undefined) return false;
    const from = this.#reach(own.host.routing!, source.target, own.machine);
    if (from === undefined || !from.host.serves(source.target)) return false;
    if (from.host.chainOf(source.target)?.version !== chain.version) return false;
    const disk = own.host.diskOf(target)!;
    disk.writes = from.host.diskOf(source.target)!.writes;
    disk.lost = false;
    own.host.synced(target, chain.version);
    return true;
  }

  /** Whether a disk may be lost now without taking the last complete copy of something. */
  mayLose({ id }: TargetDisk): boolean {
    const chain = this.chains().find(({ targets }) => targets.some(({ target }) => target === id));
    if (chain === undefined) return false;
    const acknowledged = this.#acknowledgedOf(chain.id);
    return this.members.some(({ host }) =>
      host.disks.some(
        (disk) =>
          disk.id !== id &&
          host.serves(disk.id) &&
          host.chainOf(disk.id)?.id === chain.id &&
          [...acknowledged].every((each) => disk.writes.has(each)),
      ),
    );
  }

  /** Head to tail: what the head has, its successors get, so nothing stays half done for long. */
  #pass(routing: RoutingInfo, chain: Chain, write: number, client: string): boolean {
    const path = chain.targets.filter(({ state }) => state === "serving" || state === "syncing");
    if (path[0]?.state !== "serving") return false;
    let at = client;
    let writes: ReadonlySet<number> = new Set([write]);
    for (const { target, state } of path) {
      const member = this.#reach(routing, target, at);
      if (member === undefined || member.host.chainOf(target)?.version !== chain.version) return false;
      if (!(state === "serving" ? member.host.serves(target) : member.host.takesWrites(target))) return false;
      const disk = member.host.diskOf(target)!;
      writes = new Set([...disk.writes, ...writes]);
      disk.writes = writes;
      at = member.machine;
    }
    return true;
  }

  #reach(routing: RoutingInfo, target: TargetId, from: string): Member | undefined {
    const node = routing.targets.get(target)?.node;
    const member = node === undefined ? undefined : this.#members.get(node);
    if (member === undefined || member.isPaused()) return undefined;
    const to = member.machine;
    const cut = this.#world.fabric.isCut({ from, to }) || this.#world.fabric.isCut({ from: to, to: from });
    return cut ? undefined : member;
  }

  #acknowledgedOf(chain: ChainId): Set<number> {
    const known = this.#acknowledged.get(chain) ?? new Set();
    this.#acknowledged.set(chain, known);
    return known;
  }
}

function wrong(message: string): PondError<"CHAIN_WRONG"> {
  return new PondError("CHAIN_WRONG", { kind: "internal", message });
}
