import { type Capability, off, on } from "../../capability.ts";
import { loadAddon } from "../load-addon.ts";

export function fabricCapability(): Capability {
  const fabric = loadAddon<object>("fabric");
  if (fabric.kind === "loaded") return on("fabric", "libfabric is there");
  return off("fabric", fabric.reason, "apt-get install libfabric-dev, then npm test or npm start");
}
