/** Days and clock times as text and back, over DuckDB's whole range, in the proleptic Gregorian calendar. */

export const DAY_MS = 86_400_000;

export interface CivilDate {
  /** Astronomical: year 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** The date that is `days` after 1970-01-01. After Howard Hinnant, "chrono-compatible low-level date algorithms". */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1 };
}

/** Days since 1970-01-01, or undefined when there is no such date. */
export function daysFromCivil({ year, month, day }: CivilDate): number | undefined {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** As DuckDB prints dates: `2024-02-29`, `0044-03-15 (BC)`. */
export function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const text = `${pad(year > 0 ? year : 1 - year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
  return year > 0 ? text : `${text} (BC)`;
}

/** As ISO 8601 does, with expanded years outside 0 to 9999: `-000043-03-15`. */
export function isoDateText(days: number): string {
  const { year, month, day } = civilFromDays(days);
  const plain = year >= 0 && year <= 9999;
  const yearText = plain ? pad(year, 4) : `${year < 0 ? "-" : "+"}${pad(Math.abs(year), 6)}`;
  return `${yearText}-${pad(month, 2)}-${pad(day, 2)}`;
}

/** `HH:MM:SS` and the fraction without trailing zeros, but at least `digitsMin` of it. Up to 24:00:00. */
export function timeText(nanos: bigint, digitsMin = 0): string {
  const seconds = Number(nanos / 1_000_000_000n);
  const fraction = pad(Number(nanos % 1_000_000_000n), 9);
  const digits = Math.max(digitsMin, fraction.replace(/0+$/, "").length);
  const clock = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`;
  return digits === 0 ? clock : `${clock}.${fraction.slice(0, digits)}`;
}

/** `+02`, `-02:30` or `+15:59:59`. */
export function offsetText(offsetSeconds: number): string {
  const size = Math.abs(offsetSeconds);
  const parts = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  while (parts.length > 1 && parts.at(-1) === 0) parts.pop();
  return (offsetSeconds < 0 ? "-" : "+") + parts.map((part) => pad(part, 2)).join(":");
}

/** The days of `2024-02-29`, `0044-03-15 (BC)` or `-000043-03-15`; undefined when the text is no date. */
export function parseDate(text: string): number | undefined {
  const match = /^([+-]?\d{1,7})-(\d{1,2})-(\d{1,2})( \(BC\))?$/.exec(text.trim());
  if (match === null) return undefined;
  const written = Number(match[1]);
  const year = match[4] === undefined ? written : 1 - written;
  return daysFromCivil({ year, month: Number(match[2]), day: Number(match[3]) });
}

export interface ClockTime {
  /** Since midnight, up to 24:00:00. */
  readonly nanos: bigint;
  readonly offsetSeconds: number | undefined;
}

/** `HH:MM[:SS[.fraction]]` with an optional `Z` or offset; undefined when the text is none. */
export function parseTime(text: string): ClockTime | undefined {
  const match =
    /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2}(?::?\d{2})?)?)?$/i.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  const fraction = BigInt((match[4] ?? "").padEnd(9, "0"));
  const nanos = BigInt((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000n + fraction;
  if (minutes > 59 || seconds > 59 || nanos > 86_400_000_000_000n) return undefined;
  return { nanos, offsetSeconds: match[5] === undefined ? undefined : parseOffset(match[5]) };
}

function parseOffset(text: string): number {
  if (text.toUpperCase() === "Z") return 0;
  const digits = text.slice(1).replaceAll(":", "").padEnd(6, "0");
  const size =
    Number(digits.slice(0, 2)) * 3600 + Number(digits.slice(2, 4)) * 60 + Number(digits.slice(4, 6));
  return text.startsWith("-") ? -size : size;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
