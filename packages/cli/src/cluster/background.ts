/** Starts a process that stays when this one ends, and waits until the cluster in it serves. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { errorFromJson, PondError } from "@smallpond/base";
import type { UpFlags } from "../commands/cluster/up.ts";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import type { ClusterMessage } from "./messages.ts";

/** What a call needs lives until it is on the disk: a small nursery would move it twice. */
const NODE_ARGUMENTS = ["--max-semi-space-size=64"];

/** The URL; undefined when the user interrupted it. */
export async function startInBackground(
  directory: string,
  flags: UpFlags,
  onProgress: (text: string) => void,
): Promise<string | undefined> {
  mkdirSync(join(directory, "logs"), { recursive: true, mode: 0o700 });
  const outputPath = join(directory, "logs", "process.log");
  const output = openSync(outputPath, "a", 0o600);
  const args = [...process.execArgv, ...NODE_ARGUMENTS, process.argv[1]!, ...argumentsOf(directory, flags)];
  const child = spawn(process.execPath, args, {
    detached: true,
    cwd: directory,
    stdio: ["ignore", output, output, "ipc"],
  });
  let interrupted = false;
  const onInterrupt = (): void => {
    interrupted = true;
    child.kill("SIGTERM");
  };
  process.on("SIGINT", onInterrupt);
  try {
    return await served(child, { onProgress, outputPath });
  } catch (error) {
    if (!interrupted) throw error;
    process.exitCode = EXIT_INTERRUPTED;
    return undefined;
  } finally {
    process.off("SIGINT", onInterrupt);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function served(
  child: ChildProcess,
  { onProgress, outputPath }: { readonly onProgress: (text: string) => void; readonly outputPath: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.on("message", (raw) => {
      const message = raw as ClusterMessage;
      if (message.kind === "progress") onProgress(message.text);
      else if (message.kind === "serves") resolve(message.url);
      else reject(errorFromJson(message.error));
    });
    child.once("exit", (code, signal) => {
      reject(
        new PondError("CLUSTER_ENDED", {
          kind: "unavailable",
          message: `the cluster ended before it served (${signal ?? code})`,
          hint: `look into ${outputPath}, and what is beside it`,
        }),
      );
    });
  });
}

function argumentsOf(directory: string, flags: UpFlags): string[] {
  const { storage, replicas, port, targets, durability, timeout, processes } = flags;
  const valued = Object.entries({ storage, replicas, port, targets, durability, timeout });
  return [
    ...["cluster", "up", "--foreground", "--dir", directory],
    ...valued.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)])),
    ...(processes === true ? ["--processes"] : []),
  ];
}
