/** A cluster in this process, until a signal ends it. */
import { errorToJson, formatError } from "@smallpond/base";
import { rememberCluster, serveCluster } from "@smallpond/fs-core/platform";
import type { UpFlags } from "../commands/cluster/up.ts";
import { EXIT_FAILURE, EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { choicesOf } from "./choices.ts";
import type { ClusterMessage } from "./messages.ts";
import { progressLine } from "./progress.ts";

/** `tell` is called with the URL once it serves. */
export async function runHere(directory: string, flags: UpFlags, tell: (url: string) => void): Promise<void> {
  const stop = new AbortController();
  let interrupted = false;
  const leave = (signal: NodeJS.Signals): void => {
    // A second Ctrl-C does not wait.
    if (stop.signal.aborted && signal === "SIGINT") process.exit(EXIT_INTERRUPTED);
    interrupted ||= signal === "SIGINT";
    stop.abort(new Error(`ended by ${signal}`));
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, leave);
  try {
    await serve(directory, flags, { tell, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) {
      if (!sendUp({ kind: "failed", error: errorToJson(error) })) throw error;
      console.error(formatError(error));
      process.exitCode = EXIT_FAILURE;
    }
  }
  if (interrupted) process.exitCode = EXIT_INTERRUPTED;
  // Nothing is left to do, and a watcher somewhere must not keep the process.
  process.exit();
}

async function serve(
  directory: string,
  flags: UpFlags,
  { tell, signal }: { readonly tell: (url: string) => void; readonly signal: AbortSignal },
): Promise<void> {
  const onProgress = (text: string): void => {
    if (!sendUp({ kind: "progress", text })) progressLine(text);
  };
  await using cluster = await serveCluster(
    { directory, choices: choicesOf(flags), processes: flags.processes ?? false },
    { onProgress, signal, ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout * 1000 }) },
  );
  const { url, file } = cluster;
  const profile = { clusterId: file.clusterId, token: file.rootToken };
  await rememberCluster(Object.fromEntries(file.minds.map(({ port }) => [`127.0.0.1:${port}`, profile])));
  if (!sendUp({ kind: "serves", url })) tell(url);
  await Promise.race([ended(signal), cluster.failure]);
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** To the command that started this process, if it is one that runs in the background. */
function sendUp(message: ClusterMessage): boolean {
  if (process.send === undefined || !process.connected) return process.send !== undefined;
  process.send(message, undefined, undefined, () => {});
  return true;
}
