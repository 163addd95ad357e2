/** Runs a script in this process as `node script` would, until it and everything it started is over. */
import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { PondError } from "@smallpond/base";
import { bundle } from "./bundle.ts";
import { serve } from "./serve.ts";

/** Resolves when the script's top level is done; timers and other work of its own may still run. */
export async function execute(script: string, args: readonly string[]): Promise<void> {
  const path = realPath(script);
  const bundled = await bundle(path);
  process.setSourceMapsEnabled(true);
  process.argv = [process.execPath, resolve(script), ...args];
  // CommonJS files among the script's own may require packages.
  if (bundled.code.includes("__require")) {
    Object.assign(globalThis, { require: createRequire(bundled.url) });
  }
  serve(bundled);
  await import(bundled.url);
}

function realPath(script: string): string {
  try {
    return realpathSync(script);
  } catch (cause) {
    throw new PondError("SCRIPT_NOT_FOUND", {
      kind: "invalid",
      message: `there is no script ${script}`,
      details: { path: script },
      hint: `looked in ${process.cwd()}; check the path`,
      cause: (cause as NodeJS.ErrnoException).code === "ENOENT" ? undefined : cause,
    });
  }
}
