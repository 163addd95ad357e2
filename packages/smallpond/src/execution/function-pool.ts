/** The functions that one process calls: each loaded once, its state made once, and given up in order at the end. */
import { isPondError, PondError } from "@smallpond/base";
import type { FunctionCode } from "../functions/spec.ts";
import type { CallContext } from "../functions/user-function.ts";

/** A function as its process has it. */
export type LoadedFunction = (
  | { readonly kind: "plain"; call(input: never, args: never, context: CallContext): unknown }
  | {
      readonly kind: "stateful";
      setup(args: never): unknown;
      call(input: never, state: never, context: CallContext): unknown;
      teardown?(state: never): unknown;
    }
) & {
  readonly args: unknown;
  /** The user's own line that an error came from, such as `/home/me/job.ts:12:5`. */
  location(error: unknown): string | undefined;
};

/** Ready to be called. */
export interface OpenFunction {
  readonly name: string;
  call(input: never, context: CallContext): unknown;
  location(error: unknown): string | undefined;
}

/** What of a function decides which one it is. */
export interface FunctionIdentity {
  readonly id: string;
  readonly name: string;
  readonly code: FunctionCode | null;
  readonly args: string | null;
}

export type LoadFunction = (identity: FunctionIdentity) => Promise<LoadedFunction>;

interface Held {
  readonly open: OpenFunction;
  close(): Promise<void>;
}

export class FunctionPool {
  readonly #load: LoadFunction;
  readonly #held = new Map<string, Promise<Held>>();

  constructor(load: LoadFunction) {
    this.#load = load;
  }

  /** The function with its state. What fails is tried again by whoever asks next. */
  async open(identity: FunctionIdentity): Promise<OpenFunction> {
    const key = keyOf(identity);
    let held = this.#held.get(key);
    if (held === undefined) {
      held = this.#start(identity);
      this.#held.set(key, held);
      held.catch(() => this.#held.delete(key));
    }
    return (await held).open;
  }

  /** Gives up all states; throws the first failure of a `teardown` when all have run. */
  async close(): Promise<void> {
    const held = [...this.#held.values()];
    this.#held.clear();
    const closed = await Promise.allSettled(held.map(async (one) => await (await one).close()));
    const failed = closed.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }

  async #start(identity: FunctionIdentity): Promise<Held> {
    const fn = await this.#load(identity);
    const { name } = identity;
    const location = (error: unknown): string | undefined => fn.location(error);
    if (fn.kind === "plain") {
      const args = fn.args as never;
      const call = (input: never, context: CallContext): unknown => fn.call(input, args, context);
      return { open: { name, call, location }, close: () => Promise.resolve() };
    }
    const state = (await named(`setup() of ${name}`, fn, () => fn.setup(fn.args as never))) as never;
    return {
      open: { name, call: (input, context) => fn.call(input, state, context), location },
      close: async () => void (await named(`teardown() of ${name}`, fn, () => fn.teardown?.(state))),
    };
  }
}

/** Two nodes with the same code and arguments share one state; a function that never leaves its process is itself. */
function keyOf({ id, code, args }: FunctionIdentity): string {
  if (code === null) return id;
  const entry = code.kind === "bundle" ? code.exportName : "";
  return JSON.stringify([code.hash, entry, args]);
}

async function named(what: string, fn: LoadedFunction, work: () => unknown): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (isPondError(error)) throw error;
    const location = fn.location(error);
    throw new PondError("FUNCTION_FAILED", {
      kind: "invalid",
      message: `${what} threw: ${textOf(error)}${location === undefined ? "" : `\n  thrown at ${location}`}`,
      details: { function: what },
      cause: error,
    });
  }
}

/** What somebody threw, in words. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
