/** The programs of the toy: a replica and, for clients, the way to reach all three. */
import { type NetAddress, Tasks } from "@smallpond/base";
import type { Program, Seams } from "../../world/process.ts";
import { Ballot } from "./ballot.ts";
import { Journal } from "./journal.ts";
import { Replica } from "./replica.ts";
import { Caller, serve } from "./rpc.ts";
import type { Bug, ToySettings } from "./settings.ts";

export const REPLICA_MACHINES: readonly string[] = ["r0", "r1", "r2"];
const PORT = 7000;

function addressOf(machine: string): NetAddress {
  return { kind: "tcp", host: machine, port: PORT };
}

/** One caller per replica, in order. */
export function callersOf(seams: Seams, tasks: Tasks): readonly Caller[] {
  return REPLICA_MACHINES.map((machine) => new Caller({ ...seams, tasks }, addressOf(machine)));
}

/** Recovers, joins the others, and serves until stopped. Any disk error ends it: the next start recovers again. */
export function replicaProgram(id: number, settings: ToySettings, bug: Bug | undefined): Program {
  return async (seams) => {
    const { disk, probes, stop } = seams;
    await disk.mkdir("/data", { recursive: true });
    await disk.syncDirectory("/");
    const tasks = new Tasks();
    const ballot = new Ballot({ disk });
    const { journal, recovered } = await Journal.open({ disk, probes }, { syncs: bug !== "unsynced-commit" });
    await ballot.load(probes, recovered.records.at(-1)?.epoch ?? 0);
    if (recovered.damaged) {
      await ballot.save({ ...ballot.state, suspect: true });
      await journal.cutDamage();
    }
    const callers = callersOf(seams, tasks);
    const others = new Map([...callers.entries()].filter(([other]) => other !== id));
    const replica = new Replica({ ...seams, ballot, journal, tasks, others }, settings, {
      id,
      records: recovered.records,
      bug,
    });
    const listener = await seams.net.listen(addressOf(REPLICA_MACHINES[id]!));
    tasks.spawn(() => serve({ listener, tasks, stop }, (message) => replica.answer(message)));
    tasks.spawn(() => replica.run());
    await Promise.race([tasks.failure, aborted(stop)]);
    replica.wake();
    await Promise.all(callers.map((caller) => caller.close()));
    await tasks.idle();
    await journal.close();
  };
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
