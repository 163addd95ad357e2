import {
  type ChainVersion,
  chainId,
  emptyRouting,
  type TargetId,
  type TargetState,
} from "@smallpond/fs-core";
import { describe, expect, it } from "vitest";
import { type HostAgent, StorageHost } from "../src/scenarios/mgmtd/storage-host.ts";

const OTHER = 100 as TargetId;
const OWN = 101 as TargetId;

/** A host of one target, and its routing as it is set. */
function newHost() {
  let routing = emptyRouting();
  const disk = { id: OWN, writes: new Set<number>(), lost: false };
  const host = new StorageHost([disk], { incarnation: "a".repeat(32), gated: false });
  const agent: HostAgent = {
    get routing() {
      return routing;
    },
    isOpen: () => true,
    lease: { holds: () => true },
    wake: () => {},
  };
  host.agent = agent;
  const see = (version: number, state: TargetState): void => {
    const targets = [
      { target: OTHER, state: "serving" as const },
      { target: OWN, state },
    ];
    const chain = { id: chainId(1), version: version as ChainVersion, targets, preferred: [OTHER, OWN] };
    routing = { ...routing, version: routing.version + 1n, chains: new Map([[chain.id, chain]]) };
  };
  const said = () => host.report()[0]!.local;
  return { host, see, said };
}

describe("a target that has said that it let go", () => {
  it.each(["serving", "syncing"] as const)("keeps to it in that version while it is %s", (state) => {
    const { host, see, said } = newHost();
    see(1, state);
    host.release([OWN]);
    expect(said()).toBe("offline");
    host.release([]);
    expect(said()).toBe("offline");
    expect(host.takesWrites(OWN)).toBe(false);
    see(2, "offline");
    expect(said()).toBe("online");
    see(3, "syncing");
    expect(host.takesWrites(OWN)).toBe(true);
  });

  it.each(["waiting", "offline"] as const)("comes back in that version where it is %s", (state) => {
    const { host, see, said } = newHost();
    see(1, state);
    host.release([OWN]);
    expect(said()).toBe("offline");
    host.release([]);
    expect(said()).toBe("online");
  });
});
