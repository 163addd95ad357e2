/** One of those who write: it alone changes its files, and knows what must be in them. */
import type { Random } from "@smallpond/base";
import type { FileHandle, FileSystem } from "@smallpond/fs-core";
import { FileModel } from "./file-model.ts";
import { CELL_BYTES, patternOf } from "./pattern.ts";
import type { Tally } from "./tally.ts";

export interface WriterDeps {
  readonly fs: FileSystem;
  readonly random: Random;
  readonly tally: Tally;
  /** All files of all writers, by which others read them and all are looked at in the end. */
  readonly files: Map<string, FileModel>;
  readonly newFileId: () => number;
}

interface Open {
  readonly model: FileModel;
  readonly handle: FileHandle;
  readonly isAppend: boolean;
}

const MIB = 2 ** 20;
const FILE_BYTES = 6 * MIB;
const FILES_MAX = 4;
const UNACKED_MAX = 12;
const DIRECT_BYTES = 4 * MIB;

export class Writer {
  readonly #deps: WriterDeps;
  readonly #name: string;
  #open: Open[] = [];

  constructor(deps: WriterDeps, name: string) {
    this.#deps = deps;
    this.#name = name;
  }

  async run(isOver: () => boolean): Promise<void> {
    const { tally } = this.#deps;
    while (!isOver() && tally.complaints.length === 0) await this.#step();
  }

  /** Everything is acknowledged, except of files that were given up. */
  async finish(): Promise<void> {
    for (const open of [...this.#open]) await this.#close(open);
  }

  async #step(): Promise<void> {
    const { random } = this.#deps;
    if (this.#open.length < 2 || (this.#open.length < FILES_MAX && random.int(8) === 0)) {
      await this.#create();
      return;
    }
    const open = this.#open[random.int(this.#open.length)]!;
    const draw = random.int(100);
    await this.#change(open, async () => {
      if (draw < 30) await (open.isAppend ? this.#append(open) : this.#writeOn(open));
      else if (draw < 55) await (open.isAppend ? this.#append(open) : this.#writeAnywhere(open));
      else if (draw < 58) await (open.isAppend ? this.#sync(open) : this.#giveUp(open));
      else if (draw < 64) await this.#truncate(open);
      else if (draw < 82) await this.#read(open);
      else if (draw < 92) await this.#sync(open);
      else if (draw < 96) await this.#close(open);
      else if (draw < 98) await this.#remove(open);
      else await this.#small();
      if (open.model.unacked >= UNACKED_MAX) await this.#sync(open);
    });
  }

  async #create(): Promise<void> {
    const { fs, random, tally, files, newFileId } = this.#deps;
    // Files that were closed are opened again now and then.
    const known = [...files.values()].filter(
      ({ path, isBroken, isRemoving }) =>
        path.startsWith(`/chaos/${this.#name}-`) &&
        !isBroken &&
        !isRemoving &&
        this.#open.every(({ model }) => model.path !== path),
    );
    const again = known.length > 0 && random.int(2) === 0 ? known[random.int(known.length)] : undefined;
    const id = newFileId();
    const model = again ?? new FileModel(id, `/chaos/${this.#name}-${id}`, FILE_BYTES / CELL_BYTES);
    files.set(model.path, model);
    const isAppend = random.int(4) === 0;
    try {
      const handle = await tally.time(again === undefined ? "create" : "open", () =>
        fs.open(model.path, again === undefined ? (isAppend ? "a+" : "w+") : isAppend ? "a+" : "r+"),
      );
      this.#open.push({ model, handle, isAppend });
    } catch (error) {
      model.isBroken = true;
      tally.failed("open", error);
    }
  }

  /** A file whose change failed is left as it is. */
  async #change(open: Open, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#deps.tally.failed("change", error);
      open.model.isBroken = true;
      this.#open = this.#open.filter((each) => each !== open);
      await open.handle.close().catch(() => {});
    }
  }

  async #writeOn(open: Open): Promise<void> {
    const { model } = open;
    const from = model.length + MIB > FILE_BYTES ? 0 : model.length;
    await this.#write(open, "write 1 MiB", from, from + MIB);
  }

  async #writeAnywhere(open: Open): Promise<void> {
    const { random } = this.#deps;
    for (let count = 1 + random.int(8); count > 0; count--) {
      const from = random.int((FILE_BYTES - 4096) / CELL_BYTES) * CELL_BYTES;
      await this.#write(open, "write 4 KiB", from, from + 4096);
    }
  }

  async #append(open: Open): Promise<void> {
    const { model } = open;
    const bytes = (1 + this.#deps.random.int(4096)) * CELL_BYTES;
    const from = model.length;
    if (from + bytes > FILE_BYTES) await this.#truncate(open);
    else await this.#write(open, "append", from, from + bytes);
  }

  async #write({ model, handle }: Open, name: string, from: number, to: number): Promise<void> {
    const { tally } = this.#deps;
    const bytes = patternOf(model.id, from, to, model.write(from, to));
    await tally.time(name, () => handle.write(bytes, { offset: BigInt(from) }));
    tally.bytesWritten += bytes.length;
  }

  /** A large write that is not waited for: it may happen or not, until another one comes over it. */
  async #giveUp(open: Open): Promise<void> {
    const { model, handle } = open;
    const { random, tally } = this.#deps;
    if (model.length < DIRECT_BYTES) return;
    await this.#sync(open);
    const seq = model.write(0, DIRECT_BYTES);
    const bytes = patternOf(model.id, 0, DIRECT_BYTES, seq);
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(new Error("given up")), random.int(600));
    try {
      await tally.time("write 4 MiB", () => handle.write(bytes, { offset: 0n, signal: stop.signal }));
      tally.bytesWritten += bytes.length;
    } catch (error) {
      if (error !== stop.signal.reason) throw error;
      model.giveUp(seq);
    } finally {
      clearTimeout(timer);
    }
  }

  async #truncate(open: Open): Promise<void> {
    const { model, handle } = open;
    const { random, tally } = this.#deps;
    await this.#sync(open);
    const length = random.int(model.length / CELL_BYTES + 1) * CELL_BYTES;
    model.truncate(length);
    await tally.time("truncate", () => handle.truncate(BigInt(length)));
    await this.#sync(open);
  }

  async #read({ model, handle }: Open): Promise<void> {
    const { random, tally } = this.#deps;
    const from = random.int(model.length / CELL_BYTES + 1) * CELL_BYTES;
    const into = new Uint8Array((1 + random.int(MIB / CELL_BYTES)) * CELL_BYTES);
    const count = await tally.time("read own", () => handle.read(into, { offset: BigInt(from) }));
    tally.bytesRead += count;
    const wanted = Math.min(into.length, model.length - from);
    if (count !== wanted) tally.complain(`${model.path}: ${count} bytes read at ${from}, not ${wanted}`);
    const wrong = model.wrongIn(into.subarray(0, count), from);
    if (wrong !== undefined) tally.complain(`read by its writer: ${wrong}`);
  }

  async #sync({ model, handle }: Open): Promise<void> {
    const count = model.mark();
    await this.#deps.tally.time("sync", () => handle.sync());
    model.acknowledge(count);
  }

  async #close(open: Open): Promise<void> {
    const { model, handle } = open;
    this.#open = this.#open.filter((each) => each !== open);
    try {
      const count = model.mark();
      await this.#deps.tally.time("close", () => handle.close());
      model.acknowledge(count);
    } catch (error) {
      this.#deps.tally.failed("close", error);
      model.isBroken = true;
    }
  }

  async #remove(open: Open): Promise<void> {
    const { fs, files, tally } = this.#deps;
    await this.#close(open);
    const { model } = open;
    if (model.isBroken) return;
    model.isRemoving = true;
    await tally.time("remove", () => fs.rm(model.path));
    if (await tally.time("stat", () => fs.exists(model.path)))
      tally.complain(`${model.path} is there after it was removed`);
    files.delete(model.path);
  }

  /** A whole life of a small file. */
  async #small(): Promise<void> {
    const { fs, tally, random, newFileId } = this.#deps;
    const id = newFileId();
    const path = `/chaos/small-${id}`;
    const bytes = patternOf(id, 0, (1 + random.int(1024)) * CELL_BYTES, 1);
    try {
      await tally.time("write file", () => fs.writeFile(path, bytes));
      const found = await tally.time("read file", () => fs.readFile(path));
      if (Buffer.compare(found, bytes) !== 0) tally.complain(`${path} is not as it was written`);
      await tally.time("remove", () => fs.rm(path));
    } catch (error) {
      tally.failed("small file", error);
    }
  }
}
