/** The same work in other distributed file systems, all services on this machine, through their mounts, with ours beside. */
import { mkdir, rm } from "node:fs/promises";
import type { Benchmark, Side, Suite } from "../../harness/benchmark.ts";
import { kernelFiles } from "../fs/files.ts";
import { ourSide } from "../fs/our-side.ts";
import { FileWork } from "../fs/work.ts";
import { checkOf, type FsWork, nameOf, operationsOf } from "../fs/workload.ts";
import { GLUSTERFS } from "./glusterfs.ts";
import { ownAddress, prepareMachine, reasonAgainst } from "./install.ts";
import { MOOSEFS } from "./moosefs.ts";
import type { Peer } from "./peer.ts";

const PEERS = [MOOSEFS, GLUSTERFS];
const OURS = "ours";

const WORKS: readonly FsWork[] = [
  { operation: "sequential-write", files: 1, depth: 1 },
  { operation: "sequential-read", files: 1, depth: 1 },
  { operation: "random-read", files: 1, depth: 32 },
  { operation: "random-write", files: 1, depth: 32 },
  { operation: "small-files", files: 0, depth: 16 },
];

function peerSide(peer: Peer, work: FsWork, replicas: number): Side {
  return {
    name: peer.name,
    missing: () => reasonAgainst(peer),
    async open(context) {
      const directory = `${context.scratchDir}/${peer.name}-${process.pid}`;
      await mkdir(directory, { recursive: true });
      const { mount, stop } = await peer.start({ directory, replicas, address: ownAddress()! });
      const files = new FileWork(await kernelFiles(`${mount}/bench`), work, context);
      return {
        run: async (round) => ({ check: checkOf(work, context), ms: await files.run(round) }),
        tidy: (round) => files.tidy(round),
        close: async () => {
          await stop();
          await rm(directory, { recursive: true, force: true });
        },
      };
    },
  };
}

function benchmark(work: FsWork, replicas: number): Benchmark {
  const own = ourSide(OURS, work, { replicas, processes: true, quick: true });
  return {
    name: `${nameOf(work)}-on-${replicas}`,
    title: `${nameOf(work)} with ${replicas === 1 ? "1 replica" : `${replicas} replicas`}`,
    sides: [own, ...PEERS.map((peer) => peerSide(peer, work, replicas))],
    comparisons: PEERS.map(({ name }) => ({ side: name, against: OURS, budget: null })),
    operations: (context) => operationsOf(work, context),
    warmRounds: 2,
  };
}

export const fsPeersSuite: Suite = {
  name: "fs-peers",
  benchmarks: WORKS.flatMap((work) => [benchmark(work, 1), benchmark(work, 3)]),
  about: (context) =>
    `under ${context.scratchDir}; peers through their FUSE mounts without a cache of the kernel's, ours through its client`,
  notes: ["above 1, a peer takes longer than ours"],
  async prepare({ scratchDir }, log) {
    await prepareMachine(PEERS, log);
    await mkdir(scratchDir, { recursive: true });
  },
};
