/** Loader hooks that hand Node the bundled module when it asks for the script. Runs in Node's loader thread. */
import type { LoadFnOutput, LoadHook } from "node:module";
import type { Bundle } from "./bundle.ts";

let served: Bundle | undefined;

export function initialize(bundle: Bundle): void {
  served = bundle;
}

export const load: LoadHook = async (url, context, nextLoad) =>
  servedModule(served, url) ?? (await nextLoad(url, context));

export function servedModule(bundle: Bundle | undefined, url: string): LoadFnOutput | undefined {
  if (bundle === undefined || url !== bundle.url) return undefined;
  return { format: "module", source: bundle.code, shortCircuit: true };
}
