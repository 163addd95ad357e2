import { isPondError } from "@smallpond/base";
import { ManualClock } from "@smallpond/base/testing";
import { describe, expect, test } from "vitest";
import { Metrics } from "../../../src/service/metrics.ts";
import { DeficitRoundRobin } from "../../../src/storage/classes/deficit-round-robin.ts";
import { Permits } from "../../../src/storage/classes/permits.ts";
import { type ShareSettings, shareSettings } from "../../../src/storage/classes/settings.ts";
import { TokenBucket } from "../../../src/storage/classes/token-bucket.ts";
import { TrafficShares } from "../../../src/storage/classes/traffic-shares.ts";
import type { TrafficClass } from "../../../src/storage/protocol/common.ts";

const KiB = 1024;
const of = (weight: number, inFlightPart = 1, waitingMax = 10_000) => ({ weight, inFlightPart, waitingMax });
const CLASSES: ShareSettings["classes"] = {
  foreground: of(4),
  resync: of(1),
  cache: of(2),
  control: of(1),
};
const settings = (change: Partial<ShareSettings> = {}) =>
  shareSettings({ classes: CLASSES, pieceBytes: 0, bytesInFlightMax: 100 * KiB, ...change });

const later = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
};

describe("deficit round robin", () => {
  test("busy classes get bytes as their weights are, whatever the sizes of their pieces", () => {
    const robin = new DeficitRoundRobin(settings());
    const sizes: Record<string, number> = {
      foreground: 4 * KiB,
      resync: 1024 * KiB,
      cache: 100 * KiB,
      control: 10,
    };
    const got: Record<TrafficClass, number> = { foreground: 0, resync: 0, cache: 0, control: 0 };
    const fill = () => {
      for (const [name, bytes] of Object.entries(sizes)) {
        while (robin.waiting(name as TrafficClass) < 500)
          robin.add({ trafficClass: name as TrafficClass, bytes });
      }
    };
    for (let all = 0; all < 256 * 1024 * KiB; ) {
      fill();
      const piece = robin.next(() => true)!;
      got[piece.trafficClass] += piece.bytes;
      all += piece.bytes;
    }
    // Eight shares; pieces are whole, so it is as exact as the largest piece.
    const share = (256 * 1024 * KiB) / 8;
    expect(Math.abs(got.foreground - 4 * share)).toBeLessThan(2048 * KiB);
    expect(Math.abs(got.cache - 2 * share)).toBeLessThan(2048 * KiB);
    expect(Math.abs(got.resync - share)).toBeLessThan(2048 * KiB);
    expect(Math.abs(got.control - share)).toBeLessThan(2048 * KiB);
  });

  test("a class that comes back after a pause has saved nothing up", () => {
    const robin = new DeficitRoundRobin(settings());
    for (let at = 0; at < 1000; at++) robin.add({ trafficClass: "resync", bytes: 64 * KiB });
    for (let at = 0; at < 900; at++) robin.next(() => true);
    for (let at = 0; at < 100; at++) robin.add({ trafficClass: "control", bytes: 64 * KiB });
    const order = Array.from({ length: 20 }, () => robin.next(() => true)!.trafficClass);
    expect(order.filter((name) => name === "control").length).toBe(10);
  });

  test("within a class the order is kept, and what is removed does not come", () => {
    const robin = new DeficitRoundRobin(settings());
    const pieces = [1, 2, 3].map((bytes) => ({ trafficClass: "cache" as const, bytes }));
    for (const piece of pieces) robin.add(piece);
    robin.remove(pieces[1]!);
    expect(robin.next(() => true)).toBe(pieces[0]);
    expect(robin.next(() => false)).toBeUndefined();
    expect(robin.next(() => true)).toBe(pieces[2]);
    expect(robin.next(() => true)).toBeUndefined();
  });
});

describe("traffic shares", () => {
  const newShares = (change: Partial<ShareSettings> = {}) =>
    new TrafficShares({ metrics: new Metrics() }, settings(change));

  function started(shares: TrafficShares) {
    const begun: string[] = [];
    const ends: Map<string, () => void> = new Map();
    const start = (name: string, trafficClass: TrafficClass, bytes: number, signal?: AbortSignal) =>
      shares.run(
        trafficClass,
        bytes,
        () =>
          new Promise<void>((resolve) => {
            begun.push(name);
            ends.set(name, resolve);
          }),
        signal === undefined ? {} : { signal },
      );
    return { begun, ends, start };
  }

  test("while there is room nobody waits, then the bytes under way are bounded", async () => {
    const shares = newShares();
    const { begun, ends, start } = started(shares);
    const all = [start("a", "foreground", 60 * KiB), start("b", "resync", 40 * KiB), start("c", "cache", 1)];
    await later();
    expect(begun).toEqual(["a", "b"]);
    expect(shares.bytesInFlight).toBe(100 * KiB);
    expect(shares.waiting).toBe(1);
    ends.get("b")!();
    await later();
    expect(begun).toEqual(["a", "b", "c"]);
    for (const end of ends.values()) end();
    await Promise.all(all);
    expect(shares.bytesInFlight).toBe(0);
  });

  test("something large goes alone, and others do not overtake it for ever", async () => {
    const shares = newShares();
    const { begun, ends, start } = started(shares);
    const all = [start("small", "foreground", 10), start("large", "resync", 500 * KiB)];
    await later();
    for (let at = 0; at < 10; at++) all.push(start(`next ${at}`, "foreground", 10));
    await later();
    expect(begun).toEqual(["small"]);
    ends.get("small")!();
    await later();
    expect(begun).toEqual(["small", "large"]);
    ends.get("large")!();
    await later();
    expect(begun.length).toBe(12);
    for (const end of ends.values()) end();
    await Promise.all(all);
  });

  test("a class has its part of what is under way, and leaves the rest to others", async () => {
    const shares = newShares({ classes: { ...CLASSES, resync: of(1, 0.5) } });
    const { begun, ends, start } = started(shares);
    const all = [1, 2, 3, 4].map((at) => start(`r${at}`, "resync", 20 * KiB));
    all.push(start("f", "foreground", 60 * KiB));
    await later();
    expect(begun).toEqual(["r1", "r2", "f"]);
    ends.get("r1")!();
    await later();
    expect(begun).toEqual(["r1", "r2", "f", "r3"]);
    for (const name of ["f", "r2", "r3"]) ends.get(name)!();
    await later();
    ends.get("r4")!();
    await Promise.all(all);
  });

  test("too many are refused, and who gives up makes way", async () => {
    const metrics = new Metrics();
    const classes = { ...CLASSES, cache: of(1, 1, 1) };
    const shares = new TrafficShares({ metrics }, settings({ classes }));
    const { begun, ends, start } = started(shares);
    const first = start("a", "foreground", 100 * KiB);
    // Chosen, and waits for room; behind it one waits.
    const abort = new AbortController();
    const chosen = start("b", "cache", 10, abort.signal);
    const second = start("c", "cache", 10);
    await expect(start("d", "cache", 10)).rejects.toSatisfy((error) => isPondError(error, "STORE_BUSY"));
    abort.abort(new Error("enough"));
    await expect(chosen).rejects.toThrow("enough");
    ends.get("a")!();
    await first;
    await later();
    expect(begun).toEqual(["a", "c"]);
    ends.get("c")!();
    await second;
    expect(metrics.text()).toContain('pond_storage_class_refused_total{class="cache"} 1');
    expect(metrics.text()).toContain('pond_storage_class_waiting{class="cache"} 0');
    const gone = new AbortController();
    gone.abort(new Error("gone"));
    await expect(start("e", "cache", 1, gone.signal)).rejects.toThrow("gone");
    expect(shares.bytesInFlight).toBe(0);
  });

  test("work that fails gives its room back", async () => {
    const shares = newShares();
    await expect(shares.run("control", 5, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(shares.bytesInFlight).toBe(0);
  });
});

describe("a rate", () => {
  test("is kept over time, in order of asking, with a burst after a pause", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ clock }, { bytesPerSecond: 1000, burstBytes: 500 });
    const went: number[] = [];
    for (let at = 0; at < 10; at++) void bucket.take(250).then(() => went.push(clock.monotonicMs()));
    await clock.advance(10_000);
    expect(went).toEqual([0, 0, 0, 250, 500, 750, 1000, 1250, 1500, 1750]);
    await bucket.take(1_000_000);
    const abort = new AbortController();
    const waiting = bucket.take(1, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(clock.pendingCount).toBe(0);
  });

  test("of 0 is none", async () => {
    const clock = new ManualClock();
    const bucket = new TokenBucket({ clock }, { bytesPerSecond: 0, burstBytes: 0 });
    for (let at = 0; at < 10; at++) await bucket.take(2 ** 30);
    bucket.set({ bytesPerSecond: 1, burstBytes: 0 });
    await bucket.take(1);
    void bucket.take(1);
    expect(clock.pendingCount).toBe(1);
  });
});

describe("permits", () => {
  test("so many run at once, in order of asking; too many are refused", async () => {
    const permits = new Permits({ max: 2, waitersMax: 2 });
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const run = (at: number, signal?: AbortSignal) =>
      permits.run(
        () => {
          begun.push(at);
          return new Promise<void>((resolve) => ends.push(resolve));
        },
        signal === undefined ? {} : { signal },
      );
    const abort = new AbortController();
    const all = [run(0), run(1)];
    const given = run(2, abort.signal);
    all.push(run(3));
    await expect(run(4)).rejects.toSatisfy((error) => isPondError(error, "STORE_BUSY"));
    abort.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    ends[0]!();
    await later();
    expect(begun).toEqual([0, 1, 3]);
    ends[1]!();
    ends[2]!();
    await Promise.all(all);
    expect(permits.held).toBe(0);
  });
});
