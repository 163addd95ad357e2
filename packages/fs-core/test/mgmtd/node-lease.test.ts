import { ManualClock } from "@smallpond/base/testing";
import { describe, expect, it } from "vitest";
import type { TargetId } from "../../src/ids.ts";
import { NodeLease } from "../../src/mgmtd/agent/node-lease.ts";
import { StartGate } from "../../src/mgmtd/agent/start-gate.ts";
import type { TargetState } from "../../src/mgmtd/model/chain.ts";
import { ANY_VERSION, type TargetReport } from "../../src/mgmtd/model/report.ts";

describe("a node's lease", () => {
  function leaseOf(routing: { version: bigint } = { version: 5n }) {
    const clock = new ManualClock();
    return { clock, routing, lease: new NodeLease({ clock, routingVersion: () => routing.version }) };
  }

  it("does not hold before the first answer", () => {
    expect(leaseOf().lease.holds()).toBe(false);
  });

  it("is counted from when the heartbeat was sent, not from when it was answered", async () => {
    const { clock, lease } = leaseOf();
    await clock.advance(3000);
    lease.renew({ sentMs: 0, leaseMs: 10_000, routingVersion: 5n });
    await clock.advance(6999);
    expect(lease.holds()).toBe(true);
    await clock.advance(1);
    expect(lease.holds()).toBe(false);
  });

  it("is worth nothing if the answer took longer than it lasts", async () => {
    const { clock, lease } = leaseOf();
    await clock.advance(10_000);
    lease.renew({ sentMs: 0, leaseMs: 10_000, routingVersion: 5n });
    expect(lease.holds()).toBe(false);
  });

  it("is not shortened by an answer that was overtaken", async () => {
    const { clock, lease } = leaseOf();
    await clock.advance(2000);
    lease.renew({ sentMs: 2000, leaseMs: 10_000, routingVersion: 5n });
    lease.renew({ sentMs: 0, leaseMs: 10_000, routingVersion: 5n });
    expect(lease.leftMs).toBe(10_000);
  });

  it("goes on while it is renewed, although the routing is behind", async () => {
    const { clock, lease, routing } = leaseOf();
    lease.renew({ sentMs: 0, leaseMs: 10_000, routingVersion: 5n });
    await clock.advance(5000);
    lease.renew({ sentMs: 5000, leaseMs: 10_000, routingVersion: 9n });
    expect(routing.version).toBe(5n);
    expect(lease.holds()).toBe(true);
  });

  it("needs the routing of its renewal once it had run out", async () => {
    const { clock, lease, routing } = leaseOf();
    lease.renew({ sentMs: 0, leaseMs: 10_000, routingVersion: 5n });
    await clock.advance(10_000);
    lease.renew({ sentMs: 10_000, leaseMs: 10_000, routingVersion: 9n });
    expect(lease.holds()).toBe(false);
    // A further renewal does not make it forget.
    await clock.advance(1000);
    lease.renew({ sentMs: 11_000, leaseMs: 10_000, routingVersion: 9n });
    expect(lease.holds()).toBe(false);
    routing.version = 9n;
    expect(lease.holds()).toBe(true);
  });

  it("is not renewed by an answer without one, and can be given up", () => {
    const { lease } = leaseOf();
    lease.renew({ sentMs: 0, leaseMs: 0, routingVersion: 5n });
    expect(lease.holds()).toBe(false);
    lease.renew({ sentMs: 0, leaseMs: 10_000, routingVersion: 5n });
    lease.end();
    expect(lease.holds()).toBe(false);
  });
});

describe("a process that has just started", () => {
  const report: TargetReport = {
    target: 1 as TargetId,
    disk: 0,
    local: "online",
    chainVersion: 4,
    usedBytes: 0n,
    capacityBytes: 0n,
  };
  const said = (gate: StartGate, state: TargetState | undefined) =>
    gate.pass([report], () => state)[0]!.local;

  it("reports its targets offline until it knows the routing", () => {
    const gate = new StartGate();
    expect(gate.pass([report], undefined)[0]).toMatchObject({ local: "offline", chainVersion: ANY_VERSION });
    expect(gate.isOpen(report.target, 9n)).toBe(false);
  });

  it("reports them offline while anything is expected of them", () => {
    const gate = new StartGate();
    for (const state of ["serving", "syncing", "waiting"] as const) expect(said(gate, state)).toBe("offline");
    expect(said(gate, "offline")).toBe("online");
    expect(said(gate, "serving")).toBe("online");
  });

  it("reports a last server, and one that is in no chain, as it is", () => {
    expect(said(new StartGate(), "lastServer")).toBe("online");
    expect(said(new StartGate(), undefined)).toBe("online");
  });

  it("opens with the routing that was current when the manager had noted more than offline", () => {
    const gate = new StartGate();
    said(gate, "serving");
    gate.noted(gate.said(), 3n);
    said(gate, undefined);
    expect(gate.isOpen(report.target, 5n)).toBe(false);
    gate.noted(gate.said(), 7n);
    expect(gate.isOpen(report.target, 6n)).toBe(false);
    gate.noted(gate.said(), 9n);
    expect(gate.isOpen(report.target, 7n)).toBe(true);
  });
});
