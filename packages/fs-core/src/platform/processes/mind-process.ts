/** A process of the file system's mind as a child of this one. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type NetAddress, PondError } from "@smallpond/base";
import type { ServeMindSettings } from "../serve/serve-mind.ts";
import type { ChildCommand } from "./supervised-child.ts";

export interface MindProcessOptions {
  /** Before the entry, as Node takes them: loaders for processes that run from source. */
  readonly nodeArguments?: readonly string[];
  /** `inherit` by default: its log is this process's. */
  readonly stderr?: "inherit" | "ignore";
}

export interface MindEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * How Node is started for such a process. What a call needs lives until its batch is on the disk: in a nursery of the
 * usual 16 MiB it is moved twice before it goes, which takes a third of all time.
 */
export const MIND_ARGUMENTS: readonly string[] = ["--max-semi-space-size=64"];

// From source the entry is TypeScript too, so it has this file's extension.
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const ENTRY = fileURLToPath(new URL(`../serve/mind-main${EXTENSION}`, import.meta.url));

/** The same process for a supervisor. */
export function mindCommand(settings: ServeMindSettings, options: MindProcessOptions = {}): ChildCommand {
  const { nodeArguments = [], stderr = "inherit" } = options;
  const args = [...MIND_ARGUMENTS, ...nodeArguments, ENTRY, JSON.stringify(settings)];
  return { name: `mind ${settings.node}`, command: process.execPath, args, stderr };
}

export class MindProcess {
  readonly address: NetAddress;
  readonly adminAddress: NetAddress | undefined;
  /** Resolves when it has ended, however that came. */
  readonly ended: Promise<MindEnd>;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ended: Promise<MindEnd>, told: Told) {
    this.#child = child;
    this.ended = ended;
    this.address = told.address;
    this.adminAddress = told.admin;
  }

  /**
   * Resolves when it serves, for which somebody must own the store.
   *
   * @throws PROCESS_ENDED when it ends before.
   */
  static async start(settings: ServeMindSettings, options: MindProcessOptions = {}): Promise<MindProcess> {
    const { command, args, stderr = "inherit" } = mindCommand(settings, options);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", stderr] });
    const ended = new Promise<MindEnd>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    const line = firstLine(child);
    const told = await Promise.race([line, ended.then(() => undefined)]);
    if (told === undefined) throw await endedEarly(ended, settings);
    return new MindProcess(child, ended, JSON.parse(told) as Told);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** As a machine that loses power, except for what the kernel still writes. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Lets calls end and hands over; resolves when it has ended. */
  async stop(): Promise<MindEnd> {
    this.#child.kill("SIGTERM");
    return await this.ended;
  }
}

interface Told {
  readonly address: NetAddress;
  readonly admin: NetAddress | undefined;
}

async function firstLine(child: ChildProcess): Promise<string | undefined> {
  for await (const line of createInterface({ input: child.stdout! })) {
    child.stdout!.resume();
    return line;
  }
  return undefined;
}

async function endedEarly(ended: Promise<MindEnd>, { node }: ServeMindSettings): Promise<PondError> {
  const { code, signal } = await ended;
  return new PondError("PROCESS_ENDED", {
    kind: "unavailable",
    message: `the process of node ${node} ended before it served (${signal ?? code})`,
    details: { node, code: code ?? -1 },
    hint: "its log says why",
  });
}
