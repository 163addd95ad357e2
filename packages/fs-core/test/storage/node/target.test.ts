import { describe, expect, it } from "vitest";
import { targetId } from "../../../src/ids.ts";
import type { TargetState } from "../../../src/mgmtd/model/chain.ts";
import { ANY_VERSION } from "../../../src/mgmtd/model/report.ts";
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

function localOf(state: TargetState | undefined, facts: Facts = {}) {
  const { isComplete = true, isTailTorn = false, failure } = facts;
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
    stop: () => {},
  };
  const target = new Target({ id: targetId(5), disk: 1, directory: "/t" });
  target.opened({ store: store as unknown as ChunkStore, replica: replica as unknown as Replica });
  const { local, chainVersion } = target.report(state);
  expect(chainVersion).toBe(7);
  return { local };
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

  it("is that acknowledged updates may be missing when it was not complete, until it is brought up to date", () => {
    const facts = { isComplete: false };
    expect(localOf("lastServer", facts).local).toBe("incomplete");
    expect(localOf("waiting", facts).local).toBe("incomplete");
    expect(localOf("syncing", { ...facts, isUpToDate: true }).local).toBe("upToDate");
  });

  it("is that they may be when its journal was torn at its end, unless nobody serves: a power cut tears all of a chain", () => {
    const facts = { isTailTorn: true };
    for (const state of ["waiting", "offline", "syncing"] as const) {
      expect(localOf(state, facts).local).toBe("incomplete");
    }
    expect(localOf("syncing", { ...facts, isUpToDate: true }).local).toBe("upToDate");
    expect(localOf("lastServer", facts).local).toBe("online");
    expect(localOf("lastServer", { ...facts, isComplete: false }).local).toBe("incomplete");
  });

  it("is that it is offline when its disk has failed", () => {
    expect(localOf("serving", { failure: new Error("EIO") }).local).toBe("offline");
  });

  it("is that it is offline when it let go, for as long as the chain may count on that", () => {
    for (const state of ["serving", "syncing"] as const) {
      expect(localOf(state, { hasStopped: true }).local).toBe("offline");
    }
    expect(localOf("offline", { hasStopped: true, isReleased: true }).local).toBe("offline");
    expect(localOf("offline", { hasStopped: true }).local).toBe("online");
  });

  it("is that it is offline where nobody could open it", () => {
    const target = new Target({ id: targetId(5), disk: 1, directory: "/t" });
    expect(target.report("serving")).toMatchObject({ local: "offline", chainVersion: ANY_VERSION, disk: 1 });
  });
});
