/** DuckDB's DATE in JavaScript. */
import { DAY_MS, dateText, isoDateText, parseDate } from "./civil.ts";
import { valueError } from "./errors.ts";
import { FrozenDate } from "./frozen-date.ts";

const INFINITE_DAYS = 2 ** 31 - 1;

/**
 * A day without a time, as a Date at midnight UTC. Prints as `YYYY-MM-DD`. DuckDB's dates reach further than
 * JavaScript's; the ones outside are invalid as a Date, but keep their `days`, print and compare.
 */
export class CalendarDate extends FrozenDate {
  /** Days since 1970-01-01. */
  readonly days: number;

  static readonly INFINITY: CalendarDate = new CalendarDate(INFINITE_DAYS);
  static readonly NEGATIVE_INFINITY: CalendarDate = new CalendarDate(-INFINITE_DAYS);

  constructor(days: number) {
    super(days * DAY_MS);
    if (!Number.isInteger(days) || Math.abs(days) > INFINITE_DAYS) {
      throw valueError("VALUE_DOES_NOT_FIT", `${days} is no number of days of a DATE`);
    }
    this.days = days;
  }

  /** From `YYYY-MM-DD` (also `infinity`), or the UTC day of a Date. */
  static from(value: string | Date): CalendarDate {
    if (value instanceof CalendarDate) return value;
    const days = typeof value === "string" ? daysOfText(value) : Math.floor(value.getTime() / DAY_MS);
    if (days === undefined || Number.isNaN(days)) {
      throw valueError(
        "VALUE_DOES_NOT_FIT",
        `${JSON.stringify(value)} is no date`,
        {},
        "write it as YYYY-MM-DD",
      );
    }
    return new CalendarDate(days);
  }

  get isFinite(): boolean {
    return Math.abs(this.days) !== INFINITE_DAYS;
  }

  override getTime(): number {
    return this.isFinite ? this.days * DAY_MS : this.days * Number.POSITIVE_INFINITY;
  }

  equals(other: unknown): boolean {
    return other instanceof CalendarDate && other.days === this.days;
  }

  override toString(): string {
    return this.isFinite ? dateText(this.days) : infinityText(this.days);
  }

  override toISOString(): string {
    return this.isFinite ? isoDateText(this.days) : infinityText(this.days);
  }
}

function daysOfText(text: string): number | undefined {
  if (text === "infinity") return INFINITE_DAYS;
  return text === "-infinity" ? -INFINITE_DAYS : parseDate(text);
}

function infinityText(days: number): string {
  return days > 0 ? "infinity" : "-infinity";
}
