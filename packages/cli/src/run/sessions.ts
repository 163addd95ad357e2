/** The sessions that a script opens, so that they end with it and their reports can be shown. */
import { type Session, type SessionReport, watchSessions } from "smallpond";

export class ScriptSessions {
  readonly #seen: Session[] = [];

  constructor() {
    watchSessions((session) => this.#seen.push(session));
  }

  get all(): readonly Session[] {
    return this.#seen;
  }

  reports(): readonly SessionReport[] {
    return this.#seen.map((session) => session.report());
  }

  /** Ends what the script left open or was interrupted in; sessions that are closed stay so. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#seen.map((session) => session.close()));
  }
}
