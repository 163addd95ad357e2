/** Runs a command's work with connections to the clusters it names, and ends them; Ctrl-C aborts the work first. */
import { setMaxListeners } from "node:events";
import type { FileSystem } from "@smallpond/fs-core";
import { connect } from "@smallpond/fs-core/platform";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";

export interface Clusters {
  /** The connection, made when it is first asked for. */
  of(cluster: string): Promise<FileSystem>;
  readonly signal: AbortSignal;
}

export async function withClusters(work: (clusters: Clusters) => Promise<void>): Promise<void> {
  const open = new Map<string, Promise<FileSystem>>();
  const stop = new AbortController();
  // All that is under way listens.
  setMaxListeners(0, stop.signal);
  const onInterrupt = (): void => {
    process.exitCode = EXIT_INTERRUPTED;
    stop.abort(new Error("interrupted"));
  };
  process.once("SIGINT", onInterrupt);
  const of = (cluster: string): Promise<FileSystem> => {
    const known = open.get(cluster);
    if (known !== undefined) return known;
    const connecting = connectTo(cluster);
    open.set(cluster, connecting);
    return connecting;
  };
  try {
    await work({ of, signal: stop.signal });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    console.error("interrupted");
  } finally {
    process.off("SIGINT", onInterrupt);
    for (const connecting of open.values()) await (await connecting.catch(() => undefined))?.close();
  }
}

async function connectTo(cluster: string): Promise<FileSystem> {
  return await connect(`3fs://${cluster}`);
}
