/** Which boot of the machine this is. */
import { readFile } from "node:fs/promises";
import { uptime } from "node:os";
import { NodeClock } from "@smallpond/base/platform/node";

const MINUTE_MS = 60_000;

/** Another text after each start of the machine; beyond Linux, one that also differs when the wall clock was set. */
export async function readBootId(): Promise<string> {
  try {
    return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  } catch {
    return `up since ${Math.round((new NodeClock().wallMs() - uptime() * 1000) / MINUTE_MS)}`;
  }
}
