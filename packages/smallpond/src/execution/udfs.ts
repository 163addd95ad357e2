/** Functions that SQL calls, made known to a database: the session's own, or that of an executor. */
import type { Database } from "../duckdb/database.ts";
import { registerScalarFunction } from "../duckdb/scalar-function.ts";
import type { UdfSpec } from "../functions/spec.ts";
import { type LoadedFunction, type LoadFunction, textOf } from "./function-pool.ts";

export class Udfs {
  readonly #database: Database;
  readonly #load: LoadFunction;
  readonly #known = new Map<string, Promise<void>>();

  constructor(database: Database, load: LoadFunction) {
    this.#database = database;
    this.#load = load;
  }

  /** Makes the functions known, each once. */
  async register(specs: readonly UdfSpec[]): Promise<void> {
    for (const spec of specs) {
      let known = this.#known.get(spec.id);
      if (known === undefined) {
        known = this.#register(spec);
        this.#known.set(spec.id, known);
        known.catch(() => this.#known.delete(spec.id));
      }
      await known;
    }
  }

  async #register(spec: UdfSpec): Promise<void> {
    const fn = await this.#load(spec);
    await using connection = await this.#database.connect();
    await registerScalarFunction(connection, { ...spec, call: callOf(fn), describe: describeOf(spec, fn) });
  }
}

/** The parameters, and after them the arguments that were given with the function. */
function callOf(fn: LoadedFunction): (...values: unknown[]) => unknown {
  const call = fn.call as (...values: unknown[]) => unknown;
  const { args } = fn;
  return args === undefined ? call : (...values) => call(...values, args);
}

function describeOf({ name }: UdfSpec, fn: LoadedFunction): (error: unknown) => string {
  return (error) => {
    const location = fn.location(error);
    return `${name}() threw: ${textOf(error)}${location === undefined ? "" : `\n  thrown at ${location}`}`;
  };
}
