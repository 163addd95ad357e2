/** A storm: services and clients in processes of their own, killed and started anew at random for a while. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Random, SeededRandom, Tasks } from "@smallpond/base";
import { MindProcess } from "@smallpond/fs-core/platform";
import { testMind } from "../cluster/settings.ts";
import type { StormOrder } from "./storm-client.ts";
import { type StormLine, StormRecord } from "./storm-line.ts";

export interface StormSettings {
  readonly directory: string;
  readonly seed: number;
  readonly ms: number;
  readonly services: number;
  readonly clients: number;
}

export interface StormResult {
  readonly record: StormRecord;
  readonly servicesKilled: number;
  readonly clientsKilled: number;
  /** Of clients that ended by themselves, which none should. */
  readonly complaints: readonly string[];
}

const WORKERS = 3;
/** Of clients, between two blows. */
const ANSWERS_MAX = 60;
/** Processes of tests run from source. */
const FROM_SOURCE: readonly string[] = [
  "--no-warnings",
  "-C",
  "@smallpond/source",
  "--import",
  createRequire(import.meta.url).resolve("tsx"),
];

export async function storm(settings: StormSettings): Promise<StormResult> {
  const random = new SeededRandom(settings.seed);
  const services = new Services(settings);
  const clients = new Clients(settings);
  try {
    await services.startAll();
    for (let client = 0; client < settings.clients; client++) clients.start();
    await clients.firstAnswer();
    const untilMs = performance.now() + settings.ms;
    while (performance.now() < untilMs) {
      // On any machine as much is done between two blows, however long that takes.
      await clients.moreAnswers(1 + random.int(ANSWERS_MAX), untilMs);
      if (random.int(3) === 0) await clients.renewOne(random);
      else services.renew(random);
    }
  } finally {
    await clients.killAll();
    await services.killAll();
  }
  const { record, complaints } = clients;
  return { record, servicesKilled: services.killed, clientsKilled: clients.killed, complaints };
}

class Services {
  readonly #settings: StormSettings;
  readonly #running: Map<number, MindProcess> = new Map();
  readonly #starting: Tasks = new Tasks();
  killed = 0;

  constructor(settings: StormSettings) {
    this.#settings = settings;
  }

  async startAll(): Promise<void> {
    const { services } = this.#settings;
    await Promise.all(Array.from({ length: services }, (_, index) => this.#start(index + 1)));
  }

  /** Kills one of those that run, unless it is the only one, and starts it anew, which takes a while. */
  renew(random: Random): void {
    if (this.#running.size < 2) return;
    const node = [...this.#running.keys()][random.int(this.#running.size)]!;
    this.killed += 1;
    this.#starting.spawn(async () => {
      await this.#kill(node);
      await this.#start(node);
    });
  }

  async killAll(): Promise<void> {
    await Promise.race([this.#starting.idle(), this.#starting.failure]);
    await Promise.all([...this.#running.keys()].map((node) => this.#kill(node)));
  }

  async #start(node: number): Promise<void> {
    const { directory, services } = this.#settings;
    const mind = testMind({ directory, nodes: services }, node);
    this.#running.set(node, await MindProcess.start(mind, { nodeArguments: FROM_SOURCE }));
  }

  async #kill(node: number): Promise<void> {
    const mind = this.#running.get(node);
    this.#running.delete(node);
    mind?.kill();
    await mind?.ended;
  }
}

class Clients {
  readonly record: StormRecord = new StormRecord();
  readonly complaints: string[] = [];
  readonly #settings: StormSettings;
  #running: ChildProcess[] = [];
  #count = 0;
  killed = 0;

  constructor(settings: StormSettings) {
    this.#settings = settings;
  }

  start(): void {
    const { directory, services } = this.#settings;
    const name = `c${this.#count++}`;
    const order: StormOrder = {
      name,
      services: Array.from(
        { length: services },
        (_, at) => testMind({ directory, nodes: services }, at + 1).address,
      ),
      workers: WORKERS,
    };
    const script = fileURLToPath(new URL("./storm-client.ts", import.meta.url));
    const child = spawn(process.execPath, [...FROM_SOURCE, script, JSON.stringify(order)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    createInterface({ input: child.stdout! }).on("line", (line) => this.#take(line));
    let stderr = "";
    child.stderr!.on("data", (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    child.once("close", (code) => {
      if (!child.killed) this.complaints.push(`client ${name} ended with ${code}: ${stderr}`);
    });
    this.#running.push(child);
  }

  async firstAnswer(): Promise<void> {
    await this.moreAnswers(1, Number.POSITIVE_INFINITY);
  }

  /** Waits for so many, up to a time. */
  async moreAnswers(count: number, untilMs: number): Promise<void> {
    const enough = this.record.answered + count;
    while (this.record.answered < enough && this.complaints.length === 0) {
      if (performance.now() >= untilMs) return;
      await sleep(20);
    }
  }

  /** Another takes the place of one that is killed, with directories of its own. */
  async renewOne(random: Random): Promise<void> {
    const [child] = this.#running.splice(random.int(this.#running.length), 1);
    await this.#kill(child!);
    this.start();
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#running.map((child) => this.#kill(child)));
    this.#running = [];
  }

  /** Resolves when all that it printed has been read. */
  async #kill(child: ChildProcess): Promise<void> {
    this.killed += 1;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await closed;
  }

  /** The last line of a process that was killed may be cut off. */
  #take(line: string): void {
    let told: StormLine;
    try {
      told = JSON.parse(line) as StormLine;
    } catch {
      return;
    }
    this.record.take(told);
  }
}
