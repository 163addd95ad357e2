/** A client of the whole file system: does something at random, again and again, and writes down what it was told. */
import { isPondError, PondError, type Random } from "@smallpond/base";
import { type FileSystem, isFsError } from "@smallpond/fs-core";
import { pick } from "../../../nemeses/index.ts";
import type { Phase } from "../../../scenario/scenario.ts";
import type { Program, Seams } from "../../../world/process.ts";
import { aborted } from "../../mind/aborted.ts";
import type { FileHistory } from "../history/file-history.ts";
import { stamped, UNIT_BYTES } from "../history/stamps.ts";
import type { Watch } from "../watch.ts";
import { type Act, type ActSizes, bornUnits, drawAct } from "./draw-act.ts";
import { type OpenFile, OpenFiles } from "./open-files.ts";

/** Of all names in the world, what clients use. */
export interface Names {
  readonly written: readonly string[];
  readonly appended: readonly string[];
}

export interface ClientOptions {
  readonly name: string;
  readonly phase: Phase;
  readonly history: FileHistory;
  readonly names: Names;
  readonly sizes: ActSizes;
  readonly thinkMs: number;
  /** Share of what is done with one file, at its start. */
  readonly hot: number;
  readonly watch: Watch;
  /** Told of an answer that nobody may get. */
  readonly fail: (error: unknown) => void;
  readonly connect: (seams: Seams, name: string) => Promise<FileSystem>;
  /** Whether there are chains to put files on. */
  readonly isReady: () => boolean;
  /** Whether damage may be everywhere. */
  readonly mayRot: () => boolean;
}

interface Acting {
  readonly seams: Seams;
  readonly options: ClientOptions;
  fs: FileSystem;
  readonly random: Random;
  open: OpenFiles;
  readonly own: { path: string | undefined; count: number };
}

export function clientProgram(options: ClientOptions): Program {
  return async (seams) => {
    const { clock, stop } = seams;
    const acting = started(seams, options, await options.connect(seams, options.name));
    const { random } = acting;
    while (!stop.aborted && !options.isReady()) await clock.sleep(50);
    while (!stop.aborted && !options.phase.over) {
      await clock.sleep(2 * options.thinkMs * random.next());
      if (options.phase.over) break;
      const act = drawAct(random, { ...options.sizes, isHot: random.next() < options.hot });
      if (isEvicted(await attempt(acting, act))) await connectAgain(acting);
    }
    for (const file of acting.open.all)
      await attempt(acting, { kind: "close" }, () => acting.open.close(file));
    // What it could not close is taken from it when it is gone.
    await closed(acting);
    if (seams.alive()) options.watch.finishes(options.name);
    await aborted(stop);
  };
}

function started(seams: Seams, options: ClientOptions, fs: FileSystem): Acting {
  const random = seams.random.fork("acts");
  return { seams, options, fs, random, open: filesOf(fs, options), own: { path: undefined, count: 0 } };
}

function filesOf(fs: FileSystem, { history, watch, name }: ClientOptions): OpenFiles {
  return new OpenFiles({ fs, history, note: (text) => watch.note(name, text) });
}

/** As it is told to: it was silent for too long, and all that it had open was taken from it. */
async function connectAgain(acting: Acting): Promise<void> {
  const { seams, options } = acting;
  while (seams.alive() && !seams.stop.aborted) {
    try {
      const fs = await options.connect(seams, options.name);
      await closed(acting);
      acting.fs = fs;
      acting.open = filesOf(fs, options);
      return options.watch.note(options.name, "is connected again");
    } catch (error) {
      options.watch.note(options.name, `connects: ${String(error)}`);
      await seams.clock.sleep(RECONNECT_MS);
    }
  }
}

async function closed({ fs, options }: Acting): Promise<void> {
  await fs.close().catch((error: unknown) => options.watch.note(options.name, `closes: ${String(error)}`));
}

/** Does it; the error, if it was told one. What became of it then is unknown; what must not be answered fails the run. */
async function attempt(
  acting: Acting,
  act: Act,
  work: () => Promise<void> = () => perform(acting, act),
): Promise<unknown> {
  const { seams, options } = acting;
  const { watch, name } = options;
  const done = watch.begins(name, `wants ${JSON.stringify(act)}`);
  try {
    await work();
    if (seams.alive()) watch.note(name, "did");
    return undefined;
  } catch (error) {
    if (!seams.alive()) return undefined;
    watch.note(name, `was told ${String(error)}`);
    if (!isBearable(error, options.mayRot())) options.fail(unbearable(error, act));
    return error;
  } finally {
    if (seams.alive()) done();
  }
}

async function perform(acting: Acting, act: Act): Promise<void> {
  const { random, options, fs, open } = acting;
  const path = "hot" in act && act.hot ? options.names.written[0]! : pick(random, options.names.written);
  switch (act.kind) {
    case "write":
      return withFile(acting, { path, flags: "r+" }, (file) => write(acting, file, act));
    case "read":
      return withFile(acting, { path, flags: act.session ? "r+" : "r" }, async (file) => {
        for (let time = 0; time < act.times; time++) await read(acting, file, act);
      });
    case "cut":
      return withFile(acting, { path, flags: "r+" }, (file) => cut(acting, file, act.units * UNIT_BYTES));
    case "append":
      return withFile(acting, { path: pick(random, options.names.appended), flags: "a" }, (file) =>
        append(acting, file, act.units),
      );
    case "read-appended":
      return withFile(acting, { path: pick(random, options.names.appended), flags: "r" }, (file) =>
        readAll(acting, file),
      );
    case "look":
      return withFile(acting, { path, flags: random.next() < 0.5 ? "r" : "r+" }, (file) =>
        look(acting, file),
      );
    case "look-by-name":
      return lookByName(acting, pick(random, [...options.names.written, ...options.names.appended]));
    case "empty":
      return empty(acting);
    case "close": {
      const file = open.all.length === 0 ? undefined : pick(random, open.all);
      return file === undefined ? undefined : open.close(file);
    }
    case "unlink":
      return fs.unlink(path);
    case "rename":
      return fs.rename(path, pick(random, options.names.written));
    case "born":
      return born(acting, path);
    default:
      return act satisfies never;
  }
}

/** With an open file, which is given up after an error. */
async function withFile(
  { open }: Acting,
  { path, flags }: Pick<OpenFile, "path" | "flags">,
  work: (file: OpenFile) => Promise<void>,
): Promise<void> {
  const file = await open.get(path, flags);
  try {
    await work(file);
  } catch (error) {
    await open.drop(file);
    throw error;
  }
}

async function write(
  { seams, options, open }: Acting,
  file: OpenFile,
  { at, units, behind }: Act & { readonly kind: "write" },
): Promise<void> {
  const { history, name } = options;
  const id = history.newWrite();
  options.watch.note(name, `writes ${id} to ${file.file} at unit ${at}`);
  const operation = history.call(name, { kind: "write", write: id, units, place: { file: file.file, at } });
  file.unsure.add(operation);
  await file.handle.write(stamped(id, units), { offset: BigInt(at * UNIT_BYTES) });
  if (!seams.alive()) return;
  file.behind.push(operation);
  if (!behind) await open.sync(file);
}

async function append({ seams, options, open }: Acting, file: OpenFile, units: number): Promise<void> {
  const { history, name } = options;
  history.onlyGrows(file.file);
  const id = history.newWrite();
  options.watch.note(name, `appends ${id} to ${file.file}, ${units} units`);
  const operation = history.call(name, { kind: "write", write: id, units, place: undefined, appends: true });
  file.unsure.add(operation);
  await file.handle.write(stamped(id, units));
  if (!seams.alive()) return;
  file.behind.push(operation);
  await open.sync(file);
}

async function read(
  { seams, options }: Acting,
  file: OpenFile,
  { at, units }: { readonly at: number; readonly units: number },
): Promise<void> {
  const { history, name } = options;
  const offset = at * UNIT_BYTES;
  const operation = history.call(name, { kind: "read", file: file.file, offset });
  try {
    const into = new Uint8Array(units * UNIT_BYTES).fill(0xee);
    const count = await file.handle.read(into, { offset: BigInt(offset) });
    // Of a file that has gone meanwhile nothing is certain: its chunks may be going.
    const { whole } = await file.handle.stat();
    if (!seams.alive()) return;
    if (whole.nlink === 0) return operation.refused();
    operation.answered(into.subarray(0, count));
  } catch (error) {
    if (isPondError(error) && error.kind !== "internal") operation.refused();
    throw error;
  }
}

async function readAll(acting: Acting, file: OpenFile): Promise<void> {
  const { size } = await file.handle.stat();
  const units = Number(size) / UNIT_BYTES + 4;
  await read(acting, file, { at: 0, units });
}

async function cut({ seams, options, open }: Acting, file: OpenFile, length: number): Promise<void> {
  await open.sync(file);
  const operation = options.history.call(options.name, { kind: "cut", file: file.file, length });
  await file.handle.truncate(BigInt(length));
  if (seams.alive()) operation.answered(true);
}

async function look({ seams, options }: Acting, file: OpenFile): Promise<void> {
  const operation = options.history.look(options.name);
  const { size, nlink } = await file.handle.stat();
  if (seams.alive() && nlink > 0) operation.answered(file.file, Number(size));
}

async function lookByName({ seams, options, fs }: Acting, path: string): Promise<void> {
  const operation = options.history.look(options.name);
  const { size, inode } = await fs.stat(path);
  if (seams.alive()) operation.answered(`${inode}`, Number(size));
}

/** A file of this client alone, which it empties by opening it and fills anew; others read it, too. */
async function empty(acting: Acting): Promise<void> {
  const { seams, options, fs, own, open, random } = acting;
  const { history, name, sizes } = options;
  if (own.path === undefined) {
    const path = `/${name}-${random.u64().toString(36)}`;
    await fs.writeFile(path, "", { exclusive: true });
    own.path = path;
  }
  const { inode } = await fs.stat(own.path);
  const file = `${inode}`;
  history.madeEmpty(file);
  const cutting = history.call(name, { kind: "cut", file, length: 0 });
  const handle = await fs.open(own.path, "w");
  if (!seams.alive()) return;
  cutting.answered(true);
  const units = 1 + random.int((sizes.chunkBytes / UNIT_BYTES) * 2);
  const opened: OpenFile = { path: own.path, handle, flags: "w", file, behind: [], unsure: new Set() };
  try {
    await write(acting, opened, { kind: "write", at: 0, units, behind: true, hot: false });
  } catch (error) {
    await open.drop(opened);
    throw error;
  }
  await open.close(opened);
}

/** Small content, written together with the inode. */
async function born({ options, fs, random, seams }: Acting, path: string): Promise<void> {
  const { history, name } = options;
  const id = history.newWrite();
  const units = bornUnits(random);
  const operation = history.call(name, { kind: "write", write: id, units, place: undefined });
  try {
    await fs.writeFile(path, stamped(id, units), { exclusive: true });
  } catch (error) {
    if (isFsError(error, "EEXIST")) operation.refused();
    throw error;
  }
  if (seams.alive()) operation.answered(true);
}

/** Not only one file of it is stale, all of it is. */
function isEvicted(error: unknown): boolean {
  return isPondError(error, "ESTALE") && error.hint?.startsWith("connect again") === true;
}

const RECONNECT_MS = 200;

const BEARABLE: readonly string[] = ["ENOENT", "EEXIST", "ESTALE", "ETIMEDOUT", "ENOSPC"];

function isBearable(error: unknown, mayRot: boolean): boolean {
  if (!isPondError(error)) return false;
  if (BEARABLE.includes(error.code)) return true;
  if (error.code === "EIO") return mayRot;
  return error.kind === "retry" || error.kind === "unavailable" || error.kind === "unknown-outcome";
}

function unbearable(error: unknown, act: Act): unknown {
  if (!isPondError(error) || error.kind === "internal") return error;
  const { code, message } = error;
  return new PondError("UNBEARABLE", {
    kind: "internal",
    message: `a client was told ${code} (${message}) when it wanted to ${JSON.stringify(act)}`,
    cause: error,
  });
}
