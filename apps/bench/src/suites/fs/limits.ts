/** What the machine can do at most: its disk by fio, its file system through Node, its memory, its loopback. */
import { execFile, spawnSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { promisify } from "node:util";
import type { BenchContext, OpenSide, Side } from "../../harness/benchmark.ts";
import { netSide } from "../native/net-side.ts";
import { kernelFiles } from "./files.ts";
import { FileWork } from "./work.ts";
import { bytesOf, checkOf, type FsWork, MIB, operationsOf } from "./workload.ts";

/** Past the page cache, with as many syncs as our side has. Small files and samples are not its kind of work. */
export function fioSide(name: string, work: FsWork): Side {
  return {
    name,
    missing: () =>
      spawnSync("fio", ["--version"]).status === 0 ? undefined : "there is no fio (apt-get install fio)",
    async open(context: BenchContext): Promise<OpenSide> {
      const directory = `${context.scratchDir}/fio-${process.pid}`;
      await mkdir(directory, { recursive: true });
      return {
        async run() {
          const { stdout } = await promisify(execFile)("fio", fioArguments(work, context, directory));
          const { job_runtime } = (JSON.parse(stdout) as FioReport).jobs[0]!;
          return { check: checkOf(work, context), ms: job_runtime / work.files };
        },
        close: () => rm(directory, { recursive: true, force: true }),
      };
    },
  };
}

interface FioReport {
  /** Milliseconds, of all jobs together. */
  readonly jobs: readonly { readonly job_runtime: number }[];
}

function fioArguments(work: FsWork, context: BenchContext, directory: string): readonly string[] {
  const { operation, files, depth } = work;
  const bytes = bytesOf(work, context);
  const isRead = operation.endsWith("read") || operation.endsWith("load");
  const common = ["--name=side", `--directory=${directory}`, "--ioengine=io_uring", "--direct=1"];
  const report = ["--group_reporting=1", "--output-format=json", "--norandommap=1", "--invalidate=0"];
  if (operation.startsWith("random")) {
    const count = operationsOf(work, context);
    const sync = isRead ? [] : [`--fdatasync=${depth}`];
    const size = [`--size=${bytes}`, `--io_size=${count * 4096}`, "--bs=4k", `--iodepth=${depth}`];
    return [...common, ...report, ...size, ...sync, `--rw=rand${isRead ? "read" : "write"}`];
  }
  const each = bytes / files;
  const sync = isRead ? [] : [`--fdatasync=${each / MIB}`];
  const size = [`--size=${each}`, "--bs=1m", "--iodepth=8", `--numjobs=${files}`];
  return [...common, ...report, ...size, ...sync, `--rw=${isRead ? "read" : "write"}`];
}

export function kernelSide(name: string, work: FsWork): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const directory = `${context.scratchDir}/kernel-${process.pid}`;
      const all = new FileWork(await kernelFiles(directory), work, context);
      return {
        async run(round) {
          return { check: checkOf(work, context), ms: await all.run(round) };
        },
        tidy: (round) => all.tidy(round),
        close: () => rm(directory, { recursive: true, force: true }),
      };
    },
  };
}

/** The bytes once from one place to another. */
export function memorySide(name: string, work: FsWork): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const from = new Uint8Array(16 * MIB).fill(7);
      const to = new Uint8Array(16 * MIB);
      return {
        async run() {
          const startMs = performance.now();
          for (let at = 0; at < bytesOf(work, context); at += MIB) {
            const within = at % from.length;
            to.set(from.subarray(within, within + MIB), within);
          }
          return { check: checkOf(work, context), ms: performance.now() - startMs };
        },
        close: async () => {},
      };
    },
  };
}

/** The bytes once over TCP from another process into leases. */
export function loopbackSide(name: string, work: FsWork): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const requests = bytesOf(work, context) / MIB;
      const net = netSide(name, "native", "tcp", { name, payloadBytes: MIB, requests, depth: 4 });
      const side = await net.open(context);
      return {
        async run(round) {
          await side.run(round);
          return { check: checkOf(work, context) };
        },
        close: () => side.close(),
      };
    },
  };
}
