/**
 * The directory of a cluster on one machine:
 *
 *   cluster.json    who it is and what it is made of; only its owner may read it
 *   running.json    while it runs: the process, and where it is reached
 *   logs/           a file for each service
 *   mind/           the store of metadata
 *   storage-N/      a storage node: target-T, one directory for each of its targets
 */
import { mkdir, readdir, realpath } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { isPondError, PondError } from "@smallpond/base";
import { NodeRandom } from "@smallpond/base/platform/node";
import { checkShape } from "../../cluster/bootstrap/shape.ts";
import { type ClusterFile, formatClusterFile, parseClusterFile, shapeOf } from "./cluster-file.ts";
import { type DirectoryLock, lockDirectory } from "./directory-lock.ts";
import { type ClusterChoices, DEFAULT_PORT, differenceOf, newCluster, withPort } from "./new-cluster.ts";
import { readTextFile, writePrivateFile } from "./private-file.ts";

export interface OpenedDirectory extends AsyncDisposable {
  readonly path: string;
  readonly file: ClusterFile;
  /** Whether the cluster was made just now. */
  readonly isNew: boolean;
  /**
   * A port was free when it was chosen, and is not any more: the cluster behind another one. Undefined where it was not
   * chosen here just now: somebody may count on it.
   */
  movePort(taken: number): Promise<ClusterFile | undefined>;
  release(): Promise<void>;
}

/** Takes the directory for this process, and makes a cluster in it where there is none yet. */
export async function openClusterDirectory(
  directory: string,
  choices: ClusterChoices = {},
): Promise<OpenedDirectory> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = await realpath(directory);
  const lock = await lockFor(path);
  try {
    const { file, isNew } = await fileIn(path, choices);
    await mkdir(join(path, "logs"), { recursive: true });
    const release = (): Promise<void> => lock.release();
    let now = file;
    const movePort = async (taken: number): Promise<ClusterFile | undefined> => {
      const moved = isNew ? await movedFrom(now, taken, choices) : undefined;
      if (moved === undefined) return undefined;
      await writePrivateFile(join(path, "cluster.json"), formatClusterFile(moved));
      now = moved;
      return moved;
    };
    return { path, file, isNew, movePort, release, [Symbol.asyncDispose]: release };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * The cluster of a directory, whether it runs or not.
 *
 * @throws NO_SUCH_CLUSTER
 */
export async function readClusterFile(directory: string): Promise<ClusterFile> {
  const path = join(resolve(directory), "cluster.json");
  const text = await readTextFile(path);
  if (text === undefined) throw noSuchCluster(directory);
  return parseClusterFile(text, path);
}

/** Names in the directory of a cluster that is no cluster yet. */
const HARMLESS: ReadonlySet<string> = new Set(["logs", "lost+found", ".DS_Store"]);

async function fileIn(
  path: string,
  choices: ClusterChoices,
): Promise<{ readonly file: ClusterFile; readonly isNew: boolean }> {
  const where = join(path, "cluster.json");
  const text = await readTextFile(where);
  if (text !== undefined) {
    const file = parseClusterFile(text, where);
    const difference = differenceOf(file, choices);
    if (difference !== undefined) throw differs(path, difference);
    const { port } = choices;
    if (port === undefined || port === file.minds[0]?.port) return { file, isNew: false };
    const moved = withPort(file, await freePort(port));
    await writePrivateFile(where, formatClusterFile(moved));
    return { file: moved, isNew: false };
  }
  const [found] = (await readdir(path)).filter((name) => !HARMLESS.has(name) && !name.endsWith(".new"));
  if (found !== undefined) throw notEmpty(path, found);
  const file = await newCluster({ random: new NodeRandom(), freePort }, choices);
  checkShape(shapeOf(file));
  await writePrivateFile(where, formatClusterFile(file));
  return { file, isNew: true };
}

/** The last mind of that port gets another: two may have been given one. */
async function movedFrom(
  file: ClusterFile,
  taken: number,
  { port: wanted }: ClusterChoices,
): Promise<ClusterFile | undefined> {
  const index = file.minds.findLastIndex(
    ({ port }, at) => port === taken && (at > 0 || wanted === undefined || wanted === 0),
  );
  return index < 0 ? undefined : withPort(file, (await tryPort(0))!, index);
}

/**
 * One that is free at this moment: it is let go again, for the service to listen on, and may be another's by then.
 *
 * @throws PORT_TAKEN when that very one is wanted.
 */
async function freePort(wanted: number | undefined): Promise<number> {
  const port = await tryPort(wanted ?? DEFAULT_PORT);
  if (port !== undefined) return port;
  if (wanted !== undefined) throw portTaken(wanted);
  return (await tryPort(0))!;
}

function tryPort(wanted: number): Promise<number | undefined> {
  return new Promise((settle, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") settle(undefined);
      else reject(error);
    });
    server.listen(wanted, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : wanted;
      server.close(() => settle(port));
    });
  });
}

async function lockFor(path: string): Promise<DirectoryLock> {
  try {
    return await lockDirectory(path);
  } catch (error) {
    if (!isPondError(error, "DIRECTORY_LOCKED")) throw error;
    throw new PondError("CLUSTER_RUNS", {
      kind: "conflict",
      message: `the cluster in ${path} is running already`,
      details: { directory: path },
      hint: `pond cluster status --dir ${path} says where; pond cluster down --dir ${path} stops it`,
    });
  }
}

export function portTaken(port: number): PondError<"PORT_TAKEN"> {
  return new PondError("PORT_TAKEN", {
    kind: "unavailable",
    message: `port ${port} of 127.0.0.1 is taken by another program`,
    details: { port },
    hint: "choose another one with --port, or stop the program that listens there",
  });
}

export function noSuchCluster(directory: string): PondError<"NO_SUCH_CLUSTER"> {
  return new PondError("NO_SUCH_CLUSTER", {
    kind: "invalid",
    message: `there is no cluster in ${directory}`,
    details: { directory },
    hint: `pond cluster up --dir ${directory} makes one`,
  });
}

function differs(path: string, difference: string): PondError<"CLUSTER_DIFFERS"> {
  return new PondError("CLUSTER_DIFFERS", {
    kind: "invalid",
    message: `the cluster in ${path} is there already, and ${difference}`,
    hint: "leave that option out to start it as it is, or choose another --dir",
  });
}

function notEmpty(path: string, found: string): PondError<"DIRECTORY_NOT_EMPTY"> {
  return new PondError("DIRECTORY_NOT_EMPTY", {
    kind: "invalid",
    message: `${path} has no cluster.json and is not empty: there is ${found}`,
    details: { path, found },
    hint: "choose an empty directory, or put the cluster.json back that belongs to this one",
  });
}
