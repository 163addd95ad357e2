import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { ChainTableId, ChainVersion } from "../../src/ids.ts";
import type { Chain } from "../../src/mgmtd/model/chain.ts";
import type { ChainTable } from "../../src/mgmtd/model/chain-table.ts";
import { NO_INCARNATION, type NodeInfo } from "../../src/mgmtd/model/node.ts";
import { emptyRouting, type RoutingInfo, withChanges } from "../../src/mgmtd/model/routing.ts";
import type { TargetInfo } from "../../src/mgmtd/model/target.ts";
import {
  type ClusterChange,
  ClusterState,
  type StoredCluster,
} from "../../src/mgmtd/primary/cluster-state.ts";
import { c, n, t } from "./support/cluster.ts";

const node = (id: number, host: string): NodeInfo => ({
  id: n(id),
  kind: "storage",
  addresses: [],
  host,
  tags: [],
  status: "alive",
  draining: false,
  incarnation: NO_INCARNATION,
});
const target = (id: number, disk: number): TargetInfo => ({ id: t(id), node: n(1), disk, hold: "none" });
const chain = (id: number, version: number): Chain => ({
  id: c(id),
  version: version as ChainVersion,
  targets: [{ target: t(id), state: "serving" }],
  preferred: [t(id)],
});
const table = (version: number): ChainTable => ({ id: 1 as ChainTableId, version, chains: [c(version)] });

const id = fc.integer({ min: 1, max: 5 });
const value = fc.integer({ min: 1, max: 1000 });
const change: fc.Arbitrary<ClusterChange> = fc.record({
  nodes: fc
    .array(fc.tuple(id, value), { maxLength: 2 })
    .map((all) => all.map(([at, each]) => node(at, `h${each}`))),
  targets: fc
    .array(fc.tuple(id, value), { maxLength: 2 })
    .map((all) => all.map(([at, each]) => target(at, each))),
  chains: fc
    .array(fc.tuple(id, value), { maxLength: 3 })
    .map((all) => all.map(([at, each]) => chain(at, each))),
  tables: fc.array(id.map(table), { maxLength: 1 }),
});

const EMPTY: StoredCluster = { version: 0n, nodes: [], targets: [], chains: [], tables: [] };

/** What a client knows that asks until there is no more. */
function follow(state: ClusterState, from: RoutingInfo, entriesMax: number): RoutingInfo {
  let known = from;
  for (;;) {
    const changes = state.changesAfter(known.version, entriesMax);
    known = withChanges(known, changes);
    if (!changes.more) return known;
  }
}

function plain(routing: RoutingInfo) {
  const sorted = (map: ReadonlyMap<unknown, unknown>) =>
    [...map].sort(([a], [b]) => String(a).localeCompare(String(b)));
  const { version, nodes, targets, chains, tables } = routing;
  return {
    version,
    nodes: sorted(nodes),
    targets: sorted(targets),
    chains: sorted(chains),
    tables: sorted(tables),
  };
}

describe("the routing as it changes", () => {
  test.prop([fc.array(change, { maxLength: 20 }), fc.integer({ min: 1, max: 400 })])(
    "is the same for who follows each change, who sleeps, and who begins late",
    (changes, entriesMax) => {
      const state = new ClusterState(EMPTY);
      let eager = emptyRouting();
      let sleepy = emptyRouting();
      for (const [at, each] of changes.entries()) {
        state.apply(each, BigInt(at + 1));
        eager = follow(state, eager, entriesMax);
        if (at % 5 === 3) sleepy = follow(state, sleepy, entriesMax);
      }
      expect(plain(eager)).toEqual(plain(state));
      expect(plain(follow(state, sleepy, entriesMax))).toEqual(plain(state));
      expect(plain(follow(state, emptyRouting(), entriesMax))).toEqual(plain(state));
    },
  );

  test.prop([fc.array(change, { minLength: 1, maxLength: 12 }), fc.nat({ max: 11 })])(
    "is told on by a primary that has read it from its rows",
    (changes, at) => {
      const first = new ClusterState(EMPTY);
      const rows = new Map<string, { kind: keyof ClusterChange; changed: bigint; value: never }>();
      let before = emptyRouting();
      for (const [index, each] of changes.entries()) {
        const changed = BigInt(index + 1);
        first.apply(each, changed);
        if (index === at % changes.length) before = follow(first, before, 1000);
        for (const kind of ["nodes", "targets", "chains", "tables"] as const) {
          for (const entry of each[kind] ?? []) {
            const name = `${kind} ${entry.id} ${kind === "tables" ? (entry as ChainTable).version : ""}`;
            rows.set(name, { kind, changed, value: entry as never });
          }
        }
      }
      const of = (kind: keyof ClusterChange) => [...rows.values()].filter((row) => row.kind === kind);
      const second = new ClusterState({
        version: BigInt(changes.length),
        nodes: of("nodes"),
        targets: of("targets"),
        chains: of("chains"),
        tables: of("tables"),
      });
      expect(plain(follow(second, before, 1000))).toEqual(plain(first));
    },
  );
});
