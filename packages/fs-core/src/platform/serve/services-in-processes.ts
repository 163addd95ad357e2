/** Each service of a cluster as a process of its own: whoever dies is reported to the cluster manager and started again. */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Clock, formatAddress, isPondError, netError, PondError, Tasks } from "@smallpond/base";
import type { MgmtdClient } from "../../mgmtd/agent/mgmtd-client.ts";
import type { Logger } from "../../service/log.ts";
import { writePrivateFile } from "../cluster-directory/private-file.ts";
import { MIND_ARGUMENTS } from "../processes/mind-process.ts";
import { reportDeathsTo } from "../processes/report-deaths.ts";
import type { ChildCommand } from "../processes/supervised-child.ts";
import { Supervisor } from "../processes/supervisor.ts";
import type { MindService, StorageService } from "./cluster-services.ts";
import type { RunningService, RunningServices } from "./running-services.ts";
import { ADDRESS_TAKEN } from "./service-main.ts";

export interface ProcessesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of deaths. */
  readonly mgmtd: Pick<MgmtdClient, "reportDead">;
}

export interface ProcessesSettings {
  readonly minds: readonly MindService[];
  readonly storage: readonly StorageService[];
  /** Where what children are told is written: it holds the cluster's secret, and command lines are public. */
  readonly directory: string;
  /** For Node, before the entry. */
  readonly nodeArguments?: readonly string[];
}

type Service = MindService | StorageService;

// From source the entries are TypeScript too, so they have this file's extension.
const EXTENSION = import.meta.url.slice(import.meta.url.lastIndexOf("."));
const LOOK_MS = 500;

export async function startServicesInProcesses(
  deps: ProcessesDeps,
  settings: ProcessesSettings,
): Promise<RunningServices> {
  const { clock, log, mgmtd } = deps;
  const { minds, storage, directory } = settings;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const supervisor = new Supervisor({ clock, log, onDeath: reportDeathsTo(mgmtd) });
  const start = async (service: Service, entry: string): Promise<void> => {
    const command = await commandFor(service, entry, settings);
    await supervisor.add(command).catch(async (error: unknown) => {
      throw await withReason(error, service);
    });
  };
  try {
    // The last one is stopped first: the minds are.
    const all = [
      ...storage.map((service) => start(service, "storage-main")),
      ...minds.map((service) => start(service, "mind-main")),
    ];
    const failed = (await Promise.allSettled(all)).find(({ status }) => status === "rejected");
    if (failed?.status === "rejected") throw failed.reason;
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
  const nodes = new Map([...minds, ...storage].map(({ hostTag, node }) => [hostTag, node]));
  const list = (): readonly RunningService[] =>
    supervisor.children
      .map(({ name, pid }) => ({ name, node: nodes.get(name)!, pid: pid ?? 0 }))
      .sort((a, b) => a.node - b.node);
  const changes = new Changes(clock, () =>
    list()
      .map(({ pid }) => pid)
      .join(),
  );
  return {
    get list() {
      return list();
    },
    onChange: (listener) => changes.onChange(listener),
    // Who dies is started again, for as long as it takes.
    failure: new Promise(() => {}),
    close: async () => {
      await changes.close();
      await supervisor.stop();
    },
  };
}

async function commandFor(
  service: Service,
  entry: string,
  { directory, nodeArguments = [] }: ProcessesSettings,
): Promise<ChildCommand> {
  const path = join(directory, `${service.hostTag}.json`);
  await writePrivateFile(path, JSON.stringify(service));
  const main = fileURLToPath(new URL(`./${entry}${EXTENSION}`, import.meta.url));
  const args = [...MIND_ARGUMENTS, ...nodeArguments, main, `@${path}`];
  return { name: service.hostTag, command: process.execPath, args };
}

/** What the process wrote last, if it said why it ended. */
async function withReason(error: unknown, { logFile, hostTag, address }: Service): Promise<unknown> {
  if (!isPondError(error, "PROCESS_ENDED")) return error;
  if ((error.details as { readonly code?: number }).code === ADDRESS_TAKEN)
    return netError("EADDRINUSE", { operation: "listen", address: formatAddress(address) });
  if (logFile === undefined) return error;
  const lines = (await readFile(logFile, "utf8").catch(() => "")).trimEnd().split("\n");
  const reason: string[] = [];
  for (let line = lines.pop(); line !== undefined && !line.startsWith("{"); line = lines.pop()) {
    reason.unshift(line);
  }
  if (reason.join("") === "") return error;
  return new PondError("PROCESS_ENDED", {
    kind: "unavailable",
    message: `the process ${hostTag} ended before it served: ${reason.join("\n")}`,
    hint: `its log is ${logFile}`,
  });
}

/** Tells of processes that took the place of others. */
class Changes {
  readonly #clock: Clock;
  readonly #look: () => string;
  readonly #listeners: Set<() => void> = new Set();
  readonly #tasks: Tasks = new Tasks();
  readonly #stop: AbortController = new AbortController();

  constructor(clock: Clock, look: () => string) {
    this.#clock = clock;
    this.#look = look;
    this.#tasks.spawn(() => this.#run());
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort(new Error("stopped"));
    await this.#tasks.idle();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let seen = this.#look();
    while (!signal.aborted) {
      await this.#clock.sleep(LOOK_MS, { signal }).catch(() => {});
      const now = this.#look();
      if (now === seen) continue;
      seen = now;
      for (const listener of this.#listeners) listener();
    }
  }
}
