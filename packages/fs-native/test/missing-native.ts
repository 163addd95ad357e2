/** Why a part of the addon cannot be tested here, in brackets; undefined when it can. */
import { coreAddon } from "../src/platform/core-addon.ts";

export function missingNative(exported: string): string | undefined {
  const core = coreAddon();
  if (core.kind === "missing") return ` (no addon: ${core.reason})`;
  return exported in core.addon ? undefined : " (not for this system)";
}
