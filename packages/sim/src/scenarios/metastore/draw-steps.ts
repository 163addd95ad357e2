/** Random transactions over a few keys: `k…` hold text, `n…` are counters, `v…` are stamped with versions. */
import type { Random } from "@smallpond/base";
import type { TransactionStep } from "../../checkers/ordered-transactions.ts";
import { pick } from "../../nemeses/index.ts";

export interface DrawSettings {
  readonly keys: number;
  /** Steps of one transaction at most. */
  readonly stepsMax: number;
  /** Share of transactions that only read. */
  readonly readShare: number;
}

export function drawSteps(random: Random, settings: DrawSettings): readonly TransactionStep[] {
  const count = 1 + random.int(settings.stepsMax);
  if (random.next() < settings.readShare)
    return Array.from({ length: count }, () => drawRead(random, settings));
  const kind = random.next();
  // The two that find most: what was read decides what is written, and what was read is not what is written.
  if (kind < 0.25) return swap(random, settings);
  if (kind < 0.4) return skew(random, settings);
  const steps = Array.from({ length: count }, () =>
    random.next() < 0.4 ? drawRead(random, settings) : drawWrite(random, settings),
  );
  return steps.some(({ kind: each }) => each !== "get" && each !== "range")
    ? steps
    : [...steps, drawWrite(random, settings)];
}

function drawRead(random: Random, { keys }: DrawSettings): TransactionStep {
  if (random.next() < 0.3) {
    const [begin, end] = drawRange(random, keys);
    return { kind: "range", begin, end, limit: 1 + random.int(keys), reverse: random.next() < 0.3 };
  }
  const space = pick(random, ["k", "k", "n", "v"]);
  return { kind: "get", key: `${space}${random.int(keys)}` };
}

function drawWrite(random: Random, { keys }: DrawSettings): TransactionStep {
  const at = random.int(keys);
  const draw = random.next();
  if (draw < 0.4) return { kind: "set", key: `k${at}`, value: newValue(random) };
  if (draw < 0.5) return { kind: "clear", key: `k${at}` };
  if (draw < 0.6) {
    const [begin, end] = drawRange(random, keys);
    return { kind: "clearRange", begin, end };
  }
  // Unlike summands: which of several were added can be told from the sum.
  if (draw < 0.8) return { kind: "add", key: `n${at}`, delta: BigInt(1 + random.int(1_000_000)) };
  return { kind: "max", key: `n${at}`, value: BigInt(random.int(100_000_000)) };
}

/** Reads two keys and writes both. */
function swap(random: Random, { keys }: DrawSettings): readonly TransactionStep[] {
  const [a, b] = [random.int(keys), random.int(keys)];
  return [
    { kind: "get", key: `k${a}` },
    { kind: "get", key: `k${b}` },
    { kind: "set", key: `k${a}`, value: newValue(random) },
    { kind: "set", key: `v${b}`, value: newValue(random), stamped: true },
  ];
}

/** Reads one or a range and writes another: write skew, if nobody looks. */
function skew(random: Random, settings: DrawSettings): readonly TransactionStep[] {
  return [
    drawRead(random, settings),
    { kind: "set", key: `k${random.int(settings.keys)}`, value: newValue(random) },
  ];
}

function drawRange(random: Random, keys: number): readonly [string, string] {
  const [a, b] = [random.int(keys), random.int(keys)];
  return [`k${Math.min(a, b)}`, `k${Math.max(a, b) + 1}`];
}

function newValue(random: Random): string {
  return random.u64().toString(36).slice(0, 8);
}
