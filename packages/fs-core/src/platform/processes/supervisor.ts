/**
 * Keeps child processes alive: whoever dies is reported at once and started again, with pauses that grow, and so many times
 * a minute at most. None is left behind: children end when this process does, see `endWithParent`.
 */
import { assert, type Clock, formatError, PondError, Tasks } from "@smallpond/base";
import type { Logger } from "../../service/log.ts";
import { type ChildCommand, type ChildEnd, SupervisedChild } from "./supervised-child.ts";

export interface ChildDeath extends ChildEnd {
  readonly name: string;
  /** The line by which that life said that it served; nothing if it never did. */
  readonly line: string | undefined;
}

export interface SupervisorDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Told of each end that nobody asked for, as soon as it is certain. The next life does not wait for it. */
  readonly onDeath: (death: ChildDeath) => Promise<void>;
}

export interface SupervisorSettings {
  /** Before a restart: the first, and doubling up to the second for a child that keeps dying. */
  readonly backoffMsMin: number;
  readonly backoffMsMax: number;
  /** A child that served for so long begins with the first pause again. */
  readonly stableMs: number;
  /** Of one child; a further one waits. */
  readonly restartsPerMinuteMax: number;
  /** From being started to serving; then it is killed. */
  readonly readyMsMax: number;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number;
}

export const DEFAULT_SUPERVISOR_SETTINGS: SupervisorSettings = {
  backoffMsMin: 100,
  backoffMsMax: 10_000,
  stableMs: 30_000,
  restartsPerMinuteMax: 10,
  readyMsMax: 60_000,
  graceMs: 10_000,
};

export interface ChildStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly state: "starting" | "serving" | "waiting";
  readonly restarts: number;
  /** Of the life that serves. */
  readonly line: string | undefined;
}

interface Supervised {
  readonly command: ChildCommand;
  child: SupervisedChild;
  state: ChildStatus["state"];
  restarts: number;
}

const MINUTE_MS = 60_000;

export class Supervisor implements AsyncDisposable {
  readonly #deps: SupervisorDeps;
  readonly #settings: SupervisorSettings;
  /** In the order in which they were added. */
  readonly #children: Map<string, Supervised> = new Map();
  readonly #stop: AbortController = new AbortController();
  readonly #tasks: Tasks = new Tasks();
  #stopped: Promise<void> | undefined;

  constructor(deps: SupervisorDeps, settings: Partial<SupervisorSettings> = {}) {
    this.#deps = deps;
    this.#settings = { ...DEFAULT_SUPERVISOR_SETTINGS, ...settings };
  }

  /** In the order in which they were added. */
  get children(): readonly ChildStatus[] {
    return [...this.#children.values()].map(({ command, child, state, restarts }) => ({
      name: command.name,
      pid: child.pid,
      state,
      restarts,
      line: state === "serving" ? child.line : undefined,
    }));
  }

  /**
   * Starts a child, and keeps it alive from then on. Resolves with its line when it serves.
   *
   * @throws PROCESS_ENDED when its first life ends before: it is not started again, for what it was told is wrong.
   */
  async add(command: ChildCommand): Promise<string> {
    assert(!this.#children.has(command.name), `there is a child ${command.name} already`);
    this.#stop.signal.throwIfAborted();
    const child = new SupervisedChild(command);
    const supervised: Supervised = { command, child, state: "starting", restarts: 0 };
    this.#children.set(command.name, supervised);
    try {
      const line = await this.#serves(supervised);
      this.#tasks.spawn(() => this.#keepAlive(supervised));
      return line;
    } catch (error) {
      this.#children.delete(command.name);
      throw error;
    }
  }

  /** Stops all of them, the last one first, each when the one before has ended. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stopAll(): Promise<void> {
    this.#stop.abort(new PondError("CLOSED", { kind: "closed", message: "the supervisor was stopped" }));
    for (const { child } of [...this.#children.values()].reverse()) {
      await child.stop(this.#deps.clock, this.#settings.graceMs);
    }
    await this.#tasks.idle();
  }

  /** Until it serves, or its time is over. */
  async #serves(supervised: Supervised): Promise<string> {
    const { child } = supervised;
    const timer = this.#deps.clock.timer(this.#settings.readyMsMax, () => child.kill("SIGKILL"));
    try {
      const line = await child.ready;
      supervised.state = "serving";
      return line;
    } finally {
      timer.cancel();
    }
  }

  async #keepAlive(supervised: Supervised): Promise<void> {
    const { clock, log } = this.#deps;
    const { backoffMsMin, backoffMsMax, stableMs } = this.#settings;
    const { signal } = this.#stop;
    const restartsMs: number[] = [];
    let backoffMs = backoffMsMin;
    let servedMs = clock.monotonicMs();
    for (;;) {
      const end = await supervised.child.ended;
      if (signal.aborted) return;
      const { name, line } = supervised.child;
      supervised.state = "waiting";
      log.warn("child died", { child: name, code: end.code ?? -1, signal: end.signal ?? "" });
      this.#report({ name, line, ...end });
      if (clock.monotonicMs() - servedMs >= stableMs) backoffMs = backoffMsMin;
      await clock.sleep(Math.max(backoffMs, this.#boundMs(restartsMs)), { signal }).catch(() => {});
      if (signal.aborted) return;
      backoffMs = Math.min(2 * backoffMs, backoffMsMax);
      restartsMs.push(clock.monotonicMs());
      supervised.restarts += 1;
      supervised.state = "starting";
      supervised.child = new SupervisedChild(supervised.command);
      // One that ends before it serves has died like any other.
      await this.#serves(supervised).catch(() => {});
      servedMs = clock.monotonicMs();
    }
  }

  /** How long the next restart has to wait. */
  #boundMs(restartsMs: number[]): number {
    const nowMs = this.#deps.clock.monotonicMs();
    while (restartsMs.length > 0 && restartsMs[0]! <= nowMs - MINUTE_MS) restartsMs.shift();
    const { restartsPerMinuteMax } = this.#settings;
    if (restartsMs.length < restartsPerMinuteMax) return 0;
    return restartsMs[restartsMs.length - restartsPerMinuteMax]! + MINUTE_MS - nowMs;
  }

  #report(death: ChildDeath): void {
    this.#tasks.spawn(async () => {
      try {
        await this.#deps.onDeath(death);
      } catch (error) {
        this.#deps.log.warn("death not reported", { child: death.name, error: formatError(error) });
      }
    });
  }
}
