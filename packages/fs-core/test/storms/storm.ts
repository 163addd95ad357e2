/** A storm: services and clients in processes of their own, killed and started anew at random for a while. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Random, SeededRandom } from "@smallpond/base";
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
const PAUSE_MS_MIN = 300;
const PAUSE_MS_MAX = 1500;
/** Processes of tests run from source. */
const FROM_SOURCE: readonly string[] = [
  "--no-warnings",
  "-C",
  "@smallpond/source",
  "--import",
  createRequire(import.meta.url).resolve("tsx"),
];

export async function storm(settings: StormSettings): Promise<StormResult> {
  const { services, clients, ms, seed } = settings;
  const random = new SeededRandom(seed);
  const minds = await Promise.all(
    Array.from({ length: services }, (_, index) => startService(settings, index + 1)),
  );
  const run = new Clients(settings);
  for (let client = 0; client < clients; client++) run.start();
  let servicesKilled = 0;
  const untilMs = performance.now() + ms;
  try {
    await run.firstAnswer();
    while (performance.now() < untilMs) {
      await sleep(PAUSE_MS_MIN + random.int(PAUSE_MS_MAX - PAUSE_MS_MIN));
      if (random.int(3) === 0) {
        await run.killOne(random);
        run.start();
      } else {
        const index = random.int(services);
        await killService(minds[index]!);
        servicesKilled += 1;
        minds[index] = await startService(settings, index + 1);
      }
    }
  } finally {
    await run.killAll();
    await Promise.all(minds.map(killService));
  }
  return { record: run.record, servicesKilled, clientsKilled: run.killed, complaints: run.complaints };
}

function startService({ directory, services }: StormSettings, node: number): Promise<MindProcess> {
  return MindProcess.start(testMind({ directory, nodes: services }, node), { nodeArguments: FROM_SOURCE });
}

async function killService(mind: MindProcess): Promise<void> {
  mind.kill();
  await mind.ended;
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
    while (this.record.answered === 0 && this.complaints.length === 0) await sleep(50);
  }

  async killOne(random: Random): Promise<void> {
    const [child] = this.#running.splice(random.int(this.#running.length), 1);
    await this.#kill(child!);
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
