/** Scripts that run as a user who owns nothing. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";

export const NOBODY = 65_534;

/** What runs the rest of a command as that user; it takes root. */
export const AS_NOBODY: readonly string[] = [
  "setpriv",
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  "--clear-groups",
];

/** Why that user cannot run scripts of this checkout, for the name of a test that is skipped. */
export const NOBODY_IS_SHUT_OUT: string | undefined = whyShutOut();

function whyShutOut(): string | undefined {
  if (process.geteuid?.() !== 0) return " (to become another user takes root)";
  for (const path of [process.execPath, createRequire(import.meta.url).resolve("tsx")]) {
    const [command, ...args] = [...AS_NOBODY, "test", "-r", path];
    if (spawnSync(command!, args).status !== 0)
      return ` (other users may not read ${path}: chmod o+x above it)`;
  }
  return undefined;
}
