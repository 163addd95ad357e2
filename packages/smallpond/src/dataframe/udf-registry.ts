/** The functions that SQL of this session calls: registered with its own engine, and sent with the tasks that need them. */
import { isPondError, PondError } from "@smallpond/base";
import type { Database, DatabaseConnection } from "../duckdb/database.ts";
import type { SqlParser } from "../duckdb/parser.ts";
import { foldName, quoteText } from "../duckdb/text.ts";
import type { FunctionIdentity, LoadedFunction } from "../execution/function-pool.ts";
import type { ScheduledStage } from "../execution/scheduler.ts";
import type { Task } from "../execution/task.ts";
import { Udfs } from "../execution/udfs.ts";
import { decodeArgs, encodeArgs } from "../functions/args.ts";
import type { FunctionCode, UdfSpec } from "../functions/spec.ts";
import { isModuleFunction, type UserFunction } from "../functions/user-function.ts";
import type { FunctionShipping, LoadedCode } from "./function-registry.ts";
import { expectSync, type UdfSettings, udfSettings } from "./udf-options.ts";

interface Entry {
  readonly spec: UdfSpec;
  readonly fn: UserFunction;
  readonly settings: UdfSettings;
}

export interface UdfDeps {
  readonly shipping: FunctionShipping;
  readonly database: Database;
  readonly planning: DatabaseConnection;
  readonly parser: SqlParser;
  readonly int64: "bigint" | "number";
}

export class UdfRegistry {
  readonly #deps: UdfDeps;
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Set<Promise<void>>();
  /** Functions that could not be made, by the name that SQL knows them by: nobody may have waited to hear of it. */
  readonly #failed = new Map<string, unknown>();
  readonly #udfs: Udfs;

  constructor(deps: UdfDeps) {
    this.#deps = deps;
    this.#udfs = new Udfs(deps.database, (identity) => this.#load(identity));
  }

  /** Queries wait for it, also when nobody else does; a failure is told to those that name the function. */
  create(name: string, fn: unknown, options: object): Promise<void> {
    const created = this.#create(name, fn, options);
    const settled = created.catch((error: unknown) => {
      if (typeof name === "string") this.#failed.set(foldName(name), error);
    });
    this.#pending.add(settled);
    void settled.then(() => this.#pending.delete(settled));
    return created;
  }

  /** Resolves when every function that was asked for is known to the engine. */
  async ready(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** An error of a query that names a function which could not be made, with the reason why. Others stay as they are. */
  told(error: unknown): unknown {
    if (!isPondError(error, "SQL_BINDING")) return error;
    const name = MISSING_FUNCTION.exec(error.message)?.[1];
    const reason = name === undefined ? undefined : this.#failed.get(foldName(name));
    if (!isPondError(reason)) return error;
    const place = /\n {2}(SQL|step): [\s\S]*$/.exec(error.message)?.[0] ?? "";
    return new PondError(reason.code, {
      kind: reason.kind,
      message: `${reason.message}${place}`,
      details: { ...error.details, ...reason.details },
      hint: reason.hint,
    });
  }

  /** Stages whose tasks bring along the functions that their SQL names. */
  carried(stages: readonly ScheduledStage[]): readonly ScheduledStage[] {
    if (this.#entries.size === 0) return stages;
    return stages.map((stage) => ({
      ...stage,
      prepare: async () => {
        const work = await stage.prepare();
        return { ...work, task: (index, attempt) => this.#carry(work.task(index, attempt)) };
      },
    }));
  }

  /** Functions as this process calls them: the ones it was given. */
  async #load({ id }: FunctionIdentity): Promise<LoadedFunction> {
    const { fn, spec, settings } = this.#entries.get(id)!;
    const { shipping } = this.#deps;
    const args = spec.args === null ? settings.args : decodeArgs(spec.args);
    return { ...(await this.#loaded(fn, spec)), args, location: (error) => shipping.location(error) };
  }

  async #loaded(fn: UserFunction, spec: UdfSpec): Promise<LoadedCode> {
    const { shipping } = this.#deps;
    if (typeof fn === "function") return { kind: "plain", call: fn };
    return await shipping.load(spec.code ?? (await shipping.capture(fn, spec.name)));
  }

  async #create(name: string, fn: unknown, options: object): Promise<void> {
    const settings = udfSettings(name, options);
    expectSync(name, fn);
    const id = `u ${foldName(name)}`;
    await this.#expectFree(name);
    const code = await this.#code(name, fn, settings);
    const { args, inProcess } = settings;
    const encoded = inProcess || args === undefined ? null : encodeArgs(args, "args");
    const { parameters, returns, nulls, volatile } = settings;
    const { int64, parser } = this.#deps;
    const spec: UdfSpec = { id, name, code, args: encoded, parameters, returns, nulls, volatile, int64 };
    if (this.#entries.has(id)) throw taken(name, "this session has a function");
    this.#entries.set(id, { spec, fn, settings });
    this.#failed.delete(foldName(name));
    try {
      await this.#udfs.register([spec]);
    } catch (error) {
      this.#entries.delete(id);
      throw error;
    }
    if (volatile) parser.declareVolatile(name);
  }

  async #code(name: string, fn: UserFunction, { inProcess }: UdfSettings): Promise<FunctionCode | null> {
    return inProcess && !isModuleFunction(fn) ? null : await this.#deps.shipping.capture(fn, name);
  }

  /** A name that SQL would not call, or that it has a function for already. */
  async #expectFree(name: string): Promise<void> {
    const { planning, parser } = this.#deps;
    if (this.#entries.has(`u ${foldName(name)}`)) throw taken(name, "this session has a function");
    const query = `SELECT count(*) AS n FROM duckdb_functions() WHERE lower(function_name) = ${quoteText(foldName(name))}`;
    if ((await planning.row(query)).n !== "0") throw taken(name, "DuckDB has a function");
    const [tree] = await parser.expressions(`${name}(1)`).catch(() => []);
    const isCall = tree?.class === "FUNCTION" && foldName(tree.function_name as string) === foldName(name);
    if (!isCall) throw taken(name, "SQL has a word");
  }

  #carry(task: Task): Task {
    const query = foldName(task.query);
    const named = [...this.#entries.values()].filter(({ spec }) => query.includes(foldName(spec.name)));
    if (named.length === 0) return task;
    const home = task.home || named.some(({ settings }) => settings.inProcess);
    return { ...task, home, udfs: named.map(({ spec }) => spec) };
  }
}

/** As DuckDB says it. */
const MISSING_FUNCTION = /Function with name "?(\w+)"? does not exist/;

function taken(name: string, who: string): PondError {
  return new PondError("FUNCTION_EXISTS", {
    kind: "invalid",
    message: `createFunction(): ${who} ${name} already; SQL takes names without regard to case`,
    details: { function: name },
    hint: `choose another name, such as my_${name.toLowerCase()}`,
  });
}
