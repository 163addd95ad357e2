/** What people say about a function that SQL calls. */
import { PondError } from "@smallpond/base";
import { isModuleFunction, type UserFunction } from "../functions/user-function.ts";
import { OptionReader } from "./option-reader.ts";

export interface UdfOptions<Args = unknown> {
  /** DuckDB types of the parameters, such as `["VARCHAR", "BIGINT"]`. SQL casts what it passes to them. */
  readonly parameters: readonly string[];
  /** The DuckDB type of the result. */
  readonly returns: string;
  /**
   * `"skip"`, the default: NULL for rows in which a parameter is NULL, without a call, as SQL's own functions do.
   * `"pass"`: the function is called with null.
   */
  readonly nulls?: "skip" | "pass";
  /**
   * Whether equal parameters may give different results, as `random()` does; default false. Otherwise the engine may
   * leave out calls whose result it knows, and a frame may be computed again.
   */
  readonly volatile?: boolean;
  /** Data for the function, its last parameter. */
  readonly args?: Args;
  /** Keeps queries that call it in the session's own process, where it may use variables around it; default false. */
  readonly inProcess?: boolean;
}

export interface UdfSettings {
  readonly parameters: readonly string[];
  readonly returns: string;
  readonly nulls: "skip" | "pass";
  readonly volatile: boolean;
  readonly args: unknown;
  readonly inProcess: boolean;
}

const VERB = "createFunction";
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PARAMETERS_MAX = 255;

/** @throws BAD_ARGUMENT naming what is wrong. */
export function udfSettings(name: unknown, options: object): UdfSettings {
  const read = new OptionReader(VERB, options);
  if (typeof name !== "string" || !NAME.test(name)) {
    throw read.bad(
      `the name must be letters, digits and _, not beginning with a digit, got ${String(name)}`,
      "SQL takes names without regard to case: normalise_url",
    );
  }
  read.expectNames(["parameters", "returns", "nulls", "volatile", "args", "inProcess"]);
  const parameters = read.value("parameters");
  const areTypes =
    Array.isArray(parameters) &&
    parameters.length <= PARAMETERS_MAX &&
    parameters.every((type) => typeof type === "string" && type !== "");
  if (!areTypes) throw read.bad('parameters must be a list of types, such as ["VARCHAR", "BIGINT"]');
  const returns = read.text("returns");
  if (returns === null || returns === "") throw read.bad('returns must be a type, such as "BIGINT"');
  return {
    parameters: [...(parameters as string[])],
    returns,
    nulls: read.oneOf("nulls", ["skip", "pass"], "skip"),
    volatile: read.flag("volatile", false),
    args: read.value("args"),
    inProcess: read.flag("inProcess", false),
  };
}

/** @throws ASYNC_UDF for a function that would return a promise, BAD_ARGUMENT for what is no function. */
export function expectSync(name: string, fn: unknown): asserts fn is UserFunction {
  if (isModuleFunction(fn)) return;
  const read = new OptionReader(VERB, {});
  if (typeof fn !== "function") {
    const hint = "a function with state is for map() and its like: SQL calls plain functions only";
    throw read.bad("expected a function, or fromModule(…)", hint);
  }
  const kind = Object.prototype.toString.call(fn);
  if (kind === "[object Function]") return;
  throw new PondError("ASYNC_UDF", {
    kind: "invalid",
    message: `${VERB}(): ${name} is ${kind === "[object AsyncFunction]" ? "an async function" : "a generator"}, and SQL waits for no promise`,
    details: { function: name },
    hint: "call services with map(), which waits for them, and join what they return",
  });
}
