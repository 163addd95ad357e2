/** The whole file system under everything: minds, storage, clients, operators and one store, in one world. */
import type { Phase, Scenario, ScenarioParts } from "../../scenario/scenario.ts";
import type { SimWorld } from "../../world/world.ts";
import type { FsBug } from "./bugs.ts";
import { fsCheckers } from "./fs-checkers.ts";
import { fsNemeses } from "./fs-nemeses.ts";
import { startClients, startServices } from "./services.ts";
import { newStage, type Stage } from "./stage.ts";

const MARKS: readonly string[] = ["metastore: took over", "resync: done"];

export function fsScenario(bug?: FsBug): Scenario {
  return {
    name: bug === undefined ? "fs" : `fs-${bug.name}`,
    about:
      bug === undefined
        ? "files of many clients, over chains of replicas that come and go"
        : `the file system with a planted bug: ${bug.name}`,
    canary: bug !== undefined,
    marks: bug === undefined ? MARKS : [],
    build: (world) => build(world, bug),
  };
}

function build(world: SimWorld, bug: FsBug | undefined): ScenarioParts {
  const stage = newStage(world, bug);
  return {
    faultMs: stage.knobs.faultMs,
    workloads: [
      { name: "services", start: (phase) => startServices(stage, phase) },
      { name: "clients", start: (phase) => startClients(stage, phase) },
      { name: "looks", start: (phase) => lookOften(stage, phase) },
    ],
    nemeses: fsNemeses(stage),
    checkers: fsCheckers(stage),
  };
}

const LOOK_MS = 50;

/** At many moments nobody may serve whom its chain has dropped, and nothing may lie where it must not. */
function lookOften({ world, oracle, watch }: Stage, phase: Phase): void {
  const random = world.random.fork("looks");
  const look = (): void => {
    if (phase.over) return;
    try {
      oracle.look();
      watch.check();
    } catch (error) {
      world.fail(error);
    }
    world.scheduler.after(2 * LOOK_MS * random.next(), look);
  };
  look();
}
