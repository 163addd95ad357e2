/** A program on a simulated machine: started, killed, paused and restarted, each time as a new incarnation. */
import {
  type Clock,
  type Disk,
  formatError,
  InvariantError,
  type Net,
  type Probes,
  type Random,
} from "@smallpond/base";
import { SimDisk } from "../disk/sim-disk.ts";
import { SimDatagrams } from "../net/datagrams.ts";
import { SimNet } from "../net/sim-net.ts";
import { SimClock } from "../time/sim-clock.ts";
import { type CrashPlan, Lifetime } from "./lifetime.ts";
import type { SimMachine } from "./machine.ts";
import type { SimWorld } from "./world.ts";

/** Everything a program gets. What it keeps anywhere else survives its crash, which no real process can do. */
export interface Seams {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly net: Net;
  readonly datagrams: SimDatagrams;
  readonly probes: Probes;
  /** Aborts when the program is asked to end. It then closes what it opened and returns. */
  readonly stop: AbortSignal;
  /** False once this incarnation is dead: for recorders that stand outside of the simulated world. */
  readonly alive: () => boolean;
  /** For stand-ins of what several processes share, such as a store: they keep the dead dead, as the seams do. */
  readonly lifetime: Lifetime;
  /** The machine's name. */
  readonly machine: string;
}

/** Runs until asked to stop. An exception ends the process, and whoever supervises it starts it again. */
export type Program = (seams: Seams) => Promise<void>;

export interface ProcessSettings {
  /** How long a supervisor waits before it starts a process that ended, at least and at most. */
  readonly restartMsMin: number;
  readonly restartMsMax: number;
}

const DEFAULT_SETTINGS: ProcessSettings = { restartMsMin: 10, restartMsMax: 500 };

export class SimProcess {
  readonly name: string;
  readonly machine: SimMachine;
  readonly #world: SimWorld;
  readonly #program: Program;
  readonly #settings: ProcessSettings;
  #incarnation = 0;
  #lifetime: Lifetime | undefined;
  #stop: AbortController = new AbortController();
  #wanted = true;
  #ended: (() => void)[] = [];

  constructor(
    deps: { readonly world: SimWorld; readonly machine: SimMachine },
    name: string,
    program: Program,
    settings: Partial<ProcessSettings> = {},
  ) {
    this.#world = deps.world;
    this.machine = deps.machine;
    this.name = `${deps.machine.name}/${name}`;
    this.#program = program;
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  get running(): boolean {
    return this.#lifetime?.alive ?? false;
  }

  get paused(): boolean {
    return this.running && (this.#lifetime?.paused ?? false);
  }

  /** How often it was started. */
  get incarnation(): number {
    return this.#incarnation;
  }

  /** Starts the program, unless it runs, was stopped for good, or its machine has no power. */
  start(): void {
    if (this.running || !this.#wanted || !this.machine.powered) return;
    this.#incarnation += 1;
    const name = `${this.name}#${this.#incarnation}`;
    const lifetime = new Lifetime({ scheduler: this.#world.scheduler, trace: this.#world.trace }, name);
    this.#lifetime = lifetime;
    this.#stop = new AbortController();
    lifetime.note("started");
    lifetime.onDeath(() => this.#supervise(lifetime));
    const seams = this.#seams(lifetime, this.#stop.signal);
    lifetime.after(0, () => {
      this.#program(seams).then(
        () => this.#onReturn(lifetime),
        (error: unknown) => this.#onThrow(lifetime, error),
      );
    });
  }

  /** SIGKILL: the program hears nothing; its machine goes on, closes its sockets and keeps its page cache. */
  kill(reason: string = "killed"): void {
    this.#lifetime?.die(reason);
  }

  pause(): void {
    if (this.running) this.#lifetime?.pause();
  }

  resume(): void {
    this.#lifetime?.resume();
  }

  /** Kills the process at one of its next calls through a seam. */
  planCrash(plan: CrashPlan | undefined): void {
    this.#lifetime?.planCrash(plan);
  }

  /** Asks the program to end and waits until it did. It is not started again. */
  stop(): Promise<void> {
    this.#wanted = false;
    if (!this.running) return Promise.resolve();
    this.#lifetime?.note("asked to stop");
    this.#stop.abort(new Error("the process was asked to stop"));
    return new Promise((resolve) => {
      this.#ended.push(resolve);
    });
  }

  #seams(lifetime: Lifetime, stop: AbortSignal): Seams {
    const { machine } = this;
    const world = this.#world;
    const net = { lifetime, host: machine, board: world.switchboard };
    return {
      clock: new SimClock({ lifetime, oscillator: machine.oscillator }),
      random: world.random.fork(lifetime.name),
      disk: new SimDisk({
        lifetime,
        image: machine.disk,
        faults: machine.diskFaults,
        random: world.random.fork(`${lifetime.name} disk`),
      }),
      net: new SimNet(net),
      datagrams: new SimDatagrams(net),
      probes: world.probes,
      stop,
      alive: () => lifetime.alive,
      lifetime,
      machine: machine.name,
    };
  }

  #onReturn(lifetime: Lifetime): void {
    if (!lifetime.alive) return;
    if (this.#stop.signal.aborted) {
      for (const handle of lifetime.openHandles)
        this.#world.leaks.push(`${lifetime.name} left ${handle} open`);
    }
    lifetime.die("ended");
  }

  /** A dead incarnation cannot fail any more. A broken invariant is the run's failure, anything else the process's. */
  #onThrow(lifetime: Lifetime, error: unknown): void {
    if (!lifetime.alive) return;
    if (error instanceof InvariantError || error instanceof TypeError || error instanceof RangeError) {
      this.#world.fail(error);
    }
    lifetime.die(`ended by an error: ${formatError(error)}`);
  }

  #supervise(lifetime: Lifetime): void {
    for (const resolve of this.#ended.splice(0)) this.#world.director.wake(resolve);
    if (!this.#wanted || !this.machine.powered) return;
    const { restartMsMin, restartMsMax } = this.#settings;
    const delayMs =
      restartMsMin + this.#world.random.fork(lifetime.name).next() * (restartMsMax - restartMsMin);
    this.#world.scheduler.after(delayMs, () => this.start());
  }
}
