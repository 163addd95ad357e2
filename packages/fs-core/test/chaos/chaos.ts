/** Writers and readers on a cluster of processes that are killed and stopped meanwhile, and what must be there afterwards. */
import { formatError, SeededRandom } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";
import { checkOverRpc, type FileSystem, waitUntilUp } from "@smallpond/fs-core";
import { connect, type ServedCluster, shapeOf } from "@smallpond/fs-core/platform";
import { strike } from "./blows.ts";
import type { FileModel } from "./file-model.ts";
import { Tally } from "./tally.ts";
import { watch } from "./watcher.ts";
import { Writer } from "./writer.ts";

export interface ChaosSettings {
  readonly seed: number;
  readonly ms: number;
  /** Connections of their own; each has two writers, and a reader of what the others write. */
  readonly clients: number;
  /** None: the load alone. */
  readonly blows: boolean;
}

/** For one chunk's I/O and one question to metadata with all of their tries. */
const TIMEOUT_MS = 20_000;
/** An operation is a few of those at most, one after another. */
const LIMIT_MS = 3 * TIMEOUT_MS;
const WHOLE_MS = 60_000;

export async function chaos(cluster: ServedCluster, settings: ChaosSettings): Promise<Tally> {
  const random = new SeededRandom(settings.seed);
  const tally = new Tally(LIMIT_MS);
  const files = new Map<string, FileModel>();
  const clients = await Promise.all(Array.from({ length: settings.clients }, () => connectTo(cluster)));
  try {
    await clients[0]!.mkdir("/chaos", { recursive: true });
    const untilMs = performance.now() + settings.ms;
    const isOver = (): boolean => performance.now() >= untilMs || tally.complaints.length > 0;
    let id = 0;
    const newFileId = (): number => ++id;
    const writers = clients.flatMap((fs, client) =>
      [0, 1].map((at) => {
        const name = `w${client}${at}`;
        return new Writer({ fs, random: random.fork(name), tally, files, newFileId }, name);
      }),
    );
    const work = [
      ...writers.map((writer) => writer.run(isOver)),
      ...clients.map((fs, at) => watch({ fs, random: random.fork(`r${at}`), tally, files }, isOver)),
      ...(settings.blows ? [strike({ cluster, random: random.fork("blows"), tally }, isOver)] : []),
    ];
    await Promise.all(work);
    await becomeWhole(cluster, tally);
    for (const writer of writers) await writer.finish();
    await checkFiles(clients[0]!, files, tally);
  } finally {
    for (const fs of clients)
      await fs.close().catch((error: unknown) => tally.failed("close of a client", error));
  }
  await checkMetadata(cluster, tally);
  // Once more: the routing that was looked at first may have been from before the last blow.
  await becomeWhole(cluster, tally);
  return tally;
}

export function connectTo(cluster: ServedCluster): Promise<FileSystem> {
  return connect(cluster.url, {
    token: cluster.file.rootToken,
    connectMs: 30_000,
    chunks: { timeoutMs: TIMEOUT_MS },
    meta: { timeoutMs: TIMEOUT_MS },
  });
}

/** All chains have all their replicas again. */
export async function becomeWhole(cluster: ServedCluster, tally: Tally): Promise<void> {
  const { mgmtd } = cluster.connection;
  const shape = shapeOf(cluster.file);
  try {
    await tally.time("all chains whole again", () =>
      waitUntilUp({ mgmtd, clock: new NodeClock() }, shape, { strength: "whole", timeoutMs: WHOLE_MS }),
    );
  } catch (error) {
    tally.complain(formatError(error));
  }
}

/** From front to back, by a client that wrote only some of them. */
export async function checkFiles(
  fs: FileSystem,
  files: ReadonlyMap<string, FileModel>,
  tally: Tally,
): Promise<void> {
  for (const model of files.values()) {
    if (model.isRemoving) continue;
    let bytes: Uint8Array;
    try {
      if (model.isBroken && model.ackedLength === 0 && !(await fs.exists(model.path))) continue;
      bytes = await tally.time("read whole", () => fs.readFile(model.path));
    } catch (error) {
      tally.complain(`${model.path} cannot be read: ${formatError(error)}`);
      continue;
    }
    tally.bytesRead += bytes.length;
    if (!model.isLength(bytes.length)) {
      tally.complain(
        `${model.path} has ${bytes.length} bytes, not ${model.length}${model.isBroken ? " (broken)" : ""}`,
      );
    }
    const wrong = model.wrongIn(bytes, 0);
    if (wrong !== undefined) tally.complain(`at the end: ${wrong}`);
  }
}

export async function checkMetadata({ connection }: ServedCluster, tally: Tally): Promise<void> {
  for await (const event of checkOverRpc(connection.meta)) {
    if (event.kind === "findings")
      for (const finding of event.findings) tally.complain(`fsck: ${JSON.stringify(finding, asText)}`);
  }
}

function asText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? `${value}` : value;
}
