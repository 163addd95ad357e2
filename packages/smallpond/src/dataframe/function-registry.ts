/** The functions of a session: nodes name them, plans check that they can travel, tasks carry what is needed of them. */
import { assert } from "@smallpond/base";
import type { LoadedFunction, LoadFunction } from "../execution/function-pool.ts";
import { decodeArgs, encodeArgs } from "../functions/args.ts";
import type { FunctionCode, FunctionForm, FunctionSpec, OutputColumn } from "../functions/spec.ts";
import { isModuleFunction, isStatefulFunction, type UserFunction } from "../functions/user-function.ts";
import type { FunctionSettings } from "./function-options.ts";

/** How functions leave this process, and come into one. */
export interface FunctionShipping {
  /** @throws FREE_VARIABLE and others when it cannot be called in another process. */
  capture(fn: UserFunction, name: string): Promise<FunctionCode>;
  load(code: FunctionCode): Promise<LoadedCode>;
  /** The line of people's own code that an error came from. */
  location(error: unknown): string | undefined;
}

/** A function without what it is called with. */
export type LoadedCode =
  | Omit<Extract<LoadedFunction, { kind: "plain" }>, "args" | "location">
  | Omit<Extract<LoadedFunction, { kind: "stateful" }>, "args" | "location">;

export interface RegisteredFunction {
  readonly name: string;
  readonly form: FunctionForm;
  readonly fn: UserFunction;
  readonly settings: FunctionSettings;
  readonly int64: "bigint" | "number";
}

interface Entry extends RegisteredFunction {
  readonly id: string;
  /** Null when it never leaves this process. */
  readonly encodedArgs: string | null;
  code: Promise<FunctionCode> | null;
  captured: FunctionCode | null;
  columns: readonly OutputColumn[] | null;
}

export class FunctionRegistry {
  readonly #shipping: FunctionShipping;
  readonly #entries = new Map<string, Entry>();

  constructor(shipping: FunctionShipping) {
    this.#shipping = shipping;
  }

  /** @throws NOT_SERIALISABLE for arguments that cannot be sent. */
  add(fn: RegisteredFunction): string {
    const id = `f${this.#entries.size}`;
    const { args, inProcess, schema } = fn.settings;
    const encodedArgs = inProcess || args === undefined ? null : encodeArgs(args, "args");
    const columns = schema === null ? null : Object.entries(schema).map(givenColumn);
    this.#entries.set(id, { ...fn, id, encodedArgs, code: null, captured: null, columns });
    return id;
  }

  /** Makes sure, before anything runs, that the function can be called in every process it may come to. */
  async capture(id: string): Promise<void> {
    const entry = this.#entry(id);
    if (entry.settings.inProcess) return;
    entry.code ??= this.#shipping.capture(entry.fn, entry.name);
    try {
      entry.captured = await entry.code;
    } catch (error) {
      entry.code = null;
      throw error;
    }
  }

  spec(id: string): FunctionSpec {
    const { name, form, captured, encodedArgs, settings, columns, int64 } = this.#entry(id);
    const { batchRows, calls } = settings;
    return { id, name, form, code: captured, args: encodedArgs, batchRows, columns, int64, calls };
  }

  /** Remembers the columns for every later plan. The first to find them out is right: files have been written by them. */
  learn(id: string, columns: readonly OutputColumn[]): void {
    this.#entry(id).columns ??= columns;
  }

  /** Functions as this process calls them: the ones it was given, not copies. */
  readonly load: LoadFunction = async ({ id }) => {
    const { fn, settings, encodedArgs, captured } = this.#entry(id);
    const args = encodedArgs === null ? settings.args : decodeArgs(encodedArgs);
    const { location } = this.#shipping;
    if (typeof fn === "function") return { kind: "plain", call: fn, args, location };
    if (isStatefulFunction(fn)) {
      return {
        kind: "stateful",
        setup: (given: never) => fn.setup(given),
        call: (input: never, state: never, context) => fn.call(input, state, context),
        teardown: (state: never) => fn.teardown?.(state),
        args,
        location,
      };
    }
    assert(isModuleFunction(fn), "what is registered is a function");
    const code = captured ?? (await this.#shipping.capture(fn, fn.name));
    return { ...(await this.#shipping.load(code)), args, location };
  };

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    assert(entry !== undefined, `function ${id} is not of this session`);
    return entry;
  }
}

function givenColumn([name, type]: readonly [string, string]): OutputColumn {
  return { name, type, always: false };
}
