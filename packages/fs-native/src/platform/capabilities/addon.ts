import { type Capability, off, on } from "../../capability.ts";
import { newCrc32c } from "../../crc32c/crc32c.ts";
import { coreAddon } from "../core-addon.ts";

/** The command that builds whatever can be built here. */
export const BUILD = "apt-get install g++, then npm test or npm start, which build it";

export function addonCapability(): Capability {
  const core = coreAddon();
  if (core.kind === "loaded") return on("core addon", `loaded, Node-API ${process.versions.napi}`);
  if (core.reason.startsWith("POND_NATIVE"))
    return off("core addon", `switched off by ${core.reason}`, "unset POND_NATIVE");
  return off("core addon", core.reason, BUILD);
}

export function crcCapability(): Capability {
  const { implementation } = newCrc32c();
  if (implementation === "javascript") return off("crc32c", "in JavaScript", BUILD);
  if (implementation === "table") return off("crc32c", "by tables: the CPU has no instruction for it", null);
  return on("crc32c", `by the CPU's ${implementation} instruction`);
}
