/**
 * Tunables drawn anew for each run. A knob keeps its default in most runs, so that rare settings meet ordinary
 * neighbours; otherwise it is drawn from its range, often from the range's ends.
 */
import { assert, type Random } from "@smallpond/base";

export interface Knob {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Rounded to whole numbers unless `fraction`. */
  readonly fraction?: boolean;
}

export type KnobTable = Readonly<Record<string, Knob>>;
export type KnobValues<T extends KnobTable> = { readonly [Name in keyof T]: number };

const KEEP_DEFAULT = 0.6;
const TAKE_END = 0.15;

/** One value per knob. Each is drawn by its own name: adding a knob does not change the others. */
export function drawKnobs<const T extends KnobTable>(random: Random, table: T): KnobValues<T> {
  const values = Object.entries(table).map(([name, knob]) => [name, draw(random.fork(name), knob, name)]);
  return Object.freeze(Object.fromEntries(values)) as KnobValues<T>;
}

function draw(random: Random, knob: Knob, name: string): number {
  assert(knob.min <= knob.default && knob.default <= knob.max, `the default of ${name} is out of its range`);
  if (random.next() < KEEP_DEFAULT) return knob.default;
  if (random.next() < TAKE_END) return random.next() < 0.5 ? knob.min : knob.max;
  const value = knob.min + random.next() * (knob.max - knob.min);
  return knob.fraction === true ? value : Math.round(value);
}
