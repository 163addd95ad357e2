/** The functions of a session: nodes name them, tasks call them. */
import { assert } from "@smallpond/base";
import type { StoredColumn } from "../duckdb/stored-column.ts";
import type { TaskFunction, TaskFunctions } from "../execution/function-task.ts";

export class FunctionRegistry implements TaskFunctions {
  readonly #functions = new Map<string, TaskFunction>();

  add(fn: Omit<TaskFunction, "columns">): string {
    const id = `f${this.#functions.size}`;
    this.#functions.set(id, { ...fn, columns: undefined });
    return id;
  }

  get(id: string): TaskFunction {
    const fn = this.#functions.get(id);
    assert(fn !== undefined, `function ${id} is not of this session`);
    return fn;
  }

  /** The columns of what a function returned, once it returned a row. */
  columns(id: string): readonly StoredColumn[] | undefined {
    return this.get(id).columns;
  }
}
