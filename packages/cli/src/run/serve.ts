/** Makes `import(bundle.url)` load the bundle instead of the file. Nothing is written, so any folder will do. */
import * as module from "node:module";
import type { Bundle } from "./bundle.ts";
import { servedModule } from "./serve-hooks.ts";

interface SyncHooks {
  load(url: string, context: unknown, nextLoad: (url: string, context: unknown) => unknown): unknown;
}

/** Hooks in this thread, which Node has from 22.15 on; `register` is on its way out there. */
type RegisterHooks = (hooks: SyncHooks) => unknown;

export function serve(bundle: Bundle): void {
  const { registerHooks } = module as { registerHooks?: RegisterHooks };
  if (registerHooks === undefined) {
    module.register(new URL("./serve-hooks.js", import.meta.url), { data: bundle });
    return;
  }
  registerHooks({
    load: (url, context, nextLoad) => servedModule(bundle, url) ?? nextLoad(url, context),
  });
}
