/** The work itself, for files of any file system. What it stands on is made once, untimed. */
import { performance } from "node:perf_hooks";
import type { BenchContext } from "../../harness/benchmark.ts";
import type { Files } from "./files.ts";
import {
  bytesOf,
  countOf,
  type FsWork,
  KIB,
  MIB,
  numbers,
  operationsOf,
  PAGE,
  sampleBytes,
} from "./workload.ts";

const SMALL_BYTES = 8 * KIB;
const LOADER_FILE_BYTES = 2 * MIB;

export class FileWork<F> {
  readonly #files: Files<F>;
  readonly #work: FsWork;
  readonly #context: BenchContext;
  readonly #piece: Uint8Array = randomBytes(MIB);
  #isPrepared = false;

  constructor(files: Files<F>, work: FsWork, context: BenchContext) {
    this.#files = files;
    this.#work = work;
    this.#context = context;
  }

  /** Milliseconds. */
  async run(round: number): Promise<number> {
    const { operation, files: count, depth } = this.#work;
    const bytes = bytesOf(this.#work, this.#context);
    const names = (prefix: string) => Array.from({ length: count }, (_, at) => `${prefix}${at}`);
    switch (operation) {
      case "sequential-write":
      case "checkpoint-save":
        return this.#timed(() => this.#writeAll(names(`w${round}-`), bytes / count));
      case "sequential-read":
      case "checkpoint-load":
        await this.#once(() => this.#writeAll(names("r"), bytes / count));
        return this.#timed(() => this.#readAll(names("r"), bytes / count));
      case "random-read":
        await this.#once(() => this.#writeAll(["random"], bytes));
        return this.#withFile("random", "r", (file) => this.#randomReads(file, bytes, round, depth));
      case "random-write":
        await this.#once(() => this.#writeAll(["random"], bytes));
        return this.#withFile("random", "r+", (file) => this.#randomWrites(file, bytes, round, depth));
      case "small-files":
        return this.#timed(() => this.#smallFiles(round));
      case "data-loader":
        return this.#loader(round);
      default:
        return operation satisfies never;
    }
  }

  /** Removes what the round wrote. */
  async tidy(round: number): Promise<void> {
    const { operation, files } = this.#work;
    if (operation !== "sequential-write" && operation !== "checkpoint-save") return;
    for (let at = 0; at < files; at++) await this.#files.remove(`w${round}-${at}`);
  }

  async #once(work: () => Promise<void>): Promise<void> {
    if (!this.#isPrepared) await work();
    this.#isPrepared = true;
  }

  async #timed(work: () => Promise<void>): Promise<number> {
    const startMs = performance.now();
    await work();
    return performance.now() - startMs;
  }

  async #withFile(name: string, flags: "r" | "r+", work: (file: F) => Promise<void>): Promise<number> {
    const file = await this.#files.open(name, flags);
    try {
      return await this.#timed(() => work(file));
    } finally {
      await this.#files.close(file);
    }
  }

  async #writeAll(names: readonly string[], bytes: number): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const file = await this.#files.open(name, "w");
        for (let at = 0; at < bytes; at += MIB) await this.#files.write(file, this.#piece, at);
        await this.#files.sync(file);
        await this.#files.close(file);
      }),
    );
  }

  async #readAll(names: readonly string[], bytes: number): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const file = await this.#files.open(name, "r");
        const into = new Uint8Array(MIB);
        for (let offset = 0; offset < bytes; offset += MIB) await this.#files.read([{ file, offset, into }]);
        await this.#files.close(file);
      }),
    );
  }

  async #randomReads(file: F, bytes: number, round: number, depth: number): Promise<void> {
    const draw = numbers(round + 1);
    const pages = Array.from({ length: depth }, () => new Uint8Array(PAGE));
    for (let left = operationsOf(this.#work, this.#context); left > 0; left -= depth) {
      await this.#files.read(pages.map((into) => ({ file, offset: draw(bytes / PAGE) * PAGE, into })));
    }
  }

  async #randomWrites(file: F, bytes: number, round: number, depth: number): Promise<void> {
    const draw = numbers(round + 1);
    const page = this.#piece.subarray(0, PAGE);
    for (let left = operationsOf(this.#work, this.#context); left > 0; left -= depth) {
      const offsets = Array.from({ length: depth }, () => draw(bytes / PAGE) * PAGE);
      await Promise.all(offsets.map((offset) => this.#files.write(file, page, offset)));
      await this.#files.sync(file);
    }
  }

  async #smallFiles(round: number): Promise<void> {
    const bytes = this.#piece.subarray(0, SMALL_BYTES);
    await sideBySide(countOf(this.#work, this.#context), this.#work.depth, async (at) => {
      const name = `s${round}-${at}`;
      await this.#files.writeWhole(name, bytes);
      const { length } = await this.#files.readWhole(name);
      if (length !== SMALL_BYTES) throw new Error(`${name} has ${length} bytes`);
      await this.#files.remove(name);
    });
  }

  async #loader(round: number): Promise<number> {
    const count = countOf(this.#work, this.#context);
    const names = Array.from({ length: count }, (_, at) => `sample${at}`);
    const sizes = numbers(7);
    const lengths = names.map(() => Math.min(sampleBytes(sizes), LOADER_FILE_BYTES));
    await this.#once(() =>
      sideBySide(count, 16, (at) => this.#files.writeWhole(names[at]!, cycled(this.#piece, lengths[at]!))),
    );
    const open = await Promise.all(names.map((name) => this.#files.open(name, "r")));
    const draw = numbers(round + 1);
    const { depth } = this.#work;
    const ms = await this.#timed(async () => {
      for (let left = operationsOf(this.#work, this.#context); left > 0; left -= depth) {
        const batch = Array.from({ length: depth }, () => draw(count));
        await this.#files.read(
          batch.map((at) => ({ file: open[at]!, offset: 0, into: new Uint8Array(lengths[at]!) })),
        );
      }
    });
    await Promise.all(open.map((file) => this.#files.close(file)));
    return ms;
  }
}

async function sideBySide(count: number, atOnce: number, one: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane));
}

/** Nothing that a device compresses away. */
function randomBytes(count: number): Uint8Array {
  const draw = numbers(99);
  const words = Uint32Array.from({ length: count / 4 }, () => draw(2 ** 32) ^ (draw(2 ** 16) << 16));
  return new Uint8Array(words.buffer);
}

function cycled(piece: Uint8Array, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += piece.length) bytes.set(piece.subarray(0, length - at), at);
  return bytes;
}
