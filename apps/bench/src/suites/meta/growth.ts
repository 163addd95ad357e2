/**
 * What becomes of the rates as a file system grows: one side for each size, which is filled once, kept beside the data
 * and worked on in every round. Files lie 1,000 in a directory.
 */
import { access, mkdir, writeFile } from "node:fs/promises";
import { type InodeId, META, ROOT_INODE } from "@smallpond/fs-core";
import { MIND_ARGUMENTS } from "@smallpond/fs-core/platform";
import type { BenchContext, Benchmark, OpenSide, Side } from "../../harness/benchmark.ts";
import { openLocalMind } from "./mind.ts";
import type { Callers } from "./our-files.ts";
import { runAll } from "./workload.ts";

const SIZES: readonly number[] = [10_000, 100_000, 1_000_000, 10_000_000];
const FILES_PER_DIRECTORY = 1000;
const IN_FLIGHT = 64;
const FILL_IN_FLIGHT = 512;
const OPERATIONS = 4000;
const QUICK_OPERATIONS = 100;

type GrowthOperation = "create" | "stat" | "readdir" | "rename";

/** A round's operations. Whole directories for `readdir`. */
type Work = (callers: Callers, place: Place) => Promise<void>;

interface Place {
  /** Directories that are there. */
  readonly directories: number;
  readonly operations: number;
  /** Different in each round of each run. */
  readonly tag: string;
}

const WORKS: Readonly<Record<GrowthOperation, Work>> = {
  create: (callers, { directories, operations, tag }) =>
    runAll(operations, IN_FLIGHT, (index) =>
      create(callers, directoryOf(spread(index, directories)), `${tag}-${index}`, { exclusive: true }),
    ),
  stat: (callers, { directories, operations }) =>
    runAll(operations, IN_FLIGHT, (index) =>
      at(callers, index).ask(META.statPath, {
        directory: ROOT_INODE,
        path: `${directoryOf(spread(index, directories))}/f${index % FILES_PER_DIRECTORY}`,
        follow: true,
      }),
    ),
  readdir: (callers, { directories, operations }) =>
    runAll(operations / 100, IN_FLIGHT, async (index) => {
      const path = directoryOf(spread(index, directories));
      const question = { directory: ROOT_INODE, path, follow: true };
      const { inode } = await at(callers, index).ask(META.statPath, question);
      await at(callers, index).ask(META.readdir, {
        directory: inode.id,
        after: undefined,
        limit: FILES_PER_DIRECTORY,
        attributes: true,
      });
    }),
  rename: (callers, { directories, operations }) =>
    runAll(operations, IN_FLIGHT, (index) => {
      const name = `f${index % FILES_PER_DIRECTORY}`;
      const under = directoryOf(spread(index, directories));
      const from = { directory: ROOT_INODE, under, name };
      // An exchange leaves all names where they were.
      const to = { ...from, name: `f${(index + 1) % FILES_PER_DIRECTORY}` };
      return at(callers, index).change(META.rename, { from, to, mode: "exchange" });
    }),
};

function growth(operation: GrowthOperation, title: string): Benchmark {
  const sides = SIZES.map((files) => growthSide(operation, files));
  return {
    name: `growth-${operation}`,
    title,
    sides,
    comparisons: sides.slice(1).map(({ name }) => ({ side: name, against: sides[0]!.name, budget: null })),
    operations: (context) => countOf(operation, context),
  };
}

export const growthBenchmarks: readonly Benchmark[] = [
  growth("create", "new files all over a file system of so many"),
  growth("stat", "stats by path of files all over it"),
  growth("readdir", "entries of directories of about 1,000 files all over it, with attributes"),
  growth("rename", "files that change places all over it"),
];

function growthSide(operation: GrowthOperation, files: number): Side {
  const name = `${files.toLocaleString("en")} files`;
  return {
    name,
    nodeArguments: MIND_ARGUMENTS,
    missing: ({ files: most }) => (files <= most ? undefined : `--files ${files} would include it`),
    async open(context): Promise<OpenSide> {
      const mind = await openLocalMind(await filled(context, files));
      const directories = Math.ceil(files / FILES_PER_DIRECTORY);
      const operations = context.quick ? QUICK_OPERATIONS : OPERATIONS;
      return {
        async run(round) {
          const tag = `${operation}-${process.pid}-${round}`;
          await WORKS[operation](mind.callers, { directories, operations, tag });
          return { check: `${operations} of ${operation}` };
        },
        close: () => mind.close(),
      };
    },
  };
}

/** The directory of a store with so many files; they are made when it is not there yet. */
async function filled({ dataDir }: BenchContext, files: number): Promise<string> {
  const directory = `${dataDir}/meta-${files}`;
  const done = `${directory}/filled`;
  if (await isThere(done)) return directory;
  await mkdir(directory, { recursive: true });
  const mind = await openLocalMind(directory);
  const { callers } = mind;
  const directories = Math.ceil(files / FILES_PER_DIRECTORY);
  const startMs = Date.now();
  await runAll(directories, IN_FLIGHT, (index) => make(callers, directoryOf(index)));
  await runAll(files, FILL_IN_FLIGHT, (index) => {
    if (index > 0 && index % 1_000_000 === 0) {
      console.error(`  ${index.toLocaleString("en")} files after ${(Date.now() - startMs) / 1000} s`);
    }
    return create(
      callers,
      directoryOf(Math.floor(index / FILES_PER_DIRECTORY)),
      `f${index % FILES_PER_DIRECTORY}`,
      { exclusive: false },
    );
  });
  await mind.close();
  await writeFile(done, "");
  return directory;
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function make(callers: Callers, path: string): Promise<{ readonly inode: { readonly id: InodeId } }> {
  const question = { directory: ROOT_INODE, path, mode: 0o755, parents: true };
  return at(callers, 0).change(META.mkdirs, question);
}

function create(
  callers: Callers,
  under: string,
  name: string,
  options: { readonly exclusive: boolean },
): Promise<unknown> {
  return at(callers, 0).change(META.create, {
    place: { directory: ROOT_INODE, under, name },
    kind: "file",
    mode: 0o644,
    rdev: 0,
    ...options,
  });
}

function at(callers: Callers, index: number): Callers[number] {
  return callers[index % callers.length]!;
}

/** 100 directories in one above, so that no directory is much larger than others. */
function directoryOf(index: number): string {
  return `t${Math.floor(index / 100)}/d${index}`;
}

/** Far from one another, in the same order for every size. */
function spread(index: number, directories: number): number {
  return (index * 7919) % directories;
}

function countOf(operation: GrowthOperation, { quick }: BenchContext): number {
  const operations = quick ? QUICK_OPERATIONS : OPERATIONS;
  return operation === "readdir" ? (operations / 100) * FILES_PER_DIRECTORY : operations;
}
