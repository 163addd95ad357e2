/** DuckDB's five timestamp types in JavaScript. */
import { DAY_MS, dateText, isoDateText, parseDate, parseTime, timeText } from "./civil.ts";
import { valueError } from "./errors.ts";
import { FrozenDate } from "./frozen-date.ts";

export type TimestampUnit = "s" | "ms" | "us" | "ns";

export interface TimestampOptions {
  /** Default `us`: DuckDB's TIMESTAMP. */
  readonly unit?: TimestampUnit;
  /** DuckDB's TIMESTAMPTZ (unit `us`). Default false. */
  readonly withTimeZone?: boolean;
}

/** How many nanoseconds one tick of the unit is. */
export const UNIT_NANOS: Readonly<Record<TimestampUnit, bigint>> = {
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  ns: 1n,
};

/** What stands for infinity in every unit; its negative for negative infinity. */
export const INFINITE_TICKS: bigint = 2n ** 63n - 1n;

/** The first and the last finite time of each unit. DuckDB stores others too, but fails when it looks at them. */
export const TICK_RANGES: Readonly<Record<TimestampUnit, readonly [low: bigint, high: bigint]>> = {
  s: [-9_223_372_022_400n, 9_223_372_036_854n],
  ms: [-9_223_372_022_400_000n, 9_223_372_036_854_775n],
  us: [-9_223_372_022_400_000_000n, 9_223_372_036_854_775_806n],
  ns: [-9_223_286_400_000_000_000n, 9_223_372_036_854_775_806n],
};
const DAY_NANOS = BigInt(DAY_MS) * 1_000_000n;

/**
 * A point in time at the precision DuckDB has it, as a Date. The Date part is cut to milliseconds and is invalid
 * outside JavaScript's range; `ticks`, text and comparisons by `<` are right throughout. Timestamps without a time zone
 * are read as UTC.
 */
export class Timestamp extends FrozenDate {
  /** Units since 1970-01-01 00:00 UTC. */
  readonly ticks: bigint;
  readonly unit: TimestampUnit;
  readonly withTimeZone: boolean;

  constructor(ticks: bigint, options: TimestampOptions = {}) {
    const unit = options.unit ?? "us";
    super(isInfinite(ticks) ? Number.NaN : Number(floorDivide(ticks * UNIT_NANOS[unit], 1_000_000n)));
    if (BigInt.asIntN(64, ticks) !== ticks || ticks < -INFINITE_TICKS) {
      throw valueError("VALUE_DOES_NOT_FIT", `${ticks} ${unit} is outside the range of a timestamp`);
    }
    if (options.withTimeZone === true && unit !== "us") {
      throw valueError(
        "VALUE_DOES_NOT_FIT",
        `DuckDB has timestamps with time zone in microseconds only, not ${unit}`,
      );
    }
    this.ticks = ticks;
    this.unit = unit;
    this.withTimeZone = options.withTimeZone ?? false;
  }

  static infinity(options: TimestampOptions = {}): Timestamp {
    return new Timestamp(INFINITE_TICKS, options);
  }

  static negativeInfinity(options: TimestampOptions = {}): Timestamp {
    return new Timestamp(-INFINITE_TICKS, options);
  }

  /**
   * From a Date, or from text such as `2024-02-29 12:00:00.123456`, `2024-02-29T12:00Z` or `infinity`. Text with an
   * offset makes a timestamp with time zone unless the options say otherwise. Digits finer than the unit are an error.
   */
  static from(value: string | Date, options: TimestampOptions = {}): Timestamp {
    if (value instanceof Timestamp) return value.to(options);
    if (value === "infinity") return Timestamp.infinity(options);
    if (value === "-infinity") return Timestamp.negativeInfinity(options);
    const parsed = typeof value === "string" ? parseTimestamp(value) : nanosOfDate(value);
    if (parsed === undefined) {
      const hint = "write it as YYYY-MM-DD HH:MM:SS, with an offset if it has one";
      throw valueError("VALUE_DOES_NOT_FIT", `${JSON.stringify(value)} is no timestamp`, {}, hint);
    }
    return fromNanos(parsed.nanos, {
      withTimeZone: parsed.zoned && (options.unit ?? "us") === "us",
      ...options,
    });
  }

  /** The same time in another unit or with another zone flag; an error when digits would be lost. */
  to(options: TimestampOptions): Timestamp {
    if (!this.isFinite) return new Timestamp(this.ticks, options);
    return fromNanos(this.nanos, options);
  }

  get isFinite(): boolean {
    return !isInfinite(this.ticks);
  }

  /** Microseconds since 1970; for unit `ns` rounded down. Not meaningful for infinity. */
  get micros(): bigint {
    return floorDivide(this.nanos, 1000n);
  }

  /** Nanoseconds since 1970; may exceed 64 bits. Not meaningful for infinity. */
  get nanos(): bigint {
    return this.ticks * UNIT_NANOS[this.unit];
  }

  override getTime(): number {
    if (!this.isFinite) return this.ticks > 0n ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    return Number(floorDivide(this.nanos, 1_000_000n));
  }

  /** Same time, unit and zone flag. */
  equals(other: unknown): boolean {
    return (
      other instanceof Timestamp &&
      other.ticks === this.ticks &&
      other.unit === this.unit &&
      other.withTimeZone === this.withTimeZone
    );
  }

  /** As DuckDB prints it when its time zone is UTC. */
  override toString(): string {
    if (!this.isFinite) return this.ticks > 0n ? "infinity" : "-infinity";
    const { days, nanos } = split(this.nanos);
    return `${dateText(days)} ${timeText(nanos)}${this.withTimeZone ? "+00" : ""}`;
  }

  override toISOString(): string {
    if (!this.isFinite) return this.toString();
    const { days, nanos } = split(this.nanos);
    return `${isoDateText(days)}T${timeText(nanos, 3)}Z`;
  }
}

function fromNanos(nanos: bigint, options: TimestampOptions): Timestamp {
  const unit = options.unit ?? "us";
  const ticks = nanos / UNIT_NANOS[unit];
  if (ticks * UNIT_NANOS[unit] !== nanos) {
    const { days, nanos: ofDay } = split(nanos);
    const text = `${dateText(days)} ${timeText(ofDay)}`;
    throw valueError("VALUE_DOES_NOT_FIT", `${text} is finer than the unit ${unit}`, {}, "round it first");
  }
  if (isInfinite(ticks)) throw valueError("VALUE_DOES_NOT_FIT", "DuckDB reads that time as infinity");
  return new Timestamp(ticks, options);
}

function parseTimestamp(text: string): { nanos: bigint; zoned: boolean } | undefined {
  const match = /^([+-]?\d+-\d+-\d+(?: \(BC\))?)(?:[T ](.+))?$/i.exec(text.trim());
  const days = match === null ? undefined : parseDate(match[1]!);
  const time = parseTime(match?.[2] ?? "00:00");
  if (days === undefined || time === undefined) return undefined;
  const offset = BigInt(time.offsetSeconds ?? 0) * 1_000_000_000n;
  return { nanos: BigInt(days) * DAY_NANOS + time.nanos - offset, zoned: time.offsetSeconds !== undefined };
}

function nanosOfDate(date: Date): { nanos: bigint; zoned: boolean } | undefined {
  const ms = date.getTime();
  return Number.isInteger(ms) ? { nanos: BigInt(ms) * 1_000_000n, zoned: false } : undefined;
}

function split(nanos: bigint): { days: number; nanos: bigint } {
  const days = floorDivide(nanos, DAY_NANOS);
  return { days: Number(days), nanos: nanos - days * DAY_NANOS };
}

function isInfinite(ticks: bigint): boolean {
  return ticks === INFINITE_TICKS || ticks === -INFINITE_TICKS;
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return quotient * by > value ? quotient - 1n : quotient;
}
