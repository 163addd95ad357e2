/** Functions as an executor calls them: loaded from their code, at the rate that the session's process allows. */
import { assert } from "@smallpond/base";
import { NodeClock, NodeRandom } from "@smallpond/base/platform/node";
import { FunctionPool, type LoadFunction } from "../execution/function-pool.ts";
import type { FunctionHost } from "../execution/function-task.ts";
import type { Permits } from "../execution/rate-limiter.ts";
import { decodeArgs } from "../functions/args.ts";
import { loadFunction } from "./functions/load.ts";
import { userLine } from "./functions/user-line.ts";
import type { FromExecutor } from "./messages.ts";

export interface ExecutorFunctions extends FunctionHost {
  readonly load: LoadFunction;
  /** Lets the call begin that asked under this number. */
  permit(request: number): void;
}

export function executorFunctions(send: (message: FromExecutor) => void): ExecutorFunctions {
  const waiting = new Map<number, () => void>();
  let requests = 0;
  const permits: Permits = {
    take: (key, ratePerSecond, signal) =>
      new Promise((resolve, reject) => {
        const request = requests++;
        const onAbort = (): void => {
          waiting.delete(request);
          reject(signal.reason as Error);
        };
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        waiting.set(request, () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        });
        send({ kind: "permit", request, key, ratePerSecond });
      }),
  };
  const load: LoadFunction = async ({ code, args, name }) => {
    assert(code !== null, `${name} came without its code`);
    const fn = await loadFunction(code);
    return { ...fn, args: args === null ? undefined : decodeArgs(args), location: userLine };
  };
  return {
    load,
    functions: new FunctionPool(load),
    calls: { clock: new NodeClock(), random: new NodeRandom(), permits },
    permit(request) {
      waiting.get(request)?.();
      waiting.delete(request);
    },
  };
}
