/** One run of a script: its outcome, its sessions, Ctrl-C, and what is printed at the end. */
import { formatError, isPondError } from "@smallpond/base";
import type { SessionReport } from "smallpond";
import { errorText } from "../output/error-text.ts";
import { jsonText } from "../output/json-text.ts";
import { onReaderGone } from "../output/write-out.ts";
import { execute } from "./execute.ts";
import { failureReport } from "./failure-report.ts";
import { ScriptSessions } from "./sessions.ts";
import { userLocation } from "./user-location.ts";

export interface RunOptions {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** What `--json` prints. */
export interface RunSummary {
  readonly script: string;
  readonly outcome: "done" | "failed" | "interrupted";
  readonly exitCode: number;
  readonly seconds: number;
  readonly error?: RunFailure;
  /** Of the last session; null when the script opened none. */
  readonly report: SessionReport | null;
  /** Of all sessions, when there were several. */
  readonly reports?: readonly SessionReport[];
}

export interface RunFailure {
  readonly code: string | null;
  readonly message: string;
  readonly hint: string | null;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
/** How long closing may take after Ctrl-C; executors die with this process in any case. */
const CLOSE_MS_MAX = 5_000;

export class Job {
  readonly #script: string;
  readonly #options: RunOptions;
  readonly #sessions = new ScriptSessions();
  readonly #startMs = performance.now();
  #failure: { readonly error: unknown } | undefined;
  #interrupted = false;

  constructor(script: string, options: RunOptions) {
    this.#script = script;
    this.#options = options;
  }

  async run(args: readonly string[]): Promise<void> {
    const print = this.#options.json ? takeStdout() : undefined;
    onReaderGone(() => this.#sessions.close());
    process.on("uncaughtException", (error) => this.#uncaught(error));
    for (const signal of Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]) {
      process.on(signal, () => void this.#interrupt(signal));
    }
    // Sessions left open keep nothing alive and are closed when there is nothing else to do.
    process.once("beforeExit", () => void this.#sessions.close());
    process.on("exit", (code) => {
      print?.(`${jsonText(this.#summary(code))}\n`);
    });
    try {
      await execute(this.#script, args);
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #fail(error: unknown): Promise<void> {
    // Closing a session fails what ran in it; that is no news.
    if (this.#interrupted) return;
    this.#failure = { error };
    console.error(failureText(error, this.#options));
    process.exitCode = 1;
    await this.#sessions.close({ as: "failed" });
    for (const line of failureReport(this.#sessions.all)) console.error(line);
    process.exit();
  }

  #uncaught(error: unknown): void {
    // A script that has its own handler wants to go on.
    if (process.listenerCount("uncaughtException") > 1) return;
    void this.#fail(error);
  }

  async #interrupt(signal: keyof typeof SIGNALS): Promise<void> {
    // A script that handles the signal itself decides what it means.
    if (process.listenerCount(signal) > 1) return;
    const code = SIGNALS[signal];
    if (this.#interrupted) process.exit(code);
    this.#interrupted = true;
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_MS_MAX));
    await Promise.race([this.#sessions.close({ as: "interrupted" }), late]);
    process.exit(code);
  }

  #summary(exitCode: number): RunSummary {
    const reports = this.#sessions.reports();
    const failure = this.#failure?.error;
    return {
      script: this.#script,
      outcome: this.#interrupted ? "interrupted" : exitCode === 0 ? "done" : "failed",
      exitCode,
      seconds: Math.round(performance.now() - this.#startMs) / 1000,
      ...(failure === undefined ? {} : { error: errorSummary(failure) }),
      report: reports.at(-1) ?? null,
      ...(reports.length > 1 ? { reports } : {}),
    };
  }
}

function errorSummary(error: unknown): RunFailure {
  if (isPondError(error)) return { code: error.code, message: error.message, hint: error.hint ?? null };
  return { code: null, message: formatError(error), hint: null };
}

/** An error of ours names the place already; any other gets the line of the script that it comes from. */
function failureText(error: unknown, options: RunOptions): string {
  const text = errorText(error, options);
  const location = isPondError(error) ? undefined : userLocation(error);
  return options.verbose || location === undefined ? text : `${text}\n  at: ${location}`;
}

/** Keeps standard output for the summary: what the script prints goes to standard error. */
function takeStdout(): (text: string) => void {
  const write = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  return write;
}
