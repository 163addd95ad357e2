/** A client that changes the namespace at random, and writes down what it was told. */
import { isPondError, Tasks } from "@smallpond/base";
import {
  type ClientId,
  META,
  MetaCaller,
  MgmtdClient,
  newRandomId,
  type RequestId,
  ROOT_INODE,
  silentLogger,
} from "@smallpond/fs-core";
import { testClients } from "@smallpond/fs-core/testing";
import { isReadOnly, type NamespaceInput } from "../../checkers/namespace/operations.ts";
import type { Phase } from "../../scenario/scenario.ts";
import type { Program, Seams } from "../../world/process.ts";
import { aborted } from "../mind/aborted.ts";
import { addressOf, memberCredentials } from "../mind/cluster.ts";
import { drawOperation } from "./draw-operation.ts";
import type { KnownInodes } from "./known-inodes.ts";
import type { OperationsLog } from "./operations-log.ts";
import { errnoOf, translate } from "./translate.ts";

export interface ClientOptions {
  readonly name: string;
  readonly minds: readonly string[];
  readonly known: KnownInodes;
  readonly log: OperationsLog;
  readonly phase: Phase;
  readonly thinkMs: number;
  readonly attemptMs: number;
  readonly operationMs: number;
}

export function namespaceClient(options: ClientOptions): Program {
  return async (seams) => {
    const { clock, random, stop } = seams;
    const { minds, attemptMs, operationMs } = options;
    const tasks = new Tasks();
    const clients = testClients(
      { ...seams, random: random.fork("clients") },
      { credentials: memberCredentials() },
    );
    const client = newRandomId<ClientId>(random);
    const caller = new MetaCaller(
      { clock, random: random.fork("meta"), callers: minds.map((mind) => clients.to(addressOf(mind))) },
      { client, attemptMs, timeoutMs: operationMs },
    );
    const session = new MgmtdClient(
      { callers: clients, clock, random: random.fork("mgmtd"), log: silentLogger() },
      { managers: minds.map(addressOf), client, about: options.name },
    );
    tasks.spawn(() => session.run({ signal: stop }));
    tasks.spawn(() => act(seams, caller, options));
    await Promise.race([tasks.failure, aborted(stop)]);
    await tasks.idle();
    await clients.close();
  };
}

async function act(seams: Seams, caller: MetaCaller, options: ClientOptions): Promise<void> {
  const { clock, stop } = seams;
  const random = seams.random.fork("operations");
  while (!stop.aborted && !(await isThere(caller))) await clock.sleep(100);
  while (!stop.aborted && !options.phase.over) {
    await clock.sleep(2 * options.thinkMs * random.next());
    const request = newRandomId<RequestId>(random);
    await askOne(seams, caller, options, { request, input: drawOperation(random, options.known) });
  }
}

/** Whether the first service of the cluster has made the root. */
async function isThere(caller: MetaCaller): Promise<boolean> {
  try {
    await caller.ask(META.stat, { inode: ROOT_INODE });
    return true;
  } catch {
    return false;
  }
}

/** Asks, and writes down the answer. */
export async function askOne(
  seams: Pick<Seams, "alive">,
  caller: MetaCaller,
  { log, known, name }: Pick<ClientOptions, "log" | "known" | "name">,
  asked: { readonly request: RequestId; readonly input: NamespaceInput },
): Promise<void> {
  const open = log.history.call(name, asked);
  try {
    const output = await translate(asked.input).send(caller, asked.request);
    if (!seams.alive()) return;
    open.answered(output);
    if (!("code" in output) && output.id !== undefined) {
      const isDirectory = asked.input.kind === "mkdir" || output.value?.startsWith("directory") === true;
      known.learn(output.id, isDirectory ? "directory" : "other");
    }
  } catch (error) {
    if (!seams.alive()) return;
    const code = errnoOf(error);
    if (code !== undefined) open.answered({ code });
    else if (!isPondError(error) || error.kind === "internal") throw error;
    else if (isReadOnly(asked.input)) open.refused();
  }
}
