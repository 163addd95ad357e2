import { execFile } from "node:child_process";
import { cp, rename, rm, statfs } from "node:fs/promises";
import { promisify } from "node:util";
import { isPondError } from "@smallpond/base";
import { NodeDisk } from "@smallpond/base/platform/node";
import { type FileHandle, type FileSystem, readinessOf } from "@smallpond/fs-core";
import { type ServedCluster, serveCluster, shapeOf } from "@smallpond/fs-core/platform";
import { expect, test } from "vitest";
import { becomeWhole, checkFiles, checkMetadata, connectTo } from "./chaos.ts";
import { FileModel } from "./file-model.ts";
import { CELL_BYTES, patternOf } from "./pattern.ts";
import { Tally } from "./tally.ts";

const MIB = 2 ** 20;
const FILE_BYTES = 4 * MIB;
/** The reserve that stores keep, and room for the files of the test. */
const DISK_BYTES = 1024 * MIB + 400 * MIB;
/** Left when the disk is filled: new files are refused, and what other nodes pass on soon has no room either. */
const LEFT_BYTES = 12 * MIB;
const HOLES_BYTES = 20 * MIB;
const FILES_BEFORE = 4;
const REFUSED_IN_A_ROW = 8;

test("a node whose disk is full refuses what is new with ENOSPC, and loses nothing; with room again it goes on", async ({
  skip,
}) => {
  await using place = await new NodeDisk().tempDirectory();
  const directory = `${place.path}/cluster`;
  const disk = `${directory}/storage-1`;
  await (
    await serveCluster({ directory, choices: { storage: 3, replicas: 3, targetsPerNode: 3, port: 0 } })
  ).close();
  await using mounted = await mountOver(disk);
  if (mounted === undefined) return skip("a disk of its own cannot be mounted here (that takes root)");
  const tally = new Tally(60_000);
  const files = new Map<string, FileModel>();
  {
    await using cluster = await serveCluster({ directory });
    await using fs = await connectTo(cluster);
    const written = new Files(fs, files, tally);
    for (let count = 0; count < FILES_BEFORE; count++) expect(await written.add()).toBe("ok");
    const holes = await written.openHoles();

    const { bavail, bsize } = await statfs(disk);
    const ballast = `${disk}/ballast`;
    await promisify(execFile)("fallocate", ["-l", String(bavail * bsize - LEFT_BYTES), ballast]);
    let refused = 0;
    for (let row = 0; row < REFUSED_IN_A_ROW; ) {
      const outcome = await written.add();
      expect(["ok", "ENOSPC"]).toContain(outcome);
      row = outcome === "ok" ? 0 : row + 1;
      refused += row === 0 ? 0 : 1;
    }
    // Files that are open are written on: by chains whose head has room, until who is behind it has none and leaves.
    const outcomes = await holes.fill();
    for (const outcome of outcomes) expect(["ok", "ENOSPC"]).toContain(outcome);
    await checkFiles(fs, files, tally);
    expect(tally.complaints).toEqual([]);
    const weak = readinessOf(shapeOf(cluster.file), cluster.connection.mgmtd.routing).weakChains.length;
    console.log(
      `of ${outcomes.length} MiB ${outcomes.filter((each) => each === "ok").length} had room; ${weak} chains weak`,
    );

    await rm(ballast);
    await becomeWhole(cluster, tally);
    await written.addUntilOk();
    for (const outcome of await holes.fill()) expect(outcome).toBe("ok");
    await holes.close();
    for (let count = 0; count < FILES_BEFORE; count++) await written.addUntilOk();
    await checkAll(cluster, fs, files, tally);
    console.log(`${refused} files refused\n${tally.text()}`);
  }
  await using again = await serveCluster({ directory });
  await using fs = await connectTo(again);
  await becomeWhole(again, tally);
  await checkAll(again, fs, files, tally);
});

async function checkAll(
  cluster: ServedCluster,
  fs: FileSystem,
  files: ReadonlyMap<string, FileModel>,
  tally: Tally,
): Promise<void> {
  await checkFiles(fs, files, tally);
  await checkMetadata(cluster, tally);
  expect(tally.complaints).toEqual([]);
}

class Files {
  readonly #fs: FileSystem;
  readonly #files: Map<string, FileModel>;
  readonly #tally: Tally;
  #id = 0;

  constructor(fs: FileSystem, files: Map<string, FileModel>, tally: Tally) {
    this.#fs = fs;
    this.#files = files;
    this.#tally = tally;
  }

  /** The code of what went wrong. */
  async add(): Promise<string> {
    const id = ++this.#id;
    const model = new FileModel(id, `/f${id}`, FILE_BYTES / CELL_BYTES);
    this.#files.set(model.path, model);
    const bytes = patternOf(id, 0, FILE_BYTES, model.write(0, FILE_BYTES));
    try {
      await this.#tally.time("write file", () => this.#fs.writeFile(model.path, bytes));
      model.acknowledge(model.mark());
      this.#tally.bytesWritten += bytes.length;
      return "ok";
    } catch (error) {
      model.isBroken = true;
      if (!isPondError(error)) throw error;
      this.#tally.failed("write file", error);
      return error.code;
    }
  }

  /** A file that has its length already, and no bytes. */
  async openHoles(): Promise<Holes> {
    const id = ++this.#id;
    const model = new FileModel(id, `/f${id}`, HOLES_BYTES / CELL_BYTES);
    this.#files.set(model.path, model);
    const handle = await this.#fs.open(model.path, "w+");
    model.truncate(HOLES_BYTES);
    await handle.truncate(BigInt(HOLES_BYTES));
    model.acknowledge(model.mark());
    return new Holes(handle, model, this.#tally);
  }

  /** What is free is reported with heartbeats. */
  async addUntilOk(): Promise<void> {
    const untilMs = performance.now() + 20_000;
    let outcome = "";
    while (outcome !== "ok" && performance.now() < untilMs) {
      outcome = await this.add();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(outcome).toBe("ok");
  }
}

class Holes {
  readonly #handle: FileHandle;
  readonly #model: FileModel;
  readonly #tally: Tally;

  constructor(handle: FileHandle, model: FileModel, tally: Tally) {
    this.#handle = handle;
    this.#model = model;
    this.#tally = tally;
  }

  /** Each MiB by itself; what became of it. */
  async fill(): Promise<readonly string[]> {
    const outcomes: string[] = [];
    for (let from = 0; from < HOLES_BYTES; from += MIB) outcomes.push(await this.#write(from));
    return outcomes;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  async #write(from: number): Promise<string> {
    const model = this.#model;
    const seq = model.write(from, from + MIB);
    try {
      await this.#handle.write(patternOf(model.id, from, from + MIB, seq), { offset: BigInt(from) });
      await this.#tally.time("write and sync 1 MiB", () => this.#handle.sync());
      model.acknowledge(model.mark());
      return "ok";
    } catch (error) {
      model.giveUp(seq);
      if (!isPondError(error)) throw error;
      this.#tally.failed("write 1 MiB", error);
      return error.code;
    }
  }
}

/** A file system of its own size where a directory is, with what is in it. Nothing where that is not allowed. */
async function mountOver(path: string): Promise<AsyncDisposable | undefined> {
  const run = promisify(execFile);
  const before = `${path}-before`;
  await rename(path, before);
  await run("mkdir", [path]);
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "none", path]);
  } catch {
    return undefined;
  }
  await cp(before, path, { recursive: true });
  return { [Symbol.asyncDispose]: async () => void (await run("umount", ["-l", path])) };
}
