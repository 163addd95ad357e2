import { describe, expect, it } from "vitest";
import { targetId } from "../../../src/ids.ts";
import type { TargetState } from "../../../src/mgmtd/model/chain.ts";
import type { Replica } from "../../../src/storage/chain/replica.ts";
import type { ChunkStore } from "../../../src/storage/chunk-store.ts";
import { Target } from "../../../src/storage/node/target.ts";

interface Facts {
  readonly isComplete?: boolean;
  readonly isTailTorn?: boolean;
  readonly failure?: unknown;
  readonly takesPart?: boolean;
  readonly hasStopped?: boolean;
  readonly isReleased?: boolean;
  readonly isUpToDate?: boolean;
  readonly isFull?: boolean;
}

function localOf(state: TargetState | undefined, facts: Facts & { readonly isOpen?: boolean } = {}) {
  const { isComplete = true, isTailTorn = false, failure, isOpen = true } = facts;
  const stops: string[] = [];
  const store = { opened: { isComplete, isTailTorn }, failure, usedBytes: 10 };
  const {
    takesPart = true,
    hasStopped = false,
    isReleased = false,
    isUpToDate = false,
    isFull = false,
  } = facts;
  const replica = {
    ...{ chainVersion: 7, hasStopped, isReleased, isUpToDate, isFull },
    takesPart: () => takesPart,
    stop: () => void stops.push("stop"),
  };
  const target = new Target(
    { id: targetId(5), disk: 1, directory: "/t" },
    { store: store as unknown as ChunkStore, replica: replica as unknown as Replica },
  );
  const { local, chainVersion } = target.report(state, isOpen);
  expect(chainVersion).toBe(7);
  return { local, stops: stops.length };
}

describe("what is reported of a target", () => {
  it("is that it has everything, where it serves or was brought up to date", () => {
    expect(localOf("serving").local).toBe("upToDate");
    expect(localOf("syncing", { isUpToDate: true }).local).toBe("upToDate");
  });

  it.each([["syncing"], ["waiting"], ["offline"], ["lastServer"], [undefined]] as const)(
    "is that it is there, and nothing more, where it is %s",
    (state) => {
      expect(localOf(state).local).toBe("online");
    },
  );

  it("is not that it has everything while its node may not serve", () => {
    expect(localOf("serving", { takesPart: false }).local).toBe("online");
  });

  it.each([
    ["not complete", { isComplete: false }] as const,
    ["torn at its end", { isTailTorn: true }] as const,
  ])(
    "is that acknowledged updates may be missing when it was %s as it was opened, until it is brought up to date",
    (_, facts) => {
      expect(localOf("lastServer", facts).local).toBe("incomplete");
      expect(localOf("waiting", facts).local).toBe("incomplete");
      expect(localOf("syncing", { ...facts, isUpToDate: true }).local).toBe("upToDate");
    },
  );

  it("is that it is offline when its disk has failed", () => {
    expect(localOf("serving", { failure: new Error("EIO") }).local).toBe("offline");
  });

  it("is that it is offline before the chain knows of its start, and then it serves nothing in that version", () => {
    expect(localOf("serving", { isOpen: false })).toEqual({ local: "offline", stops: 1 });
  });

  it("is that it is offline when it let go, for as long as the chain may count on that", () => {
    for (const state of ["serving", "syncing"] as const) {
      expect(localOf(state, { hasStopped: true }).local).toBe("offline");
    }
    expect(localOf("offline", { hasStopped: true, isReleased: true }).local).toBe("offline");
    expect(localOf("offline", { hasStopped: true }).local).toBe("online");
  });

  it("is that it is offline where nobody could open it", () => {
    const target = new Target({ id: targetId(5), disk: 1, directory: "/t" }, undefined);
    expect(target.report("serving", true)).toMatchObject({ local: "offline", chainVersion: 0, disk: 1 });
  });
});
