/** Who runs in the metadata scenario: the services, and clients of three kinds. */
import type { Phase, Workload } from "../../scenario/scenario.ts";
import { mindSettings } from "../mind/mind-knobs.ts";
import { mindProgram } from "../mind/mind-program.ts";
import { appender } from "./appender.ts";
import { chunksOf } from "./chunks.ts";
import { KnownInodes } from "./known-inodes.ts";
import { locker } from "./locker.ts";
import { metaSettings } from "./meta-knobs.ts";
import { type ClientOptions, namespaceClient } from "./namespace-client.ts";
import { demandSound } from "./soundness.ts";
import type { Stage } from "./stage.ts";
import { tableProgram } from "./table-program.ts";

const ROOT = 1n;

export function metaWorkloads(stage: Stage): readonly Workload[] {
  const known = new KnownInodes(ROOT);
  return [
    { name: "services", start: () => startServices(stage) },
    { name: "namespace", start: (phase) => startClients(stage, phase, known) },
    { name: "locks", start: (phase) => startLockers(stage, phase, known) },
    { name: "appends", start: (phase) => startAppenders(stage, phase) },
    { name: "looks", start: (phase) => lookOften(stage, phase) },
  ];
}

function startServices({ world, bug, knobs, minds, shared, chunks }: Stage): void {
  const settings = { ...mindSettings(knobs), meta: metaSettings(knobs) };
  for (const [index, machine] of minds.entries()) {
    const program = mindProgram({
      id: index + 1,
      machine,
      minds,
      shared,
      settings,
      bug,
      chunks: (seams) => chunksOf(seams, chunks),
    });
    world.machine(machine).run("mind", program);
  }
  world.machine("op").run("operator", tableProgram(minds));
}

function startClients(stage: Stage, phase: Phase, known: KnownInodes): void {
  for (const name of stage.clients) {
    stage.world.machine(name).run("client", namespaceClient(optionsOf(stage, { name, phase, known })));
  }
}

function startLockers(stage: Stage, phase: Phase, known: KnownInodes): void {
  const { world, lockers, locks, lockFiles: files, knobs } = stage;
  for (const name of lockers) {
    const options = { ...optionsOf(stage, { name, phase, known }), locks, files, holdMs: knobs.holdMs };
    world.machine(name).run("locker", locker(options));
  }
}

function startAppenders(stage: Stage, phase: Phase): void {
  const { world, appenders, appends, dataFiles: files, chunks } = stage;
  // Nobody else is told of these files: how long they are is another question than what they are called.
  const known = new KnownInodes(ROOT);
  for (const name of appenders) {
    const options = { ...optionsOf(stage, { name, phase, known }), appends, files, chunks };
    world.machine(name).run("appender", appender(options));
  }
}

function optionsOf(
  { knobs, bug, minds, log }: Stage,
  own: Pick<ClientOptions, "name" | "phase" | "known">,
): ClientOptions {
  const { thinkMs, attemptMs, operationMs } = knobs;
  return { ...own, minds, bug, log, thinkMs, attemptMs, operationMs };
}

/** Every state that the store is ever in has to be sound; some of them are looked at. */
function lookOften({ world, knobs, store }: Stage, phase: Phase): void {
  const random = world.random.fork("looks");
  const look = (): void => {
    if (phase.over) return;
    demandSound(store).then(
      () => world.scheduler.after(2 * knobs.lookMs * random.next(), look),
      (error: unknown) => world.fail(error),
    );
  };
  look();
}
