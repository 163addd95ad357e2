/**
 * Keeps the module of a function from being the job itself: an executor loads it to call one function, and a session
 * that it opened would run the job once more, in every executor.
 */
import { PondError } from "@smallpond/base";

// Shared by every copy of this package in the process: the module may import another one than the executor does.
const LOADING: unique symbol = Symbol.for("smallpond/function-modules-loading") as never;

/** Runs `load` while {@link refuseInFunctionModule} refuses, naming the module. */
export async function whileLoading<T>(module: string, load: () => Promise<T>): Promise<T> {
  const loading = loadingModules();
  loading.push(module);
  try {
    return await load();
  } finally {
    loading.splice(loading.lastIndexOf(module), 1);
  }
}

/** @throws FUNCTION_MODULE_RUNS_JOB while the module of a function is loaded. */
export function refuseInFunctionModule(what: string): void {
  const module = loadingModules().at(-1);
  if (module === undefined) return;
  throw new PondError("FUNCTION_MODULE_RUNS_JOB", {
    kind: "invalid",
    message: `${module} was loaded to call a function that it exports, and its top level called ${what}`,
    details: { module },
    hint: "move the function to a module of its own that only exports functions, and import it in the job",
  });
}

function loadingModules(): string[] {
  const holder = globalThis as { [LOADING]?: string[] };
  holder[LOADING] ??= [];
  return holder[LOADING];
}
