/** A client that changes the namespace at random, and writes down what it was told. */
import { isPondError, Tasks } from "@smallpond/base";
import { META, type MetaCaller, newRandomId, type RequestId, ROOT_INODE } from "@smallpond/fs-core";
import {
  isReadOnly,
  type NamespaceInput,
  type NamespaceOutput,
} from "../../checkers/namespace/operations.ts";
import type { Phase } from "../../scenario/scenario.ts";
import type { Program, Seams } from "../../world/process.ts";
import { aborted } from "../mind/aborted.ts";
import { type ConnectionSettings, connect } from "./connection.ts";
import { drawOperation } from "./draw-operation.ts";
import type { KnownInodes } from "./known-inodes.ts";
import type { OperationsLog } from "./operations-log.ts";
import { errnoOf, translate } from "./translate.ts";

export interface ClientOptions extends ConnectionSettings {
  readonly known: KnownInodes;
  readonly log: OperationsLog;
  readonly phase: Phase;
  readonly thinkMs: number;
}

export function namespaceClient(options: ClientOptions): Program {
  return async (seams) => {
    const tasks = new Tasks();
    const { caller, close } = connect(seams, tasks, options);
    tasks.spawn(() => act(seams, caller, options));
    await Promise.race([tasks.failure, aborted(seams.stop)]);
    await tasks.idle();
    await close();
  };
}

async function act(seams: Seams, caller: MetaCaller, options: ClientOptions): Promise<void> {
  const { clock, stop } = seams;
  const random = seams.random.fork("operations");
  await untilReady(seams, caller);
  while (!stop.aborted && !options.phase.over) {
    await clock.sleep(2 * options.thinkMs * random.next());
    const request = newRandomId<RequestId>(random);
    await askOne(seams, caller, options, { request, input: drawOperation(random, options.known) });
  }
}

/** Until the first service of the cluster has made the root. */
export async function untilReady(
  { clock, stop }: Pick<Seams, "clock" | "stop">,
  caller: MetaCaller,
): Promise<void> {
  while (!stop.aborted && !(await isThere(caller))) await clock.sleep(100);
}

async function isThere(caller: MetaCaller): Promise<boolean> {
  try {
    await caller.ask(META.stat, { inode: ROOT_INODE });
    return true;
  } catch {
    return false;
  }
}

/** Asks, and writes down the answer; nothing if there was none. */
export async function askOne(
  seams: Pick<Seams, "alive" | "stop">,
  caller: MetaCaller,
  { log, known, name }: Pick<ClientOptions, "log" | "known" | "name">,
  asked: { readonly request: RequestId; readonly input: NamespaceInput },
): Promise<NamespaceOutput | undefined> {
  const open = log.history.call(name, asked);
  try {
    const output = await translate(asked.input).send(caller, asked.request, seams.stop);
    if (!seams.alive()) return undefined;
    open.answered(output);
    if (!("code" in output) && output.id !== undefined) {
      const isDirectory = asked.input.kind === "mkdir" || output.value?.startsWith("directory") === true;
      known.learn(output.id, isDirectory ? "directory" : "other");
    }
    return output;
  } catch (error) {
    if (!seams.alive()) return undefined;
    const code = errnoOf(error);
    if (code !== undefined) {
      open.answered({ code });
      return { code };
    }
    // Asked to stop meanwhile, it does not wait for the answer.
    if (!seams.stop.aborted && (!isPondError(error) || error.kind === "internal")) throw error;
    if (isReadOnly(asked.input)) open.refused();
    return undefined;
  }
}
