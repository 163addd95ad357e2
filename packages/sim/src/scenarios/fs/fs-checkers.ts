/** What holds once everything works again, and at the end. */
import { PondError, toHex } from "@smallpond/base";
import type { OrderedStore } from "@smallpond/fs-core";
import { stopAndDemandNoLeaks } from "../../checkers/leaks.ts";
import { demandProgress } from "../../checkers/progress.ts";
import type { Checker } from "../../scenario/scenario.ts";
import { demandSound } from "../meta/soundness.ts";
import { verifierProgram } from "./client/verifier-program.ts";
import { demandSeen } from "./history/demand-seen.ts";
import { connectOf } from "./services.ts";
import { type Stage, VERIFIER } from "./stage.ts";

const RECOVERY_MS = 120_000;
const RECOVERY_OPERATIONS = 30;
/** Clients finish what they are about, and close. */
const FINISH_MS = 60_000;
const MINUTE_MS = 60_000;

export function fsCheckers(stage: Stage): readonly Checker[] {
  const { world, history, watch, store } = stage;
  return [
    { name: "all chains are whole", when: "healed", check: () => demandWhole(stage) },
    {
      name: "progress",
      when: "healed",
      check: () => {
        const before = history.answeredCount;
        const what = `${RECOVERY_OPERATIONS} operations`;
        const done = (): boolean => history.answeredCount >= before + RECOVERY_OPERATIONS;
        return demandProgress(world, { what, withinMs: RECOVERY_MS, done });
      },
    },
    {
      name: "everything is read",
      when: "end",
      check: async () => {
        const done = (): boolean => watch.finished === stage.clients.length;
        await demandProgress(world, { what: "an end of what clients do", withinMs: FINISH_MS, done });
        watch.check();
        await readAll(stage);
      },
    },
    { name: "history", when: "end", check: () => history.check() },
    { name: "appends", when: "end", check: () => demandSeen(history) },
    { name: "replicas are equal", when: "end", check: () => demandEqual(stage) },
    { name: "garbage is collected", when: "end", check: () => demandCollected(stage) },
    { name: "fsck", when: "end", check: () => demandSound(store) },
    { name: "leaks", when: "end", check: () => stopAndDemandNoLeaks(world) },
  ];
}

async function demandWhole({ world, oracle, chains, done }: Stage): Promise<void> {
  await withWords(
    demandProgress(world, {
      what: `${chains.length} chains whose replicas all serve`,
      withinMs: RECOVERY_MS,
      done: () => done.setUp && done.tidy && oracle.isWhole(chains.length),
    }),
    () => oracle.describe(),
  );
}

async function readAll({ world, history, done, knobs, minds, bug }: Stage): Promise<void> {
  const program = verifierProgram({
    history,
    connect: connectOf({ knobs, minds, bug }),
    found: (files) => {
      done.files = files;
    },
  });
  world.machine(VERIFIER).run("verifier", program);
  const isDone = (): boolean => done.files !== undefined;
  await demandProgress(world, { what: "reading all files", withinMs: RECOVERY_MS, done: isDone });
}

async function demandEqual({ world, oracle }: Stage): Promise<void> {
  await withWords(
    demandProgress(world, {
      what: "replicas that are equal and have nothing pending",
      withinMs: RECOVERY_MS,
      done: () => oracle.differences().length === 0,
    }),
    () => oracle.differences().slice(0, 5).join("\n"),
  );
}

async function demandCollected({ world, oracle, done, store }: Stage): Promise<void> {
  // What was thrown away by a clock that was ahead is due by now, too.
  for (const { oscillator } of world.machines) oscillator.jumpWall(MINUTE_MS - oscillator.wallOffsetMs);
  const files = done.files ?? [];
  await withWords(
    demandProgress(world, {
      what: "collecting all garbage",
      withinMs: RECOVERY_MS,
      done: () => oracle.orphans(files).length === 0,
    }),
    async () => `${oracle.orphans(files).slice(0, 5).join(", ")}\n${await rowsOfFiles(store)}`,
  );
}

/** What metadata has of files that may be gone: inodes, sessions and what is to be collected. */
async function rowsOfFiles(store: OrderedStore): Promise<string> {
  using snapshot = await store.snapshot();
  const lines: string[] = [];
  for (const prefix of ["INOD", "SESS", "GARB", "MSRV"]) {
    const [begin, end] = [`${prefix}`, `${prefix}~`].map((text) => new TextEncoder().encode(text));
    const rows = await snapshot.range({ begin: begin!, end: end! }, { limit: 100, reverse: false });
    lines.push(`${prefix}: ${rows.map(({ key }) => toHex(key.subarray(4))).join(" ")}`);
  }
  return lines.join("\n");
}

async function withWords(work: Promise<void>, words: () => string | Promise<string>): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { message } = error as Error;
    throw new PondError("NO_PROGRESS", {
      kind: "internal",
      message: `${message}:\n${await words()}`,
      cause: error,
    });
  }
}
