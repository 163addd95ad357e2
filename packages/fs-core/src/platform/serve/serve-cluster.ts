/**
 * A whole cluster on this machine, from its directory: in one process, or each service in one of its own. Started again on
 * the same directory it goes on with the same ids and the same data.
 */
import { isPondError, type PondError, type SignalOptions } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { bootstrap } from "../../cluster/bootstrap/bootstrap.ts";
import { waitUntilUp } from "../../cluster/bootstrap/wait-until-up.ts";
import { formatLogLine, Logger, type LogLevel } from "../../service/log.ts";
import { type ClusterFile, shapeOf } from "../cluster-directory/cluster-file.ts";
import type { ClusterChoices } from "../cluster-directory/new-cluster.ts";
import {
  type OpenedDirectory,
  openClusterDirectory,
  portTaken,
} from "../cluster-directory/open-directory.ts";
import { isFormatted, markFormatted, removeRunning, writeRunning } from "../cluster-directory/running.ts";
import { NodeCrypto } from "../node-crypto.ts";
import {
  makeDirectories,
  managersOf,
  mindServices,
  secretOf,
  storageServices,
  urlOf,
} from "./cluster-services.ts";
import { connectManager, type ManagerConnection } from "./connect-manager.ts";
import { openLogFile } from "./log-file.ts";
import type { RunningServices } from "./running-services.ts";
import { startServicesHere } from "./services-here.ts";
import { startServicesInProcesses } from "./services-in-processes.ts";

export interface ServeClusterSettings {
  readonly directory: string;
  /** What a new cluster is made of; one that is there must agree. */
  readonly choices?: ClusterChoices;
  /** Each service in a process of its own. Default no; always with several minds, which open one store. */
  readonly processes?: boolean;
  /** For Node, before the entries of processes: loaders for those that run from source. */
  readonly nodeArguments?: readonly string[];
  /** Default `info`. */
  readonly logLevel?: LogLevel;
}

export interface ServeClusterOptions extends SignalOptions {
  /** In words for people. */
  readonly onProgress?: (text: string) => void;
  /** Until everything can be read and written. Default 60 s. */
  readonly timeoutMs?: number;
}

export interface ServedCluster extends AsyncDisposable {
  /** `3fs://host:port` */
  readonly url: string;
  readonly file: ClusterFile;
  /** Absolute, without links. */
  readonly directory: string;
  /** Whether it was made just now. */
  readonly isNew: boolean;
  readonly services: RunningServices;
  /** As a member of the cluster. */
  readonly connection: ManagerConnection;
  /** Rejects when the cluster must not go on. */
  readonly failure: Promise<never>;
  /** Ends all services in order, and lets the directory go. */
  close(): Promise<void>;
}

/** Ports that are tried for a cluster that is made just now. */
const PORTS_TRIED = 5;

/** Resolves once everything can be read and written. An abort while it starts stops what was started. */
export async function serveCluster(
  settings: ServeClusterSettings,
  options: ServeClusterOptions = {},
): Promise<ServedCluster> {
  const { onProgress = () => {} } = options;
  const opened = await openClusterDirectory(settings.directory, settings.choices);
  const { path, isNew } = opened;
  onProgress(`${isNew ? "making a cluster" : "starting the cluster"} in ${path}`);
  try {
    const run = await startSomewhere(opened, settings, options);
    const close = async (): Promise<void> => {
      await run.close();
      await opened.release();
    };
    const { file, services, connection } = run;
    const { failure } = services;
    const told = { url: urlOf(file), file, directory: path, isNew, services, connection, failure };
    return { ...told, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await opened.release();
    throw error;
  }
}

/** Two clusters that are made at once may choose one port: who comes second takes another. */
async function startSomewhere(
  opened: OpenedDirectory,
  settings: ServeClusterSettings,
  options: ServeClusterOptions,
): Promise<Run> {
  let { file } = opened;
  for (let tries = 1; ; tries++) {
    const run = new Run({ path: opened.path, file }, settings);
    try {
      await run.start(options);
      return run;
    } catch (error) {
      await run.close();
      if (!isPondError(error, "EADDRINUSE")) throw error;
      const port = portIn(error) ?? file.minds[0]!.port;
      const moved = tries < PORTS_TRIED ? await opened.movePort(port) : undefined;
      if (moved === undefined) throw portTaken(port);
      options.onProgress?.(`port ${port} was taken meanwhile: trying another one`);
      file = moved;
    }
  }
}

class Run {
  readonly file: ClusterFile;
  readonly #path: string;
  readonly #settings: ServeClusterSettings;
  readonly #clock: NodeClock = new NodeClock();
  readonly #startedMs: number;
  readonly connection: ManagerConnection;
  #services: RunningServices | undefined;
  #log: (() => Promise<void>) | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    { path, file }: { readonly path: string; readonly file: ClusterFile },
    settings: ServeClusterSettings,
  ) {
    this.#path = path;
    this.file = file;
    this.#settings = settings;
    this.#startedMs = this.#clock.wallMs();
    this.connection = connectManager({
      managers: managersOf(file),
      credentials: { kind: "member", clusterId: file.clusterId, secret: secretOf(file) },
      // A service that is just starting is there in a moment.
      client: { backoffMsMax: 50 },
    });
  }

  get services(): RunningServices {
    return this.#services!;
  }

  /**
   * LMDB knows a store once in a process: one mind that opens it would wait, with the only thread, for the transaction of
   * another that waits for that thread.
   */
  get #inProcesses(): boolean {
    return this.#settings.processes === true || this.file.minds.length > 1;
  }

  async start(options: ServeClusterOptions): Promise<void> {
    const [path, file] = [this.#path, this.file];
    const { logLevel } = this.#settings;
    const place = { path, file, ...(logLevel === undefined ? {} : { logLevel }) };
    await makeDirectories(place);
    await this.#tell();
    const logFile = await openLogFile(`${path}/logs/cluster.log`);
    this.#log = () => logFile.close();
    const sink = {
      clock: this.#clock,
      sink: (line: Parameters<typeof formatLogLine>[0]) => logFile.write(formatLogLine(line)),
    };
    const log = new Logger(sink, logLevel === undefined ? {} : { level: logLevel });
    const minds = mindServices(place);
    const storage = storageServices(place, (await isFormatted(path)) ? "replaced" : "new");
    const { mgmtd, meta } = this.connection;
    this.#services = this.#inProcesses
      ? await startServicesInProcesses(
          { clock: this.#clock, log, mgmtd },
          { minds, storage, directory: `${path}/run`, nodeArguments: this.#settings.nodeArguments ?? [] },
        )
      : await startServicesHere(minds, storage);
    options.signal?.throwIfAborted();
    // From now on a target that is missing has lost what was in it.
    await markFormatted(path);
    const deps = { mgmtd, meta, clock: this.#clock, crypto: new NodeCrypto(), log };
    const shape = shapeOf(file);
    await this.#orFailure(bootstrap(deps, { shape, root: { token: file.rootToken } }, options));
    await this.#orFailure(waitUntilUp(deps, shape, options));
    this.#services.onChange(() => void this.#tell().catch(() => {}));
    await this.#tell(urlOf(file));
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.connection.close();
    await this.#services?.close();
    await removeRunning(this.#path);
    await this.#log?.();
  }

  async #tell(url?: string): Promise<void> {
    if (this.#closed !== undefined) return;
    await writeRunning(this.#path, {
      pid: process.pid,
      url: url ?? (this.#services === undefined ? undefined : urlOf(this.file)),
      processes: this.#inProcesses,
      startedMs: this.#startedMs,
      services: this.#services?.list ?? [],
    });
  }

  /** Fails with whatever broke meanwhile. */
  async #orFailure<T>(work: Promise<T>): Promise<T> {
    return await Promise.race([work, this.services.failure]);
  }
}

function portIn(error: PondError): number | undefined {
  const { address } = error.details as { readonly address?: unknown };
  const port = /:(\d+)$/.exec(String(address))?.[1];
  return port === undefined ? undefined : Number(port);
}
