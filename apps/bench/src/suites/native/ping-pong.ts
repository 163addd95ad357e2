/** A word that goes to another process and back through shared memory, against a byte through a unix socket. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createEvent, createSealedMemory, listenForDescriptors } from "@smallpond/fs-native";
import type { BenchContext, Benchmark, OpenSide, Side } from "../../harness/benchmark.ts";
import { netSide } from "./net-side.ts";
import { ends, MEMORY_BYTES } from "./ping-pong-ends.ts";

const PONG = fileURLToPath(new URL("./scripts/pong.js", import.meta.url));
const ROUND_TRIPS = 20_000;
const SOCKET = "unix socket";
const WORK = { name: "ping-pong", payloadBytes: 64, requests: ROUND_TRIPS, depth: 1 };

/** Polls for so long before it sleeps; 0 sleeps at once. */
function sharedSide(name: string, pollMicroseconds: number): Side {
  return {
    name,
    async open(context: BenchContext): Promise<OpenSide> {
      const path = `${context.scratchDir}/pong-${pollMicroseconds}-${process.pid}.socket`;
      await using listener = listenForDescriptors(path);
      const child = spawn(process.execPath, [PONG, path, String(pollMicroseconds)], {
        stdio: ["pipe", "inherit", "inherit"],
      });
      const next = await listener[Symbol.asyncIterator]().next();
      if (next.done) throw new Error("the listener closed");
      const memory = await createSealedMemory({ bytes: MEMORY_BYTES });
      const [there, back] = [createEvent(), createEvent()];
      await next.value.send(Uint8Array.of(1), [memory.descriptor, there.descriptor, back.descriptor]);
      const { ping } = ends(memory.region.buffer, { there, back, pollMicroseconds });
      return {
        async run() {
          for (let i = 0; i < ROUND_TRIPS; i++) await ping();
          return { check: `${ROUND_TRIPS} answers` };
        },
        close: async () => await ended(child),
      };
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, "exit");
}

export const pingPongBenchmarks: readonly Benchmark[] = [
  {
    name: "shm-ping-pong",
    title: `${ROUND_TRIPS} round trips of a word through shared memory, against 64 bytes through a unix socket`,
    sides: [
      netSide(SOCKET, "native", "unix", WORK),
      sharedSide("shared memory, asleep", 0),
      sharedSide("shared memory, polling", 50),
    ],
    comparisons: [
      { side: "shared memory, asleep", against: SOCKET, budget: null },
      { side: "shared memory, polling", against: SOCKET, budget: null },
    ],
    per: { unit: "round trip", count: () => ROUND_TRIPS },
  },
];
