/** What a job does right now, on one line of a terminal. */
import type { ActionReport } from "smallpond";
import { ProgressLine } from "../output/progress-line.ts";
import type { ScriptSessions } from "./sessions.ts";

const EVERY_MS = 200;

export class SessionProgress {
  readonly #line = new ProgressLine();
  readonly #timer: NodeJS.Timeout | undefined;
  #lastSeconds: number | undefined;

  constructor(sessions: ScriptSessions) {
    if (!this.#line.visible) return;
    this.#timer = setInterval(() => this.#line.show(this.#status(sessions)), EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#line.stop();
  }

  /** The action that runs and its newest stage, or nothing between actions. */
  #status(sessions: ScriptSessions): string {
    const action = sessions.reports().at(-1)?.actions.at(-1);
    // The clock of an action that is over stands still.
    const running = action !== undefined && action.seconds !== this.#lastSeconds;
    this.#lastSeconds = action?.seconds;
    return running ? statusText(action) : "";
  }
}

function statusText(action: ActionReport): string {
  const stage = action.stages.at(-1);
  const tasks = stage === undefined ? "" : ` · ${stage.name}, ${stage.tasks} tasks`;
  return `${action.name}${tasks} · ${action.seconds.toFixed(1)} s`;
}
