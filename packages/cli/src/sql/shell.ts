/** `pond sql` at a terminal: queries until `;`, dot commands, Ctrl-C for what runs. */
import { readFile, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Session } from "smallpond";
import { errorText, isVerbose } from "../output/error-text.ts";
import { EXIT_INTERRUPTED } from "../output/exit-codes.ts";
import { dotCommand } from "./dot-commands.ts";
import type { SqlOptions } from "./options.ts";
import { printTable } from "./print-table.ts";
import { withoutEnd } from "./query-text.ts";
import { sqlError } from "./sql-error.ts";
import { isComplete } from "./statement-end.ts";

const PROMPT = "pond> ";
const CONTINUED = "  ... ";
const HISTORY_MAX = 1_000;
const HISTORY_FILE = join(homedir(), ".smallpond", "sql-history");

/** Resolves when the user leaves. */
export async function shell(session: Session, options: SqlOptions): Promise<void> {
  const lines = createInterface({
    input: process.stdin,
    output: process.stdout,
    prompt: PROMPT,
    history: await readHistory(),
    historySize: HISTORY_MAX,
    removeHistoryDuplicates: true,
  });
  console.log("Files are tables: FROM 'flights.parquet';  .help says more, .quit leaves.");
  try {
    await new Shell(session, lines, options).run();
  } finally {
    lines.close();
  }
}

class Shell {
  readonly #session: Session;
  readonly #lines: Interface;
  readonly #options: SqlOptions;
  readonly #waiting: string[] = [];
  #pending = "";
  #running: AbortController | undefined;
  #working = false;
  #warned = false;
  #leave: () => void = () => {};

  constructor(session: Session, lines: Interface, options: SqlOptions) {
    this.#session = session;
    this.#lines = lines;
    this.#options = options;
  }

  async run(): Promise<void> {
    let history: readonly string[] = [];
    const left = new Promise<void>((resolve) => {
      this.#leave = resolve;
    });
    this.#lines.on("history", (entries: string[]) => {
      history = [...entries];
    });
    this.#lines.on("line", (line) => {
      this.#waiting.push(line);
      void this.#work();
    });
    this.#lines.on("SIGINT", () => this.#onInterrupt());
    this.#lines.on("close", () => this.#leave());
    this.#lines.prompt();
    await left;
    this.#running?.abort(new Error("left"));
    if (history.length > 0) await writeFile(HISTORY_FILE, history.join("\n")).catch(() => {});
  }

  /** Lines come while a query runs, too; they wait for their turn. */
  async #work(): Promise<void> {
    if (this.#working) return;
    this.#working = true;
    for (let line = this.#waiting.shift(); line !== undefined; line = this.#waiting.shift()) {
      this.#warned = false;
      await this.#take(line);
    }
    this.#working = false;
    this.#lines.setPrompt(this.#pending === "" ? PROMPT : CONTINUED);
    this.#lines.prompt();
  }

  async #take(line: string): Promise<void> {
    if (this.#pending === "" && line.trim() === "") return;
    if (this.#pending === "" && line.trim().startsWith(".")) {
      await this.#guarded((signal) => dotCommand(this.#session, line.trim(), { signal, leave: this.#leave }));
      return;
    }
    this.#pending += this.#pending === "" ? line : `\n${line}`;
    if (!isComplete(this.#pending)) return;
    const query = withoutEnd(this.#pending);
    this.#pending = "";
    if (query === "") return;
    const all = this.#options.all ?? false;
    await this.#guarded((signal) => printTable(this.#session, this.#session.sql(query), { all, signal }));
  }

  async #guarded(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    try {
      await work(running.signal);
    } catch (error) {
      const text = errorText(sqlError(error), { verbose: isVerbose(this.#options) });
      console.error(running.signal.aborted ? "cancelled" : text);
    } finally {
      this.#running = undefined;
    }
  }

  /** Cancels what runs, or drops what is typed; with neither, a second one leaves. */
  #onInterrupt(): void {
    if (this.#running !== undefined && !this.#running.signal.aborted) {
      this.#waiting.length = 0;
      this.#running.abort(new Error("cancelled"));
      return;
    }
    if (this.#warned) {
      process.exitCode = EXIT_INTERRUPTED;
      this.#leave();
      return;
    }
    this.#pending = "";
    this.#warned = true;
    process.stdout.write("\n(Ctrl-C again or .quit leaves)\n");
    this.#lines.setPrompt(PROMPT);
    // Typed text is dropped, too.
    this.#lines.write(null, { ctrl: true, name: "e" });
    this.#lines.write(null, { ctrl: true, name: "u" });
    this.#lines.prompt();
  }
}

async function readHistory(): Promise<string[]> {
  const text = await readFile(HISTORY_FILE, "utf8").catch(() => "");
  return text.split("\n").filter((line) => line !== "");
}
