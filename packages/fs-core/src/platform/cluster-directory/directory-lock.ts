/**
 * Keeps a directory for one process. The lock is a socket that listens under a name made of the directory's device and
 * inode: the kernel gives it to one process alone and takes it back when that process ends, however it ends, so there is
 * nothing stale to clean up and nobody's word to trust. On Linux the name is in no file system. It keeps apart processes
 * that share a network namespace; the store of metadata and the targets have safeguards of their own beside it.
 */
import { stat, unlink } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { PondError } from "@smallpond/base";
import { NodeClock } from "@smallpond/base/platform/node";

export interface DirectoryLock extends AsyncDisposable {
  release(): Promise<void>;
}

const RETRY_MS = 20;

/**
 * The directory must be there.
 *
 * @throws DIRECTORY_LOCKED while another process has it.
 */
export async function lockDirectory(
  directory: string,
  options: { readonly waitMs?: number } = {},
): Promise<DirectoryLock> {
  const name = await lockName(directory);
  const clock = new NodeClock();
  const untilMs = clock.monotonicMs() + (options.waitMs ?? 0);
  for (;;) {
    const server = await listen(name);
    if (server !== undefined) return held(server);
    if (clock.monotonicMs() >= untilMs) throw locked(directory);
    await clock.sleep(RETRY_MS);
  }
}

/** Whether some process has the directory at this moment. */
export async function isDirectoryLocked(directory: string): Promise<boolean> {
  try {
    return await answers(await lockName(directory));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

async function lockName(directory: string): Promise<string> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const name = `pond-${dev.toString(36)}-${ino.toString(36)}`;
  return process.platform === "linux" ? `\0${name}` : `${tmpdir()}/${name}.sock`;
}

function held(server: Server): DirectoryLock {
  const release = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
    });
  return { release, [Symbol.asyncDispose]: release };
}

async function listen(name: string): Promise<Server | undefined> {
  const server = await tryListen(name);
  if (server !== undefined || name.startsWith("\0") || (await answers(name))) return server;
  // A file that a killed process left.
  await unlink(name).catch(() => {});
  return await tryListen(name);
}

function tryListen(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(name, () => {
      // The lock is held for as long as there is something else to do.
      server.unref();
      resolve(server);
    });
  });
}

function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(name);
    const done = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once("connect", () => done(true)).once("error", () => done(false));
  });
}

function locked(directory: string): PondError<"DIRECTORY_LOCKED"> {
  return new PondError("DIRECTORY_LOCKED", {
    kind: "unavailable",
    message: `another process works in ${directory}`,
    details: { directory },
    hint: "wait until it has ended, or choose another directory",
  });
}
