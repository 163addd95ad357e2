/** One simulated world, from one seed: machines, the network between them, time, chance, and the record of it all. */
import { assert, type Random, SeededRandom } from "@smallpond/base";
import { Fabric, type FabricSettings, unknownMachine } from "../net/fabric.ts";
import { Switchboard } from "../net/switchboard.ts";
import { watchRejections } from "../platform/rejections.ts";
import { runTurns } from "../platform/turns.ts";
import { Scheduler } from "../time/scheduler.ts";
import { drawKnobs, type KnobTable, type KnobValues } from "./knobs.ts";
import { Lifetime } from "./lifetime.ts";
import { type MachineSettings, SimMachine } from "./machine.ts";
import { Trace, type TraceSettings } from "./trace.ts";
import { WorldProbes } from "./world-probes.ts";

export interface WorldSettings {
  readonly fabric?: Partial<FabricSettings>;
  readonly trace?: TraceSettings;
  /** A run that goes on for longer has hung: it fails. */
  readonly eventsMax?: number;
}

const EVENTS_MAX = 2_000_000;

export class SimWorld {
  readonly seed: number;
  readonly random: Random;
  readonly scheduler: Scheduler = new Scheduler();
  readonly trace: Trace;
  readonly fabric: Fabric;
  readonly switchboard: Switchboard;
  readonly probes: WorldProbes;
  /** Stands outside of the machines and never dies: whoever runs workloads and breaks things. */
  readonly director: Lifetime;
  /** What processes had open when they ended in good order. */
  readonly leaks: string[] = [];
  readonly #machines: Map<string, SimMachine> = new Map();
  readonly #eventsMax: number;
  #failure: { readonly error: unknown } | undefined;
  #finished = false;

  constructor(seed: number, settings: WorldSettings = {}) {
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.trace = new Trace(settings.trace);
    this.#eventsMax = settings.eventsMax ?? EVENTS_MAX;
    const fabricDeps = { scheduler: this.scheduler, trace: this.trace, random: this.random.fork("fabric") };
    this.fabric = new Fabric(fabricDeps, settings.fabric);
    this.switchboard = new Switchboard({ scheduler: this.scheduler, fabric: this.fabric });
    this.probes = new WorldProbes({ random: this.random.fork("probes"), note: (text) => this.note(text) });
    this.director = new Lifetime({ scheduler: this.scheduler, trace: this.trace }, "director");
  }

  get machines(): readonly SimMachine[] {
    return [...this.#machines.values()];
  }

  addMachine(name: string, settings?: Partial<MachineSettings>): SimMachine {
    assert(!this.#machines.has(name), `the world has a machine ${name} already`);
    const machine = new SimMachine(this, name, settings);
    this.#machines.set(name, machine);
    this.switchboard.hosts.set(name, machine);
    return machine;
  }

  machine(name: string): SimMachine {
    const machine = this.#machines.get(name);
    if (machine === undefined) throw unknownMachine(name);
    return machine;
  }

  /** This run's tunables; written to the trace. */
  knobs<const T extends KnobTable>(table: T): KnobValues<T> {
    const values = drawKnobs(this.random.fork("knobs"), table);
    this.note(`knobs ${JSON.stringify(values)}`);
    return values;
  }

  note(text: string): void {
    this.trace.write(this.scheduler.nowMs, "world", text);
  }

  /** Waits in true time. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.scheduler.after(ms, resolve));
  }

  /** Ends the run: something happened that must never happen. The first such thing counts. */
  fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    const message = error instanceof Error ? error.message : String(error);
    this.note(`FAILED: ${message.split("\n")[0]}`);
  }

  /** Nothing fails by itself any more: cuts are mended, power is on, disks work, everybody runs. Damage stays. */
  heal(): void {
    this.note("heal");
    this.probes.heal();
    this.fabric.heal();
    for (const machine of this.machines) {
      machine.diskFaults.heal();
      machine.disk.capacityBytes = machine.settings.diskBytes;
      machine.powerOn();
      for (const process of machine.processes) {
        process.planCrash(undefined);
        process.resume();
        process.start();
      }
    }
  }

  /** Lets the world go on until `main` is done; rejects with the first failure. Once per world. */
  async run(main: () => Promise<void>): Promise<void> {
    const rejections = watchRejections((error) => this.fail(error));
    try {
      this.scheduler.after(0, () => {
        main().then(
          () => this.#finish(),
          (error: unknown) => this.fail(error),
        );
      });
      await runTurns({
        enter: () => {
          this.scheduler.inside = true;
        },
        step: () => this.#step(),
        leave: () => {
          this.scheduler.inside = false;
        },
      });
    } finally {
      rejections.close();
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #finish(): void {
    this.#finished = true;
  }

  #step(): boolean {
    if (this.#finished || this.#failure !== undefined) return false;
    if (this.scheduler.eventCount >= this.#eventsMax) {
      this.fail(new Error(`the run did not end within ${this.#eventsMax} events`));
      return false;
    }
    try {
      if (this.scheduler.step()) return true;
      this.fail(
        new Error("nothing is left to happen, and the run is not over: somebody waits for what never comes"),
      );
    } catch (error) {
      this.fail(error);
    }
    return false;
  }
}
