/** How Node's console prints the value classes. */

/** Shared with `node:util` by this name alone. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

type Inspect = (value: unknown) => string;

/** Makes `console.log` and friends print values of the class as `text` says, by default their `toString`. */
export function inspectAs<T extends object>(
  type: { readonly prototype: T },
  text: (value: T, inspect: Inspect) => string = String,
): void {
  Object.defineProperty(type.prototype, INSPECT, {
    configurable: true,
    value(this: T, _depth: number, _options: unknown, inspect: Inspect): string {
      return text(this, inspect);
    },
  });
}
