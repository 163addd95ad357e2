/** Our metadata service as a side, and the bare store asked for just what that service asked of it. */
import { performance } from "node:perf_hooks";
import type { OrderedStore } from "@smallpond/fs-core";
import { MIND_ARGUMENTS } from "@smallpond/fs-core/platform";
import type { BenchContext, OpenSide, Side } from "../../harness/benchmark.ts";
import { BareStore } from "./bare-store.ts";
import { type OpenMind, openLocalMind, openRemoteMind } from "./mind.ts";
import { OurFiles } from "./our-files.ts";
import { RecordingStore } from "./recording-store.ts";
import { checkOf, isChange, type MetaWork } from "./workload.ts";

export function localSide(name: string, work: MetaWork): Side {
  return mindSide(name, work, openLocalMind);
}

export function remoteSide(name: string, work: MetaWork): Side {
  return mindSide(name, work, openRemoteMind);
}

function mindSide(name: string, work: MetaWork, open: (directory: string) => Promise<OpenMind>): Side {
  return {
    name,
    nodeArguments: MIND_ARGUMENTS,
    async open(context): Promise<OpenSide> {
      const mind = await open(directoryOf(context, "mind"));
      const files = new OurFiles(mind.callers, work, context);
      return {
        async run(round) {
          const ready = await files.prepare(round);
          const startMs = performance.now();
          await files.run(ready);
          return { check: checkOf(work, context), ms: performance.now() - startMs };
        },
        close: () => mind.close(),
      };
    },
  };
}

/**
 * Each round our service does the work on a store of its own, untimed, and what it asked of that store is noted; then
 * the bare store does the same. Of changes that is the batches alone: what was read to decide them is left out.
 */
export function bareSide(name: string, work: MetaWork): Side {
  return {
    name,
    async open(context): Promise<OpenSide> {
      let recorder: RecordingStore | undefined;
      const mind = await openLocalMind(directoryOf(context, "noted"), (store: OrderedStore) => {
        recorder = new RecordingStore(store);
        return recorder;
      });
      const files = new OurFiles(mind.callers, work, context);
      const bare = await BareStore.open(directoryOf(context, "bare"));
      return {
        async run(round) {
          const ready = await files.prepare(round);
          // It has what our service's store had when the work began.
          bare.doAll(recorder!.take().filter(({ kind }) => kind === "apply"));
          await files.run(ready);
          const kept = isChange(work) ? ["apply"] : ["get", "range"];
          const requests = recorder!.take().filter(({ kind }) => kept.includes(kind));
          const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
          bare.doAll(requests);
          const ms = performance.now() - startMs;
          const { user, system } = process.cpuUsage(startCpu);
          return { check: checkOf(work, context), ms, cpuSeconds: (user + system) / 1e6 };
        },
        async close() {
          await bare.close();
          await mind.close();
        },
      };
    },
  };
}

function directoryOf({ scratchDir }: BenchContext, name: string): string {
  return `${scratchDir}/${name}-${process.pid}`;
}
