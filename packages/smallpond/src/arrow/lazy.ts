import type * as tables from "./tables.ts";

/** The Arrow room, loaded when it is first needed: apache-arrow costs 0.17 s to load, and most jobs never use it. */
export function loadArrow(): Promise<typeof tables> {
  return import("./tables.ts");
}
