/** The sessions that a script opens, so that they end with it and their reports can be shown. */
import { type CloseOptions, type Session, type SessionReport, watchSessions } from "smallpond";
import { showSession } from "./progress.ts";

export class ScriptSessions {
  readonly #seen: Session[] = [];

  constructor() {
    watchSessions((session) => {
      this.#seen.push(session);
      showSession(session);
    });
  }

  get all(): readonly Session[] {
    return this.#seen;
  }

  reports(): readonly SessionReport[] {
    return this.#seen.map((session) => session.report());
  }

  /** Ends what the script left open or was interrupted in; sessions that are closed stay so. */
  async close(options: CloseOptions = {}): Promise<void> {
    const open = this.#seen.filter((session) => !session.closed);
    // An error that leaves the block of `await using` closes the session before anybody hears of the error.
    const ended = options.as === "failed" ? [...open, ...this.#seen.slice(-1)] : open;
    await Promise.allSettled(ended.map((session) => session.close(options)));
    await Promise.allSettled(this.#seen.map((session) => session.close()));
  }
}
