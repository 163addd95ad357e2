/** A computer: its clock, its disk, its power, and the processes on it. */
import { DiskFaults } from "../disk/faults.ts";
import { DiskImage } from "../disk/image.ts";
import type { Host } from "../net/switchboard.ts";
import { Oscillator } from "../time/oscillator.ts";
import { type ProcessSettings, type Program, SimProcess } from "./process.ts";
import type { SimWorld } from "./world.ts";

export interface MachineSettings {
  readonly diskBytes: number;
  /** Its clock gains or loses up to this share. */
  readonly clockDriftMax: number;
  /** Its wall clock is up to this far off. */
  readonly wallOffsetMsMax: number;
}

export const DEFAULT_MACHINE_SETTINGS: MachineSettings = {
  diskBytes: 2 ** 30,
  clockDriftMax: 0.0005,
  wallOffsetMsMax: 50,
};

export class SimMachine implements Host {
  readonly name: string;
  readonly disk: DiskImage;
  readonly diskFaults: DiskFaults = new DiskFaults();
  readonly settings: MachineSettings;
  readonly #world: SimWorld;
  readonly #processes: SimProcess[] = [];
  #oscillator: Oscillator;
  #powered = true;
  #boot = 1;

  constructor(world: SimWorld, name: string, settings: Partial<MachineSettings> = {}) {
    this.#world = world;
    this.name = name;
    this.settings = { ...DEFAULT_MACHINE_SETTINGS, ...settings };
    this.#oscillator = this.#newOscillator();
    this.disk = new DiskImage(
      { wallNs: () => BigInt(Math.round(this.#oscillator.wallMs() * 1e6)) },
      { capacityBytes: this.settings.diskBytes },
    );
  }

  get powered(): boolean {
    return this.#powered;
  }

  get boot(): number {
    return this.#boot;
  }

  get oscillator(): Oscillator {
    return this.#oscillator;
  }

  get processes(): readonly SimProcess[] {
    return this.#processes;
  }

  /** Adds a program and starts it; it is started again whenever it ends and whenever the machine boots. */
  run(name: string, program: Program, settings?: Partial<ProcessSettings>): SimProcess {
    const process = new SimProcess({ world: this.#world, machine: this }, name, program, settings);
    this.#processes.push(process);
    process.start();
    return process;
  }

  /** The plug is pulled: processes vanish without a word on the network, and unsynced bytes may be gone. */
  powerOff(): void {
    if (!this.#powered) return;
    this.note("power off");
    this.#powered = false;
    for (const process of this.#processes) process.kill("lost power");
    this.disk.cutPower(this.#world.random.fork(`${this.name} power cut ${this.#boot}`));
  }

  powerOn(): void {
    if (this.#powered) return;
    this.note("power on");
    this.#powered = true;
    this.#boot += 1;
    this.#oscillator = this.#newOscillator();
    for (const process of this.#processes) process.start();
  }

  note(text: string): void {
    this.#world.trace.write(this.#world.scheduler.nowMs, this.name, text);
  }

  /** Time begins anew with each boot: nobody may compare monotonic times across one. */
  #newOscillator(): Oscillator {
    const random = this.#world.random.fork(`${this.name} clock ${this.#boot}`);
    const { clockDriftMax, wallOffsetMsMax } = this.settings;
    return new Oscillator(this.#world, {
      rate: 1 + clockDriftMax * (2 * random.next() - 1),
      wallOffsetMs: wallOffsetMsMax * (2 * random.next() - 1),
      startMs: random.int(1_000_000),
    });
  }
}
