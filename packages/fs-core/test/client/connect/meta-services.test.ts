import { formatAddress, type NetAddress, PondError, SeededRandom } from "@smallpond/base";
import { describe, expect, it } from "vitest";
import { MetaServices, metaServicesIn } from "../../../src/client/connect/meta-services.ts";
import { META } from "../../../src/cluster/meta-methods.ts";
import { nodeId, ROOT_INODE } from "../../../src/ids.ts";
import { fsError } from "../../../src/meta/model/errors.ts";
import type { NodeInfo, NodeKind, NodeStatus } from "../../../src/mgmtd/model/node.ts";
import { emptyRouting, type RoutingInfo } from "../../../src/mgmtd/model/routing.ts";
import type { Caller } from "../../../src/wire/rpc/method.ts";

const address = (port: number): NetAddress => ({ kind: "tcp", host: "h", port });

function routingOf(...nodes: readonly (readonly [number, NodeStatus, NodeKind?])[]): RoutingInfo {
  const infos = nodes.map(([id, status, kind = "meta"]): NodeInfo => {
    const addresses = status === "registered" ? [] : [address(id)];
    return {
      id: nodeId(id),
      kind,
      addresses,
      host: "h",
      tags: [],
      status,
      draining: false,
      incarnation: "0".repeat(32),
    };
  });
  return { ...emptyRouting(), version: 1n, nodes: new Map(infos.map((info) => [info.id, info])) };
}

/** Says who was asked; each may fail. */
function setUp(routing: RoutingInfo) {
  const at = { routing };
  const asked: number[] = [];
  const faults = new Map<number, Error>();
  const to = (where: NetAddress): Caller => ({
    call: async () => {
      const port = Number(formatAddress(where).split(":")[1]);
      asked.push(port);
      const fault = faults.get(port);
      if (fault !== undefined) throw fault;
      return undefined as never;
    },
  });
  const services = new MetaServices({ callers: { to }, routing: at, random: new SeededRandom(1) });
  const ask = () => services.call(META.stat, { as: undefined, inode: ROOT_INODE });
  return { at, asked, faults, ask };
}

const NO_ANSWER = new PondError("NO_ANSWER", { kind: "unknown-outcome", message: "no answer" });

describe("metadata services", () => {
  it("are those of the routing that are alive, or else all that have an address", () => {
    const routing = routingOf(
      [1, "alive"],
      [2, "failed"],
      [3, "alive", "storage"],
      [4, "registered"],
      [5, "disabled"],
    );
    expect(metaServicesIn(routing)).toEqual([address(1)]);
    expect(metaServicesIn(routingOf([1, "failed"], [4, "registered"], [5, "disabled"]))).toEqual([
      address(1),
    ]);
  });

  it("are asked one of them, until it does not answer or is gone", async () => {
    const { at, asked, faults, ask } = setUp(routingOf([1, "alive"], [2, "alive"], [3, "alive"]));
    for (let at = 0; at < 5; at++) await ask();
    const [first] = asked;
    expect(new Set(asked).size).toBe(1);
    faults.set(first!, NO_ANSWER);
    await expect(Promise.all([ask(), ask(), ask()])).rejects.toBe(NO_ANSWER);
    asked.length = 0;
    await ask();
    const [second] = asked;
    expect(second).not.toBe(first);
    // What the file system says is an answer.
    faults.set(second!, fsError("ENOENT", "stat", "x"));
    await expect(ask()).rejects.toMatchObject({ code: "ENOENT" });
    faults.clear();
    at.routing = routingOf([9, "alive"], [second!, "failed"]);
    asked.length = 0;
    await ask();
    expect(asked).toEqual([9]);
  });

  it("may not be known yet: then another try makes sense", async () => {
    const { at, asked, ask } = setUp(routingOf());
    await expect(ask()).rejects.toMatchObject({ code: "NO_META_SERVICE", kind: "retry" });
    at.routing = routingOf([7, "alive"]);
    await ask();
    expect(asked).toEqual([7]);
  });
});
