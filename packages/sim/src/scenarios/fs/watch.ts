/** Nothing that a client asks for takes longer than it may, unless the client itself was held still. */
import { PondError } from "@smallpond/base";
import type { SimWorld } from "../../world/world.ts";

interface Waiting {
  readonly client: string;
  readonly what: string;
  readonly sinceMs: number;
}

export class Watch {
  readonly #world: SimWorld;
  readonly #longestMs: number;
  readonly #waiting: Set<Waiting> = new Set();
  readonly #finished: Set<string> = new Set();
  readonly #resumedMs: Map<string, number> = new Map();

  /** `longestMs` has all that an operation may do one after another. */
  constructor(deps: { readonly world: SimWorld }, settings: { readonly longestMs: number }) {
    this.#world = deps.world;
    this.#longestMs = settings.longestMs;
  }

  /** Clients that have closed everything and do nothing more. */
  get finished(): number {
    return this.#finished.size;
  }

  begins(client: string, what: string): () => void {
    const waiting = { client, what, sinceMs: this.#world.scheduler.nowMs };
    this.#waiting.add(waiting);
    this.note(client, what);
    return () => {
      this.#waiting.delete(waiting);
      if (this.#isLate(waiting)) this.#world.fail(late(waiting, this.#world.scheduler.nowMs));
    };
  }

  /** For whoever reads the trace. */
  note(client: string, text: string): void {
    this.#world.trace.write(this.#world.scheduler.nowMs, client, text);
  }

  finishes(client: string): void {
    this.note(client, "has finished");
    this.#finished.add(client);
  }

  /** A client's process, which waited for nothing until now. */
  restarted(client: string): void {
    for (const waiting of this.#waiting) if (waiting.client === client) this.#waiting.delete(waiting);
    this.resumed(client);
  }

  /** Held still: until it is resumed nothing is asked of it. */
  paused(client: string): void {
    this.#resumedMs.set(client, Number.POSITIVE_INFINITY);
  }

  resumed(client: string): void {
    this.#resumedMs.set(client, this.#world.scheduler.nowMs);
  }

  /** Throws if somebody waits for too long now. */
  check(): void {
    for (const waiting of this.#waiting)
      if (this.#isLate(waiting)) throw late(waiting, this.#world.scheduler.nowMs);
  }

  #isLate({ client, sinceMs }: Waiting): boolean {
    const since = Math.max(sinceMs, this.#resumedMs.get(client) ?? 0);
    return this.#world.scheduler.nowMs - since > this.#longestMs;
  }
}

function late({ client, what, sinceMs }: Waiting, nowMs: number): PondError<"PAST_DEADLINE"> {
  return new PondError("PAST_DEADLINE", {
    kind: "internal",
    message: `${client} has waited for ${what} from ${sinceMs.toFixed(0)} ms to ${nowMs.toFixed(0)} ms`,
  });
}
