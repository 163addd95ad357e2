/** The file that disk benchmarks read and write: random bytes, so that no device compresses them away. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, open, stat } from "node:fs/promises";
import { type BenchContext, SuiteSkipped } from "../../harness/benchmark.ts";

export const FILE_BYTES: number = 1024 * 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;

export function dataFile({ dataDir }: BenchContext): string {
  return `${dataDir}/native.bin`;
}

/** @throws SuiteSkipped without fio, which the disk is compared to. */
export async function prepareFile(context: BenchContext, log: (line: string) => void): Promise<void> {
  if (spawnSync("fio", ["--version"]).status !== 0) {
    throw new SuiteSkipped("there is no fio (apt-get install fio)");
  }
  await mkdir(context.dataDir, { recursive: true });
  const path = dataFile(context);
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size === FILE_BYTES) return;
  log(`writing ${path}`);
  await using file = await open(path, "w");
  for (let at = 0; at < FILE_BYTES; at += PIECE_BYTES)
    await file.write(randomBytes(PIECE_BYTES), 0, PIECE_BYTES, at);
  await file.sync();
}
