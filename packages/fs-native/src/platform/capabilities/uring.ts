import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { isPondError } from "@smallpond/base";
import { type Capability, off, on } from "../../capability.ts";
import { coreAddon } from "../core-addon.ts";
import { openDiskQueue } from "../disk/open-queue.ts";
import { BUILD } from "./addon.ts";

const SWITCH = "/proc/sys/kernel/io_uring_disabled";

export async function uringCapability(): Promise<Capability> {
  if (coreAddon().kind === "missing") return off("io_uring", "needs the core addon", BUILD);
  try {
    await openDiskQueue({ engine: "io_uring", depth: 1 }).close();
    return on("io_uring", `kernel ${release()}`);
  } catch (error) {
    const code = isPondError(error) ? error.code : String(error);
    return off("io_uring", `the kernel (${release()}) answers ${code}`, await remedy());
  }
}

async function remedy(): Promise<string> {
  const disabled = await readFile(SWITCH, "utf8").catch(() => "");
  if (/^[12]/.test(disabled)) return "sysctl kernel.io_uring_disabled=0";
  return "run where io_uring is allowed: Linux 5.4 or newer, in containers with a seccomp profile that has it";
}
