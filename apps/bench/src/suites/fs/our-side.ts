/** Our file system as a side: client and services in the side's process, or each service in one of its own. */
import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { connect, type ServedCluster, serveCluster } from "@smallpond/fs-core/platform";
import type { BenchContext, OpenSide, Side, Step } from "../../harness/benchmark.ts";
import { ourFiles } from "./files.ts";
import { FileWork } from "./work.ts";
import { checkOf, type FsWork } from "./workload.ts";

export interface OurSettings {
  readonly replicas: number;
  readonly processes: boolean;
  /** Also where everything is small. */
  readonly quick: boolean;
}

const TICKS_PER_SECOND = 100;

export function ourSide(name: string, work: FsWork, settings: OurSettings): Side {
  return {
    name,
    missing: ({ quick }) => (quick && !settings.quick ? "not in the quick mode" : undefined),
    async open(context: BenchContext): Promise<OpenSide> {
      const { replicas, processes } = settings;
      const directory = `${context.scratchDir}/cluster-${process.pid}`;
      const cluster = await serveCluster({
        directory,
        processes,
        choices: { storage: replicas, replicas, port: 0 },
        logLevel: "warn",
      });
      const fs = await connect(cluster.url, { token: cluster.file.rootToken });
      const files = new FileWork(await ourFiles(fs, "/bench"), work, context);
      let steps: readonly Step[] = [];
      return {
        async run(round) {
          const before = cpuOf(cluster, processes);
          const ms = await files.run(round);
          steps = stepsOf(before, cpuOf(cluster, processes), ms);
          return { check: checkOf(work, context), ms };
        },
        tidy: (round) => files.tidy(round),
        steps: () => steps,
        async close() {
          await fs.close();
          await cluster.close();
          // The next benchmark needs the room.
          await rm(directory, { recursive: true, force: true });
        },
      };
    },
  };
}

type Cpu = ReadonlyMap<string, number>;

/** Processor seconds by stage. */
function cpuOf({ services }: ServedCluster, processes: boolean): Cpu {
  const { user, system } = process.cpuUsage();
  const own = (user + system) / 1e6;
  if (!processes) return new Map([["client and services, one process", own]]);
  const cpu = new Map([["client", own]]);
  for (const { name, pid } of services.list) {
    const kind = name.startsWith("mind") ? "metadata" : "storage";
    cpu.set(kind, (cpu.get(kind) ?? 0) + cpuSecondsOf(pid));
  }
  return cpu;
}

function stepsOf(before: Cpu, after: Cpu, ms: number): readonly Step[] {
  return [...after].map(([name, seconds]) => {
    const used = seconds - (before.get(name) ?? 0);
    return {
      name: `of processor: ${name}`,
      seconds: used,
      detail: `${((used / ms) * 1e5).toFixed(0)} % of a core`,
    };
  });
}

function cpuSecondsOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  } catch {
    return 0;
  }
}
