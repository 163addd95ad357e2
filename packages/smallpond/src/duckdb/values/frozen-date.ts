/** A Date whose setters throw: its exact value lives beside the Date, and the two must not drift apart. */

import { inspectAs } from "./inspect.ts";

export abstract class FrozenDate extends Date {
  /** As DuckDB prints it. */
  abstract override toString(): string;

  /** ISO 8601 at full precision, or `infinity` and `-infinity`. */
  abstract override toISOString(): string;

  override toJSON(): string {
    return this.toISOString();
  }

  /** Milliseconds since 1970, also outside the range of Date and for infinity, so that comparing works. */
  override valueOf(): number {
    return this.getTime();
  }
}

inspectAs(FrozenDate);

for (const name of Object.getOwnPropertyNames(Date.prototype)) {
  if (!name.startsWith("set")) continue;
  Object.defineProperty(FrozenDate.prototype, name, {
    configurable: true,
    value(this: Date): never {
      throw new TypeError(
        `${this.constructor.name} does not change; copy it first: new Date(value.getTime())`,
      );
    },
  });
}
