/** DuckDB's TIME, TIME_NS and TIMETZ in JavaScript. */
import { offsetText, parseTime, timeText } from "./civil.ts";
import { valueError } from "./errors.ts";
import { inspectAs } from "./inspect.ts";

export interface TimeOptions {
  /** `us` is DuckDB's TIME, `ns` its TIME_NS. Default `us`. */
  readonly unit?: "us" | "ns";
  /** East of UTC; makes it a TIMETZ. At most 15:59:59 either way. */
  readonly offsetSeconds?: number | undefined;
}

const DAY_NANOS = 86_400_000_000_000n;
const OFFSET_MAX = 16 * 3600 - 1;

/** A time of day, from 00:00:00 to 24:00:00 inclusive. */
export class Time {
  /** Since midnight. */
  readonly nanos: bigint;
  readonly unit: "us" | "ns";
  readonly offsetSeconds: number | undefined;

  constructor(nanos: bigint, options: TimeOptions = {}) {
    const { unit = "us", offsetSeconds } = options;
    const badOffset = offsetSeconds !== undefined && !(Math.abs(offsetSeconds) <= OFFSET_MAX);
    if (nanos < 0n || nanos > DAY_NANOS)
      throw valueError("VALUE_DOES_NOT_FIT", `${nanos} ns is no time of day`);
    if (badOffset) throw valueError("VALUE_DOES_NOT_FIT", `${offsetSeconds} s is no offset of a time zone`);
    if (unit === "us" && nanos % 1000n !== 0n) {
      throw valueError(
        "VALUE_DOES_NOT_FIT",
        `${timeText(nanos)} is finer than microseconds`,
        {},
        "use unit ns",
      );
    }
    if (unit === "ns" && offsetSeconds !== undefined) {
      throw valueError("VALUE_DOES_NOT_FIT", "DuckDB has times with an offset in microseconds only");
    }
    this.nanos = nanos;
    this.unit = unit;
    this.offsetSeconds = offsetSeconds;
  }

  /** From `HH:MM[:SS[.fraction]]`, with an offset for a TIMETZ. More than six digits make it nanoseconds. */
  static from(text: string): Time {
    const parsed = parseTime(text);
    if (parsed === undefined) {
      throw valueError(
        "VALUE_DOES_NOT_FIT",
        `${JSON.stringify(text)} is no time of day`,
        {},
        "write it as HH:MM:SS",
      );
    }
    const { nanos, offsetSeconds } = parsed;
    return new Time(nanos, { unit: nanos % 1000n === 0n ? "us" : "ns", offsetSeconds });
  }

  get micros(): bigint {
    return this.nanos / 1000n;
  }

  equals(other: unknown): boolean {
    return other instanceof Time && other.unit === this.unit && other.toString() === this.toString();
  }

  toString(): string {
    return timeText(this.nanos) + (this.offsetSeconds === undefined ? "" : offsetText(this.offsetSeconds));
  }

  toJSON(): string {
    return this.toString();
  }
}

inspectAs(Time);
