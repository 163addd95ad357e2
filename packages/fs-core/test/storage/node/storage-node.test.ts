import { NO_PROBES, SeededRandom } from "@smallpond/base";
import { ManualClock, MemoryDisk, MemoryNet } from "@smallpond/base/testing";
import { BufferPool, JAVASCRIPT_CRC32C as crc32c, PortableNet } from "@smallpond/fs-native";
import { describe, expect, it } from "vitest";
import { type ChainId, type ChainVersion, nodeId, targetId } from "../../../src/ids.ts";
import type { Chain, LocalState, TargetState } from "../../../src/mgmtd/model/chain.ts";
import { HEARTBEAT, PRIMARY, WATCH_ROUTING } from "../../../src/mgmtd/service/methods.ts";
import { NodeCrypto } from "../../../src/platform/node-crypto.ts";
import { silentLogger } from "../../../src/service/log.ts";
import { Metrics } from "../../../src/service/metrics.ts";
import { StorageNode } from "../../../src/storage/node/storage-node.ts";
import { READ, WRITE } from "../../../src/storage/protocol/methods.ts";
import { formatTarget } from "../../../src/storage/target/format-target.ts";
import { testServer } from "../../../src/testing/rpc.ts";
import { LocalCaller } from "../../../src/wire/rpc/local-caller.ts";
import type { RpcRouter } from "../../../src/wire/rpc/router.ts";
import { NetTransport } from "../../../src/wire/transport/net-transport.ts";
import { keyOf, patterned } from "../helpers.ts";

const SMALL = { segmentBytes: 512 * 1024, batchBytesMax: 128 * 1024, growBytes: 256 * 1024, reserveBytes: 0 };
const SECRET = new TextEncoder().encode("a secret of the cluster");
const MANAGER = { kind: "tcp", host: "127.0.0.1", port: 1 } as const;
const ADDRESS = { kind: "tcp", host: "127.0.0.1", port: 9000 } as const;

async function newPlace() {
  const [clock, random, disk] = [new ManualClock(), new SeededRandom(3), new MemoryDisk()];
  const pool = new BufferPool(
    { allocate: (bytes) => ({ buffer: new ArrayBuffer(bytes), alignment: 1 }), leaked: () => {} },
    { regionBytes: 2 ** 20, bytesMax: 2 ** 22, poison: true },
  );
  const format = (target: number, cluster = "c") =>
    formatTarget(
      { disk, crc: crc32c, random },
      { directory: `/t${target}`, cluster, target, segmentBytes: SMALL.segmentBytes },
    );
  const network = new MemoryNet();
  const net = new PortableNet(network);
  const metrics = new Metrics();
  const start = (...targets: readonly number[]) =>
    StorageNode.start(
      {
        ...{
          disk,
          clock,
          random,
          crc32c,
          pool,
          probes: NO_PROBES,
          log: silentLogger(),
          metrics,
        },
        ...{ crypto: new NodeCrypto(), secret: SECRET },
        transport: new NetTransport({ net, crc32c, probes: NO_PROBES }, {}),
        onInvariant: (error) => {
          throw error;
        },
      },
      {
        ...{ clusterId: "c", node: nodeId(4), hostTag: "h", address: ADDRESS, bootId: "b", store: SMALL },
        managers: [MANAGER],
        targets: targets.map((id) => ({ id: targetId(id), disk: id, directory: `/t${id}` })),
      },
    );
  return { clock, random, disk, pool, format, start, metrics, network };
}

/** A manager who says what the test wants, of one chain of target 1. */
class ScriptedManager {
  version = 1n;
  chain: Chain = { id: 3 as ChainId, version: 7 as ChainVersion, targets: [], preferred: [targetId(1)] };
  /** Before a heartbeat is answered. */
  onBeat: (local: LocalState) => Promise<void> = async () => {};
  readonly #clock: ManualClock;

  constructor(clock: ManualClock, state: TargetState) {
    this.#clock = clock;
    this.publish(state);
  }

  publish(state: TargetState): void {
    this.version += 1n;
    const version = (this.chain.version + 1) as ChainVersion;
    this.chain = { ...this.chain, version, targets: [{ target: targetId(1), state }] };
  }

  offer(router: RpcRouter): void {
    const primary = { node: nodeId(9), term: 1n, addresses: [MANAGER] };
    router.handle(PRIMARY, async () => ({ primary }));
    router.handle(WATCH_ROUTING, async ({ since }, { signal }) => {
      while (since >= this.version) await this.#clock.sleep(20, { signal });
      const { version, chain } = this;
      return { version, chains: [chain], nodes: [], targets: [], tables: [], more: false, ask: false };
    });
    router.handle(HEARTBEAT, async ({ targets }) => {
      await this.onBeat(targets[0]!.local);
      const { version: routingVersion } = this;
      return { leaseMs: 10_000, heartbeatMs: 50, routingVersion, release: [], config: undefined };
    });
  }
}

/** Lets time pass until it has settled. */
async function until<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  promise.then(over, over);
  while (!isOver) await clock.advance(5);
  return await promise;
}

describe("a storage node", () => {
  it("does not start on the directory of another cluster or target, or on none, and lets the others go", async () => {
    const { clock, format, start, disk } = await newPlace();
    await format(1);
    await format(2, "other");
    await expect(until(clock, start(1, 2))).rejects.toMatchObject({ code: "FOREIGN_TARGET" });
    await expect(until(clock, start(1, 3))).rejects.toMatchObject({ code: "FOREIGN_TARGET" });
    await disk.rename({ from: "/t1", to: "/t5" });
    await expect(until(clock, start(5))).rejects.toMatchObject({ code: "FOREIGN_TARGET" });
  });

  it("goes on without a target whose journal is damaged, and says that it is offline", async () => {
    const { clock, format, start, disk } = await newPlace();
    await format(1);
    await format(2);
    const [segment] = await disk.readdir("/t2/journal");
    await disk.writeFile(`/t2/journal/${segment!.name}`, patterned(512 * 1024, 1));
    const node = await until(clock, start(1, 2));
    expect(node.targets.map(({ store }) => store !== undefined)).toEqual([true, false]);
    expect(node.targetOf(targetId(2))!.report(undefined).local).toBe("offline");
    expect(node.targetOf(targetId(1))!.report(undefined).local).toBe("online");
    await until(clock, node.close());
    const again = await until(clock, start(1));
    expect(again.targets[0]!.store!.opened.isTailTorn).toBe(false);
    await until(clock, again.close());
  });

  it("takes up its place when the manager has noted its start, also where the routing came before that", async () => {
    const { clock, random, format, start, network } = await newPlace();
    await format(1);
    const manager = new ScriptedManager(clock, "lastServer");
    const user = () => Promise.reject(new Error("there are no users"));
    const authenticator = { kind: "on", clusterId: "c", secret: SECRET, user } as const;
    const { server, router } = testServer({
      ...{ net: network, clock, random, probes: NO_PROBES, authenticator },
    });
    manager.offer(router);
    await server.listen(MANAGER);
    const node = await until(clock, start(1));
    const { replica } = node.targetOf(targetId(1))!;
    let roleBefore: unknown;
    manager.onBeat = async (local) => {
      if (local === "offline" || roleBefore !== undefined) return;
      manager.publish("serving");
      while (replica!.chainVersion !== manager.chain.version) await clock.sleep(5);
      roleBefore = replica!.role;
    };
    while (replica!.role.kind === "idle" && clock.monotonicMs() < 5_000) await clock.advance(5);
    expect(roleBefore).toEqual({ kind: "idle" });
    expect(replica!.role).toMatchObject({ kind: "serving", isHead: true, isTail: true });
    await until(clock, node.close());
    await until(clock, server.close());
  });

  it("tells whoever scrapes it what its targets are and have, and what came of the items it was asked", async () => {
    const { clock, random, format, start, pool, metrics } = await newPlace();
    await format(1);
    const node = await until(clock, start(1));
    const caller = new LocalCaller(
      { router: node.router, clock, random, pool },
      { principal: { kind: "member", node: undefined } },
    );
    const item = {
      chain: 1 as never,
      chainVersion: 1 as never,
      key: keyOf(0),
      offset: 0,
      length: 9,
      capability: 0,
    };
    const question = {
      trafficClass: "foreground",
      relaxed: false,
      capabilities: [],
      items: [item, item],
    } as const;
    await until(clock, caller.call(READ, question));
    const text = metrics.text();
    expect(text).toContain(`pond_storage_items_total{operation="read",outcome="BAD_REQUEST"} 2\n`);
    expect(text).toContain(`pond_storage_targets{state="none"} 1\n`);
    expect(text).toMatch(/pond_storage_target_used_bytes\{target="1"\} \d+\n/);
    expect(text).toMatch(/pond_storage_target_free_bytes\{target="1"\} [1-9]\d*\n/);
    expect(text).toContain("pond_storage_answers_waiting 0\n");
    await until(clock, node.close());
  });

  it("refuses items for itself, and questions whose bytes do not fit, and leaves nothing behind", async () => {
    const { clock, random, format, start, pool } = await newPlace();
    await format(1);
    const node = await until(clock, start(1));
    const caller = new LocalCaller(
      { router: node.router, clock, random, pool },
      { principal: { kind: "member", node: undefined } },
    );
    const bytes = patterned(10, 1);
    const item = {
      ...{ chain: 1 as never, chainVersion: 1 as never, key: keyOf(0), offset: 0, length: 10, capability: 0 },
      ...{ crc: crc32c.of(bytes), channel: 0, sequence: 1, request: "0".repeat(32) as never },
    };
    const question = { trafficClass: "foreground", capabilities: [], items: [item, item] } as const;
    const answer = await until(clock, caller.call(WRITE, question, { send: [bytes, bytes] }));
    expect(answer.items).toMatchObject([
      { kind: "refused", code: "BAD_REQUEST" },
      { kind: "refused", code: "BAD_REQUEST" },
    ]);
    const short = until(clock, caller.call(WRITE, question, { send: [bytes] }));
    await expect(short).rejects.toMatchObject({ code: "BAD_REQUEST", kind: "invalid" });
    const known = { ...question, capabilities: [new Uint8Array(100)], items: [item] };
    const elsewhere = await until(clock, caller.call(WRITE, known, { send: [bytes] }));
    expect(elsewhere.items).toMatchObject([{ kind: "refused", code: "CHAIN_CHANGED" }]);
    await until(clock, node.close());
    expect(pool.leases).toBe(0);
    expect(clock.pendingCount).toBe(0);
  });
});
