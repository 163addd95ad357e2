/** Processes of this machine as owners of temporary directories. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import type { Owner, Owners } from "../storage/owner.ts";

export function machineOwners(): Owners {
  const self: Owner = { host: hostname(), pid: process.pid, started: startOf(process.pid) };
  return {
    self,
    isAlive: (owner) => {
      if (owner.host !== self.host) return true;
      return exists(owner.pid) && startOf(owner.pid) === owner.started;
    },
  };
}

/** Sends SIGTERM; false when the process cannot be reached: it is on another host, or belongs to somebody else. */
export function terminate(owner: Owner): boolean {
  if (owner.host !== hostname()) return false;
  // Gone since, and its id may be another's by now.
  if (startOf(owner.pid) !== owner.started) return true;
  try {
    return process.kill(owner.pid, "SIGTERM");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process is there too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Field 22 of `/proc/<pid>/stat`: clock ticks from boot to the start of the process. */
function startOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
