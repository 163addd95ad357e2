/** The replicated state: registers, and the last answer to every session. A pure function of the log. */
import type { LogRecord, Update } from "./messages.ts";

/** The latest update of a session, and what it was answered. */
export interface Answered {
  readonly sequence: number;
  readonly value: string;
}

export interface RegistersOptions {
  /** Whether an answer is remembered for the session's retries. */
  readonly remembers: (record: LogRecord) => boolean;
}

export class Registers {
  readonly #values: Map<string, string> = new Map();
  readonly #sessions: Map<string, Answered> = new Map();
  readonly #options: RegistersOptions;

  constructor(options: RegistersOptions) {
    this.#options = options;
  }

  read(key: string): string {
    return this.#values.get(key) ?? "";
  }

  answeredOf(session: string): Answered | undefined {
    return this.#sessions.get(session);
  }

  /**
   * Applies the next record of the log; returns whether it took effect now. A record that repeats an update which
   * took effect already, or is older than the session's latest, changes nothing: every replica decides so by itself.
   */
  apply(record: LogRecord): boolean {
    if (record.update.kind === "noop") return true;
    const answered = this.#sessions.get(record.session);
    if (answered !== undefined && record.sequence <= answered.sequence) return false;
    const value = this.#change(record.update);
    if (this.#options.remembers(record))
      this.#sessions.set(record.session, { sequence: record.sequence, value });
    return true;
  }

  #change(update: Exclude<Update, { kind: "noop" }>): string {
    if (update.kind === "cas" && this.read(update.key) !== update.expected) return "no";
    this.#values.set(update.key, update.value);
    return "yes";
  }
}
