/** Seeds that once failed: `packages/sim/seeds/<scenario>.txt`, a seed and why it is there on each line. */
import { readdir, readFile } from "node:fs/promises";

export interface CorpusSeed {
  readonly scenario: string;
  readonly seed: number;
  readonly reason: string;
}

const SEEDS = new URL("../../seeds/", import.meta.url);

/** Every seed of every scenario, in order. Throws if a line is not a number with a reason. */
export async function readCorpus(): Promise<readonly CorpusSeed[]> {
  const names = (await readdir(SEEDS)).filter((name) => name.endsWith(".txt")).sort();
  const files = names.map(async (name) => {
    const lines = (await readFile(new URL(name, SEEDS), "utf8"))
      .split("\n")
      .filter((line) => line.trim() !== "");
    return lines.map((line) => parseLine(name, line));
  });
  return (await Promise.all(files)).flat();
}

function parseLine(name: string, line: string): CorpusSeed {
  const match = /^(\d+) +(\S.*)$/.exec(line);
  if (match === null) throw new Error(`seeds/${name}: not "seed reason": ${line}`);
  return { scenario: name.slice(0, -".txt".length), seed: Number(match[1]), reason: match[2]! };
}
