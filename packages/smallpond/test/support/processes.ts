/** Looking at real processes. */
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

/** Whether the process uses a good part of a core now. */
export async function isBusy(pid: number): Promise<boolean> {
  const before = cpuTicks(pid);
  await sleep(300);
  return cpuTicks(pid) - before > 10;
}

/** Hundredths of a second on a core so far; those of a process that is gone count no more. */
function cpuTicks(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ");
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

/** Waits until something is so; fails the test when it takes too long. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  msMax = 10_000,
): Promise<void> {
  const start = performance.now();
  while (!(await isSo())) {
    if (performance.now() - start > msMax) throw new Error(`${what} did not happen within ${msMax} ms`);
    await sleep(10);
  }
}
