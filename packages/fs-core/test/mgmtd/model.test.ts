import { toHex } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import type { ChainId, ChainTableId, ChainVersion, NodeId, TargetId } from "../../src/ids.ts";
import type { Chain } from "../../src/mgmtd/model/chain.ts";
import { chainCodec } from "../../src/mgmtd/model/chain.ts";
import { type ChainTable, chainTableCodec } from "../../src/mgmtd/model/chain-table.ts";
import { chainsOf } from "../../src/mgmtd/model/chains-of.ts";
import { type NodeInfo, nodeInfoCodec } from "../../src/mgmtd/model/node.ts";
import {
  emptyRouting,
  latestTable,
  routingChangesCodec,
  withChanges,
} from "../../src/mgmtd/model/routing.ts";
import { targetInfoCodec } from "../../src/mgmtd/model/target.ts";
import { type Codec, decode, encode } from "../../src/wire/codec/index.ts";

const CHAIN: Chain = {
  id: 258 as ChainId,
  version: 7 as ChainVersion,
  targets: [
    { target: 1 as TargetId, state: "serving" },
    { target: 3 as TargetId, state: "syncing" },
    { target: 2 as TargetId, state: "offline" },
  ],
  preferred: [1 as TargetId, 2 as TargetId, 3 as TargetId],
};

const NODE: NodeInfo = {
  id: 9 as NodeId,
  kind: "storage",
  addresses: [
    { kind: "tcp", host: "10.0.0.9", port: 8000 },
    { kind: "unix", path: "/s" },
  ],
  host: "m9",
  tags: [{ name: "rack", value: "r1" }],
  status: "alive",
  draining: false,
  incarnation: "000102030405060708090a0b0c0d0e0f",
};

const TABLE: ChainTable = { id: 1 as ChainTableId, version: 2, chains: [5, 6, 7, 4, 300] as ChainId[] };

function holds<T>(codec: Codec<T>, value: T, hex: string): void {
  expect(toHex(encode(codec, value))).toBe(hex);
  expect(decode(codec, encode(codec, value))).toEqual(value);
}

describe("what the cluster manager knows, as bytes", () => {
  it("keeps a chain's bytes", () => {
    holds(chainCodec, CHAIN, "02010000070000000301000000000300000002020000000403010000000200000003000000");
  });

  it("keeps a node's bytes", () => {
    holds(
      nodeInfoCodec,
      NODE,
      "090000000202010831302e302e302e39401f02022f73026d3901047261636b0272310100000102030405060708090a0b0c0d0e0f",
    );
  });

  it("keeps a table's bytes: the steps between its chains", () => {
    holds(chainTableCodec, TABLE, "0100000002000000050a020205d004");
  });

  it("keeps a target's bytes", () => {
    holds(
      targetInfoCodec,
      { id: 4 as TargetId, node: 9 as NodeId, disk: 1, hold: "orderly" },
      "0400000009000000010001",
    );
  });

  it("keeps the bytes of changes", () => {
    const changes = { version: 5n, more: false, nodes: [], targets: [], chains: [CHAIN], tables: [] };
    holds(
      routingChangesCodec,
      changes,
      "0500000000000000000000010201000007000000030100000000030000000202000000040301000000020000000300000000",
    );
  });

  it("refuses a step that leads below the first chain", () => {
    expect(() => decode(chainTableCodec, Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0, 2, 2, 3))).toThrow(
      /no chain id/,
    );
  });
});

describe("routing", () => {
  it("takes changes and shares the rest", () => {
    const before = { ...emptyRouting(), nodes: new Map([[NODE.id, NODE]]) };
    const changes = { version: 5n, more: false, nodes: [], targets: [], chains: [CHAIN], tables: [TABLE] };
    const after = withChanges(before, changes);
    expect(after.nodes).toBe(before.nodes);
    expect(after.chains.get(CHAIN.id)).toBe(CHAIN);
    expect(after.version).toBe(5n);
    expect(before.chains.size).toBe(0);
  });

  it("finds the newest version of a table", () => {
    const tables = [TABLE, { ...TABLE, version: 3 }, { ...TABLE, version: 1 }];
    const routing = withChanges(emptyRouting(), {
      version: 1n,
      more: false,
      nodes: [],
      targets: [],
      chains: [],
      tables,
    });
    expect(latestTable(routing, TABLE.id)?.version).toBe(3);
    expect(latestTable(routing, 2 as ChainTableId)).toBeUndefined();
  });
});

describe("the chains of a file", () => {
  const table = { chains: Array.from({ length: 1000 }, (_, at) => (at + 1) as ChainId) };

  it("are the same for all time", () => {
    expect(chainsOf({ stripe: 5, seed: 0 }, table)).toEqual([806, 705, 879, 977, 167]);
    expect(chainsOf({ stripe: 5, seed: 1 }, table)).toEqual([467, 550, 502, 83, 759]);
    expect(chainsOf({ stripe: 3, seed: 0xffff_ffff }, table)).toEqual([90, 985, 922]);
    expect(chainsOf({ stripe: 7, seed: 42 }, { chains: table.chains.slice(0, 7) })).toEqual([
      6, 4, 3, 1, 7, 2, 5,
    ]);
  });

  it("begin the same, however long the stripe is", () => {
    expect(chainsOf({ stripe: 4, seed: 9 }, table)).toEqual(
      chainsOf({ stripe: 64, seed: 9 }, table).slice(0, 4),
    );
  });

  it("are different ones", () => {
    for (let seed = 0; seed < 200; seed++) {
      expect(new Set(chainsOf({ stripe: 16, seed }, { chains: table.chains.slice(0, 16) })).size).toBe(16);
      expect(new Set(chainsOf({ stripe: 16, seed }, table)).size).toBe(16);
    }
  });

  it("are spread evenly", () => {
    const uses = new Map<number, number>();
    const ten = { chains: table.chains.slice(0, 10) };
    for (let seed = 0; seed < 10_000; seed++) {
      const [first] = chainsOf({ stripe: 1, seed }, ten);
      uses.set(first!, (uses.get(first!) ?? 0) + 1);
    }
    // Each is expected 1,000 times with a deviation of 30.
    for (const count of uses.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it("cannot be more than the table has", () => {
    expect(() => chainsOf({ stripe: 8, seed: 0 }, { chains: table.chains.slice(0, 7) })).toThrow(
      /stripe of 8/,
    );
  });
});
