/** Scripts of tests in processes of their own, from source. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export interface ChildOptions {
  /** Commands that run the rest, such as `setpriv`. */
  readonly before?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Child {
  readonly process: ChildProcess;
  /** The first line it prints. */
  readonly line: Promise<string>;
  readonly ended: Promise<Ended>;
}

const TSX = createRequire(import.meta.url).resolve("tsx");

/** Starts a script beside the caller: `startChild(new URL("./script.ts", import.meta.url), …)`. */
export function startChild(script: URL, args: readonly string[] = [], options: ChildOptions = {}): Child {
  const node = ["--expose-gc", "--no-warnings", "-C", "@smallpond/source", "--import", TSX];
  const words = [...(options.before ?? []), process.execPath, ...node, fileURLToPath(script), ...args];
  const child = spawn(words[0]!, words.slice(1), {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "", ...options.variables },
  });
  let stdout = "";
  let stderr = "";
  let onLine = (_: string): void => {};
  const line = new Promise<string>((resolve) => {
    onLine = resolve;
  });
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
    if (stdout.includes("\n")) onLine(stdout.slice(0, stdout.indexOf("\n")));
  });
  child.stderr.on("data", (bytes: Buffer) => {
    stderr += bytes.toString();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => {
      // Nobody waits for ever for a line that does not come.
      onLine(`(ended: ${code ?? signal}) ${stderr}`);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { process: child, line, ended };
}
