import { ManualClock } from "@smallpond/base/testing";
import { expect, it } from "vitest";
import type { NodeInfo } from "../../src/mgmtd/model/node.ts";
import { Heartbeats, type HeartbeatsDeps } from "../../src/mgmtd/primary/heartbeats.ts";
import { silentLogger } from "../../src/service/log.ts";
import { n, t } from "./support/cluster.ts";
import { addressOf } from "./support/fake-wire.ts";

const INCARNATION = "a".repeat(32);
const WHO = { incarnation: INCARNATION, addresses: [addressOf("s7")], host: "h7" };
const REPORT = {
  target: t(3),
  disk: 0,
  local: "upToDate",
  chainVersion: 4,
  usedBytes: 0n,
  capacityBytes: 0n,
} as const;
const QUESTION = { ...WHO, term: 1n, node: n(7), kind: "storage", version: 1n, configVersion: 0 } as const;

it("a node that is being dropped gets no lease, and is told what to let go as always: no word takes back the last", async () => {
  const node: NodeInfo = {
    ...{ ...WHO, id: n(7), kind: "storage", tags: [] },
    ...{ draining: false, status: "alive" },
  };
  const target = { id: t(3), node: n(7), disk: 0, hold: "orderly" };
  const deps = {
    term: { number: 1n, holds: () => true },
    ledger: { state: { version: 5n, nodes: new Map([[7, node]]), targets: new Map([[3, target]]) } },
    watch: { isDead: () => false, last: () => undefined },
    judge: { isDropping: () => true },
    departures: { ofNode: (_: unknown, of: number, targets: Iterable<number>) => [of, ...targets] },
    configs: { newest: () => undefined, newerThan: () => undefined },
    clock: new ManualClock(),
    log: silentLogger(),
  };
  const heartbeats = new Heartbeats(deps as unknown as HeartbeatsDeps, {
    ...{ nodeLeaseMs: 10_000, heartbeatMs: 2000, registerUnknownNodes: true },
  });
  const answer = await heartbeats.beat({ ...QUESTION, configError: undefined, targets: [REPORT] });
  expect(answer).toMatchObject({ leaseMs: 0, release: [7, 3] });
});
