/** DuckDB's INTERVAL in JavaScript. */
import { timeText } from "./civil.ts";
import { valueError } from "./errors.ts";
import { inspectAs } from "./inspect.ts";

/** Months, days and microseconds, which do not convert into each other: months and days vary in length. */
export class Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: bigint;

  constructor(parts: { readonly months?: number; readonly days?: number; readonly micros?: bigint }) {
    const { months = 0, days = 0, micros = 0n } = parts;
    if ((months | 0) !== months || (days | 0) !== days || BigInt.asIntN(64, micros) !== micros) {
      const text = `${months} months, ${days} days, ${micros} microseconds`;
      throw valueError("VALUE_DOES_NOT_FIT", `an INTERVAL cannot hold ${text}`);
    }
    this.months = months;
    this.days = days;
    this.micros = micros;
  }

  equals(other: unknown): boolean {
    return (
      other instanceof Interval &&
      other.months === this.months &&
      other.days === this.days &&
      other.micros === this.micros
    );
  }

  /** As DuckDB prints it: `1 year 2 months -3 days 04:05:06.7`. */
  toString(): string {
    const parts = [
      plural(Math.trunc(this.months / 12), "year"),
      plural(this.months % 12, "month"),
      plural(this.days, "day"),
    ].filter((part) => part !== "");
    if (this.micros !== 0n || parts.length === 0) parts.push(clock(this.micros));
    return parts.join(" ");
  }

  toJSON(): string {
    return this.toString();
  }
}

inspectAs(Interval);

function plural(count: number, unit: string): string {
  if (count === 0) return "";
  return `${count} ${unit}${Math.abs(count) === 1 ? "" : "s"}`;
}

function clock(micros: bigint): string {
  return micros < 0n ? `-${timeText(-micros * 1000n)}` : timeText(micros * 1000n);
}
