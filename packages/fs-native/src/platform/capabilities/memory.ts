import { readFile } from "node:fs/promises";
import { formatBytes } from "@smallpond/base";
import { type Capability, off, on } from "../../capability.ts";

/** What a pool of the default size locks. */
const LOCKED_BYTES_WANTED = 256 * 2 ** 20;

export async function hugePagesCapability(): Promise<Capability> {
  const text = await readFile("/proc/meminfo", "utf8").catch(() => "");
  const total = Number(/^HugePages_Total:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  const free = Number(/^HugePages_Free:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  if (total > 0) return on("huge pages", `${free} of ${total} are free`);
  return off("huge pages", "none are set aside; ordinary pages are used", "sysctl vm.nr_hugepages=128");
}

/** Registered buffers and network cards count against the limit; without enough of it the kernel looks pages up each time. */
export async function lockedMemoryCapability(): Promise<Capability> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max locked memory\s+(\S+)/m.exec(limits)?.[1];
  if (soft === undefined) return off("locked memory", "this system does not say", null);
  if (soft === "unlimited") return on("locked memory", "no limit");
  const privileged = process.getuid?.() === 0;
  if (privileged)
    return on("locked memory", `the limit of ${formatBytes(Number(soft))} does not hold for root`);
  if (Number(soft) >= LOCKED_BYTES_WANTED) return on("locked memory", `up to ${formatBytes(Number(soft))}`);
  const found = `up to ${formatBytes(Number(soft))}, which is less than a pool`;
  return off("locked memory", found, "ulimit -l unlimited, or LimitMEMLOCK=infinity of a systemd service");
}
