/** The scenario's clients and judges over a tiny file system: clean where it is right, caught where it errs. */
import { PondError } from "@smallpond/base";
import { runScenario, type Scenario } from "@smallpond/sim";
import { describe, expect, test } from "vitest";
import { demandProgress } from "../../src/checkers/progress.ts";
import type { Phase } from "../../src/scenario/scenario.ts";
import { clientProgram } from "../../src/scenarios/fs/client/client-program.ts";
import { verifierProgram } from "../../src/scenarios/fs/client/verifier-program.ts";
import { CHUNK_BYTES } from "../../src/scenarios/fs/fs-knobs.ts";
import { demandSeen } from "../../src/scenarios/fs/history/demand-seen.ts";
import { FileHistory } from "../../src/scenarios/fs/history/file-history.ts";
import { Watch } from "../../src/scenarios/fs/watch.ts";
import type { Seams } from "../../src/world/process.ts";
import { type TinyBug, TinyState, tinyFileSystem } from "./tiny-file-system.ts";

const CLIENTS = ["c0", "c1", "c2"];

function tinyScenario(bug?: TinyBug): Scenario {
  return {
    name: "tiny-fs",
    about: "clients of a file system in memory",
    canary: bug !== undefined,
    marks: [],
    build(world) {
      const state = new TinyState();
      const history = new FileHistory({ nowMs: () => world.scheduler.nowMs }, { chunkBytes: CHUNK_BYTES });
      const watch = new Watch({ world }, { longestMs: 10_000 });
      const connect = async ({ clock, random }: Seams) =>
        tinyFileSystem({ state, clock, random: random.fork("tiny"), bug }, (code) => {
          return new PondError(code, { kind: "invalid", message: code });
        });
      const fail = (error: unknown): void => world.fail(error);
      const common = {
        fail,
        history,
        watch,
        connect,
        isReady: () => true,
        mayRot: () => false,
        thinkMs: 10,
        hot: 0.3,
      };
      const names = { written: ["/f0", "/f1"], appended: ["/a0"] };
      const sizes = { chunkBytes: CHUNK_BYTES, chunksMax: 3 };
      for (const name of [...CLIENTS, "v"]) world.addMachine(name);
      return {
        faultMs: 3000,
        nemeses: [],
        workloads: [
          {
            name: "clients",
            start: (phase: Phase) => {
              for (const name of CLIENTS)
                world.machine(name).run("client", clientProgram({ ...common, name, phase, names, sizes }));
            },
          },
        ],
        checkers: [
          {
            name: "history",
            when: "end",
            check: async () => {
              let verified = false;
              const found = (): void => {
                verified = true;
              };
              await demandProgress(world, {
                what: "an end",
                withinMs: 10_000,
                done: () => watch.finished === 3,
              });
              world.machine("v").run("verifier", verifierProgram({ history, connect, found }));
              await demandProgress(world, { what: "reading all", withinMs: 10_000, done: () => verified });
              watch.check();
              history.check();
              demandSeen(history);
            },
          },
        ],
      };
    },
  };
}

test("a file system that is right is found to be", { timeout: 60_000 }, async () => {
  for (let seed = 0; seed < 6; seed++) {
    const { failure, page } = await runScenario(tinyScenario(), seed);
    expect(failure, page.join("\n")).toBeUndefined();
  }
});

describe("one that errs is found", () => {
  test.each([
    ["stale-read", /no order/],
    ["lost-write", /no order|nobody has/],
    ["torn-write", /no order|nobody has/],
    ["append-twice", /write \d+ is in/],
    ["short-length", /no order|nothing shortens/],
  ] as const)("%s", { timeout: 60_000 }, async (bug, how) => {
    let found: string | undefined;
    for (let seed = 0; seed < 10 && found === undefined; seed++) {
      found = (await runScenario(tinyScenario(bug), seed)).failure;
    }
    expect(found).toMatch(how);
  });
});
