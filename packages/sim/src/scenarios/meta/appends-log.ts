/** What writers appended to shared files, and what readers were told of those: lengths never fall, bytes never change (I3). */
import { PondError } from "@smallpond/base";

interface Append {
  readonly offset: bigint;
  readonly bytes: Uint8Array;
}

export class AppendsLog {
  readonly #acknowledged: Map<string, Append[]> = new Map();

  /** Files that were appended to. */
  get count(): number {
    return [...this.#acknowledged.values()].reduce((sum, appends) => sum + appends.length, 0);
  }

  of(file: string): readonly Append[] {
    return this.#acknowledged.get(file) ?? [];
  }

  /** Where the furthest byte ends that anybody knows was written. */
  endOf(file: string): bigint {
    return this.of(file).reduce((end, append) => (endOf(append) > end ? endOf(append) : end), 0n);
  }

  /** Storage acknowledged the bytes. Throws if the range was given to somebody else before. */
  appended(file: string, append: Append): void {
    for (const other of this.of(file)) {
      const meet = append.offset < endOf(other) && other.offset < endOf(append);
      if (meet) throw wrong(`${file}: bytes ${append.offset}–${endOf(append)} were reserved twice`);
    }
    this.#acknowledged.set(file, [...this.of(file), append]);
  }

  /** A reader was told a length that it asked for when `end` was known to be written. */
  sawLength(file: string, length: bigint, end: bigint): void {
    if (length < end)
      throw wrong(`${file}: its length is ${length}, and ${end} bytes were acknowledged before`);
  }

  sawBytes(file: string, { offset, bytes }: Append, seen: Uint8Array): void {
    const same = seen.length === bytes.length && seen.every((byte, at) => byte === bytes[at]);
    if (!same) throw wrong(`${file}: the bytes at ${offset} are not those that were acknowledged`);
  }
}

function endOf({ offset, bytes }: Append): bigint {
  return offset + BigInt(bytes.length);
}

function wrong(message: string): PondError<"APPEND_LOST"> {
  return new PondError("APPEND_LOST", { kind: "internal", message });
}
