/** The history of a file system's files, against a tiny one that keeps them in memory and can be made to err. */
import { describe, expect, test } from "vitest";
import { FileHistory } from "../../src/scenarios/fs/history/file-history.ts";
import { runsOf, stamped, UNIT_BYTES } from "../../src/scenarios/fs/history/stamps.ts";

const CHUNK_BYTES = 64 * UNIT_BYTES;

class TinyFiles {
  readonly history: FileHistory = new FileHistory({ nowMs: () => 0 }, { chunkBytes: CHUNK_BYTES });
  bytes: Uint8Array = new Uint8Array(0);

  constructor() {
    this.history.madeEmpty("f");
  }

  write(at: number, units: number): { readonly id: number; readonly bytes: Uint8Array } {
    const id = this.history.newWrite();
    const open = this.history.call("w", { kind: "write", write: id, units, place: { file: "f", at } });
    const bytes = stamped(id, units);
    this.put(at * UNIT_BYTES, bytes);
    open.answered(true);
    return { id, bytes };
  }

  append(units: number, answered = true): number {
    const id = this.history.newWrite();
    const open = this.history.call("a", { kind: "write", write: id, units, place: undefined, appends: true });
    this.put(this.bytes.length, stamped(id, units));
    if (answered) open.answered(true);
    return id;
  }

  cut(length: number): void {
    const open = this.history.call("c", { kind: "cut", file: "f", length });
    this.bytes = Uint8Array.from({ length }, (_, at) => this.bytes[at] ?? 0);
    open.answered(true);
  }

  read(offset: number, count: number, alter: (bytes: Uint8Array) => void = () => {}): void {
    const open = this.history.call("r", { kind: "read", file: "f", offset });
    const bytes = this.bytes.slice(offset, offset + count);
    alter(bytes);
    open.answered(bytes);
  }

  look(length = this.bytes.length): void {
    this.history.look("l").answered("f", length);
  }

  put(offset: number, bytes: Uint8Array): void {
    const next = new Uint8Array(Math.max(this.bytes.length, offset + bytes.length));
    next.set(this.bytes);
    next.set(bytes, offset);
    this.bytes = next;
  }
}

describe("stamps", () => {
  test("tell the write and the place in it", () => {
    const bytes = new Uint8Array(6 * UNIT_BYTES);
    bytes.set(stamped(7, 5).subarray(2 * UNIT_BYTES), UNIT_BYTES);
    expect(runsOf(bytes, "it")).toEqual([
      { units: 1, write: 0, at: 0 },
      { units: 3, write: 7, at: 2 },
      { units: 2, write: 0, at: 0 },
    ]);
  });

  test("show any bit that turned over", () => {
    for (let bit = 0; bit < UNIT_BYTES * 8; bit++) {
      const bytes = stamped(3, 1);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => runsOf(bytes, "it")).toThrow(/nobody wrote/);
    }
  });

  test("show bytes of another place as a break", () => {
    const bytes = stamped(3, 4);
    bytes.copyWithin(UNIT_BYTES, 2 * UNIT_BYTES, 3 * UNIT_BYTES);
    expect(runsOf(bytes, "it").map(({ at }) => at)).toEqual([0, 2, 2]);
  });
});

describe("a history of files", () => {
  test("accepts writes across chunks, cuts, appends and lengths of a file system that is right", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    files.write(60, 140);
    files.read(0, 4 * CHUNK_BYTES);
    files.look();
    files.cut(70 * UNIT_BYTES);
    files.write(100, 3);
    files.look();
    files.read(30 * UNIT_BYTES, 3 * CHUNK_BYTES);
    files.append(5);
    files.read(0, 4 * CHUNK_BYTES);
    files.history.check();
  });

  test("lets a write that was given up happen until it is over, and not after that", () => {
    for (const happensLate of [false, true]) {
      const files = new TinyFiles();
      files.write(0, 10);
      const id = files.history.newWrite();
      const open = files.history.call("w", {
        kind: "write",
        write: id,
        units: 4,
        place: { file: "f", at: 0 },
      });
      if (!happensLate) files.put(0, stamped(id, 4));
      open.over();
      if (!happensLate) files.read(0, CHUNK_BYTES);
      files.write(0, 10);
      if (happensLate) files.put(0, stamped(id, 4));
      files.read(0, CHUNK_BYTES);
      if (happensLate) expect(() => files.history.check()).toThrow(/no order/);
      else files.history.check();
    }
  });

  test("finds an older write seen after a newer one", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    const before = files.bytes;
    files.write(2, 2);
    files.read(0, CHUNK_BYTES);
    files.read(0, CHUNK_BYTES, (bytes) => bytes.set(before));
    expect(() => files.history.check()).toThrow(/no order explains the chunk f\/0/);
  });

  test("finds half of a write in one chunk", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    const old = files.bytes;
    files.write(0, 10);
    files.read(0, CHUNK_BYTES, (bytes) => bytes.set(old.subarray(0, 5 * UNIT_BYTES)));
    expect(() => files.history.check()).toThrow(/no order/);
  });

  test("finds an acknowledged write that is gone", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    files.read(0, CHUNK_BYTES, (bytes) => bytes.fill(0));
    expect(() => files.history.check()).toThrow(/no order/);
  });

  test("finds what was cut off and came back", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    const old = files.bytes;
    files.cut(4 * UNIT_BYTES);
    files.write(12, 1);
    files.read(0, CHUNK_BYTES);
    files.read(0, CHUNK_BYTES, (bytes) => bytes.set(old));
    expect(() => files.history.check()).toThrow(/no order/);
  });

  test("finds a length that fell, and one that nobody reached", () => {
    const short = new TinyFiles();
    short.write(0, 10);
    short.look(5 * UNIT_BYTES);
    expect(() => short.history.check()).toThrow(/no order explains the length of f/);
    const long = new TinyFiles();
    long.write(0, 10);
    long.look(11 * UNIT_BYTES);
    expect(() => long.history.check()).toThrow(/no order explains the length of f/);
  });

  test("finds bytes that lie somewhere else than they were written", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    files.bytes.copyWithin(20 * UNIT_BYTES, 0, 0);
    files.put(20 * UNIT_BYTES, files.bytes.slice(0, 2 * UNIT_BYTES));
    expect(() => files.read(0, CHUNK_BYTES)).toThrow(/is in f at unit 20, and in f at 0/);
  });

  test("finds an append that happened twice", () => {
    const files = new TinyFiles();
    const id = files.append(4, false);
    files.put(files.bytes.length, stamped(id, 4));
    expect(() => files.read(0, CHUNK_BYTES)).toThrow(/is in f at unit 4, and in f at 0/);
  });

  test("lets what nobody was answered happen late, or never", () => {
    const files = new TinyFiles();
    files.write(0, 10);
    const lost = files.history.newWrite();
    files.history.call("x", { kind: "write", write: lost, units: 4, place: { file: "f", at: 0 } });
    files.read(0, CHUNK_BYTES);
    files.write(0, 10);
    files.put(0, stamped(lost, 4));
    files.read(0, CHUNK_BYTES);
    files.history.check();
  });
});
