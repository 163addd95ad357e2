/** The Arrow room, loaded when it is first needed: apache-arrow costs 0.17 s to load, and most jobs never use it. */
export function loadArrow(): Promise<typeof import("./tables.ts")> {
  return import("./tables.ts");
}
