/** The same work by a program in C, compiled when it is first needed; it measures itself. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchContext, Side } from "../../harness/benchmark.ts";
import { checkOf, type MetaWork, operationsOf } from "./workload.ts";

const PEERS = new URL("../../../peers/", import.meta.url);

interface Program {
  readonly source: string;
  /** What else it is linked with. */
  readonly libraries: readonly string[];
  readonly place: (context: BenchContext) => string;
}

/** Threads and system calls on the file system that the scratch directory is on. */
export function fileSystemSide(name: string, work: MetaWork): Side {
  return programSide(name, work, {
    source: "files.c",
    libraries: ["-lpthread"],
    place: (context) => `${context.scratchDir}/files-${process.pid}`,
  });
}

export function sqliteSide(name: string, work: MetaWork): Side {
  return programSide(name, work, {
    source: "files_sqlite.c",
    libraries: ["-lsqlite3"],
    place: (context) => `${context.scratchDir}/files-${process.pid}.sqlite`,
  });
}

function programSide(name: string, work: MetaWork, { source, libraries, place }: Program): Side {
  const path = fileURLToPath(new URL(source, PEERS));
  return {
    name,
    missing: () => {
      const tried = spawnSync("cc", ["-fsyntax-only", path], { encoding: "utf8" });
      return tried.status === 0 ? undefined : (tried.stderr ?? "there is no C compiler").split("\n")[0];
    },
    async open(context) {
      await mkdir(context.scratchDir, { recursive: true });
      const program = `${context.scratchDir}/${source}-${process.pid}`;
      await promisify(execFile)("cc", ["-O2", path, "-o", program, ...libraries]);
      const root = place(context);
      if (source === "files.c") await mkdir(root, { recursive: true });
      const words = [root, work.operation === "stat-batch" ? "stat" : work.operation, work.inFlight];
      return {
        async run(round) {
          const args = [...words, operationsOf(work, context), round].map(String);
          const { stdout } = await promisify(execFile)(program, args);
          return { check: checkOf(work, context), ms: Number(stdout) };
        },
        close: () => rm(root, { recursive: true, force: true }),
      };
    },
  };
}
