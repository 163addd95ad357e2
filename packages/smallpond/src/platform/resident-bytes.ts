/** Resident memory of a process, from the operating system. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const PAGE_BYTES = 4096;

/** Bytes resident now; 0 when the process is gone. */
export function residentBytesOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    if (process.platform === "linux") {
      return Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]) * PAGE_BYTES;
    }
    return Number(execFileSync("ps", ["-o", "rss=", "-p", String(pid)], { encoding: "latin1" })) * 1024;
  } catch {
    return 0;
  }
}

/** Resident memory of this process. */
export function ownResidentBytes(): number {
  return process.memoryUsage.rss();
}
