/** DuckDB's BIT in JavaScript. */
import { valueError } from "./errors.ts";
import { inspectAs } from "./inspect.ts";

/** One or more bits, as text of 0 and 1. */
export class Bits {
  readonly text: string;

  constructor(text: string) {
    if (!/^[01]+$/.test(text)) {
      throw valueError(
        "VALUE_DOES_NOT_FIT",
        `${JSON.stringify(text)} is no text of 0 and 1, at least one of them`,
      );
    }
    this.text = text;
  }

  get length(): number {
    return this.text.length;
  }

  equals(other: unknown): boolean {
    return other instanceof Bits && other.text === this.text;
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}

inspectAs(Bits);

/** DuckDB's bytes: how many bits of padding, then the bits, the padding in front and set to 1. */
export function bitsToBytes(bits: Bits): Uint8Array {
  const text = bits.toString();
  const padding = (8 - (text.length % 8)) % 8;
  const padded = "1".repeat(padding) + text;
  const bytes = new Uint8Array(1 + padded.length / 8);
  bytes[0] = padding;
  for (let index = 1; index < bytes.length; index++) {
    bytes[index] = Number.parseInt(padded.slice((index - 1) * 8, index * 8), 2);
  }
  return bytes;
}

/** The text of DuckDB's bytes. */
export function bitsTextOfBytes(bytes: Uint8Array): string {
  let text = "";
  for (let index = 1; index < bytes.length; index++) text += bytes[index]!.toString(2).padStart(8, "0");
  return text.slice(bytes[0]);
}
