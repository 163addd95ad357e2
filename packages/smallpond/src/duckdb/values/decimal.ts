/** DuckDB's DECIMAL in JavaScript. */
import { valueError } from "./errors.ts";
import { inspectAs } from "./inspect.ts";

const WIDTH_MAX = 38;

/** An exact decimal number: `value / 10 ** scale`, of at most `width` digits. */
export class Decimal {
  readonly value: bigint;
  readonly width: number;
  readonly scale: number;

  constructor(value: bigint, type: { readonly width: number; readonly scale: number }) {
    const { width, scale } = type;
    const sane = Number.isInteger(width) && width >= 1 && width <= WIDTH_MAX && scale >= 0 && scale <= width;
    if (!sane || !Number.isInteger(scale)) {
      throw valueError(
        "INVALID_TYPE",
        `there is no DECIMAL(${width},${scale})`,
        {},
        "1 <= width <= 38, 0 <= scale <= width",
      );
    }
    if (digitsOf(value) > width) {
      throw valueError(
        "VALUE_DOES_NOT_FIT",
        `${plain(value, scale)} does not fit DECIMAL(${width},${scale})`,
      );
    }
    this.value = value;
    this.width = width;
    this.scale = scale;
  }

  /**
   * From text (`-12.30`, `1e-3`), a bigint or a number; a number counts as the shortest text that JavaScript prints for
   * it. Width and scale are the smallest that hold all digits written.
   */
  static from(value: string | number | bigint): Decimal {
    const { digits, scale } = parseDecimal(value);
    return new Decimal(digits, { width: Math.max(digitsOf(digits), scale, 1), scale });
  }

  /** The same number with another width and scale, or undefined when digits would be lost. */
  to(type: { readonly width: number; readonly scale: number }): Decimal | undefined {
    const value = rescale(this.value, this.scale, type.scale);
    return value === undefined || digitsOf(value) > type.width ? undefined : new Decimal(value, type);
  }

  /** The nearest number. */
  toNumber(): number {
    return Number(this.toString());
  }

  /** For arithmetic and comparisons; as inexact as numbers are. */
  valueOf(): number {
    return this.toNumber();
  }

  /** Same number, width and scale. */
  equals(other: unknown): boolean {
    return (
      other instanceof Decimal &&
      other.value === this.value &&
      other.width === this.width &&
      other.scale === this.scale
    );
  }

  /** All digits, as DuckDB prints them: `12.30`. */
  toString(): string {
    return plain(this.value, this.scale);
  }

  /** The same text: JSON numbers would lose digits. */
  toJSON(): string {
    return this.toString();
  }
}

inspectAs(Decimal);

/** Digits and scale of a number as written. */
export function parseDecimal(value: string | number | bigint): { digits: bigint; scale: number } {
  const match = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?\s*$/.exec(String(value));
  const [, sign, whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole + fraction === "" || Math.abs(Number(exponent)) > 400) {
    throw valueError("VALUE_DOES_NOT_FIT", `${JSON.stringify(String(value))} is no decimal number`);
  }
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** The value at another scale, or undefined when that would cut digits other than zero. */
export function rescale(value: bigint, from: number, to: number): bigint | undefined {
  if (to >= from) return value * 10n ** BigInt(to - from);
  const by = 10n ** BigInt(from - to);
  return value % by === 0n ? value / by : undefined;
}

/** The value at a smaller scale, rounded half away from zero as DuckDB does. */
export function roundScale(value: bigint, from: number, to: number): bigint {
  if (to >= from) return value * 10n ** BigInt(to - from);
  const by = 10n ** BigInt(from - to);
  const half = value < 0n ? -by / 2n : by / 2n;
  return (value + half) / by;
}

export function digitsOf(value: bigint): number {
  return value === 0n ? 0 : String(value < 0n ? -value : value).length;
}

function plain(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, "0");
  const sign = value < 0n ? "-" : "";
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
