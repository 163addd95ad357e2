/** Marks counted and unlikely things decided, for one run. */
import type { Probes, Random } from "@smallpond/base";

/** Share of runs in which a `buggify` point is on at all: if all were always on, they would hide one another. */
const ENABLED_SHARE = 0.25;
const DEFAULT_PROBABILITY = 0.1;

export class WorldProbes implements Probes {
  readonly #random: Random;
  readonly #note: (text: string) => void;
  readonly #marks: Map<string, number> = new Map();
  readonly #points: Map<string, Random | undefined> = new Map();
  #healed = false;

  constructor(deps: { readonly random: Random; readonly note: (text: string) => void }) {
    this.#random = deps.random;
    this.#note = deps.note;
  }

  /** How often each mark was reached; a `buggify` point that was true counts as the mark `buggify:name`. */
  get marks(): ReadonlyMap<string, number> {
    return this.#marks;
  }

  mark(name: string): void {
    this.#note(`reached: ${name}`);
    this.#marks.set(name, (this.#marks.get(name) ?? 0) + 1);
  }

  buggify(name: string, probability: number = DEFAULT_PROBABILITY): boolean {
    if (!this.#points.has(name)) this.#points.set(name, this.#newPoint(name));
    const point = this.#points.get(name);
    if (this.#healed || point === undefined || point.next() >= probability) return false;
    this.mark(`buggify:${name}`);
    return true;
  }

  /** Nothing unlikely is asked for any more: what was broken now has to recover. */
  heal(): void {
    this.#healed = true;
  }

  #newPoint(name: string): Random | undefined {
    const random = this.#random.fork(name);
    return random.next() < ENABLED_SHARE ? random : undefined;
  }
}
