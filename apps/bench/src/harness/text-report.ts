/** Results as text: one line per side, one per comparison, and where the time went when a budget was missed. */
import { formatBytes } from "@smallpond/base";
import type { Budget, Step } from "./benchmark.ts";
import type { Machine } from "./machine.ts";
import type { BenchmarkResult, ComparisonResult, SideResult } from "./run-benchmark.ts";
import type { Spread } from "./statistics.ts";

export function machineText(machine: Machine): string {
  const load = machine.load === null ? "" : `, load ${machine.load}`;
  return (
    `${machine.cores} cores (${machine.model}), ${formatBytes(machine.memoryBytes)}, ${machine.platform}${load}; ` +
    `Node ${machine.node}, DuckDB ${machine.duckdb}`
  );
}

/** A benchmark's block. Times are min / median / max over its rounds. */
export function benchmarkText(result: BenchmarkResult): string {
  const sides = result.sides.map((side) => ({
    side: side.side,
    "seconds min": digits(side.ms.min / 1000),
    median: digits(side.ms.median / 1000),
    max: digits(side.ms.max / 1000),
    ...(result.rows === null ? {} : rates(result.rows, side)),
    ...(result.operations === null ? {} : perSecond(result.operations, side)),
    "cpu s": digits(side.cpuSeconds.median),
    "peak memory": side.peakBytes === null ? "not known" : formatBytes(side.peakBytes),
  }));
  const lines = [`${result.name} — ${result.title}`, table(sides)];
  for (const { side, reason } of result.missing) lines.push(`  LEFT OUT: ${side}: ${reason}`);
  for (const comparison of result.comparisons) lines.push(`  ${comparisonText(comparison)}`);
  if (result.floor !== null) {
    const { side, perSecond: least, met } = result.floor;
    lines.push(`  ${side}: ≥ ${whole(least)} per second on a quiet machine ${met ? "met" : "MISSED"}`);
  }
  for (const { side, steps } of result.sides) {
    const missed = result.comparisons.some(
      (comparison) => comparison.side === side && comparison.met === false,
    );
    if ((missed || result.tellSteps) && steps.length > 0)
      lines.push(`  where the time of ${side} went:`, ...steps.map((step) => `    ${stepText(step)}`));
  }
  return lines.join("\n");
}

/** Rows per second, and per second of one processor, which moves less on a busy machine. */
function rates(rows: number, { ms, cpuSeconds }: SideResult): Record<string, string> {
  return {
    "M rows/s": digits(rows / ms.median / 1000),
    "per cpu s": digits(rows / cpuSeconds.median / 1e6),
  };
}

/** Operations per second by the wall clock, and per second of one processor. */
function perSecond(operations: number, { ms, cpuSeconds }: SideResult): Record<string, string> {
  return {
    "per second": whole((operations / ms.median) * 1000),
    "per cpu s": whole(operations / cpuSeconds.median),
  };
}

/** All comparisons of a run in one table. */
export function summaryText(results: readonly BenchmarkResult[]): string {
  const rows = results.flatMap((result) =>
    result.comparisons.map((comparison) => ({
      benchmark: result.name,
      side: comparison.side,
      against: comparison.against,
      "ratio min": digits(comparison.ratio.min),
      median: digits(comparison.ratio.median),
      max: digits(comparison.ratio.max),
      "cpu ratio": digits(comparison.cpuRatio.median),
      extra: comparison.perUnitMs === null ? "" : `${digits(comparison.perUnitMs.median)} ms each`,
      budget: budgetText(comparison),
    })),
  );
  return table(rows);
}

function comparisonText(comparison: ComparisonResult): string {
  const { side, against, ratio, perUnitMs } = comparison;
  const each = perUnitMs === null ? "" : `, ${spreadText(perUnitMs)} ms more each`;
  const budget = budgetText(comparison);
  return `${side} / ${against}: ${spreadText(ratio)}${each}${budget === "" ? "" : ` — ${budget}`}`;
}

function budgetText({ budget, met }: ComparisonResult): string {
  if (budget === null) return "";
  return `${limitText(budget)} ${met ? "met" : "MISSED"}`;
}

function limitText(budget: Budget): string {
  switch (budget.kind) {
    case "ratio":
      return `≤ ${budget.max}×`;
    case "ms":
      return `≤ ${budget.max} ms each`;
    case "slower":
      return `≥ ${budget.min}×`;
    default:
      return budget satisfies never;
  }
}

function stepText({ name, seconds, detail }: Step): string {
  return `${digits(seconds).padStart(7)} s  ${name}${detail === "" ? "" : ` (${detail})`}`;
}

function spreadText({ min, median, max }: Spread): string {
  return `${digits(median)} (${digits(min)} … ${digits(max)})`;
}

function digits(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) >= 100
    ? value.toFixed(0)
    : Math.abs(value) >= 10
      ? value.toFixed(1)
      : value.toFixed(2);
}

function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "–";
}

function table(rows: readonly Readonly<Record<string, string>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => row[name]!.length)));
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join("  ")}`.trimEnd();
  return [line(names), ...rows.map((row) => line(names.map((name) => row[name]!)))].join("\n");
}
