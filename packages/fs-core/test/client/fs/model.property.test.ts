/**
 * Random work on files through several handles of two clients, against the plainest model: an array of bytes a file.
 * Limits are small, storage takes its time, answers of metadata get lost. Handles of one client see each other's bytes at
 * once; the other client sees them once they were synced.
 */
import { fc, test } from "@fast-check/vitest";
import { PondError, SeededRandom } from "@smallpond/base";
import { expect } from "vitest";
import type { FileHandle, OpenFlags } from "../../../src/client/file-system.ts";
import { CHUNK_BYTES, ClientWorld, sameBytes, type TestFileSystem } from "./world.ts";

interface Handle {
  readonly file: FileHandle;
  readonly flags: OpenFlags;
  readonly model: Model;
}

interface Model {
  bytes: Uint8Array;
}

const step = fc.record({
  what: fc.constantFrom(
    "open",
    "open",
    "write",
    "write",
    "write",
    "writeOn",
    "writeOn",
    "read",
    "read",
    "readv",
    "truncate",
    "truncatePath",
    "sync",
    "close",
    "stat",
    "readFile",
    "writeFile",
    "copy",
    "stream",
    "sleep",
    "other",
  ),
  name: fc.constantFrom("/a", "/b"),
  flags: fc.constantFrom<OpenFlags[]>("r", "r+", "w", "w+", "a", "a+", "r+", "a+"),
  /** Around the borders of chunks, or anywhere. */
  at: fc.oneof(
    fc.nat(300),
    fc.integer({ min: CHUNK_BYTES - 200, max: CHUNK_BYTES + 200 }),
    fc.nat(3 * CHUNK_BYTES),
  ),
  count: fc.oneof(fc.nat(100), fc.nat(5000), fc.nat(2 * CHUNK_BYTES)),
  pick: fc.nat(20),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const limits = fc.record({
  gatherBytes: fc.constantFrom(4096, 8192, CHUNK_BYTES),
  directBytes: fc.constantFrom(3000, 20_000, 10_000_000),
  segmentsMax: fc.constantFrom(1, 3, 32),
  dirtyBytesPerFile: fc.constantFrom(CHUNK_BYTES, 4 * CHUNK_BYTES),
  dirtyBytes: fc.constantFrom(CHUNK_BYTES, 4 * CHUNK_BYTES),
  freshMs: fc.constantFrom(0, 1000),
  readAheadBytes: fc.constantFrom(0, 50_000),
  readAheadBytesAll: fc.constant(100_000),
  readAheadBlockBytes: fc.constantFrom(4096, 16_384),
  streamBlockBytes: fc.constantFrom(4096, CHUNK_BYTES),
  streamBlocks: fc.constantFrom(1, 3),
});

test.prop([fc.array(step, { maxLength: 60, size: "max" }), limits, fc.nat(2 ** 30)], {
  numRuns: 40,
})(
  "files are as their model, whatever is gathered, read ahead or lost on the way",
  async (steps, settings, seed) => {
    const world = await ClientWorld.open({ seed });
    const run = new Run(world, settings, seed);
    await world.run(async () => {
      for (const each of steps) await run.take(each);
      await run.end();
    });
    await world.close();
  },
);

class Run {
  readonly world: ClientWorld;
  readonly clients: readonly TestFileSystem[];
  readonly models: Map<string, Model> = new Map();
  readonly handles: Handle[][] = [[], []];
  readonly #freshMs: number;
  /** Who acts. The other one knows what was synced before it took its turn. */
  #turn: 0 | 1 = 0;
  #byte = 0;

  constructor(world: ClientWorld, settings: { readonly freshMs: number }, seed: number) {
    this.world = world;
    this.#freshMs = settings.freshMs;
    const chance = new SeededRandom(seed);
    this.clients = [0, 1].map(() => {
      const client = world.client({ ...settings, pool: { regionBytes: 2 ** 17, bytesMax: 2 ** 18 } });
      client.io.fault = async () => {
        if (chance.next() < 0.5) await world.clock.sleep(chance.int(30));
      };
      client.lost = async () => {
        if (chance.next() < 0.05) throw noAnswer();
      };
      return client;
    });
  }

  async take(step: Step): Promise<void> {
    const { what, name, at, count, pick, flags } = step;
    const { fs } = this.clients[this.#turn]!;
    const mine = this.handles[this.#turn]!;
    const handle = mine[pick % Math.max(1, mine.length)];
    const path = this.models.get(name);
    if (what === "open") return this.#open(name, flags);
    if (what === "other") return this.#other();
    if (what === "sleep") return this.world.clock.sleep(at % 3000);
    if (what === "writeFile") return this.#writeFile(name, count % 9000);
    if (path !== undefined) {
      if (what === "truncatePath") {
        await fs.truncate(name, BigInt(at));
        path.bytes = resized(path.bytes, at);
      } else if (what === "stat") {
        expect((await fs.stat(name)).size).toBe(BigInt(path.bytes.length));
      } else if (what === "readFile") {
        sameBytes(await fs.readFile(name), path.bytes);
      } else if (what === "copy") {
        await fs.copy(name, "/copy");
        sameBytes(await fs.readFile("/copy"), path.bytes);
      }
    }
    if (handle !== undefined) await this.#use(handle, step);
  }

  async end(): Promise<void> {
    await this.#other();
    const { fs } = this.clients[this.#turn]!;
    for (const [name, { bytes }] of this.models) sameBytes(await fs.readFile(name), bytes);
    for (const handle of this.handles.flat()) await handle.file.close();
    for (const [name, { bytes }] of this.models) {
      sameBytes(await fs.readFile(name), bytes);
      expect((await fs.stat(name)).size).toBe(BigInt(bytes.length));
    }
  }

  async #open(name: string, flags: OpenFlags): Promise<void> {
    const mine = this.handles[this.#turn]!;
    let model = this.models.get(name);
    if (mine.length >= 4 || (model === undefined && flags.startsWith("r"))) return;
    model ??= { bytes: new Uint8Array(0) };
    this.models.set(name, model);
    const file = await this.clients[this.#turn]!.fs.open(name, flags);
    if (flags.startsWith("w")) model.bytes = new Uint8Array(0);
    mine.push({ file, flags, model });
  }

  async #writeFile(name: string, count: number): Promise<void> {
    const model = this.models.get(name) ?? { bytes: new Uint8Array(0) };
    this.models.set(name, model);
    model.bytes = this.#bytes(count);
    await this.clients[this.#turn]!.fs.writeFile(name, model.bytes.slice());
  }

  async #use(handle: Handle, { what, at, count }: Step): Promise<void> {
    const { file, flags, model } = handle;
    if (what === "write" || what === "writeOn") return this.#write(handle, { what, at, count });
    if (what === "sync") return file.sync();
    if (what === "close") {
      await file.close();
      this.handles[this.#turn]!.splice(this.handles[this.#turn]!.indexOf(handle), 1);
    }
    if (what === "truncate" && flags !== "r") {
      await file.truncate(BigInt(at));
      model.bytes = resized(model.bytes, at);
    }
    if (flags === "w" || flags === "a") return;
    if (what === "read") {
      // In small steps, so that some of it is read ahead.
      const size = Math.max(1, Math.ceil(count / 4));
      for (let from = at; from < at + count; from += size) {
        const into = new Uint8Array(size);
        const read = await file.read(into, { offset: BigInt(from) });
        sameBytes(into.subarray(0, read), model.bytes.subarray(from, from + size));
      }
    }
    if (what === "readv") {
      const into = [new Uint8Array(count), new Uint8Array(7), new Uint8Array(count)];
      const read = await file.readv(into, { offset: BigInt(at) });
      sameBytes(Buffer.concat(into).subarray(0, read), model.bytes.subarray(at, at + 2 * count + 7));
    }
    if (what === "stream") {
      const parts: Buffer[] = [];
      for await (const part of file.readable({ start: BigInt(at) })) parts.push(part as Buffer);
      sameBytes(Buffer.concat(parts), model.bytes.subarray(at));
    }
  }

  async #write(
    { file, flags, model }: Handle,
    { what, at, count }: Pick<Step, "what" | "at" | "count">,
  ): Promise<void> {
    if (flags === "r") return;
    const isAppend = flags.startsWith("a");
    for (const part of [count, Math.ceil(count / 3)]) {
      const bytes = this.#bytes(part);
      const start = isAppend ? model.bytes.length : at;
      if (bytes.length > 0) {
        model.bytes = resized(model.bytes, Math.max(model.bytes.length, start + bytes.length));
        model.bytes.set(bytes, start);
      }
      const sent = bytes.slice();
      await file.write(sent, { offset: BigInt(at) });
      // It was lent until then, and is the caller's again.
      sent.fill(0xee);
      if (what === "write") return;
      at += part;
    }
  }

  async #other(): Promise<void> {
    for (const { file } of this.handles[this.#turn]!) await file.sync();
    this.#turn = this.#turn === 0 ? 1 : 0;
    if (this.#freshMs > 0) await this.world.clock.sleep(this.#freshMs + 1);
  }

  #bytes(count: number): Uint8Array {
    this.#byte = (this.#byte % 250) + 1;
    const salt = this.#byte;
    return Uint8Array.from({ length: count }, (_, at) => ((salt * 37 + at * 11 + (at >> 8)) % 255) + 1);
  }
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const other = new Uint8Array(length);
  other.set(bytes.subarray(0, length));
  return other;
}

function noAnswer(): PondError {
  return new PondError("NO_ANSWER", { kind: "unknown-outcome", message: "the answer was lost" });
}
