/**
 * One incarnation of a process, as the seams see it. Everything a seam does for its caller goes through here, so that
 * a dead incarnation stays dead: what it planned never happens, its promises never settle, its later calls hang.
 *
 * A kill takes effect between two events or at a call through a seam. Reactions that were already under way still run
 * to their next call; nobody can tell, because whatever others could see goes through a seam too.
 */
import { assert } from "@smallpond/base";
import type { SimEvent } from "../time/event-queue.ts";
import type { Scheduler } from "../time/scheduler.ts";
import type { Trace } from "./trace.ts";

/** Something that has to be closed: what is still open after an orderly stop has leaked. */
export interface OpenHandle {
  close(): void;
}

/** How a call through a seam begins: `doomed` takes effect, but its caller dies before hearing of it. */
export type Entry = "dead" | "live" | "doomed";

export interface CrashPlan {
  /** Counted from the next call: 1 is the next one. */
  readonly call: number;
  /** `before` the call has any effect, or `after` it had all of it. */
  readonly when: "before" | "after";
}

export class Lifetime {
  readonly name: string;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  readonly #deathHooks: Set<() => void> = new Set();
  readonly #handles: Map<OpenHandle, string> = new Map();
  #alive = true;
  #held: (() => void)[] | undefined;
  #callCount = 0;
  #crash: { readonly call: number; readonly when: "before" | "after" } | undefined;

  constructor(deps: { readonly scheduler: Scheduler; readonly trace: Trace }, name: string) {
    this.#scheduler = deps.scheduler;
    this.#trace = deps.trace;
    this.name = name;
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#held !== undefined;
  }

  /** What is open now, by description. */
  get openHandles(): readonly string[] {
    return [...this.#handles.values()];
  }

  note(text: string): void {
    this.#trace.write(this.#scheduler.nowMs, this.name, text);
  }

  /** Begins a call through a seam that takes effect at once. False means that the caller is dead. */
  enter(call: string): boolean {
    const entry = this.begin(call);
    if (entry === "doomed") this.die(`crashed after ${call}`);
    return entry === "live";
  }

  /** Begins a call through a seam. The seam answers `doomed` by dying once the call took effect. */
  begin(call: string): Entry {
    assert(
      this.#scheduler.inside,
      `${this.name} called ${call} outside of virtual time: it waited for a real timer, file, socket or thread`,
    );
    if (!this.#alive) return "dead";
    this.#callCount += 1;
    this.note(call);
    if (this.#crash === undefined || this.#callCount < this.#crash.call) return "live";
    const { when } = this.#crash;
    this.#crash = undefined;
    if (when === "after") return "doomed";
    this.die(`crashed before ${call}`);
    return "dead";
  }

  /** A call that takes `delayMs` and then has its effect; the promise of a dead caller never settles. */
  perform<T>(call: string, delayMs: number, effect: () => T): Promise<T> {
    const entry = this.begin(call);
    if (entry === "dead") return new Promise(() => {});
    return new Promise((resolve, reject) => {
      this.after(delayMs, () => {
        try {
          const value = effect();
          if (entry === "doomed") this.die(`crashed after ${call}`);
          else resolve(value);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Plans something that happens only while this incarnation lives, and not while it is paused. */
  after(delayMs: number, run: () => void): SimEvent {
    if (!this.#alive) return { dueMs: 0, order: 0, run, cancelled: true };
    const event = this.#scheduler.after(delayMs, () => {
      if (this.#held !== undefined) this.#held.push(() => void (event.cancelled || run()));
      else if (this.#alive) run();
    });
    return event;
  }

  /** Tells the program something now, or when it is no longer paused, or never if it is dead. */
  wake(run: () => void): void {
    if (!this.#alive) return;
    if (this.#held === undefined) run();
    else this.#held.push(run);
  }

  open(description: string): OpenHandle {
    const handle = { close: () => void this.#handles.delete(handle) };
    if (this.#alive) this.#handles.set(handle, description);
    return handle;
  }

  /** Stops the program without telling it, as a long garbage collection or a suspended machine does. */
  pause(): void {
    this.note("paused");
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.note("resumed");
    this.#held = undefined;
    for (const run of held) this.after(0, run);
  }

  /** Plans a crash at a call through a seam; a new plan replaces the old, `undefined` drops it. */
  planCrash(plan: CrashPlan | undefined): void {
    this.#crash = plan && { call: this.#callCount + plan.call, when: plan.when };
  }

  /** Runs `hook` when this incarnation dies, by a crash or because its program ended. */
  onDeath(hook: () => void): void {
    if (this.#alive) this.#deathHooks.add(hook);
    else hook();
  }

  die(reason: string): void {
    if (!this.#alive) return;
    this.note(reason);
    this.#alive = false;
    this.#held = undefined;
    this.#handles.clear();
    for (const hook of this.#deathHooks) hook();
    this.#deathHooks.clear();
  }
}
