/** What holds once everything works again, and at the end. */
import { PondError } from "@smallpond/base";
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
        const done = (): boolean => watch.idle;
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

async function readAll({ world, history, done, knobs, minds }: Stage): Promise<void> {
  const program = verifierProgram({
    history,
    connect: connectOf({ knobs, minds }),
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

async function demandCollected({ world, oracle, done }: Stage): Promise<void> {
  for (const { oscillator } of world.machines) oscillator.jumpWall(-oscillator.wallOffsetMs);
  const files = done.files ?? [];
  await withWords(
    demandProgress(world, {
      what: "collecting all garbage",
      withinMs: RECOVERY_MS,
      done: () => oracle.orphans(files).length === 0,
    }),
    () => oracle.orphans(files).slice(0, 5).join(", "),
  );
}

async function withWords(work: Promise<void>, words: () => string): Promise<void> {
  try {
    await work;
  } catch (error) {
    const { message } = error as Error;
    throw new PondError("NO_PROGRESS", {
      kind: "internal",
      message: `${message}:\n${words()}`,
      cause: error,
    });
  }
}
