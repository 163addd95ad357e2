/** Runs one of the system's commands about mounts. */
import { spawn } from "node:child_process";

export interface CommandOutcome {
  /** 0 when it went well; undefined when there is no such command. */
  readonly status: number | undefined;
  readonly stderr: string;
}

/** Standard error is kept up to here. */
const STDERR_MAX = 4_000;

/** `descriptors` become 3, 4, … of the command. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly descriptors?: readonly number[];
    readonly variables?: Readonly<Record<string, string>>;
  } = {},
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "ignore", "pipe", ...(options.descriptors ?? [])],
      // What it says is looked at.
      env: { ...process.env, LC_ALL: "C", ...options.variables },
    });
    let stderr = "";
    child.stderr?.on("data", (bytes: Buffer) => {
      stderr = (stderr + bytes.toString()).slice(-STDERR_MAX);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") resolve({ status: undefined, stderr: "" });
      else reject(error);
    });
    child.on("close", (code) => resolve({ status: code ?? 1, stderr: stderr.trim() }));
  });
}
