/** Looks at the machine: which native parts work here, which fallbacks stand in, and what would change that. */
import type { Capability } from "../../capability.ts";
import { addonCapability, crcCapability } from "./addon.ts";
import { directCapability } from "./direct-io.ts";
import { fabricCapability } from "./fabric.ts";
import { fuseCapability } from "./fuse.ts";
import { hugePagesCapability, lockedMemoryCapability } from "./memory.ts";
import { uringCapability } from "./uring.ts";

export interface CapabilitiesOptions {
  /** Where direct I/O is tried; the system's folder for temporary files when not given. */
  readonly directory?: string;
}

/** Tries each thing for real; nothing is left behind. */
export async function capabilities(options: CapabilitiesOptions = {}): Promise<readonly Capability[]> {
  return [
    addonCapability(),
    crcCapability(),
    await uringCapability(),
    await directCapability(options.directory),
    await hugePagesCapability(),
    await lockedMemoryCapability(),
    await fuseCapability(),
    fabricCapability(),
  ];
}
