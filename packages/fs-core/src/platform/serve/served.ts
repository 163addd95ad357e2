/** What every service on this machine has in common: a log, metrics, an admin port, and the order in which it lets go. */
import { type Clock, type InvariantError, type NetAddress, Tasks } from "@smallpond/base";
import { openBootClock } from "@smallpond/fs-native";
import { formatLogLine, Logger, type LogLevel } from "../../service/log.ts";
import { Metrics } from "../../service/metrics.ts";
import { AdminHttp } from "../admin-http.ts";
import { NodeCrypto } from "../node-crypto.ts";

export interface ServiceSettings {
  readonly node: number;
  /** The cluster's, in hex. */
  readonly secret: string;
  /** Where metrics and health are told; nowhere without it. */
  readonly admin?: NetAddress;
  /** Default `info`. */
  readonly logLevel?: LogLevel;
}

export interface ServiceOptions {
  /** Takes the log's lines; standard error otherwise. */
  readonly writeLog?: (line: string) => void;
}

export interface Served<Node> extends AsyncDisposable {
  readonly node: Node;
  readonly adminAddress: NetAddress | undefined;
  /** Rejects when the process must not go on. */
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

/** What a service is started with. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly crypto: NodeCrypto;
  readonly secret: Uint8Array;
  readonly onInvariant: (error: InvariantError) => void;
  /** Adds what is done at the end, or when the start fails; the last added is done first. */
  readonly atEnd: (step: () => Promise<void>) => void;
}

interface Service {
  readonly failure: Promise<never>;
  close(): Promise<void>;
}

export async function serve<Node extends Service>(
  settings: ServiceSettings,
  { writeLog = (line) => void process.stderr.write(`${line}\n`) }: ServiceOptions,
  service: {
    readonly start: (surroundings: Surroundings) => Promise<Node>;
    /** Why it cannot do its work; undefined when it can. */
    readonly unwell: (node: Node) => string | undefined;
  },
): Promise<Served<Node>> {
  const { admin, logLevel = "info" } = settings;
  const clock = openBootClock();
  const log = new Logger(
    { clock, sink: (line) => writeLog(formatLogLine(line)) },
    { level: logLevel, fields: { node: settings.node } },
  );
  const metrics = new Metrics();
  const broken = new Tasks();
  const steps: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of steps.splice(0).reverse()) await step();
  };
  try {
    const node = await service.start({
      clock,
      log,
      metrics,
      crypto: new NodeCrypto(),
      secret: new Uint8Array(Buffer.from(settings.secret, "hex")),
      onInvariant: (error) => broken.spawn(() => Promise.reject(error)),
      atEnd: (step) => steps.push(step),
    });
    steps.push(() => node.close());
    const port =
      admin === undefined
        ? undefined
        : await AdminHttp.open({ metrics, log, unwell: () => service.unwell(node) }, { address: admin });
    if (port !== undefined) steps.push(() => port.close());
    return {
      node,
      adminAddress: port?.address,
      failure: Promise.race([node.failure, broken.failure]),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    // The address may be taken: whoever tries another one opens the same files.
    await close();
    throw error;
  }
}
